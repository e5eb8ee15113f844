//! The behavioural policy against the theory it claims: logit choices, exponential sessions, Poisson posting.

mod common;

use std::collections::BTreeMap;

use common::{
    People, WEIGHED, by_default, check_choices, check_fit, constants, endless, liked, people, persona, seen,
    somebody, utility,
};
use murmur_agents::{
    Behaviour, BehaviourConfig, Decision, Mood, Persona, Seen, SeenAccount, Sharing, Ties, UtilityConfig,
};
use murmur_core::{Action, ActionKind, AgentId, Draft, PostId, Probability, Slant, Text, TopicId};

#[test]
fn choices_follow_the_multinomial_logit() {
    let base = [-1.0, -2.0, -1.5, -3.0, -2.5, -2.0, -2.2, -4.0, -3.5];
    let kinds = |kind| base[WEIGHED.iter().position(|&weighed| weighed == kind).unwrap()];
    let config = || endless(constants(|kind| kinds(kind) as f32));

    let mut expected = base.map(Some);
    expected[6] = None; // one who does not follow cannot unfollow
    check_choices(config(), seen(1, 4), expected);

    let ties = Ties { follows_author: true, likes: true, dislikes: true, reposted: true, reported: true };
    let done = [None, None, None, Some(base[3]), Some(base[4]), None, Some(base[6]), Some(base[7]), None];
    check_choices(config(), Seen { ties, ..seen(1, 4) }, done);
}

/// One coefficient of liking, with everything else all but impossible.
fn check_feature(coefficients: [f32; 8], post: Seen, expected: f64) {
    let mut utilities = constants(|_| -60.0);
    utilities[0] = utility(coefficients);
    let mut by_hand = [None; 9];
    by_hand[0] = Some(expected);
    check_choices(endless(utilities), post, by_hand);
}

#[test]
fn utilities_are_linear_in_the_documented_features() {
    let post =
        || Seen { interest: 0.5, agreement: -0.25, social_proof: 3, popularity: 7, age: 150, ..seen(1, 4) };
    check_feature([0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], post(), 0.5);
    check_feature([0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], post(), 1.0);
    check_feature([0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0], post(), -0.5);
    check_feature([0.0, 0.0, 0.0, 0.7, 0.0, 0.0, 0.0, 0.0], post(), 0.7 * 4f64.ln());
    check_feature([0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0], post(), 0.4 * 8f64.ln());
    check_feature([0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0], post(), 1.0);
    check_feature([0.0, 0.0, 0.0, 0.0, 0.0, 0.05, 0.0, 0.0], Seen { age: 72 * 60, ..post() }, 1.2);
    let followed = Ties { follows_author: true, ..Ties::default() };
    check_feature([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.0], Seen { ties: followed, ..post() }, 0.9);
    check_feature([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.0], post(), 0.0);
    check_feature(
        [-1.0, 1.0, 1.0, 0.5, 0.5, -0.2, 0.3, 0.0],
        post(),
        -1.0 + 0.5 - 0.25 + 0.5 * 4f64.ln() + 0.5 * 8f64.ln() - 0.5,
    );
}

/// How often each action is chosen about a post is what the policy says of it beforehand.
fn check_engagement(config: BehaviourConfig, post: Seen) {
    const DRAWS: u32 = 40_000;
    let (somebody, behaviour) = (somebody(), Behaviour::new(config, 7));
    let engagement = behaviour.engagement(&post);
    let probabilities = [
        engagement.like,
        engagement.dislike,
        engagement.repost,
        engagement.quote,
        engagement.comment,
        engagement.follow,
        engagement.unfollow,
        engagement.mute,
        engagement.report,
    ];
    assert!(probabilities.iter().sum::<f32>() < 1.0 + 1e-6, "{engagement:?}");
    let mut counts = [0u32; 9];
    for step in 0..DRAWS {
        let actions = somebody.decide(&behaviour, step, 0, std::slice::from_ref(&post)).actions;
        for action in actions.iter().filter(|action| action.kind() != ActionKind::DeletePost) {
            counts[WEIGHED.iter().position(|&kind| kind == action.kind()).expect("a weighed action")] += 1;
        }
    }
    for (kind, (count, probability)) in WEIGHED.iter().zip(counts.into_iter().zip(probabilities)) {
        let expected = f64::from(DRAWS) * f64::from(probability);
        let deviation = (expected * f64::from(1.0 - probability)).max(0.0).sqrt();
        // Five standard deviations; a rare action's count is not normal.
        let bound = if expected > 0.0 { 5.0 * deviation + 3.0 } else { 0.0 };
        assert!((f64::from(count) - expected).abs() <= bound, "{kind:?}: {count}, expected {expected}");
    }
}

