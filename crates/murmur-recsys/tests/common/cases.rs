//! Random worlds with a reader each.

use murmur_recsys::{FeedConfig, FilterConfig, PipelineConfig, SeenPost};
use proptest::prelude::*;

use super::Do::{self, *};
use super::model::{Model, Viewer, wide};
use super::{INDIFFERENT, Line, TOPICS, Who, World, post, recommend, recommender, rows, vector_at};

pub(crate) const AGENTS: u32 = 8;

/// A random world and a reader of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) follows: Vec<(u32, u32)>,
    pub(crate) script: Vec<Line>,
    /// The step at which feeds are made, after the script.
    pub(crate) now: u32,
    pub(crate) max_age: u32,
    pub(crate) viewer: u32,
    /// Where the reader's profile points; `None` if it says nothing.
    pub(crate) profile: Option<u32>,
    pub(crate) topics: u64,
    /// Rows that the reader has read, if they exist.
    pub(crate) seen: Vec<u32>,
}

impl Case {
    pub(crate) fn world(&self) -> World {
        World::of(AGENTS, &self.follows, &self.script)
    }

    pub(crate) fn who(&self, world: &World) -> Who {
        let posts = world.public.posts();
        let rows = self.seen.iter().map(|&id| post(id)).filter(|row| row.index() < posts.len());
        let seen = rows.map(|row| SeenPost { root: posts.root(row), row }).collect();
        let profile = self.profile.map_or_else(|| vec![0.0; 64].into(), |degrees| vector_at(degrees as f32));
        Who { agent: self.viewer, profile, topics: self.topics, seen }
    }

    /// The reader as the model knows it.
    pub(crate) fn viewer(&self, world: &World, filters: &[FilterConfig]) -> Viewer {
        let who = self.who(world);
        Viewer {
            agent: who.agent,
            profile: wide(&who.profile),
            topics: who.topics,
            seen: who.seen.iter().map(|seen| seen.row.get()).collect(),
            now: self.now,
            max_age: self.max_age,
            filters: filters.to_vec(),
        }
    }

    /// The feed of these pipelines behind these filters.
    pub(crate) fn config(&self, filters: &[FilterConfig], pipelines: Vec<PipelineConfig>) -> FeedConfig {
        FeedConfig {
            max_age: Some(self.max_age),
            filter: Some(filters.to_vec()),
            pipeline: Some(pipelines),
            ..FeedConfig::default()
        }
    }

    /// What the reader is served by these pipelines behind these filters.
    pub(crate) fn feed(
        &self,
        world: &World,
        filters: &[FilterConfig],
        pipelines: Vec<PipelineConfig>,
    ) -> Vec<u32> {
        let config = self.config(filters, pipelines);
        let recommender = recommender(world, &config, self.now);
        let feeds = recommend(&recommender, world, self.now, &[self.who(world)], &INDIFFERENT);
        rows(&feeds).remove(0)
    }
}

/// A world with its model and the reader as the model knows it.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) model: Model,
    pub(crate) viewer: Viewer,
    /// The vector of the reader's text.
    pub(crate) text: Vec<f64>,
}

impl Scene {
    pub(crate) fn of(case: &Case, filters: &[FilterConfig]) -> Self {
        let world = case.world();
        let (model, viewer) = (Model::of(&world), case.viewer(&world, filters));
        let text = model.text_of(&viewer);
        Self { world, model, viewer, text }
    }

    /// The rows that the reader is shown of these roots, in their order, each root once.
    pub(crate) fn shown(&self, roots: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut shown = Vec::new();
        for root in roots {
            if let Some(row) = self.model.shown(&self.viewer, root)
                && !shown.contains(&row)
            {
                shown.push(row);
            }
        }
        shown
    }
}

/// Every filter but the cap on authors.
pub(crate) fn all_filters() -> Vec<FilterConfig> {
    use FilterConfig::{Blocked, Muted, Own, Seen};
    vec![Own {}, Muted {}, Blocked {}, Seen { most: 256 }]
}

/// Any of the filters but the cap on authors, mostly all.
pub(crate) fn any_filters() -> impl Strategy<Value = Vec<FilterConfig>> {
    prop_oneof![Just(all_filters()), prop::sample::subsequence(all_filters(), 0..=4)]
}

/// What somebody may do; there is a post for most of the ids.
pub(crate) fn any_deed() -> impl Strategy<Value = Do> {
    let agent = 0..AGENTS;
    let id = 1u32..26;
    // No two directions are opposite, so that a text never cancels another.
    let degrees = (0..17u32).prop_map(|tens| 10.0 * tens as f32);
    prop_oneof![
        6 => degrees.clone().prop_map(PostAt),
        8 => (0..TOPICS as u16, -4..=4i8, degrees.clone()).prop_map(|(topic, quarters, degrees)| {
            PostOn(topic, quarters, degrees)
        }),
        8 => id.clone().prop_map(Repost),
        3 => (id.clone(), degrees).prop_map(|(id, degrees)| QuoteAt(id, degrees)),
        1 => id.clone().prop_map(Delete),
        20 => id.clone().prop_map(Like),
        3 => id.clone().prop_map(Unlike),
        4 => id.prop_map(Dislike),
        2 => agent.clone().prop_map(Follow),
        1 => agent.clone().prop_map(Unfollow),
        1 => agent.clone().prop_map(Mute),
        1 => agent.prop_map(Block),
    ]
}

/// Follows and a script in which everybody acts, over up to some five hundred steps.
pub(crate) fn any_script() -> impl Strategy<Value = (Vec<(u32, u32)>, Vec<Line>)> {
    let follows = prop::collection::vec((0..AGENTS, 0..AGENTS), 0..30);
    let deeds = prop::collection::vec((0..AGENTS, any_deed()), 0..120);
    let script = (deeds, 0..20u32).prop_map(|(deeds, pace)| {
        (0u32..).zip(deeds).map(|(place, (who, what))| (place * pace / 5, who, what)).collect()
    });
    (follows, script)
}

pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let max_age = prop_oneof![Just(100_000), 1..400u32];
    let profile = prop::option::weighted(0.9, 0..170u32);
    let seen = prop::collection::vec(1..60u32, 0..6);
    (any_script(), 1..4u32, max_age, 0..AGENTS, profile, 0..1u64 << TOPICS, seen).prop_map(
        |((follows, script), later, max_age, viewer, profile, topics, seen)| {
            let now = script.last().map_or(0, |line| line.0) + later;
            Case { follows, script, now, max_age, viewer, profile, topics, seen }
        },
    )
}

/// The served rows are the best of `scored` (row, score), best first. Where scores are nearer to each other than single
/// precision tells apart, any order will do.
pub(crate) fn check_ranking(served: &[u32], scored: &[(u32, f64)], most: usize) -> Result<(), TestCaseError> {
    let mut scores: Vec<f64> = scored.iter().map(|&(_, score)| score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    prop_assert_eq!(served.len(), scores.len().min(most), "of {:?}", scored);
    let mut rest = scored.to_vec();
    for (row, best) in served.iter().zip(scores) {
        let place = rest.iter().position(|(other, _)| other == row);
        prop_assert!(place.is_some(), "{} twice or not to be shown, in {:?} of {:?}", row, served, scored);
        let (_, score) = rest.swap_remove(place.expect("just asserted"));
        let tolerance = 1e-5 * best.abs().max(1.0);
        prop_assert!(
            (score - best).abs() <= tolerance,
            "{}, not {}: {:?} of {:?}",
            score,
            best,
            served,
            scored
        );
    }
    Ok(())
}
