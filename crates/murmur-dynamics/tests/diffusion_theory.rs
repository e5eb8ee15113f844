//! The classical form of the models of diffusion against what theory says of them. Tolerances are four standard errors,
//! unless a test says otherwise.

mod models;

use murmur_core::{AgentId, Follow, Probability, Purpose, Step, Stream};
use murmur_dynamics::Contacts;
use murmur_dynamics::diffusion::{
    DiffusionError, DiffusionModel, DrawnThreshold, Spread, Standing, Threshold,
};
use murmur_graph::FollowGraph;
use rayon::prelude::*;

use models::{cascade, fixed_threshold, rumour, sir};

fn uniform_threshold() -> DiffusionModel {
    DiffusionModel::LinearThreshold { threshold: Threshold::Drawn(DrawnThreshold::Uniform) }
}

fn complex(contacts: u32, probability: f64) -> DiffusionModel {
    DiffusionModel::ComplexContagion { contacts, probability: Probability::of(probability) }
}

/// The graph in which v hears u for each pair [u, v].
fn directed(agents: u32, pairs: impl IntoIterator<Item = [u32; 2]>) -> FollowGraph {
    let follow = |[from, to]: [u32; 2]| Follow { follower: AgentId(to), followee: AgentId(from) };
    FollowGraph::from_edges(agents, pairs.into_iter().map(follow).collect()).graph
}

/// The graph in which the two of each pair hear each other.
fn mutual(agents: u32, pairs: impl IntoIterator<Item = [u32; 2]>) -> FollowGraph {
    directed(agents, pairs.into_iter().flat_map(|[u, v]| [[u, v], [v, u]]))
}

/// Everybody and the `reach` next on each side hear each other.
fn ring(agents: u32, reach: u32) -> FollowGraph {
    mutual(agents, (0..agents).flat_map(|u| (1..=reach).map(move |away| [u, (u + away) % agents])))
}

fn complete(agents: u32) -> FollowGraph {
    mutual(agents, (0..agents).flat_map(|v| (0..v).map(move |u| [u, v])))
}

/// A random graph of the given degrees: their stubs are matched at random; loops and repetitions are dropped.
fn configuration_model(degrees: &[u32], seed: u64) -> FollowGraph {
    let mut stubs: Vec<u32> =
        (0..).zip(degrees).flat_map(|(agent, &degree)| (0..degree).map(move |_| agent)).collect();
    Stream::new(seed, Purpose::Graph, Step(0), AgentId(0)).shuffle(&mut stubs);
    mutual(degrees.len() as u32, stubs.as_chunks().0.iter().copied())
}

fn ended<'a>(model: DiffusionModel, contacts: Contacts<'a>, seeds: &[u32], seed: u64) -> Spread<'a> {
    let seeds: Vec<AgentId> = seeds.iter().copied().map(AgentId).collect();
    let mut spread = Spread::new(model, contacts, &seeds, seed).expect("the case is valid");
    spread.run(u32::MAX);
    spread
}

fn reached(model: DiffusionModel, contacts: Contacts<'_>, seeds: &[u32], seed: u64) -> f64 {
    f64::from(ended(model, contacts, seeds, seed).ever_reached())
}

