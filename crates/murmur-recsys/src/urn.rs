//! Uniform draws of live rows that one more row hardly changes.

use std::ops::Range;

use murmur_core::{AgentId, PostId, Purpose, Step, Stream};
use murmur_store::Public;
use rayon::prelude::*;

use crate::pool::is_for_nobody;

/// Live rows to draw from, so that every row is equally likely at every draw and one more row changes almost no other
/// draw. Rows that nobody is shown are left out.
///
/// Rows are put into bins by a keyed hash, about one or two to a bin. A draw names a bin and one of [`Urn::SLOTS`] places in it, and
/// counts if that place is taken. A row more shifts the rows of its own bin alone, until so many have come that the
/// number of bins doubles.
#[derive(Default)]
pub(crate) struct Urn {
    /// By hash.
    rows: Vec<HashedRow>,
    /// Where each bin begins in `rows`, and the end of the last.
    starts: Vec<u32>,
    /// Shift that leaves a hash's bin.
    shift: u32,
}

struct HashedRow {
    hash: u64,
    post: PostId,
}

impl Urn {
    /// Places in a bin. With two rows to a bin on average, one bin in 10¹⁰ has more, which then cannot be drawn.
    const SLOTS: usize = 16;

    pub(crate) fn new(public: &Public, live: Range<usize>, seed: u64, now: Step) -> Self {
        let posts = public.posts();
        // No agent has this id, so the hashes share no draw with any feed.
        let stream = Stream::new(seed, Purpose::Feed, now, AgentId(u32::MAX));
        let mut rows: Vec<HashedRow> = live
            .into_par_iter()
            .with_min_len(1024)
            .map(PostId::from_index)
            .map(|post| HashedRow { hash: stream.about(posts.key(post)).next_u64(), post })
            .collect();
        if !public.moderation().is_empty() {
            rows.retain(|row| !is_for_nobody(public, row.post));
        }
        let bits = (rows.len() / 2).max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bits;
        rows.par_sort_unstable_by_key(|row| (row.hash, row.post));
        let mut starts = vec![0u32; (1 << bits) + 1];
        for row in &rows {
            starts[(row.hash >> shift) as usize + 1] += 1;
        }
        for bin in 1..starts.len() {
            starts[bin] += starts[bin - 1];
        }
        Self { rows, starts, shift }
    }

    /// What `tries` draws hit.
    pub(crate) fn draws(&self, mut draws: Stream, tries: usize) -> impl Iterator<Item = PostId> + '_ {
        (0..tries).filter_map(move |_| self.draw(&mut draws))
    }

    /// Every row, by its hash.
    pub(crate) fn rows(&self) -> impl Iterator<Item = PostId> + '_ {
        self.rows.iter().map(|row| row.post)
    }

    /// A row, each with the same probability; `None` if the place is empty, as most are.
    fn draw(&self, draws: &mut Stream) -> Option<PostId> {
        let number = draws.next_u64();
        let bin = (number >> self.shift) as usize;
        let place = self.starts[bin] as usize + (number as usize % Self::SLOTS);
        (place < self.starts[bin + 1] as usize).then(|| self.rows[place].post)
    }
}
