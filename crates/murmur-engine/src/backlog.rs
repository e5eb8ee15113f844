//! The backlog: posts that agents wrote before anybody read, so that the first readers find a full platform.
//!
//! Each post is a function of the seed and its number: who writes it is drawn in proportion to how much each agent writes,
//! and its words as the agent chooses those of other posts.

use murmur_agents::Writer;
use murmur_core::{Action, AgentId, Purpose, Step, Stream};
use rayon::prelude::*;

use crate::{EngineError, World};

/// The step in which it is planted.
const PLANTED: Step = Step(0);

/// How many posts are planted at `now`.
pub(crate) fn count_due(world: &World, now: Step) -> usize {
    if now == PLANTED { world.config.backlog.posts as usize } else { 0 }
}

/// The posts that are planted at `now`, with their vectors, and who writes them.
///
/// # Errors
/// When a text cannot be embedded.
pub(crate) fn due(world: &World, now: Step) -> Result<Vec<(AgentId, Action)>, EngineError> {
    let count = count_due(world, now) as u32;
    if count == 0 {
        return Ok(Vec::new());
    }
    let shares = shares(world);
    if shares.last().is_none_or(|&all| all <= 0.0) {
        let message =
            "backlog.posts: expected 0, since no agent has anything to write about or is ever active";
        return Err(EngineError::Unfit(message.to_owned()));
    }
    let writer = Writer { population: &world.population, beliefs: &world.beliefs };
    let post = |number: u32| {
        let mut draws = Stream::new(world.seed(), Purpose::Backlog, PLANTED, AgentId(number));
        let author = author(&shares, draws.uniform());
        let draft = writer.post(author, &mut draws).expect("nobody is drawn who has nothing to write");
        (author, Action::CreatePost(draft))
    };
    let mut posts: Vec<(AgentId, Action)> = (0..count).into_par_iter().with_min_len(256).map(post).collect();
    world.embedding.fill(&world.public, posts.iter_mut().map(|(_, action)| action))?;
    Ok(posts)
}

/// What each agent and those before it write, in any unit: its productivity times its activity over the day. Who has
/// nothing to write about writes nothing.
fn shares(world: &World) -> Vec<f64> {
    let population = &world.population;
    let mut sum = 0.0;
    let share = |agent: AgentId| {
        let writes = !population.interests(agent).is_empty() || !population.previous_posts(agent).is_empty();
        if writes {
            let activity: f64 = (0..24).map(|hour| f64::from(population.activity(hour)[agent.index()])).sum();
            sum += f64::from(population.productivity(agent)) * activity;
        }
        sum
    };
    population.agents().map(share).collect()
}

/// The agent that a number from 0 to 1 falls on.
fn author(shares: &[f64], draw: f64) -> AgentId {
    let all = shares.last().copied().unwrap_or(0.0);
    let drawn = (draw * all).min(all.next_down());
    let place = shares.partition_point(|&share| share <= drawn);
    AgentId(place as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_drawn_in_proportion_to_their_shares() {
        // Agents that write 1, nothing, 3 and nothing.
        let shares = [1.0, 1.0, 4.0, 4.0];
        let drawn = |draw: f64| author(&shares, draw).0;
        assert_eq!([0.0, 0.24, 0.25, 0.5, 1.0].map(drawn), [0, 0, 2, 2, 2]);
    }
}
