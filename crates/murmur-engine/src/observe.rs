//! Phase 3: what each active agent sees in the rows it is served.

use murmur_agents::{Observation, Seen, SeenAccount};
use murmur_core::{AgentId, Step};
use murmur_recsys::Suggested;
use rayon::prelude::*;

use crate::World;
use crate::looker::Looker;
use crate::recommend::Recommended;

/// Agents that one thread looks for at a time. Their rows stay where they are written: a million agents see a gigabyte.
const CHUNK: usize = 256;

/// What all active agents see, in their order.
pub(crate) struct Observations {
    agents: Vec<AgentId>,
    /// By agent, how many rows those before it see, and at last how many all see.
    starts: Vec<u32>,
    /// What the agents of each [`CHUNK`] see, one agent after the other.
    seen: Vec<Vec<Seen>>,
    /// Accounts suggested to each.
    suggested: Vec<Vec<SeenAccount>>,
}

impl Observations {
    /// Number of active agents.
    pub(crate) fn len(&self) -> usize {
        self.agents.len()
    }

    /// What the agent at `index` sees.
    pub(crate) fn of(&self, index: usize) -> Observation<'_> {
        let chunk = index / CHUNK;
        let first = self.starts[chunk * CHUNK];
        let rows = (self.starts[index] - first) as usize..(self.starts[index + 1] - first) as usize;
        let feed = &self.seen[chunk][rows];
        Observation { agent: self.agents[index], feed, suggested: &self.suggested[index] }
    }
}

/// Looks at the feeds of the active agents.
pub(crate) fn observe(
    world: &World,
    now: Step,
    active: Vec<AgentId>,
    recommended: &Recommended,
) -> Observations {
    let feeds = &recommended.feeds;
    let _span = tracing::info_span!("observe").entered();
    let mut starts = vec![0];
    starts.extend((0..active.len()).scan(0, |end, index| {
        *end += feeds.of(index).len() as u32;
        Some(*end)
    }));
    let seen = active
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, agents)| {
            let first = chunk * CHUNK;
            let feeds = (first..).map(|index| feeds.of(index));
            let mut seen = Vec::with_capacity((starts[first + agents.len()] - starts[first]) as usize);
            for (&agent, feed) in agents.iter().zip(feeds) {
                Looker::new(world, now, agent).look(feed.iter().map(|served| served.post), &mut seen);
            }
            seen
        })
        .collect();
    let suggested = recommended.accounts.iter().map(|accounts| accounts.iter().map(meet).collect());
    Observations { agents: active, starts, seen, suggested: suggested.collect() }
}

/// What an agent sees of an account suggested to it.
fn meet(suggested: &Suggested) -> SeenAccount {
    let &Suggested { agent, mutual, interest, followers } = suggested;
    SeenAccount { agent, mutual, interest, followers }
}
