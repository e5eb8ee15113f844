//! From readers to feeds: the pipelines, carried out for many readers at once.
//!
//! Readers are put in the order of the index's parts, so that those who look at the same part of it come together, and
//! served in groups. Within a group each stage is done for all before the next begins.

use murmur_core::{AgentId, Clock, PostId, Step};
use murmur_store::{PostKind, Posts, Public};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::config::{PipelineConfig, ScorerConfig, Source};
use crate::dot::dot;
use crate::index::{
    Compared, ExactScan, IndexConfig, Near, PostIndex, Scratch as SearchScratch, Searcher, Vectors,
};
use crate::plan::Plan;
use crate::pool::{Pool, draws};
use crate::score::{Engagement, ScoreScratch};
use crate::seen::Seen;
use crate::select;
use crate::sieve::{Dropped, Filter, Sieve, SieveMemory};
use crate::sources::{Reach, Wanted};
use crate::tastes::Tastes;

/// Readers served together by one thread.
const GROUP: usize = 64;

/// Candidates that there is room for without growing.
const ROOM: usize = 256;

/// Of an agent's last rows, how many are looked through for one in its own words.
const ROWS_OF_ITS_OWN: usize = 32;

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
    /// What its profile says: a unit vector of the platform's dimensions, or zero.
    pub profile: &'a [f32],
    /// The topics it cares about, one bit each.
    pub topics: u64,
    /// What it has read lately.
    pub seen: &'a Seen,
}

/// Adds to a list what the reader of that number would do about each of these rows.
pub type Foresee<'a> = dyn Fn(usize, &[PostId], &mut Vec<Engagement>) + Sync + 'a;

/// Who wants feeds, when, and what only they know.
pub struct Ask<'a> {
    /// The platform as it stands.
    pub public: &'a Public,
    /// Steps to simulated time.
    pub clock: &'a Clock,
    /// The seed of the run.
    pub seed: u64,
    /// The step.
    pub now: Step,
    /// Number of readers.
    pub count: usize,
    /// Each reader.
    pub reader: &'a (dyn Fn(usize) -> Reader<'a> + Sync),
    /// Adds what a reader would do about each of these rows.
    pub engagement: &'a Foresee<'a>,
    /// 1 − |stance − opinion| of a root and a reader; 0 for a post without a topic.
    pub agreement: &'a (dyn Fn(usize, PostId) -> f32 + Sync),
}

/// How many candidates came through a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SourceCounts {
    /// Looked at.
    pub offered: u64,
    /// Passed the filters.
    pub kept: u64,
    /// Came into a feed.
    pub served: u64,
}

/// What went in and out of the stages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// By source.
    pub sources: [SourceCounts; Source::ALL.len()],
    /// Candidates turned away, by filter.
    pub dropped: Dropped,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        for (sum, source) in self.sources.iter_mut().zip(&other.sources) {
            sum.offered += source.offered;
            sum.kept += source.kept;
            sum.served += source.served;
        }
        for (sum, dropped) in self.dropped.iter_mut().zip(&other.dropped) {
            *sum += dropped;
        }
    }
}

/// How many posts a score was worked out for, in making one feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scored {
    /// Live posts whose cosine or x-score with the reader's text searches worked out, found worthy or not.
    pub searched: Compared,
    /// Candidates that the scorers of pipelines ranked.
    pub ranked: u32,
}

impl Scored {
    pub(crate) fn add(&mut self, searched: Compared) {
        self.searched.exactly += searched.exactly;
        self.searched.estimated += searched.estimated;
    }
}

/// The feeds of many readers, in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feeds {
    starts: Vec<u32>,
    rows: Vec<Served>,
    scored: Vec<Scored>,
    counts: Counts,
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

    /// How many posts were scored for the `reader`-th reader.
    pub fn scored(&self, reader: usize) -> Scored {
        self.scored[reader]
    }

    /// What went in and out of the stages.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The feeds of `count` readers, each of whom is in one group.
    pub(crate) fn collect(count: usize, groups: &[Group]) -> Self {
        let mut counts = Counts::default();
        let mut lengths = vec![0; count];
        let mut scored = vec![Scored::default(); count];
        for group in groups {
            counts.add(&group.counts);
            for feed in &group.feeds {
                lengths[feed.reader] = feed.length;
                scored[feed.reader] = feed.scored;
            }
        }
        let mut starts = vec![0u32];
        starts.extend(lengths.iter().scan(0, |end, &length| {
            *end += length as u32;
            Some(*end)
        }));
        let nothing = Served { post: PostId::from_index(0), source: Source::Random };
        let mut rows = vec![nothing; starts[count] as usize];
        for group in groups {
            let mut of_group = group.rows.as_slice();
            for feed in &group.feeds {
                let (of_feed, rest) = of_group.split_at(feed.length);
                let start = starts[feed.reader] as usize;
                rows[start..start + feed.length].copy_from_slice(of_feed);
                of_group = rest;
            }
        }
        Self { starts, rows, scored, counts }
    }
}

