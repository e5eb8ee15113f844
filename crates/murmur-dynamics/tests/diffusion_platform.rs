//! The rules of the models of diffusion for one agent on a platform: each by itself, and against the classical form,
//! which asks all agents at once.

mod models;

use murmur_core::{AgentId, Follow, PostKey, Probability, Purpose, Step, Stream};
use murmur_dynamics::Contacts;
use murmur_dynamics::diffusion::{
    DiffusionModel, DrawnThreshold, Encounter, Move, Spread, Standing, Threshold,
};
use murmur_graph::FollowGraph;
use proptest::prelude::*;

use models::{cascade, fixed_threshold, rumour, sir};

const READERS: u32 = 20_000;

fn uniform_threshold() -> DiffusionModel {
    DiffusionModel::LinearThreshold { threshold: Threshold::Drawn(DrawnThreshold::Uniform) }
}

fn complex(contacts: u32, probability: f64) -> DiffusionModel {
    DiffusionModel::ComplexContagion { contacts, probability: Probability::of(probability) }
}

/// Some of every kind, none of them certain.
fn models() -> [DiffusionModel; 6] {
    [
        sir(0.4, 0.3),
        rumour(0.6, 0.3),
        cascade(0.4),
        uniform_threshold(),
        fixed_threshold(0.3),
        complex(2, 0.5),
    ]
}

/// The stream of `reader` about one post.
fn stream(step: u32, reader: u32) -> Stream {
    let root = PostKey { author: AgentId(9), created: Step(2), ordinal: 0 };
    Stream::new(5, Purpose::Diffusion, Step(step), AgentId(reader)).about(root)
}

/// What `reader` does in `step` when it sees the copy of `by`, as one of `sharers` of ten that it follows.
fn meets(model: DiffusionModel, standing: Standing, [by, sharers]: [u32; 2], step: u32, reader: u32) -> Move {
    let encounter = Encounter { by: AgentId(by), sharers, followees: 10, standing };
    model.on_platform(&encounter, &stream(0, reader), &stream(step, reader))
}

/// The share of readers of whom `does` is true is `expected`, within four standard errors.
#[track_caller]
fn check_share(expected: f64, does: impl Fn(u32) -> bool) {
    let share = (0..READERS).filter(|&reader| does(reader)).count() as f64 / f64::from(READERS);
    let tolerance = 4.0 * (expected * (1.0 - expected) / f64::from(READERS)).sqrt();
    assert!((share - expected).abs() <= tolerance, "{share}, expected {expected} ± {tolerance}");
}

#[test]
fn a_cascade_has_one_chance_per_sharer_for_ever() {
    let shares =
        |by, step, reader| meets(cascade(0.3), Standing::Susceptible, [by, 1], step, reader) == Move::Share;
    check_share(0.3, |reader| shares(1, 1, reader));
    assert!((0..READERS).all(|reader| shares(1, 1, reader) == shares(1, 8, reader)));
    check_share(1.0 - 0.7 * 0.7, |reader| shares(1, 1, reader) || shares(2, 1, reader));
}

#[test]
fn sir_infects_on_each_encounter_anew() {
    let shares =
        |by, step, reader| meets(sir(0.3, 0.5), Standing::Susceptible, [by, 1], step, reader) == Move::Share;
    check_share(0.3, |reader| shares(1, 1, reader));
    check_share(1.0 - 0.7 * 0.7, |reader| shares(1, 1, reader) || shares(1, 2, reader));
    check_share(1.0 - 0.7 * 0.7, |reader| shares(1, 1, reader) || shares(2, 1, reader));
}

