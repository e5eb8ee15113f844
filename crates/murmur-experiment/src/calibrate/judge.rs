//! How well the fitted platform forecasts cascades that it was not fitted to, beside forecasts that need no simulation.

use murmur_core::{AgentId, Purpose, Step, Stream};
use serde::Serialize;

use super::baselines::{TrainingCurves, flat, logarithm, median};
use super::profile::groups_of;
use super::simulate::{Forecast, Simulator, Use, errors, mean, mean_of};
use super::start::Observed;
use super::{CalibrationError, MEASURES, PerMeasure, Plan};
use crate::Interval;

/// Those that forecast, in the order of all results.
pub(super) const CONTESTANTS: [&str; 6] = [
    "simulation, mean of all",
    "simulation, single ones",
    "minute held flat",
    "logarithm",
    "training mean curve",
    "training median curve",
];

/// Places of the simulations among the contestants.
const SIMULATIONS: [usize; 2] = [0, 1];

/// Places of the baselines that skill is measured against.
const BASELINES: [usize; 3] = [2, 3, 4];

/// Places of all forecasts without a simulation.
const ALL_BASELINES: [usize; 4] = [2, 3, 4, 5];

/// Draws of a bootstrap.
const DRAWS: u32 = 2000;

/// The step that keys the draws of the bootstrap.
const BOOTSTRAP: Step = Step(20);

/// What came of the test cascades.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Judgement {
    /// Those that forecast and how far off they are.
    pub contestants: Vec<Contestant>,
    /// How much better the simulations are than the baselines.
    pub skills: Vec<Skill>,
    /// Each contestant's error for each cascade.
    #[serde(skip)]
    pub rows: Vec<TestRow>,
    /// For each test cascade, by measure and minute after `from`: observed, and the mean of all simulations.
    #[serde(skip)]
    pub curves: Vec<TestCurve>,
}

/// How far off a contestant's forecasts are.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Contestant {
    /// Who.
    pub name: String,
    /// Mean NRMSE over test cascades, by measure.
    pub mean: PerMeasure<f64>,
    /// Median NRMSE over test cascades, by measure.
    pub median: PerMeasure<f64>,
    /// The mean over the measures' means.
    pub overall: f64,
    /// 95 % interval of `overall`, by the bootstrap over texts.
    pub interval: Interval,
}

/// The skill of a simulation: 1 − its mean NRMSE / that of a baseline.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Skill {
    /// Which simulation.
    pub contestant: String,
    /// The measure, or `all`.
    pub measure: String,
    /// The baseline.
    pub against: String,
    /// The skill; below 0 where the baseline is better. None where the baseline is never wrong.
    pub skill: Option<f64>,
    /// 95 % interval by the bootstrap over texts, the baseline being the same in every draw.
    pub interval: Option<Interval>,
}

/// A contestant's error for one test cascade.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TestRow {
    /// The cascade's place in the file, from 0.
    pub cascade: usize,
    /// Its name.
    pub name: String,
    /// Who forecast.
    pub contestant: &'static str,
    /// NRMSE by measure; none where the real value is 0 throughout and the forecast is not.
    pub nrmse: PerMeasure<Option<f64>>,
}

/// A test cascade and its forecast.
#[derive(Clone, PartialEq, Debug)]
pub struct TestCurve {
    /// The cascade's place in the file, from 0.
    pub cascade: usize,
    /// Each measure at minutes `from` + 1 to `until`.
    pub observed: Forecast,
    /// The mean of all simulations, likewise.
    pub simulated: Forecast,
}

