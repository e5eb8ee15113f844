//! The platform's public state and the rules that change it.
//!
//! [`Public`] holds what every machine of a run agrees on: the social graph, posts with their counters, comments and
//! reactions. [`Public::apply`] is the only way to change it: an action goes in, a typed outcome comes out, and a
//! refused action changes nothing.
//!
//! Invariant: nothing here knows why an agent acts, what a feed is, or who read what.

mod apply;
mod phrasebook;
mod posts;
mod public;

pub use phrasebook::{Phrasebook, Vocabulary};
pub use posts::{Comments, Contents, PostKind, Posts};
pub use public::Public;
