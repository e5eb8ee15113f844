//! What the social graph costs: bytes per follow, reading, changing and generating it; petgraph's graph beside it.
//!
//! `cargo bench --bench graph`. At full size (1M agents, 50M follows) it takes about 2 GB.

use murmur_benches::{figure, median, peak_memory, readable, reset_peak_memory, timed};
use murmur_core::Follow;
use murmur_core::{AgentId, Probability, Purpose, Step, Stream};
use murmur_graph::generate::{
    BarabasiAlbert, ConfigurationModel, ErdosRenyi, Homophilous, StochasticBlocks, WattsStrogatz,
};
use murmur_graph::{FollowGraph, GraphModel, generate};
use petgraph::graph::{DiGraph, NodeIndex};

const AGENTS: u32 = 1_000_000;
const FOLLOWS_EACH: u32 = 50;
/// petgraph is measured at a tenth of the size: its changes scan whole lists.
const SMALL: u32 = AGENTS / 10;
const LISTS: usize = 100_000;
const CHANGES: usize = 20_000;

fn main() {
    full_size();
    petgraph_beside();
    generators();
}

/// Uniform follows: the worst order for a cache.
fn uniform_follows(agents: u32) -> Vec<Follow> {
    let mut stream = Stream::new(1, Purpose::Graph, Step(0), AgentId(0));
    let mut any = || AgentId(stream.below(agents));
    (0..u64::from(agents) * u64::from(FOLLOWS_EACH))
        .map(|_| Follow { follower: any(), followee: any() })
        .collect()
}

/// `count` agents drawn uniformly, others for each `seed`.
fn some_agents(agents: u32, count: usize, seed: u64) -> Vec<AgentId> {
    let mut stream = Stream::new(seed, Purpose::Graph, Step(0), AgentId(0));
    (0..count).map(|_| AgentId(stream.below(agents))).collect()
}

fn full_size() {
    let follows = uniform_follows(AGENTS);
    reset_peak_memory();
    let graph = built(follows, AGENTS);
    if let Some(peak) = peak_memory() {
        let peak = per_follow(peak as f64, graph.follow_count() as f64);
        figure("  peak memory of the process during the build", &peak);
    }
    reading_and_changing(graph);
}

fn built(follows: Vec<Follow>, agents: u32) -> FollowGraph {
    let count = follows.len();
    let built = timed(|| FollowGraph::from_edges(agents, follows).graph);
    figure(&format!("FollowGraph, {agents} agents, {count} follows: build"), &readable(built.time));
    let graph = built.value;
    figure("  memory", &per_follow(graph.memory_bytes() as f64, graph.follow_count() as f64));
    graph
}

fn per_follow(bytes: f64, follows: f64) -> String {
    format!("{:.2} B/follow", bytes / follows)
}

fn reading_and_changing(mut graph: FollowGraph) {
    let in_order: Vec<AgentId> = (0..LISTS as u32).map(AgentId).collect();
    let at_random = some_agents(graph.agents(), LISTS, 2);
    let followees = |graph: &FollowGraph, readers: &[AgentId]| -> u64 {
        readers.iter().flat_map(|&agent| graph.followees(agent)).map(|other| u64::from(other.0)).sum()
    };
    let followers = |graph: &FollowGraph, readers: &[AgentId]| -> u64 {
        readers.iter().flat_map(|&agent| graph.followers(agent)).map(|other| u64::from(other.0)).sum()
    };
    let scan = |name: &str, work: &dyn Fn() -> u64| figure(name, &readable(median(0..9, |_| work())));
    scan("  100,000 lists of followees, by id", &|| followees(&graph, &in_order));
    scan("  100,000 lists of followees, at random", &|| followees(&graph, &at_random));
    scan("  100,000 lists of followers, by id", &|| followers(&graph, &in_order));
    scan("  100,000 lists of followers, at random", &|| followers(&graph, &at_random));

    let changers = some_agents(graph.agents(), CHANGES, 3);
    let halfway = |&agent: &AgentId| {
        let list = graph.followees(agent);
        list.get(list.len() / 2).map(|&followee| Follow { follower: agent, followee })
    };
    let old: Vec<Follow> = changers.iter().filter_map(halfway).collect();
    let unfollow = median(&old, |old| graph.unfollow(old.follower, old.followee));
    figure("  random unfollow, median", &readable(unfollow));
    let new = some_agents(graph.agents(), CHANGES, 4);
    let follow = median(changers.iter().zip(&new), |(&agent, &followee)| graph.follow(agent, followee));
    figure("  random follow, median", &readable(follow));
    let hub = AgentId(0);
    let gained = median(&some_agents(graph.agents(), LISTS, 5), |&agent| graph.follow(agent, hub));
    figure("  follow of one hub, median of 100,000", &readable(gained));
    let pending = median(0..9, |_| followees(&graph, &at_random));
    figure("  100,000 lists of followees, at random, changes pending", &readable(pending));
    figure("  merging the changes", &readable(timed(|| graph.compact()).time));
}

