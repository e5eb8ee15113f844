//! What each agent has read lately: private state, changed by exposures alone.

use murmur_core::{AgentId, PostId};

/// A post that an agent has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeenPost {
    /// The root.
    pub root: PostId,
    /// The row of it that was read; the memory lasts as long as this row may be shown.
    pub row: PostId,
}

/// What one agent has read, the latest last.
pub type Seen = [SeenPost];

/// What every agent has read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SeenLists {
    lists: Vec<Vec<SeenPost>>,
}

impl SeenLists {
    /// Of agents that have read nothing.
    pub fn new(agents: u32) -> Self {
        Self { lists: vec![Vec::new(); agents as usize] }
    }

    /// What `agent` has read.
    pub fn of(&self, agent: AgentId) -> &Seen {
        &self.lists[agent.index()]
    }

    /// Every list, in the order of agents.
    pub fn all(&self) -> &[Vec<SeenPost>] {
        &self.lists
    }

    /// Puts these lists, one for each agent, in the place of what was there.
    ///
    /// # Panics
    /// When their number is another.
    pub fn set_all(&mut self, lists: Vec<Vec<SeenPost>>) {
        assert_eq!(lists.len(), self.lists.len(), "one list for each agent");
        self.lists = lists;
    }

    /// `agent` has read `posts`, in this order. It forgets what may no longer be shown, that is rows before `first_live`,
    /// and the earliest of what is more than `most`.
    pub fn remember(
        &mut self,
        agent: AgentId,
        posts: impl Iterator<Item = SeenPost>,
        first_live: usize,
        most: usize,
    ) {
        let list = &mut self.lists[agent.index()];
        list.retain(|seen| seen.row.index() >= first_live);
        list.extend(posts);
        let excess = list.len().saturating_sub(most);
        list.drain(..excess);
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let lists: usize = self.lists.iter().map(Vec::capacity).sum();
        lists * size_of::<SeenPost>() + self.lists.capacity() * size_of::<Vec<SeenPost>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: u32) -> SeenPost {
        let post = PostId::new(id).unwrap();
        SeenPost { root: post, row: post }
    }

    #[test]
    fn what_may_no_longer_be_shown_is_forgotten_and_so_is_the_excess() {
        let mut lists = SeenLists::new(2);
        let agent = AgentId(1);
        let ids =
            |lists: &SeenLists| -> Vec<u32> { lists.of(agent).iter().map(|seen| seen.root.get()).collect() };
        lists.remember(agent, [5, 2, 9].map(seen).into_iter(), 0, 10);
        assert_eq!(ids(&lists), [5, 2, 9]);
        // Row 2 stands at index 1.
        lists.remember(agent, [11].map(seen).into_iter(), 2, 10);
        assert_eq!(ids(&lists), [5, 9, 11]);
        lists.remember(agent, [12, 13].map(seen).into_iter(), 2, 3);
        assert_eq!(ids(&lists), [11, 12, 13]);
        assert!(lists.of(AgentId(0)).is_empty());
    }
}
