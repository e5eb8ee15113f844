//! The graph under random changes: against a set of pairs, and petgraph's algorithms on it against the same on
//! petgraph's own graph.

use std::collections::BTreeSet;

use murmur_core::AgentId;
use murmur_core::Follow;
use murmur_graph::{FollowEdge, FollowGraph, Links, Projection, SocialGraph, Undirected, UndirectedView};
use petgraph::Direction::{Incoming, Outgoing};
use petgraph::algo::{
    connected_components, dijkstra, is_cyclic_directed, kosaraju_scc, page_rank, tarjan_scc,
};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{
    Bfs, Dfs, EdgeCount, EdgeRef, GetAdjacencyMatrix, GraphProp, IntoEdgeReferences, IntoEdgesDirected,
    IntoNodeIdentifiers, NodeCount, NodeIndexable, Reversed, Walker,
};
use proptest::prelude::*;

const AGENTS: u32 = 12;

/// The plain model: pairs of follower and followee.
type Pairs = BTreeSet<[u32; 2]>;

#[derive(Clone, Copy, Debug)]
enum Change {
    Follow([u32; 2]),
    Unfollow([u32; 2]),
    Compact,
}

fn pair() -> impl Strategy<Value = [u32; 2]> {
    [0..AGENTS, 0..AGENTS]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => pair().prop_map(Change::Follow),
        4 => pair().prop_map(Change::Unfollow),
        1 => Just(Change::Compact),
    ];
    prop::collection::vec(change, 0..120)
}

fn build(edges: &[[u32; 2]]) -> murmur_graph::Built {
    let follow = |&[a, b]: &[u32; 2]| Follow { follower: AgentId(a), followee: AgentId(b) };
    FollowGraph::from_edges(AGENTS, edges.iter().map(follow).collect())
}

/// A graph and its model after `edges` and then `changes`; every change's answer is the model's.
fn changed(edges: &[[u32; 2]], changes: &[Change]) -> (FollowGraph, Pairs) {
    let built = build(edges);
    let mut pairs: Pairs = edges.iter().copied().filter(|[a, b]| a != b).collect();
    let loops = edges.iter().filter(|[a, b]| a == b).count() as u64;
    assert_eq!(built.self_follows, loops);
    assert_eq!(built.duplicates, edges.len() as u64 - loops - pairs.len() as u64);
    let mut graph = built.graph;
    for &change in changes {
        match change {
            Change::Follow([a, b]) => {
                assert_eq!(graph.follow(AgentId(a), AgentId(b)), a != b && pairs.insert([a, b]));
            }
            Change::Unfollow([a, b]) => {
                assert_eq!(graph.unfollow(AgentId(a), AgentId(b)), pairs.remove(&[a, b]));
            }
            Change::Compact => graph.compact(),
        }
    }
    (graph, pairs)
}

fn check_against_pairs(graph: &FollowGraph, pairs: &Pairs) {
    assert_eq!(graph.follow_count(), pairs.len() as u64);
    for agent in 0..AGENTS {
        let followees = pairs.iter().filter(|[a, _]| *a == agent).map(|&[_, b]| AgentId(b));
        let followers = pairs.iter().filter(|[_, b]| *b == agent).map(|&[a, _]| AgentId(a));
        assert!(graph.followees(AgentId(agent)).iter().copied().eq(followees));
        assert_eq!(graph.follower_count(AgentId(agent)) as usize, followers.clone().count());
        assert!(graph.followers(AgentId(agent)).eq(followers));
        for other in 0..AGENTS {
            assert_eq!(graph.follows(AgentId(agent), AgentId(other)), pairs.contains(&[agent, other]));
        }
    }
}

/// The projection, and the undirected graph of the same edges, have the model's neighbours.
fn check_undirected(graph: &FollowGraph, pairs: &Pairs) {
    let edges: Vec<[u32; 2]> = pairs.iter().copied().chain([[3, 3]]).collect();
    let undirected = Undirected::from_edges(AGENTS, &edges);
    let both: Pairs = pairs.iter().flat_map(|&[a, b]| [[a, b], [b, a]]).collect();
    for node in 0..AGENTS {
        let expected: Vec<u32> = both.iter().filter(|[a, _]| *a == node).map(|&[_, b]| b).collect();
        assert_eq!(neighbours(&Projection(graph), node), expected);
        assert_eq!(neighbours(&undirected, node), expected);
        assert_eq!(undirected.degree(node) as usize, expected.len());
    }
    assert_eq!(undirected.edge_count() as usize * 2, both.len());
}

fn neighbours(view: &impl UndirectedView, node: u32) -> Vec<u32> {
    let mut found = Vec::new();
    view.for_each_neighbour(node, &mut |neighbour| found.push(neighbour));
    found
}

/// Components as sorted lists of indices, sorted.
fn components<N>(components: Vec<Vec<N>>, index: impl Fn(N) -> usize + Copy) -> Vec<Vec<usize>> {
    let sorted = |component: Vec<N>| {
        let mut component: Vec<usize> = component.into_iter().map(index).collect();
        component.sort_unstable();
        component
    };
    let mut components: Vec<Vec<usize>> = components.into_iter().map(sorted).collect();
    components.sort_unstable();
    components
}