/// Forecasts `test` under `values` and by the baselines that `training` gives.
pub(super) fn judge(
    plan: &Plan,
    simulator: &Simulator<'_>,
    training: &[Observed],
    test: &[Observed],
    values: &[f64],
) -> Result<Judgement, CalibrationError> {
    let candidate = simulator.candidate(values)?;
    let simulated = simulator.forecasts(&candidate, test, plan.test_replicates, Use::Test)?;
    let training_curves = TrainingCurves::of(training, plan);
    let mut rows = Vec::new();
    let mut curves = Vec::new();
    for (observed, simulations) in test.iter().zip(&simulated) {
        let mean_simulation = mean_of(simulations);
        let of = |forecast: &Forecast| errors(observed, forecast, plan);
        let all = [
            of(&mean_simulation),
            mean_errors(&simulations.iter().map(of).collect::<Vec<_>>()),
            of(&flat(observed, plan)),
            of(&logarithm(observed, plan)),
            of(&training_curves.mean(observed, plan)),
            of(&training_curves.median(observed, plan)),
        ];
        rows.extend(CONTESTANTS.iter().zip(all).map(|(&contestant, nrmse)| TestRow {
            cascade: observed.place,
            name: observed.cascade.name.clone(),
            contestant,
            nrmse,
        }));
        curves.push(TestCurve {
            cascade: observed.place,
            observed: std::array::from_fn(|measure| {
                observed.real[measure][plan.from as usize + 1..].to_vec()
            }),
            simulated: mean_simulation,
        });
    }
    let (contestants, skills) = sum_up(&rows, &groups_of(test), plan.seed);
    Ok(Judgement { contestants, skills, rows, curves })
}

/// The mean of errors by measure; none where one is not defined.
fn mean_errors(errors: &[PerMeasure<Option<f64>>]) -> PerMeasure<Option<f64>> {
    std::array::from_fn(|measure| {
        let values: Option<Vec<f64>> = errors.iter().map(|errors| errors[measure]).collect();
        values.map(mean)
    })
}

/// The means of all contestants, by measure.
type Means = [PerMeasure<f64>; CONTESTANTS.len()];

/// What `rows` come to, whose cascades belong to `groups`.
fn sum_up(rows: &[TestRow], groups: &[usize], seed: u64) -> (Vec<Contestant>, Vec<Skill>) {
    let by_cascade: Vec<&[TestRow]> = rows.chunks(CONTESTANTS.len()).collect();
    // A measure counts where it is defined for everybody.
    let defined =
        |cascade: &[TestRow], measure: usize| cascade.iter().all(|row| row.nrmse[measure].is_some());
    let error = |cascade: &[TestRow], contestant: usize, measure: usize| {
        cascade[contestant].nrmse[measure].expect("it is defined for everybody")
    };
    let means_under = |weights: &[u32]| -> Means {
        std::array::from_fn(|contestant| {
            std::array::from_fn(|measure| {
                let counted = by_cascade.iter().zip(groups).filter(|(cascade, _)| defined(cascade, measure));
                let (sum, weight) = counted.fold((0.0, 0.0), |(sum, total), (cascade, &group)| {
                    let weight = f64::from(weights[group]);
                    (sum + weight * error(cascade, contestant, measure), total + weight)
                });
                if weight > 0.0 { sum / weight } else { 0.0 }
            })
        })
    };
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let means = means_under(&vec![1; count]);
    let mut stream = Stream::new(seed, Purpose::Calibration, BOOTSTRAP, AgentId(0));
    let draws: Vec<Means> = (0..DRAWS)
        .map(|_| {
            let mut weights = vec![0; count];
            (0..count).for_each(|_| weights[stream.below(count as u32) as usize] += 1);
            means_under(&weights)
        })
        .collect();
    let contestants = CONTESTANTS.iter().enumerate().map(|(contestant, name)| {
        let errors = |measure: usize| {
            let counted = by_cascade.iter().filter(|cascade| defined(cascade, measure));
            counted.map(|cascade| error(cascade, contestant, measure)).collect()
        };
        let overall = |means: &Means| mean(means[contestant]);
        Contestant {
            name: (*name).to_owned(),
            mean: means[contestant],
            median: std::array::from_fn(|measure| median(errors(measure))),
            overall: overall(&means),
            interval: interval(draws.iter().map(overall).collect()),
        }
    });
    (contestants.collect(), skills(&means, &draws))
}

