//! The Barabási–Albert model.

use murmur_core::{AgentId, Probability};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{Taken, stream};
use super::error::{GraphError, check_count};
use murmur_core::Follow;

/// Agents arrive in the order of their ids, and each follows a fixed number of earlier ones, drawn in proportion to
/// their ties. A tie is a pair of agents one of whom followed the other on arrival; a follow in return adds none, so
/// reciprocity does not change who becomes popular. Ties and followers have a power-law tail with exponent 3.
///
/// Source: A.-L. Barabási and R. Albert, "Emergence of scaling in random networks", Science 286, 1999.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BarabasiAlbert {
    /// Number of earlier agents that a newcomer follows, all different: at least 1 and below the number of agents. The
    /// first agents follow all before them. Default 16.
    pub follows_per_agent: u32,
    /// Probability that a newcomer's follow is returned. Default 0.22, the share of linked pairs on Twitter that follow
    /// each other (Kwak and others, 2010).
    pub reciprocity: Probability,
}

impl Default for BarabasiAlbert {
    fn default() -> Self {
        Self { follows_per_agent: 16, reciprocity: Probability::of(0.22) }
    }
}

impl BarabasiAlbert {
    pub(super) fn draw(&self, agents: u32, seed: u64) -> Result<Vec<Follow>, GraphError> {
        check_count("follows_per_agent", self.follows_per_agent, agents)?;
        let mut follows: Vec<Follow> = Vec::with_capacity(agents as usize * self.follows_per_agent as usize);
        let mut returned = Vec::new();
        for newcomer in (0..agents).map(AgentId) {
            let mut stream = stream(seed, newcomer);
            let earlier = follows.len();
            let mut taken = Taken::by(newcomer);
            while follows.len() - earlier < self.follows_per_agent.min(newcomer.0) as usize {
                let followee = if newcomer.0 <= self.follows_per_agent {
                    AgentId((follows.len() - earlier) as u32)
                } else {
                    // Either end of a uniform tie: an agent in proportion to its ties.
                    let tie = follows[stream.below(earlier as u32) as usize];
                    if stream.chance(0.5) { tie.follower } else { tie.followee }
                };
                if taken.take(followee) {
                    follows.push(Follow { follower: newcomer, followee });
                }
            }
            let own = follows[earlier..].iter().filter(|_| stream.chance(self.reciprocity.get()));
            returned.extend(own.map(|own| Follow { follower: own.followee, followee: newcomer }));
        }
        follows.append(&mut returned);
        Ok(follows)
    }
}
