//! Parameters that no graph can meet.

/// A parameter of a [`GraphModel`](super::GraphModel) that cannot be met.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("graph.{key}: {problem}")]
pub struct GraphError {
    /// The parameter, as in the configuration's `[graph]` table.
    pub key: &'static str,
    /// Its value, and why it cannot be met.
    pub problem: String,
}

/// A graph counts its follows in 32 bits; the rest is room for chance.
const MOST_FOLLOWS: f64 = 4.0e9;

/// The error that `key` has this `problem`.
pub(super) fn impossible<T>(key: &'static str, problem: String) -> Result<T, GraphError> {
    Err(GraphError { key, problem })
}

/// Checks a mean number of follows that each of `agents` agents makes among `candidates` others, `described` so.
pub(super) fn check_mean(
    key: &'static str,
    mean: f64,
    agents: u32,
    candidates: u32,
    described: &str,
) -> Result<(), GraphError> {
    if !(mean >= 0.0 && mean.is_finite()) {
        return impossible(key, format!("{mean} is not a mean: expected a number of 0 or more"));
    }
    if mean > f64::from(candidates) {
        return impossible(key, format!("{mean} is more than {described} ({candidates})"));
    }
    check_total(key, mean * f64::from(agents))
}

/// Checks a count of follows that each agent makes to be at least 1 and below the number of agents.
pub(super) fn check_count(key: &'static str, count: u32, agents: u32) -> Result<(), GraphError> {
    if count == 0 {
        return impossible(key, "0 makes no graph: expected at least 1".into());
    }
    if count >= agents {
        return impossible(key, format!("{count} is not below the number of agents ({agents})"));
    }
    check_total(key, f64::from(count) * f64::from(agents))
}

/// Checks that a graph can hold `follows` follows.
pub(super) fn check_total(key: &'static str, follows: f64) -> Result<(), GraphError> {
    if follows > MOST_FOLLOWS {
        let problem = format!("about {follows:.1e} follows: a graph holds at most {MOST_FOLLOWS:.1e}");
        return impossible(key, problem);
    }
    Ok(())
}
