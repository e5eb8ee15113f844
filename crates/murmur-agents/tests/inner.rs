//! What moods, beliefs, labels, friction, models of diffusion and notes do to what an agent does about a post.

mod common;

use common::{
    WEIGHED, by_default, check_choices, check_fit, constants, endless, liked, people, persona, seen, somebody,
};
use murmur_agents::{
    Behaviour, BehaviourConfig, Engagement, Mood, Seen, SeenNote, Sharing, Ties, UtilityConfig,
};
use murmur_core::{Action, ActionKind, AgentId, PostId, Purpose, Step, Stream};

/// The default coefficients before there were inner states, in the order of [`WEIGHED`].
const EIGHT_FEATURES: [[f32; 8]; 9] = [
    [-3.6, 1.5, 0.8, 0.6, 0.10, -0.05, 0.3, -0.5],
    [-5.2, 0.5, -1.5, 0.0, 0.10, -0.05, 0.0, -0.5],
    [-4.9, 1.5, 1.0, 0.8, 0.15, -0.10, 0.4, -0.5],
    [-6.5, 1.5, -0.2, 0.4, 0.10, -0.10, 0.2, -0.8],
    [-5.5, 1.5, -0.3, 0.3, 0.10, -0.10, 0.3, -0.8],
    [-6.2, 1.5, 1.0, 0.3, 0.10, -0.05, 0.0, -0.5],
    [-6.5, -1.0, -1.8, 0.0, 0.00, 0.00, 0.0, -0.5],
    [-8.0, -0.5, -1.8, 0.0, 0.00, 0.00, 0.0, -0.5],
    [-8.5, 0.0, -2.0, 0.0, 0.00, 0.00, 0.0, -0.5],
];

/// The utilities about a post in a session without end by these coefficients alone.
fn plain_utilities(post: &Seen) -> [f32; 9] {
    let features = [
        1.0,
        post.interest,
        post.agreement,
        libm::log1pf(post.social_proof as f32),
        libm::log1pf(post.popularity as f32),
        (post.age as f32 / 60.0).min(24.0),
        if post.ties.follows_author { 1.0 } else { 0.0 },
        0.0,
    ];
    EIGHT_FEATURES.map(|coefficients| {
        coefficients.iter().zip(features).fold(0.0, |sum, (coefficient, feature)| sum + coefficient * feature)
    })
}

fn probabilities(engagement: Engagement) -> [f32; 9] {
    let Engagement { like, dislike, repost, quote, comment, follow, unfollow, mute, report } = engagement;
    [like, dislike, repost, quote, comment, follow, unfollow, mute, report]
}

#[test]
fn without_inner_states_every_bit_is_as_without_their_features() {
    let (somebody, behaviour) = (somebody(), Behaviour::new(by_default(), 7));
    let mut draws = Stream::new(3, Purpose::Population, Step(0), AgentId(0));
    let mut acted = 0;
    for step in 0..20_000 {
        let post = Seen {
            interest: draws.uniform() as f32 * 2.0 - 1.0,
            agreement: draws.uniform() as f32 * 2.0 - 1.0,
            social_proof: draws.below(33),
            popularity: draws.below(5000),
            age: draws.below(3000),
            ties: Ties { follows_author: draws.chance(0.5), ..Ties::default() },
            ..seen(draws.below(1000) + 1, draws.below(1000))
        };
        let utilities = plain_utilities(&post);
        let is_possible = |kind| match kind {
            ActionKind::Follow => !post.ties.follows_author,
            ActionKind::Unfollow => post.ties.follows_author,
            _ => true,
        };
        let mut noise = Stream::new(7, Purpose::Choice, Step(step), AgentId(0)).about(post.key);
        let (mut best, mut choice) = (noise.gumbel(), None);
        for (kind, utility) in WEIGHED.into_iter().zip(utilities) {
            let utility = utility + noise.gumbel();
            if utility > best && is_possible(kind) {
                (best, choice) = (utility, Some(kind));
            }
        }
        let actions = somebody.decide(&behaviour, step, 0, std::slice::from_ref(&post)).actions;
        assert_eq!(actions.first().map(Action::kind), choice, "step {step}");
        acted += actions.len();

        let largest = utilities
            .iter()
            .zip(WEIGHED)
            .filter(|&(_, kind)| is_possible(kind))
            .fold(0f32, |largest, (&utility, _)| largest.max(utility));
        let weight = |(utility, kind)| if is_possible(kind) { libm::expf(utility - largest) } else { 0.0 };
        let mut place = utilities.into_iter().zip(WEIGHED).map(weight);
        let weights: [f32; 9] = std::array::from_fn(|_| place.next().unwrap());
        let sum = weights.iter().fold(libm::expf(-largest), |sum, weight| sum + weight);
        let expected = weights.map(|weight| (weight / sum).to_bits());
        assert_eq!(probabilities(behaviour.engagement(&post)).map(f32::to_bits), expected, "step {step}");
    }
    assert!(acted > 2_000, "{acted}");
}

