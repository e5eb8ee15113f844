//! Agents, posts and configurations for tests of the behavioural policy, and its choices held against the logit.
#![allow(dead_code)] // Not every test needs everything.

use murmur_agents::{
    Behaviour, BehaviourConfig, Beliefs, Decision, InitialOpinions, Interests, Mood, Observation, Persona,
    Population, PreviousPost, Seen, SeenAccount, Sharing, Ties, UtilityConfig, Writer,
};
use murmur_core::{ActionKind, AgentId, PostId, PostKey, Stance, Step, TopicId};

pub(crate) const TOPICS: usize = 3;

/// The actions that are weighed for each post.
pub(crate) const WEIGHED: [ActionKind; 9] = [
    ActionKind::LikePost,
    ActionKind::DislikePost,
    ActionKind::Repost,
    ActionKind::QuotePost,
    ActionKind::CreateComment,
    ActionKind::Follow,
    ActionKind::Unfollow,
    ActionKind::Mute,
    ActionKind::ReportPost,
];

/// Agents that write in their own words: interested in what `interests` says, with these previous posts.
pub(crate) struct People {
    pub(crate) population: Population,
    pub(crate) beliefs: Beliefs,
}

pub(crate) fn persona(interests: &[u16], productivity: f32, previous: &[(&str, Option<u16>)]) -> Persona {
    Persona {
        user_name: "somebody".into(),
        name: "Somebody".into(),
        bio: "".into(),
        character: None,
        interests: interests.iter().fold(Interests::default(), |all, &topic| all.with(TopicId(topic))),
        hours: None,
        productivity,
        label: None,
        previous_posts: previous
            .iter()
            .map(|&(text, topic)| PreviousPost { text: text.into(), topic: topic.map(TopicId) })
            .collect(),
        vector: vec![1.0; 8].into(),
    }
}

pub(crate) fn people(personas: Vec<Persona>) -> People {
    let population = Population::from_personas(personas.into_iter(), 8);
    let beliefs = Beliefs::draw(population.len(), TOPICS, InitialOpinions::Uniform, 5);
    People { population, beliefs }
}

impl People {
    pub(crate) fn decide(&self, behaviour: &Behaviour, step: u32, agent: u32, feed: &[Seen]) -> Decision {
        self.decide_with_suggestions(behaviour, step, agent, feed, &[])
    }

    pub(crate) fn decide_with_suggestions(
        &self,
        behaviour: &Behaviour,
        step: u32,
        agent: u32,
        feed: &[Seen],
        suggested: &[SeenAccount],
    ) -> Decision {
        let writer = Writer { population: &self.population, beliefs: &self.beliefs };
        let observation = Observation { agent: AgentId(agent), feed, suggested };
        behaviour.decide(Step(step), observation, &writer)
    }
}

/// One agent interested in everything.
pub(crate) fn somebody() -> People {
    people(vec![persona(&[0, 1, 2], 1.0, &[])])
}

/// A post by `author` in a feed, without anything that pulls.
pub(crate) fn seen(id: u32, author: u32) -> Seen {
    Seen {
        post: PostId::new(id).unwrap(),
        root: PostId::new(id).unwrap(),
        author: AgentId(author),
        key: PostKey { author: AgentId(author), created: Step(0), ordinal: id as u16 },
        topic: Some(TopicId(0)),
        stance: Stance::default(),
        agreement: 0.0,
        interest: 0.0,
        social_proof: 0,
        popularity: 0,
        score: 0,
        age: 0,
        ties: Ties::default(),
        mood: Mood::default(),
        belief: 0.0,
        is_flagged: false,
        friction: 0.0,
        sharing: Sharing::ByUtility,
        note: None,
    }
}

