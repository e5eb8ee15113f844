//! The fit to the training cascades.

use super::search::search;
use super::simulate::{Simulator, mean};
use super::start::Observed;
use super::{CalibrationError, Evaluation, Fit, Plan};

/// Searches for the parameters under which simulations come nearest to `training`.
///
/// # Errors
/// When a parameter changes no simulation, or a simulation fails.
pub(super) fn fit(
    plan: &Plan,
    simulator: &Simulator<'_>,
    training: &[Observed],
    watch: &mut dyn FnMut(&Evaluation),
) -> Result<Fit, CalibrationError> {
    let tried = check_effects(plan, simulator, training, watch)?;
    let mut evaluate = |values: &[f64]| Ok(mean(simulator.losses(values, training)?));
    search(plan, tried, &mut evaluate, watch)
}

/// Tries the bounds of each parameter, the others where the search begins; each must change something.
fn check_effects(
    plan: &Plan,
    simulator: &Simulator<'_>,
    training: &[Observed],
    watch: &mut dyn FnMut(&Evaluation),
) -> Result<Vec<Evaluation>, CalibrationError> {
    let first: Vec<f64> =
        plan.parameter.iter().map(|parameter| parameter.value(parameter.first_place())).collect();
    let mut tried = Vec::new();
    let mut evaluate = |values: Vec<f64>| -> Result<Vec<f64>, CalibrationError> {
        let losses = simulator.losses(&values, training)?;
        let number = tried.len() as u32 + 1;
        tried.push(Evaluation { number, values, loss: mean(losses.iter().copied()) });
        watch(tried.last().expect("one was just added"));
        Ok(losses)
    };
    evaluate(first.clone())?;
    for (place, parameter) in plan.parameter.iter().enumerate() {
        let mut at = |value: f64| {
            let mut values = first.clone();
            values[place] = value;
            evaluate(values)
        };
        if at(parameter.low)? == at(parameter.high)? {
            let message = format!(
                "parameter {} ({}): no simulation differs between low = {} and high = {}; expected a key that acts on the \
                 platform of {}, with the other parameters at {first:?}",
                place + 1,
                parameter.key,
                parameter.low,
                parameter.high,
                plan.base.display()
            );
            return Err(CalibrationError::plan(&plan.path, message));
        }
    }
    Ok(tried)
}