#[test]
fn sir_recovers_once_a_turn_with_encounters_or_without() {
    let model = sir(0.9, 0.2);
    let recovers = |step, reader| model.recovers(&stream(step, reader));
    check_share(0.2, |reader| recovers(1, reader));
    check_share(0.2 * 0.2, |reader| recovers(1, reader) && recovers(2, reader));
    for reader in 0..READERS {
        for by in [1, 2] {
            let found = meets(model, Standing::Active, [by, 1], 1, reader);
            assert_eq!(found, if recovers(1, reader) { Move::TakeBack } else { Move::Nothing });
        }
    }
    let others = models().into_iter().filter(|model| !matches!(model, DiffusionModel::Sir { .. }));
    assert!(others.into_iter().all(|model| (0..100).all(|reader| !model.recovers(&stream(1, reader)))));
}

#[test]
fn a_rumour_is_told_by_ignorants_and_taken_back_by_spreaders_who_meet_it_again() {
    let does = |standing, by, reader| meets(rumour(0.6, 0.3), standing, [by, 1], 1, reader);
    check_share(0.6, |reader| does(Standing::Susceptible, 1, reader) == Move::Share);
    check_share(0.3, |reader| does(Standing::Active, 1, reader) == Move::TakeBack);
    check_share(1.0 - 0.7 * 0.7, |reader| {
        [1, 2].map(|by| does(Standing::Active, by, reader)).contains(&Move::TakeBack)
    });
}

#[test]
fn a_threshold_is_drawn_once_and_held_against_the_share_of_sharers() {
    let shares = |sharers, step, reader| {
        meets(uniform_threshold(), Standing::Susceptible, [1, sharers], step, reader) == Move::Share
    };
    check_share(0.3, |reader| shares(3, 1, reader));
    check_share(0.8, |reader| shares(8, 1, reader));
    assert!((0..READERS).all(|reader| shares(10, 1, reader) && !shares(0, 1, reader)));
    assert!((0..READERS).all(|reader| shares(3, 1, reader) == shares(3, 7, reader)));
    assert!((0..READERS).all(|reader| shares(3, 1, reader) <= shares(4, 1, reader)));
}

#[test]
fn fixed_thresholds_and_contacts_share_at_their_very_number() {
    let shares = |model, sharers| meets(model, Standing::Susceptible, [1, sharers], 1, 1) == Move::Share;
    assert!(shares(fixed_threshold(0.3), 3) && !shares(fixed_threshold(0.3), 2));
    assert!(shares(fixed_threshold(0.0), 1));
    assert!(shares(complex(3, 1.0), 3) && !shares(complex(3, 1.0), 2));
    assert!(!shares(complex(1, 0.0), 10));
}

#[test]
fn each_contact_from_enough_on_is_one_chance() {
    let shares = |sharers, reader| {
        meets(complex(2, 0.4), Standing::Susceptible, [1, sharers], 1, reader) == Move::Share
    };
    check_share(0.0, |reader| shares(1, reader));
    check_share(0.4, |reader| shares(2, reader));
    check_share(1.0 - 0.6 * 0.6, |reader| shares(3, reader));
    check_share(1.0 - 0.6f64.powi(9), |reader| shares(10, reader));
}

#[test]
fn the_removed_do_nothing_and_only_sir_and_rumours_take_copies_back() {
    for model in models() {
        let forgets = matches!(model, DiffusionModel::Sir { .. } | DiffusionModel::MakiThompson { .. });
        let moves = |standing| (0..200).map(move |reader| meets(model, standing, [reader % 7, 8], 1, reader));
        assert!(moves(Standing::Removed).all(|found| found == Move::Nothing));
        assert!(moves(Standing::Susceptible).all(|found| found != Move::TakeBack));
        assert!(moves(Standing::Susceptible).any(|found| found == Move::Share));
        assert!(moves(Standing::Active).all(|found| found != Move::Share));
        assert_eq!(moves(Standing::Active).any(|found| found == Move::TakeBack), forgets);
    }
}

