//! The platform's public state and the rules that change it.
//!
//! [`Public`] holds what every machine of a run agrees on: the social graph, posts with their counters, comments,
//! reactions, accounts, groups and products. Agents change it by [`Public::apply`] alone: an action goes in, a
//! typed outcome comes out, and a refused action changes nothing. Interventions change what stands by them
//! ([`Moderation`]). [`OasisTables`] turns a history of events into the
//! tables that OASIS keeps.
//!
//! Invariant: nothing here knows why an agent acts, what a feed is, or who read what.

mod accounts;
mod agent_set;
mod apply;
mod engagers;
mod groups;
mod moderation;
mod naming;
mod numbers;
mod oasis_tables;
mod phrasebook;
mod platform;
mod posts;
mod products;
mod public;
mod relation;
mod search;
mod trace;
mod trend;
mod view;
mod word_index;

pub use accounts::Accounts;
pub use groups::{Group, Groups, Member, Message};
pub use moderation::{AgentMark, Moderation, Note, PostMark, Rated};
pub use naming::{Naming, Pseudonyms};
pub use oasis_tables::{OasisTable, OasisTables, OutcomeDiffers, RowSink, Value};
pub use phrasebook::{Phrasebook, Vocabulary};
pub use platform::{PlatformConfig, Rules};
pub use posts::{Comments, Contents, PostKind, Posts};
pub use products::{Product, Products};
pub use public::Public;
pub use view::{CommentView, PostView, Rating};
