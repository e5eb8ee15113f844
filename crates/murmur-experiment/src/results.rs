//! What an experiment came to: every outcome of every run, and what the arms' comparison says.
//!
//! Written as `results.json`, and table by table as Parquet and CSV. Arms, factors, levels, outcomes and replicates keep the
//! order of the experiment's file; arms count through the levels of the last factor first.

use serde::{Deserialize, Serialize};

/// Everything that an experiment came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Results {
    /// The experiment's name.
    pub name: String,
    /// The seed that its replicates' seeds are drawn from.
    pub seed: u64,
    /// Replicates of which all arms are done: those that results are of.
    pub replicates: u32,
    /// Replicates that were planned; they count from 0. 0 if the file does not say, as older ones.
    #[serde(default)]
    pub planned: u32,
    /// Runs that are not done, as `r0003 ARM`; their replicates are left out.
    #[serde(default)]
    pub missing: Vec<String>,
    /// The step from which arms differ.
    pub treatment: u32,
    /// Steps of each run.
    pub steps: u32,
    /// Simulated minutes per step.
    pub minutes_per_step: u32,
    /// What differs between arms.
    pub factors: Vec<FactorLevels>,
    /// Names of the arms.
    pub arms: Vec<String>,
    /// What the arms' folders are called, in the same order. Empty if the file does not say, as older ones.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Names of the outcomes.
    pub outcomes: Vec<String>,
    /// One row per run and outcome.
    pub rows: Vec<OutcomeRow>,
    /// One row per arm and outcome.
    pub means: Vec<ArmMean>,
    /// One row per outcome and pair of arms compared.
    pub comparisons: Vec<Comparison>,
    /// How alike paired arms stay, by steps since treatment.
    pub correlations: Vec<Correlation>,
    /// The measures behind the outcomes, step by step.
    pub series: Vec<ArmSeries>,
    /// Replies of language models that arms had in common.
    pub replies: Vec<ReplyShare>,
}

/// A factor and its levels.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FactorLevels {
    /// The factor's name.
    pub name: String,
    /// Its levels' names; the first is the one that others are compared with.
    pub levels: Vec<String>,
}

/// One outcome of one run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutcomeRow {
    /// The replicate, from 0.
    pub replicate: u32,
    /// The run's seed, shared by all arms of the replicate.
    pub seed: u64,
    /// The arm.
    pub arm: String,
    /// The outcome.
    pub outcome: String,
    /// Its value; none where it is not defined, as the time to a threshold that was not reached.
    pub value: Option<f64>,
}

/// An estimate's range.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// An outcome's mean over the runs of an arm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ArmMean {
    /// The arm.
    pub arm: String,
    /// The outcome.
    pub outcome: String,
    /// Runs in which it is defined.
    pub runs: u32,
    /// Its mean over them.
    pub mean: Option<f64>,
    /// Its standard deviation over them (n − 1).
    pub sd: Option<f64>,
    /// 95 % interval of the mean, by Student's t.
    pub interval: Option<Interval>,
}

/// What one way of comparing two arms gives.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Contrast {
    /// 95 % interval of the mean difference, by Student's t (paired) or Welch's (unpaired).
    pub t: Option<Interval>,
    /// 95 % interval by the bias-corrected bootstrap over runs.
    pub bootstrap: Option<Interval>,
    /// Two-sided p value of the t test.
    pub p: Option<f64>,
    /// The same after Holm's correction over all comparisons of the experiment.
    pub p_corrected: Option<f64>,
    /// Standardized effect: Cohen's d of the differences if paired, Hedges' g otherwise.
    pub effect: Option<f64>,
}

/// An outcome in one arm against another.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// The outcome.
    pub outcome: String,
    /// The factor in whose level the arms differ.
    pub factor: String,
    /// The arm.
    pub arm: String,
    /// The arm that it is compared with.
    pub against: String,
    /// Replicates in which the outcome is defined in both.
    pub pairs: u32,
    /// Mean of the arm less that of the other, over those replicates.
    pub difference: Option<f64>,
    /// Pair by pair.
    pub paired: Contrast,
    /// As if the runs had nothing in common.
    pub unpaired: Contrast,
    /// Width of the unpaired t interval over that of the paired one: how much the common random numbers are worth.
    pub narrowing: Option<f64>,
    /// Correlation of the outcome between the two arms over replicates.
    pub correlation: Option<f64>,
}

/// How alike two arms are so many steps after treatment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Correlation {
    /// The outcome whose measure it is.
    pub outcome: String,
    /// The arm.
    pub arm: String,
    /// The other.
    pub against: String,
    /// Steps since treatment.
    pub steps: u32,
    /// Pearson's correlation of the measure over replicates at that step.
    pub correlation: Option<f64>,
}

/// The measure behind an outcome over the steps of an arm's runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ArmSeries {
    /// The outcome.
    pub outcome: String,
    /// The arm.
    pub arm: String,
    /// Steps at which it was measured.
    pub steps: Vec<u32>,
    /// Its mean over the runs, at each of them.
    pub mean: Vec<Option<f64>>,
    /// The least over the runs.
    pub low: Vec<Option<f64>>,
    /// The greatest over the runs.
    pub high: Vec<Option<f64>>,
}

/// Replies of language models that two arms had in common.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReplyShare {
    /// The replicate.
    pub replicate: u32,
    /// The arm.
    pub arm: String,
    /// The other.
    pub against: String,
    /// Requests of the arm.
    pub requests: u64,
    /// Those that the other made as well, word for word.
    pub shared: u64,
}
