//! The follow graph: a compact base both ways, and an overlay of what changed since it was built.
//!
//! Lists of followees are short, so an agent that follows or unfollows gets its list whole in the overlay. Lists of
//! followers can be huge, so an agent that gains or loses followers gets a [`Patch`] there. When the overlay has grown
//! to the size of the base, both are rebuilt as one: a rebuild takes time in proportion to the graph, and at least a
//! share of the graph must have been touched since the last one, so its cost per change stays bounded.

use murmur_core::{AgentId, Follow};
use rustc_hash::FxHashMap;

use crate::csr::Csr;
use crate::patch::{AgentList, Patch, insert};

/// The overlay may hold this many entries (ids, and the overhead of lists) beside as many as the base has, so that
/// small graphs are not rebuilt all the time.
const OVERLAY_ALLOWANCE: usize = 65_536;

/// What a list in the overlay costs beyond its ids, in entries of four bytes.
const LIST_OVERHEAD: usize = 24;

/// A graph made from a list of follows, and what was dropped from the list.
#[derive(Clone, Debug)]
pub struct Built {
    /// The graph.
    pub graph: FollowGraph,
    /// Follows of oneself that were dropped.
    pub self_follows: u64,
    /// Repetitions of a follow that were dropped.
    pub duplicates: u64,
}

/// Who follows whom among agents 0 to n − 1.
///
/// About 8 bytes per follow and 8 per agent. Reading a list of an agent that changed since the last compaction costs
/// one look-up more than that of another.
#[derive(Clone, Debug)]
pub struct FollowGraph {
    /// Followees by follower.
    followees: Csr<AgentId>,
    /// Followers by followee.
    followers: Csr<AgentId>,
    /// Agents whose followees differ from the base: their whole lists.
    own_followees: FxHashMap<AgentId, Vec<AgentId>>,
    /// Agents whose followers differ from the base.
    follower_patches: FxHashMap<AgentId, Patch>,
    follow_count: u64,
    /// Entries of both maps, overhead included.
    overlay: usize,
}

impl FollowGraph {
    /// The graph of `follows` among `agents` agents, in any order. Follows of oneself and repetitions are dropped and
    /// counted.
    ///
    /// Takes time in proportion to agents and follows, and at its peak 12 bytes per follow, the list included.
    ///
    /// # Panics
    /// When a follow names an agent not below `agents`, or there are more than `u32::MAX` follows.
    pub fn from_edges(agents: u32, follows: Vec<Follow>) -> Built {
        let others = follows.iter().filter(|follow| follow.follower != follow.followee);
        let unsorted = Csr::from_pairs(agents, others.map(|follow| [follow.followee, follow.follower]));
        let self_follows = (follows.len() - unsorted.len()) as u64;
        drop(follows);
        let mut followees = unsorted.transposed();
        drop(unsorted);
        let duplicates = followees.dedup();
        Built { graph: Self::of(followees), self_follows, duplicates }
    }

    fn of(followees: Csr<AgentId>) -> Self {
        Self {
            followers: followees.transposed(),
            own_followees: FxHashMap::default(),
            follower_patches: FxHashMap::default(),
            follow_count: followees.len() as u64,
            overlay: 0,
            followees,
        }
    }

    /// Number of agents.
    pub fn agents(&self) -> u32 {
        self.followees.rows()
    }

    /// Number of follows.
    pub fn follow_count(&self) -> u64 {
        self.follow_count
    }

    /// Whom `agent` follows, ascending.
    ///
    /// # Panics
    /// When `agent` is not an agent of this graph; so do all methods that take one.
    pub fn followees(&self, agent: AgentId) -> &[AgentId] {
        self.own_followees.get(&agent).map_or_else(|| self.followees.row(agent), Vec::as_slice)
    }

