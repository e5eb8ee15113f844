//! Tokens, estimated without a vocabulary, and texts cut to so many of them.
//!
//! Tokenizers of today (cl100k, o200k and their like) split a text into words, each with the space before it, into runs
//! of punctuation and into groups of three digits, and then each of these into tokens. The estimate does the first and
//! has a rule of thumb for the second, by length and kind of the word: the rates are means over posts and personas, with
//! a margin. Common English words are one token each, words of other languages in Latin letters are not: so the rate
//! follows the share of small English words in a line.

use std::borrow::Cow;

/// Parts of a token in which costs are counted.
const TOKEN: u32 = 64;

/// How many tokens `text` has: as a rule a few too many, so that a budget holds.
pub fn tokens(text: &str) -> u32 {
    let mut meter = Meter::default();
    let mut rest = text;
    while !rest.is_empty() {
        rest = meter.read(rest);
    }
    meter.tokens()
}

/// Small words that are frequent in English, and in none of its neighbours.
fn is_english(word: &str) -> bool {
    matches!(
        word,
        "the"
            | "of"
            | "and"
            | "to"
            | "a"
            | "is"
            | "for"
            | "with"
            | "on"
            | "that"
            | "it"
            | "you"
            | "are"
            | "this"
            | "be"
            | "as"
            | "at"
            | "by"
            | "from"
            | "or"
            | "have"
            | "has"
            | "my"
            | "your"
            | "we"
            | "they"
            | "not"
            | "but"
            | "he"
            | "she"
            | "his"
            | "her"
            | "their"
            | "if"
            | "about"
            | "i"
            | "I"
            | "The"
            | "who"
            | "what"
            | "all"
            | "our"
            | "its"
            | "can"
            | "will"
    )
}

/// What a word costs, if it is English and if it is not.
#[derive(Clone, Copy, Default)]
struct Cost {
    english: u32,
    other: u32,
}

impl Cost {
    fn both(parts: u32) -> Self {
        Self { english: parts, other: parts }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Letter,
    Digit,
    Space,
    Newline,
    Mark,
}

/// The classes of ASCII.
const ASCII: [Class; 128] = {
    let mut classes = [Class::Mark; 128];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b'\n' | b'\r' => Class::Newline,
            b' ' | b'\t' => Class::Space,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn class(c: char) -> Class {
    match ASCII.get(c as usize) {
        Some(&class) => class,
        // The frequent marks, before the tables of all of Unicode are asked.
        None if matches!(c, '\u{2010}'..='\u{2027}') => Class::Mark,
        None if c.is_alphabetic() => Class::Letter,
        None if c.is_whitespace() => Class::Space,
        None => Class::Mark,
    }
}

/// What has been read of a text.
#[derive(Clone, Copy, Default)]
struct Meter {
    /// Cost of the lines before this one.
    lines: u64,
    /// Cost of what is no word in this line.
    fixed: u32,
    /// Cost of the words of this line.
    words: Cost,
    /// How many words, and how many of them small English ones.
    count: u32,
    english: u32,
    /// What came last.
    last: Option<Class>,
}

impl Meter {
    /// Reads a word, or a run of characters of another kind, with which `text` begins. Returns the rest.
    fn read<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(first) = text.chars().next() else { return text };
        let kind = class(first);
        let after_space = self.last == Some(Class::Space);
        let rest = match kind {
            Class::Lower | Class::Upper | Class::Letter => {
                let word = Word::first_of(text);
                let cost = word.cost(after_space);
                self.words.english += cost.english;
                self.words.other += cost.other;
                self.count += 1;
                self.english += u32::from(word.text.len() <= 5 && is_english(word.text));
                &text[word.text.len()..]
            }
            _ => {
                let end = text.find(|c| class(c) != kind).unwrap_or(text.len());
                let (piece, rest) = text.split_at(end);
                self.fixed += match kind {
                    // A space before a number is a token of its own.
                    Class::Digit => TOKEN * (u32::from(after_space) + (piece.len() as u32).div_ceil(3)),
                    // One space goes with the next word.
                    Class::Space if piece.len() == first.len_utf8() => 0,
                    Class::Space => TOKEN,
                    Class::Newline => TOKEN / 2,
                    _ if self.is_apostrophe(piece, rest) => TOKEN / 4,
                    _ => marks_cost(piece),
                };
                rest
            }
        };
        self.last = Some(kind);
        if kind == Class::Newline {
            let lines = self.lines + u64::from(self.line());
            *self = Self { lines, last: self.last, ..Self::default() };
        }
        rest
    }

    /// Whether `marks`, read now with `rest` after them, join a word and its ending, as in "it's".
    fn is_apostrophe(&self, marks: &str, rest: &str) -> bool {
        matches!(self.last, Some(Class::Lower | Class::Upper | Class::Letter))
            && matches!(marks, "'" | "’")
            && rest.starts_with(|c: char| c.is_ascii_lowercase())
    }

    /// Cost of this line. From a fifth of small English words on it is English, below a twentieth it is not.
    fn line(&self) -> u32 {
        let share = (self.english * 100 / self.count.max(1)).clamp(5, 20) - 5;
        self.fixed + (self.words.english * share + self.words.other * (15 - share)) / 15
    }

    fn tokens(&self) -> u32 {
        if self.last.is_none() { 0 } else { self.tokens_and(0) }
    }

    /// The estimate with so many parts of a token more, and a margin of a sixteenth and half a token.
    fn tokens_and(&self, more: u32) -> u32 {
        let parts = self.lines + u64::from(self.line() + more);
        let parts = parts + parts / 16 + u64::from(TOKEN) / 2;
        u32::try_from(parts.div_ceil(u64::from(TOKEN))).unwrap_or(u32::MAX)
    }
}

/// A bit for each of a, e, i, o, u and y, by its place in the alphabet from 1.
const VOWELS: u32 = 1 << 1 | 1 << 5 | 1 << 9 | 1 << 15 | 1 << 21 | 1 << 25;

/// A run of letters, and what its cost depends on.
struct Word<'a> {
    text: &'a str,
    is_ascii: bool,
    is_upper: bool,
    has_vowel: bool,
}

