//! Runs of a classical model of diffusion.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_data::table::ColumnData;
use murmur_dynamics::diffusion::{DiffusionError, DiffusionModel, Spread, Standing};
use serde::Serialize;

use super::Told;
use super::estimate::Estimate;
use super::output::Files;
use super::ties::Crowd;
use crate::EngineError;
use crate::config::ClassicConfig;

/// All runs of a model of diffusion.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DiffusionRuns {
    /// What the model calls the susceptible, the active and, where it has any, the removed.
    pub words: &'static [&'static str],
    /// Rounds that a run took.
    pub rounds: Estimate,
    /// Runs that were over, so that nothing could change any more.
    pub over: u32,
    /// The share of agents not reached, at last.
    pub susceptible_share: Estimate,
    /// The share of agents that passed it on, at last.
    pub active_share: Estimate,
    /// The share of agents that no longer did, at last.
    pub removed_share: Estimate,
    /// Agents ever reached, those included that began.
    pub reached: Estimate,
    /// Their share of all.
    pub reached_share: Estimate,
    /// The first round after which the most agents were active.
    pub peak_round: Estimate,
    /// The share of agents that were active then.
    pub peak_share: Estimate,
    /// The size of the largest cascade of a run; `None` where nobody is reached through one other alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_cascade: Option<Estimate>,
    /// Each run, in the order of seeds.
    pub runs: Vec<DiffusionRun>,
}

impl DiffusionRuns {
    pub(super) fn of(model: &DiffusionModel, runs: Vec<DiffusionRun>) -> Self {
        let over = |value: fn(&DiffusionRun) -> f64| Estimate::over(runs.iter().map(value));
        let largest: Option<Vec<u32>> =
            runs.iter().map(|run| run.cascades.as_ref()?.iter().copied().max()).collect();
        Self {
            words: words(model),
            rounds: over(|run| f64::from(run.rounds)),
            over: runs.iter().filter(|run| run.is_over).count() as u32,
            susceptible_share: over(|run| run.share_of(run.last.susceptible)),
            active_share: over(|run| run.share_of(run.last.active)),
            removed_share: over(|run| run.share_of(run.last.removed)),
            reached: over(|run| f64::from(run.last.reached())),
            reached_share: over(|run| run.share_of(run.last.reached())),
            peak_round: over(|run| f64::from(run.peak.round)),
            peak_share: over(|run| run.share_of(run.peak.active)),
            largest_cascade: largest.map(|sizes| Estimate::over(sizes.into_iter().map(f64::from))),
            runs,
        }
    }

    /// The mean numbers of active agents and of those ever reached, over runs, row by row of the longest series; a run
    /// that is over stays as it was.
    pub fn mean_series(&self) -> Vec<(u32, [f64; 2])> {
        let rows = self.runs.iter().map(|run| run.series.len()).max().unwrap_or(0);
        let mean_at = |place: usize| {
            let now = |run: &DiffusionRun| run.series[place.min(run.series.len() - 1)];
            let mean = |count: fn(&CountsRow) -> u32| {
                self.runs.iter().map(|run| f64::from(count(&now(run)))).sum::<f64>() / self.runs.len() as f64
            };
            let round = self.runs.iter().map(|run| now(run).round).max().unwrap_or(0);
            (round, [mean(|row| row.active), mean(CountsRow::reached)])
        };
        (0..rows).map(mean_at).collect()
    }
}

/// What `model` calls the susceptible, the active and, where it has any, the removed.
fn words(model: &DiffusionModel) -> &'static [&'static str] {
    match model {
        DiffusionModel::Sir { .. } => &["susceptible", "infected", "recovered"],
        DiffusionModel::MakiThompson { .. } => &["ignorants", "spreaders", "stiflers"],
        DiffusionModel::IndependentCascade { .. } => &["not reached", "just reached", "had their say"],
        DiffusionModel::LinearThreshold { .. } | DiffusionModel::ComplexContagion { .. } => {
            &["not reached", "sharing"]
        }
    }
}

/// What came of one run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DiffusionRun {
    /// Its seed.
    pub seed: u64,
    /// Rounds that it took.
    pub rounds: u32,
    /// Whether nothing could change any more, rather than the last round allowed had come.
    pub is_over: bool,
    /// How many agents stood how at last.
    pub last: CountsRow,
    /// The first round after which the most agents were active.
    pub peak: CountsRow,
    /// How many were reached through each that began, itself included; `None` where nobody is reached through one other
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cascades: Option<Vec<u32>>,
    /// The counts every so many rounds, from before the first to after the last.
    #[serde(skip)]
    pub series: Vec<CountsRow>,
}

impl DiffusionRun {
    /// The share of all agents that so many are.
    fn share_of(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.last.susceptible + self.last.reached())
    }
}

