//! Text to the tokens of a BERT vocabulary, as uncased BERT reads it (Devlin et al. 2019; Wu et al. 2016).
//!
//! Control characters are dropped, letters lose their case and accents, and the text falls into words at spaces, around
//! punctuation and around Chinese characters. A word becomes the longest token that begins it, then the longest that
//! goes on, and so on. A word that cannot be had from tokens, or of over 100 characters, is unknown: it is passed over.

use rustc_hash::FxHashMap;
use unicode_normalization::char::decompose_canonical;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Characters of the longest word that is looked up.
const LONGEST_WORD: usize = 100;

/// The tokens of a vocabulary, numbered in its order.
pub(super) struct Vocabulary {
    /// Tokens at the beginning of a word.
    starts: FxHashMap<&'static str, u32>,
    /// Tokens further on in a word, without their `##`.
    continuations: FxHashMap<&'static str, u32>,
    /// Bytes of the longest token.
    longest: usize,
}

impl Vocabulary {
    /// A vocabulary of one token a line.
    pub(super) fn new(lines: &'static str) -> Self {
        let mut vocabulary =
            Self { starts: FxHashMap::default(), continuations: FxHashMap::default(), longest: 0 };
        for (number, line) in (0..).zip(lines.lines()) {
            let continuation = line.strip_prefix("##").filter(|rest| !rest.is_empty());
            let token = continuation.unwrap_or(line);
            vocabulary.longest = vocabulary.longest.max(token.len());
            let tokens = match continuation {
                Some(_) => &mut vocabulary.continuations,
                None => &mut vocabulary.starts,
            };
            tokens.insert(token, number);
        }
        vocabulary
    }

    /// Calls `each` with the tokens of `text`, from first to last.
    pub(super) fn for_each_token(&self, text: &str, mut each: impl FnMut(u32)) {
        let mut tokens = Vec::new();
        for_each_word(text, |word| {
            tokens.clear();
            if self.split(word, &mut tokens).is_some() {
                tokens.iter().for_each(|&token| each(token));
            }
        });
    }

    /// Appends the tokens of `word`. `None` where the word is unknown.
    fn split(&self, word: &str, tokens: &mut Vec<u32>) -> Option<()> {
        if word.len() > LONGEST_WORD && word.chars().count() > LONGEST_WORD {
            return None;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let known = if tokens.is_empty() { &self.starts } else { &self.continuations };
            let longest_first = (1..=rest.len().min(self.longest)).rev();
            let mut ends = longest_first.filter(|&end| rest.is_char_boundary(end));
            let (end, token) = ends.find_map(|end| Some((end, *known.get(&rest[..end])?)))?;
            tokens.push(token);
            rest = &rest[end..];
        }
        Some(())
    }
}

/// Calls `each` with the words of `text`, from first to last.
fn for_each_word(text: &str, each: impl FnMut(&str)) {
    let mut words = Words { word: String::new(), each };
    for c in text.chars() {
        match c {
            '0'..='9' | 'a'..='z' | 'A'..='Z' => words.word.push(c.to_ascii_lowercase()),
            ' ' | '\t' | '\n' | '\r' => words.end(),
            c if c.is_ascii_punctuation() => words.add(c),
            c if is_dropped(c) => (),
            c if c.is_whitespace() => words.end(),
            c if is_chinese(c) => {
                words.end();
                decompose_canonical(c, |part| words.add(part));
                words.end();
            }
            c => decompose_canonical(c, |part| words.add_lower(part)),
        }
    }
    words.end();
}

/// A word in the making.
struct Words<F> {
    word: String,
    each: F,
}

impl<F: FnMut(&str)> Words<F> {
    /// Adds a decomposed character without its accents and in lower case.
    fn add_lower(&mut self, c: char) {
        if c.general_category() != GeneralCategory::NonspacingMark {
            c.to_lowercase().for_each(|c| self.add(c));
        }
    }

    /// Adds a character to the word; punctuation is a word of its own.
    fn add(&mut self, c: char) {
        if is_punctuation(c) {
            self.end();
            self.word.push(c);
            self.end();
        } else {
            self.word.push(c);
        }
    }

    /// Hands the word on, if there is one.
    fn end(&mut self) {
        if !self.word.is_empty() {
            (self.each)(&self.word);
            self.word.clear();
        }
    }
}

/// Whether a character other than the usual spaces is as good as not there.
fn is_dropped(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || c.general_category_group() == GeneralCategoryGroup::Other
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || !c.is_ascii() && c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// Whether BERT reads `c` as a word: the ideographs that Chinese and Japanese share, without kana and hangul.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2A6DF}'
        | '\u{2A700}'..='\u{2CEAF}' | '\u{2F800}'..='\u{2FA1F}')
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// The id of the first token of the table in BERT's vocabulary.
    const FIRST_ID: u32 = 999;

    #[derive(Deserialize)]
    struct Case {
        text: String,
        ids: Vec<u32>,
    }

    fn tokens(vocabulary: &Vocabulary, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        vocabulary.for_each_token(text, |token| tokens.push(token));
        tokens
    }

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for_each_word(text, |word| words.push(word.to_owned()));
        words
    }

    /// The file is made by `scripts/reference_tokens.py`.
    #[test]
    fn texts_have_the_tokens_of_a_reference() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../tests/tokens_reference.json")).unwrap();
        for Case { text, ids } in cases {
            let found: Vec<u32> = tokens(super::super::static_table::vocabulary(), &text)
                .iter()
                .map(|token| token + FIRST_ID)
                .collect();
            assert_eq!(found, ids, "{text:?}");
        }
    }

    #[test]
    fn the_longest_token_wins_and_a_word_is_known_as_a_whole() {
        let vocabulary = Vocabulary::new("un\nunder\n##stand\n##s\n##standing\n#\n");
        let cases: [(&str, &[u32]); 6] = [
            ("understanding", &[1, 4]),
            ("understands", &[1, 2, 3]),
            ("Un UNDER", &[0, 1]),
            ("stand", &[]),
            ("undergo under", &[1]),
            ("under##s", &[1, 5, 5]),
        ];
        for (text, expected) in cases {
            assert_eq!(tokens(&vocabulary, text), expected, "{text}");
        }
    }

    #[test]
    fn words_end_at_spaces_and_around_punctuation_and_chinese() {
        let cases: [(&str, &[&str]); 4] = [
            ("Good\u{a0}day,you", &["good", "day", ",", "you"]),
            ("«Élan—vital»", &["«", "elan", "—", "vital", "»"]),
            ("go北京now", &["go", "北", "京", "now"]),
            ("zero\u{200b}width ✋stop", &["zerowidth", "✋stop"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn words_of_over_a_hundred_characters_are_unknown() {
        let vocabulary = Vocabulary::new("é\n##é\ne\n##e\n");
        assert_eq!(tokens(&vocabulary, &"é".repeat(100)).len(), 100);
        assert_eq!(tokens(&vocabulary, &"é".repeat(101)).len(), 0);
    }
}
