//! A number over independent runs.

use serde::Serialize;

/// The mean of a number over runs, and how far they differ.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of runs, with n − 1; `None` of one run.
    pub deviation: Option<f64>,
    /// The standard error of the mean; `None` of one run.
    pub error: Option<f64>,
}

impl Estimate {
    /// Over at least one run.
    pub(super) fn over(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let runs = values.len() as f64;
        let mean = values.iter().sum::<f64>() / runs;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (runs - 1.0)).sqrt());
        Self { mean, deviation, error: deviation.map(|deviation| deviation / runs.sqrt()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_and_error_are_those_of_the_textbook() {
        let found = Estimate::over([2.0, 4.0, 4.0, 6.0].into_iter());
        let deviation = (8.0f64 / 3.0).sqrt();
        assert_eq!(found, Estimate { mean: 4.0, deviation: Some(deviation), error: Some(deviation / 2.0) });
        let one = Estimate::over([3.0].into_iter());
        assert_eq!(one, Estimate { mean: 3.0, deviation: None, error: None });
    }
}
