//! The behavioural policy: a multinomial logit over what to do about each post read.
//!
//! An agent reads its feed from the top until its session's time is up. For each post it takes the action of highest
//! utility plus Gumbel noise (McFadden 1974): a noisy, myopic best response. Utilities are linear in the features of the
//! post; ignoring it has utility 0. Noise is keyed by the root's stable key and the action, so one more post elsewhere
//! changes no other choice. Where a model of diffusion decides about sharing ([`Sharing`]), the rest is chosen the same
//! way. A note under the post is rated, or not, beside the choice. While time is left after the feed, the agent looks at
//! the accounts suggested to it and follows some, by a logit of their own.

use murmur_core::{Action, ActionKind, AgentId, Purpose, Step, Stream};
use serde::{Deserialize, Serialize};

use crate::{Decision, Observation, Seen, SeenAccount, SeenNote, Sharing, Writer};

/// How agents behave without a language model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BehaviourConfig {
    /// Mean number of posts that an average agent writes each time it is active.
    pub posts_per_session: f64,
    /// Mean length of a session in seconds; a session's length is exponentially distributed.
    pub session_seconds: f64,
    /// Seconds that reading a post takes.
    pub reading_seconds: f64,
    /// Seconds that writing a quote or a comment takes.
    pub writing_seconds: f64,
    /// Utility of liking a post.
    pub like: UtilityConfig,
    /// Utility of disliking a post.
    pub dislike: UtilityConfig,
    /// Utility of reposting.
    pub repost: UtilityConfig,
    /// Utility of quoting.
    pub quote: UtilityConfig,
    /// Utility of commenting.
    pub comment: UtilityConfig,
    /// Utility of following the author.
    pub follow: UtilityConfig,
    /// Utility of unfollowing the author.
    pub unfollow: UtilityConfig,
    /// Utility of muting the author.
    pub mute: UtilityConfig,
    /// Utility of reporting the post.
    pub report: UtilityConfig,
    /// Utility of following a suggested account.
    pub follow_suggested: UtilityConfig,
    /// Utility, added to the note's quality, of finding the note under a post helpful; not doing so has utility 0.
    pub rate_note: UtilityConfig,
}

impl Default for BehaviourConfig {
    fn default() -> Self {
        Self {
            posts_per_session: 0.08,
            session_seconds: 75.0,
            reading_seconds: 8.0,
            writing_seconds: 30.0,
            like: UtilityConfig::of(ActionKind::LikePost),
            dislike: UtilityConfig::of(ActionKind::DislikePost),
            repost: UtilityConfig::of(ActionKind::Repost),
            quote: UtilityConfig::of(ActionKind::QuotePost),
            comment: UtilityConfig::of(ActionKind::CreateComment),
            follow: UtilityConfig::of(ActionKind::Follow),
            unfollow: UtilityConfig::of(ActionKind::Unfollow),
            mute: UtilityConfig::of(ActionKind::Mute),
            report: UtilityConfig::of(ActionKind::ReportPost),
            follow_suggested: UtilityConfig::of_following_a_suggested_account(),
            rate_note: UtilityConfig::of_finding_a_note_helpful(),
        }
    }
}

impl BehaviourConfig {
    /// Puts the default in place of every coefficient that is left out.
    pub fn complete(&mut self) {
        for utility in self.utilities_mut() {
            utility.config.complete(&UtilityConfig::of(utility.kind));
        }
        self.follow_suggested.complete(&UtilityConfig::of_following_a_suggested_account());
        self.rate_note.complete(&UtilityConfig::of_finding_a_note_helpful());
    }

    /// The key, below `behaviour`, of a coefficient that is given and not finite.
    pub fn not_finite(&self) -> Option<String> {
        let not_finite = |section: &str, config: &UtilityConfig| {
            config.not_finite().map(|coefficient| format!("{section}.{coefficient}"))
        };
        let mut copy = self.clone();
        let mut weighed = copy.utilities_mut().into_iter();
        weighed
            .find_map(|utility| not_finite(utility.section, utility.config))
            .or_else(|| not_finite("follow_suggested", &self.follow_suggested))
            .or_else(|| not_finite("rate_note", &self.rate_note))
    }

