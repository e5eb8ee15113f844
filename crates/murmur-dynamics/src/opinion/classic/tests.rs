//! The classical models against what is known of them.

use murmur_core::{AgentId, Follow, Purpose, Step, Stream};
use murmur_graph::FollowGraph;
use proptest::prelude::*;

use super::ClassicModel::*;
use super::*;
use crate::opinion::{clusters, mean};

fn graph(agents: u32, follows: impl IntoIterator<Item = (u32, u32)>) -> FollowGraph {
    let follow = |(follower, followee)| Follow { follower: AgentId(follower), followee: AgentId(followee) };
    FollowGraph::from_edges(agents, follows.into_iter().map(follow).collect()).graph
}

fn complete(agents: u32) -> FollowGraph {
    graph(agents, (0..agents).flat_map(|agent| (0..agents).map(move |other| (agent, other))))
}

/// Everybody follows the next, in a ring.
fn ring(agents: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..agents).map(move |agent| (agent, (agent + 1) % agents))
}

fn draws(seed: u64) -> Stream {
    Stream::new(seed, Purpose::Population, Step(0), AgentId(0))
}

/// A ring with random follows besides: strongly connected.
fn connected(agents: u32, seed: u64) -> FollowGraph {
    let mut draws = draws(seed);
    let others = (0..2 * agents).map(|_| (draws.below(agents), draws.below(agents)));
    graph(agents, others.collect::<Vec<_>>().into_iter().chain(ring(agents)))
}

fn uniform(agents: u32, seed: u64) -> Vec<f64> {
    let mut draws = draws(seed);
    (0..agents).map(|_| 2.0 * draws.uniform() - 1.0).collect()
}

fn classic<'a>(model: &ClassicModel, contacts: Contacts<'a>, opinions: &[f64], seed: u64) -> Classic<'a> {
    Classic::new(model, contacts, opinions.to_vec(), seed).expect("the parameters are in range")
}

fn run(classic: &mut Classic<'_>, rounds: u32) {
    for _ in 0..rounds {
        classic.round();
    }
}

/// The opinions at rest.
fn at_rest(model: &ClassicModel, contacts: Contacts<'_>, opinions: &[f64], seed: u64) -> Vec<f64> {
    let mut classic = classic(model, contacts, opinions, seed);
    let ended = classic.run_until(1e-13, 100_000);
    assert!(ended.is_at_rest, "{model:?}: {ended:?}");
    classic.opinions().to_vec()
}

fn check_close(found: &[f64], expected: &[f64], error: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < error, "{found} instead of {expected}");
    }
}

fn probability(value: f64) -> Probability {
    Probability::of(value)
}

/// W of `degroot`, row by row.
fn weights(graph: &FollowGraph, self_weight: f64) -> Vec<Vec<f64>> {
    let row = |agent: u32| {
        let heard = graph.followees(AgentId(agent));
        let mut row = vec![0.0; graph.agents() as usize];
        row[agent as usize] = if heard.is_empty() { 1.0 } else { self_weight };
        for other in heard {
            row[other.index()] = (1.0 - self_weight) / heard.len() as f64;
        }
        row
    };
    (0..graph.agents()).map(row).collect()
}

/// The x of A x = b, by Gaussian elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()));
        let pivot = pivot.expect("there are rows left");
        a.swap(column, pivot);
        b.swap(column, pivot);
        let (pivot, right) = (a[column].clone(), b[column]);
        for row in (0..n).filter(|&row| row != column) {
            let factor = a[row][column] / pivot[column];
            a[row].iter_mut().zip(&pivot).for_each(|(entry, above)| *entry -= factor * above);
            b[row] -= factor * right;
        }
    }
    (0..n).map(|row| b[row] / a[row][row]).collect()
}

