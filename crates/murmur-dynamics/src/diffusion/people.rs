//! Who was reached by what spreads, through whom, and how agents stand.

use murmur_core::AgentId;

use super::{Counts, Standing};

/// All agents, as a model of diffusion knows them.
#[derive(Clone, Debug)]
pub(super) struct People {
    standings: Vec<Standing>,
    /// Who reached each; the agent itself where nobody did.
    parents: Vec<AgentId>,
    /// In the order in which they were reached, the seeds first.
    reached: Vec<AgentId>,
    seeds: usize,
    removed: u32,
}

impl People {
    /// So many agents, of whom `seeds` are active.
    pub(super) fn new(agents: u32, seeds: &[AgentId]) -> Self {
        let mut people = Self {
            standings: vec![Standing::Susceptible; agents as usize],
            parents: (0..agents).map(AgentId).collect(),
            reached: Vec::new(),
            seeds: 0,
            removed: 0,
        };
        for &seed in seeds {
            people.reach(seed, seed);
        }
        people.seeds = people.reached.len();
        people
    }

    /// Makes `agent` active through `parent` (itself, if nobody) if it is susceptible, and says whether it was.
    pub(super) fn reach(&mut self, agent: AgentId, parent: AgentId) -> bool {
        let susceptible = self.is_susceptible(agent);
        if susceptible {
            self.standings[agent.index()] = Standing::Active;
            self.parents[agent.index()] = parent;
            self.reached.push(agent);
        }
        susceptible
    }

    /// Removes `agent`, which must be active.
    pub(super) fn remove(&mut self, agent: AgentId) {
        debug_assert_eq!(self.standing(agent), Standing::Active);
        self.standings[agent.index()] = Standing::Removed;
        self.removed += 1;
    }

    pub(super) fn standing(&self, agent: AgentId) -> Standing {
        self.standings[agent.index()]
    }

    pub(super) fn is_susceptible(&self, agent: AgentId) -> bool {
        self.standing(agent) == Standing::Susceptible
    }

    pub(super) fn reached(&self) -> &[AgentId] {
        &self.reached
    }

    pub(super) fn parent(&self, agent: AgentId) -> Option<AgentId> {
        let parent = self.parents[agent.index()];
        (parent != agent).then_some(parent)
    }

    pub(super) fn counts(&self) -> Counts {
        let reached = self.reached.len() as u32;
        Counts {
            susceptible: self.standings.len() as u32 - reached,
            active: reached - self.removed,
            removed: self.removed,
        }
    }

    /// Each seed, and how many were reached through it, itself included.
    pub(super) fn cascade_sizes(&self) -> Vec<(AgentId, u32)> {
        let seeds = &self.reached[..self.seeds];
        let mut below: Vec<u32> = vec![1; self.standings.len()];
        // Those that an agent was reached before come after it, so their cascades are whole when its turn comes.
        for &agent in self.reached[self.seeds..].iter().rev() {
            if let Some(parent) = self.parent(agent) {
                below[parent.index()] += below[agent.index()];
            }
        }
        seeds.iter().map(|&seed| (seed, below[seed.index()])).collect()
    }
}
