//! The plan of an experiment: its file, read and resolved into arms, seeds and outcomes, with everything checked that can
//! be before the first run.

use std::fs;
use std::path::{Path, PathBuf};

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_engine::config::{Layer, load_layered};
use murmur_engine::{Config, ConfigError, EngineError, Override};

use crate::design::{DesignFile, FactorConfig, Keep, OutcomeConfig, Summary};
use crate::results::FactorLevels;
use crate::{ExperimentError, names};

/// An experiment, ready to be carried out.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// What it is called.
    pub name: String,
    /// What replicates' seeds are drawn from.
    pub seed: u64,
    /// How often each arm is run.
    pub replicates: u32,
    /// Steps that the arms of a replicate share.
    pub burn_in: u32,
    /// The step from which arms differ.
    pub treatment: u32,
    /// Of which replicates run folders stay.
    pub keep: Keep,
    /// Steps of each run.
    pub steps: u32,
    /// Simulated minutes per step.
    pub minutes_per_step: u32,
    /// What differs between arms.
    pub factors: Vec<FactorLevels>,
    /// All combinations of levels, those of the last factor changing first.
    pub arms: Vec<Arm>,
    /// What is compared.
    pub outcomes: Vec<Outcome>,
    /// The settings of the steps that arms share.
    trunk: Config,
}

/// A combination of levels.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its levels' names.
    pub name: String,
    /// What its files are called.
    pub folder: String,
    /// The place of its level in each factor.
    pub levels: Vec<usize>,
    /// What its levels set.
    pub settings: Vec<Override>,
    config: Config,
}

/// What is compared, with its horizon.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// What it is called.
    pub name: String,
    /// The measure's scope.
    pub scope: String,
    /// What the measure is about.
    pub subject: Option<String>,
    /// The measure's name.
    pub metric: String,
    /// How its course becomes a number.
    pub summary: Summary,
    /// The first step of the horizon.
    pub from: u32,
    /// The first step after it.
    pub until: u32,
}

/// What a command line changes about a file.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Settings of all arms.
    pub overrides: Vec<Override>,
    /// Replicates, instead of the file's.
    pub replicates: Option<u32>,
}

/// Two arms that differ in one factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The factor.
    pub factor: usize,
    /// The arm.
    pub arm: usize,
    /// The arm that has the factor's first level, and else the same.
    pub against: usize,
}

impl Experiment {
    /// Reads the experiment in the file `path` and checks it: every arm's configuration, every outcome.
    ///
    /// # Errors
    /// The first fault found, naming its place and what was expected.
    pub fn load(path: &Path, changes: &Changes) -> Result<Self, ExperimentError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ExperimentError::Unreadable { path: path.to_owned(), source })?;
        let file = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            ExperimentError::Malformed {
                path: path.to_owned(),
                message: error.to_string().trim_end().to_owned(),
            }
        })?;
        Resolver { path, folder: path.parent().unwrap_or(Path::new("")), changes }.resolve(file)
    }

    /// The seed of a replicate's runs: a draw keyed by the experiment's seed and the replicate's number, below 2⁶³.
    pub fn seed_of(&self, replicate: u32) -> u64 {
        Stream::new(self.seed, Purpose::Replicate, Step(0), AgentId(replicate)).next_u64() >> 1
    }

    /// The settings of an arm's run in a replicate.
    pub fn config_of(&self, arm: usize, replicate: u32) -> Config {
        with_seed(&self.arms[arm].config, self.seed_of(replicate))
    }

    /// The settings of the steps that a replicate's arms share.
    pub fn trunk_of(&self, replicate: u32) -> Config {
        with_seed(&self.trunk, self.seed_of(replicate))
    }

    /// The settings of an arm, but for the seed.
    pub(crate) fn config(&self, arm: usize) -> &Config {
        &self.arms[arm].config
    }

    /// Whether the folders of a replicate's runs stay.
    pub fn keeps(&self, replicate: u32) -> bool {
        match self.keep {
            Keep::All => true,
            Keep::First => replicate == 0,
            Keep::None => false,
        }
    }

    /// The arms that are compared: each with that which has the first level of a factor and else the same, factor by
    /// factor.
    pub fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for factor in 0..self.factors.len() {
            for (arm, own) in self.arms.iter().enumerate().filter(|(_, own)| own.levels[factor] > 0) {
                let mut levels = own.levels.clone();
                levels[factor] = 0;
                let against = self.arms.iter().position(|other| other.levels == levels);
                pairs.push(Pair { factor, arm, against: against.expect("arms are all combinations") });
            }
        }
        pairs
    }

    /// Files that the arms' configurations name, each once.
    pub(crate) fn inputs(&self) -> Vec<PathBuf> {
        let mut inputs: Vec<PathBuf> = self.arms.iter().flat_map(|arm| arm.config.inputs()).collect();
        inputs.sort();
        inputs.dedup();
        inputs
    }
}