/// One coefficient of liking, with everything else all but impossible.
fn check_feature(
    coefficient: fn(&mut UtilityConfig) -> &mut Option<f64>,
    value: f64,
    post: Seen,
    expected: f64,
) {
    let mut utilities = constants(|_| -60.0);
    utilities[0].constant = Some(0.0);
    *coefficient(&mut utilities[0]) = Some(value);
    let mut by_hand = [None; 9];
    by_hand[0] = Some(expected);
    check_choices(endless(utilities), post, by_hand);
}

#[test]
fn utilities_are_linear_in_moods_beliefs_flags_friction_and_score() {
    let post = || Seen {
        mood: Mood { arousal: 0.75, valence: -0.5 },
        belief: -0.25,
        is_flagged: true,
        friction: 2.0,
        ..seen(1, 4)
    };
    check_feature(|like| &mut like.arousal, 1.0, post(), 0.75);
    check_feature(|like| &mut like.valence, 1.0, post(), -0.5);
    check_feature(|like| &mut like.belief, 2.0, post(), -0.5);
    check_feature(|like| &mut like.flagged, -0.8, post(), -0.8);
    check_feature(|like| &mut like.flagged, -0.8, seen(1, 4), 0.0);
    check_feature(|like| &mut like.friction, -0.3, post(), -0.6);
    let scored = |score| Seen { score, ..seen(1, 4) };
    check_feature(|like| &mut like.score, 0.5, scored(6), 0.5 * 7f64.ln());
    check_feature(|like| &mut like.score, 0.5, scored(-1), -0.5 * 2f64.ln());
    check_feature(|like| &mut like.score, 0.5, scored(0), 0.0);
}

/// By how much the odds of each action against muting change, as logarithms: muting depends on no inner state.
fn odds_ratios(post: Seen, than: Seen) -> [f64; 9] {
    let behaviour = Behaviour::new(by_default(), 7);
    let log_odds = |post| {
        let probabilities = probabilities(behaviour.engagement(&post));
        probabilities.map(|probability| f64::from(probability / probabilities[7]).ln())
    };
    let (one, other) = (log_odds(post), log_odds(than));
    std::array::from_fn(|place| one[place] - other[place])
}

fn check_default(post: Seen, expected: &[(ActionKind, f64)]) {
    let ratios = odds_ratios(post, Seen { ties: liked().ties, ..liked() });
    for (kind, ratio) in WEIGHED.into_iter().zip(ratios) {
        let expected = expected.iter().find(|(changed, _)| *changed == kind).map_or(0.0, |&(_, by)| by);
        let is_impossible = kind == ActionKind::Unfollow;
        assert!(is_impossible || (ratio - expected).abs() < 1e-4, "{kind:?}: {ratio}, not {expected}");
    }
}

#[test]
fn by_default_who_believes_shares_and_who_is_warned_does_not() {
    use ActionKind::{DislikePost, LikePost, QuotePost, ReportPost, Repost};
    let belief = |by: f64| {
        [
            (LikePost, 0.5 * by),
            (Repost, by),
            (QuotePost, 0.5 * by),
            (DislikePost, -0.5 * by),
            (ReportPost, -0.5 * by),
        ]
    };
    check_default(Seen { belief: 0.8, ..liked() }, &belief(0.8));
    check_default(Seen { belief: -0.8, ..liked() }, &belief(-0.8));
    let flagged = [(Repost, -0.8), (LikePost, -0.4), (QuotePost, -0.3)];
    check_default(Seen { is_flagged: true, ..liked() }, &flagged);
    check_default(Seen { friction: 1.5, ..liked() }, &[(Repost, -1.5), (QuotePost, -1.5)]);
    check_default(Seen { score: 50, ..liked() }, &[]);
    let stirred = Mood { arousal: 0.5, valence: 0.0 };
    check_default(Seen { mood: stirred, ..liked() }, &[(Repost, 0.25), (QuotePost, 0.25)]);
    check_default(Seen { mood: Mood { valence: -1.0, ..Mood::default() }, ..liked() }, &[]);
}