    /// Who follows `agent`, ascending.
    pub fn followers(&self, agent: AgentId) -> AgentList<'_> {
        let base = self.followers.row(agent);
        self.follower_patches.get(&agent).map_or_else(|| AgentList::of(base), |patch| patch.list(base))
    }

    /// How many follow `agent`.
    pub fn follower_count(&self, agent: AgentId) -> u32 {
        self.followers(agent).len() as u32
    }

    /// Whether `follower` follows `followee`; takes the logarithm of the followees' number.
    pub fn follows(&self, follower: AgentId, followee: AgentId) -> bool {
        self.followees(follower).binary_search(&followee).is_ok()
    }

    /// Makes `follower` follow `followee`. False, and no change, if it does already or they are the same agent.
    pub fn follow(&mut self, follower: AgentId, followee: AgentId) -> bool {
        if follower == followee || self.follows(follower, followee) {
            return false;
        }
        insert(self.own_followees(follower), followee);
        self.patch_followers(followee, |patch, base| patch.add(base, follower));
        self.follow_count += 1;
        self.overlay += 1;
        self.compact_when_due();
        true
    }

    /// Makes `follower` no longer follow `followee`. False, and no change, if it did not.
    pub fn unfollow(&mut self, follower: AgentId, followee: AgentId) -> bool {
        let Ok(place) = self.followees(follower).binary_search(&followee) else {
            return false;
        };
        self.own_followees(follower).remove(place);
        self.patch_followers(followee, |patch, base| patch.remove(base, follower));
        self.follow_count -= 1;
        self.overlay -= 1;
        self.compact_when_due();
        true
    }

    /// The list of `agent`'s followees in the overlay, copied from the base if it is not there yet.
    fn own_followees(&mut self, agent: AgentId) -> &mut Vec<AgentId> {
        self.own_followees.entry(agent).or_insert_with(|| {
            let list = self.followees.row(agent).to_vec();
            self.overlay += LIST_OVERHEAD + list.len();
            list
        })
    }

    /// Changes who follows `agent` by `change`, which gets the patch and its base.
    fn patch_followers(&mut self, agent: AgentId, change: impl FnOnce(&mut Patch, &[AgentId])) {
        let patch = self.follower_patches.entry(agent).or_insert_with(|| {
            self.overlay += LIST_OVERHEAD;
            Patch::default()
        });
        let before = patch.entries();
        change(patch, self.followers.row(agent));
        self.overlay = self.overlay + patch.entries() - before;
    }

    fn compact_when_due(&mut self) {
        if self.overlay > self.followees.len() + OVERLAY_ALLOWANCE {
            self.compact();
        }
    }

    /// Merges all changes into the base. [`follow`](Self::follow) and [`unfollow`](Self::unfollow) do so themselves
    /// when the overlay is due; calling it changes no answer, only memory and speed.
    pub fn compact(&mut self) {
        if self.overlay == 0 {
            return;
        }
        let (agents, follows) = (self.agents(), self.follow_count as usize);
        self.followees = Csr::from_rows(agents, follows, |agent, values| {
            values.extend_from_slice(self.followees(agent));
        });
        self.own_followees = FxHashMap::default();
        self.followers =
            Csr::from_rows(agents, follows, |agent, values| values.extend(self.followers(agent)));
        self.follower_patches = FxHashMap::default();
        self.overlay = 0;
    }

    /// Bytes on the heap; those of the overlay's maps by their capacity.
    pub fn memory_bytes(&self) -> usize {
        let lists = self.own_followees.capacity() * size_of::<(AgentId, Vec<AgentId>)>();
        let patches = self.follower_patches.capacity() * size_of::<(AgentId, Patch)>();
        self.followees.memory_bytes() + self.followers.memory_bytes() + lists + patches + self.overlay_bytes()
    }

    /// Bytes of the overlay's lists.
    fn overlay_bytes(&self) -> usize {
        (0..self.agents())
            .map(AgentId)
            .map(|agent| {
                let list = self.own_followees.get(&agent).map_or(0, Vec::capacity) * size_of::<AgentId>();
                list + self.follower_patches.get(&agent).map_or(0, Patch::memory_bytes)
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::CHANGES_KEPT;

    fn empty(agents: u32) -> FollowGraph {
        FollowGraph::from_edges(agents, Vec::new()).graph
    }

    /// Many changes keep the overlay within its bound, so it must have been merged on the way.
    #[test]
    fn the_overlay_is_merged_when_due() {
        let mut graph = empty(1000);
        for change in 0..300_000u32 {
            let (follower, followee) = (AgentId(change % 1000), AgentId(change / 1000 * 7 % 1000));
            if !graph.follow(follower, followee) {
                graph.unfollow(follower, followee);
            }
            assert!(graph.overlay <= graph.followees.len() + OVERLAY_ALLOWANCE);
        }
        assert!(graph.followees.len() > 200_000, "nothing was merged: {} in the base", graph.followees.len());
        graph.compact();
        assert_eq!(graph.overlay, 0);
        assert_eq!(graph.followees.len() as u64, graph.follow_count());
    }

    /// More changes to one account's followers than a patch keeps, then most of them taken back.
    #[test]
    fn a_hub_keeps_its_followers_through_merges() {
        let agents = CHANGES_KEPT as u32 + 200;
        let hub = AgentId(5);
        let mut graph = empty(agents);
        let fans = || (0..agents).map(AgentId).filter(|&agent| agent != hub);
        for fan in fans() {
            assert!(graph.follow(fan, hub));
        }
        assert!(graph.followers(hub).eq(fans()));
        assert_eq!(graph.followers.len(), 0, "the base was rebuilt");
        for fan in fans().filter(|fan| fan.0 % 3 != 0) {
            assert!(graph.unfollow(fan, hub));
        }
        assert!(graph.followers(hub).eq(fans().filter(|fan| fan.0 % 3 == 0)));
        assert_eq!(graph.follower_count(hub) as usize, graph.followers(hub).count());
    }
}