/// A few agents who hear each other at random: pairs [u, v] in which v hears u.
fn graphs() -> impl Strategy<Value = FollowGraph> {
    (2..25u32).prop_flat_map(|agents| {
        prop::collection::vec((0..agents, 0..agents), 0..120).prop_map(move |pairs| {
            let follow = |(from, to)| Follow { follower: AgentId(to), followee: AgentId(from) };
            FollowGraph::from_edges(agents, pairs.into_iter().map(follow).collect()).graph
        })
    })
}

/// The models in which what is decided is decided for ever.
fn lasting_models() -> impl Strategy<Value = DiffusionModel> {
    let share = || 0.0..=1.0f64;
    prop_oneof![
        share().prop_map(cascade),
        share().prop_map(fixed_threshold),
        Just(uniform_threshold()),
        (1..5u32, share()).prop_map(|(contacts, probability)| complex(contacts, probability)),
        (1..5u32).prop_map(|contacts| complex(contacts, 1.0)),
    ]
}

/// Who has shared once nobody moves any more, if agents see the copies of those that they follow one by one, in the
/// order of the permutation `places` of agents and time after time.
fn asked_one_by_one(
    model: DiffusionModel,
    graph: &FollowGraph,
    seeds: &[AgentId],
    places: &[AgentId],
) -> Vec<bool> {
    let mut shared = vec![false; graph.agents() as usize];
    seeds.iter().for_each(|seed| shared[seed.index()] = true);
    loop {
        let before = shared.clone();
        for &reader in places {
            let once = Stream::new(3, Purpose::Diffusion, Step(0), reader);
            let followees = graph.followees(reader);
            for &by in followees.iter().rev().filter(|followee| before[followee.index()]) {
                let sharers = followees.iter().filter(|followee| shared[followee.index()]).count() as u32;
                let standing = if shared[reader.index()] { Standing::Active } else { Standing::Susceptible };
                let encounter = Encounter { by, sharers, followees: followees.len() as u32, standing };
                if model.on_platform(&encounter, &once, &once) == Move::Share {
                    shared[reader.index()] = true;
                }
            }
        }
        if shared == before {
            return shared;
        }
    }
}

fn reached(model: DiffusionModel, graph: &FollowGraph, seeds: &[AgentId]) -> Vec<bool> {
    let mut spread = Spread::new(model, Contacts::Graph(graph), seeds, 3).expect("the case is valid");
    spread.run(u32::MAX);
    (0..graph.agents()).map(|agent| spread.state(AgentId(agent)) != Standing::Susceptible).collect()
}

proptest! {
    /// Cascades, thresholds and complex contagion do not depend on the order of things: agents who are asked one by
    /// one, by the rule of the platform, end where the synchronous rounds do.
    #[test]
    fn in_any_order_the_rule_of_the_platform_ends_where_the_classical_form_does(
        graph in graphs(),
        model in lasting_models(),
        order in any::<u64>(),
        seeds in 1..4u32,
    ) {
        let mut places: Vec<AgentId> = (0..graph.agents()).map(AgentId).collect();
        Stream::new(order, Purpose::Order, Step(0), AgentId(0)).shuffle(&mut places);
        let seeds: Vec<AgentId> = places.iter().copied().take(seeds as usize).collect();
        places.reverse();
        prop_assert_eq!(reached(model, &graph, &seeds), asked_one_by_one(model, &graph, &seeds, &places));
    }

    /// More seeds never reach fewer, nor others.
    #[test]
    fn more_seeds_reach_all_that_fewer_do(graph in graphs(), model in lasting_models(), seeds in 1..10u32) {
        let some: Vec<AgentId> = (0..seeds.min(graph.agents() - 1)).map(AgentId).collect();
        let more: Vec<AgentId> = some.iter().copied().chain([AgentId(graph.agents() - 1)]).collect();
        let both = reached(model, &graph, &some).into_iter().zip(reached(model, &graph, &more));
        prop_assert!(both.into_iter().all(|(with_some, with_more)| with_some <= with_more));
    }
}
