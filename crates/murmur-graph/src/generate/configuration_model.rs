//! The configuration model with a power law of follower counts.

use murmur_core::{AgentId, Purpose, Step, Stream};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{Weights, for_each_agent, stream};
use super::error::{GraphError, check_total, impossible};
use murmur_core::Follow;

/// Every agent's number of followers k is drawn with probability in proportion to k^−exponent, and that many followers
/// are drawn uniformly. So follower counts have a power-law tail, and the number of accounts that an agent follows is
/// near to Poisson. A follower drawn twice, or the agent itself, is dropped and counted, which thins large counts
/// slightly.
///
/// Source: M. E. J. Newman, S. H. Strogatz and D. J. Watts, "Random graphs with arbitrary degree distributions and their
/// applications", Physical Review E 64, 026118, 2001; erased as by T. Britton, M. Deijfen and A. Martin-Löf, 2006.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigurationModel {
    /// Exponent of the power law of follower counts, above 1; the larger, the fewer the accounts with very many
    /// followers. Online platforms show 2 to 3. Default 2.5.
    pub exponent: f64,
    /// Smallest number of followers: at least 1. The mean is near (exponent − 1) / (exponent − 2) times this for
    /// exponents well above 2. Default 7.
    pub min_degree: u32,
    /// Largest number of followers, below the number of agents. Default: the number of agents less 1.
    pub max_degree: Option<u32>,
}

impl Default for ConfigurationModel {
    fn default() -> Self {
        Self { exponent: 2.5, min_degree: 7, max_degree: None }
    }
}

impl ConfigurationModel {
    pub(super) fn draw(&self, agents: u32, seed: u64) -> Result<Vec<Follow>, GraphError> {
        let most = self.check(agents)?;
        let power_law =
            Weights::new((self.min_degree..=most).map(|k| libm::pow(f64::from(k), -self.exponent)));
        let follower_counts: Vec<u32> = (0..agents)
            .into_par_iter()
            .map(|agent| self.min_degree + power_law.draw(&mut stream(seed, AgentId(agent))) as u32)
            .collect();
        check_total("exponent", follower_counts.iter().map(|&count| f64::from(count)).sum())?;
        Ok(for_each_agent(agents, |followee, follows| {
            let mut stream = Stream::new(seed, Purpose::Graph, Step(1), followee);
            let count = follower_counts[followee.index()];
            follows.extend((0..count).map(|_| Follow { follower: AgentId(stream.below(agents)), followee }));
        }))
    }

    /// The largest number of followers, if all parameters can be met.
    fn check(&self, agents: u32) -> Result<u32, GraphError> {
        if !(self.exponent > 1.0 && self.exponent.is_finite()) {
            return impossible("exponent", format!("{} is not above 1, as expected", self.exponent));
        }
        let most = self.max_degree.unwrap_or(agents.saturating_sub(1));
        if most >= agents {
            let problem = format!("{most} is not below the number of agents ({agents})");
            return impossible("max_degree", problem);
        }
        if self.min_degree == 0 || self.min_degree > most {
            let problem =
                format!("{} is not from 1 to the largest degree ({most}), as expected", self.min_degree);
            return impossible("min_degree", problem);
        }
        Ok(most)
    }
}