fn check_algorithms(graph: &FollowGraph, pairs: &Pairs) {
    let mut oracle = DiGraph::<(), ()>::new();
    for _ in 0..AGENTS {
        oracle.add_node(());
    }
    oracle.extend_with_edges(pairs.iter().map(|&[a, b]| (a, b)));

    let strong = components(tarjan_scc(&oracle), NodeIndex::index);
    assert_eq!(components(tarjan_scc(graph), AgentId::index), strong);
    assert_eq!(components(kosaraju_scc(graph), AgentId::index), strong);
    assert_eq!(connected_components(graph), connected_components(&oracle));
    assert_eq!(is_cyclic_directed(graph), is_cyclic_directed(&oracle));
    // Both are summed in the order of the nodes, so they agree to the last bit.
    assert_eq!(page_rank(graph, 0.85, 20), page_rank(&oracle, 0.85, 20));

    for start in 0..AGENTS {
        let found = dijkstra(graph, AgentId(start), None, |_| 1u32);
        let backwards = dijkstra(Reversed(graph), AgentId(start), None, |_| 1u32);
        let node = NodeIndex::new(start as usize);
        let expected = dijkstra(&oracle, node, None, |_| 1u32);
        let expected_backwards = dijkstra(Reversed(&oracle), node, None, |_| 1u32);
        for other in 0..AGENTS {
            let (agent, node) = (AgentId(other), NodeIndex::new(other as usize));
            assert_eq!(found.get(&agent), expected.get(&node));
            assert_eq!(backwards.get(&agent), expected_backwards.get(&node));
        }
        assert_eq!(Bfs::new(graph, AgentId(start)).iter(graph).count(), expected.len());
        assert_eq!(Dfs::new(graph, AgentId(start)).iter(graph).count(), expected.len());
    }
}

fn check_visit_traits(graph: &FollowGraph, pairs: &Pairs) {
    assert!(graph.is_directed());
    assert_eq!((graph.node_count(), graph.edge_count()), (AGENTS as usize, pairs.len()));
    let ends = |follow: FollowEdge| [follow.source().0, follow.target().0];
    assert!(graph.edge_references().map(ends).eq(pairs.iter().copied()));
    graph.adjacency_matrix();
    for (index, agent) in graph.node_identifiers().enumerate() {
        assert_eq!((graph.to_index(agent), NodeIndexable::from_index(graph, index)), (index, agent));
        let out = pairs.iter().copied().filter(|[a, _]| *a == agent.0);
        let into = pairs.iter().copied().filter(|[_, b]| *b == agent.0);
        assert!(graph.edges_directed(agent, Outgoing).map(ends).eq(out));
        assert!(graph.edges_directed(agent, Incoming).map(ends).eq(into));
        for other in graph.node_identifiers() {
            assert_eq!(graph.is_adjacent(&(), agent, other), pairs.contains(&[agent.0, other.0]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_graph_is_a_set_of_pairs(edges in prop::collection::vec(pair(), 0..60), changes in changes()) {
        let (mut graph, pairs) = changed(&edges, &changes);
        check_against_pairs(&graph, &pairs);
        check_undirected(&graph, &pairs);
        check_algorithms(&graph, &pairs);
        check_visit_traits(&graph, &pairs);
        graph.compact();
        check_against_pairs(&graph, &pairs);
    }

    #[test]
    fn links_are_a_set_of_pairs(changes in changes()) {
        let mut links = Links::default();
        let mut pairs = Pairs::new();
        for change in changes {
            match change {
                Change::Follow([a, b]) => {
                    prop_assert_eq!(links.add(AgentId(a), AgentId(b)), a != b && pairs.insert([a, b]));
                }
                Change::Unfollow([a, b]) => {
                    prop_assert_eq!(links.remove(AgentId(a), AgentId(b)), pairs.remove(&[a, b]));
                }
                Change::Compact => {}
            }
        }
        prop_assert_eq!(links.len(), pairs.len());
        prop_assert_eq!(links.is_empty(), pairs.is_empty());
        for agent in 0..AGENTS {
            let expected: Vec<AgentId> =
                pairs.iter().filter(|[a, _]| *a == agent).map(|&[_, b]| AgentId(b)).collect();
            prop_assert_eq!(links.of(AgentId(agent)), expected);
        }
    }
}

#[test]
fn muting_hides_one_way_and_blocking_both_ways() {
    let [a, b, c] = [0, 1, 2].map(AgentId);
    let mut graph = SocialGraph::new(build(&[[0, 1], [1, 0]]).graph);
    graph.mutes.add(a, b);
    graph.blocks.add(b, c);
    let hidden = |viewer, other| graph.hides(viewer, other);
    assert_eq!([hidden(a, b), hidden(b, a), hidden(b, c), hidden(c, b)], [true, false, true, true]);
}

#[test]
fn a_graph_takes_eight_bytes_a_follow_and_eight_an_agent() {
    let follows = (0..10_000u32).flat_map(|a| (1..=20).map(move |d| (a, (a + d) % 10_000)));
    let follows = follows.map(|(a, b)| Follow { follower: AgentId(a), followee: AgentId(b) }).collect();
    let graph = FollowGraph::from_edges(10_000, follows).graph;
    assert_eq!(graph.memory_bytes(), 8 * 200_000 + 8 * 10_001);
}
