//! Models in which two agents meet at a time, one meeting after the other.
//!
//! Who meets whom is drawn ahead, a stretch of meetings at a time and on all threads, each piece of a stretch from a
//! stream keyed by the round and the piece. The meetings of a stretch then happen in their order on one thread.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_graph::FollowGraph;
use rayon::prelude::*;

use crate::Contacts;

/// Meetings drawn by one stream.
const PIECE: usize = 4096;
/// Meetings whose places in memory are read at once.
const AT_ONCE: usize = 64;
/// Meetings drawn ahead.
const STRETCH: usize = 16 * PIECE;

/// What happens when an agent meets another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meeting {
    /// The two move towards or away from each other.
    Judgement(Judgement),
    /// The agent takes the opinion of the other.
    Copy,
}

/// How two who meet move: towards each other by `rate` of a distance of at most `acceptance`, away from each other by
/// `repulsion` of one above `rejection`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judgement {
    pub(super) acceptance: f64,
    pub(super) rejection: f64,
    pub(super) rate: f64,
    pub(super) repulsion: f64,
}

impl Judgement {
    /// Nobody repels anybody.
    pub(super) fn attracting(confidence: f64, rate: f64) -> Self {
        Self { acceptance: confidence, rejection: confidence, rate, repulsion: 0.0 }
    }

    /// The opinions of two after they met.
    fn meet(&self, x: f64, y: f64) -> (f64, f64) {
        let difference = y - x;
        let distance = difference.abs();
        let share = if distance <= self.acceptance {
            self.rate
        } else if distance > self.rejection {
            -self.repulsion
        } else {
            0.0
        };
        let step = share * difference;
        ((x + step).clamp(-1.0, 1.0), (y - step).clamp(-1.0, 1.0))
    }

    /// The furthest that one of two would move who are among `sorted`.
    ///
    /// Of those who attract each other it is one of two who are as far apart as that allows; of those who repel each
    /// other one of the outermost takes part.
    fn largest_move(&self, sorted: &[f64]) -> f64 {
        let [lowest, .., highest] = sorted else { return 0.0 };
        let mut low = 0;
        let mut largest: f64 = 0.0;
        for &x in sorted {
            while x - sorted[low] > self.acceptance {
                low += 1;
            }
            let others = [sorted[low], *lowest, *highest];
            largest = others.iter().fold(largest, |largest, &y| largest.max(moved((x, y), self.meet(x, y))));
        }
        largest
    }
}

/// The further of the moves of two who met.
fn moved(before: (f64, f64), after: (f64, f64)) -> f64 {
    (after.0 - before.0).abs().max((after.1 - before.1).abs())
}

fn copied(_: f64, y: f64) -> (f64, f64) {
    (y, y)
}

impl Meeting {
    /// As many meetings as there are agents. Returns how many there were with another, and the largest move.
    pub(super) fn round(
        self,
        contacts: Contacts<'_>,
        opinions: &mut [f64],
        seed: u64,
        round: u32,
    ) -> (u64, f64) {
        match self {
            Self::Judgement(judgement) => {
                meet_all(contacts, opinions, seed, round, |x, y| judgement.meet(x, y))
            }
            Self::Copy => meet_all(contacts, opinions, seed, round, copied),
        }
    }

    /// The furthest that an agent would move at one meeting that is possible.
    pub(super) fn largest_move(self, contacts: Contacts<'_>, opinions: &[f64]) -> f64 {
        match (contacts, self) {
            (Contacts::Graph(graph), Self::Judgement(judgement)) => {
                largest_on(graph, opinions, |x, y| judgement.meet(x, y))
            }
            (Contacts::Graph(graph), Self::Copy) => largest_on(graph, opinions, copied),
            (Contacts::WellMixed(_), Self::Judgement(judgement)) => {
                let mut sorted = opinions.to_vec();
                sorted.par_sort_unstable_by(f64::total_cmp);
                judgement.largest_move(&sorted)
            }
            (Contacts::WellMixed(_), Self::Copy) => {
                let (lowest, highest) =
                    opinions.iter().fold((1.0f64, -1.0f64), |(low, high), &x| (low.min(x), high.max(x)));
                highest - lowest
            }
        }
    }
}

fn largest_on(graph: &FollowGraph, opinions: &[f64], meet: impl Fn(f64, f64) -> (f64, f64) + Sync) -> f64 {
    let largest_of = |agent: usize| {
        let x = opinions[agent];
        let heard = graph.followees(AgentId(agent as u32)).iter().map(|other| opinions[other.index()]);
        heard.map(|y| moved((x, y), meet(x, y))).fold(0.0, f64::max)
    };
    (0..opinions.len()).into_par_iter().map(largest_of).reduce(|| 0.0, f64::max)
}

