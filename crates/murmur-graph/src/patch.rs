//! A list of agents as changes to another list: what lets an account with a million followers gain or lose one without
//! moving the rest.

use murmur_core::AgentId;

/// So many changes are kept beside the list they change; then they are merged into a private copy of it.
///
/// So a change moves at most 8 KiB of ids, and the merges of a list of a million followers, a millisecond each, come to
/// half a microsecond a change.
pub(crate) const CHANGES_KEPT: usize = 2048;

/// Changes to an ascending list that is kept elsewhere (the base).
#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    /// Stands in for the base once changes were merged.
    merged: Option<Vec<AgentId>>,
    /// Ascending; none of them in the base.
    added: Vec<AgentId>,
    /// Ascending; all of them in the base.
    removed: Vec<AgentId>,
}

impl Patch {
    /// The list `base` with these changes.
    pub(crate) fn list<'a>(&'a self, base: &'a [AgentId]) -> AgentList<'a> {
        AgentList { base: self.merged.as_deref().unwrap_or(base), added: &self.added, removed: &self.removed }
    }

    /// Adds `agent`, which must not be in the list.
    pub(crate) fn add(&mut self, base: &[AgentId], agent: AgentId) {
        match self.removed.binary_search(&agent) {
            Ok(place) => drop(self.removed.remove(place)),
            Err(_) => insert(&mut self.added, agent),
        }
        self.settle(base);
    }

    /// Removes `agent`, which must be in the list.
    pub(crate) fn remove(&mut self, base: &[AgentId], agent: AgentId) {
        match self.added.binary_search(&agent) {
            Ok(place) => drop(self.added.remove(place)),
            Err(_) => insert(&mut self.removed, agent),
        }
        self.settle(base);
    }

    fn settle(&mut self, base: &[AgentId]) {
        if self.added.len() + self.removed.len() > CHANGES_KEPT {
            let merged = self.list(base).collect();
            *self = Self { merged: Some(merged), ..Self::default() };
        }
    }

    /// Number of ids it holds.
    pub(crate) fn entries(&self) -> usize {
        self.merged.as_ref().map_or(0, Vec::len) + self.added.len() + self.removed.len()
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        let merged = self.merged.as_ref().map_or(0, Vec::capacity);
        (merged + self.added.capacity() + self.removed.capacity()) * size_of::<AgentId>()
    }
}

/// Adds `agent` to an ascending list that does not hold it.
pub(crate) fn insert(list: &mut Vec<AgentId>, agent: AgentId) {
    let place = list.partition_point(|&other| other < agent);
    list.insert(place, agent);
}

/// Agents in ascending order, each once.
#[derive(Clone, Debug)]
pub struct AgentList<'a> {
    base: &'a [AgentId],
    added: &'a [AgentId],
    removed: &'a [AgentId],
}

impl<'a> AgentList<'a> {
    /// The agents of an ascending slice.
    pub(crate) fn of(base: &'a [AgentId]) -> Self {
        Self { base, added: &[], removed: &[] }
    }
}

impl Iterator for AgentList<'_> {
    type Item = AgentId;

    fn next(&mut self) -> Option<AgentId> {
        while let [gone, removed @ ..] = self.removed
            && self.base.first() == Some(gone)
        {
            self.base = &self.base[1..];
            self.removed = removed;
        }
        let from_base = match (self.base.first(), self.added.first()) {
            (Some(agent), Some(added)) => agent < added,
            (agent, _) => agent.is_some(),
        };
        let source = if from_base { &mut self.base } else { &mut self.added };
        let (agent, rest) = source.split_first()?;
        *source = rest;
        Some(*agent)
    }

    /// Most lists have no changes, and go by at the speed of a slice.
    fn fold<B, F: FnMut(B, AgentId) -> B>(mut self, mut folded: B, mut f: F) -> B {
        while !(self.added.is_empty() && self.removed.is_empty()) {
            let Some(agent) = self.next() else { break };
            folded = f(folded, agent);
        }
        self.base.iter().copied().fold(folded, f)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.base.len() + self.added.len() - self.removed.len();
        (left, Some(left))
    }
}

impl ExactSizeIterator for AgentList<'_> {}