/// A feed and whose it is.
struct ReadersFeed {
    reader: usize,
    /// Its number of rows.
    length: usize,
    scored: Scored,
}

/// What came of readers served together.
pub(crate) struct Group {
    feeds: Vec<ReadersFeed>,
    /// The rows of one feed after the other.
    rows: Vec<Served>,
    counts: Counts,
}

/// A post that a feed may show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// The row that the reader would see.
    pub(crate) row: PostId,
    pub(crate) root: PostId,
    pub(crate) source: Source,
    pub(crate) score: f32,
}

/// A row chosen for a feed.
#[derive(Clone, Copy)]
struct Chosen {
    candidate: Candidate,
    /// The pipeline whose slot it takes.
    pipeline: usize,
}

/// A reader being served.
pub(crate) struct Tray<'a> {
    pub(crate) index: usize,
    pub(crate) reader: Reader<'a>,
    pub(crate) sieve: Sieve<'a>,
    /// The vector of the reader's text: its profile and its latest post.
    pub(crate) query: Vec<f32>,
    /// Roots that are in the feed or candidates of the pipeline at work.
    pub(crate) taken: FxHashSet<PostId>,
    /// Candidates of the pipeline at work.
    pub(crate) candidates: Vec<Candidate>,
    /// Candidates of pipelines done that found no place, best first.
    rest: Vec<Chosen>,
    feed: Vec<Chosen>,
    pub(crate) scored: Scored,
}

impl Tray<'_> {
    /// Its memory, emptied.
    fn into_memory(self) -> TrayMemory {
        let Self { sieve, query, mut taken, mut candidates, mut rest, mut feed, .. } = self;
        taken.clear();
        candidates.clear();
        rest.clear();
        feed.clear();
        TrayMemory { sieve: sieve.into_memory(), query, taken, candidates, rest, feed }
    }
}

/// What a tray holds that is used again for other readers.
#[derive(Default)]
struct TrayMemory {
    sieve: SieveMemory,
    query: Vec<f32>,
    taken: FxHashSet<PostId>,
    candidates: Vec<Candidate>,
    rest: Vec<Chosen>,
    feed: Vec<Chosen>,
}

/// Memory used again from reader to reader.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) search: SearchScratch,
    pub(crate) near: Vec<Near>,
    pub(crate) score: ScoreScratch,
    trays: Vec<TrayMemory>,
    scores: Vec<f32>,
    order: Vec<u32>,
    placed: Vec<PlacedRow>,
    counts: Vec<RowCount>,
}

/// All that serving needs besides the readers.
pub(crate) struct Desk<'a> {
    pub(crate) public: &'a Public,
    pub(crate) clock: &'a Clock,
    pub(crate) seed: u64,
    pub(crate) now: Step,
    pub(crate) plan: &'a Plan,
    pub(crate) pool: &'a Pool<'a>,
    pub(crate) index: &'a PostIndex,
    /// Finds the texts nearest to a reader's.
    pub(crate) nearest: Searcher<'a>,
    /// Finds those of highest x-score.
    pub(crate) by_x_score: Searcher<'a>,
    /// Finds the nearest among all, however many are turned away.
    pub(crate) whole: Searcher<'a>,
    pub(crate) tastes: &'a Tastes,
    pub(crate) engagement: &'a Foresee<'a>,
    pub(crate) agreement: &'a (dyn Fn(usize, PostId) -> f32 + Sync),
}

/// The feeds that `plan` makes for these of the readers that `ask` is about.
pub(crate) fn recommend(
    plan: &Plan,
    index: &PostIndex,
    tastes: &Tastes,
    ask: &Ask<'_>,
    readers: Vec<usize>,
) -> Vec<Group> {
    let preparing = tracing::info_span!("prepare").entered();
    let pool = Pool::new(ask.public, plan, ask.clock, ask.seed, ask.now, tastes.topics());
    let vectors = vectors(ask.public);
    let scan = PostIndex::new(IndexConfig::Exact(ExactScan {}), 0);
    let desk = Desk {
        public: ask.public,
        clock: ask.clock,
        seed: ask.seed,
        now: ask.now,
        plan,
        pool: &pool,
        index,
        nearest: index.searcher(vectors, pool.contents.clone()),
        by_x_score: index.weighted_searcher(vectors, pool.weighted.clone(), &pool.weights),
        whole: scan.searcher(vectors, pool.contents.clone()),
        tastes,
        engagement: ask.engagement,
        agreement: ask.agreement,
    };
    drop(preparing);
    desk.reading_order(ask, readers)
        .par_chunks(GROUP)
        .map_init(Scratch::default, |scratch, readers| {
            desk.serve(readers.iter().map(|&index| (index, (ask.reader)(index))), scratch)
        })
        .collect()
}

