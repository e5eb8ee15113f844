//! What a run came to, in the few numbers that a person looks at first.

use murmur_agents::Beliefs;
use murmur_core::{ActionKind, PostId, Step, TopicId};
use murmur_metrics::OpinionSummary;
use murmur_store::PostKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::World;
use crate::config::ModelSection;
use crate::measure::{Meter, summary_of};
use crate::model_totals::ModelTotals;

/// The state before the first step, to compare the end with.
pub(crate) struct Start {
    pub(crate) beliefs: Arc<Beliefs>,
    pub(crate) follows: u64,
}

impl Start {
    pub(crate) fn of(world: &World) -> Self {
        Self { beliefs: world.first_beliefs.clone(), follows: world.public.graph.follows.follow_count() }
    }
}

/// A finished run. Written as `summary.json`; holds nothing of the wall clock, threads or paths.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// Steps carried out.
    pub steps: u32,
    /// Simulated minutes.
    pub minutes: u32,
    /// Number of agents.
    pub agents: u32,
    /// Times that an agent was active.
    pub activations: u64,
    /// Times that an agent read a row.
    pub exposures: u64,
    /// Rows of each kind, by the name of the kind.
    pub posts: BTreeMap<&'static str, u64>,
    /// Actions that took effect, by name.
    pub actions: BTreeMap<&'static str, u64>,
    /// Actions that were refused.
    pub refused: u64,
    /// Follows at the start.
    pub follows_first: u64,
    /// Follows at the end.
    pub follows_last: u64,
    /// Gini coefficient of exposures over authors.
    pub attention_gini: Option<f64>,
    /// All cascades.
    pub cascades: CascadeTotals,
    /// Watched cascades step by step.
    pub watched: Vec<WatchedSeries>,
    /// Opinions on each topic, first and last.
    pub opinions: Vec<OpinionChange>,
    /// What came of the calls to language models.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelSummary>,
}

/// What came of the calls to a language model.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ModelSummary {
    /// The model's name.
    pub model: String,
    /// Turns that it was to decide.
    pub turns: u64,
    /// Those decided by the first reply, looking around aside.
    pub valid: u64,
    /// Those decided after a reply that made no sense.
    pub repaired: u64,
    /// Those in which the agent fell back.
    pub fallen_back: u64,
    /// Calls of any purpose.
    pub calls: u64,
    /// Replies that made no sense.
    pub faulty: u64,
    /// Calls without a reply.
    pub failed: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// What was wrong with replies, and why there were none: how often each.
    pub problems: BTreeMap<&'static str, u64>,
}

/// The cascades of a run as a whole.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CascadeTotals {
    /// Number of roots.
    pub roots: u64,
    /// Share of roots that were reposted at least once.
    pub reposted_share: Option<f64>,
    /// Mean scale.
    pub mean_scale: Option<f64>,
    /// Largest scale.
    pub max_scale: u32,
    /// Largest depth.
    pub max_depth: u32,
    /// Number of cascades by scale: in place k, those of scale 2^k to 2^(k+1) − 1.
    pub scale_histogram: Vec<u64>,
}

/// One watched cascade over time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WatchedSeries {
    /// The seed post's name.
    pub name: String,
    /// One point per step from its planting on.
    pub points: Vec<WatchedPoint>,
}

/// A watched cascade at the end of a step.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct WatchedPoint {
    /// The step.
    pub step: u32,
    /// Rows in the cascade.
    pub scale: u32,
    /// Reads of any of its copies so far.
    pub exposures: u64,
}

/// Opinions on a topic at the start and the end.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OpinionChange {
    /// The topic.
    pub topic: String,
    /// Measures at the start.
    pub first: OpinionSummary,
    /// Measures at the end.
    pub last: OpinionSummary,
    /// Agents in each of twenty equal bins from -1 to 1 at the start.
    pub histogram_first: Vec<u64>,
    /// The same at the end.
    pub histogram_last: Vec<u64>,
}

/// Gathers the series of the watched cascades while the run goes on.
#[derive(Default)]
pub(crate) struct SeriesKeeper {
    pub(crate) series: Vec<WatchedSeries>,
}

