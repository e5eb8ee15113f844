//! The Watts–Strogatz model.

use murmur_core::{AgentId, Probability};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{Taken, for_each_agent, stream};
use super::error::{GraphError, check_count, impossible};
use murmur_core::Follow;

/// Agents on a ring and their nearest neighbours follow each other; then each follow is moved to a random account with
/// some probability. Without rewiring neighbourhoods are dense and paths long; a little rewiring makes paths short and
/// keeps neighbourhoods dense.
///
/// Source: D. J. Watts and S. H. Strogatz, "Collective dynamics of small-world networks", Nature 393, 1998. Each tie of
/// the original becomes a follow each way, and the two are rewired separately, keeping the follower.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WattsStrogatz {
    /// Number of accounts that every agent follows, half of them on each side of it on the ring: an even number below
    /// the number of agents. Default 20.
    pub neighbours: u32,
    /// Probability that a follow is moved from the neighbour to an account drawn uniformly from those the agent does
    /// not follow. Default 0.1.
    pub rewiring: Probability,
}

impl Default for WattsStrogatz {
    fn default() -> Self {
        Self { neighbours: 20, rewiring: Probability::of(0.1) }
    }
}

impl WattsStrogatz {
    pub(super) fn draw(&self, agents: u32, seed: u64) -> Result<Vec<Follow>, GraphError> {
        check_count("neighbours", self.neighbours, agents)?;
        if self.neighbours % 2 == 1 {
            let problem = format!("{} is odd: expected as many on each side of the ring", self.neighbours);
            return impossible("neighbours", problem);
        }
        Ok(for_each_agent(agents, |follower, follows| {
            let neighbours: Vec<AgentId> = ring_neighbours(follower, self.neighbours, agents).collect();
            let mut taken = Taken::by(follower);
            for &neighbour in &neighbours {
                taken.take(neighbour);
            }
            let mut stream = stream(seed, follower);
            for neighbour in neighbours {
                let mut followee = neighbour;
                if stream.chance(self.rewiring.get())
                    && let Some(other) = taken.take_any(agents, &mut stream)
                {
                    taken.give_back(neighbour);
                    followee = other;
                }
                follows.push(Follow { follower, followee });
            }
        }))
    }
}

/// The `neighbours` agents nearest to `agent` on the ring.
fn ring_neighbours(agent: AgentId, neighbours: u32, agents: u32) -> impl Iterator<Item = AgentId> {
    let on_ring = move |distance: u64| AgentId(((u64::from(agent.0) + distance) % u64::from(agents)) as u32);
    (1..=u64::from(neighbours / 2))
        .flat_map(move |distance| [on_ring(distance), on_ring(u64::from(agents) - distance)])
}
