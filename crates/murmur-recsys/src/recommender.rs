//! What the recommender keeps from step to step: the index of live posts, and what accounts showed that they like. All of
//! it follows from the posts and events of the run, so it is public state that a resumed run makes again.

use std::fmt;

use murmur_core::{AgentId, Clock, Event, Step};
use murmur_store::Public;

use rayon::prelude::*;

use crate::index::{PostIndex, Scratch as SearchScratch};
use crate::plan::Plan;
use crate::pool::{contents_since, live_rows};
use crate::recommend::{Ask, Feeds, Group, recommend, text_of, vectors};
use crate::suggest::{Popular, Suggested, Suggester, SuggestionConfig};
use crate::tastes::Tastes;
use crate::{FeedConfig, IndexConfig, Source};

/// Makes feeds.
pub struct Recommender {
    /// The main feed.
    plan: Plan,
    /// Those that interventions may have agents served by.
    alternatives: Vec<Plan>,
    seed: u64,
    index_config: IndexConfig,
    index: PostIndex,
    tastes: Tastes,
    suggestions: SuggestionConfig,
    /// Kept up where accounts are suggested.
    popular: Popular,
}

impl fmt::Debug for Recommender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recommender")
            .field("plan", &self.plan)
            .field("alternatives", &self.alternatives)
            .finish_non_exhaustive()
    }
}

impl Recommender {
    /// Bytes on the heap of the index of posts; the vectors are the posts'.
    pub fn index_bytes(&self) -> usize {
        self.index.memory_bytes()
    }

    /// Bytes on the heap of what it keeps of likes.
    pub fn taste_bytes(&self) -> usize {
        self.tastes.memory_bytes()
    }

    /// The recommender that these (checked) configurations describe, before the first step of a run of `seed` with so many
    /// topics. Who has an [alternative feed](murmur_store::AgentMark::Feed) is served by that of `alternatives`, and by
    /// `feed` if there is none of that number.
    pub fn new(
        feed: &FeedConfig,
        alternatives: &[FeedConfig],
        index: &IndexConfig,
        suggestions: &SuggestionConfig,
        public: &Public,
        topics: usize,
        seed: u64,
    ) -> Self {
        Self {
            plan: Plan::of(feed),
            alternatives: alternatives.iter().map(Plan::of).collect(),
            seed,
            index_config: index.clone(),
            index: PostIndex::new(index.clone(), seed),
            tastes: Tastes::new(public.agents(), topics),
            suggestions: *suggestions,
            popular: if suggestions.count > 0 { Popular::new(public) } else { Popular::default() },
        }
    }

    /// Goes on with other feeds, as if they had always been in force, in the state in which `next` begins.
    pub fn change(
        &mut self,
        feed: &FeedConfig,
        alternatives: &[FeedConfig],
        public: &Public,
        clock: &Clock,
        next: Step,
    ) {
        self.plan = Plan::of(feed);
        self.alternatives = alternatives.iter().map(Plan::of).collect();
        self.rebuild_index(public, clock, next);
    }

    /// Takes in what was done in the step before `next`.
    pub fn take_in(&mut self, public: &Public, events: &[Event], next: Step) {
        self.tastes.take_in(public, events);
        if self.suggestions.count > 0 {
            self.popular.refresh(public, next);
        }
    }

    /// Whether anything asks for the nearest posts: only then there is an index.
    fn searches(&self) -> bool {
        self.suggestions.count > 0 || self.plans().any(|plan| plan.asks(Source::Interest))
    }

    /// Brings the index to the state in which `next` begins, from that in which the step before began.
    pub fn advance_index(&mut self, public: &Public, clock: &Clock, next: Step) {
        if !self.searches() {
            return;
        }
        let _span = tracing::info_span!("index").entered();
        let live = live_contents(public, self.max_age(), clock, next);
        self.index.advance(vectors(public), live);
    }

    /// Makes the index anew as it stands when `next` begins.
    pub fn rebuild_index(&mut self, public: &Public, clock: &Clock, next: Step) {
        let max_age = self.max_age();
        self.index = PostIndex::new(self.index_config.clone(), self.seed);
        if !self.searches() {
            return;
        }
        let live = (1..=next.0).map(|step| live_contents(public, max_age, clock, Step(step)));
        self.index.rebuild(vectors(public), live);
    }

