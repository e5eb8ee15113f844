//! Runs of a classical model of opinions.

use murmur_agents::Beliefs;
use murmur_core::TopicId;
use murmur_data::table::ColumnData;
use murmur_dynamics::opinion::{Classic, ClassicError, ClassicModel, clusters, mean, variance};
use serde::Serialize;

use super::Told;
use super::estimate::Estimate;
use super::output::Files;
use super::ties::Crowd;
use crate::EngineError;
use crate::config::{ClassicConfig, ClustersConfig};
use crate::summary::histogram;

/// All runs of a model of opinions.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OpinionRuns {
    /// Rounds that a run took.
    pub rounds: Estimate,
    /// Runs that came to rest.
    pub at_rest: u32,
    /// The mean opinion at last.
    pub mean: Estimate,
    /// The variance of opinions at last.
    pub variance: Estimate,
    /// The number of clusters at last.
    pub clusters: Estimate,
    /// Each run, in the order of seeds.
    pub runs: Vec<OpinionRun>,
}

impl OpinionRuns {
    pub(super) fn of(runs: Vec<OpinionRun>) -> Self {
        let over = |value: fn(&OpinionRun) -> f64| Estimate::over(runs.iter().map(value));
        Self {
            rounds: over(|run| f64::from(run.rounds)),
            at_rest: runs.iter().filter(|run| run.is_at_rest).count() as u32,
            mean: over(|run| run.last.mean),
            variance: over(|run| run.last.variance),
            clusters: over(|run| run.last.clusters.len() as f64),
            runs,
        }
    }
}

/// What came of one run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OpinionRun {
    /// Its seed.
    pub seed: u64,
    /// Rounds that it took.
    pub rounds: u32,
    /// Whether it came to rest, rather than to the last round allowed.
    pub is_at_rest: bool,
    /// Opinions before the first round.
    pub first: OpinionState,
    /// Opinions after the last round.
    pub last: OpinionState,
    /// The measures every so many rounds, from before the first to after the last.
    #[serde(skip)]
    pub series: Vec<OpinionsRow>,
}

/// How opinions are spread.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OpinionState {
    /// Their mean.
    pub mean: f64,
    /// Their mean squared distance from it.
    pub variance: f64,
    /// Their clusters, ascending.
    pub clusters: Vec<OpinionCluster>,
    /// How many are in each of twenty equal bins from -1 to 1; 1 belongs to the last.
    pub histogram: Vec<u64>,
}

/// Agents who agree more or less.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct OpinionCluster {
    /// Their mean opinion.
    pub mean: f64,
    /// Their share of all agents.
    pub share: f64,
}

/// The measures after a round.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OpinionsRow {
    /// The round; 0 is before the first.
    pub round: u32,
    /// The mean opinion.
    pub mean: f64,
    /// The variance of opinions.
    pub variance: f64,
    /// The number of clusters.
    pub clusters: u32,
    /// The share of the largest of them; 0 without any.
    pub largest_cluster: f64,
}

/// Opinions in the order of agents.
pub(super) struct AgentsOpinions {
    first: Vec<f64>,
    last: Vec<f64>,
}

fn clusters_of(opinions: &[f64], config: &ClustersConfig) -> Vec<OpinionCluster> {
    let found = clusters(opinions, config.gap, config.least_share);
    found.iter().map(|cluster| OpinionCluster { mean: cluster.mean, share: cluster.share }).collect()
}

fn state(opinions: &[f64], config: &ClustersConfig) -> OpinionState {
    OpinionState {
        mean: mean(opinions),
        variance: variance(opinions),
        clusters: clusters_of(opinions, config),
        histogram: histogram(opinions.iter().copied()),
    }
}

fn row(classic: &Classic<'_>, config: &ClustersConfig) -> OpinionsRow {
    let opinions = classic.opinions();
    let clusters = clusters_of(opinions, config);
    OpinionsRow {
        round: classic.rounds(),
        mean: mean(opinions),
        variance: variance(opinions),
        clusters: clusters.len() as u32,
        largest_cluster: clusters.iter().map(|cluster| cluster.share).fold(0.0, f64::max),
    }
}

/// The run of one seed.
pub(super) fn run(
    config: &ClassicConfig,
    model: &ClassicModel,
    crowd: &Crowd<'_>,
    seed: u64,
) -> Result<(OpinionRun, AgentsOpinions), EngineError> {
    let beliefs = Beliefs::draw(crowd.agents, 1, config.agents.opinions.unwrap_or_default(), seed);
    let drawn = beliefs.column(TopicId(0)).map(f64::from).collect();
    let ran = crowd.with_contacts(seed, |contacts| {
        Classic::new(model, contacts, drawn, seed).map(|classic| run_from_start(config, classic, seed))
    })?;
    ran.map_err(|error: ClassicError| EngineError::Unfit(error.to_string()))
}

fn run_from_start(
    config: &ClassicConfig,
    mut classic: Classic<'_>,
    seed: u64,
) -> (OpinionRun, AgentsOpinions) {
    let (limits, clusters) = (&config.run, &config.clusters);
    let first = classic.opinions().to_vec();
    let mut series = vec![row(&classic, clusters)];
    let mut is_at_rest = false;
    while !is_at_rest && classic.rounds() < limits.rounds {
        let most = limits.every.min(limits.rounds - classic.rounds());
        is_at_rest = classic.run_until(limits.tolerance, most).is_at_rest;
        series.push(row(&classic, clusters));
    }
    let last = classic.opinions().to_vec();
    let run = OpinionRun {
        seed,
        rounds: classic.rounds(),
        is_at_rest,
        first: state(&first, clusters),
        last: state(&last, clusters),
        series,
    };
    (run, AgentsOpinions { first, last })
}

impl Told for OpinionRun {
    type Agents = AgentsOpinions;

    fn write(&self, agents: &AgentsOpinions, number: u32, files: &mut Files) -> Result<(), EngineError> {
        let series = &self.series;
        let floats = |value: fn(&OpinionsRow) -> f64| -> Vec<f64> { series.iter().map(value).collect() };
        let counts = |value: fn(&OpinionsRow) -> u32| -> Vec<u32> { series.iter().map(value).collect() };
        files.series.write(&[
            ColumnData::U32(&vec![number; series.len()]),
            ColumnData::U32(&counts(|row| row.round)),
            ColumnData::F64(&floats(|row| row.mean)),
            ColumnData::F64(&floats(|row| row.variance)),
            ColumnData::U32(&counts(|row| row.clusters)),
            ColumnData::F64(&floats(|row| row.largest_cluster)),
        ])?;
        let count = agents.last.len() as u32;
        files.agents.write(&[
            ColumnData::U32(&vec![number; agents.last.len()]),
            ColumnData::U32(&(0..count).collect::<Vec<u32>>()),
            ColumnData::F64(&agents.first),
            ColumnData::F64(&agents.last),
        ])?;
        Ok(())
    }
}
