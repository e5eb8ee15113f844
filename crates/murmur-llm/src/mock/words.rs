//! What the mock server writes: short texts of a small word list and of words of the prompt.

use murmur_core::Stream;

use super::config::TOKEN_BYTES;
use super::draws::{between, pick};

const WORDS: [&str; 64] = [
    "about", "after", "again", "all", "always", "and", "because", "before", "better", "both", "but", "clear",
    "could", "day", "even", "every", "fair", "few", "first", "from", "good", "here", "how", "if", "just",
    "know", "later", "less", "like", "maybe", "more", "much", "never", "new", "news", "not", "now", "often",
    "only", "other", "people", "point", "quite", "read", "really", "right", "same", "say", "see", "some",
    "still", "such", "that", "then", "there", "think", "this", "time", "today", "true", "very", "well",
    "why", "word",
];

/// Characters of the longest word that is taken out of a prompt.
const LONGEST_WORD: usize = 16;

/// A writer with a prompt in mind.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) prompt: &'a str,
}

impl Words<'_> {
    /// The greatest number by which the prompt lists something: of lines such as `3 words` or `3. words` those that go on from 1.
    pub(crate) fn listed(self) -> Option<i64> {
        let mut listed = 0;
        for line in self.prompt.lines() {
            let number = line.trim_start().split_once(' ').map(|(number, _)| number.trim_end_matches('.'));
            let number = number.and_then(|number| number.parse::<i64>().ok());
            if number == Some(listed + 1) {
                listed += 1;
            }
        }
        (listed > 0).then_some(listed)
    }

    /// A word in lower case, one in three out of the prompt.
    pub(crate) fn word(self, draws: &mut Stream) -> String {
        let own = if draws.below(3) == 0 { prompt_word(self.prompt, draws) } else { None };
        own.unwrap_or_else(|| pick(&WORDS, draws).expect("there are words").to_string())
    }

    /// A sentence of 4 to 14 words.
    pub(crate) fn sentence(self, draws: &mut Stream) -> String {
        let count = between(4, 14, draws);
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(&self.word(draws));
        }
        let first = text.chars().next().map_or(0, char::len_utf8);
        let capital = text[..first].to_uppercase();
        text.replace_range(..first, &capital);
        text.push(if draws.below(8) == 0 { '?' } else { '.' });
        text
    }

    /// A text of `least` to `most` characters: sentences, the last one cut where it must be.
    pub(crate) fn text(self, least: usize, most: usize, draws: &mut Stream) -> String {
        let mut text = self.sentence(draws);
        while text.chars().count() < least {
            text.push(' ');
            text.push_str(&self.sentence(draws));
        }
        if let Some((end, _)) = text.char_indices().nth(most) {
            text.truncate(end);
        }
        text
    }

    /// A text that fills `tokens` tokens.
    pub(crate) fn endless(self, tokens: usize, draws: &mut Stream) -> String {
        let bytes = tokens * TOKEN_BYTES;
        let mut text = String::with_capacity(bytes + 256);
        while text.len() < bytes {
            text.push_str(&self.sentence(draws));
            text.push(' ');
        }
        text.truncate(char_end(&text, bytes));
        text
    }
}

/// The last boundary between characters at or before `end`.
pub(crate) fn char_end(text: &str, end: usize) -> usize {
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// The word around a random place of `prompt`, unless that is no word or a very short or long one.
fn prompt_word(prompt: &str, draws: &mut Stream) -> Option<String> {
    let length = u32::try_from(prompt.len()).unwrap_or(u32::MAX);
    let place = char_end(prompt, draws.below(length.max(1)) as usize);
    let (before, after) = prompt.split_at(place);
    let is_letter = |c: &char| c.is_alphabetic();
    let left = before.chars().rev().take(LONGEST_WORD + 1).take_while(is_letter);
    let start = place - left.map(char::len_utf8).sum::<usize>();
    let right = after.chars().take(LONGEST_WORD + 1).take_while(is_letter);
    let end = place + right.map(char::len_utf8).sum::<usize>();
    let word = &prompt[start..end];
    (3..=LONGEST_WORD).contains(&word.chars().count()).then(|| word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::draws::{Part, draws};
    use super::*;

    #[test]
    fn words_of_the_prompt_are_whole() {
        let words = ["ünïcödé", "marmalade", "日本語", "ox", "extraordinarilylongone"];
        let prompt = words.join(" 7, ");
        let mut stream = draws(1, Part::Reply, 0);
        let mut seen: Vec<String> = (0..500).filter_map(|_| prompt_word(&prompt, &mut stream)).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, ["marmalade", "ünïcödé", "日本語"]);
        assert_eq!(prompt_word("", &mut stream), None);
    }

    #[test]
    fn what_a_prompt_lists_is_counted() {
        let check = |prompt: &str, listed| assert_eq!(Words { prompt }.listed(), listed, "{prompt}");
        check("In 1990. there", None);
        check("Feed:\n1. a\n  comment\n2 b 7. c\n 3. d\n9. e", Some(3));
    }

    #[test]
    fn texts_keep_to_their_length() {
        let words = Words { prompt: "Größe und Maß überall" };
        for key in 0..200 {
            let mut stream = draws(key, Part::Reply, 0);
            let text = words.text(80, 90, &mut stream);
            assert!((80..=90).contains(&text.chars().count()), "{text}");
            let endless = words.endless(50, &mut stream);
            assert!((197..=200).contains(&endless.len()), "{endless}");
        }
    }
}