#[test]
fn engagement_is_known_beforehand() {
    let stirring = |post| Seen {
        mood: Mood { arousal: 0.9, valence: -0.5 },
        belief: 0.7,
        is_flagged: true,
        friction: 0.5,
        ..post
    };
    let followed = Ties { follows_author: true, ..Ties::default() };
    check_engagement(by_default(), seen(1, 4));
    check_engagement(by_default(), liked());
    check_engagement(by_default(), Seen { ties: followed, ..liked() });
    check_engagement(by_default(), Seen { agreement: -1.0, ties: followed, ..liked() });
    let ties = Ties { follows_author: true, likes: true, dislikes: true, reposted: true, reported: true };
    check_engagement(by_default(), Seen { ties, ..liked() });
    check_engagement(by_default(), stirring(liked()));
    for sharing in [Sharing::Never, Sharing::Share, Sharing::TakeBack(PostId::from_index(7))] {
        check_engagement(by_default(), Seen { sharing, ..stirring(liked()) });
    }
    // Utilities that a number holds and their exponentials do not.
    let certain = |large: f64| {
        let constant = |constant| UtilityConfig { constant: Some(constant), ..UtilityConfig::default() };
        BehaviourConfig { mute: constant(-large), follow: constant(large), ..by_default() }
    };
    check_engagement(certain(500.0), liked());
    check_engagement(certain(f64::MAX), liked());
}

/// An account that nothing speaks for.
fn account(agent: u32) -> SeenAccount {
    SeenAccount { agent: AgentId(agent), mutual: 0, interest: 0.0, followers: 0 }
}

/// A session without end, in which nothing is done but following suggested accounts with these coefficients.
fn following(coefficients: [f32; 8]) -> BehaviourConfig {
    BehaviourConfig { follow_suggested: utility(coefficients), ..endless(constants(|_| -60.0)) }
}

/// The account is followed by a logit with the utility, worked out by hand.
fn check_following(config: BehaviourConfig, account: SeenAccount, utility: f64) {
    let (somebody, behaviour) = (somebody(), Behaviour::new(config, 7));
    let mut counts = [0.0; 2];
    for step in 0..40_000 {
        let actions = somebody.decide_with_suggestions(&behaviour, step, 0, &[], &[account]).actions;
        assert!(actions.iter().all(|action| *action == Action::Follow(account.agent)));
        counts[actions.len()] += 1.0;
    }
    let probability = 1.0 / (1.0 + (-utility).exp());
    check_fit(&counts, &[1.0 - probability, probability]);
}