fn is_share(action: &Action) -> bool {
    matches!(action, Action::Repost(_) | Action::QuotePost(..))
}

/// What one agent does about `post` in each of many steps.
fn choices(post: &Seen) -> Vec<Option<Action>> {
    let (somebody, behaviour) = (somebody(), Behaviour::new(by_default(), 7));
    let choice = |step| somebody.decide(&behaviour, step, 0, std::slice::from_ref(post)).actions.pop();
    (0..5_000).map(choice).collect()
}

#[test]
fn friction_makes_some_who_would_share_do_something_else_and_changes_nobody_elses_choice() {
    let all = [0.0, 0.5, 1.0, 2.0, 4.0].map(|friction| choices(&Seen { friction, ..liked() }));
    let shares =
        |choices: &[Option<Action>]| choices.iter().flatten().filter(|action| is_share(action)).count();
    for pair in all.windows(2) {
        let (less, more) = (&pair[0], &pair[1]);
        assert!(shares(more) + 50 < shares(less), "{} and {}", shares(more), shares(less));
        for (before, after) in less.iter().zip(more) {
            let may_differ = before.as_ref().is_some_and(is_share);
            assert!(may_differ || before == after, "{before:?} became {after:?}");
        }
    }
}

#[test]
fn fewer_share_what_is_flagged_and_more_share_what_they_believe() {
    let shares = |post: Seen| choices(&post).iter().flatten().filter(|action| is_share(action)).count();
    let doubted = shares(Seen { belief: -0.9, ..liked() });
    let believed = shares(Seen { belief: 0.9, ..liked() });
    let flagged = shares(Seen { belief: 0.9, is_flagged: true, ..liked() });
    assert!(doubted + 300 < flagged && flagged + 300 < believed, "{doubted} < {flagged} < {believed}");
}

#[test]
fn a_model_of_diffusion_decides_about_sharing_alone() {
    let row = PostId::from_index(70);
    let shared = choices(&Seen { sharing: Sharing::Share, ..liked() });
    assert!(shared.iter().all(|action| *action == Some(Action::Repost(liked().post))));
    let taken_back = choices(&Seen { sharing: Sharing::TakeBack(row), ..liked() });
    assert!(taken_back.iter().all(|action| *action == Some(Action::DeletePost(row))));

    let (free, never) = (choices(&liked()), choices(&Seen { sharing: Sharing::Never, ..liked() }));
    assert!(never.iter().flatten().all(|action| !is_share(action)));
    for (free, never) in free.iter().zip(&never).filter(|(free, _)| !free.as_ref().is_some_and(is_share)) {
        assert_eq!(free, never);
    }
    let utilities = plain_utilities(&liked()).map(|utility| Some(f64::from(utility)));
    let mut left = utilities;
    (left[2], left[3], left[6]) = (None, None, None);
    // One action in the test of fit must be expected five times: the two rarest are made as rare as nothing.
    let config =
        BehaviourConfig { mute: constants(|_| -60.0)[0], report: constants(|_| -60.0)[0], ..by_default() };
    (left[7], left[8]) = (None, None);
    check_choices(config, Seen { sharing: Sharing::Never, ..liked() }, left);
}

#[test]
fn what_is_decided_about_one_post_changes_no_choice_about_the_others() {
    let (somebody, behaviour) = (somebody(), Behaviour::new(endless(constants(|_| -0.5)), 9));
    let note = Some(SeenNote { quality: 0.0, rate: 1.0 });
    let mut acted = 0;
    for step in 0..500 {
        let others = |first: Seen| {
            let mut feed = vec![first];
            feed.extend((2..=6).map(|id| seen(id, id + 10)));
            let mut actions = somebody.decide(&behaviour, step, 0, &feed).actions;
            let is_first = |action: &Action| {
                action.post().map(PostId::get) == Some(1) || action.target() == Some(AgentId(11))
            };
            actions.retain(|action| !is_first(action));
            actions
        };
        let expected = others(seen(1, 11));
        acted += expected.len();
        for sharing in [Sharing::Never, Sharing::Share, Sharing::TakeBack(PostId::from_index(0))] {
            assert_eq!(others(Seen { sharing, note, ..seen(1, 11) }), expected, "step {step}");
        }
    }
    assert!(acted > 1_000, "{acted}");
}

