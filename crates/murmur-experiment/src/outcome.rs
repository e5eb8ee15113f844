//! From a run's measures to its outcomes.
//!
//! A measure is taken at some steps. Its course has a value for every step: in steps in which it is not taken, the last one
//! taken stands, unless the measure counts what happened in a step, which is then nothing.

use murmur_core::ActionKind;
use murmur_engine::Series;

use crate::design::Summary;
use crate::plan::Outcome;

/// The measure behind an outcome, at the steps at which it was taken.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Measured {
    /// Whether it has a row in the run's table.
    pub(crate) was_recorded: bool,
    /// The steps, rising.
    pub(crate) steps: Vec<u32>,
    /// What it was at each of them.
    pub(crate) values: Vec<Option<f64>>,
}

impl Measured {
    /// The measure behind `outcome` in a run of so many steps.
    pub(crate) fn of(outcome: &Outcome, series: &[Series], steps: u32) -> Self {
        let is_meant = |series: &&Series| {
            series.scope == outcome.scope
                && series.subject == outcome.subject
                && series.metric == outcome.metric
        };
        let series = series.iter().find(is_meant);
        let points = series.map_or(&[][..], |series| &series.points);
        let taken: Vec<(u32, Option<f64>)> = points.iter().map(|&(step, value)| (step.0, value)).collect();
        let taken = match (without_rows(outcome), taken.first()) {
            (Without::NotMeasured, _) => taken,
            (Without::Zero, _) => filled(&taken, steps),
            // Before the first row there was nothing yet.
            (Without::ZeroBefore, first) => {
                let first = first.map_or(steps, |&(step, _)| step);
                let zeros = (0..first).map(|step| (step, Some(0.0)));
                zeros.chain(taken).collect()
            }
        };
        let (steps, values) = taken.into_iter().unzip();
        Self { was_recorded: series.is_some(), steps, values }
    }

    /// The value that stands at the end of each step from `from` to before `until`.
    fn course(&self, from: u32, until: u32) -> impl Iterator<Item = Option<f64>> + '_ {
        let mut next = 0;
        let mut stands = None;
        (from..until).map(move |step| {
            while next < self.steps.len() && self.steps[next] <= step {
                stands = self.values[next];
                next += 1;
            }
            stands
        })
    }

    /// What it comes to; none where that is not defined.
    pub(crate) fn summary(&self, outcome: &Outcome) -> Option<f64> {
        let Outcome { from, until, summary, .. } = *outcome;
        let mut course = self.course(from, until);
        match summary {
            Summary::At { step } => course.nth((step - from) as usize).flatten(),
            Summary::Last {} => course.last().flatten(),
            Summary::Max {} => course.flatten().reduce(f64::max),
            Summary::Mean {} => {
                let defined: Vec<f64> = course.flatten().collect();
                crate::statistics::mean(&defined)
            }
            Summary::Area {} => course.sum(),
            Summary::TimeTo { above, below } => {
                let is_beyond = |value: f64| {
                    above.is_some_and(|bound| value > bound) || below.is_some_and(|bound| value < bound)
                };
                course.position(|value| value.is_some_and(is_beyond)).map(|steps| steps as f64)
            }
        }
    }
}

/// What a step without a row of a measure means.
enum Without {
    /// It was not taken.
    NotMeasured,
    /// It counts what happens in a step, and nothing did.
    Zero,
    /// It counts what has happened so far: before its first row, nothing had.
    ZeroBefore,
}

fn without_rows(outcome: &Outcome) -> Without {
    match outcome.scope.as_str() {
        "platform" if ActionKind::from_name(&outcome.metric).is_some() => Without::Zero,
        "feed" | "intervention" | "model" => Without::Zero,
        "cascade" if matches!(outcome.metric.as_str(), "scale" | "exposures_total") => Without::ZeroBefore,
        _ => Without::NotMeasured,
    }
}