/// What `sample` gives for each of `runs` seeds.
fn samples(runs: u64, sample: impl Fn(u64) -> f64 + Send + Sync) -> Vec<f64> {
    (0..runs).into_par_iter().map(sample).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of `found` is `expected`, within four standard errors and `bias`, which theory leaves open.
#[track_caller]
fn check_mean(found: &[f64], expected: f64, bias: f64) {
    let (number, mean) = (found.len() as f64, mean(found));
    let variance = found.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (number - 1.0);
    let tolerance = 4.0 * (variance / number).sqrt() + bias;
    assert!((mean - expected).abs() <= tolerance, "{mean}, expected {expected} ± {tolerance}");
}

/// The fixed point of a rising `map` that comes next from `start`.
fn fixed_point(start: f64, map: impl Fn(f64) -> f64) -> f64 {
    (0..100_000).fold(start, |value, _| map(value))
}

// Maki and Thompson

/// The share that never hears a rumour is the least root of θ = exp(−(1 + λ/α)(1 − θ)), λ spreading and α stifling
/// (Maki and Thompson 1973 and Sudbury 1985 for λ = α; Nekovee et al. 2007). Finite populations are off by O(1/n).
fn check_never_heard(spreading: f64, stifling: f64) -> f64 {
    let agents = 20_000;
    let expected = fixed_point(0.0, |share| (-(1.0 + spreading / stifling) * (1.0 - share)).exp());
    let found = samples(40, |seed| {
        let spread = ended(rumour(spreading, stifling), Contacts::WellMixed(agents), &[0, 1, 2, 3, 4], seed);
        let counts = spread.counts();
        assert_eq!([counts.active, counts.susceptible + counts.removed], [0, agents]);
        f64::from(counts.susceptible) / f64::from(agents)
    });
    check_mean(&found, expected, 10.0 / f64::from(agents));
    expected
}

#[test]
fn a_rumour_leaves_as_many_ignorant_as_theory_says() {
    let classical = check_never_heard(1.0, 1.0);
    assert!((classical - 0.2032).abs() < 5e-5, "{classical}");
    check_never_heard(0.5, 0.5);
    check_never_heard(1.0, 0.5);
    check_never_heard(0.4, 0.8);
}

/// On a graph all of whose agents hear each other, the rumour is the one among the well mixed.
#[test]
fn a_rumour_on_a_complete_graph_is_well_mixed() {
    let graph = complete(60);
    let well_mixed = samples(4000, |seed| reached(rumour(0.8, 0.6), Contacts::WellMixed(60), &[0], seed));
    let on_graph =
        samples(4000, |seed| reached(rumour(0.8, 0.6), Contacts::Graph(&graph), &[0], seed + 4000));
    let difference: Vec<f64> = well_mixed.iter().zip(&on_graph).map(|(a, b)| a - b).collect();
    check_mean(&difference, 0.0, 0.0);
}

/// On a one-way path a spreader's first call tells its only hearer; the last, whom nobody hears, becomes a stifler by that.
#[test]
fn a_rumour_runs_down_a_path_and_ends_with_those_whom_nobody_hears() {
    let path = directed(50, (0..49).map(|u| [u, u + 1]));
    let spread = ended(rumour(1.0, 1.0), Contacts::Graph(&path), &[0], 1);
    assert_eq!(spread.ever_reached(), 50);
    assert!((1..50).all(|agent| spread.parent(AgentId(agent)) == Some(AgentId(agent - 1))));
}

// SIR

/// Degrees 1, 3 and 6 in shares of 0.4, 0.4 and 0.2: ⟨k⟩ = 2.8, ⟨k²⟩ = 11.2, so the threshold is 2.8 / 8.4 = 1/3.
fn degrees(agents: u32) -> Vec<u32> {
    (0..agents).map(|agent| [1, 1, 3, 3, 6][(agent % 5) as usize]).collect()
}

/// The generating function of degrees, and of the further degree of one reached along a tie.
fn g0(x: f64) -> f64 {
    0.4 * x + 0.4 * x.powi(3) + 0.2 * x.powi(6)
}

fn g1(x: f64) -> f64 {
    (0.4 + 1.2 * x.powi(2) + 1.2 * x.powi(5)) / 2.8
}

const CRITICAL: f64 = 1.0 / 3.0;

/// The infection that carries along a tie with probability `transmissibility` in the end: an infected agent tries in
/// each round up to the one in which it recovers, so T = 1 − E[(1 − β)^D] = β / (β + γ − βγ).
fn infection_for(transmissibility: f64, recovery: f64) -> f64 {
    transmissibility * recovery / (1.0 - transmissibility * (1.0 - recovery))
}

/// The share that a large outbreak reaches (Newman 2002).
fn final_size(transmissibility: f64) -> f64 {
    let carried = |u: f64| 1.0 - transmissibility + transmissibility * u;
    let u = fixed_point(0.0, |u| g1(carried(u)));
    1.0 - g0(carried(u))
}

/// Sizes of outbreaks from one agent each, as shares of all.
fn outbreaks(graph: &FollowGraph, transmissibility: f64, recovery: f64, runs: u64) -> Vec<f64> {
    let agents = graph.agents();
    let model = sir(infection_for(transmissibility, recovery), recovery);
    samples(runs, |seed| {
        let first = Stream::new(seed, Purpose::Sampling, Step(0), AgentId(0)).below(agents);
        reached(model, Contacts::Graph(graph), &[first], seed) / f64::from(agents)
    })
}

/// Below the threshold the mean outbreak is 1 + T G₀′(1) / (1 − T G₁′(1)) (Newman 2002), whatever the
/// recovery: a mean does not feel that one agent's transmissions go together.
#[test]
fn outbreaks_below_the_threshold_are_small() {
    let graph = configuration_model(&degrees(10_000), 1);
    for recovery in [1.0, 0.3] {
        let transmissibility = 0.6 * CRITICAL;
        let expected = 1.0 + transmissibility * 2.8 / (1.0 - transmissibility / CRITICAL);
        let sizes: Vec<f64> = outbreaks(&graph, transmissibility, recovery, 20_000)
            .iter()
            .map(|share| share * 10_000.0)
            .collect();
        check_mean(&sizes, expected, 0.0);
        assert!(sizes.iter().all(|&size| size < 500.0));
    }
}

/// Above the threshold an outbreak that takes off reaches the share that the generating functions say: an agent is
/// reached along each of its ties independently, whatever the recovery. That an outbreak takes off is as probable as
/// that share only if recovery takes one round: else one agent's transmissions go together, and it is less so (Kenah
/// and Robins 2007). The bias of the share is that of one finite graph.
fn check_above_threshold(transmissibility: f64, recovery: f64) -> f64 {
    let graph = configuration_model(&degrees(20_000), 2);
    let expected = final_size(transmissibility);
    let sizes = outbreaks(&graph, transmissibility, recovery, 400);
    let large: Vec<f64> = sizes.iter().copied().filter(|&share| share > 0.25 * expected).collect();
    check_mean(&large, expected, 0.001);
    let taken_off: Vec<f64> =
        sizes.iter().map(|&share| f64::from(u8::from(share > 0.25 * expected))).collect();
    if recovery == 1.0 {
        check_mean(&taken_off, expected, 0.0);
    }
    mean(&taken_off) - expected
}

#[test]
fn outbreaks_above_the_threshold_have_the_final_size_of_theory() {
    assert!(final_size(0.98 * CRITICAL) < 1e-6 && final_size(1.1 * CRITICAL) > 0.05);
    check_above_threshold(1.5 * CRITICAL, 1.0);
    check_above_threshold(2.4 * CRITICAL, 1.0);
    let less_often = check_above_threshold(1.8 * CRITICAL, 0.25);
    assert!(less_often < -0.05, "{less_often}");
}

/// Well mixed and recovering at once, SIR is the chain binomial of Reed and Frost; with np = R its final size is
/// 1 − exp(−R z). Finite populations are off by O(1/n).
#[test]
fn sir_among_the_well_mixed_is_reed_and_frosts() {
    let agents = 20_000;
    for ratio in [1.5, 3.0] {
        let model = sir(ratio / f64::from(agents), 1.0);
        let expected = fixed_point(1.0, |share| 1.0 - (-ratio * share).exp());
        let seeds: Vec<u32> = (0..20).collect();
        let found =
            samples(40, |seed| reached(model, Contacts::WellMixed(agents), &seeds, seed) / f64::from(agents));
        check_mean(&found, expected, 0.002);
    }
}

/// In one round from i infected of n, well mixed, each other escapes with probability (1 − β)^i.
#[test]
fn a_round_among_the_well_mixed_infects_as_many_as_on_a_complete_graph() {
    let graph = complete(50);
    let seeds: Vec<AgentId> = (0..5).map(AgentId).collect();
    for contacts in [Contacts::WellMixed(50), Contacts::Graph(&graph)] {
        let found = samples(5000, |seed| {
            let mut spread = Spread::new(sir(0.1, 0.5), contacts, &seeds, seed).expect("the case is valid");
            spread.round();
            f64::from(spread.ever_reached())
        });
        check_mean(&found, 5.0 + 45.0 * (1.0 - 0.9f64.powi(5)), 0.0);
    }
}

/// A lone infected agent is infectious for 1/γ rounds on average.
#[test]
fn recovery_takes_the_rounds_of_a_geometric_time() {
    let alone = directed(1, []);
    let rounds =
        samples(5000, |seed| f64::from(ended(sir(1.0, 0.3), Contacts::Graph(&alone), &[0], seed).rounds()));
    check_mean(&rounds, 1.0 / 0.3, 0.0);
}

// Independent cascades

/// A tree in which each of all but the last of `depth` generations is heard by `branching`.
fn tree(branching: u32, depth: u32) -> FollowGraph {
    let inner: u32 = (0..depth).map(|generation| branching.pow(generation)).sum();
    let agents = inner + branching.pow(depth);
    directed(agents, (1..agents).map(|child| [(child - 1) / branching, child]))
}

/// A cascade from the root reaches Σ (p b)^d agents on average, over the generations d.
fn check_tree(branching: u32, depth: u32, probability: f64) {
    let graph = tree(branching, depth);
    let expected: f64 =
        (0..=depth).map(|generation| (probability * f64::from(branching)).powi(generation as i32)).sum();
    let sizes = samples(10_000, |seed| reached(cascade(probability), Contacts::Graph(&graph), &[0], seed));
    check_mean(&sizes, expected, 0.0);
}

#[test]
fn cascades_on_regular_trees_have_the_mean_size_of_theory() {
    check_tree(3, 6, 0.25);
    check_tree(2, 8, 0.7);
    check_tree(1, 40, 0.9);
    check_tree(5, 1, 1.0);
    check_tree(3, 3, 0.0);
}

/// Reached agents of a cascade are those that the seeds reach along ties that carry, so its size is that of a component
/// of Erdős and Rényi's graph: below the threshold, 1/(1 − np) on average. Finite populations are off by O(1/n).
#[test]
fn cascades_among_the_well_mixed_are_components_of_a_random_graph() {
    let agents = 5000;
    let model = cascade(0.5 / f64::from(agents));
    let sizes = samples(10_000, |seed| reached(model, Contacts::WellMixed(agents), &[7], seed));
    check_mean(&sizes, 2.0, 0.005);
}

#[test]
fn cascades_know_parents_and_sizes() {
    let graph = mutual(60, (1..60).flat_map(|v| [[(v - 1) / 2, v], [v / 3, v]]));
    for seed in 0..50 {
        let spread = ended(cascade(0.4), Contacts::Graph(&graph), &[50, 3, 50], seed);
        let mut through = [0u32; 60];
        for &agent in spread.reached() {
            let origin = |mut agent| {
                while let Some(parent) = spread.parent(agent) {
                    assert!(graph.follows(agent, parent));
                    agent = parent;
                }
                agent
            };
            through[origin(agent).index()] += 1;
        }
        let sizes = [50, 3].map(|seed| (AgentId(seed), through[seed as usize]));
        assert_eq!(spread.cascade_sizes(), sizes);
        assert_eq!(through.iter().sum::<u32>(), spread.ever_reached());
    }
}

#[test]
fn of_several_in_one_round_the_lowest_id_is_the_parent() {
    let check = |pairs: &[[u32; 2]], seeds: &[u32], agent: u32, parent: u32| {
        let graph = directed(8, pairs.iter().copied());
        for model in [cascade(1.0), sir(1.0, 1.0)] {
            let spread = ended(model, Contacts::Graph(&graph), seeds, 1);
            assert_eq!(spread.parent(AgentId(agent)), Some(AgentId(parent)), "{model:?}, {pairs:?}");
        }
    };
    check(&[[3, 1], [2, 1]], &[3, 2], 1, 2);
    check(&[[5, 7], [5, 2], [7, 4], [2, 4]], &[5], 4, 2);
    check(&[[1, 7], [2, 5], [7, 4], [5, 4]], &[1, 2], 4, 5);
    check(&[[1, 7], [1, 4], [7, 4]], &[1], 4, 1);
}

// Linear thresholds

/// Kempe, Kleinberg and Tardos (2003): uniform thresholds reach whom a random walk against the ties reaches from: each
/// agent picks one of those that it hears. On a complete graph of n, a walk meets the seed in its k-th step with
/// probability Π_{j<k} (n − 1 − j)/(n − 1) · 1/(n − 1).
#[test]
fn uniform_thresholds_on_a_complete_graph_reach_as_many_as_theory_says() {
    let agents = 40;
    let others = f64::from(agents - 1);
    let meets: f64 = (1..agents)
        .map(|step| (1..step).map(|j| (others - f64::from(j)) / others).product::<f64>() / others)
        .sum();
    let expected = 1.0 + others * meets;
    let graph = complete(agents);
    for contacts in [Contacts::Graph(&graph), Contacts::WellMixed(agents)] {
        let sizes = samples(20_000, |seed| reached(uniform_threshold(), contacts, &[0], seed));
        check_mean(&sizes, expected, 0.0);
    }
}

/// On a path of mutual ties from its end each agent but the last has two to hear, so each step is taken with 1/2.
#[test]
fn uniform_thresholds_on_a_path_halve_with_each_step() {
    let agents = 12;
    let path = mutual(agents, (0..agents - 1).map(|u| [u, u + 1]));
    let inner: f64 = (0..agents - 1).map(|step| 0.5f64.powi(step as i32)).sum();
    let expected = inner + 0.5f64.powi(agents as i32 - 2);
    let sizes = samples(20_000, |seed| reached(uniform_threshold(), Contacts::Graph(&path), &[0], seed));
    check_mean(&sizes, expected, 0.0);
}

/// Leaves hear the hub alone, so it takes all with it; a leaf takes the hub with probability 1/(n − 1).
#[test]
fn uniform_thresholds_on_a_star_go_through_the_hub() {
    let star = mutual(11, (1..11).map(|leaf| [0, leaf]));
    let from = |seed_agent: u32| {
        samples(20_000, |seed| reached(uniform_threshold(), Contacts::Graph(&star), &[seed_agent], seed))
    };
    assert!(from(0).iter().all(|&size| size == 11.0));
    check_mean(&from(4), 0.9 + 0.1 * 11.0, 0.0);
}

fn check_reached(model: DiffusionModel, contacts: Contacts<'_>, seeds: &[u32], expected: u32) {
    assert_eq!(ended(model, contacts, seeds, 3).ever_reached(), expected, "{model:?} from {seeds:?}");
}

/// A neighbour of a block of sharers on a ring of reach r hears r of 2r: thresholds up to a half let it grow (Morris
/// 2000).
#[test]
fn fixed_thresholds_on_a_ring_are_critical_at_a_half() {
    let near = ring(30, 1);
    check_reached(fixed_threshold(0.5), Contacts::Graph(&near), &[4], 30);
    check_reached(fixed_threshold(0.51), Contacts::Graph(&near), &[4], 1);
    check_reached(fixed_threshold(0.51), Contacts::Graph(&near), &[4, 6], 3);
    let wide = ring(60, 4);
    check_reached(fixed_threshold(0.5), Contacts::Graph(&wide), &[0, 1, 2, 3], 60);
    check_reached(fixed_threshold(0.51), Contacts::Graph(&wide), &[0, 1, 2, 3], 4);
    check_reached(fixed_threshold(1.0), Contacts::Graph(&wide), &[0, 1, 2, 3], 4);
}

#[test]
fn fixed_thresholds_among_the_well_mixed_take_all_or_none() {
    check_reached(fixed_threshold(0.1), Contacts::WellMixed(101), &(0..10).collect::<Vec<_>>(), 101);
    check_reached(fixed_threshold(0.1), Contacts::WellMixed(101), &(0..9).collect::<Vec<_>>(), 9);
    check_reached(fixed_threshold(0.0), Contacts::WellMixed(101), &[], 0);
    check_reached(fixed_threshold(0.0), Contacts::WellMixed(101), &[5], 101);
}

// Complex contagion

/// Centola and Macy (2007): what needs two contacts runs along the wide bridges of a ring from adjacent seeds, but from
/// no seeds apart, and not far on a random graph of the same degree, which what needs one contact fills at once.
#[test]
fn complex_contagion_needs_wide_bridges() {
    let agents = 2000;
    let wide = ring(agents, 4);
    check_reached(complex(2, 1.0), Contacts::Graph(&wide), &[0, 1], agents);
    check_reached(complex(2, 1.0), Contacts::Graph(&wide), &[0], 1);
    check_reached(complex(2, 1.0), Contacts::Graph(&wide), &[0, 1000], 2);
    check_reached(complex(4, 1.0), Contacts::Graph(&wide), &[0, 1, 2, 3], agents);
    check_reached(complex(5, 1.0), Contacts::Graph(&wide), &[0, 1, 2, 3], 4);
    for seed in 0..20 {
        let random = configuration_model(&vec![8; agents as usize], seed);
        let neighbourhood: Vec<u32> =
            random.followees(AgentId(0)).iter().map(|agent| agent.0).chain([0]).collect();
        let size = reached(complex(2, 1.0), Contacts::Graph(&random), &neighbourhood, seed);
        assert!(size < 40.0, "{size} on random graph {seed}");
        check_reached(complex(1, 1.0), Contacts::Graph(&random), &[0], agents);
    }
}

/// From two neighbours on a ring of reach 2, one more is taken on each side in each round.
#[test]
fn complex_contagion_takes_a_ring_agent_by_agent() {
    let near = ring(42, 2);
    let spread = ended(complex(2, 1.0), Contacts::Graph(&near), &[0, 1], 1);
    // The last round finds nobody.
    assert_eq!([spread.ever_reached(), spread.rounds()], [42, 21]);
}

#[test]
fn complex_contagion_among_the_well_mixed_takes_all_or_none() {
    check_reached(complex(3, 1.0), Contacts::WellMixed(100), &[1, 2, 3], 100);
    check_reached(complex(3, 1.0), Contacts::WellMixed(100), &[1, 2], 2);
}

/// With one contact each sharer is one chance: an independent cascade, whose sizes are distributed alike.
#[test]
fn complex_contagion_of_one_contact_is_an_independent_cascade() {
    let graph = configuration_model(&degrees(100), 5);
    let contagion = samples(10_000, |seed| reached(complex(1, 0.5), Contacts::Graph(&graph), &[2], seed));
    let cascades =
        samples(10_000, |seed| reached(cascade(0.5), Contacts::Graph(&graph), &[2], seed + 10_000));
    let pairs = |power: i32| -> Vec<f64> {
        contagion.iter().zip(&cascades).map(|(a, b)| a.powi(power) - b.powi(power)).collect()
    };
    check_mean(&pairs(1), 0.0, 0.0);
    check_mean(&pairs(2), 0.0, 0.0);
    assert!(mean(&cascades) > 5.0, "the cascades are too small to tell anything");
}

// All models

/// A graph, a run on which keeps enough agents active that threads share them out.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let graph = configuration_model(&vec![6; 20_000], 7);
    let seeds: Vec<u32> = (0..2500).map(|agent| agent * 5).collect();
    let models = [
        sir(0.15, 0.4),
        rumour(0.9, 0.7),
        cascade(0.3),
        uniform_threshold(),
        fixed_threshold(0.2),
        complex(2, 0.5),
    ];
    let run = |threads: usize| -> Vec<(Vec<AgentId>, Vec<Option<AgentId>>, u32)> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool can be made");
        pool.install(|| {
            let contacts = [Contacts::Graph(&graph), Contacts::WellMixed(3000)];
            let cases =
                contacts.iter().flat_map(|contacts| models.iter().map(move |model| (model, contacts)));
            cases
                .map(|(&model, &contacts)| {
                    let seeds: Vec<u32> =
                        seeds.iter().copied().filter(|&seed| seed < contacts.agents()).collect();
                    let spread = ended(model, contacts, &seeds, 11);
                    let parents = spread.reached().iter().map(|&agent| spread.parent(agent)).collect();
                    (spread.reached().to_vec(), parents, spread.rounds())
                })
                .collect()
        })
    };
    let alone = run(1);
    assert!(alone.iter().all(|(reached, ..)| reached.len() > 300));
    assert!(alone == run(4));
}