#[test]
fn degroot_agrees_on_what_the_left_unit_eigenvector_of_its_weights_says() {
    for seed in 0..10 {
        let (graph, opinions) = (connected(14, seed), uniform(14, seed + 100));
        // The eigenvector solves vᵀ (W − I) = 0; its sum, 1, stands in for one of the equations.
        let weights = weights(&graph, 0.3);
        let mut equations: Vec<Vec<f64>> =
            (0..14).map(|i| (0..14).map(|j| weights[j][i] - f64::from(u8::from(i == j))).collect()).collect();
        equations[13] = vec![1.0; 14];
        let mut right = vec![0.0; 14];
        right[13] = 1.0;
        let influence = solve(equations, right);
        let consensus: f64 = influence.iter().zip(&opinions).map(|(weight, x)| weight * x).sum();
        let model = Degroot { self_weight: probability(0.3) };
        let found = at_rest(&model, Contacts::Graph(&graph), &opinions, 0);
        check_close(&found, &[consensus; 14], 1e-11);
    }
}

#[test]
fn degroot_without_a_weight_of_its_own_goes_round_in_a_ring() {
    let (graph, opinions) = (graph(5, ring(5)), uniform(5, 1));
    let mut degroot =
        classic(&Degroot { self_weight: probability(0.0) }, Contacts::Graph(&graph), &opinions, 0);
    assert_eq!(degroot.run_until(1e-3, 1001), Ended { rounds: 1001, is_at_rest: false });
    let turned = [opinions[1], opinions[2], opinions[3], opinions[4], opinions[0]];
    check_close(degroot.opinions(), &turned, 1e-12);
}

#[test]
fn friedkin_johnsen_comes_to_rest_where_its_closed_form_says() {
    for seed in 0..10 {
        // One agent hears nobody.
        let mut graph = connected(14, seed);
        for followee in graph.followees(AgentId(3)).to_vec() {
            graph.unfollow(AgentId(3), followee);
        }
        let opinions = uniform(14, seed + 100);
        let susceptibility = 0.1 + 0.08 * seed as f64;
        let weights = weights(&graph, 0.3);
        let left = (0..14).map(|i| {
            let entry = |j: usize| f64::from(u8::from(i == j)) - susceptibility * weights[i][j];
            (0..14).map(entry).collect()
        });
        let right = opinions.iter().map(|x| (1.0 - susceptibility) * x).collect();
        let expected = solve(left.collect(), right);
        let model =
            FriedkinJohnsen { self_weight: probability(0.3), susceptibility: probability(susceptibility) };
        check_close(&at_rest(&model, Contacts::Graph(&graph), &opinions, 0), &expected, 1e-11);
        assert!((expected[3] - opinions[3]).abs() < 1e-12);
    }
}

/// The clusters of more than 1 % of 2,000 agents after 100 rounds, of each of 20 seeds. By then such clusters are
/// closed; a few agents between or beside them meet each other too seldom to be.
fn deffuant_clusters(confidence: f64) -> Vec<usize> {
    let model = Deffuant { confidence, rate: 0.5 };
    let count = |seed| {
        let mut classic = classic(&model, Contacts::WellMixed(2000), &uniform(2000, seed), seed);
        run(&mut classic, 100);
        clusters(classic.opinions(), confidence / 2.0, 0.01).len()
    };
    (0..20).map(count).collect()
}

/// Deffuant et al. (2000) give 1 / (2 ε) clusters on [0, 1], rounded down; so 1 / ε on [-1, 1].
fn check_clusters(confidence: f64) {
    let expected = (1.0 / confidence).floor();
    let found = deffuant_clusters(confidence);
    let mean = found.iter().sum::<usize>() as f64 / 20.0;
    assert!((mean - expected).abs() <= 0.1, "{confidence}: {found:?} instead of {expected}");
}

#[test]
fn deffuant_leaves_about_one_over_confidence_clusters() {
    check_clusters(0.8);
    check_clusters(0.45);
    check_clusters(0.3);
    check_clusters(0.23);
}

#[test]
fn hegselmann_krause_ends_in_clusters_further_apart_than_its_confidence() {
    for (confidence, seed) in [(0.05, 1), (0.1, 2), (0.2, 3), (0.3, 4), (0.5, 5), (1.0, 6)] {
        let opinions = uniform(500, seed);
        let mut hk = classic(&HegselmannKrause { confidence }, Contacts::WellMixed(500), &opinions, 0);
        // Exactly at rest, in finite time.
        assert!(hk.run_until(0.0, 500).is_at_rest);
        let mut values = hk.opinions().to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        assert!(values.windows(2).all(|pair| pair[1] - pair[0] > confidence), "{values:?}");
        // All agree from about 0.4 on (Fortunato 2005: 0.2 on [0, 1]).
        assert_eq!(values.len() == 1, confidence > 0.4, "{confidence}: {values:?}");
    }
}

