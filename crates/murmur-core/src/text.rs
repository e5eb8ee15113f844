//! What an agent writes, kept as a few bytes where it can be rendered again.

use std::sync::Arc;

use crate::TopicId;

/// The content of a post, quote or comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Text {
    /// A recipe that a phrasebook renders when somebody reads it.
    Phrase(Phrase),
    /// The words themselves: a user's file, a seeded post, a language model.
    Own(Arc<str>),
}

impl Text {
    /// The words `text`.
    pub fn own(text: &str) -> Self {
        Self::Own(text.into())
    }
}

/// A template of the phrasebook with its slots: eight bytes that stand for a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Phrase {
    /// What it is about.
    pub topic: TopicId,
    /// How it leans.
    pub slant: Slant,
    /// Which template of the bank for that slant, taken modulo the bank's length.
    pub template: u8,
    /// Which filler each slot takes, taken modulo the number of fillers.
    pub picks: [u8; 4],
}

/// The lean of a text, in five classes of stance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Slant {
    /// Stance below -0.6.
    StronglyAgainst,
    /// Stance from -0.6 to below -0.2.
    Against,
    /// Stance from -0.2 to 0.2.
    Neutral,
    /// Stance above 0.2 to 0.6.
    For,
    /// Stance above 0.6.
    StronglyFor,
}

impl Slant {
    /// Every slant, from against to for.
    pub const ALL: [Self; 5] =
        [Self::StronglyAgainst, Self::Against, Self::Neutral, Self::For, Self::StronglyFor];

    /// The class that `stance` falls in.
    pub fn of(stance: crate::Stance) -> Self {
        match stance.get() {
            s if s < -0.6 => Self::StronglyAgainst,
            s if s < -0.2 => Self::Against,
            s if s <= 0.2 => Self::Neutral,
            s if s <= 0.6 => Self::For,
            _ => Self::StronglyFor,
        }
    }
}