fn with_seed(config: &Config, seed: u64) -> Config {
    let mut config = config.clone();
    config.run.seed = seed;
    config
}

/// Turns what a file says into an experiment.
struct Resolver<'a> {
    path: &'a Path,
    folder: &'a Path,
    changes: &'a Changes,
}

/// Above this an experiment is a mistake.
const MOST_RUNS: u64 = 1_000_000;

impl Resolver<'_> {
    fn unfit(&self, message: impl Into<String>) -> ExperimentError {
        ExperimentError::Unfit { path: self.path.to_owned(), message: message.into() }
    }

    fn expect(&self, holds: bool, message: impl FnOnce() -> String) -> Result<(), ExperimentError> {
        if holds { Ok(()) } else { Err(self.unfit(message())) }
    }

    fn resolve(&self, file: DesignFile) -> Result<Experiment, ExperimentError> {
        let stem = || self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = file.name.clone().unwrap_or_else(stem);
        let replicates = self.changes.replicates.unwrap_or(file.replicates);
        self.expect(!name.trim().is_empty(), || "name: expected a name, found none".to_owned())?;
        self.expect(replicates >= 1, || "replicates: expected at least 1, found 0".to_owned())?;
        self.expect(file.seed < 1 << 63, || {
            format!("seed: expected one up to 9223372036854775807, found {}", file.seed)
        })?;
        self.check_factors(&file.factor)?;
        let arms: u64 = file.factor.iter().map(|factor| factor.level.len() as u64).product();
        self.expect(arms.saturating_mul(replicates.into()) <= MOST_RUNS, || {
            format!("expected up to {MOST_RUNS} runs, found {arms} arms times {replicates} replicates")
        })?;

        let common = self.settings("set", &file.set)?;
        let trunk = self.load(&file.base, &common, &[], "[set]")?;
        let arms = self.arms(&file, &common)?;
        let Config { run, .. } = &arms[0].config;
        let (steps, minutes_per_step) = (run.steps, run.minutes_per_step);
        for arm in &arms {
            let own = &arm.config.run;
            self.expect(own.steps == steps && own.minutes_per_step == minutes_per_step, || {
                format!(
                    "arm {}: expected as many steps of as many minutes as in the other arms ({steps} of \
                     {minutes_per_step}), found {} of {}",
                    arm.name, own.steps, own.minutes_per_step
                )
            })?;
        }
        let treatment = file.treatment.unwrap_or(file.burn_in);
        self.expect(file.burn_in < steps, || {
            format!("burn_in: expected fewer than the run's {steps} steps, found {}", file.burn_in)
        })?;
        self.expect((file.burn_in..steps).contains(&treatment), || {
            format!(
                "treatment: expected a step from burn_in ({}) to {}, found {treatment}",
                file.burn_in,
                steps - 1
            )
        })?;
        if file.burn_in > 0 {
            self.check_forks(&trunk, &arms, Step(file.burn_in))?;
        }
        let outcomes = self.outcomes(&file.outcome, &arms, treatment, steps)?;
        let levels = |factor: &FactorConfig| FactorLevels {
            name: factor.name.clone(),
            levels: factor.level.iter().map(|level| level.name.clone()).collect(),
        };
        Ok(Experiment {
            name,
            seed: file.seed,
            replicates,
            burn_in: file.burn_in,
            treatment,
            keep: file.keep,
            steps,
            minutes_per_step,
            factors: file.factor.iter().map(levels).collect(),
            arms,
            outcomes,
            trunk,
        })
    }

    fn check_factors(&self, factors: &[FactorConfig]) -> Result<(), ExperimentError> {
        self.check_names("factor", factors.iter().map(|factor| &factor.name))?;
        for factor in factors {
            let place = format!("factor {}", factor.name);
            self.expect(factor.level.len() >= 2, || {
                format!("{place}: expected at least 2 levels, found {}", factor.level.len())
            })?;
            self.check_names(&format!("{place}: level"), factor.level.iter().map(|level| &level.name))?;
        }
        Ok(())
    }

    /// That there are names, each but once.
    fn check_names<'a>(
        &self,
        place: &str,
        given: impl Iterator<Item = &'a String>,
    ) -> Result<(), ExperimentError> {
        let mut seen: Vec<&String> = Vec::new();
        for (index, name) in given.enumerate() {
            self.expect(!name.trim().is_empty(), || {
                format!("{place} {}: expected a name, found none", index + 1)
            })?;
            self.expect(!seen.contains(&name), || {
                format!("{place} {}: expected a name that no other has, found {name:?} again", index + 1)
            })?;
            seen.push(name);
        }
        Ok(())
    }

    /// The settings of a table of dotted keys.
    fn settings(&self, place: &str, table: &toml::Table) -> Result<Vec<Override>, ExperimentError> {
        let mut settings = Vec::new();
        for (key, value) in table {
            let fault = |what: &str| self.unfit(format!("{place}: {key}: {what}"));
            if key.split('.').any(|part| part.trim().is_empty()) {
                return Err(fault("expected a dotted key, for instance \"run.steps\""));
            }
            if !key.contains('.') && value.is_table() {
                return Err(fault(
                    "expected a dotted key in quotes, for instance \"run.steps\" = 300; without them it is a table within a \
                     table",
                ));
            }
            if key == "run.seed" {
                return Err(fault(
                    "replicates have seeds of their own; expected `seed` of the experiment instead",
                ));
            }
            settings.push((key, Override::new(key, value.clone())));
        }
        // A table has no order, and another kind or preset empties its section.
        let begins_section = |key: &str| matches!(key.rsplit('.').next(), Some("kind" | "preset"));
        settings.sort_by_key(|(key, _)| !begins_section(key));
        Ok(settings.into_iter().map(|(_, setting)| setting).collect())
    }

    /// The base with what all arms and one's levels set; paths are relative to the experiment's folder, those of the command
    /// line to the working directory.
    fn load(
        &self,
        base: &Path,
        common: &[Override],
        own: &[Override],
        place: &str,
    ) -> Result<Config, ExperimentError> {
        let layer = |overrides, folder| Layer { overrides, folder };
        let layers = [
            layer(common, self.folder),
            layer(&self.changes.overrides, Path::new("")),
            layer(own, self.folder),
        ];
        load_layered(&self.folder.join(base), &layers).map_err(|error| match error {
            ConfigError::Override { setting, message } => {
                let given = self.changes.overrides.iter().any(|own| own.to_string() == setting);
                let place = if given { "--set" } else { place };
                self.unfit(format!("{place}: {setting}: {message}"))
            }
            ConfigError::Unfit { message, .. } => self.unfit(format!("{place}: {message}")),
            other => other.into(),
        })
    }

    /// All combinations of levels.
    fn arms(&self, file: &DesignFile, common: &[Override]) -> Result<Vec<Arm>, ExperimentError> {
        let mut combinations: Vec<Vec<usize>> = vec![Vec::new()];
        for factor in &file.factor {
            let longer = |levels: &Vec<usize>| {
                let levels = levels.clone();
                (0..factor.level.len()).map(move |level| [levels.clone(), vec![level]].concat())
            };
            combinations = combinations.iter().flat_map(longer).collect();
        }
        let mut arms: Vec<Arm> = Vec::new();
        for levels in combinations {
            let chosen =
                || file.factor.iter().zip(&levels).map(|(factor, &level)| (factor, &factor.level[level]));
            let mut settings = Vec::new();
            for (factor, level) in chosen() {
                let place = format!("factor {}, level {}", factor.name, level.name);
                settings.extend(self.settings(&place, &level.set)?);
            }
            let names: Vec<&str> = chosen().map(|(_, level)| level.name.as_str()).collect();
            let name = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
            let config = self.load(&file.base, common, &settings, &format!("arm {name}"))?;
            let folder = names::free_slug(&name, |slug| arms.iter().any(|arm| arm.folder == slug));
            arms.push(Arm { name, folder, levels, settings, config });
        }
        self.check_names("arm", arms.iter().map(|arm| &arm.name))?;
        Ok(arms)
    }

    /// That the arms can branch off at the end of the burn-in.
    fn check_forks(&self, trunk: &Config, arms: &[Arm], at: Step) -> Result<(), ExperimentError> {
        for arm in arms {
            trunk.check_fork(&arm.config, at).map_err(|error| {
                let error = match error {
                    EngineError::Unfit(message) => message.trim_start_matches("--set: ").to_owned(),
                    other => other.to_string(),
                };
                self.unfit(format!(
                    "arm {}: {error}. With burn_in = 0 arms run from the start and may differ in anything",
                    arm.name
                ))
            })?;
        }
        Ok(())
    }

    fn outcomes(
        &self,
        given: &[OutcomeConfig],
        arms: &[Arm],
        treatment: u32,
        steps: u32,
    ) -> Result<Vec<Outcome>, ExperimentError> {
        self.expect(!given.is_empty(), || {
            "outcome: expected at least one [[outcome]], found none".to_owned()
        })?;
        self.check_names("outcome", given.iter().map(|outcome| &outcome.name))?;
        given.iter().map(|outcome| self.outcome(outcome, arms, treatment, steps)).collect()
    }

    fn outcome(
        &self,
        given: &OutcomeConfig,
        arms: &[Arm],
        treatment: u32,
        steps: u32,
    ) -> Result<Outcome, ExperimentError> {
        let place = |what: String| format!("outcome {}: {what}", given.name);
        let check =
            |arm: &Arm| arm.config.check_measure(&given.scope, given.subject.as_deref(), &given.metric);
        let faults: Vec<String> = arms.iter().filter_map(|arm| check(arm).err()).collect();
        // It is enough that one arm has it.
        if faults.len() == arms.len() {
            return Err(self.unfit(place(faults[0].clone())));
        }
        let (from, until) = (given.from.unwrap_or(treatment), given.until.unwrap_or(steps));
        self.expect(from < until, || {
            place(format!("from: expected a step before until ({until}), found {from}"))
        })?;
        self.expect(until <= steps, || {
            place(format!("until: expected up to the run's {steps} steps, found {until}"))
        })?;
        match given.summary {
            Summary::At { step } => self.expect((from..until).contains(&step), || {
                let last = until - 1;
                place(format!(
                    "summary.step: expected one of the horizon, {from} to {last} (see from, until), found {step}"
                ))
            })?,
            Summary::TimeTo { above, below } => {
                let bounds: Vec<f64> = above.into_iter().chain(below).collect();
                self.expect(bounds.len() == 1 && bounds[0].is_finite(), || {
                    place("summary: expected a finite number `above` or `below`, one of them".to_owned())
                })?;
            }
            Summary::Last {} | Summary::Max {} | Summary::Mean {} | Summary::Area {} => {}
        }
        Ok(Outcome {
            name: given.name.clone(),
            scope: given.scope.clone(),
            subject: given.subject.clone(),
            metric: given.metric.clone(),
            summary: given.summary,
            from,
            until,
        })
    }
}
