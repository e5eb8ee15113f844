//! From the outcomes of runs to what the experiment comes to.
//!
//! Only replicates count of which all arms are done. Corrected p values are Holm's over one family: all comparisons of all
//! outcomes; paired and unpaired ones apart, since they are two analyses of the same.

use murmur_core::{AgentId, Purpose, Step, Stream};

use crate::ExperimentError;
use crate::folder::{Folder, OutcomeRecord, RunRecord};
use crate::plan::{Experiment, Pair};
use crate::results::{
    ArmMean, ArmSeries, Comparison, Contrast, Correlation, Interval, OutcomeRow, ReplyShare, Results,
};
use crate::statistics::{self, RESAMPLES, TTest};

/// What an experiment comes to, and what to know about it.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The results.
    pub results: Results,
    /// Runs that are not done, as `r0003 ARM`; their replicates are left out.
    pub missing: Vec<String>,
    /// What is odd about the outcomes.
    pub warnings: Vec<String>,
}

/// Reads the outcomes of all runs that are done, and compares arms.
///
/// # Errors
/// When no replicate is complete, or a file cannot be read or makes no sense.
pub fn collect(experiment: &Experiment, folder: &Folder) -> Result<Collected, ExperimentError> {
    let mut missing = Vec::new();
    let mut replicates: Vec<Vec<RunRecord>> = Vec::new();
    for replicate in 0..experiment.replicates {
        let mut arms = Vec::new();
        for arm in &experiment.arms {
            match folder.record(replicate, &arm.folder)? {
                Some(record) => arms.push(record),
                None => missing.push(format!("r{replicate:04} {}", arm.name)),
            }
        }
        if arms.len() == experiment.arms.len() {
            replicates.push(arms);
        }
    }
    if replicates.is_empty() {
        return Err(ExperimentError::NothingDone { path: folder.path().to_owned() });
    }
    let runs = Runs { experiment, replicates };
    let results = runs.results(missing.clone());
    Ok(Collected { results, missing, warnings: runs.warnings() })
}

/// The runs of all complete replicates.
struct Runs<'a> {
    experiment: &'a Experiment,
    /// By replicate and arm.
    replicates: Vec<Vec<RunRecord>>,
}

