//! Random-walk controversy: whether who starts on a side ends on it.
//!
//! Garimella, De Francisci Morales, Gionis and Mathioudakis, "Quantifying controversy on social media", ACM Transactions
//! on Social Computing 1, 2018. A walk starts at a random node of either side and ends at the first of the sides' best
//! connected nodes that it comes to. RWC = P(XX)·P(YY) − P(XY)·P(YX), P(AB) being the probability that a walk which ended
//! on side B started on side A, when as many start on either. It is near 1 for two sides that hardly meet, near 0 where
//! sides mean nothing.
//!
//! They draw walks; here probabilities are solved for, to ten digits: that of ending on side X is harmonic, the mean of
//! its neighbours' at each node but the hubs.

use murmur_graph::{Undirected, UndirectedView};

/// When the rest is so much smaller than what it began with, a solution is good enough.
const TOLERANCE: f64 = 1e-11;

/// No graph of these sizes needs as many rounds.
const MOST_ROUNDS: usize = 10_000;

/// The `count` nodes of a group with the most ties, of equal ones the lower number. `degrees` are those by which nodes are
/// ranked. Fewer when the group is smaller.
pub fn hubs(groups: &[u32], group: u32, degrees: &[u32], count: u32) -> Vec<u32> {
    let mut members: Vec<u32> =
        (0..).zip(groups).filter(|&(_, &own)| own == group).map(|(node, _)| node).collect();
    members.sort_unstable_by_key(|&node| (std::cmp::Reverse(degrees[node as usize]), node));
    members.truncate(count as usize);
    members
}

/// Random-walk controversy of the groups `poles` with `hubs` of theirs, at which walks end. All others are walked
/// through, and start no walk if they are of neither group. A walk takes a step before it can end.
///
/// `None` when no walk ends on one of the sides.
pub fn controversy(graph: &Undirected, groups: &[u32], poles: [u32; 2], hubs: [&[u32]; 2]) -> Option<f64> {
    let walk = Walk::new(graph, hubs);
    let to_first = walk.end_on_first();
    // By side of the start, and side of the end.
    let mut ends = [[0.0; 2]; 2];
    for (side, pole) in poles.into_iter().enumerate() {
        let mut starts = 0u64;
        for node in (0..graph.nodes()).filter(|&node| groups[node as usize] == pole && graph.degree(node) > 0)
        {
            starts += 1;
            if walk.role[node as usize] == Role::Unreached {
                continue;
            }
            let first = walk.mean_around(node, &to_first);
            ends[side][0] += first;
            ends[side][1] += 1.0 - first;
        }
        if starts == 0 {
            return None;
        }
        ends[side].iter_mut().for_each(|end| *end /= starts as f64);
    }
    let started = |from: usize, end: usize| {
        let all = ends[0][end] + ends[1][end];
        (all > 1e-12).then(|| ends[from][end] / all)
    };
    Some(started(0, 0)? * started(1, 1)? - started(0, 1)? * started(1, 0)?)
}

/// What a node is to walks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// No walk from here ever ends.
    Unreached,
    /// Walks go through.
    Inner,
    /// Walks end, on that side.
    Hub(u8),
}

struct Walk<'a> {
    graph: &'a Undirected,
    role: Vec<Role>,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Undirected, hubs: [&[u32]; 2]) -> Self {
        let mut role = vec![Role::Unreached; graph.nodes() as usize];
        let mut queue: Vec<u32> = Vec::new();
        for (side, hubs) in (0..).zip(hubs) {
            for &hub in hubs {
                role[hub as usize] = Role::Hub(side);
                queue.push(hub);
            }
        }
        while let Some(node) = queue.pop() {
            for &neighbour in graph.neighbours(node) {
                if role[neighbour as usize] == Role::Unreached {
                    role[neighbour as usize] = Role::Inner;
                    queue.push(neighbour);
                }
            }
        }
        Self { graph, role }
    }

    /// The mean of `values` over the neighbours of a node that has any.
    fn mean_around(&self, node: u32, values: &[f64]) -> f64 {
        let neighbours = self.graph.neighbours(node);
        neighbours.iter().map(|&neighbour| values[neighbour as usize]).sum::<f64>() / neighbours.len() as f64
    }

    /// The probability of ending on the first side from each node: conjugate gradients, scaled by degrees, on the graph's
    /// Laplacian without its hubs.
    fn end_on_first(&self) -> Vec<f64> {
        let nodes = self.role.len();
        let inner: Vec<u32> =
            (0..nodes as u32).filter(|&node| self.role[node as usize] == Role::Inner).collect();
        let degree = |node: u32| f64::from(self.graph.degree(node));
        let mut solution: Vec<f64> =
            self.role.iter().map(|&role| if role == Role::Hub(0) { 1.0 } else { 0.0 }).collect();
        // Of hubs the values are given, so only their share in the rest counts.
        let mut rest = vec![0.0; nodes];
        let mut direction = vec![0.0; nodes];
        let mut product = vec![0.0; nodes];
        let mut norm = 0.0;
        for &node in &inner {
            let hubs = self
                .graph
                .neighbours(node)
                .iter()
                .filter(|&&other| self.role[other as usize] == Role::Hub(0));
            rest[node as usize] = hubs.count() as f64;
            direction[node as usize] = rest[node as usize] / degree(node);
            norm += rest[node as usize] * direction[node as usize];
        }
        let enough = norm * TOLERANCE * TOLERANCE;
        for _ in 0..MOST_ROUNDS {
            if norm <= enough {
                break;
            }
            let mut along = 0.0;
            for &node in &inner {
                // Outside the inner nodes directions are 0.
                let around: f64 =
                    self.graph.neighbours(node).iter().map(|&other| direction[other as usize]).sum();
                let own = direction[node as usize];
                product[node as usize] = degree(node) * own - around;
                along += own * product[node as usize];
            }
            let length = norm / along;
            let mut next = 0.0;
            for &node in &inner {
                let place = node as usize;
                solution[place] += length * direction[place];
                rest[place] -= length * product[place];
                next += rest[place] * rest[place] / degree(node);
            }
            let share = next / norm;
            norm = next;
            for &node in &inner {
                let place = node as usize;
                direction[place] = rest[place] / degree(node) + share * direction[place];
            }
        }
        solution
    }
}
