//! The search for the best candidate: CMA-ES (Hansen 2016) on the unit cube of the parameters' places.
//!
//! The strategy itself knows no bounds. A point outside the cube is reflected into it, as by mirrors on its faces, so that
//! every candidate lies within the bounds and an optimum may lie on one.

use cmaes::{CMAESOptions, DVector};
use murmur_core::{AgentId, Purpose, Step, Stream};
use serde::Serialize;

use super::{CalibrationError, Plan};

/// The step that keys the seed of the search.
const SEARCH: Step = Step(10);

/// Standard deviation of the first candidates, as a share of the range between the bounds.
const FIRST_SPREAD: f64 = 0.25;

/// One candidate that was tried.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Evaluation {
    /// Its number, from 1.
    pub number: u32,
    /// A value for each parameter.
    pub values: Vec<f64>,
    /// The mean NRMSE over training cascades and measures.
    pub loss: f64,
}

/// What a search found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fit {
    /// The best candidate of all.
    pub best: Vec<f64>,
    /// Its loss.
    pub loss: f64,
    /// All candidates, in the order in which they were tried.
    pub evaluations: Vec<Evaluation>,
    /// Why the search ended.
    pub ended: String,
}

/// The place in [0, 1] that a coordinate stands for.
fn reflected(coordinate: f64) -> f64 {
    let folded = coordinate.rem_euclid(2.0);
    if folded > 1.0 { 2.0 - folded } else { folded }
}

/// Tries candidates until the plan's evaluations are spent or none is told from another. `tried` are those before.
pub(super) fn search(
    plan: &Plan,
    tried: Vec<Evaluation>,
    evaluate: &mut dyn FnMut(&[f64]) -> Result<f64, CalibrationError>,
    watch: &mut dyn FnMut(&Evaluation),
) -> Result<Fit, CalibrationError> {
    let before = tried.len();
    let mut evaluations = tried;
    let mut failure = None;
    let objective = |point: &DVector<f64>| {
        let places = point.iter().map(|&coordinate| reflected(coordinate));
        let values: Vec<f64> =
            plan.parameter.iter().zip(places).map(|(parameter, place)| parameter.value(place)).collect();
        if failure.is_some() {
            return f64::MAX;
        }
        match evaluate(&values) {
            Ok(loss) => {
                evaluations.push(Evaluation { number: evaluations.len() as u32 + 1, values, loss });
                watch(evaluations.last().expect("one was just added"));
                loss
            }
            Err(error) => {
                failure = Some(error);
                f64::MAX
            }
        }
    };
    let first: Vec<f64> = plan.parameter.iter().map(super::ParameterPlan::first_place).collect();
    let seed = Stream::new(plan.seed, Purpose::Calibration, SEARCH, AgentId(0)).next_u64();
    let options = CMAESOptions::new(first, FIRST_SPREAD).seed(seed).tol_x(1e-3);
    let generation = options.population_size;
    let left = (plan.evaluations as usize).saturating_sub(before);
    let mut strategy = options.build(objective).expect("there is at least one parameter");
    let mut ended = "evaluations spent".to_owned();
    while strategy.function_evals() + generation <= left {
        if let Some(end) = strategy.next() {
            ended = end.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            break;
        }
    }
    drop(strategy);
    match failure {
        Some(error) => Err(error),
        None => Ok(best_of(evaluations, ended)),
    }
}

/// The search that ended with `evaluations`; of equal losses the first counts.
fn best_of(evaluations: Vec<Evaluation>, ended: String) -> Fit {
    let best = evaluations.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
    let Evaluation { values, loss, .. } = best.expect("at least one candidate was tried").clone();
    Fit { best: values, loss, evaluations, ended }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::start::tests::plan;
    use crate::calibrate::{ParameterPlan, Scale};

    fn square_plan(seed: u64) -> Plan {
        let parameter = |key: &str, scale: Scale| ParameterPlan {
            key: key.to_owned(),
            low: 0.1,
            high: 10.0,
            scale,
            start: Some(5.0),
        };
        let parameter = vec![parameter("a.x", Scale::Linear), parameter("a.y", Scale::Log)];
        Plan { parameter, seed, evaluations: 300, ..plan() }
    }

    fn minimum(seed: u64, at: [f64; 2]) -> Fit {
        let mut evaluate = |values: &[f64]| {
            let [x, y] = [values[0] - at[0], libm::log(values[1]) - libm::log(at[1])];
            Ok(x * x + 4.0 * y * y + x * y)
        };
        search(&square_plan(seed), Vec::new(), &mut evaluate, &mut |_| ()).unwrap()
    }

    #[test]
    fn a_bowl_is_found_in_its_place_and_on_the_bounds() {
        for at in [[3.0, 0.7], [0.1, 0.1], [10.0, 1.0]] {
            let fit = minimum(1, at);
            let [x, y] = [fit.best[0] - at[0], fit.best[1] / at[1]];
            assert!(x.abs() < 0.05 && (y - 1.0).abs() < 0.05, "{:?} instead of {at:?}", fit.best);
        }
    }

    #[test]
    fn the_same_seed_tries_the_same_candidates_within_the_bounds() {
        let fit = minimum(7, [3.0, 0.7]);
        assert_eq!(fit, minimum(7, [3.0, 0.7]));
        assert_ne!(fit.evaluations[0], minimum(8, [3.0, 0.7]).evaluations[0]);
        assert!(fit.evaluations.len() <= 300);
        let inside = |value: &f64| (0.1..=10.0).contains(value);
        assert!(fit.evaluations.iter().all(|evaluation| evaluation.values.iter().all(inside)));
    }

    #[test]
    fn a_failed_simulation_ends_the_search() {
        let mut evaluate = |_: &[f64]| Err(CalibrationError::plan(std::path::Path::new("x"), "broken"));
        let failed = search(&square_plan(1), Vec::new(), &mut evaluate, &mut |_| ());
        assert_eq!(failed.unwrap_err().to_string(), "x: broken");
    }
}
