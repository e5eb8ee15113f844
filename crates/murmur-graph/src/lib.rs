//! The social graph: who follows, mutes and blocks whom; generators of such graphs; and petgraph's `visit` traits, so
//! that petgraph's algorithms run on it without a copy.
//!
//! Entry points: [`FollowGraph`] (compact, changeable), [`SocialGraph`] (follows with mutes and blocks),
//! [`generate()`] (from a [`GraphModel`]), and [`UndirectedView`] (what the measures of a network read).
//!
//! Invariant: every list of agents is ascending and free of duplicates, and nobody follows themselves.

mod csr;
mod follows;
pub mod generate;
mod links;
mod patch;
mod social;
mod undirected;
mod visit;

pub use follows::{Built, FollowGraph};
pub use generate::{GraphError, GraphModel, generate};
pub use links::Links;
pub use patch::AgentList;
pub use social::SocialGraph;
pub use undirected::{Projection, Undirected, UndirectedView};
pub use visit::{AllFollows, FollowEdge, FollowsOf, Visited};