fn meet_all(
    contacts: Contacts<'_>,
    opinions: &mut [f64],
    seed: u64,
    round: u32,
    meet: impl Fn(f64, f64) -> (f64, f64),
) -> (u64, f64) {
    let (mut meetings, mut largest) = (0, 0.0f64);
    let mut pairs = vec![[0; 2]; opinions.len().min(STRETCH)];
    for start in (0..opinions.len()).step_by(STRETCH) {
        let pairs = &mut pairs[..STRETCH.min(opinions.len() - start)];
        pairs.par_chunks_mut(PIECE).enumerate().for_each(|(piece, pairs)| {
            let piece = AgentId((start / PIECE + piece) as u32);
            draw_pairs(contacts, Stream::new(seed, Purpose::Influence, Step(round), piece), pairs);
        });
        for &[agent, other] in &*pairs {
            let before = (opinions[agent as usize], opinions[other as usize]);
            let after = meet(before.0, before.1);
            opinions[agent as usize] = after.0;
            opinions[other as usize] = after.1;
            largest = largest.max(moved(before, after));
            meetings += u64::from(agent != other);
        }
    }
    (meetings, largest)
}

/// Draws who meets whom: any agent, and any other one or any that it follows; itself if it follows nobody.
fn draw_pairs(contacts: Contacts<'_>, mut draws: Stream, pairs: &mut [[u32; 2]]) {
    match contacts {
        Contacts::WellMixed(agents) => {
            for pair in pairs {
                let (agent, other) = (draws.below(agents), draws.below(agents - 1));
                *pair = [agent, other + u32::from(other >= agent)];
            }
        }
        Contacts::Graph(graph) => {
            pairs.chunks_mut(AT_ONCE).for_each(|pairs| draw_on(graph, &mut draws, pairs));
        }
    }
}

/// Draws at most [`AT_ONCE`] pairs on a graph.
///
/// Each pass reads far apart places of memory that do not depend on each other, so that the processor waits for many
/// of them at once: at a million agents and ten million follows 29 million meetings a second on two threads, and pair
/// after pair 10 million.
fn draw_on(graph: &FollowGraph, draws: &mut Stream, pairs: &mut [[u32; 2]]) {
    let mut lists: [&[AgentId]; AT_ONCE] = [&[]; AT_ONCE];
    for pair in &mut *pairs {
        pair[0] = draws.below(graph.agents());
    }
    for (list, pair) in lists.iter_mut().zip(&*pairs) {
        *list = graph.followees(AgentId(pair[0]));
    }
    for (list, pair) in lists.iter().zip(&mut *pairs) {
        pair[1] = if list.is_empty() { 0 } else { draws.below(list.len() as u32) };
    }
    for (list, pair) in lists.iter().zip(pairs) {
        pair[1] = list.get(pair[1] as usize).map_or(pair[0], |other| other.0);
    }
}

#[cfg(test)]
mod tests {
    use murmur_core::Follow;

    use super::*;

    /// Of 120,000 pairs drawn among four agents, `expected` of each within five standard errors.
    fn check(contacts: Contacts<'_>, expected: [[f64; 4]; 4]) {
        const PAIRS: usize = 120_000;
        let mut pairs = vec![[0; 2]; PAIRS];
        draw_pairs(contacts, Stream::new(1, Purpose::Influence, Step(0), AgentId(0)), &mut pairs);
        for (agent, row) in (0..).zip(expected) {
            for (other, expected) in (0..).zip(row) {
                let count = pairs.iter().filter(|&&pair| pair == [agent, other]).count() as f64;
                let error = 5.0 * (expected * (1.0 - expected / PAIRS as f64)).sqrt();
                assert!((count - expected).abs() <= error, "{agent}, {other}: {count} instead of {expected}");
            }
        }
    }

    #[test]
    fn well_mixed_agents_meet_every_other_alike() {
        let each = 10_000.0;
        check(
            Contacts::WellMixed(4),
            [
                [0.0, each, each, each],
                [each, 0.0, each, each],
                [each, each, 0.0, each],
                [each, each, each, 0.0],
            ],
        );
    }

    #[test]
    fn on_a_graph_each_agent_meets_those_alike_whom_it_follows() {
        let follows = [(0, 1), (0, 2), (0, 3), (1, 3), (2, 0), (2, 1)]
            .map(|(follower, followee)| Follow { follower: AgentId(follower), followee: AgentId(followee) });
        let graph = FollowGraph::from_edges(4, follows.to_vec()).graph;
        check(
            Contacts::Graph(&graph),
            [
                [0.0, 10_000.0, 10_000.0, 10_000.0],
                [0.0, 0.0, 0.0, 30_000.0],
                [15_000.0, 15_000.0, 0.0, 0.0],
                // It follows nobody, and so meets nobody but itself.
                [0.0, 0.0, 0.0, 30_000.0],
            ],
        );
    }
}
