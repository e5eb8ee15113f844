//! The feed of every active agent: sources rank roots, the served row of each root is found, slots are filled.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use murmur_core::{AgentId, Clock, PostId, Purpose, Step, Stream};
use murmur_store::Public;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::dot::dot_rows;
use crate::pool::{Pool, keep_best};

/// What a feed is made of: how many posts each source gives, and what the sources draw from. Slots that a source
/// cannot fill go to the others, so a feed keeps its length while there are posts to show.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeedConfig {
    /// Posts from followed accounts, those shared last first.
    pub in_network: u32,
    /// Posts nearest to the agent's interests, by the cosine of their vectors.
    pub interest: u32,
    /// Posts with the highest hot score (Reddit).
    pub hot: u32,
    /// Posts drawn uniformly from all live rows.
    pub random: u32,
    /// Simulated minutes after which a row is no longer shown, rounded up to whole steps. A fresh repost of an old post
    /// is a young row.
    pub max_age: u32,
    /// How many of the latest texts the interest source compares with.
    pub pool: u32,
    /// The interest and hot slots are drawn at random out of this many best; 0 takes the best in order.
    pub buffer: u32,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { in_network: 6, interest: 3, hot: 0, random: 1, max_age: 1440, pool: 2000, buffer: 50 }
    }
}

/// How many candidates beyond those needed a ranking keeps at hand, since an agent may not see some of them. A reader
/// that runs out of them goes through the whole ranking.
const SPARE_CANDIDATES: usize = 32;

impl FeedConfig {
    /// Posts in a full feed.
    pub fn length(&self) -> usize {
        Source::ALL.iter().map(|&source| self.slots(source)).sum()
    }

    fn slots(&self, source: Source) -> usize {
        let slots = match source {
            Source::InNetwork => self.in_network,
            Source::Interest => self.interest,
            Source::Hot => self.hot,
            Source::Random => self.random,
        };
        slots as usize
    }

    /// Length of a ranking.
    pub(crate) fn candidates(&self) -> usize {
        self.length().max(self.buffer as usize) + SPARE_CANDIDATES
    }
}

/// Where in the recommender a post of a feed came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// A followed account's row.
    InNetwork,
    /// The agent's interests.
    Interest,
    /// The hot score.
    Hot,
    /// Chance.
    Random,
}

impl Source {
    /// Every source, in the order in which they fill slots.
    pub const ALL: [Self; 4] = [Self::InNetwork, Self::Interest, Self::Hot, Self::Random];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::InNetwork => "in-network",
            Self::Interest => "interest",
            Self::Hot => "hot",
            Self::Random => "random",
        }
    }
}

/// One row of a feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Served {
    /// The row shown.
    pub post: PostId,
    /// Why it is shown.
    pub source: Source,
}

/// An agent that wants a feed.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Who reads.
    pub agent: AgentId,
    /// What it is interested in: a unit vector of the platform's dimensions.
    pub interests: &'a [f32],
}

/// The feeds of many readers, in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feeds {
    starts: Vec<u32>,
    rows: Vec<Served>,
}

impl Feeds {
    /// The feed of the `reader`-th reader, first row first.
    pub fn of(&self, reader: usize) -> &[Served] {
        &self.rows[self.starts[reader] as usize..self.starts[reader + 1] as usize]
    }

    /// The number of readers.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether nobody reads.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn collect(parts: Vec<Vec<Vec<Served>>>) -> Self {
        let mut feeds = Self { starts: vec![0], rows: Vec::new() };
        for feed in parts.into_iter().flatten() {
            feeds.rows.extend(feed);
            feeds.starts.push(feeds.rows.len() as u32);
        }
        feeds
    }
}

/// The feed of every reader at the beginning of step `now`.
///
/// A reader's own posts never appear, nor a row whose author or reposter it has muted or blocked. Of the copies of a
/// root the reader sees one: the earliest repost by somebody it follows, else the root. No row older than `max_age` is
/// served.
pub fn recommend<'a>(
    public: &Public,
    config: &FeedConfig,
    clock: &Clock,
    seed: u64,
    now: Step,
    readers: &(impl Fn(usize) -> Reader<'a> + Sync),
    count: usize,
) -> Feeds {
    let pool = Pool::new(public.posts(), config, clock, seed, now);
    let desk = Desk { public, config, pool: &pool, seed, now };
    const CHUNK: usize = 64;
    let parts = (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let mut cosines = Vec::new();
            let readers = (chunk * CHUNK..count.min((chunk + 1) * CHUNK)).map(readers);
            readers.map(|reader| desk.feed(reader, &mut cosines)).collect()
        })
        .collect();
    Feeds::collect(parts)
}

