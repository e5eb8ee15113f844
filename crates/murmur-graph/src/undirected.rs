//! Undirected views of a graph, which the measures of a network are defined on.

use murmur_core::AgentId;

use crate::FollowGraph;
use crate::csr::Csr;

/// An undirected graph over nodes 0 to n − 1, without loops and multiple edges.
pub trait UndirectedView {
    /// Number of nodes.
    fn nodes(&self) -> u32;

    /// Calls `f` with each neighbour of `node`, in ascending order.
    ///
    /// # Panics
    /// When `node` is not below the number of nodes.
    fn for_each_neighbour(&self, node: u32, f: &mut impl FnMut(u32));
}

/// An undirected graph from a list of edges.
#[derive(Clone, Debug)]
pub struct Undirected(Csr<u32>);

impl Undirected {
    /// The graph of `edges` among `nodes` nodes. Loops are dropped; an edge given several times, either way round,
    /// counts once.
    ///
    /// # Panics
    /// When an edge names a node not below `nodes`, or there are 2³¹ edges or more.
    pub fn from_edges(nodes: u32, edges: &[[u32; 2]]) -> Self {
        let proper = edges.iter().filter(|[a, b]| a != b);
        let mut csr = Csr::from_pairs(nodes, proper.flat_map(|&[a, b]| [[a, b], [b, a]])).transposed();
        csr.dedup();
        Self(csr)
    }

    /// The neighbours of `node`, ascending.
    ///
    /// # Panics
    /// When `node` is not below the number of nodes.
    pub fn neighbours(&self, node: u32) -> &[u32] {
        self.0.row(node)
    }

    /// Number of neighbours of `node`.
    ///
    /// # Panics
    /// When `node` is not below the number of nodes.
    pub fn degree(&self, node: u32) -> u32 {
        self.neighbours(node).len() as u32
    }

    /// Number of edges.
    pub fn edge_count(&self) -> u64 {
        self.0.len() as u64 / 2
    }
}

impl UndirectedView for Undirected {
    fn nodes(&self) -> u32 {
        self.0.rows()
    }

    fn for_each_neighbour(&self, node: u32, f: &mut impl FnMut(u32)) {
        self.neighbours(node).iter().for_each(|&neighbour| f(neighbour));
    }
}

/// The follow graph with its directions forgotten: two agents are neighbours if either follows the other.
#[derive(Clone, Copy, Debug)]
pub struct Projection<'a>(pub &'a FollowGraph);

impl UndirectedView for Projection<'_> {
    fn nodes(&self) -> u32 {
        self.0.agents()
    }

    fn for_each_neighbour(&self, node: u32, f: &mut impl FnMut(u32)) {
        let agent = AgentId(node);
        let mut followees = self.0.followees(agent);
        self.0.followers(agent).for_each(|follower| {
            while let [followee, rest @ ..] = followees
                && *followee <= follower
            {
                if *followee < follower {
                    f(followee.0);
                }
                followees = rest;
            }
            f(follower.0);
        });
        followees.iter().for_each(|followee| f(followee.0));
    }
}