#[test]
fn suggested_accounts_are_followed_by_the_logit() {
    let known = SeenAccount { mutual: 3, interest: 0.5, followers: 99, ..account(4) };
    check_following(following([-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), known, -1.0);
    check_following(following([0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), known, 1.0);
    check_following(following([0.0, 0.0, 0.0, 0.7, 0.0, 0.0, 0.0, 0.0]), known, 0.7 * 4f64.ln());
    check_following(following([0.0, 0.0, 0.0, 0.0, -0.3, 0.0, 0.0, 0.0]), known, -0.3 * 100f64.ln());
    check_following(following([0.0, 0.0, 9.0, 0.0, 0.0, 9.0, 9.0, 9.0]), known, 0.0);
    let defaults = || BehaviourConfig {
        follow_suggested: BehaviourConfig::default().follow_suggested,
        ..following([0.0; 8])
    };
    check_following(defaults(), account(4), -5.0);
    check_following(defaults(), known, -5.0 + 0.75 + 0.8 * 4f64.ln() + 0.05 * 100f64.ln());
}

#[test]
fn a_coefficient_of_following_suggested_accounts_is_left_out_or_finite() {
    let given = |follow_suggested| BehaviourConfig { follow_suggested, ..following([0.0; 8]) };
    let interest = |interest| UtilityConfig { interest: Some(interest), ..UtilityConfig::default() };
    let resembling = SeenAccount { interest: 1.0, ..account(4) };
    check_following(given(interest(3.0)), resembling, -2.0);
    assert_eq!(given(interest(3.0)).not_finite(), None);
    let not_finite = given(interest(f64::NAN)).not_finite();
    assert_eq!(not_finite.as_deref(), Some("follow_suggested.interest"));
}

#[test]
fn an_agent_without_time_left_does_not_come_to_suggestions() {
    let config = BehaviourConfig {
        session_seconds: 1e-3,
        reading_seconds: 1e3,
        ..following([50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    };
    let (somebody, behaviour) = (somebody(), Behaviour::new(config, 7));
    let follows = |feed: &[Seen]| {
        somebody.decide_with_suggestions(&behaviour, 0, 0, feed, &[account(4), account(5)]).actions.len()
    };
    assert_eq!((follows(&[]), follows(&[seen(1, 9)])), (2, 0));
}

#[test]
fn what_the_feed_decided_about_an_account_stands() {
    for kind in [ActionKind::Follow, ActionKind::Mute] {
        let sure = utility([50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let config = BehaviourConfig {
            follow_suggested: sure,
            ..endless(constants(|other| if other == kind { 50.0 } else { -60.0 }))
        };
        let decision = somebody().decide_with_suggestions(
            &Behaviour::new(config, 3),
            0,
            0,
            &[seen(1, 4)],
            &[account(4), account(5)],
        );
        let decided: Vec<(ActionKind, u32)> =
            decision.actions.iter().map(|action| (action.kind(), action.target().unwrap().0)).collect();
        assert_eq!(decided, [(kind, 4), (ActionKind::Follow, 5)]);
    }
}

#[test]
fn one_more_suggestion_changes_no_choice_about_the_others() {
    let (somebody, behaviour) = (somebody(), Behaviour::new(following([0.0; 8]), 9));
    let others: Vec<SeenAccount> = (1..=6).map(account).collect();
    let mut followed = 0;
    for step in 0..500 {
        let mut more = others.clone();
        more.insert(step as usize % 7, account(99));
        let choices = |suggested: &[SeenAccount]| {
            let mut actions = somebody.decide_with_suggestions(&behaviour, step, 0, &[], suggested).actions;
            actions.retain(|action| *action != Action::Follow(AgentId(99)));
            actions
        };
        followed += choices(&others).len();
        assert_eq!(choices(&more), choices(&others), "step {step}");
    }
    assert!((1_300..1_700).contains(&followed), "{followed}");
}

#[test]
fn fatigue_is_the_share_of_the_session_that_is_over() {
    // A session that one post more than fills is over, so fatigue is 1 when the agent decides.
    let mut utilities = constants(|_| -60.0);
    utilities[0] = utility([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -2.0]);
    let config = BehaviourConfig { session_seconds: 1e-3, reading_seconds: 1e3, ..endless(utilities) };
    let mut expected = [None; 9];
    expected[0] = Some(-1.0);
    check_choices(config, seen(1, 4), expected);
}

#[test]
fn what_cannot_be_done_is_never_chosen() {
    let check = |kind: ActionKind, ties: Ties| {
        let config = endless(constants(|other| if other == kind { 50.0 } else { -60.0 }));
        let (somebody, behaviour) = (somebody(), Behaviour::new(config, 3));
        for step in 0..200 {
            let possible =
                somebody.decide(&behaviour, step, 0, &[Seen { ties: opposite(ties), ..seen(1, 4) }]);
            assert_eq!(possible.actions.iter().map(Action::kind).collect::<Vec<_>>(), [kind]);
            let impossible = somebody.decide(&behaviour, step, 0, &[Seen { ties, ..seen(1, 4) }]);
            assert_eq!(impossible.actions, [], "{kind:?}");
        }
    };
    let none = Ties::default();
    check(ActionKind::LikePost, Ties { likes: true, ..none });
    check(ActionKind::DislikePost, Ties { dislikes: true, ..none });
    check(ActionKind::Repost, Ties { reposted: true, ..none });
    check(ActionKind::ReportPost, Ties { reported: true, ..none });
    check(ActionKind::Follow, Ties { follows_author: true, ..none });
    check(ActionKind::Unfollow, Ties { follows_author: false, ..none });
}

/// Ties under which an action that `ties` rule out is possible.
fn opposite(ties: Ties) -> Ties {
    Ties { follows_author: !ties.follows_author, ..Ties::default() }
}

#[test]
fn one_more_post_in_the_feed_changes_no_choice_about_the_others() {
    // Every action is likely, and nothing depends on fatigue.
    let (somebody, behaviour) = (somebody(), Behaviour::new(endless(constants(|_| -0.5)), 9));
    let others: Vec<Seen> = (1..=6).map(|id| seen(id, id + 10)).collect();
    let mut acted = 0;
    for step in 0..500 {
        let mut more = others.clone();
        more.insert(step as usize % 7, seen(99, 99));
        let choices = |feed: &[Seen]| -> Vec<(ActionKind, u32)> {
            let actions = somebody.decide(&behaviour, step, 0, feed).actions;
            let about = |action: &Action| {
                let author = action.target().map(|agent| agent.0);
                (action.kind(), author.unwrap_or_else(|| action.post().unwrap().get() + 10))
            };
            actions.iter().map(about).filter(|&(_, author)| author != 99 && author != 109).collect()
        };
        acted += choices(&others).len();
        assert_eq!(choices(&more), choices(&others), "step {step}");
    }
    assert!(acted > 1_500, "{acted}");
}

#[test]
fn decisions_depend_on_step_agent_and_seed_and_on_nothing_else() {
    let people = people(vec![persona(&[0], 1.0, &[]), persona(&[0], 1.0, &[])]);
    let behaviour = |seed| Behaviour::new(endless(constants(|_| -0.5)), seed);
    let feed: Vec<Seen> = (1..=20).map(|id| seen(id, id + 10)).collect();
    let kinds = |seed, step, agent| -> Vec<ActionKind> {
        people.decide(&behaviour(seed), step, agent, &feed).actions.iter().map(Action::kind).collect()
    };
    assert_eq!(kinds(1, 1, 0), kinds(1, 1, 0));
    assert_ne!(kinds(1, 1, 0), kinds(2, 1, 0));
    assert_ne!(kinds(1, 1, 0), kinds(1, 2, 0));
    assert_ne!(kinds(1, 1, 0), kinds(1, 1, 1));
}

/// Of a feed of `length` posts, a reader whose time is exponential with mean `session` reads another post while time
/// is left: (1 − q^length) / (1 − q) posts on average, with q = exp(−reading / session).
fn check_posts_read(session: f64, reading: f64, length: u32) {
    const SESSIONS: u32 = 40_000;
    let config = BehaviourConfig {
        session_seconds: session,
        reading_seconds: reading,
        ..endless(constants(|_| -60.0))
    };
    let (somebody, behaviour) = (somebody(), Behaviour::new(config, 3));
    let feed: Vec<Seen> = (1..=length).map(|id| seen(id, id)).collect();
    let read = (0..SESSIONS).map(|step| somebody.decide(&behaviour, step, 0, &feed).read as f64);
    let (sum, squares) = read.fold((0.0, 0.0), |(sum, squares), read| (sum + read, squares + read * read));
    let mean = sum / f64::from(SESSIONS);
    let error = ((squares / f64::from(SESSIONS) - mean * mean) / f64::from(SESSIONS)).sqrt();
    let q = (-reading / session).exp();
    let expected = (1.0 - q.powi(length as i32)) / (1.0 - q);
    assert!((mean - expected).abs() < 5.0 * error + 1e-6, "{mean} instead of {expected} (± {error})");
}

#[test]
fn time_cuts_reading_as_exponential_sessions_do() {
    check_posts_read(75.0, 8.0, 10);
    check_posts_read(8.0, 8.0, 10);
    check_posts_read(1.0, 8.0, 10);
    check_posts_read(1e9, 8.0, 10);
    check_posts_read(75.0, 8.0, 1);
    check_posts_read(75.0, 8.0, 0);
}

#[test]
fn writing_takes_time_from_reading() {
    // Every post is answered, so a post costs reading and writing.
    let comments = constants(|kind| if kind == ActionKind::CreateComment { 50.0 } else { -60.0 });
    let config = BehaviourConfig {
        session_seconds: 100.0,
        reading_seconds: 5.0,
        writing_seconds: 45.0,
        ..endless(comments)
    };
    let (somebody, behaviour) = (somebody(), Behaviour::new(config, 3));
    let feed: Vec<Seen> = (1..=50).map(|id| seen(id, id)).collect();
    let decisions: Vec<Decision> =
        (0..20_000).map(|step| somebody.decide(&behaviour, step, 0, &feed)).collect();
    assert!(decisions.iter().all(|decision| decision.actions.len() == decision.read));
    let mean = decisions.iter().map(|decision| decision.read as f64).sum::<f64>() / 20_000.0;
    let expected = 1.0 / (1.0 - (-0.5f64).exp());
    assert!((mean - expected).abs() < 0.08, "{mean} instead of {expected}");
}

#[test]
fn two_posts_of_an_author_are_no_reason_to_do_the_same_to_it_twice() {
    for kind in [ActionKind::Follow, ActionKind::Unfollow, ActionKind::Mute] {
        let config = endless(constants(|other| if other == kind { 50.0 } else { -60.0 }));
        let ties = Ties { follows_author: kind == ActionKind::Unfollow, ..Ties::default() };
        let feed: Vec<Seen> = (1..=6).map(|id| Seen { ties, ..seen(id, 20 + id % 2) }).collect();
        let actions = somebody().decide(&Behaviour::new(config, 3), 0, 0, &feed).actions;
        let targets: Vec<u32> = actions.iter().map(|action| action.target().unwrap().0).collect();
        assert_eq!(targets, [21, 20], "{kind:?}");
    }
}

/// The posts of an agent of this productivity, session by session, are Poisson with this mean.
fn check_posting(rate: f64, productivity: f32) {
    let people = people(vec![persona(&[0], productivity, &[])]);
    let config = BehaviourConfig { posts_per_session: rate, ..endless(constants(|_| -60.0)) };
    let behaviour = Behaviour::new(config, 21);
    let mut counts = BTreeMap::<usize, f64>::new();
    for step in 0..40_000 {
        let actions = people.decide(&behaviour, step, 0, &[]).actions;
        assert!(actions.iter().all(|action| action.kind() == ActionKind::CreatePost));
        *counts.entry(actions.len()).or_default() += 1.0;
    }
    let mean = rate * f64::from(productivity);
    let mut probability = (-mean).exp();
    let (mut cells, mut probabilities, mut rest) = (Vec::new(), Vec::new(), 1.0);
    // Cells that expect at least ten, and one for all that is beyond them.
    for posts in 0.. {
        if rest - probability < 10.0 / 40_000.0 || (posts as f64 > mean && probability < 10.0 / 40_000.0) {
            break;
        }
        cells.push(counts.remove(&posts).unwrap_or(0.0));
        probabilities.push(probability);
        rest -= probability;
        probability *= mean / (posts + 1) as f64;
    }
    cells.push(counts.values().sum());
    probabilities.push(rest);
    check_fit(&cells, &probabilities);
}

#[test]
fn posting_is_poisson_with_the_rate_times_productivity() {
    check_posting(0.08, 1.0);
    check_posting(0.5, 3.0);
    check_posting(3.0, 0.25);
    let silent = BehaviourConfig { posts_per_session: 0.0, ..BehaviourConfig::default() };
    assert_eq!(somebody().decide(&Behaviour::new(silent, 1), 0, 0, &[]).actions, []);
}

/// What an agent posts in many sessions.
fn posts_of(people: &People, agent: u32) -> Vec<Draft> {
    let config = BehaviourConfig { posts_per_session: 1.0, ..endless(constants(|_| -60.0)) };
    let behaviour = Behaviour::new(config, 2);
    (0..3_000)
        .flat_map(|step| people.decide(&behaviour, step, agent, &[]).actions)
        .map(|action| match action {
            Action::CreatePost(draft) => draft,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn texts_are_about_the_authors_interests_and_lean_as_it_does() {
    let interests: [&[u16]; 4] = [&[0], &[1, 2], &[0, 1, 2], &[2]];
    let people = people(interests.iter().map(|interests| persona(interests, 1.0, &[])).collect());
    for (agent, interests) in (0..).zip(interests) {
        let opinions = people.beliefs.of(AgentId(agent));
        let mut counts = vec![0.0; interests.len()];
        for draft in posts_of(&people, agent) {
            let topic = draft.topic.expect("a phrase has a topic");
            counts[interests.iter().position(|&interest| interest == topic.0).expect("an interest")] += 1.0;
            assert_eq!(draft.stance, opinions[topic.index()]);
            let Text::Phrase(phrase) = draft.text else { panic!("a phrase") };
            assert_eq!((phrase.topic, phrase.slant), (topic, Slant::of(draft.stance)));
        }
        check_fit(&counts, &vec![1.0 / interests.len() as f64; interests.len()]);
    }
}

#[test]
fn who_brings_posts_along_posts_them_again() {
    let people = people(vec![
        persona(&[0], 1.0, &[("tea is fine", Some(1)), ("good morning", None)]),
        persona(&[], 1.0, &[("hello", None)]),
        persona(&[], 1.0, &[]),
    ]);
    let texts = |agent| -> Vec<(String, Option<u16>, f32)> {
        let mut texts: Vec<_> = posts_of(&people, agent)
            .into_iter()
            .map(|draft| match draft.text {
                Text::Own(words) => (words.to_string(), draft.topic.map(|topic| topic.0), draft.stance.get()),
                Text::Phrase(_) => panic!("words of its own"),
            })
            .collect();
        texts.sort_by(|a, b| a.0.cmp(&b.0));
        texts.dedup();
        texts
    };
    let opinion = people.beliefs.of(AgentId(0))[1].get();
    assert_eq!(
        texts(0),
        [("good morning".to_owned(), None, 0.0), ("tea is fine".to_owned(), Some(1), opinion)]
    );
    assert_eq!(texts(1), [("hello".to_owned(), None, 0.0)]);
    assert!(posts_of(&people, 2).is_empty());
}

#[test]
fn answers_are_about_the_post_and_need_something_to_say() {
    let people = people(vec![persona(&[1], 1.0, &[]), persona(&[], 1.0, &[])]);
    let comments = constants(|kind| if kind == ActionKind::CreateComment { 50.0 } else { -60.0 });
    let behaviour = Behaviour::new(endless(comments), 2);
    let topics = |agent, topic: Option<u16>| -> Vec<Option<u16>> {
        let feed = [Seen { topic: topic.map(TopicId), ..seen(1, 4) }];
        let topic_of = |action| match action {
            Action::CreateComment(_, draft) => draft.topic.map(|topic| topic.0),
            other => panic!("{other:?}"),
        };
        people.decide(&behaviour, 0, agent, &feed).actions.into_iter().map(topic_of).collect()
    };
    assert_eq!(topics(0, Some(2)), [Some(2)]);
    assert_eq!(topics(0, None), [Some(1)]);
    assert_eq!(topics(1, Some(2)), [Some(2)]);
    assert_eq!(topics(1, None), []);
}

#[test]
fn hours_are_kept_and_their_absence_means_always() {
    let hours = std::array::from_fn(|hour| Probability::of(hour as f64 / 32.0));
    let kept = Persona { hours: Some(hours), ..persona(&[0], 1.0, &[]) };
    let people = people(vec![kept, persona(&[0], 1.0, &[])]);
    for hour in 0..24 {
        assert_eq!(people.population.activity(hour), [hour as f32 / 32.0, 1.0]);
    }
}