/// A value for each of so many steps, 0 where none is given.
fn filled(taken: &[(u32, Option<f64>)], steps: u32) -> Vec<(u32, Option<f64>)> {
    let mut all: Vec<(u32, Option<f64>)> = (0..steps).map(|step| (step, Some(0.0))).collect();
    for &(step, value) in taken.iter().filter(|(step, _)| *step < steps) {
        all[step as usize].1 = value;
    }
    all
}

#[cfg(test)]
mod tests {
    use murmur_core::Step;

    use super::*;

    fn outcome(scope: &str, metric: &str, summary: Summary) -> Outcome {
        Outcome {
            name: "it".to_owned(),
            scope: scope.to_owned(),
            subject: Some("x".to_owned()),
            metric: metric.to_owned(),
            summary,
            from: 2,
            until: 8,
        }
    }

    /// What `summary` makes of a measure over the steps 2 to 7 of ten that was taken so.
    fn check(
        scope: &'static str,
        metric: &str,
        points: &[(u32, Option<f64>)],
        summary: Summary,
        expected: Option<f64>,
    ) {
        let outcome = outcome(scope, metric, summary);
        let points = points.iter().map(|&(step, value)| (Step(step), value)).collect();
        let series = Series { scope, subject: Some("x".to_owned()), metric: metric.to_owned(), points };
        assert_eq!(Measured::of(&outcome, &[series], 10).summary(&outcome), expected, "{summary:?}");
    }

    #[test]
    fn summaries_are_of_the_horizon_alone() {
        let points: Vec<_> = (0..10).map(|step| (step, Some(f64::from(step * step)))).collect();
        let check = |summary, expected| check("opinion", "mean", &points, summary, Some(expected));
        check(Summary::At { step: 5 }, 25.0);
        check(Summary::Last {}, 49.0);
        check(Summary::Max {}, 49.0);
        check(Summary::Mean {}, 139.0 / 6.0);
        check(Summary::Area {}, 139.0);
        check(Summary::TimeTo { above: Some(16.0), below: None }, 3.0);
        check(Summary::TimeTo { above: None, below: Some(5.0) }, 0.0);
    }

    #[test]
    fn a_value_stands_until_the_next_is_taken() {
        let points = [(0, Some(1.0)), (4, Some(3.0)), (9, Some(9.0))];
        let check = |summary, expected| check("opinion", "mean", &points, summary, Some(expected));
        check(Summary::At { step: 3 }, 1.0);
        check(Summary::Last {}, 3.0);
        check(Summary::Area {}, 2.0 + 4.0 * 3.0);
        check(Summary::Mean {}, 1.0 + 8.0 / 6.0);
        check(Summary::TimeTo { above: Some(2.0), below: None }, 2.0);
    }

    #[test]
    fn what_is_not_defined_has_no_sum_and_no_part_in_a_mean() {
        let points = [(0, None), (4, Some(3.0)), (6, None)];
        let check = |summary, expected| check("opinion", "mean", &points, summary, expected);
        check(Summary::At { step: 3 }, None);
        check(Summary::Last {}, None);
        check(Summary::Area {}, None);
        check(Summary::Mean {}, Some(3.0));
        check(Summary::Max {}, Some(3.0));
        check(Summary::TimeTo { above: Some(3.0), below: None }, None);
    }

    #[test]
    fn no_row_is_nothing_where_something_is_counted() {
        let points = [(5, Some(3.0))];
        check("intervention", "decisions", &points, Summary::Area {}, Some(3.0));
        check("intervention", "decisions", &points, Summary::Last {}, Some(0.0));
        check("cascade", "exposures_total", &points, Summary::At { step: 4 }, Some(0.0));
        check("cascade", "exposures_total", &points, Summary::Last {}, Some(3.0));
        check("cascade", "depth", &points, Summary::At { step: 4 }, None);
        check("opinion", "mean", &points, Summary::At { step: 4 }, None);
    }

    #[test]
    fn a_measure_without_rows_is_noticed() {
        let of = |scope| Measured::of(&outcome(scope, "decisions", Summary::Last {}), &[], 10);
        assert!(!of("intervention").was_recorded);
        assert_eq!(of("intervention").values, [Some(0.0); 10]);
        assert_eq!(of("opinion").values, []);
    }
}