#[test]
fn counts_and_states_agree_in_every_round() {
    let graph = configuration_model(&degrees(300), 9);
    let models = [sir(0.3, 0.4), rumour(0.9, 0.5), cascade(0.4), uniform_threshold(), complex(2, 0.5)];
    for model in models {
        let seeds = [AgentId(2), AgentId(7), AgentId(4)];
        let mut spread = Spread::new(model, Contacts::Graph(&graph), &seeds, 2).expect("the case is valid");
        let mut before = spread.counts();
        assert_eq!([before.susceptible, before.active, before.removed], [297, 3, 0]);
        while !spread.is_over() {
            spread.round();
            let counts = spread.counts();
            let in_state =
                |standing| (0..300).filter(|&agent| spread.state(AgentId(agent)) == standing).count() as u32;
            assert_eq!(counts.susceptible, in_state(Standing::Susceptible));
            assert_eq!(counts.active, in_state(Standing::Active));
            assert_eq!(counts.removed, in_state(Standing::Removed));
            assert!(counts.susceptible <= before.susceptible && counts.removed >= before.removed);
            before = counts;
        }
        assert_eq!(spread.ever_reached(), 300 - before.susceptible);
        let rounds = spread.rounds();
        spread.round();
        assert_eq!([spread.rounds(), spread.ever_reached()], [rounds, 300 - before.susceptible]);
    }
}

#[test]
fn what_cannot_run_is_refused() {
    let contacts = Contacts::WellMixed(5);
    let error = Spread::new(cascade(0.1), contacts, &[AgentId(5)], 1).expect_err("there is no agent 5");
    assert_eq!(error.to_string(), "seed 5: expected an agent below 5, the number of agents");
    let error = Spread::new(complex(0, 1.0), contacts, &[], 1).expect_err("no contacts are too few");
    assert!(matches!(error, DiffusionError::Parameter(fault) if fault.starts_with("contacts")));
    assert!(
        Spread::new(rumour(1.0, 1.0), Contacts::WellMixed(0), &[], 1).is_ok_and(|spread| spread.is_over())
    );
    check_reached(rumour(1.0, 0.0), Contacts::WellMixed(1), &[0], 1);
}