impl<'a> Word<'a> {
    /// The word with which `text` begins. It ends before a capital letter after a small one, or what is no letter.
    fn first_of(text: &'a str) -> Self {
        Self::first_ascii_of(text).unwrap_or_else(|| Self::first_of_any(text))
    }

    /// The same if the word and what ends it are ASCII: most are, and bytes are read in half the time of characters.
    fn first_ascii_of(text: &'a str) -> Option<Self> {
        let mut word = Self { text, is_ascii: true, is_upper: true, has_vowel: false };
        let mut after_lower = false;
        for (i, &byte) in text.as_bytes().iter().enumerate() {
            match ASCII.get(usize::from(byte))? {
                Class::Lower => (after_lower, word.is_upper) = (true, false),
                Class::Upper if !after_lower => {}
                _ => {
                    word.text = &text[..i];
                    break;
                }
            }
            // The letters' last five bits are the same in both cases.
            word.has_vowel |= VOWELS >> (byte & 31) & 1 == 1;
        }
        Some(word)
    }

    fn first_of_any(text: &'a str) -> Self {
        let mut word = Self { text, is_ascii: true, is_upper: true, has_vowel: false };
        let mut after_lower = false;
        for (i, c) in text.char_indices() {
            let kind = class(c);
            if !matches!(kind, Class::Lower | Class::Upper | Class::Letter)
                || after_lower && kind == Class::Upper
            {
                word.text = &text[..i];
                break;
            }
            after_lower = kind == Class::Lower;
            word.is_upper &= kind == Class::Upper;
            word.is_ascii &= kind != Class::Letter;
            word.has_vowel |=
                matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'A' | 'E' | 'I' | 'O' | 'U' | 'Y');
        }
        word
    }

    fn cost(&self, after_space: bool) -> Cost {
        if !self.is_ascii {
            return foreign_cost(self.text);
        }
        let length = self.text.len() as u32;
        let hundredths = match () {
            // No word, but an abbreviation or a part of an address.
            () if length > 2 && !self.has_vowel && !self.is_upper => 60 * length,
            () if length > 1 && self.is_upper => match (length, after_space) {
                (..=2, _) => 103,
                (3, true) => 110,
                (3, false) => 160,
                (4, true) => 185,
                (4, false) => 220,
                _ => 50 * length,
            },
            () if after_space => match (length, self.text.starts_with(|c: char| c.is_ascii_uppercase())) {
                (..=2, _) => 100,
                (3..=6, false) => 102,
                (7..=12, false) => 107,
                (13, false) => 115,
                (_, false) => 130 + 20 * (length - 13),
                (_, true) => 100 + 9 * (length - 3),
            },
            () => match length {
                ..=2 => 101,
                3 => 116,
                4 => 130,
                5..=8 => 190,
                _ => 32 * length - 60,
            },
        };
        let english = hundredths * TOKEN / 100;
        let other = match length {
            ..=3 => 110,
            4..=5 => 150,
            _ => 32 * length,
        };
        Cost { english, other: english.max(other * TOKEN / 100) }
    }
}

