//! Simulations of observed cascades under candidate parameters.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_data::cascades::{ObservedCascade, ObservedRepost};
use murmur_engine::config::{self, ActionConfig, GraphConfig, PopulationConfig};
use murmur_engine::{Config, ConfigError, Override, Simulation};
use murmur_metrics::normalized_rmse;
use murmur_store::PostKind;
use rayon::prelude::*;

use super::start::{Observed, World, series_of};
use super::{CalibrationError, PerMeasure, Plan, StartPlan};

/// What a simulation is made for; each has seeds of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// To be compared with what is fitted to.
    Fit,
    /// To judge.
    Test,
    /// To be fitted to.
    Truth,
}

/// Makes simulations of a plan.
pub(super) struct Simulator<'a> {
    plan: &'a Plan,
    base: Config,
    /// Which parameters are whole numbers.
    whole: Vec<bool>,
}

/// The platform under candidate parameters.
pub(super) struct Candidate {
    config: Config,
    start: StartPlan,
}

/// Each measure at minutes `from` + 1 to `until`.
pub(super) type Forecast = PerMeasure<Vec<f64>>;

impl<'a> Simulator<'a> {
    /// Reads the plan's base and tries the bounds of its parameters on it.
    ///
    /// # Errors
    /// When the base cannot be used for single cascades, or a parameter's key or bounds do not fit it.
    pub(super) fn new(plan: &'a Plan) -> Result<Self, CalibrationError> {
        let base = config::load(&plan.base, &[])?;
        if let Some(message) = unfit_base(&base) {
            return Err(CalibrationError::plan(&plan.base, message));
        }
        let mut simulator = Self { plan, base, whole: Vec::new() };
        for (place, parameter) in plan.parameter.iter().enumerate() {
            let fault = |message: String| {
                let message = format!("parameter {} ({}): {message}", place + 1, parameter.key);
                CalibrationError::plan(&plan.path, message)
            };
            let whole = simulator.is_whole(&parameter.key, parameter.low).map_err(fault)?;
            simulator.whole.push(whole);
            for (bound, value) in [("low", parameter.low), ("high", parameter.high)] {
                let overrides: Vec<Override> = simulator.override_of(place, value).into_iter().collect();
                let tried = simulator.base.under(&overrides);
                tried.map_err(|error| fault(format!("{bound} = {value}: {}", told(&error))))?;
            }
        }
        Ok(simulator)
    }

    /// Whether `key` takes whole numbers alone.
    fn is_whole(&self, key: &str, value: f64) -> Result<bool, String> {
        if StartPlan::KEYS.contains(&key) {
            return Ok(false);
        }
        let tried = |setting: Override| self.base.under(&[setting]);
        // A value that no whole number key takes.
        match tried(Override::new(key, value)) {
            Ok(_) => Ok(false),
            Err(error) => match tried(Override::new(key, value.round() as i64)) {
                Ok(_) => Ok(true),
                Err(_) => Err(told(&error)),
            },
        }
    }

    /// The setting of a parameter; none for those of the plan's own start.
    fn override_of(&self, place: usize, value: f64) -> Option<Override> {
        let key = &self.plan.parameter[place].key;
        if StartPlan::KEYS.contains(&key.as_str()) {
            return None;
        }
        Some(match self.whole[place] {
            true => Override::new(key, value.round() as i64),
            false => Override::new(key, value),
        })
    }

    /// The platform under `values`, one for each parameter.
    pub(super) fn candidate(&self, values: &[f64]) -> Result<Candidate, CalibrationError> {
        let overrides: Vec<Override> =
            values.iter().enumerate().filter_map(|(place, &value)| self.override_of(place, value)).collect();
        let given = self.plan.parameter.iter().zip(values);
        let own = given.filter(|(parameter, _)| StartPlan::KEYS.contains(&parameter.key.as_str()));
        let start = own.fold(self.plan.start, |start, (parameter, &value)| start.with(&parameter.key, value));
        let mut config = self.base.under(&overrides)?;
        config.run.minutes_per_step = 1;
        config.run.steps = self.plan.until - self.plan.from + 1;
        config.metrics.every = Some(config.run.steps + 1);
        Ok(Candidate { config, start })
    }

    /// Simulates each of `observed` so many times; by cascade, then by replicate.
    pub(super) fn forecasts(
        &self,
        candidate: &Candidate,
        observed: &[Observed],
        replicates: u32,
        purpose: Use,
    ) -> Result<Vec<Vec<Forecast>>, CalibrationError> {
        let tasks: Vec<(usize, u32)> = (0..observed.len())
            .flat_map(|cascade| (0..replicates).map(move |replicate| (cascade, replicate)))
            .collect();
        let simulate = |&(cascade, replicate): &(usize, u32)| {
            let observed = &observed[cascade];
            let seed = self.seed(purpose, observed.place, replicate);
            let reposts = self.run(candidate, observed, seed)?;
            let tree = ObservedCascade { reposts, ..observed.cascade.clone() };
            let from = self.plan.from as usize + 1;
            Ok(series_of(&tree, self.plan.until).map(|series| series[from..].to_vec()))
        };
        // Collected in the order of the tasks, whoever did them.
        let all: Result<Vec<Forecast>, CalibrationError> =
            tasks.par_iter().with_max_len(1).map(simulate).collect();
        let all = all?;
        Ok(all.chunks(replicates as usize).map(<[Forecast]>::to_vec).collect())
    }

