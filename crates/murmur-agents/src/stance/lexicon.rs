//! The stance of a text by its words: what it says for, less what it says against, of all that and one more.
//!
//! Words are matched whole and without regard to case. Up to three words after a negation a word counts for the other
//! side, by 0.74 of what it would have counted (the factor and the reach are those of VADER: Hutto and Gilbert 2014).
//! The stance is (p − n) / (p + n + 1), so that one word gives a half, and only many give nearly 1 (own).

use std::collections::BTreeMap;

use murmur_core::Stance;

/// Words of general approval, one phrase a line.
const APPROVAL: &str = include_str!("../../data/approval.txt");

/// Words of general disapproval, one phrase a line.
const DISAPPROVAL: &str = include_str!("../../data/disapproval.txt");

/// What a negation does to a word behind it.
const NEGATED: f32 = -0.74;

/// So many words behind a negation are negated.
const REACH: usize = 3;

/// Words that negate.
const NEGATIONS: [&str; 22] = [
    "not", "no", "never", "nobody", "nothing", "neither", "nor", "none", "without", "cannot", "cant", "dont",
    "wont", "isnt", "wasnt", "doesnt", "didnt", "arent", "couldnt", "shouldnt", "wouldnt", "hardly",
];

/// Phrases that look like negations and are none.
const NO_NEGATIONS: [&str; 5] = ["nothing but", "no doubt", "no wonder", "not only", "not just"];

/// Words for and against a topic.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// By their first word: the words that follow, and what the phrase counts. The longest comes first.
    phrases: BTreeMap<String, Vec<(Vec<String>, Meaning)>>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Meaning {
    /// For (1) or against (-1).
    Side(f32),
    Negation,
    Nothing,
}

impl Lexicon {
    /// A lexicon of general English words, and of those for, against and simply about a topic, which go before the general
    /// ones: who writes of remote work does not approve of it by that word. Each may be of several words.
    pub fn new<S: AsRef<str>>(for_words: &[S], against_words: &[S], about: &[S]) -> Self {
        let mut lexicon = Self { phrases: BTreeMap::new() };
        for_words.iter().for_each(|phrase| lexicon.add(phrase.as_ref(), Meaning::Side(1.0)));
        against_words.iter().for_each(|phrase| lexicon.add(phrase.as_ref(), Meaning::Side(-1.0)));
        about.iter().for_each(|phrase| lexicon.add(phrase.as_ref(), Meaning::Nothing));
        APPROVAL.lines().for_each(|phrase| lexicon.add(phrase, Meaning::Side(1.0)));
        DISAPPROVAL.lines().for_each(|phrase| lexicon.add(phrase, Meaning::Side(-1.0)));
        NEGATIONS.iter().for_each(|word| lexicon.add(word, Meaning::Negation));
        NO_NEGATIONS.iter().for_each(|phrase| lexicon.add(phrase, Meaning::Nothing));
        lexicon
    }

    /// Adds a phrase, unless it is there.
    fn add(&mut self, phrase: &str, meaning: Meaning) {
        let mut words = words(phrase);
        let Some(first) = words.next() else { return };
        let rest: Vec<String> = words.collect();
        let known = self.phrases.entry(first).or_default();
        if known.iter().all(|(other, _)| *other != rest) {
            known.push((rest, meaning));
            // Stable: what was there first stays first.
            known.sort_by_key(|(rest, _)| std::cmp::Reverse(rest.len()));
        }
    }

    /// The stance of a text, of which the first 8 KiB are read.
    pub fn stance(&self, text: &str) -> Stance {
        let end = (0..=text.len().min(8 << 10)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let words: Vec<String> = words(&text[..end]).collect();
        let (mut pro, mut con) = (0.0, 0.0);
        let mut negated_until = 0;
        let mut at = 0;
        while at < words.len() {
            let (length, meaning) = self.at(&words[at..]);
            match meaning {
                Meaning::Negation => negated_until = at + 1 + REACH,
                Meaning::Nothing => {}
                Meaning::Side(side) => {
                    let counts = if at < negated_until { side * NEGATED } else { side };
                    if counts > 0.0 { pro += counts } else { con -= counts }
                }
            }
            at += length;
        }
        Stance::clamped((pro - con) / (pro + con + 1.0))
    }

    /// The longest phrase at the beginning of `words`, in words, and what it means.
    fn at(&self, words: &[String]) -> (usize, Meaning) {
        let phrases = self.phrases.get(&words[0]).map_or(&[][..], Vec::as_slice);
        let found = phrases.iter().find(|(rest, _)| words[1..].starts_with(rest));
        found.map_or((1, Meaning::Nothing), |(rest, meaning)| (1 + rest.len(), *meaning))
    }
}

/// The words of a text in small letters; an apostrophe within a word is left out.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_part = |char: char| char.is_alphanumeric() || matches!(char, '\'' | '’');
    text.split(move |char| !is_part(char)).filter_map(|word| {
        let word: String =
            word.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: f32) {
        let lexicon =
            Lexicon::new(&["get the jab", "LIFE-saver"], &["guinea pigs", "big pharma"], &["remote work"]);
        let stance = lexicon.stance(text).get();
        assert!((stance - expected).abs() < 1e-6, "{text}: {stance}");
    }

    #[test]
    fn words_count_for_their_side() {
        check("", 0.0);
        check("It is what it is.", 0.0);
        check("GREAT!", 0.5);
        check("great, a wonderful success", 0.75);
        check("great but dangerous", 0.0);
        check("a terrible, useless mess; the good part is small", -0.4);
    }

    #[test]
    fn words_are_matched_whole() {
        check("greatly disagreeing, unsafely", 0.0);
        check("a jab, a life", 0.0);
        check("you should get the jab", 0.5);
        check("a life-saver", 0.5);
        check("They take us for guinea pigs", -0.5);
        check("guinea-pigs' friends", -0.5);
    }

    #[test]
    fn what_the_text_is_about_tells_nothing() {
        check("remote work", 0.0);
        check("it will work", 0.5);
    }

    #[test]
    fn a_negation_turns_three_words() {
        let one = 0.74 / 1.74;
        check("not good", -one);
        check("I don’t trust them", -one);
        check("not a very good idea", -one);
        check("not by any means good", 0.5);
        check("it was never dangerous", one);
        check("nobody trusts us, but it is good", 0.5);
        check("no doubt it is good", 0.5);
        check("nothing but harm", -0.5);
    }

    #[test]
    fn any_text_has_a_stance() {
        for text in ["'’'", "\u{0}🦀\n", &"not ".repeat(100_000), &"good ".repeat(100_000), &"é".repeat(9000)]
        {
            assert!((-1.0..=1.0).contains(&Lexicon::new::<&str>(&[""], &[" - "], &[]).stance(text).get()));
        }
        assert!(Lexicon::new::<&str>(&[], &[], &[]).stance(&"good ".repeat(100)).get() > 0.98);
    }
}
