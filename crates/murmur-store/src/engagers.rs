//! Who liked or reposted each root, latest first: what social proof reads for every candidate of every reader.

use std::num::NonZeroU32;

use murmur_core::{AgentId, PostId, heap};

/// Who likes or reposted each root, as chains of blocks, the latest first.
#[derive(Debug, Default)]
pub(crate) struct Engagers {
    blocks: Vec<Block>,
    latest: Vec<Option<Place>>,
}

/// As many engagements as share a line of memory with their number and their link. The last 32 with a root are so three
/// reads that miss the cache one after the other, and not 32.
const IN_BLOCK: usize = 14;

/// A link of the chain of a root's engagements.
#[derive(Debug)]
#[repr(align(64))]
struct Block {
    /// The first `count` of them, earliest first.
    agents: [AgentId; IN_BLOCK],
    count: u32,
    earlier: Option<Place>,
}

/// Where a block stands in the list of all, from 1.
type Place = NonZeroU32;

impl Block {
    fn agents(&self) -> &[AgentId] {
        &self.agents[..self.count as usize]
    }
}

impl Engagers {
    /// Remembers that `agent` liked or reposted `root`.
    pub(crate) fn add(&mut self, agent: AgentId, root: PostId) {
        if self.latest.len() <= root.index() {
            self.latest.resize(root.index() + 1, None);
        }
        let latest = &mut self.latest[root.index()];
        let has_room = |place: &Place| self.blocks[index(*place)].agents().len() < IN_BLOCK;
        let place = latest.filter(has_room).unwrap_or_else(|| {
            self.blocks.push(Block { agents: [agent; IN_BLOCK], count: 0, earlier: *latest });
            let place = Place::MIN.saturating_add(self.blocks.len() as u32 - 1);
            *latest = Some(place);
            place
        });
        let block = &mut self.blocks[index(place)];
        block.agents[block.count as usize] = agent;
        block.count += 1;
    }

    /// Forgets the latest time that `agent` liked or reposted `root`. Takes time in proportion to what came after, and
    /// what is taken back is mostly recent.
    pub(crate) fn remove(&mut self, agent: AgentId, root: PostId) {
        let mut at = self.latest[root.index()];
        while let Some(place) = at {
            let block = &mut self.blocks[index(place)];
            if let Some(found) = block.agents().iter().rposition(|&other| other == agent) {
                block.agents.copy_within(found + 1..block.count as usize, found);
                block.count -= 1;
                return;
            }
            at = block.earlier;
        }
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        heap::of_column(&self.blocks) + heap::of_column(&self.latest)
    }

    /// Who likes or reposted `root`, latest first.
    pub(crate) fn of(&self, root: PostId) -> impl Iterator<Item = AgentId> + '_ {
        let latest = self.latest.get(root.index()).copied().flatten();
        let block = |place| &self.blocks[index(place)];
        let blocks = std::iter::successors(latest.map(block), move |at| at.earlier.map(block));
        blocks.flat_map(|block| block.agents().iter().rev().copied())
    }
}

fn index(place: Place) -> usize {
    place.get() as usize - 1
}

#[cfg(test)]
mod tests {
    use murmur_core::{Purpose, Step, Stream};

    use super::*;

    #[test]
    fn engagers_are_told_latest_first_whoever_took_theirs_back() {
        let mut draws = Stream::new(1, Purpose::Choice, Step(0), AgentId(0));
        let mut engagers = Engagers::default();
        let mut plain: [Vec<AgentId>; 3] = Default::default();
        for _ in 0..2_000 {
            let root = draws.below(3);
            let list = &mut plain[root as usize];
            if list.is_empty() || draws.chance(0.7) {
                let agent = AgentId(draws.below(40));
                list.push(agent);
                engagers.add(agent, PostId::from_index(root as usize));
            } else {
                let agent = list[draws.below(list.len() as u32) as usize];
                let place = list.iter().rposition(|&other| other == agent).expect("it is in the list");
                list.remove(place);
                engagers.remove(agent, PostId::from_index(root as usize));
            }
        }
        for (root, list) in (0..).zip(&plain) {
            assert!(list.len() > 2 * IN_BLOCK);
            assert!(engagers.of(PostId::from_index(root as usize)).eq(list.iter().rev().copied()));
        }
        assert_eq!(engagers.of(PostId::from_index(3)).count(), 0);
    }
}
