//! The memories of all agents.

use murmur_core::{AgentId, heap};

use super::Memory;

/// The memories of all agents, in their order; of agents without a model there are none.
#[derive(Debug, Default)]
pub struct Memories {
    list: Vec<Option<Box<Memory>>>,
}

impl Memories {
    /// What `agent` remembers, if anything.
    pub fn of(&self, agent: AgentId) -> Option<&Memory> {
        self.list.get(agent.index())?.as_deref()
    }

    /// What `agent` remembers, to be added to; at first nothing.
    pub fn of_mut(&mut self, agent: AgentId) -> &mut Memory {
        if self.list.len() <= agent.index() {
            self.list.resize_with(agent.index() + 1, || None);
        }
        self.list[agent.index()].get_or_insert_default()
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let each: usize = self.all().map(|(_, memory)| size_of::<Memory>() + memory.memory_bytes()).sum();
        heap::of_column(&self.list) + each
    }

    /// All memories with whose they are, ascending.
    pub fn all(&self) -> impl Iterator<Item = (AgentId, &Memory)> {
        (0..).map(AgentId).zip(&self.list).filter_map(|(agent, memory)| Some((agent, memory.as_deref()?)))
    }

    /// Puts these memories in the place of what was there.
    pub fn set_all(&mut self, memories: Vec<(AgentId, Memory)>) {
        self.list.clear();
        for (agent, memory) in memories {
            *self.of_mut(agent) = memory;
        }
    }
}