    /// The utilities of the actions that are weighed for each post, in the order of their noise.
    fn utilities_mut(&mut self) -> [UtilitySection<'_>; WEIGHED] {
        let section = |section, kind, config| UtilitySection { section, kind, config };
        [
            section("like", ActionKind::LikePost, &mut self.like),
            section("dislike", ActionKind::DislikePost, &mut self.dislike),
            section("repost", ActionKind::Repost, &mut self.repost),
            section("quote", ActionKind::QuotePost, &mut self.quote),
            section("comment", ActionKind::CreateComment, &mut self.comment),
            section("follow", ActionKind::Follow, &mut self.follow),
            section("unfollow", ActionKind::Unfollow, &mut self.unfollow),
            section("mute", ActionKind::Mute, &mut self.mute),
            section("report", ActionKind::ReportPost, &mut self.report),
        ]
    }
}

/// Number of actions that an agent weighs for each post.
const WEIGHED: usize = 9;

/// Number of features of which a utility is made.
const FEATURES: usize = 14;

/// A table of the configuration that holds the utility of one action.
struct UtilitySection<'a> {
    section: &'static str,
    kind: ActionKind,
    config: &'a mut UtilityConfig,
}

/// Declares the coefficients once, for the configuration (where each may be left out) and for use.
macro_rules! coefficients {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Coefficients of one action's utility. What is left out keeps the action's default.
        #[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct UtilityConfig {
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<f64>,
            )*
        }

        impl UtilityConfig {
            fn all(coefficients: [f64; FEATURES]) -> Self {
                let [$($name,)*] = coefficients;
                Self { $($name: Some($name),)* }
            }

            fn complete(&mut self, defaults: &Self) {
                $(self.$name = self.$name.or(defaults.$name);)*
            }

            /// The name of a coefficient that is given and not finite.
            fn not_finite(&self) -> Option<&'static str> {
                let given = [$((stringify!($name), self.$name),)*];
                given.iter().find(|(_, value)| value.is_some_and(|value| !value.is_finite())).map(|(name, _)| *name)
            }
        }

        /// The coefficients of one action's utility, or the values of their features.
        #[derive(Clone, Copy, PartialEq, Debug)]
        struct Coefficients {
            $($name: f32,)*
        }

        impl Coefficients {
            /// What is not given weighs nothing, and nothing so much that a utility is more than a number can hold.
            fn from_config(config: &UtilityConfig) -> Self {
                Self { $($name: config.$name.unwrap_or(0.0).clamp(-1e30, 1e30) as f32,)* }
            }

            /// In the order in which they are declared.
            fn values(&self) -> [f32; FEATURES] {
                [$(self.$name,)*]
            }

            fn dot(&self, features: &Self) -> f32 {
                let mut sum = 0.0;
                $(sum += self.$name * features.$name;)*
                sum
            }
        }
    };
}