/// How far the mean of 200 skewed opinions is shifted in 50 rounds.
fn shift_of_mean(model: &ClassicModel, contacts: Contacts<'_>) -> f64 {
    let opinions: Vec<f64> = uniform(200, 9).iter().map(|x| x * x * x.signum().max(0.2)).collect();
    let mut classic = classic(model, contacts, &opinions, 3);
    run(&mut classic, 50);
    (mean(classic.opinions()) - mean(&opinions)).abs()
}

#[test]
fn the_mean_is_conserved_where_it_should_be_and_not_elsewhere() {
    let both_ways = graph(200, ring(200).flat_map(|(agent, next)| [(agent, next), (next, agent)]));
    let hub = graph(200, (1..200).flat_map(|agent| [(agent, 0), (0, agent), (agent, agent % 199 + 1)]));
    let mixed = Contacts::WellMixed(200);
    let deffuant = Deffuant { confidence: 0.4, rate: 0.3 };
    let degroot = Degroot { self_weight: probability(0.4) };
    for (model, contacts) in [
        (&deffuant, mixed),
        (&deffuant, Contacts::Graph(&hub)),
        // Their weights are doubly stochastic.
        (&degroot, mixed),
        (&degroot, Contacts::Graph(&both_ways)),
    ] {
        let shift = shift_of_mean(model, contacts);
        assert!(shift < 1e-12, "{model:?}, {contacts:?}: {shift}");
    }
    for (model, contacts) in
        [(&degroot, Contacts::Graph(&hub)), (&HegselmannKrause { confidence: 0.4 }, mixed)]
    {
        let shift = shift_of_mean(model, contacts);
        assert!(shift > 1e-3, "{model:?}: {shift}");
    }
}

/// The opinions at rest of 500 who attract each other up to `acceptance` and repel each other from `rejection`.
fn judged(acceptance: f64, rejection: f64) -> Vec<f64> {
    let model = AssimilationRepulsion { acceptance, rejection, rate: 0.2, repulsion: 0.2 };
    at_rest(&model, Contacts::WellMixed(500), &uniform(500, 4), 4)
}

#[test]
fn those_who_reject_soon_end_at_the_ends_and_those_who_never_do_stay_together() {
    let apart = judged(0.3, 0.6);
    assert!(apart.iter().all(|x| x.abs() > 1.0 - 1e-9), "{:?}", clusters(&apart, 0.1, 0.0));
    let camp = apart.iter().filter(|&&x| x > 0.0).count();
    assert!((100..=400).contains(&camp), "{camp}");
    assert_eq!(clusters(&judged(1.2, 2.0), 1e-6, 0.0).len(), 1);
}

#[test]
fn voters_agree_on_a_side_with_the_probability_of_its_initial_share() {
    const RUNS: u64 = 2000;
    let opinions: Vec<f64> = (0..20).map(|agent| if agent < 6 { 1.0 } else { -1.0 }).collect();
    let complete = complete(20);
    for contacts in [Contacts::WellMixed(20), Contacts::Graph(&complete)] {
        let won = |&seed: &u64| {
            let end = at_rest(&Voter {}, contacts, &opinions, seed);
            assert!(end.iter().all(|&x| x == end[0]));
            end[0] > 0.0
        };
        let share = (0..RUNS).filter(won).count() as f64 / RUNS as f64;
        // Five standard errors.
        assert!((share - 0.3).abs() < 5.0 * (0.21 / RUNS as f64).sqrt(), "{share}");
    }
}

#[test]
fn a_majority_wins_where_all_hear_all() {
    let complete = complete(31);
    for contacts in [Contacts::WellMixed(31), Contacts::Graph(&complete)] {
        for ahead in [0..14, 0..17, 0..31] {
            let is_ahead = |agent: i32| if ahead.contains(&agent) { 0.1 } else { -1.0 };
            let opinions: Vec<f64> = (0..31).map(is_ahead).collect();
            let winner = if ahead.len() > 15 { 1.0 } else { -1.0 };
            assert_eq!(at_rest(&Majority {}, contacts, &opinions, 0), [winner; 31]);
        }
    }
}

