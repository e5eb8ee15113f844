//! What two arms' outcomes say about each other: intervals, effect sizes, corrections. No files, no runs.
//!
//! All levels are 95 % and two-sided. Sums run in the order of the values. Sources: Welch, *Biometrika* 34 (1947); Efron,
//! *Journal of the American Statistical Association* 82 (1987), in the form of `scipy.stats.bootstrap`; Holm,
//! *Scandinavian Journal of Statistics* 6 (1979); Hedges, *Journal of Educational Statistics* 6 (1981).

use murmur_core::Stream;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::Interval;

/// Resamples of a bootstrap.
pub const RESAMPLES: usize = 10_000;

/// The fewest values of which a bootstrap is taken: of two there are but three resamples.
const FEWEST_TO_RESAMPLE: usize = 3;

/// The part of the probability on each side of a 95 % interval.
const TAIL: f64 = 0.025;

/// A t test.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TTest {
    /// 95 % interval of the mean, or of the difference of means.
    pub interval: Interval,
    /// Two-sided p value of the mean, or the difference, being 0. 1 where the values are all 0; none where they are all the
    /// same otherwise, since t is then not defined.
    pub p: Option<f64>,
}

/// The mean; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| {
        let first = values[0];
        // Equal values have their own value as mean, to the bit.
        first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
    })
}

/// The standard deviation (n − 1); none of fewer than two values.
pub fn sd(values: &[f64]) -> Option<f64> {
    variance(values).map(libm::sqrt)
}

fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| squares / (values.len() - 1) as f64)
}

/// Student's t test of one sample, as of the differences of pairs; none of fewer than two values.
pub fn student_t(values: &[f64]) -> Option<TTest> {
    let error = sd(values)? / libm::sqrt(values.len() as f64);
    t_test(mean(values)?, error, (values.len() - 1) as f64)
}

/// Welch's t test of the mean of `values` less that of `against`; none where either has fewer than two.
pub fn welch_t(values: &[f64], against: &[f64]) -> Option<TTest> {
    let part = |values: &[f64]| Some((variance(values)? / values.len() as f64, (values.len() - 1) as f64));
    let ((own, own_freedom), (other, other_freedom)) = (part(values)?, part(against)?);
    let both = own + other;
    let freedom = match both > 0.0 {
        true => both * both / (own * own / own_freedom + other * other / other_freedom),
        false => own_freedom + other_freedom,
    };
    t_test(mean(values)? - mean(against)?, libm::sqrt(both), freedom)
}

fn t_test(estimate: f64, error: f64, freedom: f64) -> Option<TTest> {
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let half = error * t_quantile(&t);
    let p = match error > 0.0 {
        true => Some((2.0 * t.sf((estimate / error).abs())).min(1.0)),
        false => (estimate == 0.0).then_some(1.0),
    };
    Some(TTest { interval: Interval { low: estimate - half, high: estimate + half }, p })
}

/// What Student's t exceeds with probability [`TAIL`], by Newton's method from the library's value.
fn t_quantile(t: &StudentsT) -> f64 {
    use statrs::distribution::Continuous;
    let mut quantile = t.inverse_cdf(1.0 - TAIL);
    for _ in 0..3 {
        quantile += (t.sf(quantile) - TAIL) / t.pdf(quantile);
    }
    quantile
}

/// Cohen's d of differences, their mean over their standard deviation (d_z); 0 where all are 0, none where it is not
/// defined.
pub fn cohens_d(differences: &[f64]) -> Option<f64> {
    ratio(mean(differences)?, sd(differences)?)
}

/// Hedges' g: the difference of means over the pooled standard deviation, times 1 − 3 / (4(n + m) − 9).
pub fn hedges_g(values: &[f64], against: &[f64]) -> Option<f64> {
    let [n, m] = [values.len() as f64, against.len() as f64];
    let squares = variance(values)? * (n - 1.0) + variance(against)? * (m - 1.0);
    let small = 1.0 - 3.0 / (4.0 * (n + m) - 9.0);
    Some(small * ratio(mean(values)? - mean(against)?, libm::sqrt(squares / (n + m - 2.0)))?)
}

fn ratio(estimate: f64, sd: f64) -> Option<f64> {
    match sd > 0.0 {
        true => Some(estimate / sd),
        false => (estimate == 0.0).then_some(0.0),
    }
}

/// p values after Holm's correction over the family of all that are defined.
pub fn holm(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut family: Vec<(usize, f64)> =
        values.iter().enumerate().filter_map(|(place, p)| Some((place, (*p)?))).collect();
    // Ties in the order of the list; their corrected values are the same.
    family.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let mut corrected = vec![None; values.len()];
    let mut least: f64 = 0.0;
    for (rank, &(place, p)) in family.iter().enumerate() {
        least = least.max(((family.len() - rank) as f64 * p).min(1.0));
        corrected[place] = Some(least);
    }
    corrected
}

