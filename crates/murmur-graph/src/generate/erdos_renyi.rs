//! The Erdős–Rényi model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{for_each_agent, for_each_success, stream};
use super::error::{GraphError, check_mean};
use murmur_core::AgentId;
use murmur_core::Follow;

/// Everybody follows everybody else with one and the same probability, so the numbers of follows and of followers are
/// binomial, near to Poisson.
///
/// Source: P. Erdős and A. Rényi, "On random graphs I", 1959 (here with directions).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ErdosRenyi {
    /// Mean number of accounts that an agent follows: 0 to the number of agents less 1. Default 20.
    pub mean_degree: f64,
}

impl Default for ErdosRenyi {
    fn default() -> Self {
        Self { mean_degree: 20.0 }
    }
}

impl ErdosRenyi {
    pub(super) fn draw(&self, agents: u32, seed: u64) -> Result<Vec<Follow>, GraphError> {
        let others = agents.saturating_sub(1);
        check_mean("mean_degree", self.mean_degree, agents, others, "the others an agent can follow")?;
        Ok(for_each_agent(agents, |follower, follows| {
            for_each_success(&mut stream(seed, follower), others, self.mean_degree, |other| {
                let followee = AgentId(other + u32::from(other >= follower.0));
                follows.push(Follow { follower, followee });
            });
        }))
    }
}