impl Runs<'_> {
    fn results(&self, missing: Vec<String>) -> Results {
        let Experiment { name, seed, treatment, steps, minutes_per_step, .. } = self.experiment;
        Results {
            name: name.clone(),
            seed: *seed,
            replicates: self.replicates.len() as u32,
            planned: self.experiment.replicates,
            missing,
            treatment: *treatment,
            steps: *steps,
            minutes_per_step: *minutes_per_step,
            factors: self.experiment.factors.clone(),
            arms: self.experiment.arms.iter().map(|arm| arm.name.clone()).collect(),
            folders: self.experiment.arms.iter().map(|arm| arm.folder.clone()).collect(),
            outcomes: self.experiment.outcomes.iter().map(|outcome| outcome.name.clone()).collect(),
            rows: self.rows(),
            means: self.means(),
            comparisons: self.comparisons(),
            correlations: self.correlations(),
            series: self.series(),
            replies: self.replies(),
        }
    }

    fn outcome_name(&self, outcome: usize) -> String {
        self.experiment.outcomes[outcome].name.clone()
    }

    fn arm_name(&self, arm: usize) -> String {
        self.experiment.arms[arm].name.clone()
    }

    fn outcomes(&self) -> std::ops::Range<usize> {
        0..self.experiment.outcomes.len()
    }

    fn arms(&self) -> std::ops::Range<usize> {
        0..self.experiment.arms.len()
    }

    /// An outcome in the runs of an arm, replicate by replicate.
    fn records(&self, arm: usize, outcome: usize) -> impl Iterator<Item = &OutcomeRecord> {
        self.replicates.iter().map(move |arms| &arms[arm].outcomes[outcome])
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for outcome in self.outcomes() {
            let name = self.outcome_name(outcome);
            let records = || self.arms().flat_map(|arm| self.records(arm, outcome));
            if !records().any(|record| record.was_recorded) {
                warnings.push(format!("outcome {name}: no run has recorded its measure"));
                continue;
            }
            let (all, none) = (records().count(), records().filter(|record| record.value.is_none()).count());
            if none > 0 {
                warnings
                    .push(format!("outcome {name}: not defined in {none} of {all} runs, which are left out"));
            }
        }
        warnings
    }

    fn rows(&self) -> Vec<OutcomeRow> {
        let rows = self.replicates.iter().flatten().flat_map(|run| {
            run.outcomes.iter().map(|outcome| OutcomeRow {
                replicate: run.replicate,
                seed: run.seed,
                arm: run.arm.clone(),
                outcome: outcome.name.clone(),
                value: outcome.value,
            })
        });
        rows.collect()
    }

    fn means(&self) -> Vec<ArmMean> {
        let mean = |arm: usize, outcome: usize| {
            let values: Vec<f64> = self.records(arm, outcome).filter_map(|record| record.value).collect();
            ArmMean {
                arm: self.arm_name(arm),
                outcome: self.outcome_name(outcome),
                runs: values.len() as u32,
                mean: statistics::mean(&values),
                sd: statistics::sd(&values),
                interval: statistics::student_t(&values).map(|test| test.interval),
            }
        };
        self.outcomes().flat_map(|outcome| self.arms().map(move |arm| mean(arm, outcome))).collect()
    }

    fn comparisons(&self) -> Vec<Comparison> {
        let pairs = self.experiment.pairs();
        let numbered = || pairs.iter().enumerate();
        let mut comparisons: Vec<Comparison> = self
            .outcomes()
            .flat_map(|outcome| numbered().map(move |(number, pair)| self.comparison(outcome, number, *pair)))
            .collect();
        let contrasts: [fn(&mut Comparison) -> &mut Contrast; 2] =
            [|own| &mut own.paired, |own| &mut own.unpaired];
        for contrast in contrasts {
            let family: Vec<Option<f64>> = comparisons.iter_mut().map(|own| contrast(own).p).collect();
            for (own, corrected) in comparisons.iter_mut().zip(statistics::holm(&family)) {
                contrast(own).p_corrected = corrected;
            }
        }
        comparisons
    }

    /// The `number`-th pair of arms.
    fn comparison(&self, outcome: usize, number: usize, pair: Pair) -> Comparison {
        let both = self.records(pair.arm, outcome).zip(self.records(pair.against, outcome));
        let both: Vec<(f64, f64)> =
            both.filter_map(|(own, other)| Some((own.value?, other.value?))).collect();
        let (own, other): (Vec<f64>, Vec<f64>) = both.iter().copied().unzip();
        let differences: Vec<f64> = both.iter().map(|(own, other)| own - other).collect();
        let draws = |unpaired: u32| {
            let place = AgentId(2 * number as u32 + unpaired);
            Stream::new(self.experiment.seed, Purpose::Bootstrap, Step(outcome as u32), place)
        };
        let contrast = |test: Option<TTest>, bootstrap, effect| Contrast {
            t: test.map(|test| test.interval),
            bootstrap,
            p: test.and_then(|test| test.p),
            p_corrected: None,
            effect,
        };
        let paired = contrast(
            statistics::student_t(&differences),
            statistics::bootstrap_mean(&differences, RESAMPLES, &mut draws(0)),
            statistics::cohens_d(&differences),
        );
        let unpaired = contrast(
            statistics::welch_t(&own, &other),
            statistics::bootstrap_difference(&own, &other, RESAMPLES, &mut draws(1)),
            statistics::hedges_g(&own, &other),
        );
        let width = |interval: Option<Interval>| interval.map(|interval| interval.high - interval.low);
        let widths = width(unpaired.t).zip(width(paired.t)).filter(|(_, paired)| *paired > 0.0);
        Comparison {
            outcome: self.outcome_name(outcome),
            factor: self.experiment.factors[pair.factor].name.clone(),
            arm: self.arm_name(pair.arm),
            against: self.arm_name(pair.against),
            pairs: both.len() as u32,
            difference: statistics::mean(&differences),
            paired,
            unpaired,
            narrowing: widths.map(|(unpaired, paired)| unpaired / paired),
            correlation: statistics::pearson(&own, &other),
        }
    }

    fn correlations(&self) -> Vec<Correlation> {
        let mut correlations = Vec::new();
        for outcome in self.outcomes() {
            for pair in self.experiment.pairs() {
                for step in self.experiment.treatment..self.experiment.steps {
                    let both = self.records(pair.arm, outcome).zip(self.records(pair.against, outcome));
                    let both = both.filter_map(|(own, other)| Some((at(own, step)?, at(other, step)?)));
                    let (own, other): (Vec<f64>, Vec<f64>) = both.unzip();
                    if own.is_empty() {
                        continue;
                    }
                    // Any two points lie on a line.
                    let correlation = (own.len() > 2).then(|| statistics::pearson(&own, &other)).flatten();
                    correlations.push(Correlation {
                        outcome: self.outcome_name(outcome),
                        arm: self.arm_name(pair.arm),
                        against: self.arm_name(pair.against),
                        steps: step - self.experiment.treatment,
                        correlation,
                    });
                }
            }
        }
        correlations
    }

    fn series(&self) -> Vec<ArmSeries> {
        let of = |arm: usize, outcome: usize| {
            let mut series = ArmSeries {
                outcome: self.outcome_name(outcome),
                arm: self.arm_name(arm),
                steps: Vec::new(),
                mean: Vec::new(),
                low: Vec::new(),
                high: Vec::new(),
            };
            for step in 0..self.experiment.steps {
                let is_taken = |record: &&OutcomeRecord| record.steps.binary_search(&step).is_ok();
                if !self.records(arm, outcome).any(|record| is_taken(&record)) {
                    continue;
                }
                let values: Vec<f64> =
                    self.records(arm, outcome).filter_map(|record| at(record, step)).collect();
                series.steps.push(step);
                series.mean.push(statistics::mean(&values));
                series.low.push(values.iter().copied().reduce(f64::min));
                series.high.push(values.iter().copied().reduce(f64::max));
            }
            series
        };
        self.outcomes().flat_map(|outcome| self.arms().map(move |arm| of(arm, outcome))).collect()
    }

    fn replies(&self) -> Vec<ReplyShare> {
        let pairs = self.experiment.pairs();
        let share = |arms: &Vec<RunRecord>, pair: &Pair| {
            let (own, other) = (&arms[pair.arm].requests, &arms[pair.against].requests);
            (!own.is_empty() || !other.is_empty()).then(|| ReplyShare {
                replicate: arms[pair.arm].replicate,
                arm: self.arm_name(pair.arm),
                against: self.arm_name(pair.against),
                requests: own.len() as u64,
                shared: in_common(own, other),
            })
        };
        self.replicates
            .iter()
            .flat_map(|arms| pairs.iter().filter_map(move |pair| share(arms, pair)))
            .collect()
    }
}

/// What was measured in that very step.
fn at(record: &OutcomeRecord, step: u32) -> Option<f64> {
    let place = record.steps.binary_search(&step).ok()?;
    record.values[place]
}

/// How many of `own` are among `other`, each of which counts once; both ascend.
fn in_common(own: &[String], other: &[String]) -> u64 {
    let mut others = other.iter().peekable();
    let mut common = 0;
    for own in own {
        while others.next_if(|other| *other < own).is_some() {}
        common += u64::from(others.next_if(|other| *other == own).is_some());
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_lists_have_in_common_is_counted_as_often_as_in_both() {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let check = |own, other, expected| assert_eq!(in_common(&list(own), &list(other)), expected);
        check("a b b c", "b b b d", 2);
        check("a a", "a", 1);
        check("", "a", 0);
        check("b", "a b", 1);
    }
}
