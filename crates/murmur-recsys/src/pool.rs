//! What all feeds of a step draw from: the live posts, ranked or hashed once for everybody.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use murmur_core::{AgentId, Clock, PostId, Purpose, Step, Stream, TopicId};
use murmur_store::{Posts, Public};
use rayon::prelude::*;

use crate::config::{ScorerConfig, Source};
use crate::hot::hot_score;
use crate::plan::Plan;
use crate::urn::Urn;
use crate::x_score::{fame, recency};

/// 1 January 2024, 00:00 UTC: the moment that simulated time counts from where a formula wants an epoch.
const EPOCH_SECONDS: i64 = 1_704_067_200;

/// How many candidates beyond those needed a ranking keeps at hand, since a reader may not see some of them. A reader
/// that runs out of them goes through the whole ranking.
const SPARE: usize = 32;

/// The live posts of a step, prepared for the stages in use.
pub(crate) struct Pool<'a> {
    public: &'a Public,
    clock: &'a Clock,
    now: Step,
    /// Rows that are young enough to be shown.
    pub(crate) rows: Range<usize>,
    /// Texts of live rows.
    pub(crate) contents: Range<usize>,
    /// Live roots that rankings hold: those that are not kept from everybody.
    ranked: Cow<'a, [PostId]>,
    /// Recency by the age in steps; 0 beyond its end.
    recency: Vec<f32>,
    /// Recency times fame of each text from `weighted.start` on, where the x-score retrieves.
    pub(crate) weights: Vec<f32>,
    /// Texts whose recency is above 0.
    pub(crate) weighted: Range<usize>,
    /// Live roots by hot score, best first, as many as most feeds need.
    hottest: Vec<PostId>,
    /// All of them, made when a feed needs more.
    all_hot: OnceLock<Vec<PostId>>,
    topics: usize,
    /// The roots of each topic that gather engagement fastest, best first, as many as most feeds need.
    trending: Vec<Vec<PostId>>,
    /// All of them, made when a feed needs more.
    all_trending: OnceLock<Vec<Vec<PostId>>>,
    /// Live rows by a keyed hash; empty when no feed samples.
    pub(crate) urn: Urn,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(
        public: &'a Public,
        plan: &Plan,
        clock: &'a Clock,
        seed: u64,
        now: Step,
        topics: usize,
    ) -> Self {
        let posts = public.posts();
        let rows = live_rows(posts, plan.max_age, clock, now);
        let contents = contents_since(posts, rows.start);
        let mut pool = Self {
            public,
            clock,
            now,
            contents: contents.clone(),
            ranked: ranked(public, contents.clone()),
            rows,
            recency: Vec::new(),
            weights: Vec::new(),
            weighted: contents.end..contents.end,
            hottest: Vec::new(),
            all_hot: OnceLock::new(),
            topics,
            trending: Vec::new(),
            all_trending: OnceLock::new(),
            urn: Urn::default(),
        };
        // Rankings reach further by what a reader may have read of them.
        let factors = public.moderation().has_factors();
        let enough = |most: usize| most + plan.filters.seen.unwrap_or(0) + SPARE;
        if plan.scores_by(|scorer| matches!(scorer, ScorerConfig::XScore { .. })) {
            pool.weigh();
        }
        if let Some(most) = plan.most_from(Source::Hot, factors) {
            let roots = pool.ranked.par_iter().with_min_len(1024);
            pool.hottest = best(roots.map(|&root| pool.ranked_hot(root)).collect(), enough(most));
        }
        if let Some(most) = plan.most_from(Source::Trending, factors) {
            let roots = pool.ranked.par_iter().with_min_len(1024);
            let all = roots.filter_map(|&root| pool.ranked_trending(root)).collect();
            pool.trending = best_by_topic(all, topics, enough(most));
        }
        if plan.asks(Source::Random) {
            pool.urn = Urn::new(public, pool.rows.clone(), seed, now);
        }
        pool
    }

    fn age(&self, post: PostId) -> u32 {
        self.clock.minutes_between(self.public.posts().created(post), self.now)
    }

    /// Prepares the recency by age, and recency times fame of every text young enough for any.
    fn weigh(&mut self) {
        let minutes = |steps: u32| steps.saturating_mul(self.clock.minutes_per_step);
        self.recency =
            (0..=self.now.0).map(|age| recency(minutes(age))).take_while(|&recency| recency > 0.0).collect();
        let posts = self.public.posts();
        let oldest = (self.now.0 + 1).saturating_sub(self.recency.len() as u32);
        let young = contents_since(posts, posts.first_index_since(Step(oldest)));
        self.weighted = young.start.max(self.contents.start)..young.end;
        self.weights = posts.contents().posts()[self.weighted.clone()]
            .par_iter()
            .with_min_len(1024)
            .map(|&post| self.x_weight(post))
            .collect();
    }

    /// Recency times fame of a post.
    pub(crate) fn x_weight(&self, post: PostId) -> f32 {
        let posts = self.public.posts();
        let age = self.now.0.saturating_sub(posts.created(post).0) as usize;
        match self.recency.get(age) {
            Some(recency) => recency * fame(self.public.graph.follows.follower_count(posts.author(post))),
            None => 0.0,
        }
    }

    fn hot_score(&self, post: PostId) -> f64 {
        let posts = self.public.posts();
        let seconds = i64::from(self.clock.minute(posts.created(post)).0) * 60;
        hot_score(posts.likes(post), posts.dislikes(post), EPOCH_SECONDS + seconds)
    }

    /// The hot score as if seconds counted from the beginning of the run: of a size that single precision tells apart,
    /// and that factors act on, where the years since 2005 would outweigh everything.
    pub(crate) fn hot_score_in_run(&self, post: PostId) -> f32 {
        (self.hot_score(post) - hot_score(0, 0, EPOCH_SECONDS)) as f32
    }

    fn ranked_hot(&self, post: PostId) -> Ranked {
        Ranked { score: self.hot_score(post), post }
    }

    /// Live roots by hot score, best first; of equal ones the older first. [`Self::all_hot`] goes on from there.
    pub(crate) fn hottest(&self) -> &[PostId] {
        &self.hottest
    }

    /// Every live root by hot score, best first.
    ///
    /// Made on this thread alone: one that waits for others may be given another feed to make meanwhile, which would
    /// wait for this ranking, and so the thread for itself.
    pub(crate) fn all_hot(&self) -> &[PostId] {
        let all = || self.ranked.iter().map(|&root| self.ranked_hot(root)).collect();
        self.all_hot.get_or_init(|| best(all(), usize::MAX))
    }

    /// How fast a root gathers engagement, by its topic; `None` for one without a topic or any engagement.
    fn ranked_trending(&self, post: PostId) -> Option<(TopicId, Ranked)> {
        let posts = self.public.posts();
        let points = posts.likes(post) + posts.shares(post);
        let topic = posts.topic(post).filter(|_| points > 0)?;
        let hours = f64::from(self.age(post)) / 60.0;
        let score = f64::from(points) / libm::pow(hours + 2.0, 1.8);
        Some((topic, Ranked { score, post }))
    }

    /// Of each topic the live roots that gather engagement fastest, best first; of equal ones the older first.
    /// [`Self::all_trending`] goes on from there.
    pub(crate) fn trending(&self) -> &[Vec<PostId>] {
        &self.trending
    }

    /// Of each topic every live root that gathers engagement, best first. Made on this thread alone, as
    /// [`Self::all_hot`].
    pub(crate) fn all_trending(&self) -> &[Vec<PostId>] {
        let all = || self.ranked.iter().filter_map(|&root| self.ranked_trending(root)).collect();
        self.all_trending.get_or_init(|| best_by_topic(all(), self.topics, usize::MAX))
    }

    /// Live rows drawn at random by `draws`, then every live row once. See [`Urn`].
    pub(crate) fn random(&self, draws: Stream, tries: usize) -> impl Iterator<Item = PostId> + '_ {
        self.urn.draws(draws, tries).chain(self.urn.rows())
    }
}

