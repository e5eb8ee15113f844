//! What all feeds of a step draw from: the live posts, ranked or hashed once for everybody.

use std::ops::Range;
use std::sync::OnceLock;

use murmur_core::{AgentId, Clock, PostId, Purpose, Step, Stream};
use murmur_store::Posts;
use rayon::prelude::*;

use crate::FeedConfig;
use crate::hot::hot_score;

/// 1 January 2024, 00:00 UTC: the moment that simulated time counts from where a formula wants an epoch.
const EPOCH_SECONDS: i64 = 1_704_067_200;

/// The live posts of a step, prepared for the sources in use.
pub(crate) struct Pool<'a> {
    posts: &'a Posts,
    clock: &'a Clock,
    /// Rows that are young enough to be shown.
    live: Range<usize>,
    /// Contents that the interest source compares with, the latest ones.
    pub(crate) contents: Range<usize>,
    /// Live roots by hot score, best first, as many as most feeds need.
    hottest: Vec<PostId>,
    /// All of them, made when a feed needs more.
    all_hot: OnceLock<Vec<PostId>>,
    /// Live rows by a keyed hash; empty when no feed samples.
    urn: Urn,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(posts: &'a Posts, config: &FeedConfig, clock: &'a Clock, seed: u64, now: Step) -> Self {
        let oldest = Step(now.0.saturating_sub(clock.steps_in(config.max_age)));
        let live = posts.first_index_since(oldest)..posts.len();
        let mut pool = Self {
            posts,
            clock,
            live,
            contents: 0..0,
            hottest: Vec::new(),
            all_hot: OnceLock::new(),
            urn: Urn::default(),
        };
        if config.interest > 0 {
            let live = pool.live_contents();
            pool.contents = live.start.max(live.end.saturating_sub(config.pool as usize))..live.end;
        }
        if config.hot > 0 {
            pool.hottest = pool.by_hot_score(config.candidates());
        }
        if config.random > 0 {
            pool.urn = Urn::new(posts, pool.live.clone(), seed, now);
        }
        pool
    }

    /// Whether the row is young enough to be shown.
    pub(crate) fn is_live(&self, post: PostId) -> bool {
        post.index() >= self.live.start
    }

    fn live_contents(&self) -> Range<usize> {
        let contents = self.posts.contents();
        contents.posts().partition_point(|&post| !self.is_live(post))..contents.len()
    }

    /// The `most` live roots of highest hot score, best first; of equal ones the older first.
    fn by_hot_score(&self, most: usize) -> Vec<PostId> {
        let score = |&post: &PostId| {
            let seconds = i64::from(self.clock.minute(self.posts.created(post)).0) * 60;
            hot_score(self.posts.likes(post), self.posts.dislikes(post), EPOCH_SECONDS + seconds)
        };
        let roots = &self.posts.contents().posts()[self.live_contents()];
        let mut ranked: Vec<Ranked> =
            roots.iter().map(|post| Ranked { score: score(post), post: *post }).collect();
        keep_best(&mut ranked, most, |a, b| b.score.total_cmp(&a.score).then(a.post.cmp(&b.post)));
        ranked.into_iter().map(|ranked| ranked.post).collect()
    }

    /// The best live roots by hot score, best first; `all_hot` goes on from there.
    pub(crate) fn hottest(&self) -> &[PostId] {
        &self.hottest
    }

    /// Every live root by hot score, best first.
    pub(crate) fn all_hot(&self) -> &[PostId] {
        self.all_hot.get_or_init(|| self.by_hot_score(usize::MAX))
    }

    /// Live rows drawn at random by `draws`, then every live row once. See [`Urn`].
    pub(crate) fn random(&self, mut draws: Stream, tries: usize) -> impl Iterator<Item = PostId> + '_ {
        let drawn = (0..tries).filter_map(move |_| self.urn.draw(&mut draws));
        drawn.chain(self.urn.rows.iter().map(|row| row.post))
    }
}

/// Live rows to draw from, so that every row is equally likely at every draw and one more row changes almost no other
/// draw.
///
/// Rows are put into bins by a keyed hash, about one or two to a bin. A draw names a bin and one of [`Urn::SLOTS`] places in it, and
/// counts if that place is taken. A row more shifts the rows of its own bin alone, until so many have come that the
/// number of bins doubles.
#[derive(Default)]
struct Urn {
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

    fn new(posts: &Posts, live: Range<usize>, seed: u64, now: Step) -> Self {
        // No agent has this id, so the hashes share no draw with any feed.
        let stream = Stream::new(seed, Purpose::Feed, now, AgentId(u32::MAX));
        let bits = (live.len() / 2).max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bits;
        let mut rows: Vec<HashedRow> = live
            .into_par_iter()
            .with_min_len(1024)
            .map(PostId::from_index)
            .map(|post| HashedRow { hash: stream.about(posts.key(post)).next_u64(), post })
            .collect();
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

    /// A row, each with the same probability; `None` if the place is empty, as most are.
    fn draw(&self, draws: &mut Stream) -> Option<PostId> {
        let number = draws.next_u64();
        let bin = (number >> self.shift) as usize;
        let place = self.starts[bin] as usize + (number as usize % Self::SLOTS);
        (place < self.starts[bin + 1] as usize).then(|| self.rows[place].post)
    }
}

struct Ranked {
    score: f64,
    post: PostId,
}

/// Keeps the `most` best of `items`, best first, where `order` puts the better one first.
pub(crate) fn keep_best<T>(
    items: &mut Vec<T>,
    most: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering + Copy,
) {
    if most == 0 {
        items.clear();
    } else if items.len() > most {
        items.select_nth_unstable_by(most - 1, order);
        items.truncate(most);
    }
    items.sort_unstable_by(order);
}
