//! The random numbers of the mock server: keyed streams, so that nothing depends on the order of requests.

use murmur_core::{AgentId, Purpose, Step, Stream};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What draws about a request are for. Two parts never share a draw.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Reply = 1,
    Jitter = 2,
    Fate = 3,
}

/// The key of all draws about a request with this body.
pub(crate) fn key(seed: u64, body: &[u8]) -> u64 {
    xxh3_64_with_seed(body, seed)
}

/// The draws about the request with `key` at its attempt `attempt`; what all attempts share has attempt 0.
///
/// The server is outside of any simulation, so that one purpose serves it: the parts stand in the place of steps.
pub(crate) fn draws(key: u64, part: Part, attempt: u32) -> Stream {
    Stream::new(key, Purpose::Writing, Step(part as u32), AgentId(attempt))
}

/// One of `items`, or `None` if there are none.
pub(crate) fn pick<'a, T>(items: &'a [T], draws: &mut Stream) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[draws.below(items.len() as u32) as usize])
}

/// A uniform integer from `least` to `most`, which may be the same.
pub(crate) fn between(least: u32, most: u32, draws: &mut Stream) -> u32 {
    least + draws.below((most - least).saturating_add(1))
}