fn petgraph_beside() {
    reading_and_changing(built(uniform_follows(SMALL), SMALL));

    let follows = uniform_follows(SMALL);
    let count = follows.len();
    let node = |agent: AgentId| NodeIndex::new(agent.index());
    let built = timed(|| {
        let mut graph = DiGraph::<(), ()>::with_capacity(SMALL as usize, count);
        for _ in 0..SMALL {
            graph.add_node(());
        }
        for follow in follows {
            graph.add_edge(node(follow.follower), node(follow.followee), ());
        }
        graph
    });
    figure(&format!("petgraph DiGraph, {SMALL} agents, {count} follows: build"), &readable(built.time));
    let mut graph = built.value;
    // What its vectors hold: an edge is two next-edge and two node indices, a node two first-edge indices.
    let bytes = size_of::<petgraph::graph::Edge<()>>() * count
        + size_of::<petgraph::graph::Node<()>>() * SMALL as usize;
    figure("  memory", &per_follow(bytes as f64, count as f64));
    let scan = median(0..5, |_| {
        let followees = (0..LISTS).flat_map(|agent| graph.neighbors(NodeIndex::new(agent)));
        followees.map(|followee| followee.index() as u64).sum::<u64>()
    });
    figure("  100,000 lists of followees, by id", &readable(scan));
    let halfway = |&agent: &AgentId| {
        let followee = graph.neighbors(node(agent)).nth(FOLLOWS_EACH as usize / 2)?;
        Some((node(agent), followee))
    };
    let old: Vec<_> = some_agents(SMALL, CHANGES, 3).iter().filter_map(halfway).collect();
    let unfollow = median(old, |(follower, followee)| {
        graph.find_edge(follower, followee).map(|edge| graph.remove_edge(edge))
    });
    figure("  random unfollow, median", &readable(unfollow));
}

fn generators() {
    let one_interest_of_twenty: Vec<u64> = (0..AGENTS).map(|agent| 1 << (agent % 20)).collect();
    let reciprocity = Probability::of(0.22);
    let models = [
        GraphModel::ErdosRenyi(ErdosRenyi { mean_degree: 20.0 }),
        GraphModel::WattsStrogatz(WattsStrogatz { neighbours: 20, rewiring: Probability::of(0.1) }),
        GraphModel::BarabasiAlbert(BarabasiAlbert { follows_per_agent: 16, reciprocity }),
        GraphModel::StochasticBlocks(StochasticBlocks { blocks: 20, mean_within: 15.0, mean_between: 5.0 }),
        GraphModel::ConfigurationModel(ConfigurationModel { min_degree: 7, ..Default::default() }),
        GraphModel::Homophilous(Homophilous { mean_follows: 20.0, reciprocity, ..Default::default() }),
    ];
    for model in models {
        let made = timed(|| generate(&model, AGENTS, &one_interest_of_twenty, 1));
        let graph = made.value.expect("the parameters can be met").graph;
        let debug = format!("{model:?}");
        let name = debug.split('(').next().unwrap_or_default();
        let millions = graph.follow_count() as f64 / 1e6;
        figure(&format!("{name}, {AGENTS} agents, {millions:.1}M follows"), &readable(made.time));
    }
}
