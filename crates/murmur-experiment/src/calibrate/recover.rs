//! Whether the search finds known parameters again, from cascades that were simulated under them.

use serde::Serialize;

use super::fit::fit;
use super::profile::{Profile, profiles};
use super::simulate::{Simulator, Use, mean};
use super::start::Observed;
use super::{CalibrationError, Evaluation, Fit, Plan};

/// What came of a recovery.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Recovery {
    /// What was asked.
    pub plan: Plan,
    /// Cascades simulated under the known parameters.
    pub cascades: usize,
    /// Reposts in them after minute `from`.
    pub reposts: usize,
    /// Each parameter.
    pub parameters: Vec<Recovered>,
    /// The loss under the known parameters: the noise that is left.
    pub loss_at_truth: f64,
    /// The search.
    pub fit: Fit,
    /// Along each parameter, the others held at the best value found.
    pub profiles: Vec<Profile>,
}

/// A parameter that was to be found again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Recovered {
    /// Its key.
    pub key: String,
    /// Its value in the simulations.
    pub truth: f64,
    /// The value found.
    pub found: f64,
    /// How far apart they are, as a share of the range between the bounds, in the parameter's scale.
    pub off: f64,
    /// Whether the range of values not told apart from the one found holds the truth.
    pub within: bool,
}

/// Simulates cascades from the starts of `observed` under the plan's known values and fits to them.
pub(super) fn recover(
    plan: &Plan,
    observed: &[Observed],
    watch: &mut dyn FnMut(&Evaluation),
) -> Result<Recovery, CalibrationError> {
    let Some(known) = &plan.recover else {
        let message = "recover: expected the known values, for instance\n\n  [recover]\n  values = [0.1]\n";
        return Err(CalibrationError::plan(&plan.path, message));
    };
    let simulator = Simulator::new(plan)?;
    let candidate = simulator.candidate(&known.values)?;
    let mut simulated = Vec::new();
    for observed in observed {
        for copy in 0..known.copies {
            let seed = simulator.seed(Use::Truth, observed.place, copy);
            let mut cascade = observed.with_end(simulator.run(&candidate, observed, seed)?, plan);
            // Each has seeds of its own, and tells as much as another text would.
            cascade.place = simulated.len();
            cascade.cascade.text = format!("{} {copy}", observed.cascade.text);
            simulated.push(cascade);
        }
    }
    let reposts = simulated.iter().map(|cascade| cascade.cascade.reposts.len() - cascade.known().len()).sum();
    let fit = fit(plan, &simulator, &simulated, watch)?;
    let loss_at_truth = mean(simulator.losses(&known.values, &simulated)?);
    let profiles = profiles(plan, &simulator, &simulated, &fit)?;
    let parameters = plan.parameter.iter().enumerate().map(|(place, parameter)| {
        let (truth, found) = (known.values[place], fit.best[place]);
        let profile = &profiles[place];
        Recovered {
            key: parameter.key.clone(),
            truth,
            found,
            off: parameter.place(found) - parameter.place(truth),
            within: (profile.low..=profile.high).contains(&truth),
        }
    });
    Ok(Recovery {
        plan: plan.clone(),
        cascades: simulated.len(),
        reposts,
        parameters: parameters.collect(),
        loss_at_truth,
        fit,
        profiles,
    })
}
