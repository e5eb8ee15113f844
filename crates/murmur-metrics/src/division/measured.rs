//! A measure beside its values on rewired networks.

use serde::{Deserialize, Serialize};

/// A measure, and what it comes to when ties are dealt again at random.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// On everything there is, or where that was too much on the sample. `None` where it is not defined.
    pub value: Option<f64>,
    /// On the sample that was rewired, when that was not everything.
    pub sample_value: Option<f64>,
    /// Mean over rewirings. `None` when there were fewer than two in which it is defined; so are the next two.
    pub rewired_mean: Option<f64>,
    /// Standard deviation over rewirings (of a sample: over n − 1).
    pub rewired_sd: Option<f64>,
    /// How many standard deviations the value (on a sample: the sample's) lies above the mean. `None` as well where
    /// rewiring does not change the measure.
    pub z: Option<f64>,
}

/// A spread no greater than this is rounding.
const ROUNDING: f64 = 1e-12;

impl Measured {
    /// `value` and, if only a sample was rewired, what the measure is on it; `rewired` are the values on rewirings.
    pub(super) fn beside(
        value: Option<f64>,
        sample_value: Option<Option<f64>>,
        rewired: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let rewired: Vec<f64> = rewired.flatten().collect();
        let own = Self { value, sample_value: sample_value.flatten(), ..Self::default() };
        if rewired.len() < 2 {
            return own;
        }
        let mean = rewired.iter().sum::<f64>() / rewired.len() as f64;
        let squares: f64 = rewired.iter().map(|value| (value - mean) * (value - mean)).sum();
        let sd = (squares / (rewired.len() - 1) as f64).sqrt();
        let z = sample_value.unwrap_or(value).filter(|_| sd > ROUNDING).map(|value| (value - mean) / sd);
        Self { rewired_mean: Some(mean), rewired_sd: Some(sd), z, ..own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_told_in_spreads_of_the_rewired() {
        let check =
            |value, sample: Option<Option<f64>>, rewired: &[Option<f64>], expected: [Option<f64>; 3]| {
                let found = Measured::beside(value, sample, rewired.iter().copied());
                assert_eq!([found.rewired_mean, found.rewired_sd, found.z], expected);
            };
        let all = [Some(1.0), Some(3.0), None, Some(2.0)];
        check(Some(4.0), None, &all, [Some(2.0), Some(1.0), Some(2.0)]);
        check(Some(4.0), Some(Some(0.0)), &all, [Some(2.0), Some(1.0), Some(-2.0)]);
        check(Some(4.0), Some(None), &all, [Some(2.0), Some(1.0), None]);
        check(None, None, &all, [Some(2.0), Some(1.0), None]);
        check(Some(4.0), None, &[Some(1.0); 3], [Some(1.0), Some(0.0), None]);
        check(Some(4.0), None, &[Some(1.0), None], [None; 3]);
    }
}
