//! What all feeds of a step draw from: the live posts, ranked or hashed once for everybody.

use std::ops::Range;

use murmur_core::{AgentId, Clock, PostId, Purpose, Step, Stream};
use murmur_store::Posts;

use crate::FeedConfig;
use crate::hot::hot_score;

/// 1 January 2024, 00:00 UTC: the moment that simulated time counts from where a formula wants an epoch.
const EPOCH_SECONDS: i64 = 1_704_067_200;

/// The live posts of a step, prepared for the sources in use.
pub(crate) struct Pool {
    /// Rows that are young enough to be shown.
    live: Range<usize>,
    /// Contents that the interest source compares with, the latest ones.
    pub(crate) contents: Range<usize>,
    /// Live roots by hot score, best first, as many as any feed could need.
    pub(crate) hot: Vec<PostId>,
    /// Live rows by a keyed hash; empty when no feed samples.
    ring: Vec<RingPoint>,
}

struct RingPoint {
    at: u64,
    post: PostId,
}

impl Pool {
    pub(crate) fn new(posts: &Posts, config: &FeedConfig, clock: &Clock, seed: u64, now: Step) -> Self {
        let oldest = Step(now.0.saturating_sub(clock.steps_in(config.max_age)));
        let live = posts.first_index_since(oldest)..posts.len();
        let mut pool = Self { live, contents: 0..0, hot: Vec::new(), ring: Vec::new() };
        if config.interest > 0 {
            pool.contents = pool.latest_contents(posts, config.pool as usize);
        }
        if config.hot > 0 {
            pool.hot = pool.hottest(posts, clock, config.candidates());
        }
        if config.random > 0 {
            pool.ring = pool.hash_ring(posts, seed, now);
        }
        pool
    }

    /// Whether the row is young enough to be shown.
    pub(crate) fn is_live(&self, post: PostId) -> bool {
        post.index() >= self.live.start
    }

    fn latest_contents(&self, posts: &Posts, most: usize) -> Range<usize> {
        let contents = posts.contents();
        let first = contents.posts().partition_point(|&post| !self.is_live(post));
        first.max(contents.len().saturating_sub(most))..contents.len()
    }

    fn hottest(&self, posts: &Posts, clock: &Clock, most: usize) -> Vec<PostId> {
        let contents = posts.contents();
        let first = contents.posts().partition_point(|&post| !self.is_live(post));
        let mut scored: Vec<Ranked> = contents.posts()[first..]
            .iter()
            .map(|&post| {
                let seconds = i64::from(clock.minute(posts.created(post)).0) * 60;
                let score = hot_score(posts.likes(post), posts.dislikes(post), EPOCH_SECONDS + seconds);
                Ranked { score, post }
            })
            .collect();
        keep_best(&mut scored, most, |a, b| b.score.total_cmp(&a.score).then(a.post.cmp(&b.post)));
        scored.into_iter().map(|ranked| ranked.post).collect()
    }

    fn hash_ring(&self, posts: &Posts, seed: u64, now: Step) -> Vec<RingPoint> {
        // No agent has this id, so the ring shares no draw with any feed.
        let stream = Stream::new(seed, Purpose::Feed, now, AgentId(u32::MAX));
        let mut ring: Vec<RingPoint> = self
            .live
            .clone()
            .map(PostId::from_index)
            .map(|post| RingPoint { at: stream.about(posts.key(post)).next_u64(), post })
            .collect();
        ring.sort_unstable_by_key(|point| (point.at, point.post));
        ring
    }

    /// The live rows from a random place of the hash ring on, once round.
    ///
    /// Every row is equally likely to come first, and one more row elsewhere on the ring changes nobody else's draw.
    pub(crate) fn from_point(&self, at: u64) -> impl Iterator<Item = PostId> + '_ {
        let start = self.ring.partition_point(|point| point.at < at);
        self.ring[start..].iter().chain(&self.ring[..start]).map(|point| point.post)
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