/// Goles and Olivos (1981): on ties both ways majorities of all at once come to rest or go to and fro between two
/// states.
#[test]
fn majorities_on_mutual_ties_repeat_after_at_most_two_rounds() {
    let mut to_and_fro = 0;
    for seed in 0..40 {
        let mut draws = draws(seed);
        let ties: Vec<(u32, u32)> = (0..90).map(|_| (draws.below(60), draws.below(60))).collect();
        let graph = graph(60, ties.iter().flat_map(|&(one, other)| [(one, other), (other, one)]));
        let mut majority = classic(&Majority {}, Contacts::Graph(&graph), &uniform(60, seed), 0);
        let end = majority.run_until(0.0, 100);
        let state = majority.opinions().to_vec();
        majority.round();
        to_and_fro += u32::from(!end.is_at_rest);
        assert_eq!(end.is_at_rest, state == majority.opinions());
        majority.round();
        assert_eq!(state, majority.opinions());
    }
    assert!((1..40).contains(&to_and_fro), "{to_and_fro}");
}

/// One of each kind.
fn one_of_each() -> [ClassicModel; 7] {
    [
        Degroot { self_weight: probability(0.4) },
        FriedkinJohnsen { self_weight: probability(0.4), susceptibility: probability(0.7) },
        HegselmannKrause { confidence: 0.3 },
        Majority {},
        Deffuant { confidence: 0.5, rate: 0.4 },
        AssimilationRepulsion { acceptance: 0.4, rejection: 1.0, rate: 0.1, repulsion: 0.2 },
        Voter {},
    ]
}

#[test]
fn a_tie_changes_nothing_and_nobody_in_the_middle_is_left() {
    // The last two hear one of each side; the first two hear nobody.
    let graph = graph(4, [(2, 0), (2, 1), (3, 0), (3, 1)]);
    let mut majority = classic(&Majority {}, Contacts::Graph(&graph), &[0.0, -0.3, 0.2, -0.2], 0);
    assert_eq!(majority.opinions(), [1.0, -1.0, 1.0, -1.0]);
    assert_eq!(majority.round(), Change { largest: 0.0 });
    assert_eq!(majority.opinions(), [1.0, -1.0, 1.0, -1.0]);
}

#[test]
fn those_who_agree_stay_exactly_where_they_are() {
    let (complete, opinions) = (complete(300), [0.1; 300]);
    let check = |model, contacts| {
        let mut classic = classic(&model, contacts, &opinions, 0);
        assert_eq!(classic.round(), Change { largest: 0.0 });
    };
    check(Degroot { self_weight: probability(0.3) }, Contacts::Graph(&complete));
    check(HegselmannKrause { confidence: 0.1 }, Contacts::Graph(&complete));
    check(HegselmannKrause { confidence: 0.1 }, Contacts::WellMixed(300));
}

#[test]
fn rounding_takes_nobody_out_of_range() {
    let graph = graph(4, [(0, 1), (0, 2), (0, 3)]);
    // Three times fl(1 - x), divided by 3 and added to x, is 1 + 2⁻⁵².
    let opinions = [-0.489_861_948_521_156_6, 1.0, 1.0, 1.0];
    let mut degroot =
        classic(&Degroot { self_weight: probability(0.0) }, Contacts::Graph(&graph), &opinions, 0);
    degroot.round();
    assert_eq!(degroot.opinions(), [1.0; 4]);
}

#[test]
fn well_mixed_is_the_complete_graph() {
    let (complete, opinions) = (complete(60), uniform(60, 7));
    for model in &one_of_each()[..4] {
        let mut mixed = classic(model, Contacts::WellMixed(60), &opinions, 0);
        let mut on_graph = classic(model, Contacts::Graph(&complete), &opinions, 0);
        for _ in 0..6 {
            let (one, other) = (mixed.round().largest, on_graph.round().largest);
            assert!((one - other).abs() < 1e-13);
            check_close(mixed.opinions(), on_graph.opinions(), 1e-13);
            assert_eq!(mixed.interactions(), on_graph.interactions());
        }
    }
}

