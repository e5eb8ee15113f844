//! Generated graphs against what theory says of their models. Tolerances are about five standard errors.

use std::ops::Range;

use murmur_core::Follow;
use murmur_core::{AgentId, Probability};
use murmur_graph::generate::{
    BarabasiAlbert, ConfigurationModel, ErdosRenyi, Homophilous, StochasticBlocks, WattsStrogatz,
};
use murmur_graph::{Built, FollowGraph, GraphModel, Projection, UndirectedView, generate};
use petgraph::visit::IntoEdgeReferences;

const TOPICS: u32 = 10;

/// One interest per agent, in turn.
fn interests(agents: u32) -> Vec<u64> {
    (0..agents).map(|agent| 1 << (agent % TOPICS)).collect()
}

fn built(model: GraphModel, agents: u32) -> Built {
    generate(&model, agents, &interests(agents), 42).expect("the parameters can be met")
}

fn graph(model: GraphModel, agents: u32) -> FollowGraph {
    built(model, agents).graph
}

fn agents(graph: &FollowGraph) -> impl Iterator<Item = AgentId> + Clone {
    (0..graph.agents()).map(AgentId)
}

fn followee_counts(graph: &FollowGraph) -> Vec<f64> {
    agents(graph).map(|agent| graph.followees(agent).len() as f64).collect()
}

fn follower_counts(graph: &FollowGraph) -> Vec<f64> {
    agents(graph).map(|agent| f64::from(graph.follower_count(agent))).collect()
}

fn follows(graph: &FollowGraph) -> impl Iterator<Item = Follow> {
    graph.edge_references().map(|edge| edge.0)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected} ± {tolerance}");
}

/// Maximum likelihood of a power law's exponent on values of at least `least` (Clauset, Shalizi and Newman, "Power-law
/// distributions in empirical data", SIAM Review 51, 2009, equation 3.7).
fn tail_exponent(values: impl Iterator<Item = f64>, least: f64) -> f64 {
    let logs: Vec<f64> =
        values.filter(|&value| value >= least).map(|value| (value / (least - 0.5)).ln()).collect();
    1.0 + 1.0 / mean(&logs)
}

/// Share of linked pairs that follow each other, among pairs that `counts`.
fn mutual_share(graph: &FollowGraph, counts: impl Fn(Follow) -> bool) -> f64 {
    let (mut one_way, mut mutual) = (0.0, 0.0);
    for follow in follows(graph).filter(|&follow| counts(follow)) {
        match graph.follows(follow.followee, follow.follower) {
            true => mutual += 0.5,
            false => one_way += 1.0,
        }
    }
    mutual / (one_way + mutual)
}

/// Mean local clustering coefficient of the undirected projection.
fn clustering(graph: &FollowGraph) -> f64 {
    let view = Projection(graph);
    let neighbours = |node| {
        let mut found = Vec::new();
        view.for_each_neighbour(node, &mut |neighbour| found.push(neighbour));
        found
    };
    let lists: Vec<Vec<u32>> = (0..view.nodes()).map(neighbours).collect();
    let local = |list: &Vec<u32>| {
        let linked =
            |node: &u32| lists[*node as usize].iter().filter(|n| list.binary_search(n).is_ok()).count();
        let pairs = list.len() * (list.len() - 1);
        list.iter().map(linked).sum::<usize>() as f64 / pairs as f64
    };
    mean(&lists.iter().map(local).collect::<Vec<f64>>())
}

#[test]
fn erdos_renyi_counts_are_near_to_poisson() {
    let graph = graph(GraphModel::ErdosRenyi(ErdosRenyi { mean_degree: 20.0 }), 20_000);
    for counts in [followee_counts(&graph), follower_counts(&graph)] {
        near(mean(&counts), 20.0, 0.16);
        near(variance(&counts), 20.0, 1.0);
    }
}

#[test]
fn erdos_renyi_reaches_the_complete_and_the_empty_graph() {
    let count = |mean_degree| graph(GraphModel::ErdosRenyi(ErdosRenyi { mean_degree }), 30).follow_count();
    assert_eq!([count(29.0), count(0.0)], [30 * 29, 0]);
}

fn watts_strogatz(neighbours: u32, rewiring: f64) -> GraphModel {
    GraphModel::WattsStrogatz(WattsStrogatz { neighbours, rewiring: Probability::of(rewiring) })
}

/// 3(k − 2) / (4(k − 1)): Barrat and Weigt, "On the properties of small-world network models", 2000.
#[test]
fn watts_strogatz_without_rewiring_has_the_lattices_clustering() {
    for k in [4, 10, 20] {
        let graph = graph(watts_strogatz(k, 0.0), 500);
        let k = f64::from(k);
        near(clustering(&graph), 3.0 * (k - 2.0) / (4.0 * (k - 1.0)), 1e-12);
        near(mutual_share(&graph, |_| true), 1.0, 0.0);
    }
}