/// All that making one feed needs besides the reader.
struct Desk<'a> {
    public: &'a Public,
    config: &'a FeedConfig,
    pool: &'a Pool<'a>,
    seed: u64,
    now: Step,
}

/// The roots that a source would show a reader, best first, made as they are asked for. A root may come twice.
struct Candidates<'a> {
    source: Source,
    roots: Box<dyn Iterator<Item = PostId> + 'a>,
}

/// How near a text is to a reader.
#[derive(Clone, Copy)]
struct Nearness {
    cosine: f32,
    content: u32,
}

impl Nearness {
    /// The nearer first; of equally near ones the later.
    fn order(&self, other: &Self) -> Ordering {
        other.cosine.total_cmp(&self.cosine).then(other.content.cmp(&self.content))
    }
}

impl Desk<'_> {
    fn feed(&self, reader: Reader<'_>, cosines: &mut Vec<f32>) -> Vec<Served> {
        let mut filling =
            Filling { desk: self, viewer: reader.agent, tried: FxHashSet::default(), feed: Vec::new() };
        let mut sources: Vec<Candidates<'_>> = Source::ALL
            .into_iter()
            .filter(|&source| self.config.slots(source) > 0)
            .map(|source| Candidates { source, roots: self.candidates(source, reader, cosines) })
            .collect();
        for candidates in &mut sources {
            filling.take(candidates, self.config.slots(candidates.source));
        }
        for candidates in &mut sources {
            filling.take(candidates, self.config.length() - filling.feed.len());
        }
        interleave(filling.feed)
    }

    fn candidates<'s>(
        &'s self,
        source: Source,
        reader: Reader<'s>,
        cosines: &mut Vec<f32>,
    ) -> Box<dyn Iterator<Item = PostId> + 's> {
        let draws = Stream::new(self.seed, Purpose::Feed, self.now, reader.agent);
        let root = |row| self.public.posts().root(row);
        match source {
            Source::InNetwork => Box::new(self.in_network(reader.agent).map(root)),
            Source::Interest => {
                let best = self.shuffled(self.nearest(reader.interests, cosines), &draws);
                let rest = move || self.all_nearest(reader.interests);
                Box::new(best.into_iter().chain(std::iter::once_with(rest).flatten()))
            }
            Source::Hot => {
                let best = self.shuffled(self.pool.hottest().to_vec(), &draws);
                let rest = || self.pool.all_hot().iter().copied();
                Box::new(best.into_iter().chain(std::iter::once_with(rest).flatten()))
            }
            Source::Random => {
                let tries = TRIES_PER_SLOT * self.config.length();
                Box::new(self.pool.random(draws, tries).map(root))
            }
        }
    }

    /// Live rows of followed accounts, the latest first.
    fn in_network(&self, viewer: AgentId) -> impl Iterator<Item = PostId> + '_ {
        let posts = self.public.posts();
        let live = |row: &PostId| self.pool.is_live(*row);
        let followees = self.public.graph.follows.followees(viewer);
        // Each account's rows are chained latest first, so the heap holds one row an account, and no more rows are
        // looked at than the feed takes.
        let mut heads: BinaryHeap<PostId> =
            followees.iter().filter_map(|&author| posts.latest_by(author).filter(live)).collect();
        std::iter::from_fn(move || {
            let row = heads.pop()?;
            heads.extend(posts.earlier_by_author(row).filter(live));
            Some(row)
        })
        .filter(|&row| posts.contains(row))
    }

    /// The roots of the pool nearest to `interests`, enough for most feeds.
    fn nearest(&self, interests: &[f32], cosines: &mut Vec<f32>) -> Vec<PostId> {
        self.measure_pool(interests, cosines);
        let most = self.config.candidates();
        let mut best: Vec<Nearness> = Vec::with_capacity(2 * most);
        // Most of the pool is further away than the best so far: one comparison and done, where sorting it all would
        // cost as much as the products.
        let mut threshold = f32::NEG_INFINITY;
        for (&cosine, content) in cosines.iter().zip(self.pool.contents.start as u32..) {
            if cosine >= threshold {
                best.push(Nearness { cosine, content });
                if best.len() == 2 * most {
                    keep_best(&mut best, most, Nearness::order);
                    threshold = best[most - 1].cosine;
                }
            }
        }
        keep_best(&mut best, most, Nearness::order);
        best.iter().map(|near| self.public.posts().contents().post(near.content as usize)).collect()
    }

    /// The whole pool, the nearest first: for a reader that may not see most of the best.
    fn all_nearest(&self, interests: &[f32]) -> impl Iterator<Item = PostId> + '_ {
        let mut cosines = Vec::new();
        self.measure_pool(interests, &mut cosines);
        let contents = self.pool.contents.start as u32..;
        let mut all: Vec<Nearness> =
            cosines.iter().zip(contents).map(|(&cosine, content)| Nearness { cosine, content }).collect();
        all.sort_unstable_by(Nearness::order);
        all.into_iter().map(|near| self.public.posts().contents().post(near.content as usize))
    }

    /// The cosines of `interests` and the vectors of the pool, in its order.
    fn measure_pool(&self, interests: &[f32], cosines: &mut Vec<f32>) {
        let contents = self.public.posts().contents();
        let Range { start, end } = self.pool.contents;
        let dimensions = contents.dimensions();
        dot_rows(interests, &contents.vectors()[start * dimensions..end * dimensions], cosines);
    }

    /// `roots` with the best `buffer` of them in an order drawn for each post.
    fn shuffled(&self, mut roots: Vec<PostId>, draws: &Stream) -> Vec<PostId> {
        let best = (self.config.buffer as usize).min(roots.len());
        roots[..best]
            .sort_by_cached_key(|&root| (draws.about(self.public.posts().key(root)).next_u64(), root));
        roots
    }

    /// The row of `root` that `viewer` gets to see, if it may see any.
    ///
    /// The earliest live repost by an account that the viewer follows comes before the root. Of the viewer's own posts,
    /// and of those of authors it has muted or blocked, it sees no copy, nor of a deleted root.
    fn serve(&self, viewer: AgentId, root: PostId) -> Option<PostId> {
        let posts = self.public.posts();
        let graph = &self.public.graph;
        let author = posts.author(root);
        if author == viewer || graph.hides(viewer, author) || !posts.contains(root) {
            return None;
        }
        let followees = graph.follows.followees(viewer);
        let shown = |row: &PostId| self.pool.is_live(*row) && !graph.hides(viewer, posts.author(*row));
        let reposts = posts.repost_count(root) as usize;
        // Either list gives the same row; the shorter one is walked.
        let repost = if reposts <= followees.len() {
            let followed = |row: &PostId| graph.follows.follows(viewer, posts.author(*row));
            posts.reposts_of(root).filter(followed).filter(shown).min()
        } else {
            followees.iter().filter_map(|&agent| self.public.repost_by(agent, root)).filter(shown).min()
        };
        repost.or_else(|| self.pool.is_live(root).then_some(root))
    }
}

