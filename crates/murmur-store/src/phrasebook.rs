//! The bank of templates that behavioural agents write from.
//!
//! A [`Phrase`] names a template and its fillers in eight bytes; the sentence is made when somebody reads it. The bank
//! is documented in `docs/model.md`. It gives texts that an embedder can tell apart by topic and slant; it does
//! not pretend to be prose.

use std::borrow::Cow;

use murmur_core::{Phrase, Text};

/// The words of one topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vocabulary {
    /// The topic as it stands in a sentence.
    pub name: String,
    /// Words that texts about the topic use; at least one.
    pub words: Vec<String>,
}

/// The templates with the vocabularies of a run's topics.
#[derive(Clone, Debug)]
pub struct Phrasebook {
    topics: Vec<Vocabulary>,
}

const OPENERS: [&str; 8] = [
    "Honestly,",
    "Look,",
    "Just read that",
    "Everyone keeps saying",
    "I think",
    "Hot take:",
    "Friends,",
    "So",
];
const CLOSERS: [&str; 8] = [
    "",
    " Pass it on.",
    " What do you think?",
    " Enough said.",
    " More on this soon.",
    " I keep coming back to it.",
    " Ask around.",
    " Wait and see.",
];

/// Templates by slant. `{o}` is an opener, `{t}` the topic, `{w}` and `{v}` words of the topic; a closer follows.
const TEMPLATES: [[&str; 6]; 5] = [
    [
        "{o} {t} is a disgrace, and {w} proves it.",
        "{o} nobody should trust {t} after {w} and {v}.",
        "{o} we have to stop {t} now. {w} was the last straw.",
        "{o} {t} does nothing but harm: first {w}, then {v}.",
        "{o} I will never accept {t}. Remember {w}.",
        "{o} {w} shows how dangerous {t} really is.",
    ],
    [
        "{o} I have my doubts about {t}, above all about {w}.",
        "{o} {t} has been oversold. {w} tells another story.",
        "{o} the case for {t} looks weak next to {w}.",
        "{o} {w} makes me wary of {t}.",
        "{o} {t} costs more than it brings, see {w} and {v}.",
        "{o} not convinced by {t}; {v} bothers me.",
    ],
    [
        "{o} {t} again: {w} today, {v} tomorrow.",
        "{o} a good overview of {t}, from {w} to {v}.",
        "{o} still making up my mind about {t} and {w}.",
        "{o} both sides of {t} have a point about {w}.",
        "{o} does anyone know more about {t} and {v}?",
        "{o} {w} is the part of {t} that few talk about.",
    ],
    [
        "{o} {t} deserves a chance; {w} is promising.",
        "{o} I am warming to {t} because of {w}.",
        "{o} {w} speaks for {t}.",
        "{o} {t} helps more people than you think, look at {w} and {v}.",
        "{o} the news on {w} is good for {t}.",
        "{o} {t} done well is worth it. See {v}.",
    ],
    [
        "{o} {t} is the best thing in years, thanks to {w}.",
        "{o} {w} and {v} prove that {t} works.",
        "{o} we need more of {t}. {w} changed my life.",
        "{o} everyone should stand up for {t} and {w}.",
        "{o} there is no future without {t}. {w} shows it.",
        "{o} proud to support {t}: {w}, {v}, all of it.",
    ],
];

impl Phrasebook {
    /// A phrasebook for these topics, in the order of their ids.
    ///
    /// # Panics
    /// When a topic has no words.
    pub fn new(topics: Vec<Vocabulary>) -> Self {
        assert!(topics.iter().all(|topic| !topic.words.is_empty()), "every topic has a word");
        Self { topics }
    }

    /// The vocabularies, in the order of topic ids.
    pub fn topics(&self) -> &[Vocabulary] {
        &self.topics
    }

    /// The words of `text`.
    pub fn words<'a>(&self, text: &'a Text) -> Cow<'a, str> {
        match text {
            Text::Own(words) => Cow::Borrowed(words),
            Text::Phrase(phrase) => Cow::Owned(self.render(phrase)),
        }
    }

    /// The sentence that `phrase` stands for.
    pub fn render(&self, phrase: &Phrase) -> String {
        let topic = &self.topics[phrase.topic.index()];
        let bank = &TEMPLATES[phrase.slant as usize];
        let [opener, word, other, closer] = phrase.picks;
        let mut sentence = String::with_capacity(96);
        let mut rest = pick(bank, phrase.template);
        while let Some((before, slot)) = rest.split_once('{') {
            sentence.push_str(before);
            sentence.push_str(match &slot[..1] {
                "o" => pick(&OPENERS, opener),
                "t" => &topic.name,
                "w" => pick(&topic.words, word),
                _ => pick(&topic.words, other),
            });
            rest = &slot[2..];
        }
        sentence.push_str(rest);
        sentence.push_str(pick(&CLOSERS, closer));
        sentence
    }
}

fn pick<T: AsRef<str>>(bank: &[T], number: u8) -> &str {
    bank[usize::from(number) % bank.len()].as_ref()
}

#[cfg(test)]
mod tests {
    use murmur_core::{Slant, TopicId};

    use super::*;

    fn book() -> Phrasebook {
        let words = vec!["dose".to_owned(), "trial".to_owned()];
        Phrasebook::new(vec![Vocabulary { name: "the vaccine".to_owned(), words }])
    }

    fn check(slant: Slant, template: u8, picks: [u8; 4], expected: &str) {
        assert_eq!(book().render(&Phrase { topic: TopicId(0), slant, template, picks }), expected);
    }

    #[test]
    fn phrases_render_their_slots() {
        check(
            Slant::StronglyAgainst,
            0,
            [0, 0, 0, 0],
            "Honestly, the vaccine is a disgrace, and dose proves it.",
        );
        check(
            Slant::Neutral,
            0,
            [7, 0, 1, 1],
            "So the vaccine again: dose today, trial tomorrow. Pass it on.",
        );
        check(Slant::For, 8, [5, 1, 0, 8], "Hot take: trial speaks for the vaccine.");
    }

    #[test]
    fn every_template_renders_without_open_slots() {
        for slant in Slant::ALL {
            for template in 0..6 {
                let text = book().render(&Phrase { topic: TopicId(0), slant, template, picks: [3, 1, 0, 2] });
                assert!(!text.contains(['{', '}']), "{text}");
                assert!(text.contains("the vaccine"), "{text}");
            }
        }
    }
}
