//! Agents that have done something, a bit each.

use murmur_core::{AgentId, heap};

/// Who has ever done a thing: most questions whether an agent did it to some post are answered by that, in a bit that is in
/// the cache, and no map of all that was done needs to be asked.
#[derive(Debug, Default)]
pub(crate) struct AgentSet(Vec<u64>);

impl AgentSet {
    pub(crate) fn insert(&mut self, agent: AgentId) {
        let word = agent.index() / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (agent.index() % 64);
    }

    pub(crate) fn contains(&self, agent: AgentId) -> bool {
        self.0.get(agent.index() / 64).is_some_and(|word| word >> (agent.index() % 64) & 1 == 1)
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        heap::of_column(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_who_was_put_in_and_nobody_else() {
        let mut set = AgentSet::default();
        let members = [0, 1, 63, 64, 700].map(AgentId);
        members.into_iter().for_each(|agent| set.insert(agent));
        for agent in (0..1000).map(AgentId) {
            assert_eq!(set.contains(agent), members.contains(&agent));
        }
    }
}