coefficients! {
    /// Utility of the action when all features are 0.
    constant,
    /// Per unit of interest: the cosine of the post's (of a suggested account: its profile's) vector and the agent's, in
    /// [-1, 1].
    interest,
    /// Per unit of agreement: 1 − |stance − opinion|, in [-1, 1]; 0 for a post without a topic and for an account.
    agreement,
    /// Per unit of social proof: ln(1 + n), n being those among the last 32 engagements with the root that are by
    /// followed accounts (of a suggested account: the followed accounts that follow it).
    social_proof,
    /// Per unit of popularity: ln(1 + likes + shares), of a suggested account ln(1 + followers).
    popularity,
    /// Per hour of the root's age, up to 24; 0 for an account.
    age,
    /// If the agent follows the author.
    follows,
    /// Per unit of fatigue: the share of the session that is over, in [0, 1]; 0 for an account.
    fatigue,
    /// Per unit of the agent's arousal on the post's topic, in [0, 1]; 0 without emotions and for an account.
    arousal,
    /// Per unit of the agent's valence on the post's topic, in [-1, 1]; 0 without emotions and for an account.
    valence,
    /// Per unit of belief: 2c − 1, c being the agent's credence in the claim that the post asserts, or 1 − 2c if it
    /// denies the claim, in [-1, 1]; 0 for a post without a claim and for an account.
    belief,
    /// If the post has a label or a note shown under it.
    flagged,
    /// Per unit of the friction that the platform puts before sharing, from 0 up; 0 without and for an account.
    friction,
    /// Per unit of the score shown: sign(s)·ln(1 + |s|), s being the root's likes less its dislikes; 0 for an account.
    /// It makes a herd of readers, who vote as others did; by default it weighs nothing.
    score,
}

impl UtilityConfig {
    /// The default coefficients of an action's utility, in the order in which they are declared. Of a mood only arousal
    /// weighs, on sharing: people pass on what stirs them, pleased or not (Berger and Milkman 2012).
    #[rustfmt::skip]
    fn of(kind: ActionKind) -> Self {
        Self::all(match kind {
            ActionKind::LikePost =>      [-3.6,  1.5,  0.8, 0.6,  0.10, -0.05, 0.3, -0.5, 0.0, 0.0,  0.5, -0.4,  0.0, 0.0],
            ActionKind::DislikePost =>   [-5.2,  0.5, -1.5, 0.0,  0.10, -0.05, 0.0, -0.5, 0.0, 0.0, -0.5,  0.0,  0.0, 0.0],
            ActionKind::Repost =>        [-4.9,  1.5,  1.0, 0.8,  0.15, -0.10, 0.4, -0.5, 0.5, 0.0,  1.0, -0.8, -1.0, 0.0],
            ActionKind::QuotePost =>     [-6.5,  1.5, -0.2, 0.4,  0.10, -0.10, 0.2, -0.8, 0.5, 0.0,  0.5, -0.3, -1.0, 0.0],
            ActionKind::CreateComment => [-5.5,  1.5, -0.3, 0.3,  0.10, -0.10, 0.3, -0.8, 0.0, 0.0,  0.0,  0.0,  0.0, 0.0],
            ActionKind::Follow =>        [-6.2,  1.5,  1.0, 0.3,  0.10, -0.05, 0.0, -0.5, 0.0, 0.0,  0.0,  0.0,  0.0, 0.0],
            ActionKind::Unfollow =>      [-6.5, -1.0, -1.8, 0.0,  0.00,  0.00, 0.0, -0.5, 0.0, 0.0,  0.0,  0.0,  0.0, 0.0],
            ActionKind::Mute =>          [-8.0, -0.5, -1.8, 0.0,  0.00,  0.00, 0.0, -0.5, 0.0, 0.0,  0.0,  0.0,  0.0, 0.0],
            ActionKind::ReportPost =>    [-8.5,  0.0, -2.0, 0.0,  0.00,  0.00, 0.0, -0.5, 0.0, 0.0, -0.5,  0.0,  0.0, 0.0],
            other => unreachable!("{} is no choice about a post", other.name()),
        })
    }

    /// The default coefficients of following a suggested account: about one in a hundred is followed, and about one in
    /// thirty of those that three followees follow.
    fn of_following_a_suggested_account() -> Self {
        Self {
            constant: Some(-5.0),
            interest: Some(1.5),
            social_proof: Some(0.8),
            popularity: Some(0.05),
            ..Self::all([0.0; FEATURES])
        }
    }

    /// The default coefficients of finding a note helpful: who agrees with the post does not like to see it corrected.
    fn of_finding_a_note_helpful() -> Self {
        Self { agreement: Some(-3.0), ..Self::all([0.0; FEATURES]) }
    }
}

