//! The loss along each parameter, the others held at the best value found, and whether the cascades tell its values apart.

use serde::Serialize;

use super::simulate::{Simulator, mean};
use super::start::Observed;
use super::{CalibrationError, Fit, Plan};

/// Points of a profile, beside the best value itself.
const POINTS: usize = 13;

/// Standard errors by which a loss must be greater to be told from the least.
const TOLD_APART: f64 = 2.0;

/// The loss along one parameter.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Profile {
    /// The parameter's key.
    pub key: String,
    /// The best value found.
    pub best: f64,
    /// Values from the low bound to the high one, evenly in the parameter's scale, and the best one among them.
    pub points: Vec<ProfilePoint>,
    /// The least value around the best that is not told apart from it.
    pub low: f64,
    /// The greatest such value.
    pub high: f64,
    /// On which sides the cascades tell its values apart.
    pub identified: Identified,
}

/// The loss at one value.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct ProfilePoint {
    /// The parameter's value.
    pub value: f64,
    /// The mean NRMSE over training cascades and measures.
    pub loss: f64,
    /// How much greater than at the best value.
    pub excess: f64,
    /// The standard error of that, over the training texts.
    pub error: f64,
    /// Whether it is greater by more than two standard errors.
    pub told_apart: bool,
}

/// On which sides of the best value others are told apart from it within the bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identified {
    /// On both.
    Yes,
    /// Smaller ones are told apart, greater ones up to the bound are not.
    FromBelow,
    /// Greater ones are told apart, smaller ones down to the bound are not.
    FromAbove,
    /// On neither.
    No,
}

/// The profiles of all parameters around the best candidate of `fit`.
pub(super) fn profiles(
    plan: &Plan,
    simulator: &Simulator<'_>,
    training: &[Observed],
    fit: &Fit,
) -> Result<Vec<Profile>, CalibrationError> {
    let least = simulator.losses(&fit.best, training)?;
    let groups = groups_of(training);
    let profile = |place: usize| {
        let parameter = &plan.parameter[place];
        let best = fit.best[place];
        let grid = (0..POINTS).map(|point| parameter.value(point as f64 / (POINTS - 1) as f64));
        let mut values: Vec<f64> = grid.chain([best]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let point = |value: f64| {
            let mut at = fit.best.clone();
            at[place] = value;
            let losses = if value == best { least.clone() } else { simulator.losses(&at, training)? };
            let excesses: Vec<f64> = losses.iter().zip(&least).map(|(loss, least)| loss - least).collect();
            let (excess, error) = mean_and_error(&excesses, &groups);
            let told_apart = excess > TOLD_APART * error && value != best;
            Ok(ProfilePoint { value, loss: mean(losses), excess, error, told_apart })
        };
        let points: Vec<ProfilePoint> =
            values.into_iter().map(point).collect::<Result<_, CalibrationError>>()?;
        Ok(summed_up(&parameter.key, best, points))
    };
    (0..plan.parameter.len()).map(profile).collect()
}

fn summed_up(key: &str, best: f64, points: Vec<ProfilePoint>) -> Profile {
    let at = points.iter().position(|point| point.value == best).expect("the best value is a point");
    let first = points[..at].iter().rposition(|point| point.told_apart).map_or(0, |point| point + 1);
    let after =
        points[at..].iter().position(|point| point.told_apart).map_or(points.len(), |point| at + point);
    let identified = match (first > 0, after < points.len()) {
        (true, true) => Identified::Yes,
        (true, false) => Identified::FromBelow,
        (false, true) => Identified::FromAbove,
        (false, false) => Identified::No,
    };
    let (low, high) = (points[first].value, points[after - 1].value);
    Profile { key: key.to_owned(), best, points, low, high, identified }
}

/// For each cascade the number of its text, in the order in which texts first come.
pub(super) fn groups_of(observed: &[Observed]) -> Vec<usize> {
    let mut texts: Vec<&str> = Vec::new();
    let mut groups = Vec::with_capacity(observed.len());
    for one in observed {
        let place = texts.iter().position(|text| *text == one.cascade.text);
        groups.push(place.unwrap_or_else(|| {
            texts.push(&one.cascade.text);
            texts.len() - 1
        }));
    }
    groups
}

/// The mean of numbers and its standard error, those of one group taken as one observation.
fn mean_and_error(numbers: &[f64], groups: &[usize]) -> (f64, f64) {
    let mean = mean(numbers.iter().copied());
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let mut sums = vec![0.0; count];
    for (number, &group) in numbers.iter().zip(groups) {
        sums[group] += number - mean;
    }
    if count < 2 {
        return (mean, f64::INFINITY);
    }
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let correction = count as f64 / (count - 1) as f64;
    (mean, (squares * correction).sqrt() / numbers.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_mean_is_the_usual_one_where_each_is_a_group_of_its_own() {
        let (mean, error) = mean_and_error(&[1.0, 2.0, 4.0, 5.0], &[0, 1, 2, 3]);
        // Variance (n − 1): 10 / 3.
        assert!((mean - 3.0).abs() < 1e-12 && (error - (10.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
        // Repeated observations say nothing new.
        let (_, repeated) =
            mean_and_error(&[1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 5.0, 5.0], &[0, 0, 1, 1, 2, 2, 3, 3]);
        assert!((repeated - error).abs() < 1e-12);
    }

    #[test]
    fn a_parameter_is_identified_where_losses_rise_on_both_sides() {
        let check = |told: [bool; 5], expected: (f64, f64, Identified)| {
            let points = (0..5).zip(told).map(|(value, told_apart)| ProfilePoint {
                value: f64::from(value),
                loss: 0.0,
                excess: 0.0,
                error: 0.0,
                told_apart,
            });
            let profile = summed_up("x", 2.0, points.collect());
            assert_eq!((profile.low, profile.high, profile.identified), expected);
        };
        check([true, true, false, false, true], (2.0, 3.0, Identified::Yes));
        check([true, false, false, false, false], (1.0, 4.0, Identified::FromBelow));
        check([false, false, false, true, false], (0.0, 2.0, Identified::FromAbove));
        check([false; 5], (0.0, 4.0, Identified::No));
    }
}
