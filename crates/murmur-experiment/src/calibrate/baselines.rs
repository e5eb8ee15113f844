//! Forecasts that need no simulation.
//!
//! The training curve has two forms. The mean curve, of all training cascades together, is scaled to pass through the
//! value at minute `from`: mean(t) / mean(from) × value(from). The median curve takes the median over training cascades
//! of value(t) / value(from); it is no mean, but the stronger forecast of measures that mostly stay as they are.

use super::simulate::Forecast;
use super::start::Observed;
use super::{PerMeasure, Plan};

/// What the training cascades do from minute `from` on, relative to their value there.
pub(super) struct TrainingCurves {
    mean: Forecast,
    median: Forecast,
}

/// The value at `from` goes on.
pub(super) fn flat(observed: &Observed, plan: &Plan) -> Forecast {
    let minutes = (plan.until - plan.from) as usize;
    std::array::from_fn(|measure| vec![observed.real[measure][plan.from as usize]; minutes])
}

/// `a + b·ln t`, fitted by least squares to minutes 1 to `from`.
pub(super) fn logarithm(observed: &Observed, plan: &Plan) -> Forecast {
    std::array::from_fn(|measure| {
        let values = &observed.real[measure][1..=plan.from as usize];
        let logs: Vec<f64> = (1..=plan.from).map(|minute| libm::log(f64::from(minute))).collect();
        let count = values.len() as f64;
        let (x, y) = (logs.iter().sum::<f64>() / count, values.iter().sum::<f64>() / count);
        let products: f64 = logs.iter().zip(values).map(|(log, value)| (log - x) * (value - y)).sum();
        let squares: f64 = logs.iter().map(|log| (log - x) * (log - x)).sum();
        let slope = products / squares;
        (plan.from + 1..=plan.until).map(|minute| y + slope * (libm::log(f64::from(minute)) - x)).collect()
    })
}

impl TrainingCurves {
    /// The curves of the training cascades.
    pub(super) fn of(training: &[Observed], plan: &Plan) -> Self {
        let (from, until) = (plan.from as usize, plan.until as usize);
        let sum_at = |measure: usize, minute: usize| -> f64 {
            training.iter().map(|observed| observed.real[measure][minute]).sum()
        };
        // Where nothing has grown yet, as the depth of posts without reposts, there is nothing to scale.
        let or_one = |ratio: f64| if ratio.is_finite() { ratio } else { 1.0 };
        let curve = |ratio: &dyn Fn(usize, usize) -> f64| -> Forecast {
            std::array::from_fn(|measure| {
                (from + 1..=until).map(|minute| or_one(ratio(measure, minute))).collect()
            })
        };
        let mean = curve(&|measure, minute| sum_at(measure, minute) / sum_at(measure, from));
        let median = curve(&|measure, minute| {
            let ratio = |observed: &Observed| observed.real[measure][minute] / observed.real[measure][from];
            median(training.iter().map(ratio).filter(|ratio| ratio.is_finite()).collect())
        });
        Self { mean, median }
    }

    /// The mean curve through the cascade's value at `from`.
    pub(super) fn mean(&self, observed: &Observed, plan: &Plan) -> Forecast {
        scaled(&self.mean, observed, plan)
    }

    /// The median curve through the cascade's value at `from`.
    pub(super) fn median(&self, observed: &Observed, plan: &Plan) -> Forecast {
        scaled(&self.median, observed, plan)
    }
}

fn scaled(curve: &Forecast, observed: &Observed, plan: &Plan) -> Forecast {
    let known: PerMeasure<f64> = std::array::from_fn(|measure| observed.real[measure][plan.from as usize]);
    std::array::from_fn(|measure| curve[measure].iter().map(|ratio| ratio * known[measure]).collect())
}

/// The middle of numbers; of an even count the mean of the two middle ones. NaN of none.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => numbers[middle],
        _ => (numbers[middle - 1] + numbers[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use murmur_data::cascades::{ObservedCascade, ObservedRepost, read_observed_cascades};

    use super::*;
    use crate::calibrate::simulate::errors;
    use crate::calibrate::start::tests::{cascade, plan};

    #[test]
    fn a_cascade_that_grows_with_the_logarithm_is_forecast_by_it() {
        // The first repost comes at minute 1, and n more when 20 ln t reaches n.
        let reposts =
            (0..=200).map(|number| ObservedRepost { parent: 0, minute: libm::exp(f64::from(number) / 20.0) });
        let cascade = ObservedCascade { reposts: reposts.collect(), ..cascade(600) };
        let observed = Observed::new(0, cascade, &plan());
        let [scale, depth, _] = errors(&observed, &logarithm(&observed, &plan()), &plan());
        assert!(scale.unwrap() < 0.01, "{scale:?}");
        assert!(depth.unwrap() < 1e-9, "{depth:?}");
        let flat = errors(&observed, &flat(&observed, &plan()), &plan());
        assert!(flat[0].unwrap() > 0.05, "{flat:?}");
    }

    #[test]
    fn curves_pass_through_the_value_at_the_start() {
        let training = [Observed::new(0, cascade(600), &plan())];
        let curves = TrainingCurves::of(&training, &plan());
        let [scale, depth, breadth] = errors(&training[0], &curves.mean(&training[0], &plan()), &plan());
        assert!(scale.unwrap() < 1e-12 && depth == Some(0.0) && breadth.unwrap() < 1e-12);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn the_medians_of_the_observed_cascades_are_the_known_ones() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oasis/data/observed_cascades.json");
        // The data lies beside the repository, and not everybody has it.
        if !path.exists() {
            return;
        }
        let cascades = read_observed_cascades(&path).unwrap();
        let median_of = |forecast: fn(&Observed, &Plan) -> Forecast| {
            let scale = |cascade: &ObservedCascade| {
                let observed = Observed::new(0, cascade.clone(), &plan());
                errors(&observed, &forecast(&observed, &plan()), &plan())[0].unwrap()
            };
            (median(cascades.iter().map(scale).collect()) * 1000.0).round()
        };
        assert_eq!((median_of(flat), median_of(logarithm)), (114.0, 51.0));
    }
}