impl<'a> Desk<'a> {
    /// The readers by the parts of the index that their texts fall in, where it has parts.
    fn reading_order(&self, ask: &Ask<'_>, mut order: Vec<usize>) -> Vec<usize> {
        if order.len() > GROUP && self.plan.asks(Source::Interest) {
            let part = |(text, scratch): &mut (Vec<f32>, SearchScratch), &index: &usize| {
                put_text_of(self.public.posts(), &(ask.reader)(index), text);
                self.index.neighbourhood_of(text, scratch)
            };
            let parts: Vec<Option<u32>> =
                order.par_iter().with_min_len(GROUP).map_init(Default::default, part).collect();
            let mut by_part: Vec<(Option<u32>, usize)> = parts.into_iter().zip(order).collect();
            by_part.sort_unstable();
            order = by_part.into_iter().map(|(_, index)| index).collect();
        }
        order
    }

    fn serve<'r>(&self, readers: impl Iterator<Item = (usize, Reader<'r>)>, scratch: &mut Scratch) -> Group
    where
        'a: 'r,
    {
        let mut counts = Counts::default();
        let memory = &mut scratch.trays;
        let tray = |(index, reader)| self.tray(index, reader, memory.pop().unwrap_or_default());
        let mut trays: Vec<Tray<'_>> = readers.map(tray).collect();
        for (place, pipeline) in self.plan.pipelines.iter().enumerate() {
            self.carry_out(place, pipeline, &mut trays, &mut counts, scratch);
        }
        for tray in &mut trays {
            self.fill(tray, &mut counts, scratch);
        }
        let mut rows = Vec::with_capacity(trays.len() * self.plan.length());
        let mut feeds = Vec::with_capacity(trays.len());
        for tray in trays {
            interleave(&tray.feed, self.plan, scratch, &mut rows);
            feeds.push(ReadersFeed { reader: tray.index, length: tray.feed.len(), scored: tray.scored });
            scratch.trays.push(tray.into_memory());
        }
        for served in &rows {
            counts.sources[served.source as usize].served += 1;
        }
        Group { feeds, rows, counts }
    }

    fn tray<'r>(&self, index: usize, reader: Reader<'r>, memory: TrayMemory) -> Tray<'r>
    where
        'a: 'r,
    {
        let TrayMemory { sieve, mut query, mut taken, candidates, rest, feed } = memory;
        let first_live = self.pool.rows.start;
        put_text_of(self.public.posts(), &reader, &mut query);
        taken.reserve(2 * ROOM);
        Tray {
            index,
            reader,
            sieve: Sieve::new(self.public, &self.plan.filters, first_live, reader.agent, reader.seen, sieve),
            query,
            taken,
            candidates,
            rest,
            feed,
            scored: Scored::default(),
        }
    }

    /// Carries one pipeline out for all trays, stage by stage.
    fn carry_out(
        &self,
        place: usize,
        pipeline: &PipelineConfig,
        trays: &mut [Tray<'_>],
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        let factors = self.public.moderation().has_factors();
        if factors && pipeline.scorer.is_empty() {
            let _span = tracing::info_span!("factors").entered();
            for tray in &mut *trays {
                self.gather_by_factors(tray, pipeline, counts, scratch);
            }
        } else {
            self.gather_all(pipeline, trays, counts, scratch);
        }
        if !pipeline.scorer.is_empty() {
            trays.iter_mut().for_each(|tray| tray.scored.ranked += tray.candidates.len() as u32);
        }
        for scorer in pipeline.terms_then_factors() {
            let _span = scorer_span(scorer).entered();
            for tray in &mut *trays {
                self.score(tray, scorer, &mut scratch.score);
            }
        }
        if factors && !pipeline.scorer.is_empty() {
            trays.iter_mut().for_each(|tray| self.moderate(tray));
        }
        let _span = tracing::info_span!("select").entered();
        for tray in trays {
            self.select(tray, place, pipeline, counts, scratch);
        }
    }

    /// Adds to the trays what the sources of a pipeline give.
    fn gather_all(
        &self,
        pipeline: &PipelineConfig,
        trays: &mut [Tray<'_>],
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        for source in &pipeline.source {
            let _span = source_span(source.kind).entered();
            for tray in &mut *trays {
                let most = pipeline.wanted(source);
                let wanted = Wanted { source: source.kind, most, reach: Reach::Near };
                self.gather(tray, pipeline, wanted, counts, scratch);
            }
        }
    }

    /// The same for one tray, of a pipeline without scorers while some root has a factor. If one has among the candidates,
    /// looking further than else, each candidate gets 1 / (1 + its place) times its factor as its score; who meets none
    /// gets what it would get without factors in the world.
    fn gather_by_factors(
        &self,
        tray: &mut Tray<'_>,
        pipeline: &PipelineConfig,
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        let mut looked = Counts::default();
        for source in &pipeline.source {
            let most = pipeline.wanted_to_rank(source);
            let wanted = Wanted { source: source.kind, most, reach: Reach::Near };
            self.gather(tray, pipeline, wanted, &mut looked, scratch);
        }
        let moderation = self.public.moderation();
        if tray.candidates.iter().any(|candidate| moderation.factor(candidate.root) != 1.0) {
            for (place, candidate) in tray.candidates.iter_mut().enumerate() {
                candidate.score = 1.0 / (1 + place) as f32;
            }
            self.moderate(tray);
            counts.add(&looked);
        } else {
            for candidate in tray.candidates.drain(..) {
                tray.taken.remove(&candidate.root);
            }
            self.gather_all(pipeline, std::slice::from_mut(tray), counts, scratch);
        }
    }

    /// Fills the slots of the pipeline at work; its other candidates go to the rest.
    fn select(
        &self,
        tray: &mut Tray<'_>,
        place: usize,
        pipeline: &PipelineConfig,
        counts: &mut Counts,
        scratch: &mut Scratch,
    ) {
        let posts = self.public.posts();
        let stream = draws(self.seed, self.now, tray.reader.agent);
        let candidates = std::mem::take(&mut tray.candidates);
        let Scratch { scores, order, .. } = scratch;
        scores.clear();
        scores.extend(candidates.iter().map(|candidate| candidate.score));
        let vector = |candidate: usize| posts.vector(candidates[candidate].root);
        select::order(
            &pipeline.selector,
            scores,
            |candidate| stream.about(posts.key(candidates[candidate].root)),
            |a, b| dot(vector(a), vector(b)),
            pipeline.slots as usize,
            order,
        );
        let enough = tray.feed.len() + pipeline.slots as usize;
        for &candidate in &*order {
            let chosen = Chosen { candidate: candidates[candidate as usize], pipeline: place };
            if tray.feed.len() == enough {
                tray.rest.push(chosen);
            } else {
                self.place(tray, chosen, counts);
            }
        }
        tray.candidates = candidates;
        tray.candidates.clear();
        tray.taken.clear();
        tray.taken.extend(tray.feed.iter().map(|chosen| chosen.candidate.root));
    }

    /// Puts a row into the feed, unless its author has enough there.
    fn place(&self, tray: &mut Tray<'_>, chosen: Chosen, counts: &mut Counts) {
        if let Some(most) = self.plan.filters.author_cap {
            let posts = self.public.posts();
            let author = posts.author(chosen.candidate.root);
            let same = |placed: &&Chosen| posts.author(placed.candidate.root) == author;
            if tray.feed.iter().filter(same).count() >= most {
                counts.dropped[Filter::AuthorCap as usize] += 1;
                return;
            }
        }
        tray.feed.push(chosen);
    }

    /// Fills slots that their pipelines left empty: with what other pipelines had left, then with whatever the sources
    /// still give.
    fn fill(&self, tray: &mut Tray<'_>, counts: &mut Counts, scratch: &mut Scratch) {
        let length = self.plan.length();
        for place in 0..tray.rest.len() {
            let chosen = tray.rest[place];
            if tray.feed.len() == length {
                return;
            }
            if tray.taken.insert(chosen.candidate.root) {
                self.place(tray, chosen, counts);
            }
        }
        for (place, pipeline) in self.plan.pipelines.iter().enumerate() {
            for source in &pipeline.source {
                // The cap may turn away what was found, so it is asked until it gives nothing more, each time for twice
                // as many: it begins anew each time.
                let mut most = length - tray.feed.len();
                while tray.feed.len() < length {
                    let wanted = Wanted { source: source.kind, most, reach: Reach::Whole };
                    self.gather(tray, pipeline, wanted, counts, scratch);
                    let found = std::mem::take(&mut tray.candidates);
                    if found.is_empty() {
                        break;
                    }
                    for candidate in found {
                        if tray.feed.len() < length {
                            self.place(tray, Chosen { candidate, pipeline: place }, counts);
                        }
                    }
                    most *= 2;
                }
            }
        }
    }
}

/// The vector of a reader's text, its profile and its latest post: the mean of the two at unit length.
pub(crate) fn text_of(posts: &Posts, reader: &Reader<'_>) -> Vec<f32> {
    let mut text = Vec::new();
    put_text_of(posts, reader, &mut text);
    text
}

/// Puts the same into `text`.
fn put_text_of(posts: &Posts, reader: &Reader<'_>, text: &mut Vec<f32>) {
    let own = |row: &PostId| posts.kind(*row) != PostKind::Repost;
    text.clear();
    text.extend_from_slice(reader.profile);
    if let Some(latest) = posts.by_author(reader.agent).take(ROWS_OF_ITS_OWN).find(own) {
        for (sum, value) in text.iter_mut().zip(posts.vector(latest)) {
            *sum += value;
        }
    }
    let length = dot(text, text).sqrt();
    if length > 0.0 {
        text.iter_mut().for_each(|value| *value /= length);
    }
}

/// The vectors of all texts.
pub(crate) fn vectors(public: &Public) -> Vectors<'_> {
    let contents = public.posts().contents();
    Vectors::new(contents.vectors(), contents.dimensions())
}