#[test]
fn watts_strogatz_keeps_every_agents_number_of_follows_and_moves_the_stated_share() {
    for rewiring in [0.0, 0.3, 1.0] {
        let graph = graph(watts_strogatz(10, rewiring), 5000);
        assert!(followee_counts(&graph).iter().all(|&count| count == 10.0));
        let distance = |follow: Follow| follow.follower.0.abs_diff(follow.followee.0);
        let far = follows(&graph).filter(|&follow| (6..=4994).contains(&distance(follow))).count();
        near(far as f64 / 50_000.0, rewiring, 5.0 * (rewiring * (1.0 - rewiring) / 50_000.0).sqrt() + 0.001);
    }
}

#[test]
fn watts_strogatz_on_a_complete_graph_has_nowhere_to_move_a_follow() {
    assert_eq!(graph(watts_strogatz(10, 1.0), 11).follow_count(), 110);
}

/// With m follows each, a share 2m(m+1) / (k(k+1)(k+2)) of agents has k ties: Dorogovtsev, Mendes and Samukhin,
/// "Structure of growing networks with preferential linking", Physical Review Letters 85, 2000.
#[test]
fn barabasi_albert_has_its_distribution_of_ties() {
    let (m, agents) = (4, 100_000);
    let model = BarabasiAlbert { follows_per_agent: m, reciprocity: Probability::of(0.0) };
    let graph = graph(GraphModel::BarabasiAlbert(model), agents);
    assert_eq!(graph.follow_count(), u64::from(m * (m + 1) / 2 + (agents - m - 1) * m));
    let followers = follower_counts(&graph);
    let m = f64::from(m);
    for few in 0..4 {
        let k = m + f64::from(few);
        let share = followers.iter().filter(|&&count| count == f64::from(few)).count() as f64 / 1e5;
        near(share, 2.0 * m * (m + 1.0) / (k * (k + 1.0) * (k + 2.0)), 0.008);
    }
    // P(at least k ties) falls as 1 / (k(k+1)), near to (k + 1/2)^−2; the estimator supposes (x − 1/2)^−2.
    near(tail_exponent(followers.iter().map(|count| count + m + 1.0), 21.0), 3.0, 0.15);
}

#[test]
fn barabasi_albert_returns_the_stated_share_and_keeps_its_tail() {
    let model = BarabasiAlbert { follows_per_agent: 4, reciprocity: Probability::of(0.3) };
    let graph = graph(GraphModel::BarabasiAlbert(model), 100_000);
    near(mutual_share(&graph, |_| true), 0.3, 0.004);
    near(tail_exponent(follower_counts(&graph).into_iter(), 25.0), 3.0, 0.25);
}

#[test]
fn stochastic_blocks_have_their_means_within_and_between() {
    let model = StochasticBlocks { blocks: 7, mean_within: 12.0, mean_between: 3.0 };
    let graph = graph(GraphModel::StochasticBlocks(model.clone()), 20_000);
    let inside = |follow: &Follow| model.block_of(follow.follower, 20_000).contains(&follow.followee.0);
    let within = follows(&graph).filter(inside).count() as f64;
    near(within / 20_000.0, 12.0, 5.0 * (12.0f64 / 20_000.0).sqrt());
    near((graph.follow_count() as f64 - within) / 20_000.0, 3.0, 5.0 * (3.0f64 / 20_000.0).sqrt());
    near(variance(&follower_counts(&graph)), 15.0, 0.8);
}

#[test]
fn blocks_cut_the_agents_into_equal_ranges() {
    let model = StochasticBlocks { blocks: 3, ..StochasticBlocks::default() };
    let starts: Vec<u32> = (0..8).map(|agent| model.block_of(AgentId(agent), 8).start).collect();
    assert_eq!(starts, [0, 0, 2, 2, 2, 5, 5, 5]);
    assert_eq!(model.block_of(AgentId(7), 8), 5..8);
}

#[test]
fn the_configuration_model_has_its_tail_of_followers_and_poisson_followees() {
    for exponent in [2.2, 2.5, 3.0] {
        let model = ConfigurationModel { exponent, min_degree: 10, max_degree: Some(2000) };
        let graph = graph(GraphModel::ConfigurationModel(model), 50_000);
        // A maximum of 2000 cuts the tail short, which the estimate feels by a few hundredths at 2.2.
        near(tail_exponent(follower_counts(&graph).into_iter(), 10.0), exponent, 0.06);
        let followees = followee_counts(&graph);
        near(variance(&followees) / mean(&followees), 1.0, 0.05);
    }
}