/// How many agents stand how after a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct CountsRow {
    /// The round; 0 is before the first.
    pub round: u32,
    /// Agents not reached.
    pub susceptible: u32,
    /// Agents that pass it on.
    pub active: u32,
    /// Agents that no longer do.
    pub removed: u32,
}

impl CountsRow {
    /// Agents ever reached.
    pub fn reached(&self) -> u32 {
        self.active + self.removed
    }

    fn of(spread: &Spread<'_>) -> Self {
        let counts = spread.counts();
        Self {
            round: spread.rounds(),
            susceptible: counts.susceptible,
            active: counts.active,
            removed: counts.removed,
        }
    }
}

/// How agents stand at last, in their order.
pub(super) struct AgentsStandings {
    states: Vec<u8>,
    parents: Vec<Option<u32>>,
}

/// The names of states in files, by their codes.
const STATES: [&str; 3] = ["susceptible", "active", "removed"];

impl AgentsStandings {
    fn of(spread: &Spread<'_>, agents: u32) -> Self {
        let code = |agent| match spread.state(AgentId(agent)) {
            Standing::Susceptible => 0,
            Standing::Active => 1,
            Standing::Removed => 2,
        };
        let parent = |agent| spread.parent(AgentId(agent)).map(|parent| parent.0);
        Self { states: (0..agents).map(code).collect(), parents: (0..agents).map(parent).collect() }
    }
}

/// Those that begin: the agents named, or as many as configured, drawn for the run.
fn seeds(config: &ClassicConfig, agents: u32, seed: u64) -> Vec<AgentId> {
    if let Some(named) = &config.agents.seed_agents {
        return named.iter().copied().map(AgentId).collect();
    }
    let mut all: Vec<AgentId> = (0..agents).map(AgentId).collect();
    Stream::new(seed, Purpose::Sampling, Step(0), AgentId(0)).shuffle(&mut all);
    all.truncate(config.agents.seeds.unwrap_or(1) as usize);
    all
}

/// The run of one seed.
pub(super) fn run(
    config: &ClassicConfig,
    model: DiffusionModel,
    crowd: &Crowd<'_>,
    seed: u64,
) -> Result<(DiffusionRun, AgentsStandings), EngineError> {
    let seeds = seeds(config, crowd.agents, seed);
    let has_parents =
        !matches!(model, DiffusionModel::LinearThreshold { .. } | DiffusionModel::ComplexContagion { .. });
    let ran = crowd.with_contacts(seed, |contacts| {
        let mut spread = Spread::new(model, contacts, &seeds, seed)?;
        let (series, peak) = run_to_end(config, &mut spread);
        let sizes = || spread.cascade_sizes().into_iter().map(|(_, size)| size).collect();
        let run = DiffusionRun {
            seed,
            rounds: spread.rounds(),
            is_over: spread.is_over(),
            last: CountsRow::of(&spread),
            peak,
            cascades: has_parents.then(sizes),
            series,
        };
        Ok((run, AgentsStandings::of(&spread, crowd.agents)))
    })?;
    ran.map_err(|error: DiffusionError| EngineError::Unfit(error.to_string()))
}

/// The series and the peak.
fn run_to_end(config: &ClassicConfig, spread: &mut Spread<'_>) -> (Vec<CountsRow>, CountsRow) {
    let mut peak = CountsRow::of(spread);
    let mut series = vec![peak];
    while !spread.is_over() && spread.rounds() < config.run.rounds {
        spread.round();
        let row = CountsRow::of(spread);
        if row.active > peak.active {
            peak = row;
        }
        let is_last = spread.is_over() || row.round == config.run.rounds;
        if is_last || row.round.is_multiple_of(config.run.every) {
            series.push(row);
        }
    }
    (series, peak)
}

impl Told for DiffusionRun {
    type Agents = AgentsStandings;

    fn write(&self, agents: &AgentsStandings, number: u32, files: &mut Files) -> Result<(), EngineError> {
        let counts = |value: fn(&CountsRow) -> u32| -> Vec<u32> { self.series.iter().map(value).collect() };
        files.series.write(&[
            ColumnData::U32(&vec![number; self.series.len()]),
            ColumnData::U32(&counts(|row| row.round)),
            ColumnData::U32(&counts(|row| row.susceptible)),
            ColumnData::U32(&counts(|row| row.active)),
            ColumnData::U32(&counts(|row| row.removed)),
            ColumnData::U32(&counts(CountsRow::reached)),
        ])?;
        let count = agents.states.len() as u32;
        files.agents.write(&[
            ColumnData::U32(&vec![number; agents.states.len()]),
            ColumnData::U32(&(0..count).collect::<Vec<u32>>()),
            ColumnData::Category { codes: &agents.states, names: &STATES },
            ColumnData::OptU32(&agents.parents),
        ])?;
        Ok(())
    }
}
