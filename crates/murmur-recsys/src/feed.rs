//! The feed of every active agent: sources rank roots, the served row of each root is found, slots are filled.

use murmur_core::{AgentId, Clock, PostId, Purpose, Step, Stream};
use murmur_store::Public;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::embed::dot;
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
    /// Simulated minutes after which a post is no longer shown.
    pub max_age: u32,
    /// How many of the latest texts the interest source compares with.
    pub pool: u32,
    /// The interest and hot slots are drawn at random out of this many best; 0 takes the best in order.
    pub buffer: u32,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { in_network: 6, interest: 3, hot: 0, random: 1, max_age: 1440, pool: 4000, buffer: 50 }
    }
}

/// How many candidates beyond those needed a ranking keeps, since an agent may not see some of them.
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
/// root the reader sees one: the earliest repost by somebody it follows, else the root.
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
            let mut scores = Vec::new();
            let readers = (chunk * CHUNK..count.min((chunk + 1) * CHUNK)).map(readers);
            readers.map(|reader| desk.feed(reader, &mut scores)).collect()
        })
        .collect();
    Feeds::collect(parts)
}

/// All that making one feed needs besides the reader.
struct Desk<'a> {
    public: &'a Public,
    config: &'a FeedConfig,
    pool: &'a Pool,
    seed: u64,
    now: Step,
}

/// How near a text is to a reader.
#[derive(Clone, Copy)]
struct Nearness {
    cosine: f32,
    content: u32,
}

impl Desk<'_> {
    fn feed(&self, reader: Reader<'_>, scores: &mut Vec<Nearness>) -> Vec<Served> {
        let mut draws = Stream::new(self.seed, Purpose::Feed, self.now, reader.agent);
        let mut filling = Filling { desk: self, viewer: reader.agent, roots: Vec::new(), feed: Vec::new() };
        let mut sources: Vec<Candidates> = Source::ALL
            .into_iter()
            .filter(|&source| self.config.slots(source) > 0)
            .map(|source| Candidates {
                source,
                roots: self.candidates(source, reader, &mut draws, scores).into_iter(),
            })
            .collect();
        for candidates in &mut sources {
            filling.take(candidates, self.config.slots(candidates.source));
        }
        for candidates in &mut sources {
            filling.take(candidates, self.config.length() - filling.feed.len());
        }
        interleave(filling.feed)
    }

    /// The roots that `source` would show `reader`, best first, with some to spare.
    fn candidates(
        &self,
        source: Source,
        reader: Reader<'_>,
        draws: &mut Stream,
        scores: &mut Vec<Nearness>,
    ) -> Vec<PostId> {
        match source {
            Source::InNetwork => self.in_network(reader.agent),
            Source::Interest => {
                let mut roots = self.nearest(reader.interests, scores);
                self.shuffle_best(&mut roots, draws);
                roots
            }
            Source::Hot => {
                let mut roots = self.pool.hot.clone();
                self.shuffle_best(&mut roots, draws);
                roots
            }
            Source::Random => self.random(draws),
        }
    }

    /// Roots that followed accounts wrote or shared, the latest row first.
    fn in_network(&self, viewer: AgentId) -> Vec<PostId> {
        let posts = self.public.posts();
        let most = self.config.candidates();
        let mut rows: Vec<PostId> = Vec::new();
        for &author in self.public.graph.follows.followees(viewer) {
            rows.extend(posts.by_author(author).take_while(|&row| self.pool.is_live(row)).take(most));
        }
        keep_best(&mut rows, most, |a, b| b.cmp(a));
        rows.into_iter().map(|row| posts.root(row)).collect()
    }

    /// Roots of the pool by the cosine of their vector with `interests`, the nearest first.
    fn nearest(&self, interests: &[f32], scores: &mut Vec<Nearness>) -> Vec<PostId> {
        let contents = self.public.posts().contents();
        let range = self.pool.contents.clone();
        let dimensions = contents.dimensions();
        let vectors = &contents.vectors()[range.start * dimensions..range.end * dimensions];
        scores.clear();
        scores.extend(
            vectors
                .chunks_exact(dimensions)
                .zip(range.start as u32..)
                .map(|(vector, content)| Nearness { cosine: dot(interests, vector), content }),
        );
        keep_best(scores, self.config.candidates(), |a, b| {
            b.cosine.total_cmp(&a.cosine).then(b.content.cmp(&a.content))
        });
        scores.iter().map(|near| contents.post(near.content as usize)).collect()
    }

    /// Puts the best `buffer` of `roots` in an order drawn for each post, and leaves the rest behind them.
    fn shuffle_best(&self, roots: &mut [PostId], draws: &Stream) {
        let best = (self.config.buffer as usize).min(roots.len());
        roots[..best]
            .sort_by_cached_key(|&root| (draws.about(self.public.posts().key(root)).next_u64(), root));
    }

    /// Roots met at random places of the pool's ring: for each slot of the feed its own place, then the rows next to
    /// these places, for slots whose row cannot be shown.
    fn random(&self, draws: &mut Stream) -> Vec<PostId> {
        const STEPS: usize = 4;
        let posts = self.public.posts();
        let places: Vec<Vec<PostId>> = (0..self.config.length())
            .map(|_| self.pool.from_point(draws.next_u64()).take(STEPS).collect())
            .collect();
        let nth = |step: usize| places.iter().filter_map(move |rows| rows.get(step));
        (0..STEPS).flat_map(nth).map(|&row| posts.root(row)).collect()
    }

    /// The row of `root` that `viewer` gets to see, if it may see any.
    ///
    /// The earliest repost by an account that the viewer follows comes before the root. Of the viewer's own posts, and
    /// of those of authors it has muted or blocked, it sees no copy, nor of a deleted root.
    fn serve(&self, viewer: AgentId, root: PostId) -> Option<PostId> {
        let posts = self.public.posts();
        let graph = &self.public.graph;
        let author = posts.author(root);
        if author == viewer || graph.hides(viewer, author) || !posts.contains(root) {
            return None;
        }
        let followees = graph.follows.followees(viewer);
        let shown = |row: &PostId| !graph.hides(viewer, posts.author(*row));
        let reposts = posts.repost_count(root) as usize;
        // Either list gives the same row; the shorter one is walked.
        let repost = if reposts <= followees.len() {
            let followed = |row: &PostId| graph.follows.follows(viewer, posts.author(*row));
            posts.reposts_of(root).filter(followed).filter(shown).min()
        } else {
            followees.iter().filter_map(|&agent| self.public.repost_by(agent, root)).filter(shown).min()
        };
        Some(repost.unwrap_or(root))
    }
}

/// The rest of a source's ranking.
struct Candidates {
    source: Source,
    roots: std::vec::IntoIter<PostId>,
}

/// A feed being filled.
struct Filling<'a> {
    desk: &'a Desk<'a>,
    viewer: AgentId,
    roots: Vec<PostId>,
    feed: Vec<Served>,
}

impl Filling<'_> {
    /// Takes up to `slots` rows from `candidates`, each root once.
    fn take(&mut self, candidates: &mut Candidates, slots: usize) {
        let enough = self.feed.len() + slots;
        while self.feed.len() < enough {
            let Some(root) = candidates.roots.next() else { return };
            if self.roots.contains(&root) {
                continue;
            }
            self.roots.push(root);
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