/// An agent with k followers to draw expects k/n draws of itself and about k(k − 1)/2n repetitions.
#[test]
fn the_configuration_model_counts_what_it_erases() {
    let model = ConfigurationModel { exponent: 2.5, min_degree: 10, max_degree: Some(200) };
    let built = built(GraphModel::ConfigurationModel(model), 5000);
    let followers = follower_counts(&built.graph);
    let loops = mean(&followers);
    let repeats = followers.iter().map(|k| k * (k - 1.0)).sum::<f64>() / (2.0 * 5000.0);
    near(built.self_follows as f64, loops, 5.0 * loops.sqrt());
    near(built.duplicates as f64, repeats, 5.0 * repeats.sqrt() + 0.02 * repeats);
}

const HOMOPHILOUS: Homophilous = Homophilous {
    mean_follows: 20.0,
    core_accounts: 1000,
    core_share: Probability::of(0.3),
    homophily: Probability::of(0.6),
    reciprocity: Probability::of(0.25),
};

fn homophilous() -> FollowGraph {
    graph(GraphModel::Homophilous(HOMOPHILOUS), 50_000)
}

fn is_core(agent: AgentId) -> bool {
    agent.0 < HOMOPHILOUS.core_accounts
}

#[test]
fn homophilous_follows_have_their_mean_their_core_share_and_their_reciprocity() {
    let graph = homophilous();
    // A log-normal with σ = 1 has a standard deviation of 1.31 times its mean.
    near(mean(&followee_counts(&graph)), 20.0, 0.6);
    let choices = graph.follow_count() as f64 / (1.0 + 0.25 * 0.7);
    let to_core = follows(&graph).filter(|follow| is_core(follow.followee)).count() as f64;
    // Choices among everybody meet the core too, 1000 times in 50,000.
    near(to_core / choices, 0.3 + 0.7 * 0.02, 0.01);
    near(mutual_share(&graph, |follow| !is_core(follow.follower) && !is_core(follow.followee)), 0.25, 0.01);
}

/// A choice by interest shares the agent's only interest; any other does one time in ten.
#[test]
fn homophilous_follows_share_interests_as_often_as_expected() {
    let graph = homophilous();
    let alike = |follow: &Follow| follow.follower.0 % TOPICS == follow.followee.0 % TOPICS;
    for to_core in [false, true] {
        let chosen: Vec<Follow> =
            follows(&graph).filter(|follow| is_core(follow.followee) == to_core).collect();
        let share = chosen.iter().filter(|follow| alike(follow)).count() as f64 / chosen.len() as f64;
        near(share, 0.6 + 0.4 / f64::from(TOPICS), 0.012);
    }
}

/// Under 1/rank, ranks 100 to 200 together are chosen as often as ranks 200 to 400. Follows are few here, since nobody
/// follows an account twice, which holds the highest ranks back.
#[test]
fn homophilous_core_accounts_are_popular_by_zipfs_law() {
    let model = Homophilous {
        mean_follows: 4.0,
        core_share: Probability::of(0.5),
        reciprocity: Probability::of(0.0),
        ..HOMOPHILOUS
    };
    let graph = graph(GraphModel::Homophilous(model), 200_000);
    // Choices among everybody, two by each agent, meet core accounts too.
    let chosen = |count: &f64| count - 2.0;
    let followers = follower_counts(&graph);
    let of_ranks = |ranks: Range<usize>| followers[ranks].iter().map(chosen).sum::<f64>();
    near(of_ranks(100..200) / of_ranks(200..400), 1.0, 0.035);
    near(of_ranks(200..400) / of_ranks(400..800), 1.0, 0.035);
}

#[test]
fn homophilous_agents_without_interests_or_fellows_follow_anybody() {
    let model = GraphModel::Homophilous(Homophilous { core_accounts: 2, ..Homophilous::default() });
    let lonely: Vec<u64> = (0..40).map(|agent| if agent < 20 { 0 } else { 1 << agent }).collect();
    let graph = generate(&model, 40, &lonely, 1).expect("the parameters can be met").graph;
    near(mean(&followee_counts(&graph)), 20.0, 6.0);
}

fn every_model() -> Vec<GraphModel> {
    vec![
        GraphModel::ErdosRenyi(ErdosRenyi::default()),
        GraphModel::WattsStrogatz(WattsStrogatz::default()),
        GraphModel::BarabasiAlbert(BarabasiAlbert::default()),
        GraphModel::StochasticBlocks(StochasticBlocks::default()),
        GraphModel::ConfigurationModel(ConfigurationModel::default()),
        GraphModel::Homophilous(Homophilous::default()),
    ]
}

#[test]
fn every_model_gives_about_twenty_follows_each_by_default() {
    for model in every_model() {
        near(mean(&followee_counts(&graph(model, 20_000))), 20.0, 1.5);
    }
}