/// The span that a source's time is counted under.
fn source_span(source: Source) -> tracing::Span {
    match source {
        Source::InNetwork => tracing::info_span!("source in-network"),
        Source::Interest => tracing::info_span!("source interest"),
        Source::Hot => tracing::info_span!("source hot"),
        Source::Random => tracing::info_span!("source random"),
        Source::Trending => tracing::info_span!("source trending"),
        Source::SocialProof => tracing::info_span!("source social-proof"),
    }
}

/// The span that a scorer's time is counted under.
fn scorer_span(scorer: &ScorerConfig) -> tracing::Span {
    match scorer {
        ScorerConfig::Hot { .. } => tracing::info_span!("scorer hot"),
        ScorerConfig::XScore { .. } => tracing::info_span!("scorer x-score"),
        ScorerConfig::Similarity { .. } => tracing::info_span!("scorer similarity"),
        ScorerConfig::LikeHistory { .. } => tracing::info_span!("scorer like-history"),
        ScorerConfig::Likes { .. } => tracing::info_span!("scorer likes"),
        ScorerConfig::Recency { .. } => tracing::info_span!("scorer recency"),
        ScorerConfig::Engagement(_) => tracing::info_span!("scorer engagement"),
        ScorerConfig::Agreement { .. } => tracing::info_span!("scorer agreement"),
        ScorerConfig::Bridging { .. } => tracing::info_span!("scorer bridging"),
        ScorerConfig::AuthorDiversity { .. } => tracing::info_span!("scorer author-diversity"),
        ScorerConfig::OutOfNetwork { .. } => tracing::info_span!("scorer out-of-network"),
    }
}