/// The first coefficients in the order of the configuration's keys; the others are 0.
pub(crate) fn utility(coefficients: [f32; 8]) -> UtilityConfig {
    let [constant, interest, agreement, social_proof, popularity, age, follows, fatigue] =
        coefficients.map(|value| Some(f64::from(value)));
    let [arousal, valence, belief, flagged, friction, score] = [Some(0.0); 6];
    UtilityConfig {
        constant,
        interest,
        agreement,
        social_proof,
        popularity,
        age,
        follows,
        fatigue,
        arousal,
        valence,
        belief,
        flagged,
        friction,
        score,
    }
}

/// A session without end and no posts, with these utilities in the order of [`WEIGHED`].
pub(crate) fn endless(utilities: [UtilityConfig; 9]) -> BehaviourConfig {
    let [like, dislike, repost, quote, comment, follow, unfollow, mute, report] = utilities;
    BehaviourConfig {
        posts_per_session: 0.0,
        session_seconds: 1e15,
        like,
        dislike,
        repost,
        quote,
        comment,
        follow,
        unfollow,
        mute,
        report,
        ..BehaviourConfig::default()
    }
}

/// All actions have this constant and nothing else.
pub(crate) fn constants(of: impl Fn(ActionKind) -> f32) -> [UtilityConfig; 9] {
    WEIGHED.map(|kind| utility([of(kind), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
}

/// A chi-square value that `freedom` degrees exceed about once in 10⁵ (Wilson and Hilferty 1931, z = 4.3).
pub(crate) fn chi_square_limit(freedom: usize) -> f64 {
    let k = freedom as f64;
    let cube = 1.0 - 2.0 / (9.0 * k) + 4.3 * (2.0 / (9.0 * k)).sqrt();
    k * cube.powi(3)
}

/// Counts fit the probabilities of their cells by Pearson's test.
pub(crate) fn check_fit(counts: &[f64], probabilities: &[f64]) {
    let draws: f64 = counts.iter().sum();
    let mut statistic = 0.0;
    for (count, probability) in counts.iter().zip(probabilities) {
        let expected = draws * probability;
        assert!(expected == 0.0 || expected >= 5.0, "too few draws for a test: {probabilities:?}");
        match expected {
            0.0 => assert_eq!(*count, 0.0, "what is impossible happened"),
            _ => statistic += (count - expected).powi(2) / expected,
        }
    }
    let cells = probabilities.iter().filter(|&&probability| probability > 0.0).count();
    assert!(
        cells == 1 || statistic < chi_square_limit(cells - 1),
        "{statistic}: {counts:?} against {probabilities:?}"
    );
}

/// What the agent does about one post: the multinomial logit over ignoring it (utility 0) and `utilities`, each the
/// sum worked out by hand; `None` for an action that the platform would refuse.
pub(crate) fn check_choices(config: BehaviourConfig, post: Seen, utilities: [Option<f64>; 9]) {
    const DRAWS: u32 = 40_000;
    let somebody = somebody();
    let behaviour = Behaviour::new(config, 7);
    let mut counts = [0.0; 10];
    for step in 0..DRAWS {
        let decision = somebody.decide(&behaviour, step, 0, std::slice::from_ref(&post));
        let cell = decision.actions.first().map_or(0, |action| {
            1 + WEIGHED.iter().position(|&kind| kind == action.kind()).expect("a weighed action")
        });
        counts[cell] += 1.0;
    }
    let weights: Vec<f64> = std::iter::once(1.0)
        .chain(utilities.iter().map(|utility| utility.map_or(0.0, |utility| utility.exp())))
        .collect();
    let sum: f64 = weights.iter().sum();
    let probabilities: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    check_fit(&counts, &probabilities);
}

/// A session without end and no posts, with the default utilities.
pub(crate) fn by_default() -> BehaviourConfig {
    BehaviourConfig { posts_per_session: 0.0, session_seconds: 1e15, ..BehaviourConfig::default() }
}

/// A post that is likely to be shared and liked.
pub(crate) fn liked() -> Seen {
    Seen { interest: 0.8, agreement: 0.9, social_proof: 5, popularity: 400, age: 90, ..seen(1, 4) }
}