/// How probable it is that an agent with its whole session before it takes each action about a post.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Engagement {
    /// It likes the post.
    pub like: f32,
    /// It dislikes it.
    pub dislike: f32,
    /// It reposts it.
    pub repost: f32,
    /// It quotes it.
    pub quote: f32,
    /// It comments on it.
    pub comment: f32,
    /// It follows the author.
    pub follow: f32,
    /// It unfollows the author.
    pub unfollow: f32,
    /// It mutes the author.
    pub mute: f32,
    /// It reports the post.
    pub report: f32,
}

/// The policy with its coefficients.
#[derive(Clone, Debug)]
pub struct Behaviour {
    config: BehaviourConfig,
    kinds: [ActionKind; WEIGHED],
    /// By feature, so that the utilities of all actions grow side by side.
    coefficients: [[f32; WEIGHED]; FEATURES],
    follow_suggested: Coefficients,
    rate_note: Coefficients,
    seed: u64,
}

impl Behaviour {
    /// The policy that `config` describes, in the run of `seed`.
    pub fn new(mut config: BehaviourConfig, seed: u64) -> Self {
        config.complete();
        let kinds = config.utilities_mut().map(|utility| utility.kind);
        let by_action =
            config.utilities_mut().map(|utility| Coefficients::from_config(utility.config).values());
        let coefficients = std::array::from_fn(|feature| by_action.map(|values| values[feature]));
        let follow_suggested = Coefficients::from_config(&config.follow_suggested);
        let rate_note = Coefficients::from_config(&config.rate_note);
        Self { config, kinds, coefficients, follow_suggested, rate_note, seed }
    }

    /// What the agent reads and does at `step`.
    pub fn decide(&self, step: Step, observation: Observation<'_>, writer: &Writer<'_>) -> Decision {
        let agent = observation.agent;
        let choices = Stream::new(self.seed, Purpose::Choice, step, agent);
        let words = Stream::new(self.seed, Purpose::Writing, step, agent);
        // Whether an agent rates a note does not depend on when it sees it.
        let ratings = Stream::new(self.seed, Purpose::Rating, Step(0), agent);
        let mut session = Session::begin(&self.config, Stream::new(self.seed, Purpose::Session, step, agent));
        let mut actions = self.write_posts(step, agent, writer);
        let mut read = 0;
        for seen in observation.feed {
            if session.is_over() {
                break;
            }
            read += 1;
            session.spend(self.config.reading_seconds);
            let fatigue = session.fatigue();
            let action = match seen.sharing {
                Sharing::Share => Some(Action::Repost(seen.post)),
                Sharing::TakeBack(row) => Some(Action::DeletePost(row)),
                Sharing::ByUtility | Sharing::Never => self
                    .choose(seen, fatigue, choices.about(seen.key))
                    .and_then(|kind| act(kind, agent, seen, writer, words.about(seen.key))),
            };
            if matches!(action, Some(Action::QuotePost(..) | Action::CreateComment(..))) {
                session.spend(self.config.writing_seconds);
            }
            actions.extend(action.filter(|action| !repeats(&actions, action)));
            if let Some(note) = seen.note {
                let rating = self.rating(note, seen, fatigue, ratings.about(seen.key));
                actions.extend(rating.map(|is_helpful| Action::RateNote(seen.post, is_helpful)));
            }
        }
        // Looking at suggestions takes no time, but an agent that has none left does not come to them.
        if !session.is_over() {
            for account in observation.suggested {
                let is_new = actions.iter().all(|action| action.target() != Some(account.agent));
                if is_new && self.follows_suggested(account, choices.about_agent(account.agent)) {
                    actions.push(Action::Follow(account.agent));
                }
            }
        }
        Decision { agent, read, looked: Vec::new(), actions }
    }

