//! Who is tied to whom, and samples of it.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_graph::Undirected;
use serde::{Deserialize, Serialize};

/// A directed graph without loops and repeated ties, over those agents that have ties, numbered anew from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ties {
    /// Which agent a node is, ascending.
    agents: Vec<u32>,
    /// From node to node, ascending.
    ties: Vec<[u32; 2]>,
}

/// How much a sample holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Agents with a tie.
    pub agents: u32,
    /// Ties.
    pub ties: u64,
}

/// Share of a fire that goes on (Leskovec and Faloutsos found 0.7 to keep a graph's shape best).
const FORWARD_BURNING: f64 = 0.7;

impl Ties {
    /// The ties between agents. Loops are dropped, and a tie given several times counts once.
    pub fn new(mut ties: Vec<[u32; 2]>) -> Self {
        ties.retain(|[from, to]| from != to);
        ties.sort_unstable();
        ties.dedup();
        ties.shrink_to_fit();
        let last = ties.iter().flatten().max().map_or(0, |&last| last as usize + 1);
        let mut numbers = vec![0u32; last];
        for &agent in ties.iter().flatten() {
            numbers[agent as usize] = 1;
        }
        let mut agents = Vec::new();
        for (agent, number) in (0..).zip(&mut numbers) {
            if *number > 0 {
                *number = agents.len() as u32;
                agents.push(agent);
            }
        }
        for end in ties.iter_mut().flatten() {
            *end = numbers[*end as usize];
        }
        Self { agents, ties }
    }

    /// Which agents have ties, ascending. Their places are their numbers in [`Self::ties`].
    pub fn agents(&self) -> &[u32] {
        &self.agents
    }

    /// The ties, from node to node, ascending.
    pub fn ties(&self) -> &[[u32; 2]] {
        &self.ties
    }

    /// Its size.
    pub fn size(&self) -> Sample {
        Sample { agents: self.agents.len() as u32, ties: self.ties.len() as u64 }
    }

    /// The graph with directions forgotten.
    pub fn undirected(&self) -> Undirected {
        Undirected::from_edges(self.agents.len() as u32, &self.ties)
    }

    /// The ties among agents that a fire reaches which spreads along ties, until about `most` are among them (forest fire
    /// sampling; Leskovec and Faloutsos, "Sampling from large graphs", KDD 2006). `graph` is the undirected graph.
    ///
    /// The fire starts at a random node; a node that burns sets a geometric number of its neighbours on fire, of mean
    /// 0.7/0.3; when it dies down it starts anew elsewhere.
    pub fn sample(&self, graph: &Undirected, most: u64, seed: u64) -> Self {
        let mut draws = Stream::new(seed, Purpose::Rewiring, Step(0), AgentId(0));
        let mut fire = Fire { graph, burnt: vec![false; self.agents.len()], queue: Vec::new(), ties: 0 };
        let mut starts: Vec<u32> = (0..self.agents.len() as u32).collect();
        draws.shuffle(&mut starts);
        for start in starts {
            fire.burn(start, most, &mut draws);
            if fire.ties >= most {
                break;
            }
        }
        let burnt = |&node: &u32| fire.burnt[node as usize];
        let kept = self.ties.iter().filter(|[from, to]| burnt(from) && burnt(to));
        Self::new(kept.map(|&tie| tie.map(|node| self.agents[node as usize])).collect())
    }
}

/// A fire on a graph.
struct Fire<'a> {
    graph: &'a Undirected,
    burnt: Vec<bool>,
    queue: Vec<u32>,
    /// Ties between burnt nodes.
    ties: u64,
}

impl Fire<'_> {
    fn burn(&mut self, start: u32, most: u64, draws: &mut Stream) {
        if !self.burnt[start as usize] {
            self.catch(start);
        }
        while let Some(node) = self.queue.pop() {
            let mut fresh: Vec<u32> = self.graph.neighbours(node).to_vec();
            fresh.retain(|&neighbour| !self.burnt[neighbour as usize]);
            let mut left = geometric(draws);
            while left > 0 && !fresh.is_empty() && self.ties < most {
                let place = draws.below(fresh.len() as u32) as usize;
                let next = fresh.swap_remove(place);
                self.catch(next);
                left -= 1;
            }
            if self.ties >= most {
                self.queue.clear();
            }
        }
    }

    fn catch(&mut self, node: u32) {
        let neighbours = self.graph.neighbours(node);
        self.ties += neighbours.iter().filter(|&&neighbour| self.burnt[neighbour as usize]).count() as u64;
        self.burnt[node as usize] = true;
        self.queue.push(node);
    }
}

/// How often a coin of [`FORWARD_BURNING`] falls right in a row.
fn geometric(draws: &mut Stream) -> u32 {
    let mut count = 0;
    while draws.chance(FORWARD_BURNING) {
        count += 1;
    }
    count
}