/// Draws from the pool for each slot of a feed before every live row is gone through. One in sixteen or more hits a
/// row.
const TRIES_PER_SLOT: usize = 128;

/// A feed being filled.
struct Filling<'a> {
    desk: &'a Desk<'a>,
    viewer: AgentId,
    tried: FxHashSet<PostId>,
    feed: Vec<Served>,
}

impl Filling<'_> {
    /// Takes up to `slots` rows from `candidates`, each root once.
    fn take(&mut self, candidates: &mut Candidates<'_>, slots: usize) {
        let enough = self.feed.len() + slots;
        while self.feed.len() < enough {
            let Some(root) = candidates.roots.next() else { return };
            if !self.tried.insert(root) {
                continue;
            }
            if let Some(post) = self.desk.serve(self.viewer, root) {
                self.feed.push(Served { post, source: candidates.source });
            }
        }
    }
}

/// Spreads each source's rows evenly over the feed, keeping their order.
fn interleave(feed: Vec<Served>) -> Vec<Served> {
    let count = |source| feed.iter().filter(|served| served.source == source).count() as u64;
    let counts = Source::ALL.map(count);
    let mut seen = [0u64; Source::ALL.len()];
    let mut placed: Vec<Placed> = feed
        .into_iter()
        .map(|served| {
            let source = served.source as usize;
            seen[source] += 1;
            // The middle of the row's share of the feed, in 2⁻³² of its length.
            let place = ((2 * seen[source] - 1) << 31) / counts[source];
            Placed { place, served }
        })
        .collect();
    placed.sort_by_key(|row| (row.place, row.served.source));
    placed.into_iter().map(|row| row.served).collect()
}

struct Placed {
    place: u64,
    served: Served,
}