    /// The probabilities of all actions about a post for an agent that is not tired yet. What the platform would refuse
    /// has none.
    pub fn engagement(&self, seen: &Seen) -> Engagement {
        match seen.sharing {
            Sharing::Share => Engagement { repost: 1.0, ..Engagement::default() },
            Sharing::TakeBack(_) => Engagement::default(),
            Sharing::ByUtility | Sharing::Never => self.weigh(seen),
        }
    }

    /// The probabilities of all actions about a post about which the agent has a choice.
    fn weigh(&self, seen: &Seen) -> Engagement {
        let mut utilities = self.utilities(&features(seen, 0.0));
        for (utility, &kind) in utilities.iter_mut().zip(&self.kinds) {
            if !is_possible(kind, seen) {
                *utility = f32::NEG_INFINITY;
            }
        }
        // Ignoring the post has utility 0. Against the largest, no weight overflows.
        let largest = utilities.iter().fold(0f32, |largest, &utility| largest.max(utility));
        let weights = utilities.map(|utility| libm::expf(utility - largest));
        let sum = weights.iter().fold(libm::expf(-largest), |sum, weight| sum + weight);
        let [like, dislike, repost, quote, comment, follow, unfollow, mute, report] =
            weights.map(|weight| weight / sum);
        Engagement { like, dislike, repost, quote, comment, follow, unfollow, mute, report }
    }

    fn write_posts(&self, step: Step, agent: AgentId, writer: &Writer<'_>) -> Vec<Action> {
        let productivity = f64::from(writer.population.productivity(agent));
        let mut draws = Stream::new(self.seed, Purpose::Posting, step, agent);
        let count = draws.poisson(self.config.posts_per_session * productivity);
        (0..count).filter_map(|_| writer.post(agent, &mut draws)).map(Action::CreatePost).collect()
    }

    /// The action of highest utility plus noise; `None` to ignore the post.
    fn choose(&self, seen: &Seen, fatigue: f32, mut noise: Stream) -> Option<ActionKind> {
        let utilities = self.utilities(&features(seen, fatigue));
        let mut best = noise.gumbel();
        let mut choice = None;
        for (&kind, utility) in self.kinds.iter().zip(utilities) {
            // Every action draws its noise, possible or not, so that each keeps its own.
            let utility = utility + noise.gumbel();
            if utility > best && is_possible(kind, seen) {
                best = utility;
                choice = Some(kind);
            }
        }
        choice
    }

    /// The utility of every action about a post with these features.
    fn utilities(&self, features: &Coefficients) -> [f32; WEIGHED] {
        let mut utilities = [0.0; WEIGHED];
        for (coefficients, value) in self.coefficients.iter().zip(features.values()) {
            for (utility, coefficient) in utilities.iter_mut().zip(coefficients) {
                *utility += coefficient * value;
            }
        }
        utilities
    }

    /// Whether the agent finds a note helpful; `None` if it does not rate it. Of the draws about one post the first says
    /// whether, the second how, so that a higher rate leaves all ratings as they are and adds to them.
    fn rating(&self, note: SeenNote, seen: &Seen, fatigue: f32, mut draws: Stream) -> Option<bool> {
        if !draws.chance(f64::from(note.rate)) {
            return None;
        }
        let utility = f64::from(note.quality + self.rate_note.dot(&features(seen, fatigue)));
        Some(draws.chance(1.0 / (1.0 + libm::exp(-utility))))
    }

    /// Whether following the account has more utility plus noise than passing it over.
    fn follows_suggested(&self, account: &SeenAccount, mut noise: Stream) -> bool {
        let passing_over = noise.gumbel();
        self.follow_suggested.dot(&account_features(account)) + noise.gumbel() > passing_over
    }
}

