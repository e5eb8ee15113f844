//! What reading does, by hand-made examples, in law, and over all parameters.

use murmur_core::{AgentId, Purpose, Step};
use proptest::prelude::*;

use super::OpinionModel::*;
use super::*;

fn at(value: f64) -> Stance {
    Stance::clamped(value as f32)
}

fn key(author: u32) -> PostKey {
    PostKey { author: AgentId(author), created: Step(2), ordinal: 0 }
}

/// Posts of these stances, each by another author.
fn posts(stances: &[f64]) -> Vec<Heard> {
    (0..).zip(stances).map(|(author, &stance)| Heard { stance: at(stance), key: key(author) }).collect()
}

fn draws(agent: u32) -> Stream {
    Stream::new(3, Purpose::Influence, Step(5), AgentId(agent))
}

fn parsed(json: &str) -> OpinionModel {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The opinion after reading posts of stances `heard`; it was 0.8 at the start of the run.
fn check(model: &str, opinion: f64, heard: &[f64], expected: f64) {
    let after = parsed(model).after(at(opinion), at(0.8), &posts(heard), &draws(0)).get();
    assert!((f64::from(after) - expected).abs() < 1e-6, "{model}: {after} instead of {expected}");
}

#[test]
fn a_fixed_opinion_stays() {
    check(r#"{"kind": "fixed"}"#, 0.3, &[-1.0, 1.0, 1.0], 0.3);
}

#[test]
fn averaging_weighs_the_mean_of_what_was_read() {
    check(r#"{"kind": "degroot", "weight": 0.25}"#, 0.4, &[-1.0, 0.0, 1.0, -0.8], 0.25);
    check(r#"{"kind": "degroot", "weight": 1.0}"#, 0.4, &[-1.0, 0.5], -0.25);
    check(r#"{"kind": "degroot", "weight": 0.0}"#, 0.4, &[-1.0, 0.5], 0.4);
}

#[test]
fn a_stubborn_agent_is_drawn_back_to_its_first_opinion() {
    let model = |susceptibility: f64| {
        format!(r#"{{"kind": "friedkin-johnsen", "weight": 0.5, "susceptibility": {susceptibility}}}"#)
    };
    check(&model(1.0), 0.4, &[-1.0, 0.0], -0.05);
    check(&model(0.5), 0.4, &[-1.0, 0.0], 0.375);
    check(&model(0.0), 0.4, &[-1.0, 0.0], 0.8);
}

#[test]
fn a_post_within_confidence_pulls_and_one_beyond_does_not() {
    let check = |confidence: f64, rate: f64, opinion, heard: &[f64], expected| {
        let model =
            format!(r#"{{"kind": "bounded-confidence", "confidence": {confidence}, "rate": {rate}}}"#);
        check(&model, opinion, heard, expected);
    };
    check(0.5, 0.1, 0.0, &[0.4], 0.04);
    check(0.5, 0.1, 0.0, &[-0.4], -0.04);
    check(0.5, 0.1, 0.0, &[0.6], 0.0);
    check(0.5, 1.0, 0.2, &[0.7], 0.7);
    check(2.0, 0.5, -1.0, &[1.0], 0.0);
    check(0.0, 0.5, 0.3, &[0.3], 0.3);
    // The second post is within reach only because of the first.
    check(0.5, 0.5, 0.0, &[0.4, 0.6], 0.4);
    check(0.5, 0.5, 0.0, &[0.6, 0.4], 0.2);
}

#[test]
fn the_mean_within_confidence_counts_oneself() {
    let model = r#"{"kind": "hegselmann-krause", "confidence": 0.5}"#;
    check(model, 0.0, &[0.3, 0.45, 0.6, -1.0], 0.25);
    check(model, 0.0, &[0.6, -1.0], 0.0);
}

#[test]
fn near_posts_pull_far_ones_push_off_and_others_do_nothing() {
    let model = r#"{"kind": "assimilation-repulsion", "acceptance": 0.5, "rejection": 1.0,
                    "rate": 0.1, "repulsion": 0.2}"#;
    check(model, 0.0, &[0.4], 0.04);
    check(model, 0.2, &[-0.8], 0.2);
    check(model, 0.2, &[-0.9], 0.42);
    check(model, 0.9, &[-0.9], 1.0);
    check(model, -0.9, &[0.9, -1.0], -1.0);
}

#[test]
fn a_majority_of_those_on_a_side_wins_and_a_tie_changes_nothing() {
    let model = r#"{"kind": "majority", "rate": 1.0}"#;
    check(model, 0.3, &[-0.1, -0.2, 0.9], -1.0);
    check(model, -0.3, &[-0.1, 0.2, 0.9, 0.0, 0.0], 1.0);
    check(model, 0.3, &[-1.0, 0.1], 1.0);
    check(model, -0.3, &[-1.0, 0.1, 0.0], -1.0);
    check(model, 0.0, &[0.0], 1.0);
}

#[test]
fn a_voter_takes_a_side_that_it_read() {
    let model = r#"{"kind": "voter", "rate": 1.0}"#;
    check(model, 0.3, &[-0.1, -0.7], -1.0);
    check(model, -0.3, &[0.1, 0.0], 1.0);
    check(model, -0.3, &[0.0, 0.0], -1.0);
    check(r#"{"kind": "voter", "rate": 0.0}"#, -0.3, &[1.0, 1.0], -1.0);
}

/// The share of 20,000 agents of opinion -1 who change over by reading `heard` lies within five standard errors of
/// `p`.
fn check_share(model: &str, heard: &[f64], p: f64) {
    const AGENTS: u32 = 20_000;
    let (model, heard) = (parsed(model), posts(heard));
    let changes = |&agent: &u32| model.after(at(-1.0), at(-1.0), &heard, &draws(agent)).get() > 0.0;
    let share = (0..AGENTS).filter(changes).count() as f64 / f64::from(AGENTS);
    let error = (p * (1.0 - p) / f64::from(AGENTS)).sqrt();
    assert!((share - p).abs() < 5.0 * error, "{share} instead of {p}");
}

#[test]
fn voters_choose_each_post_alike_and_change_at_their_rate() {
    check_share(r#"{"kind": "voter", "rate": 1.0}"#, &[0.5, -0.5, -1.0, 0.0, -0.1], 0.25);
    check_share(r#"{"kind": "voter", "rate": 1.0}"#, &[-0.5, -0.5, 0.2], 1.0 / 3.0);
    check_share(r#"{"kind": "voter", "rate": 0.3}"#, &[0.5, -0.5], 0.15);
    check_share(r#"{"kind": "majority", "rate": 0.3}"#, &[0.5, 0.5, -0.5], 0.3);
}

#[test]
fn a_voters_choice_depends_on_no_other_post_and_on_no_order() {
    let voter = OpinionModel::Voter { rate: Probability::of(1.0) };
    let some = posts(&[1.0, -1.0, 1.0, -1.0, 1.0]);
    let turned: Vec<Heard> = some.iter().rev().copied().collect();
    let mut taken = 0;
    for agent in 0..600 {
        let after = |heard: &[Heard]| voter.after(at(1.0), at(1.0), heard, &draws(agent));
        assert_eq!(after(&some), after(&turned));
        // One more post changes the choice only if it is chosen itself, which its stance then shows.
        let one_more = |stance| {
            let mut more = some.clone();
            more.insert(1, Heard { stance: at(stance), key: key(77) });
            after(&more)
        };
        let is_taken = one_more(1.0) != one_more(-1.0);
        taken += u32::from(is_taken);
        assert!(is_taken || one_more(1.0) == after(&some));
    }
    // A sixth of 600, within five standard errors.
    assert!((54..=146).contains(&taken), "{taken}");
}

#[test]
fn the_mean_is_not_conserved_by_one_sided_reading() {
    let model = parsed(r#"{"kind": "bounded-confidence", "confidence": 1.0, "rate": 0.5}"#);
    let after = model.after(at(0.0), at(0.0), &posts(&[0.75]), &draws(0));
    // The author stays at 0.75.
    assert_eq!(f64::from(after) + 0.75, 1.125);
}

#[test]
fn configurations_of_before_keep_their_meaning() {
    let BoundedConfidence { confidence, rate } = OpinionModel::default() else {
        panic!("{:?} is the default", OpinionModel::default())
    };
    assert_eq!((confidence, rate.get()), (0.6, 0.02));
    assert_eq!(parsed(r#"{"kind": "bounded-confidence"}"#), OpinionModel::default());
    assert_eq!(parsed(r#"{"kind": "fixed"}"#), OpinionModel::Fixed {});
}

#[test]
fn every_model_has_defaults_and_refuses_unknown_keys() {
    const KINDS: [&str; 8] = [
        "fixed",
        "degroot",
        "friedkin-johnsen",
        "bounded-confidence",
        "hegselmann-krause",
        "assimilation-repulsion",
        "voter",
        "majority",
    ];
    for kind in KINDS {
        let model = parsed(&format!(r#"{{"kind": "{kind}"}}"#));
        assert_eq!(model.fault(), None);
        assert_eq!(model.is_discrete(), ["voter", "majority"].contains(&kind));
        if kind != "fixed" {
            let unknown = serde_json::from_str::<OpinionModel>(&format!(r#"{{"kind": "{kind}", "x": 1}}"#));
            assert!(unknown.unwrap_err().to_string().contains("unknown field `x`"), "{kind}");
        }
    }
}

fn check_fault(model: &str, expected: &str) {
    assert_eq!(parsed(model).fault().as_deref(), Some(expected));
}

#[test]
fn faults_name_the_key_and_what_was_expected() {
    let confidence = "confidence: expected a number from 0 to 2, found 2.5";
    check_fault(r#"{"kind": "bounded-confidence", "confidence": 2.5}"#, confidence);
    check_fault(r#"{"kind": "hegselmann-krause", "confidence": 2.5}"#, confidence);
    check_fault(
        r#"{"kind": "assimilation-repulsion", "acceptance": -1}"#,
        "acceptance: expected a number from 0 to 2, found -1",
    );
    check_fault(
        r#"{"kind": "assimilation-repulsion", "acceptance": 0.5, "rejection": 0.4}"#,
        "rejection: expected a distance not below acceptance (0.5), found 0.4",
    );
}

/// Any model with any parameters in range.
fn any_model() -> impl Strategy<Value = OpinionModel> {
    let any = (0u8..8, 0.0..=1.0, 0.0..=1.0, 0.0..=2.0, 0.0..=2.0);
    any.prop_map(|(kind, first, second, near, far): (u8, f64, f64, f64, f64)| {
        let (weight, rate) = (Probability::of(first), Probability::of(second));
        match kind {
            0 => Fixed {},
            1 => Degroot { weight },
            2 => FriedkinJohnsen { weight, susceptibility: rate },
            3 => BoundedConfidence { confidence: near, rate },
            4 => HegselmannKrause { confidence: near },
            5 => AssimilationRepulsion {
                acceptance: near.min(far),
                rejection: near.max(far),
                rate: weight,
                repulsion: rate,
            },
            6 => Voter { rate },
            _ => Majority { rate },
        }
    })
}

/// Bounded confidence as it was computed before there were other models.
fn bounded_confidence_before(opinion: Stance, read: Stance, confidence: f64, rate: f64) -> Stance {
    if f64::from(opinion.distance(read)) > confidence {
        return opinion;
    }
    Stance::clamped(opinion.get() + rate as f32 * (read.get() - opinion.get()))
}

proptest! {
    #[test]
    fn bounded_confidence_gives_the_bits_that_it_gave_before(
        opinion in -1.0..=1.0,
        heard in proptest::collection::vec(-1.0..=1.0, 1..9),
        confidence in 0.0..=2.0,
        rate in 0.0..=1.0,
    ) {
        let model = BoundedConfidence { confidence, rate: Probability::of(rate) };
        let heard = posts(&heard);
        let before = |opinion, post: &Heard| {
            bounded_confidence_before(opinion, post.stance, confidence, rate)
        };
        let expected = heard.iter().fold(at(opinion), before).get();
        let after = model.after(at(opinion), at(opinion), &heard, &draws(1)).get();
        prop_assert_eq!(after.to_bits(), expected.to_bits());
    }

    #[test]
    fn opinions_stay_in_range_and_on_a_side_where_there_are_only_two(
        model in any_model(),
        opinion in -1.0..=1.0,
        initial in -1.0..=1.0,
        heard in proptest::collection::vec(-1.0..=1.0, 1..9),
    ) {
        prop_assert_eq!(model.fault(), None);
        let after = model.after(at(opinion), at(initial), &posts(&heard), &draws(1)).get();
        prop_assert!((-1.0..=1.0).contains(&after));
        prop_assert!(!model.is_discrete() || after.abs() == 1.0);
    }
}
