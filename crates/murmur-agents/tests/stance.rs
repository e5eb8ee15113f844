//! How often the readers of stances are right: on the phrasebook's sentences, and on ordinary language.

use murmur_agents::{AnchorTexts, Anchors, Lexicon, StanceConfig, StanceMethod, StanceReader};
use murmur_core::{Phrase, Slant, TopicId};
use murmur_recsys::Embedder;
use murmur_store::{Phrasebook, Vocabulary};

/// Topics with their words.
const TOPICS: [(&str, [&str; 6]); 6] = [
    ("the vaccine", ["dose", "trial", "side effects", "booster", "immunity", "needle"]),
    ("the new stadium", ["tickets", "parking", "match", "neighbourhood", "budget", "fans"]),
    ("the election", ["ballot", "candidate", "turnout", "debate", "poll", "recount"]),
    ("economics", ["inflation", "wages", "interest rates", "trade", "taxes", "growth"]),
    ("nuclear power", ["reactor", "waste", "uranium", "plant", "grid", "climate"]),
    ("remote work", ["office", "commute", "meetings", "colleagues", "screen", "home"]),
];

/// Sentences in ordinary language: topic, side, words. The first twenty are as old as the lists of words, which know some
/// of theirs; the last twenty were written when the lists were done.
const SENTENCES: [(u16, f32, &str); 40] = [
    (0, 1.0, "Got my second shot this morning and I feel great, please get yours too."),
    (0, 1.0, "The vaccine saved my grandmother's life, I will always be thankful for it."),
    (0, 1.0, "Vaccination is safe and the data from millions of people shows it."),
    (0, 1.0, "I used to be scared of needles, but getting the jab was the right decision."),
    (0, 1.0, "Don't listen to the rumours, vaccines protect our kids."),
    (0, -1.0, "They rushed this vaccine and now they want us to be guinea pigs."),
    (0, -1.0, "My cousin got really sick after the jab, I'm not taking it."),
    (0, -1.0, "No one can force me to put that poison in my body."),
    (0, -1.0, "I don't believe the vaccine works, half my office got it and still caught covid."),
    (0, -1.0, "The side effects are being covered up and it makes me furious."),
    (1, 1.0, "Can't wait for the new stadium, it will bring jobs and life back to this part of town."),
    (1, 1.0, "Finally a place worthy of our team, the plans look amazing."),
    (1, 1.0, "The new stadium is a smart investment that will pay for itself."),
    (1, 1.0, "I voted yes on the stadium because the kids here deserve something to be proud of."),
    (1, 1.0, "Say what you like about the cost, the old ground was falling apart and we needed this."),
    (1, -1.0, "Half a billion for a stadium while our schools leak when it rains, unbelievable."),
    (1, -1.0, "Nobody in this neighbourhood asked for the new stadium and nobody wants it."),
    (1, -1.0, "The traffic on match days will be a nightmare for everyone who lives here."),
    (1, -1.0, "Taxpayers get the bill and the owners get the profit, what a rip-off."),
    (1, -1.0, "I'm against the stadium, tear up the plans and build homes instead."),
    (4, 1.0, "Nuclear power is the cleanest way we have to keep the lights on."),
    (4, 1.0, "France runs on reactors and pays half of what we do, why aren't we building more?"),
    (4, 1.0, "If you care about the climate you should be pushing for nuclear."),
    (4, 1.0, "Modern reactors are extremely safe, far fewer deaths than coal."),
    (4, 1.0, "Closing those plants was a huge error, bring them back."),
    (4, -1.0, "Chernobyl and Fukushima should have taught us to leave this alone."),
    (4, -1.0, "Where do you plan to bury the waste for the next ten thousand years?"),
    (4, -1.0, "Too slow, too expensive, just build wind and solar instead."),
    (4, -1.0, "I would never let my kids grow up next to a reactor."),
    (4, -1.0, "Nuclear power is a ticking bomb and the industry keeps lying about it."),
    (5, 1.0, "I get so much more done from my kitchen table than I ever did in the office."),
    (5, 1.0, "No commute, more time with my daughter, why would I go back?"),
    (5, 1.0, "Remote work let me move home and look after my parents, I'm so grateful."),
    (5, 1.0, "Companies that allow working from home keep their best people."),
    (5, 1.0, "Honestly the happiest I've been in any job, and it's because I work remotely."),
    (5, -1.0, "I miss my colleagues, staring at a screen all day alone is depressing."),
    (5, -1.0, "New hires learn nothing when everyone sits at home."),
    (5, -1.0, "Remote work is killing our team spirit."),
    (5, -1.0, "Half the people on those calls are watching TV, let's be honest."),
    (5, -1.0, "Bring everyone back to the office, this isn't working."),
];

