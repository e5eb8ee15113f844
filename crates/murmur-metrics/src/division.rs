//! How far a population is divided: into communities, into sides that do not walk over to each other, into readers that
//! read their own.
//!
//! A number alone says little: random networks have communities too, and who follows like-minded hubs seems divided.
//! So each measure stands beside what it comes to when ties are dealt again at random while everybody keeps as many of
//! them. Draws are keyed, so the same input gives the same bits on any number of threads.

mod communities;
mod echo;
mod measured;
mod network;
mod partition;
mod reads;
mod swaps;
mod ties;
mod walks;

pub use communities::{Communities, communities};
pub use echo::{JOINT_BINS, JointDensity, neighbour_leanings};
pub use measured::Measured;
pub use network::{NetworkDivision, PartitionDivision, divide_network};
pub use partition::{NOBODY, Partition};
pub use reads::{Copies, Passing, Reading, STANCE_BINS, passing, reading};
pub use swaps::{ATTEMPTS, rewire};
pub use ties::{Sample, Ties};
pub use walks::{controversy, hubs};

/// How division is measured.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DivisionSettings {
    /// How often ties are dealt again; 0 leaves means, spreads and z out.
    pub rewirings: u32,
    /// How many of the best connected of either side end a random walk.
    pub hubs: u32,
    /// Above this many ties, or reads, rewiring works on a sample of about that size.
    pub sample: u32,
    /// Above this many ties, communities are looked for in that sample too.
    pub communities: u32,
    /// Seed of all draws.
    pub seed: u64,
}

impl Default for DivisionSettings {
    fn default() -> Self {
        Self { rewirings: 100, hubs: 10, sample: 250_000, communities: 30_000_000, seed: 0 }
    }
}
