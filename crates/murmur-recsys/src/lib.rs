//! What an agent is shown: text embedding and feeds.
//!
//! [`HashedEmbedder`] turns texts into unit vectors. [`recommend`] builds the feed of every active agent from the
//! world as it stood when the step began: sources rank roots, [`serve`](feed) picks the row of a root that the agent
//! gets to see, and the feed's slots are filled in turn.
//!
//! Invariant: nothing here writes. A feed depends on the public state, the agent's own vector and keyed draws.

mod dot;
mod embed;
mod feed;
mod hot;
mod pool;

pub use dot::dot;
pub use embed::HashedEmbedder;
pub use feed::{FeedConfig, Feeds, Reader, Served, Source, recommend};
pub use hot::hot_score;