#[test]
fn graphs_depend_on_the_seed_and_not_on_the_threads() {
    let drawn = |model: &GraphModel, threads: usize, seed: u64| -> Vec<Follow> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
        let built = pool.install(|| generate(model, 10_000, &interests(10_000), seed));
        follows(&built.expect("the parameters can be met").graph).collect()
    };
    for model in every_model() {
        let one = drawn(&model, 1, 1);
        assert!(one == drawn(&model, 2, 1), "{model:?} depends on the threads");
        assert!(one != drawn(&model, 1, 2), "{model:?} does not depend on the seed");
    }
}

#[track_caller]
fn check_error(toml: &str, agents: u32, expected: &str) {
    let model: GraphModel = toml::from_str(toml).expect("a model");
    let error = generate(&model, agents, &interests(agents), 0).expect_err("the parameters cannot be met");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn impossible_parameters_are_named() {
    let others = "graph.mean_degree: 20 is more than the others an agent can follow";
    check_error("kind = 'erdos-renyi'", 10, &format!("{others} (9)"));
    check_error("kind = 'erdos-renyi'", 0, &format!("{others} (0)"));
    check_error(
        "kind = 'erdos-renyi'\nmean_degree = -1",
        10,
        "graph.mean_degree: -1 is not a mean: expected a number of 0 or more",
    );
    check_error(
        "kind = 'erdos-renyi'\nmean_degree = nan",
        10,
        "graph.mean_degree: NaN is not a mean: expected a number of 0 or more",
    );
    check_error(
        "kind = 'erdos-renyi'\nmean_degree = 99999",
        100_000,
        "graph.mean_degree: about 1.0e10 follows: a graph holds at most 4.0e9",
    );
    check_error("kind = 'watts-strogatz'", 10, "graph.neighbours: 20 is not below the number of agents (10)");
    check_error(
        "kind = 'watts-strogatz'\nneighbours = 3",
        10,
        "graph.neighbours: 3 is odd: expected as many on each side of the ring",
    );
    check_error(
        "kind = 'barabasi-albert'\nfollows_per_agent = 0",
        10,
        "graph.follows_per_agent: 0 makes no graph: expected at least 1",
    );
    check_error(
        "kind = 'stochastic-blocks'\nblocks = 0",
        10,
        "graph.blocks: 0 is not from 1 to the number of agents (10), as expected",
    );
    check_error(
        "kind = 'stochastic-blocks'",
        10,
        "graph.mean_within: 18 is more than the others in the smallest block (4)",
    );
    check_error(
        "kind = 'stochastic-blocks'\nblocks = 1",
        100,
        "graph.mean_between: 2 is more than the agents outside the largest block (0)",
    );
    check_error(
        "kind = 'configuration-model'\nexponent = 1.0",
        100,
        "graph.exponent: 1 is not above 1, as expected",
    );
    check_error(
        "kind = 'configuration-model'\nmax_degree = 100",
        100,
        "graph.max_degree: 100 is not below the number of agents (100)",
    );
    check_error(
        "kind = 'configuration-model'\nmin_degree = 50\nmax_degree = 40",
        100,
        "graph.min_degree: 50 is not from 1 to the largest degree (40), as expected",
    );
    check_error(
        "kind = 'homophilous'",
        50,
        "graph.core_accounts: 100 is more than the number of agents (50)",
    );
    check_error(
        "kind = 'homophilous'\ncore_accounts = 0",
        50,
        "graph.core_share: 0.3 is not 0, but graph.core_accounts is 0",
    );
}

#[test]
fn a_population_of_one_or_none_can_have_an_empty_graph() {
    for agents in [0, 1] {
        assert_eq!(graph(GraphModel::ErdosRenyi(ErdosRenyi { mean_degree: 0.0 }), agents).follow_count(), 0);
    }
    let alone = StochasticBlocks { blocks: 1, mean_within: 0.0, mean_between: 0.0 };
    assert_eq!(graph(GraphModel::StochasticBlocks(alone), 1).follow_count(), 0);
}

#[test]
fn missing_interests_are_an_error() {
    let error = generate(&GraphModel::default(), 200, &[], 0).expect_err("there are no interests");
    assert_eq!(error.to_string(), "graph.kind: homophilous needs interests of 200 agents, not 0");
}

#[test]
fn configurations_take_defaults_and_refuse_unknown_keys() {
    for model in every_model() {
        let text = toml::to_string(&model).expect("a model is a table");
        assert_eq!(toml::from_str::<GraphModel>(&text).expect("what was written can be read"), model);
        let kind = text.lines().find(|line| line.starts_with("kind")).expect("a model names its kind");
        assert_eq!(toml::from_str::<GraphModel>(kind).expect("every key has a default"), model);
        let error = toml::from_str::<GraphModel>(&format!("{kind}\nmean_degres = 3")).expect_err("unknown");
        assert!(error.to_string().contains("unknown field `mean_degres`"), "{error}");
    }
}
