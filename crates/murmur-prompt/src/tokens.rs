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
    let parts: u64 = text.split_inclusive('\n').map(|line| u64::from(line_cost(line))).sum();
    let margin = if text.is_empty() { 0 } else { parts / 16 + u64::from(TOKEN) / 2 };
    let parts = parts + margin;
    u32::try_from(parts.div_ceil(u64::from(TOKEN))).unwrap_or(u32::MAX)
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

fn class(c: char) -> Class {
    match c {
        'a'..='z' => Class::Lower,
        'A'..='Z' => Class::Upper,
        '0'..='9' => Class::Digit,
        '\n' | '\r' => Class::Newline,
        ' ' | '\t' => Class::Space,
        _ if c.is_ascii() => Class::Mark,
        _ if c.is_alphabetic() => Class::Letter,
        _ if c.is_whitespace() => Class::Space,
        _ => Class::Mark,
    }
}

/// A line, in parts of a token.
fn line_cost(line: &str) -> u32 {
    let mut fixed = 0;
    let mut words = Cost::default();
    let (mut count, mut english) = (0, 0);
    let mut rest = line;
    let mut after_space = false;
    let mut after_letter = false;
    while let Some(first) = rest.chars().next() {
        let kind = class(first);
        let end = match kind {
            Class::Lower | Class::Upper | Class::Letter => word_end(rest),
            _ => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(end);
        match kind {
            Class::Lower | Class::Upper | Class::Letter => {
                let cost = word_cost(piece, after_space);
                words.english += cost.english;
                words.other += cost.other;
                count += 1;
                english += u32::from(is_english(piece));
            }
            Class::Digit => {
                let space = if after_space { TOKEN } else { 0 };
                fixed += space + TOKEN * (piece.len() as u32).div_ceil(3);
            }
            Class::Space => {
                if piece.chars().count() > 1 {
                    fixed += TOKEN;
                }
            }
            Class::Newline => fixed += TOKEN / 2,
            Class::Mark => {
                let is_apostrophe = after_letter
                    && matches!(piece, "'" | "’")
                    && after.starts_with(|c: char| c.is_ascii_lowercase());
                fixed += if is_apostrophe { TOKEN / 4 } else { marks_cost(piece) };
            }
        }
        after_space = kind == Class::Space;
        after_letter = matches!(kind, Class::Lower | Class::Upper | Class::Letter);
        rest = after;
    }
    // From a fifth of small words on a line is English, below a twentieth it is not.
    let share = (english * 100 / count.max(1)).clamp(5, 20) - 5;
    fixed + (words.english * share + words.other * (15 - share)) / 15
}

/// Where the word ends with which `text` begins: before a capital letter after a small one, or what is no letter.
fn word_end(text: &str) -> usize {
    let mut before = None;
    for (i, c) in text.char_indices() {
        let kind = class(c);
        let goes_on = match (before, kind) {
            (None, _) => true,
            (Some(Class::Lower), Class::Upper) => false,
            (_, Class::Lower | Class::Upper | Class::Letter) => true,
            _ => false,
        };
        if !goes_on {
            return i;
        }
        before = Some(kind);
    }
    text.len()
}

fn word_cost(word: &str, after_space: bool) -> Cost {
    let length = word.chars().count() as u32;
    if !word.is_ascii() {
        return foreign_cost(word, length);
    }
    let is_upper = |c: char| c.is_ascii_uppercase();
    let is_vowel = |c: char| "aeiouyAEIOUY".contains(c);
    let hundredths = if length > 2 && !word.contains(is_vowel) && !word.chars().all(is_upper) {
        // No word, but an abbreviation or a part of an address.
        60 * length
    } else if length > 1 && word.chars().all(is_upper) {
        match (length, after_space) {
            (..=2, _) => 103,
            (3, true) => 110,
            (3, false) => 160,
            (4, true) => 185,
            (4, false) => 220,
            _ => 50 * length,
        }
    } else if after_space {
        let is_name = word.starts_with(is_upper);
        match (length, is_name) {
            (..=2, _) => 100,
            (3..=6, false) => 102,
            (7..=12, false) => 107,
            (13, false) => 115,
            (_, false) => 130 + 20 * (length - 13),
            (3, true) => 103,
            (_, true) => 100 + 9 * (length - 3),
        }
    } else {
        match length {
            ..=2 => 101,
            3 => 116,
            4 => 130,
            5..=8 => 190,
            _ => 32 * length - 60,
        }
    };
    let english = hundredths * TOKEN / 100;
    let other = match length {
        ..=3 => 110,
        4..=5 => 150,
        _ => 32 * length,
    };
    Cost { english, other: english.max(other * TOKEN / 100) }
}

/// A word with letters beyond ASCII.
fn foreign_cost(word: &str, length: u32) -> Cost {
    let mut parts = 0;
    for c in word.chars() {
        parts += match c as u32 {
            ..0x80 => TOKEN * 32 / 100,
            // Latin with marks.
            ..0x250 => TOKEN,
            // Greek.
            0x370..0x400 => TOKEN * 11 / 10,
            // Cyrillic.
            0x400..0x530 => TOKEN * 6 / 10,
            // Hebrew, Arabic.
            0x590..0x780 => TOKEN * 11 / 10,
            // Kana, the common Chinese characters, Hangul.
            0x3040..0xA000 | 0xF900..0xFB00 | 0xFF00..0xFFF0 => TOKEN * 5 / 4,
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
            ..0x10000 => TOKEN * 5 / 2,
            _ => TOKEN * 3,
        })
        .sum()
}

/// `text` cut to `most` tokens at the end of a word, or within one where a word is long, with an ellipsis where
/// something is left out.
pub fn clip(text: &str, most: u32) -> Cow<'_, str> {
    if tokens(text) <= most {
        return Cow::Borrowed(text);
    }
    let words = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(i, _)| i).collect();
    let clipped = last_within(text, words, most);
    // Where nearly nothing is left, the language has no spaces or the word is an address.
    if tokens(&clipped) > most / 2 {
        return Cow::Owned(clipped);
    }
    Cow::Owned(last_within(text, text.char_indices().map(|(i, _)| i).collect(), most))
}

/// `text` up to the last of `ends`, ascending, that leaves at most `most` tokens with the ellipsis.
fn last_within(text: &str, mut ends: Vec<usize>, most: u32) -> String {
    let clipped = |end: usize| format!("{}…", text[..end].trim_end());
    let fits = |&end: &usize| tokens(&clipped(end)) <= most;
    // The estimate is not quite monotonic: so what the search finds is checked.
    ends.truncate(ends.partition_point(fits));
    clipped(ends.into_iter().rev().find(fits).unwrap_or(0))
}
