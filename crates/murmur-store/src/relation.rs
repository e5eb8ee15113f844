//! Who stands in a relation to what, each pair with the id of the row that says so.

use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};

use murmur_core::{AgentId, CommentId, PostId, RecordId, Refusal, heap};
use rustc_hash::FxHashMap;

use crate::agent_set::AgentSet;

/// An agent and what it relates to. Twelve bytes with a row's id, so that a hundred million likes fit a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pair {
    agent: AgentId,
    target: u32,
}

impl Pair {
    pub(crate) fn with_post(agent: AgentId, post: PostId) -> Self {
        Self { agent, target: post.get() }
    }

    pub(crate) fn with_comment(agent: AgentId, comment: CommentId) -> Self {
        Self { agent, target: comment.get() }
    }

    pub(crate) fn with_agent(agent: AgentId, other: AgentId) -> Self {
        Self { agent, target: other.0 }
    }
}

impl Hash for Pair {
    /// One word instead of two, which the hasher takes in half the time.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.agent.0) << 32 | u64::from(self.target));
    }
}

/// A set of pairs with their rows. It answers questions and is never iterated.
#[derive(Debug, Default)]
pub(crate) struct Relation {
    rows: FxHashMap<Pair, RecordId>,
    /// Who was ever in a pair's first place.
    agents: AgentSet,
    /// Rows ever made.
    made: usize,
}

impl Relation {
    /// A relation whose first `made` rows are kept elsewhere.
    pub(crate) fn after(made: usize) -> Self {
        Self { made, ..Self::default() }
    }

    /// Relates the pair by a new row.
    pub(crate) fn add(&mut self, pair: Pair) -> Result<RecordId, Refusal> {
        match self.rows.entry(pair) {
            Entry::Occupied(_) => Err(Refusal::AlreadyDone),
            Entry::Vacant(place) => {
                let row = RecordId::from_index(self.made);
                self.made += 1;
                self.agents.insert(pair.agent);
                Ok(*place.insert(row))
            }
        }
    }

    /// Takes the pair's row away.
    pub(crate) fn remove(&mut self, pair: Pair) -> Result<RecordId, Refusal> {
        self.rows.remove(&pair).ok_or(Refusal::NothingToUndo)
    }

    /// The row of the pair, if it is related.
    pub(crate) fn row(&self, pair: Pair) -> Option<RecordId> {
        self.rows.get(&pair).copied()
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        heap::of_map(&self.rows) + self.agents.memory_bytes()
    }

    pub(crate) fn contains(&self, pair: Pair) -> bool {
        self.agents.contains(pair.agent) && self.rows.contains_key(&pair)
    }
}
