//! The vocabulary that every other crate speaks: ids, simulated time, stances, texts, actions and their outcomes,
//! and keyed random streams.
//!
//! Invariant: nothing here does I/O, reads a clock or keeps state.

mod action;
pub mod heap;
mod ids;
mod outcome;
mod probability;
pub mod rng;
mod ruling;
mod stance;
mod text;
mod time;

pub use action::{Action, ActionKind, Draft, Follow, Profile, ProfileEdit};
pub use ids::{AgentId, CommentId, GroupId, MessageId, PostId, PostKey, ProductId, RecordId, TopicId};
pub use outcome::{Event, Found, JoinedGroup, Outcome, Refusal, Sent};
pub use probability::Probability;
pub use rng::{Purpose, Stream};
pub use ruling::{Effect, Ruling};
pub use stance::Stance;
pub use text::{Phrase, Slant, Text};
pub use time::{Clock, HourOfStep, Minute, Step};