    /// The row before which no feed shows any when `now` begins.
    pub fn first_live_row(&self, public: &Public, clock: &Clock, now: Step) -> usize {
        live_rows(public.posts(), self.max_age(), clock, now).start
    }

    /// Posts remembered for each reader as seen, the most that a feed asks for; `None` if none are.
    pub fn remembers(&self) -> Option<usize> {
        self.plans().filter_map(|plan| plan.filters.seen).max()
    }

    fn plans(&self) -> impl Iterator<Item = &Plan> {
        std::iter::once(&self.plan).chain(&self.alternatives)
    }

    /// Minutes after which a row is no longer shown by any feed.
    fn max_age(&self) -> u32 {
        self.plans().map(|plan| plan.max_age).fold(0, u32::max)
    }

    /// The feeds of the readers that `ask` is about.
    ///
    /// A reader is never shown what its filters keep from it, a deleted post, a row older than its feed's `max_age`, or
    /// what is hidden by an intervention. Of the copies of a root it sees one: the earliest live repost by somebody it
    /// follows, else the root.
    pub fn recommend(&self, ask: &Ask<'_>) -> Feeds {
        let served = |(plan, readers)| recommend(plan, &self.index, &self.tastes, ask, readers);
        let groups: Vec<Group> = self.readers_by_plan(ask).into_iter().flat_map(served).collect();
        Feeds::collect(ask.count, &groups)
    }

    /// The readers that each feed serves, the main one first; only feeds that serve anybody besides that.
    fn readers_by_plan(&self, ask: &Ask<'_>) -> Vec<(&Plan, Vec<usize>)> {
        let moderation = ask.public.moderation();
        if self.alternatives.is_empty() || !moderation.has_feeds() {
            return vec![(&self.plan, (0..ask.count).collect())];
        }
        let mut main = Vec::new();
        let mut others = vec![Vec::new(); self.alternatives.len()];
        for reader in 0..ask.count {
            let number = moderation.feed_of((ask.reader)(reader).agent).map(usize::from);
            number.and_then(|number| others.get_mut(number)).unwrap_or(&mut main).push(reader);
        }
        let plans = self.plans().zip(std::iter::once(main).chain(others));
        plans.filter(|(_, readers)| !readers.is_empty()).collect()
    }

    /// Whom each of the readers that `ask` is about might follow; `profile` gives the vectors of profiles. It makes no
    /// difference which feed serves a reader: posts that interest it are looked for among those of the main one.
    pub fn suggest<'v>(
        &self,
        ask: &Ask<'_>,
        profile: &(dyn Fn(AgentId) -> &'v [f32] + Sync),
    ) -> Vec<Vec<Suggested>> {
        let config = &self.suggestions;
        if config.count == 0 {
            return vec![Vec::new(); ask.count];
        }
        let &Ask { public, seed, now, .. } = ask;
        let suggester = Suggester { public, popular: &self.popular, config, profile, seed, now };
        let live = live_contents(public, self.plan.max_age, ask.clock, now);
        let searcher = self.index.searcher(vectors(public), live);
        let contents = public.posts().contents();
        (0..ask.count)
            .into_par_iter()
            .with_min_len(16)
            .map_init(SearchScratch::default, |scratch, reader| {
                let reader = (ask.reader)(reader);
                let mut near = Vec::new();
                let text = text_of(public.posts(), &reader);
                let author = |content: u32| public.posts().author(contents.post(content as usize));
                let admit = |content: u32| !public.moderation().is_hidden(author(content));
                searcher.search(&text, NEAR_POSTS, admit, scratch, &mut near);
                let authors: Vec<AgentId> = near.iter().map(|near| author(near.content)).collect();
                suggester.suggest(reader.agent, &authors)
            })
            .collect()
    }
}

/// Posts nearest to a reader whose authors might be suggested to it.
const NEAR_POSTS: usize = 64;

/// The texts that are live when `step` begins, as of then.
fn live_contents(public: &Public, max_age: u32, clock: &Clock, step: Step) -> std::ops::Range<usize> {
    let posts = public.posts();
    let live = live_rows(posts, max_age, clock, step);
    let end = contents_since(posts, posts.first_index_since(step)).start;
    contents_since(posts, live.start).start..end
}