/// The skills of the simulations: against the best of the baselines over all and by measure; and, more severely, against
/// the best of all forecasts for each measure.
fn skills(means: &Means, draws: &[Means]) -> Vec<Skill> {
    let best = |among: &[usize], error: &dyn Fn(&Means, usize) -> f64| {
        let least = among.iter().copied().min_by(|&a, &b| error(means, a).total_cmp(&error(means, b)));
        least.expect("there are baselines")
    };
    let overall = |means: &Means, contestant: usize| mean(means[contestant]);
    let mut skills = Vec::new();
    for simulation in SIMULATIONS {
        let mut add = |measure: &str, against: String, errors: &dyn Fn(&Means) -> [f64; 2]| {
            let skill = |means: &Means| {
                let [own, other] = errors(means);
                (other > 0.0).then(|| 1.0 - own / other)
            };
            let drawn: Vec<f64> = draws.iter().filter_map(skill).collect();
            skills.push(Skill {
                contestant: CONTESTANTS[simulation].to_owned(),
                measure: measure.to_owned(),
                against,
                skill: skill(means),
                interval: (!drawn.is_empty()).then(|| interval(drawn)),
            });
        };
        let baseline = best(&BASELINES, &overall);
        add("all", CONTESTANTS[baseline].to_owned(), &|means| {
            [overall(means, simulation), overall(means, baseline)]
        });
        for (measure, name) in MEASURES.iter().enumerate() {
            let baseline = best(&BASELINES, &|means, contestant| means[contestant][measure]);
            add(name, CONTESTANTS[baseline].to_owned(), &|means| {
                [means[simulation][measure], means[baseline][measure]]
            });
        }
        let each: PerMeasure<usize> = std::array::from_fn(|measure| {
            best(&ALL_BASELINES, &|means, contestant| means[contestant][measure])
        });
        let names = each.map(|contestant| CONTESTANTS[contestant]).join(" / ");
        add("all", format!("the best for each measure ({names})"), &|means| {
            let bests = (0..MEASURES.len()).map(|measure| means[each[measure]][measure]);
            [overall(means, simulation), mean(bests)]
        });
    }
    skills
}

/// The middle 95 % of drawn values.
fn interval(mut values: Vec<f64>) -> Interval {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cascades with these errors of a contestant, the same for every measure.
    fn rows(errors: &[[f64; CONTESTANTS.len()]]) -> Vec<TestRow> {
        let row = |(cascade, errors): (usize, &[f64; CONTESTANTS.len()])| {
            std::array::from_fn::<TestRow, { CONTESTANTS.len() }, _>(|contestant| TestRow {
                cascade,
                name: String::new(),
                contestant: CONTESTANTS[contestant],
                nrmse: [Some(errors[contestant]); MEASURES.len()],
            })
        };
        errors.iter().enumerate().flat_map(row).collect()
    }

    #[test]
    fn skill_is_measured_against_the_best_baseline_and_may_be_negative() {
        let rows = rows(&[[0.1, 0.3, 0.5, 0.4, 0.1, 0.1], [0.1, 0.3, 0.5, 0.4, 0.3, 0.2]]);
        let (contestants, skills) = sum_up(&rows, &[0, 1], 1);
        assert!((contestants[4].overall - 0.2).abs() < 1e-12);
        let check = |contestant: usize, against: &str, expected: f64| {
            let found = skills.iter().find(|skill| {
                skill.contestant == CONTESTANTS[contestant]
                    && skill.measure == "all"
                    && skill.against.starts_with(against)
            });
            let found = found.unwrap();
            let (skill, interval) = (found.skill.unwrap(), found.interval.unwrap());
            assert!((skill - expected).abs() < 1e-12, "{found:?}");
            assert!(interval.low <= skill && skill <= interval.high);
        };
        check(0, "training mean curve", 0.5);
        check(1, "training mean curve", -0.5);
        check(0, "the best for each measure (training median curve", 1.0 / 3.0);
    }

    #[test]
    fn the_bootstrap_draws_texts_not_cascades() {
        let errors: Vec<[f64; CONTESTANTS.len()]> =
            (0..40).map(|cascade| [f64::from(cascade % 20 + 1), 1.0, 1.0, 1.0, 1.0, 1.0]).collect();
        let width = |groups: &[usize]| {
            let (contestants, _) = sum_up(&rows(&errors), groups, 1);
            contestants[0].interval.high - contestants[0].interval.low
        };
        let twice: Vec<usize> = (0..40).map(|cascade| cascade % 20).collect();
        let alone: Vec<usize> = (0..40).collect();
        // Twenty texts say as much as twenty cascades: an interval wider by the root of 2.
        let ratio = width(&twice) / width(&alone);
        assert!((ratio - 2.0f64.sqrt()).abs() < 0.15, "{ratio}");
    }
}