/// Pearson's correlation of pairs; none where either does not vary, or of fewer than two.
pub fn pearson(values: &[f64], others: &[f64]) -> Option<f64> {
    let (mean, other_mean) = (mean(values)?, mean(others)?);
    let mut sums = [0.0; 3];
    for (value, other) in values.iter().zip(others) {
        let (a, b) = (value - mean, other - other_mean);
        sums[0] += a * a;
        sums[1] += b * b;
        sums[2] += a * b;
    }
    let varies = sums[0] > 0.0 && sums[1] > 0.0;
    varies.then(|| (sums[2] / (libm::sqrt(sums[0]) * libm::sqrt(sums[1]))).clamp(-1.0, 1.0))
}

/// 95 % interval of the mean by the bias-corrected and accelerated bootstrap; none of fewer than three values.
pub fn bootstrap_mean(values: &[f64], resamples: usize, draws: &mut Stream) -> Option<Interval> {
    bootstrap(&[values], resamples, draws)
}

/// The same of the mean of `values` less that of `against`, each resampled on its own.
pub fn bootstrap_difference(
    values: &[f64],
    against: &[f64],
    resamples: usize,
    draws: &mut Stream,
) -> Option<Interval> {
    bootstrap(&[values, against], resamples, draws)
}

fn bootstrap(samples: &[&[f64]], resamples: usize, draws: &mut Stream) -> Option<Interval> {
    if samples.iter().any(|sample| sample.len() < FEWEST_TO_RESAMPLE) {
        return None;
    }
    if samples.iter().all(|sample| sample.iter().all(|value| *value == sample[0])) {
        let value = difference(samples, |sample| sample[0]);
        return Some(Interval { low: value, high: value });
    }
    // Summed as resamples are, so that ties with them are ties.
    let estimate = difference(samples, |sample| sample.iter().sum::<f64>() / sample.len() as f64);
    let mut sorted: Vec<f64> = (0..resamples).map(|_| resampled(samples, draws)).collect();
    sorted.sort_by(f64::total_cmp);
    let [low, high] = corrected_levels(bias(&sorted, estimate)?, acceleration(samples));
    Some(Interval { low: quantile(&sorted, low), high: quantile(&sorted, high) })
}

/// The estimate from one resample of each sample.
fn resampled(samples: &[&[f64]], draws: &mut Stream) -> f64 {
    difference(samples, |sample| {
        let sum: f64 = sample.iter().map(|_| sample[draws.below(sample.len() as u32) as usize]).sum();
        sum / sample.len() as f64
    })
}

/// The mean of the first sample, less that of the second if there is one.
fn difference(samples: &[&[f64]], mut mean: impl FnMut(&[f64]) -> f64) -> f64 {
    let first = mean(samples[0]);
    samples.get(1).map_or(first, |second| first - mean(second))
}

/// How far the median of the resamples is from the estimate, in standard normal units; half of the ties count as below.
fn bias(sorted: &[f64], estimate: f64) -> Option<f64> {
    let below = sorted.partition_point(|value| *value < estimate);
    let up_to = sorted.partition_point(|value| *value <= estimate);
    let share = (below + up_to) as f64 / (2 * sorted.len()) as f64;
    (share > 0.0 && share < 1.0).then(|| standard_normal().inverse_cdf(share))
}

/// How the spread of the estimate changes with it, from leaving out one value after another.
fn acceleration(samples: &[&[f64]]) -> f64 {
    let (mut cubes, mut squares) = (0.0, 0.0);
    for (place, sample) in samples.iter().enumerate() {
        let n = sample.len() as f64;
        let sign = if place == 0 { 1.0 } else { -1.0 };
        let mean = sample.iter().sum::<f64>() / n;
        // Without one value the mean is off by (mean − value) / (n − 1), which n − 1 scales again.
        let influences = sample.iter().map(|value| sign * (value - mean));
        let (mut third, mut second) = (0.0, 0.0);
        for influence in influences {
            second += influence * influence;
            third += influence * influence * influence;
        }
        cubes += third / (n * n * n);
        squares += second / (n * n);
    }
    cubes / (6.0 * squares * libm::sqrt(squares))
}

/// Between which quantiles of the resamples the interval lies.
fn corrected_levels(bias: f64, acceleration: f64) -> [f64; 2] {
    let normal = standard_normal();
    [TAIL, 1.0 - TAIL].map(|level| {
        let shifted = bias + normal.inverse_cdf(level);
        normal.cdf(bias + shifted / (1.0 - acceleration * shifted))
    })
}

/// Linear between the two nearest.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * (sorted.len() - 1) as f64;
    let below = (place as usize).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

fn standard_normal() -> Normal {
    Normal::standard()
}

#[cfg(test)]
#[path = "statistics/tests.rs"]
mod tests;
