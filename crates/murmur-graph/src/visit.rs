//! petgraph's `visit` traits, so that its algorithms run on the follow graph without a copy. An edge goes from the
//! follower to the followee; nodes and edges carry no weight.

use std::ops::Range;

use murmur_core::AgentId;
use petgraph::visit::{
    Data, EdgeCount, EdgeRef, GetAdjacencyMatrix, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges,
    IntoEdgesDirected, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, NodeCompactIndexable,
    NodeCount, NodeIndexable, VisitMap, Visitable,
};
use petgraph::{Directed, Direction};

use crate::{AgentList, FollowGraph};
use murmur_core::Follow;

impl GraphBase for FollowGraph {
    type NodeId = AgentId;
    type EdgeId = FollowEdge;
}

impl GraphProp for FollowGraph {
    type EdgeType = Directed;
}

impl Data for FollowGraph {
    type NodeWeight = ();
    type EdgeWeight = ();
}

impl NodeCount for FollowGraph {
    fn node_count(&self) -> usize {
        self.agents() as usize
    }
}

impl EdgeCount for FollowGraph {
    fn edge_count(&self) -> usize {
        self.follow_count() as usize
    }
}

impl NodeIndexable for FollowGraph {
    fn node_bound(&self) -> usize {
        self.node_count()
    }

    fn to_index(&self, agent: AgentId) -> usize {
        agent.index()
    }

    fn from_index(&self, index: usize) -> AgentId {
        AgentId(index as u32)
    }
}

impl NodeCompactIndexable for FollowGraph {}

impl IntoNodeIdentifiers for &FollowGraph {
    type NodeIdentifiers = std::iter::Map<Range<u32>, fn(u32) -> AgentId>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.agents()).map(AgentId)
    }
}

impl<'a> IntoNeighbors for &'a FollowGraph {
    type Neighbors = AgentList<'a>;

    fn neighbors(self, agent: AgentId) -> AgentList<'a> {
        AgentList::of(self.followees(agent))
    }
}

impl<'a> IntoNeighborsDirected for &'a FollowGraph {
    type NeighborsDirected = AgentList<'a>;

    fn neighbors_directed(self, agent: AgentId, direction: Direction) -> AgentList<'a> {
        match direction {
            Direction::Outgoing => self.neighbors(agent),
            Direction::Incoming => self.followers(agent),
        }
    }
}

/// A follow as petgraph's algorithms see it: an edge from the follower to the followee, without a weight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FollowEdge(pub Follow);

impl EdgeRef for FollowEdge {
    type NodeId = AgentId;
    type EdgeId = Self;
    type Weight = ();

    fn source(&self) -> AgentId {
        self.0.follower
    }

    fn target(&self) -> AgentId {
        self.0.followee
    }

    fn weight(&self) -> &() {
        &()
    }

    fn id(&self) -> Self {
        *self
    }
}

/// The follows of one agent (outgoing) or of that agent by others (incoming), by ascending other end.
#[derive(Clone, Debug)]
pub struct FollowsOf<'a> {
    agent: AgentId,
    direction: Direction,
    others: AgentList<'a>,
}

impl Iterator for FollowsOf<'_> {
    type Item = FollowEdge;

    fn next(&mut self) -> Option<FollowEdge> {
        let other = self.others.next()?;
        Some(FollowEdge(match self.direction {
            Direction::Outgoing => Follow { follower: self.agent, followee: other },
            Direction::Incoming => Follow { follower: other, followee: self.agent },
        }))
    }
}

/// Every follow, by follower and then followee.
#[derive(Clone, Debug)]
pub struct AllFollows<'a> {
    graph: &'a FollowGraph,
    agents: Range<u32>,
    current: Option<FollowsOf<'a>>,
}

impl Iterator for AllFollows<'_> {
    type Item = FollowEdge;

    fn next(&mut self) -> Option<FollowEdge> {
        loop {
            if let Some(follow) = self.current.as_mut().and_then(Iterator::next) {
                return Some(follow);
            }
            self.current = Some(self.graph.edges(AgentId(self.agents.next()?)));
        }
    }
}

impl<'a> IntoEdgeReferences for &'a FollowGraph {
    type EdgeRef = FollowEdge;
    type EdgeReferences = AllFollows<'a>;

    fn edge_references(self) -> AllFollows<'a> {
        AllFollows { graph: self, agents: 0..self.agents(), current: None }
    }
}

impl<'a> IntoEdges for &'a FollowGraph {
    type Edges = FollowsOf<'a>;

    fn edges(self, agent: AgentId) -> FollowsOf<'a> {
        self.edges_directed(agent, Direction::Outgoing)
    }
}

impl<'a> IntoEdgesDirected for &'a FollowGraph {
    type EdgesDirected = FollowsOf<'a>;

    fn edges_directed(self, agent: AgentId, direction: Direction) -> FollowsOf<'a> {
        FollowsOf { agent, direction, others: self.neighbors_directed(agent, direction) }
    }
}

/// Which agents a traversal has visited.
///
/// petgraph's own map takes only ids that implement one of its unsafe traits.
#[derive(Clone, Debug)]
pub struct Visited(Vec<bool>);

impl VisitMap<AgentId> for Visited {
    fn visit(&mut self, agent: AgentId) -> bool {
        !std::mem::replace(&mut self.0[agent.index()], true)
    }

    fn is_visited(&self, agent: &AgentId) -> bool {
        self.0[agent.index()]
    }

    fn unvisit(&mut self, agent: AgentId) -> bool {
        std::mem::replace(&mut self.0[agent.index()], false)
    }
}

impl Visitable for FollowGraph {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        Visited(vec![false; self.node_count()])
    }

    fn reset_map(&self, map: &mut Visited) {
        *map = self.visit_map();
    }
}

/// The graph answers adjacency itself, by binary search, so there is no matrix.
impl GetAdjacencyMatrix for FollowGraph {
    type AdjMatrix = ();

    fn adjacency_matrix(&self) {}

    fn is_adjacent(&self, (): &(), follower: AgentId, followee: AgentId) -> bool {
        self.follows(follower, followee)
    }
}