/// A word with letters beyond ASCII.
fn foreign_cost(word: &str) -> Cost {
    let (mut parts, mut length) = (0, 0);
    for c in word.chars() {
        length += 1;
        parts += match c as u32 {
            ..0x80 => TOKEN * 36 / 100,
            // Latin with marks.
            0x80..0x250 => TOKEN,
            // Greek.
            0x370..0x400 => TOKEN * 11 / 10,
            // Cyrillic.
            0x400..0x530 => TOKEN * 6 / 10,
            // Hebrew, Arabic.
            0x590..0x780 => TOKEN * 11 / 10,
            // Kana, the common Chinese characters, Hangul.
            0x3040..0xA000 | 0xF900..0xFB00 | 0xFF00..0xFFF0 => TOKEN * 4 / 3,
            0xAC00..0xD7B0 => TOKEN * 3 / 2,
            // South and South-East Asia.
            0x900..0x1100 => TOKEN * 3 / 2,
            _ => TOKEN * 5 / 2,
        };
    }
    Cost::both(parts.max(TOKEN + length))
}

fn marks_cost(marks: &str) -> u32 {
    if marks.is_ascii() {
        let length = marks.len() as u32;
        // A run of one and the same mark is cheap, up to a point.
        let first = marks.as_bytes().first();
        let is_one = marks.as_bytes().iter().all(|mark| Some(mark) == first);
        return match length {
            1 | 2 => TOKEN,
            3.. if is_one => TOKEN + length * TOKEN / 8,
            _ => length * TOKEN * 6 / 10,
        };
    }
    marks
        .chars()
        .map(|c| match c as u32 {
            ..0x80 => TOKEN * 3 / 4,
            // Quotation marks, dashes, the ellipsis.
            0xA0..0x100 | 0x2000..0x2070 => TOKEN,
            0x3000..0x3040 | 0xFF00..0xFFF0 => TOKEN,
            0x10000.. => TOKEN * 3,
            _ => TOKEN * 5 / 2,
        })
        .sum()
}

/// `text` cut to `most` tokens at the end of a word, or within one where a word is long, with an ellipsis where
/// something is left out.
pub fn clip(text: &str, most: u32) -> Cow<'_, str> {
    let mut meter = Meter::default();
    let mut rest = text;
    let mut end = 0;
    while !rest.is_empty() {
        let piece_ends_word = meter.last.is_some_and(|last| !matches!(last, Class::Space | Class::Newline))
            && rest.starts_with(char::is_whitespace);
        if piece_ends_word && meter.tokens_and(TOKEN) <= most {
            end = text.len() - rest.len();
        }
        // The rest of a line may lower the estimate a little, but not by so much.
        if meter.tokens() > most + most / 4 + 8 {
            break;
        }
        rest = meter.read(rest);
    }
    if rest.is_empty() && meter.tokens() <= most {
        return Cow::Borrowed(text);
    }
    let clipped = |end: usize| format!("{}…", text[..end].trim_end());
    let short = clipped(end);
    // Where nearly nothing is left, the language has no spaces or the word is an address.
    if tokens(&short) > most / 2 {
        return Cow::Owned(short);
    }
    let mut ends: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
    let fits = |&end: &usize| tokens(&clipped(end)) <= most;
    // The estimate is not quite monotonic: so what the search finds is checked.
    ends.truncate(ends.partition_point(fits));
    Cow::Owned(clipped(ends.into_iter().rev().find(fits).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_characters_are() {
        let parts = |word: Word<'_>| (word.text.to_owned(), word.is_ascii, word.is_upper, word.has_vowel);
        for text in
            ["tea", "Tea time", "TEA", "xYz", "HTMLParser", "rhythm", "brr!", "A", "z9", "aB c", "ÄRGER"]
        {
            let quick = Word::first_ascii_of(text).map(parts);
            assert_eq!(quick.is_some(), text.is_ascii(), "{text}");
            assert!(quick.is_none_or(|quick| quick == parts(Word::first_of_any(text))), "{text}");
        }
        assert!(Word::first_ascii_of("naïve").is_none());
    }
}