    /// The seed of a simulation: the same for every candidate.
    pub(super) fn seed(&self, purpose: Use, cascade: usize, replicate: u32) -> u64 {
        let step = Step(1 + purpose as u32);
        let stream = Stream::new(self.plan.seed, Purpose::Calibration, step, AgentId(cascade as u32));
        // A seed has 63 bits.
        stream.about_agent(AgentId(replicate)).next_u64() >> 1
    }

    /// The reposts of a cascade that goes on from `observed` on the platform.
    pub(super) fn run(
        &self,
        candidate: &Candidate,
        observed: &Observed,
        seed: u64,
    ) -> Result<Vec<ObservedRepost>, CalibrationError> {
        let World { addition, agents } = observed.world(candidate.start);
        let mut config = candidate.config.clone();
        config.run.seed = seed;
        config.run.start = observed.time_of_day();
        if let PopulationConfig::Synthetic(population) = &mut config.population {
            population.size = Some(agents);
        }
        let mut simulation = Simulation::with_addition(config, addition)?;
        while !simulation.is_finished() {
            simulation.step()?;
        }
        let posts = simulation.world().public.posts();
        let carried_out = posts.ids().filter(|&post| posts.created(post) == Step(0)).count();
        if carried_out <= observed.known().len() {
            let message =
                "platform: it refuses reposts that were observed, so that no simulation can start from them";
            return Err(CalibrationError::plan(&self.plan.base, message));
        }
        let mut rows = posts.ids();
        let first = rows.next().expect("the script begins with a post");
        let mut node_of = vec![0u32; posts.len()];
        let mut reposts = Vec::new();
        for post in rows.filter(|&post| posts.kind(post) == PostKind::Repost && posts.root(post) == first) {
            let parent = posts.parent(post).expect("a repost has a parent");
            let step = posts.created(post).0;
            let minute = match observed.known().get(reposts.len()) {
                Some(known) if step == 0 => known.minute,
                _ => f64::from(self.plan.from + step),
            };
            reposts.push(ObservedRepost { parent: node_of[parent.index()], minute });
            node_of[post.index()] = reposts.len() as u32;
        }
        Ok(reposts)
    }

    /// How far the mean of a candidate's simulations lies from each of `observed`: the mean of its measures' NRMSE.
    pub(super) fn losses(&self, values: &[f64], observed: &[Observed]) -> Result<Vec<f64>, CalibrationError> {
        let candidate = self.candidate(values)?;
        let forecasts = self.forecasts(&candidate, observed, self.plan.replicates, Use::Fit)?;
        let loss = |(observed, simulations): (&Observed, &Vec<Forecast>)| {
            let errors = errors(observed, &mean_of(simulations), self.plan);
            mean(errors.iter().flatten().copied())
        };
        Ok(observed.iter().zip(&forecasts).map(loss).collect())
    }
}

/// The NRMSE of a forecast of `observed`, by measure; none of a measure that is 0 throughout, whatever the forecast.
pub(super) fn errors(observed: &Observed, forecast: &Forecast, plan: &Plan) -> PerMeasure<Option<f64>> {
    let from = plan.from as usize + 1;
    std::array::from_fn(|measure| {
        let real = &observed.real[measure][from..];
        let varies = real.iter().any(|&value| value != 0.0);
        varies.then(|| normalized_rmse(&forecast[measure], real)).flatten()
    })
}

/// The mean of several forecasts, minute by minute.
pub(super) fn mean_of(forecasts: &[Forecast]) -> Forecast {
    std::array::from_fn(|measure| {
        let minutes = forecasts.first().map_or(0, |forecast| forecast[measure].len());
        (0..minutes).map(|minute| mean(forecasts.iter().map(|forecast| forecast[measure][minute]))).collect()
    })
}

/// The mean of numbers; 0 of none.
pub(super) fn mean(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) =
        numbers.into_iter().fold((0.0, 0u32), |(sum, count), number| (sum + number, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// Why single cascades cannot be put on the platform of `base`, if so.
fn unfit_base(base: &Config) -> Option<String> {
    let found = if !matches!(base.population, PopulationConfig::Synthetic(_)) {
        "population.kind: expected \"synthetic\", since the agents are those of the observed cascades"
    } else if !matches!(base.graph, GraphConfig::Generated(_)) {
        "graph.kind: expected a generator, whose follows are added to those of the observed cascades (\"erdos-renyi\" \
         with mean_degree = 0 adds none)"
    } else if !base.seed_post.is_empty() || base.script.path.is_some() || base.votes.path.is_some() {
        "seed_post, script, votes: expected none, since the observed cascade is what is posted"
    } else if base.intervention.iter().any(|own| matches!(own.action, ActionConfig::Inject(_))) {
        "intervention: expected none that injects posts, since the observed cascade is what is posted"
    } else if !base.model.is_empty() {
        "model: expected none, since a calibration makes thousands of runs by the behavioural policy"
    } else {
        return None;
    };
    Some(found.to_owned())
}

/// What a configuration's error says, without the override.
fn told(error: &ConfigError) -> String {
    match error {
        ConfigError::Override { message, .. } => message.clone(),
        other => other.to_string(),
    }
}