#[test]
fn threads_leave_no_trace() {
    const AGENTS: u32 = 100_000;
    let (graph, opinions) = (connected(AGENTS, 1), uniform(AGENTS, 2));
    let on_threads = |threads: usize, model: &ClassicModel, contacts| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut classic = classic(model, contacts, &opinions, 5);
            let largest: Vec<f64> = (0..3).map(|_| classic.round().largest).collect();
            (largest, classic.opinions().to_vec(), classic.interactions())
        })
    };
    for model in &one_of_each() {
        for contacts in [Contacts::WellMixed(AGENTS), Contacts::Graph(&graph)] {
            assert!(on_threads(1, model, contacts) == on_threads(4, model, contacts), "{model:?}");
        }
    }
}

#[test]
fn every_round_has_meetings_of_its_own_and_each_agent_two_of_them_on_average() {
    const AGENTS: u32 = 100_000;
    let opinions = uniform(AGENTS, 7);
    let model = Deffuant { confidence: 2.0, rate: 0.1 };
    let (graph, mixed) = (connected(AGENTS, 1), Contacts::WellMixed(AGENTS));
    // Meetings of an agent are nearly Poisson in number: one a round of its own, and its share of those of its
    // followers.
    let followed = |rounds: i32| -> f64 {
        let chance = |agent| {
            let of = |follower: AgentId| 1.0 / graph.followees(follower).len() as f64;
            let met: f64 = graph.followers(AgentId(agent)).map(of).sum();
            (-f64::from(rounds) * (1.0 + met)).exp()
        };
        (0..AGENTS).map(chance).sum::<f64>() / f64::from(AGENTS)
    };
    for rounds in [1, 2] {
        for (contacts, expected) in
            [(mixed, (-2.0 * f64::from(rounds)).exp()), (Contacts::Graph(&graph), followed(rounds))]
        {
            let mut classic = classic(&model, contacts, &opinions, 5);
            run(&mut classic, rounds as u32);
            let unmoved = classic.opinions().iter().zip(&opinions).filter(|(now, then)| now == then).count();
            let share = unmoved as f64 / f64::from(AGENTS);
            // Five standard errors, of independent agents.
            let error = 5.0 * (expected * (1.0 - expected) / f64::from(AGENTS)).sqrt();
            assert!((share - expected).abs() < error, "{share} instead of {expected}");
        }
    }
}

#[test]
fn other_seeds_bring_other_meetings() {
    let after = |seed| {
        let mut classic = classic(&Voter {}, Contacts::WellMixed(50), &uniform(50, 7), seed);
        run(&mut classic, 1);
        classic.opinions().to_vec()
    };
    assert_eq!(after(1), after(1));
    assert_ne!(after(1), after(2));
}

#[test]
fn counts_are_of_looks_at_others() {
    let lonely = graph(4, [(0, 1), (1, 0), (2, 1), (2, 0)]);
    let mut sweeps = classic(&Majority {}, Contacts::Graph(&lonely), &[1.0; 4], 0);
    let mut meetings = classic(&Voter {}, Contacts::Graph(&lonely), &[1.0; 4], 0);
    for _ in 0..1000 {
        sweeps.round();
        meetings.round();
    }
    assert_eq!((sweeps.rounds(), sweeps.interactions()), (1000, 4000));
    // Each agent in turn or not: three in four follow somebody. Five standard errors.
    assert!((2863..=3137).contains(&meetings.interactions()), "{}", meetings.interactions());
}

