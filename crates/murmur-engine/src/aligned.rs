//! The same measures of several runs, side by side.

use std::collections::BTreeMap;

use crate::Series;
use crate::series::Points;

/// A measure in each of several runs.
#[derive(Clone, PartialEq, Debug)]
pub struct AlignedSeries {
    /// What it is about, as in [`Series::scope`].
    pub scope: &'static str,
    /// The cascade, topic, label column or other subject; none for the platform.
    pub subject: Option<String>,
    /// Its name.
    pub metric: String,
    /// Run by run, its values by step; `None` in a run that does not have it.
    pub runs: Vec<Option<Points>>,
}

impl AlignedSeries {
    /// Lines the series of several runs up, in the order of scope, subject and name.
    pub fn of(runs: Vec<Vec<Series>>) -> Vec<Self> {
        let count = runs.len();
        let mut aligned: BTreeMap<(&str, Option<String>, String), Self> = BTreeMap::new();
        for (place, own) in runs.into_iter().enumerate() {
            for Series { scope, subject, metric, points } in own {
                let key = (scope, subject.clone(), metric.clone());
                let runs = vec![None; count];
                let series = aligned.entry(key).or_insert(Self { scope, subject, metric, runs });
                series.runs[place] = Some(points);
            }
        }
        aligned.into_values().collect()
    }

    /// `scope/subject/metric`, or `scope/metric` without a subject.
    pub fn name(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{}/{subject}/{}", self.scope, self.metric),
            None => format!("{}/{}", self.scope, self.metric),
        }
    }

    /// Whether every run has it.
    pub fn is_shared(&self) -> bool {
        self.runs.iter().all(Option::is_some)
    }

    /// Run by run, the last value that is defined.
    pub fn last(&self) -> Vec<Option<f64>> {
        let last = |points: &Points| points.iter().rev().find_map(|&(_, value)| value);
        self.runs.iter().map(|points| points.as_ref().and_then(last)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use murmur_core::Step;

    fn series(subject: Option<&str>, metric: &str, values: &[Option<f64>]) -> Series {
        let points = (0..).map(Step).zip(values.iter().copied()).collect();
        Series { scope: "opinion", subject: subject.map(str::to_owned), metric: metric.to_owned(), points }
    }

    #[test]
    fn series_of_the_same_name_come_together() {
        let first = vec![
            series(Some("tea"), "mean", &[Some(0.1), Some(0.2), None]),
            series(None, "all", &[Some(1.0)]),
        ];
        let second = vec![series(Some("rain"), "mean", &[None]), series(Some("tea"), "mean", &[Some(0.5)])];
        let aligned = AlignedSeries::of(vec![first, second]);
        let found: Vec<(String, bool, Vec<Option<f64>>)> =
            aligned.iter().map(|series| (series.name(), series.is_shared(), series.last())).collect();
        let expected = [
            ("opinion/all", false, [Some(1.0), None]),
            ("opinion/rain/mean", false, [None, None]),
            ("opinion/tea/mean", true, [Some(0.2), Some(0.5)]),
        ];
        assert_eq!(found, expected.map(|(name, shared, last)| (name.to_owned(), shared, last.to_vec())));
    }
}