impl SeriesKeeper {
    pub(crate) fn new(meter: &Meter) -> Self {
        let named = |name: &String| WatchedSeries { name: name.clone(), points: Vec::new() };
        Self { series: meter.watched.iter().map(|watched| named(&watched.name)).collect() }
    }

    pub(crate) fn add(&mut self, now: Step, meter: &Meter) {
        for (series, watched) in self.series.iter_mut().zip(&meter.watched) {
            if let Some(spread) = watched.spread {
                let point = WatchedPoint { step: now.0, scale: spread.scale, exposures: watched.exposures };
                series.points.push(point);
            }
        }
    }
}

/// Sums a run up after `steps` steps.
pub(crate) fn summarize(
    world: &World,
    meter: &Meter,
    series: &SeriesKeeper,
    start: &Start,
    steps: u32,
) -> Summary {
    let posts = world.public.posts();
    let count = |kind| posts.ids().filter(|&post| posts.kind(post) == kind).count() as u64;
    Summary {
        steps,
        minutes: world.clock.minute(Step(steps)).0,
        agents: world.population.len(),
        activations: meter.activations,
        exposures: meter.exposures,
        posts: PostKind::ALL.into_iter().map(|kind| (kind.name(), count(kind))).collect(),
        actions: ActionKind::ALL.into_iter().map(|kind| (kind.name(), meter.actions.done(kind))).collect(),
        refused: meter.actions.total_refused(),
        follows_first: start.follows,
        follows_last: world.public.graph.follows.follow_count(),
        attention_gini: meter.attention_gini(),
        cascades: cascade_totals(meter),
        watched: series.series.clone(),
        opinions: opinion_changes(world, start),
        models: world.config.model.iter().zip(&meter.models).map(model_summary).collect(),
    }
}

fn model_summary((model, totals): (&ModelSection, &ModelTotals)) -> ModelSummary {
    ModelSummary {
        model: model.server.name.clone(),
        turns: totals.turns(),
        valid: totals.valid,
        repaired: totals.repaired,
        fallen_back: totals.fallen_back,
        calls: totals.calls(),
        faulty: totals.faulty(),
        failed: totals.failed(),
        input_tokens: totals.input,
        output_tokens: totals.output,
        problems: totals.problems().collect(),
    }
}

fn cascade_totals(meter: &Meter) -> CascadeTotals {
    let tracker = &meter.cascades;
    let roots: Vec<PostId> = tracker.roots().collect();
    let scales: Vec<u32> = roots.iter().map(|&root| tracker.scale(root)).collect();
    let max_scale = scales.iter().copied().max().unwrap_or(0);
    let mut scale_histogram = vec![0; if max_scale == 0 { 0 } else { max_scale.ilog2() as usize + 1 }];
    for scale in &scales {
        scale_histogram[scale.ilog2() as usize] += 1;
    }
    let share = |count: u64| (!roots.is_empty()).then(|| count as f64 / roots.len() as f64);
    CascadeTotals {
        roots: roots.len() as u64,
        reposted_share: share(scales.iter().filter(|&&scale| scale > 1).count() as u64),
        mean_scale: share(scales.iter().map(|&scale| u64::from(scale)).sum()),
        max_scale,
        max_depth: roots.iter().map(|&root| tracker.depth(root)).max().unwrap_or(0),
        scale_histogram,
    }
}

fn opinion_changes(world: &World, start: &Start) -> Vec<OpinionChange> {
    let change = |(index, topic): (usize, &crate::config::TopicConfig)| {
        let id = TopicId(index as u16);
        OpinionChange {
            topic: topic.name.clone(),
            first: summary_of(&start.beliefs, id),
            last: summary_of(&world.beliefs, id),
            histogram_first: histogram(start.beliefs.column(id).map(f64::from)),
            histogram_last: histogram(world.beliefs.column(id).map(f64::from)),
        }
    };
    world.config.topic.iter().enumerate().map(change).collect()
}

/// Opinions in each of twenty equal bins from -1 to 1; 1 belongs to the last.
pub(crate) fn histogram(opinions: impl Iterator<Item = f64>) -> Vec<u64> {
    const BINS: usize = 20;
    let mut bins = vec![0; BINS];
    for opinion in opinions {
        let bin = ((opinion + 1.0) / 2.0 * BINS as f64) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    bins
}
