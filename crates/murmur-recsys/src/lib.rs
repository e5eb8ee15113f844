//! What an agent is shown: text embedding and feeds.
//!
//! An [`Embedder`] turns texts into unit vectors. A [`Recommender`] makes the feeds of active agents from the world as it
//! stood when the step began. A feed is a list of stages in a configuration ([`FeedConfig`]): sources give roots, filters
//! find the row of each that the agent gets to see, or turn it away, scorers rank what is left and a selector chooses.
//!
//! [`score_notes`] says which notes under posts bridge camps of raters.
//!
//! Invariant: nothing here writes to the platform. A feed depends on public state, on what the reader itself has read and
//! believes, and on keyed draws.

mod config;
mod dot;
mod embed;
mod hot;
mod index;
mod notes;
mod plan;
mod pool;
mod presets;
mod recommend;
mod recommender;
mod score;
mod seen;
mod select;
mod sieve;
mod sources;
mod suggest;
mod tastes;
mod urn;
mod x_score;

pub use config::{
    EngagementConfig, FeedConfig, FilterConfig, PipelineConfig, ScorerConfig, SelectorConfig, Source,
    SourceConfig,
};
pub use dot::dot;
pub use embed::{Embedder, HashedEmbedder, StaticEmbedder};
pub use hot::hot_score;
pub use index::{
    Compared, ExactScan, HnswGraphs, IndexConfig, InvertedLists, Near, PostIndex, Scratch, Searcher, Vectors,
};
pub use notes::{NoteRating, NoteScore, score_notes};
pub use presets::Preset;
pub use recommend::{Ask, Counts, Feeds, Foresee, Reader, Scored, Served, SourceCounts};
pub use recommender::Recommender;
pub use score::Engagement;
pub use seen::{Seen, SeenLists, SeenPost};
pub use sieve::Filter;
pub use suggest::{Suggested, SuggestionConfig};
pub use x_score::{fame, recency};