fn book() -> Phrasebook {
    let vocabulary = |(name, words): (&str, [&str; 6])| Vocabulary {
        name: name.to_owned(),
        words: words.map(str::to_owned).into(),
    };
    Phrasebook::new(TOPICS.map(vocabulary).into())
}

/// A reader for a topic, whose anchors know nothing of the template `unknown`.
fn reader(method: StanceMethod, topic: u16, unknown: Option<usize>) -> StanceReader {
    let texts = AnchorTexts::of_phrasebook(&book(), TopicId(topic));
    let embed = |texts: &[String]| -> Vec<Box<[f32]>> {
        let known = texts.iter().enumerate().filter(|(i, _)| Some(i % 6) != unknown);
        known.map(|(_, text)| Embedder::default().embed(text)).collect()
    };
    let anchors = Anchors::new(&embed(&texts.pro), &embed(&texts.con));
    let (name, words) = TOPICS[usize::from(topic)];
    let about: Vec<&str> = words.into_iter().chain([name]).collect();
    StanceReader::new(
        &StanceConfig { method, ..StanceConfig::default() },
        Lexicon::new(&[], &[], &about),
        anchors,
    )
}

fn read(reader: &StanceReader, text: &str) -> f32 {
    reader.read(text, &Embedder::default().embed(text)).get()
}

/// The share, in percent, of the phrasebook's sentences of a slant that are read with the right sign; of a neutral one
/// the mean stance, times 100. With `unseen`, the anchors do not know a sentence's template.
fn of_phrasebook(method: StanceMethod, slant: Slant, unseen: bool) -> f32 {
    let (mut right, mut sum, mut count) = (0, 0.0, 0);
    for topic in 0..TOPICS.len() as u16 {
        for template in 0..6 {
            let reader = reader(method, topic, unseen.then_some(usize::from(template)));
            for opener in 0..8 {
                for word in 0..6 {
                    let picks = [opener, word, word + 1 + opener % 3, opener * 3 + word];
                    let text = book().render(&Phrase { topic: TopicId(topic), slant, template, picks });
                    let stance = read(&reader, &text);
                    sum += stance;
                    right += i32::from(stance * (slant as i32 - 2) as f32 > 0.0);
                    count += 1;
                }
            }
        }
    }
    100.0 * if slant == Slant::Neutral { sum } else { right as f32 } / count as f32
}

/// How many of these sentences in ordinary language are read with the right sign.
fn of_sentences(method: StanceMethod, sentences: &[(u16, f32, &str)]) -> usize {
    let readers: Vec<_> = (0..TOPICS.len() as u16).map(|topic| reader(method, topic, None)).collect();
    sentences
        .iter()
        .filter(|&&(topic, side, text)| read(&readers[usize::from(topic)], text) * side > 0.0)
        .count()
}

/// Figures of `docs/memory.md`: the shares of the five slants, those of the strong ones with templates that the anchors
/// do not know, and how many of the first and the last twenty sentences.
fn check(method: StanceMethod, slants: [f32; 5], unseen: [f32; 2], sentences: [usize; 2]) {
    let found = Slant::ALL.map(|slant| of_phrasebook(method, slant, false).round());
    assert_eq!(found, slants, "{method:?}");
    let strong = [Slant::StronglyAgainst, Slant::StronglyFor];
    assert_eq!(strong.map(|slant| of_phrasebook(method, slant, true).round()), unseen, "{method:?}");
    let (first, last) = SENTENCES.split_at(20);
    assert_eq!([first, last].map(|half| of_sentences(method, half)), sentences, "{method:?}");
}

#[test]
fn words_are_right_where_they_tell_anything() {
    check(StanceMethod::Lexicon, [100.0, 50.0, 8.0, 67.0, 83.0], [100.0, 83.0], [15, 5]);
}

#[test]
fn anchors_know_their_own_sentences_best() {
    check(StanceMethod::Anchors, [87.0, 65.0, 11.0, 73.0, 94.0], [40.0, 60.0], [17, 13]);
}

#[test]
fn both_together_are_right_most_often() {
    check(StanceMethod::Both, [100.0, 83.0, 20.0, 93.0, 99.0], [100.0, 93.0], [19, 15]);
}