fn check_error(model: ClassicModel, contacts: Contacts<'_>, opinions: &[f64], expected: &str) {
    let error = Classic::new(&model, contacts, opinions.to_vec(), 0).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn bad_input_is_named() {
    let three = Contacts::WellMixed(3);
    let fault = |model, expected| check_error(model, three, &[0.0; 3], expected);
    fault(Deffuant { confidence: 2.5, rate: 0.5 }, "confidence: expected a number from 0 to 2, found 2.5");
    fault(Deffuant { confidence: 0.5, rate: 0.6 }, "rate: expected a number from 0 to 0.5, found 0.6");
    fault(HegselmannKrause { confidence: f64::NAN }, "confidence: expected a number from 0 to 2, found NaN");
    let judgement = |acceptance, rejection, rate, repulsion| AssimilationRepulsion {
        acceptance,
        rejection,
        rate,
        repulsion,
    };
    fault(
        judgement(0.5, 0.4, 0.1, 0.1),
        "rejection: expected a distance not below acceptance (0.5), found 0.4",
    );
    fault(judgement(0.5, 0.6, 0.7, 0.1), "rate: expected a number from 0 to 0.5, found 0.7");
    fault(judgement(0.5, 0.6, 0.5, 0.7), "repulsion: expected a number from 0 to 0.5, found 0.7");
    check_error(Voter {}, Contacts::WellMixed(1), &[0.0], "expected at least 2 agents, found 1");
    check_error(Voter {}, three, &[0.0; 2], "expected an initial opinion for each of 3 agents, found 2");
    check_error(
        Voter {},
        three,
        &[0.0, 1.5, 2.0],
        "the initial opinion of agent 1: expected a number from -1 to 1, found 1.5",
    );
}

#[test]
fn every_model_has_defaults_and_refuses_unknown_keys() {
    for model in one_of_each() {
        let mut json = serde_json::to_value(&model).expect("a model is a table");
        let kind = json["kind"].clone();
        let default: ClassicModel = serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap();
        assert_eq!(default.fault(), None);
        assert_eq!(std::mem::discriminant(&default), std::mem::discriminant(&model));
        json["x"] = 1.into();
        let error = serde_json::from_value::<ClassicModel>(json).unwrap_err().to_string();
        assert!(error.contains("unknown field `x`"), "{error}");
    }
}

/// Any model with any parameters in range.
fn any_model() -> impl Strategy<Value = ClassicModel> {
    let any = (0u8..7, 0.0..=1.0, 0.0..=1.0, 0.0..=2.0, 0.0..=2.0);
    any.prop_map(|(kind, first, second, near, far): (u8, f64, f64, f64, f64)| match kind {
        0 => Degroot { self_weight: probability(first) },
        1 => FriedkinJohnsen { self_weight: probability(first), susceptibility: probability(second) },
        2 => Deffuant { confidence: near, rate: first / 2.0 },
        3 => HegselmannKrause { confidence: near },
        4 => AssimilationRepulsion {
            acceptance: near.min(far),
            rejection: near.max(far),
            rate: first / 2.0,
            repulsion: second / 2.0,
        },
        5 => Voter {},
        _ => Majority {},
    })
}

proptest! {
    #[test]
    fn opinions_stay_in_range_and_on_a_side_where_there_are_only_two(
        model in any_model(),
        opinions in proptest::collection::vec(-1.0..=1.0, 2..20),
        follows in proptest::collection::vec((0u32..20, 0u32..20), 0..60),
        is_mixed in any::<bool>(),
    ) {
        prop_assert_eq!(model.fault(), None);
        let agents = opinions.len() as u32;
        let graph = graph(agents, follows.into_iter().map(|(one, other)| (one % agents, other % agents)));
        let contacts = if is_mixed { Contacts::WellMixed(agents) } else { Contacts::Graph(&graph) };
        let mut classic = classic(&model, contacts, &opinions, 1);
        for _ in 0..5 {
            let before = classic.opinions().to_vec();
            let change = classic.round();
            let furthest = before.iter().zip(classic.opinions()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            prop_assert!(matches!(classic.process, Process::Meetings(_)) || change.largest == furthest);
            prop_assert!(change.largest > 0.0 || furthest == 0.0);
            for x in classic.opinions() {
                prop_assert!((-1.0..=1.0).contains(x));
                prop_assert!(!model.is_discrete() || x.abs() == 1.0);
            }
        }
    }

    #[test]
    fn the_largest_move_at_a_meeting_is_found_without_trying_all_pairs(
        model in any_model(),
        opinions in proptest::collection::vec(-1.0..=1.0, 2..20),
    ) {
        let agents = opinions.len() as u32;
        let complete = complete(agents);
        let classic = classic(&model, Contacts::WellMixed(agents), &opinions, 1);
        let Process::Meetings(meeting) = &classic.process else { return Ok(()) };
        let mixed = meeting.largest_move(Contacts::WellMixed(agents), classic.opinions());
        let tried = meeting.largest_move(Contacts::Graph(&complete), classic.opinions());
        prop_assert!((mixed - tried).abs() < 1e-15, "{} instead of {}", mixed, tried);
    }
}