/// Adds the rows of a feed to `rows`, each pipeline's spread evenly over it, keeping their order.
fn interleave(feed: &[Chosen], plan: &Plan, scratch: &mut Scratch, rows: &mut Vec<Served>) {
    let Scratch { counts, placed, .. } = scratch;
    counts.clear();
    counts.resize(plan.pipelines.len(), RowCount::default());
    for chosen in feed {
        counts[chosen.pipeline].all += 1;
    }
    placed.clear();
    placed.extend(feed.iter().map(|chosen| {
        let pipeline = chosen.pipeline;
        let RowCount { all, placed } = &mut counts[pipeline];
        *placed += 1;
        // The middle of the row's share of the feed, in 2⁻³² of its length.
        let place = ((2 * *placed - 1) << 31) / *all;
        let served = Served { post: chosen.candidate.row, source: chosen.candidate.source };
        PlacedRow { place, pipeline, served }
    }));
    placed.sort_by_key(|row| (row.place, row.pipeline));
    rows.extend(placed.iter().map(|row| row.served));
}

/// Rows of a pipeline in a feed.
#[derive(Clone, Copy, Default)]
struct RowCount {
    all: u64,
    /// Those that have their place.
    placed: u64,
}

struct PlacedRow {
    place: u64,
    pipeline: usize,
    served: Served,
}