/// The stream of a reader's draws about posts.
pub(crate) fn draws(seed: u64, now: Step, reader: AgentId) -> Stream {
    Stream::new(seed, Purpose::Feed, now, reader)
}

/// The rows that are shown at `now`, with none older than `max_age` minutes.
pub(crate) fn live_rows(posts: &Posts, max_age: u32, clock: &Clock, now: Step) -> Range<usize> {
    let oldest = Step(now.0.saturating_sub(clock.steps_in(max_age)));
    posts.first_index_since(oldest)..posts.len()
}

/// The texts of the rows from `first_row` on.
pub(crate) fn contents_since(posts: &Posts, first_row: usize) -> Range<usize> {
    let contents = posts.contents();
    contents.posts().partition_point(|post| post.index() < first_row)..contents.len()
}

/// The roots of these texts without those that nobody is shown.
fn ranked(public: &Public, contents: Range<usize>) -> Cow<'_, [PostId]> {
    let roots = &public.posts().contents().posts()[contents];
    match public.moderation().is_empty() {
        true => Cow::Borrowed(roots),
        false => Cow::Owned(roots.par_iter().copied().filter(|&root| !is_for_nobody(public, root)).collect()),
    }
}

/// Whether an intervention keeps the row from everybody but, maybe, who made it. What feeds share leaves it out, so that
/// nobody's feed depends on how many such rows there are.
pub(crate) fn is_for_nobody(public: &Public, row: PostId) -> bool {
    let (posts, moderation) = (public.posts(), public.moderation());
    let root = posts.root(row);
    moderation.is_hidden(posts.author(row))
        || moderation.is_hidden(posts.author(root))
        || moderation.factor(root) == 0.0
}

struct Ranked {
    score: f64,
    post: PostId,
}

impl Ranked {
    /// The higher score first; of equal ones the older post.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other.score.total_cmp(&self.score).then(self.post.cmp(&other.post))
    }
}

/// The `most` best, best first.
fn best(mut ranked: Vec<Ranked>, most: usize) -> Vec<PostId> {
    keep_best(&mut ranked, most, Ranked::order);
    ranked.into_iter().map(|ranked| ranked.post).collect()
}

/// The `most` best of each topic, best first.
fn best_by_topic(all: Vec<(TopicId, Ranked)>, topics: usize, most: usize) -> Vec<Vec<PostId>> {
    let mut by_topic: Vec<Vec<Ranked>> = (0..topics).map(|_| Vec::new()).collect();
    for (topic, ranked) in all {
        by_topic[topic.index()].push(ranked);
    }
    by_topic.into_iter().map(|ranked| best(ranked, most)).collect()
}

/// Of the lists in `mask` (one bit each) the first of each in turn, then the second of each, and so on.
pub(crate) fn in_turn(lists: &[Vec<PostId>], mask: u64) -> impl Iterator<Item = PostId> + '_ {
    let wanted = move || (0..64).zip(lists).filter(move |(place, _)| mask >> place & 1 == 1);
    let longest = wanted().map(|(_, list)| list.len()).max().unwrap_or(0);
    (0..longest).flat_map(move |rank| wanted().filter_map(move |(_, list)| list.get(rank).copied()))
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