/// The values that a post gives the coefficients' features.
fn features(seen: &Seen, fatigue: f32) -> Coefficients {
    Coefficients {
        constant: 1.0,
        interest: seen.interest,
        agreement: seen.agreement,
        social_proof: libm::log1pf(seen.social_proof as f32),
        popularity: libm::log1pf(seen.popularity as f32),
        age: (seen.age as f32 / 60.0).min(24.0),
        follows: if seen.ties.follows_author { 1.0 } else { 0.0 },
        fatigue,
        arousal: seen.mood.arousal,
        valence: seen.mood.valence,
        belief: seen.belief,
        flagged: if seen.is_flagged { 1.0 } else { 0.0 },
        friction: seen.friction,
        score: score(seen.score),
    }
}

/// The values that a suggested account gives the coefficients' features.
fn account_features(account: &SeenAccount) -> Coefficients {
    Coefficients {
        constant: 1.0,
        interest: account.interest,
        agreement: 0.0,
        social_proof: libm::log1pf(account.mutual as f32),
        popularity: libm::log1pf(account.followers as f32),
        age: 0.0,
        follows: 0.0,
        fatigue: 0.0,
        arousal: 0.0,
        valence: 0.0,
        belief: 0.0,
        flagged: 0.0,
        friction: 0.0,
        score: 0.0,
    }
}

/// What a score weighs: each further vote less than the one before, up or down alike.
fn score(votes: i32) -> f32 {
    libm::log1pf(votes.unsigned_abs() as f32).copysign(votes as f32)
}

/// Whether the platform would carry the action out, and it is the agent's to choose.
fn is_possible(kind: ActionKind, seen: &Seen) -> bool {
    let ties = seen.ties;
    if seen.sharing != Sharing::ByUtility && matches!(kind, ActionKind::Repost | ActionKind::QuotePost) {
        return false;
    }
    match kind {
        ActionKind::LikePost => !ties.likes,
        ActionKind::DislikePost => !ties.dislikes,
        ActionKind::Repost => !ties.reposted,
        ActionKind::Follow => !ties.follows_author,
        ActionKind::Unfollow => ties.follows_author,
        ActionKind::ReportPost => !ties.reported,
        // A feed shows nobody whom its reader has muted.
        _ => true,
    }
}

/// The action of this kind about a post; `None` if it takes words and the agent has none.
fn act(
    kind: ActionKind,
    agent: AgentId,
    seen: &Seen,
    writer: &Writer<'_>,
    mut words: Stream,
) -> Option<Action> {
    let post = seen.post;
    Some(match kind {
        ActionKind::LikePost => Action::LikePost(post),
        ActionKind::DislikePost => Action::DislikePost(post),
        ActionKind::Repost => Action::Repost(post),
        ActionKind::QuotePost => Action::QuotePost(post, writer.reply(agent, seen.topic, &mut words)?),
        ActionKind::CreateComment => {
            Action::CreateComment(post, writer.reply(agent, seen.topic, &mut words)?)
        }
        ActionKind::Follow => Action::Follow(seen.author),
        ActionKind::Unfollow => Action::Unfollow(seen.author),
        ActionKind::Mute => Action::Mute(seen.author),
        ActionKind::ReportPost => Action::ReportPost(post, Box::default()),
        ActionKind::CreatePost => Action::CreatePost(writer.post(agent, &mut words)?),
        other => unreachable!("{} is not weighed", other.name()),
    })
}

/// Whether the agent has decided the same about the same author before in this session: two posts of an author in a
/// feed are no reason to follow it twice.
fn repeats(actions: &[Action], action: &Action) -> bool {
    action.target().is_some() && actions.contains(action)
}

/// The time an agent spends on the platform in one step.
struct Session {
    length: f64,
    spent: f64,
}

impl Session {
    fn begin(config: &BehaviourConfig, mut draws: Stream) -> Self {
        Self { length: config.session_seconds * draws.exponential(), spent: 0.0 }
    }

    fn is_over(&self) -> bool {
        self.spent >= self.length
    }

    fn spend(&mut self, seconds: f64) {
        self.spent += seconds;
    }

    /// The share of the session that is over, at most 1.
    fn fatigue(&self) -> f32 {
        (self.spent / self.length).min(1.0) as f32
    }
}
