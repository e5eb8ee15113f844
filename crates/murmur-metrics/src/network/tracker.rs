//! How opinions and edges go together, kept up while both change.
//!
//! A step touches the opinions of those who read and the edges of those who follow; the rest of the network stays as it
//! was. So each node keeps the sum of its neighbours' opinions, and a step's work grows with what it changed. Opinions
//! are in fixed point, so that sums are exact and do not depend on the order in which they came about.

use murmur_core::heap;
use murmur_graph::UndirectedView;
use rayon::prelude::*;

use super::mixing::{Moments, OpinionNetwork, Pair, e_i_index};

/// Opinions are counted in units of 2⁻⁴⁰, so 2²² neighbours fit a sum of 63 bits.
const UNITS: f64 = (1u64 << 40) as f64;

/// Opinions on several topics across the edges of a graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpinionNetworkTracker {
    topics: usize,
    degrees: Vec<u32>,
    /// Node after node, each topic's.
    cells: Vec<Cell>,
}

/// One topic at one node.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Cell {
    /// The node's opinion, in units.
    opinion: i64,
    /// Sum of its neighbours' opinions, in units.
    around: i64,
    /// Neighbours in another group: below 0, 0, or above.
    external: u32,
}

/// A node with what is around it.
struct Surroundings {
    degree: u32,
    /// One per topic.
    cells: Vec<Cell>,
}

/// A node's opinion has moved.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OpinionMoved {
    /// Whose.
    pub node: u32,
    /// Place of the topic.
    pub topic: usize,
    /// The new opinion, in [-1, 1].
    pub opinion: f64,
}

impl OpinionNetworkTracker {
    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        heap::of_column(&self.degrees) + heap::of_column(&self.cells)
    }

    /// Takes a graph and the opinions of its nodes in, node after node, each with one per topic. Runs on all threads.
    ///
    /// # Panics
    /// When there is not one opinion per node and topic.
    pub fn new(
        graph: &(impl UndirectedView + Sync),
        topics: usize,
        opinions: impl Iterator<Item = f64>,
    ) -> Self {
        let cell = |opinion| Cell { opinion: units(opinion), ..Cell::default() };
        let cells: Vec<Cell> = opinions.map(cell).collect();
        assert_eq!(cells.len(), graph.nodes() as usize * topics, "one opinion per node and topic");
        let mut tracker = Self { topics, degrees: vec![0; graph.nodes() as usize], cells };
        let surroundings: Vec<Surroundings> = (0..graph.nodes())
            .into_par_iter()
            .with_min_len(1024)
            .map(|node| tracker.surroundings(graph, node))
            .collect();
        for (node, around) in (0..).zip(surroundings) {
            tracker.put(node, around);
        }
        tracker
    }

    /// Takes in what has changed. `graph` is as it is now, and `rewired` the nodes at both ends of every edge that has
    /// come or gone; a node may be named more than once. Moves of one node are best told one after the other: its
    /// neighbours are then gone through once.
    pub fn update(
        &mut self,
        graph: &impl UndirectedView,
        moved: &[OpinionMoved],
        rewired: impl Iterator<Item = u32>,
    ) {
        let mut outdated: Vec<u32> = rewired.collect();
        for moves in moved.chunk_by(|a, b| a.node == b.node) {
            self.take_in_moves(graph, moves, &mut outdated);
        }
        outdated.sort_unstable();
        outdated.dedup();
        for node in outdated {
            self.look_around(graph, node);
        }
    }

    /// Takes in the moves of one node, and names who then has another number of neighbours in other groups.
    fn take_in_moves(
        &mut self,
        graph: &impl UndirectedView,
        moves: &[OpinionMoved],
        outdated: &mut Vec<u32>,
    ) {
        let node = moves[0].node;
        let mut changes_group = false;
        let mut changes = vec![0; self.topics];
        for &OpinionMoved { topic, opinion, .. } in moves {
            let cell = &mut self.cells[node as usize * self.topics + topic];
            let new = units(opinion);
            changes_group |= new.signum() != cell.opinion.signum();
            changes[topic] += new - cell.opinion;
            cell.opinion = new;
        }
        if changes_group {
            outdated.push(node);
        }
        graph.for_each_neighbour(node, &mut |neighbour| {
            let cells = &mut self.cells[neighbour as usize * self.topics..][..self.topics];
            // Of a neighbour at a rewired edge the sum is wrong before and after; it is taken anew in the end.
            for (cell, change) in cells.iter_mut().zip(&changes) {
                cell.around += change;
            }
            if changes_group {
                outdated.push(neighbour);
            }
        });
    }

    /// Takes anew what a node has around it.
    fn look_around(&mut self, graph: &impl UndirectedView, node: u32) {
        let around = self.surroundings(graph, node);
        self.put(node, around);
    }

    fn surroundings(&self, graph: &impl UndirectedView, node: u32) -> Surroundings {
        let own = &self.cells[node as usize * self.topics..][..self.topics];
        let mut around = Surroundings { degree: 0, cells: own.to_vec() };
        for cell in &mut around.cells {
            (cell.around, cell.external) = (0, 0);
        }
        graph.for_each_neighbour(node, &mut |neighbour| {
            around.degree += 1;
            let theirs = &self.cells[neighbour as usize * self.topics..][..self.topics];
            for (cell, theirs) in around.cells.iter_mut().zip(theirs) {
                cell.around += theirs.opinion;
                cell.external += u32::from(cell.opinion.signum() != theirs.opinion.signum());
            }
        });
        around
    }

    fn put(&mut self, node: u32, around: Surroundings) {
        self.degrees[node as usize] = around.degree;
        self.cells[node as usize * self.topics..][..self.topics].copy_from_slice(&around.cells);
    }

    /// The measures of one topic, as [`super::opinion_network`] has them, in one pass over the nodes.
    ///
    /// # Panics
    /// When there is no such topic.
    pub fn measure(&self, topic: usize) -> OpinionNetwork {
        assert!(topic < self.topics, "there are {} topics", self.topics);
        let cells = self.cells[topic..].iter().step_by(self.topics);
        let linked = self.degrees.iter().zip(cells).filter(|(degree, _)| **degree > 0);
        // Opinions are counted from one that takes part, so that equal ones have exactly no variance.
        let origin = linked.clone().next().map_or(0, |(_, cell)| cell.opinion);
        let pairs = linked.clone().map(|(&degree, cell)| Pair {
            weight: f64::from(degree),
            x: (cell.opinion - origin) as f64 / UNITS,
            y: (cell.around - i64::from(degree) * origin) as f64 / UNITS / f64::from(degree),
        });
        let ends = self.degrees.iter().map(|&degree| u64::from(degree)).sum();
        let external_ends = linked.map(|(_, cell)| u64::from(cell.external)).sum();
        OpinionNetwork {
            assortativity: Moments::of(pairs.clone()).regression(),
            neighbour_correlation: Moments::of(pairs.map(|pair| Pair { weight: 1.0, ..pair })).correlation(),
            e_i_index: e_i_index(external_ends, ends),
        }
    }
}

fn units(opinion: f64) -> i64 {
    // Every opinion that is not 0 keeps its sign.
    let rounded = libm::round(opinion * UNITS) as i64;
    if rounded == 0 && opinion != 0.0 { if opinion > 0.0 { 1 } else { -1 } } else { rounded }
}
