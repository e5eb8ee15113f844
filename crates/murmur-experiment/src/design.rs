//! The file of an experiment: what is declared before anything is run. `docs/experiments.md` describes it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An experiment as its file has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignFile {
    /// What it is called. Default: the file's name without its ending.
    pub name: Option<String>,
    /// The configuration that all arms begin from, relative to the experiment's folder.
    pub base: PathBuf,
    /// What replicates' seeds are drawn from, up to 9223372036854775807. Default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often each arm is run, each time with another seed, which the arms of a replicate share. Default 20.
    #[serde(default = "twenty")]
    pub replicates: u32,
    /// Steps that a replicate's arms share: they are carried out once, and the arms branch off there. Default 0: every arm
    /// runs from the start.
    #[serde(default)]
    pub burn_in: u32,
    /// The step from which arms differ. Default: `burn_in`.
    pub treatment: Option<u32>,
    /// Of which replicates the run folders stay. Default `first`.
    #[serde(default)]
    pub keep: Keep,
    /// Settings of all arms that differ from the base: dotted keys, as with `--set`.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub set: toml::Table,
    /// What differs between arms, which are all combinations of the factors' levels.
    #[serde(default)]
    pub factor: Vec<FactorConfig>,
    /// What is compared.
    #[serde(default)]
    pub outcome: Vec<OutcomeConfig>,
}

fn one() -> u64 {
    1
}

fn twenty() -> u32 {
    20
}

/// Of which replicates the run folders stay once their outcomes are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Of all.
    All,
    /// Of the first.
    #[default]
    First,
    /// Of none.
    None,
}

/// Something that differs between arms.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorConfig {
    /// What it is called.
    pub name: String,
    /// How it may stand; each level is compared with the first.
    pub level: Vec<LevelConfig>,
}

/// One way in which a factor may stand.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelConfig {
    /// What it is called.
    pub name: String,
    /// Its settings: dotted keys, as with `--set`. Default: those of the base.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub set: toml::Table,
}

/// One number of a run, from a measure of the table `metrics`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeConfig {
    /// What it is called.
    pub name: String,
    /// The measure's scope: `platform`, `cascade`, `opinion`, …
    pub scope: String,
    /// What it is about: the name of a cascade, topic, claim, … Default: nothing, as for the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The measure's name.
    pub metric: String,
    /// How its course becomes a number.
    pub summary: Summary,
    /// The first step of the horizon. Default: the treatment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The step before which the horizon ends. Default: the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u32>,
}

/// How a measure's course over the horizon becomes a number. In a step in which it is not taken its last value stands.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Summary {
    /// Its value at the end of a step.
    At {
        /// The step.
        step: u32,
    },
    /// Its value at the end of the horizon.
    Last {},
    /// The greatest value.
    Max {},
    /// The mean over the steps in which it is defined.
    Mean {},
    /// The sum over all steps.
    Area {},
    /// Steps from the start of the horizon until it is beyond a threshold.
    TimeTo {
        /// It is greater than this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        above: Option<f64>,
        /// It is less than this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<f64>,
    },
}
