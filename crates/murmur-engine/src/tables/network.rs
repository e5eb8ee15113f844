//! The table of a sample of the follow graph, small enough to be drawn.
//!
//! The sample is a snowball: it begins with the accounts that have the most followers and with as many drawn by a keyed
//! hash, and each that joins brings in some of those that it follows, until there are [`MOST_AGENTS`]. A population of no
//! more than that is taken whole. Who is in it depends on the seed and the graph alone.

use std::cmp::Reverse;
use std::collections::VecDeque;

use murmur_core::rng::order_key;
use murmur_core::{AgentId, Step};
use murmur_data::DataError;
use murmur_data::table::{Column, ColumnData, Kind, TableFolder, TableWriter};
use murmur_graph::FollowGraph;

/// Agents in the sample.
const MOST_AGENTS: usize = 1500;

/// Best connected accounts that the snowball begins with, and as many others.
const BEGINNERS: usize = 15;

/// How many of those that it follows an agent brings in.
const BROUGHT_IN: usize = 5;

/// `network`: the follows among the sampled agents at the end, by follower and followed.
pub(super) fn write(folder: TableFolder<'_>, follows: &FollowGraph, seed: u64) -> Result<(), DataError> {
    let columns = vec![Column::new("source", Kind::U32), Column::new("target", Kind::U32)];
    let mut table = TableWriter::create(folder, "network", columns)?;
    let (sources, targets) = edges_among(follows, &sample(follows, seed, MOST_AGENTS));
    table.write(&[ColumnData::U32(&sources), ColumnData::U32(&targets)])?;
    table.finish()
}

/// At most `most` agents, ascending.
fn sample(follows: &FollowGraph, seed: u64, most: usize) -> Vec<AgentId> {
    let agents = || (0..follows.agents()).map(AgentId);
    if follows.agents() as usize <= most {
        return agents().collect();
    }
    // No step of a run has this number, so the order is one of its own.
    let key = |agent: AgentId| (order_key(seed, Step(u32::MAX), agent), agent);
    let mut connected: Vec<AgentId> = agents().collect();
    connected.select_nth_unstable_by_key(BEGINNERS, |&agent| (Reverse(follows.follower_count(agent)), agent));
    connected.truncate(BEGINNERS);
    connected.sort_unstable_by_key(|&agent| (Reverse(follows.follower_count(agent)), agent));
    let mut drawn: Vec<(u64, AgentId)> = agents().map(key).collect();
    drawn.sort_unstable();

    let mut inside = vec![false; follows.agents() as usize];
    let mut taken = Vec::with_capacity(most);
    let mut open: VecDeque<AgentId> = connected.into_iter().collect();
    open.extend(drawn.iter().take(BEGINNERS).map(|&(_, agent)| agent));
    // Where the snowball melts, another drawn agent begins a new one.
    let mut next = drawn.iter().skip(BEGINNERS).map(|&(_, agent)| agent);
    while taken.len() < most {
        let Some(agent) = open.pop_front().or_else(|| next.next()) else { break };
        if std::mem::replace(&mut inside[agent.index()], true) {
            continue;
        }
        taken.push(agent);
        let outside = follows.followees(agent).iter().copied().filter(|&followee| !inside[followee.index()]);
        let mut brought: Vec<AgentId> = outside.collect();
        brought.sort_unstable_by_key(|&followee| key(followee));
        open.extend(brought.into_iter().take(BROUGHT_IN));
    }
    taken.sort_unstable();
    taken
}

/// The follows among `agents`, which ascend.
fn edges_among(follows: &FollowGraph, agents: &[AgentId]) -> (Vec<u32>, Vec<u32>) {
    let of_one = |&source: &AgentId| {
        let mut targets: Vec<AgentId> = follows.followees(source).to_vec();
        targets.retain(|target| agents.binary_search(target).is_ok());
        targets.sort_unstable();
        targets.into_iter().map(move |target| (source.0, target.0))
    };
    agents.iter().flat_map(of_one).unzip()
}

#[cfg(test)]
mod tests {
    use murmur_core::Follow;

    use super::*;

    fn ring(agents: u32) -> FollowGraph {
        let next = |agent| Follow { follower: AgentId(agent), followee: AgentId((agent + 1) % agents) };
        FollowGraph::from_edges(agents, (0..agents).map(next).collect()).graph
    }

    #[test]
    fn a_sample_is_as_large_as_asked_connected_through_follows_and_the_same_each_time() {
        let follows = ring(200);
        let agents = sample(&follows, 7, 60);
        assert_eq!(agents.len(), 60);
        assert!(agents.is_sorted());
        assert_eq!(agents, sample(&follows, 7, 60));
        assert_ne!(agents, sample(&follows, 8, 60));
        // On a ring each that joins brings in the next, so at most one agent of a snowball has nobody to follow.
        assert!(edges_among(&follows, &agents).0.len() >= 60 - 2 * BEGINNERS);
    }

    #[test]
    fn a_small_population_is_taken_whole() {
        let follows = ring(5);
        let agents = sample(&follows, 1, 60);
        assert_eq!(agents.len(), 5);
        assert_eq!(edges_among(&follows, &agents), (vec![0, 1, 2, 3, 4], vec![1, 2, 3, 4, 0]));
    }
}