const NOTES: u32 = 20_000;

/// How an agent rates the notes under many posts: `None` if it does not.
fn ratings(config: &BehaviourConfig, step: u32, agent: u32, post: &Seen) -> Vec<Option<bool>> {
    let people = people(vec![persona(&[0], 1.0, &[]), persona(&[0], 1.0, &[])]);
    let behaviour = Behaviour::new(config.clone(), 7);
    let feed: Vec<Seen> = (1..=NOTES)
        .map(|id| {
            let key = murmur_core::PostKey { created: Step(id), ..post.key };
            Seen { post: PostId::new(id).unwrap(), key, ..post.clone() }
        })
        .collect();
    let mut ratings = vec![None; NOTES as usize];
    for action in people.decide(&behaviour, step, agent, &feed).actions {
        if let Action::RateNote(post, is_helpful) = action {
            assert_eq!(ratings[post.index()].replace(is_helpful), None, "once");
        }
    }
    ratings
}

/// Of the readers the share `rate` rates, of them with log-odds of `utility` as helpful.
fn check_ratings(config: BehaviourConfig, post: Seen, note: SeenNote, utility: f64) {
    let mut counts = [0.0; 3];
    for rating in ratings(&config, 0, 0, &Seen { note: Some(note), ..post }) {
        counts[rating.map_or(0, |is_helpful| 1 + usize::from(is_helpful))] += 1.0;
    }
    let (rate, helpful) = (f64::from(note.rate), 1.0 / (1.0 + (-utility).exp()));
    check_fit(&counts, &[1.0 - rate, rate * (1.0 - helpful), rate * helpful]);
}

#[test]
fn camps_rate_notes_apart_and_quality_unites_them() {
    let agreeing = |agreement| Seen { agreement, ..seen(1, 4) };
    let note = |quality, rate| SeenNote { quality, rate };
    check_ratings(by_default(), agreeing(0.0), note(0.0, 0.5), 0.0);
    check_ratings(by_default(), agreeing(0.75), note(0.5, 0.25), 0.5 - 2.25);
    check_ratings(by_default(), agreeing(-0.75), note(0.5, 0.25), 0.5 + 2.25);
    check_ratings(by_default(), agreeing(0.75), note(3.0, 1.0), 3.0 - 2.25);
    check_ratings(by_default(), liked(), note(1.0, 0.0), 0.0);
    let rate_note = UtilityConfig { belief: Some(-2.0), agreement: Some(0.0), ..UtilityConfig::default() };
    let believed = Seen { belief: 0.5, ..agreeing(0.75) };
    check_ratings(BehaviourConfig { rate_note, ..by_default() }, believed, note(0.5, 1.0), -0.5);
}

#[test]
fn an_agent_rates_a_note_or_not_for_ever() {
    let rate = |step, agent, rate| {
        let note = Some(SeenNote { quality: 0.0, rate });
        ratings(&by_default(), step, agent, &Seen { note, ..liked() })
    };
    let few = rate(0, 0, 0.1);
    assert_eq!(few, rate(9, 0, 0.1));
    assert_ne!(few, rate(0, 1, 0.1));
    let more = rate(0, 0, 0.3);
    assert!(few.iter().zip(&more).all(|(few, more)| few.is_none() || few == more));
    assert!(few.iter().flatten().count() + 3_000 < more.iter().flatten().count());
}

#[test]
fn coefficients_of_rating_notes_are_left_out_or_finite() {
    let given = |agreement| {
        let rate_note = UtilityConfig { agreement: Some(agreement), ..UtilityConfig::default() };
        let mut config = BehaviourConfig { rate_note, ..by_default() };
        let not_finite = config.not_finite();
        config.complete();
        (not_finite, config.rate_note)
    };
    let (not_finite, completed) = given(-1.0);
    assert_eq!((not_finite, completed.agreement, completed.belief), (None, Some(-1.0), Some(0.0)));
    assert_eq!(given(f64::NAN).0.as_deref(), Some("rate_note.agreement"));
}
