//! Sparse directed pairs of agents, such as mutes and blocks: few agents have any.

use murmur_core::AgentId;
use rustc_hash::FxHashMap;

use crate::patch::insert;

/// A set of directed pairs of agents.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// Ascending lists, none of them empty.
    lists: FxHashMap<AgentId, Vec<AgentId>>,
    len: usize,
}

impl Links {
    /// Links `from` to `to`. False, and no change, if they are linked or the same agent.
    pub fn add(&mut self, from: AgentId, to: AgentId) -> bool {
        if from == to || self.contains(from, to) {
            return false;
        }
        insert(self.lists.entry(from).or_default(), to);
        self.len += 1;
        true
    }

    /// Removes the link from `from` to `to`. False if there is none.
    pub fn remove(&mut self, from: AgentId, to: AgentId) -> bool {
        let Some(list) = self.lists.get_mut(&from) else {
            return false;
        };
        let Ok(place) = list.binary_search(&to) else {
            return false;
        };
        list.remove(place);
        if list.is_empty() {
            self.lists.remove(&from);
        }
        self.len -= 1;
        true
    }

    /// Whether `from` is linked to `to`.
    pub fn contains(&self, from: AgentId, to: AgentId) -> bool {
        self.of(from).binary_search(&to).is_ok()
    }

    /// Whom `agent` is linked to, ascending.
    pub fn of(&self, agent: AgentId) -> &[AgentId] {
        self.lists.get(&agent).map_or(&[], Vec::as_slice)
    }

    /// Number of links.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no link.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
