//! The part of the configuration that is about interventions: what is done to whom, and when.

use murmur_core::{Probability, Stance};
use murmur_recsys::FeedConfig;
use serde::{Deserialize, Serialize};

use super::{AgentsConfig, NoMoreKeys, section};

/// The most interventions that a run can have.
pub(crate) const MOST_INTERVENTIONS: usize = 1000;

/// Something that the platform or the experimenter does while the run goes on. Interventions are carried out in the order
/// of the list: what is about accounts before anything else that a step carries out, what is about posts after all of it,
/// so that no post is shown without what was decided about it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterventionConfig {
    /// What tables call it.
    pub name: String,
    /// Whether there is such an intervention; without, the run is its control arm. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The first step in which it is in force. What it decides in a step shows in the feeds of the next. Default 0.
    #[serde(default)]
    pub from: u32,
    /// The step in which it is no longer in force: what it decided is taken back, but for what cannot be. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u32>,
    /// What has to be measured before it comes into force, in the step after; it then stays. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ConditionConfig>,
    /// Which posts or accounts it is about. Default: all.
    #[serde(default)]
    pub target: TargetConfig,
    /// What is done.
    #[serde(deserialize_with = "section::given")]
    pub action: ActionConfig,
}

/// A measure beyond a threshold; `docs/metrics.md` lists the measures.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionConfig {
    /// The measure's scope: `platform`, `cascade`, `opinion`, `network`, `claim`, `emotion`, …
    pub scope: String,
    /// What it is about: the name of a cascade, topic or claim. Default: nothing, as for the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The measure's name.
    pub measure: String,
    /// It holds once the measure is greater than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// It holds once the measure is less than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

/// Posts or accounts. What is given must all hold; with nothing given, all are meant. An intervention about posts takes
/// the roots that fit, one about accounts those that fit `accounts`, `group` and `share`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TargetConfig {
    /// Names of seed posts or of interventions that inject.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub posts: Vec<String>,
    /// Posts on this topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Posts whose stance on their topic is greater than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stance_above: Option<Stance>,
    /// Posts whose stance on their topic is less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stance_below: Option<Stance>,
    /// Posts about this claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Of these, those that assert it (true) or deny it (false). Default: both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asserts: Option<bool>,
    /// Posts that bear this label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Accounts, or posts by them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<AgentsConfig>,
    /// Accounts whose column `metrics.label` has this value, or posts by them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A share of what fits, drawn once: each post by its stable key, each account by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<Probability>,
}

/// What is done. `kind` says which.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActionConfig {
    /// A post is planted, once.
    Inject(InjectConfig),
    /// Posts are ranked lower in feeds.
    Demote(DemoteConfig),
    /// Posts are ranked higher in feeds.
    Amplify(AmplifyConfig),
    /// Posts are shown with a label.
    Label(LabelConfig),
    /// Posts are taken down with their reposts. Nothing brings them back.
    Remove(NoMoreKeys),
    /// Sharing a post takes a second thought.
    Friction(FrictionConfig),
    /// Accounts are warned of a claim before they meet it, once.
    Prebunk(PrebunkConfig),
    /// Accounts that have read a post asserting a claim are told what is right, each once a claim.
    Correct(CorrectConfig),
    /// Readers write and rate a note under each post; it is shown once raters of different minds find it helpful.
    Notes(NotesConfig),
    /// Accounts can do nothing, and nobody is shown their posts.
    Suspend(NoMoreKeys),
    /// Nobody else is shown the posts of the accounts.
    ShadowBan(NoMoreKeys),
    /// Accounts are served another feed.
    Feed(OtherFeedConfig),
    /// Accounts are made to follow others.
    Follow(TiesConfig),
    /// Accounts are made to follow others no longer.
    Unfollow(TiesConfig),
}

/// A post that is planted. It is about the author named here; the target is of no account.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InjectConfig {
    /// The agent that posts it.
    pub author: u32,
    /// The name of its topic.
    pub topic: String,
    /// Where it stands on the topic, -1 to 1.
    pub stance: Stance,
    /// Its words.
    pub text: String,
    /// The name of the claim that it is about. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Whether it asserts that claim, or denies it. Default true.
    #[serde(default = "yes")]
    pub asserts: bool,
}

pub(super) fn yes() -> bool {
    true
}

/// Posts ranked lower.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoteConfig {
    /// By what their scores are multiplied, 0 to 1; 0 keeps them out of all feeds.
    pub factor: f32,
}

/// Posts ranked higher.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmplifyConfig {
    /// By what their scores are multiplied, 1 to 1000.
    pub factor: f32,
}

/// A label under posts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelConfig {
    /// What it says. `behaviour` and `claim.label_discount` say what readers make of it.
    pub text: String,
}

/// A second thought before sharing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrictionConfig {
    /// Utility that reposting or quoting costs, from 0 to 1000: 1 makes it about e times rarer.
    pub cost: f32,
}

/// A warning before a claim is met.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrebunkConfig {
    /// The claim. `claim.resistance` says how much of its weight is resisted.
    pub claim: String,
    /// What language models are told.
    #[serde(default)]
    pub text: String,
}

/// A message to those who were exposed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectConfig {
    /// The claim that it is about: it moves beliefs towards its truth value, by `claim.correction`.
    pub claim: String,
    /// What language models are told.
    #[serde(default)]
    pub text: String,
}

/// Community notes. The bridging model is X's: a rating is μ + i_u + i_n + f_u·f_n.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NotesConfig {
    /// What a note says, as language models are told.
    pub text: String,
    /// How good the notes are on average: utility of finding one helpful, whoever reads it. What the reader thinks of the
    /// post counts besides, by `behaviour.rate_note`.
    pub quality: f32,
    /// Standard deviation of how good they are, 0 to 100.
    pub quality_spread: f32,
    /// Share of the readers of a post who rate its note.
    pub raters: Probability,
    /// Steps from one scoring of all notes to the next.
    #[schemars(range(min = 1))]
    pub every: u32,
    /// A note is shown when its intercept i_n is at least this.
    pub least_intercept: f64,
    /// A note is shown when it has at least so many ratings.
    pub least_ratings: u32,
}

impl Default for NotesConfig {
    fn default() -> Self {
        Self {
            text: "Readers added context that they thought people might want to know.".to_owned(),
            quality: 1.0,
            quality_spread: 3.0,
            raters: Probability::of(0.2),
            every: 10,
            least_intercept: 0.4,
            least_ratings: 5,
        }
    }
}

/// Another feed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherFeedConfig {
    /// The feed, with the same keys as `feed`.
    pub feed: FeedConfig,
}

/// Ties to be made or cut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TiesConfig {
    /// The accounts that are to be followed, or followed no longer.
    pub whom: AgentsConfig,
}

impl ActionConfig {
    /// Whether it is about posts; else it is about accounts.
    pub(crate) fn is_about_posts(&self) -> bool {
        matches!(
            self,
            Self::Demote(_)
                | Self::Amplify(_)
                | Self::Label(_)
                | Self::Remove(_)
                | Self::Friction(_)
                | Self::Notes(_)
        )
    }

    /// The label that it puts.
    pub(crate) fn label(&self) -> Option<&str> {
        match self {
            Self::Label(label) => Some(&label.text),
            _ => None,
        }
    }

    /// The claim that it names.
    pub(crate) fn claim(&self) -> Option<&str> {
        match self {
            Self::Inject(inject) => inject.claim.as_deref(),
            Self::Prebunk(prebunk) => Some(&prebunk.claim),
            Self::Correct(correct) => Some(&correct.claim),
            _ => None,
        }
    }

    /// What is wrong with it, if anything, naming the key below `action`.
    fn fault(&self) -> Option<String> {
        let within = |key: &str, value: f32, least: f32, most: f32| {
            let fits = (least..=most).contains(&value);
            (!fits).then(|| format!("{key}: expected a number from {least} to {most}, found {value}"))
        };
        match self {
            Self::Demote(demote) => within("factor", demote.factor, 0.0, 1.0),
            Self::Amplify(amplify) => within("factor", amplify.factor, 1.0, 1000.0),
            Self::Friction(friction) => within("cost", friction.cost, 0.0, 1000.0),
            Self::Label(label) if label.text.trim().is_empty() => {
                Some("text: expected what the label says, found nothing".to_owned())
            }
            Self::Notes(notes) if notes.every == 0 => {
                Some("every: expected at least 1 step, found 0".to_owned())
            }
            Self::Notes(notes) => {
                let least = notes.least_intercept;
                let unfit = || format!("least_intercept: expected a number, found {least}");
                within("quality", notes.quality, -100.0, 100.0)
                    .or_else(|| within("quality_spread", notes.quality_spread, 0.0, 100.0))
                    .or_else(|| (!least.is_finite()).then(unfit))
            }
            Self::Feed(other) => other.feed.fault(),
            _ => None,
        }
    }
}

impl TargetConfig {
    /// Criteria that are about posts and given, by their keys.
    fn about_posts(&self) -> Vec<&'static str> {
        let given = [
            ("posts", !self.posts.is_empty()),
            ("topic", self.topic.is_some()),
            ("stance_above", self.stance_above.is_some()),
            ("stance_below", self.stance_below.is_some()),
            ("claim", self.claim.is_some()),
            ("asserts", self.asserts.is_some()),
            ("label", self.label.is_some()),
        ];
        given.iter().filter(|(_, given)| *given).map(|(key, _)| *key).collect()
    }
}

impl InterventionConfig {
    /// What is wrong with it by itself, if anything, naming the key.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.name.trim().is_empty() {
            return Some("name: expected a name, found nothing".to_owned());
        }
        if let Some(until) = self.until.filter(|&until| until <= self.from) {
            return Some(format!("until: expected a step after {}, the first, found {until}", self.from));
        }
        if let Some(when) = &self.when {
            let found = match (when.above, when.below) {
                (Some(bound), None) | (None, Some(bound)) if bound.is_finite() => None,
                (Some(_), Some(_)) => Some("both".to_owned()),
                (Some(bound), None) | (None, Some(bound)) => Some(bound.to_string()),
                (None, None) => Some("neither".to_owned()),
            };
            if let Some(found) = found {
                return Some(format!("when: expected a number as either above or below, found {found}"));
            }
        }
        if self.target.asserts.is_some() && self.target.claim.is_none() {
            return Some("target.claim: expected the claim that posts assert or deny, found none".to_owned());
        }
        if let (Some(above), Some(below)) = (self.target.stance_above, self.target.stance_below)
            && above >= below
        {
            let (above, below) = (above.get(), below.get());
            return Some(format!(
                "target.stance_below: expected more than stance_above, {above}, found {below}"
            ));
        }
        if let ActionConfig::Inject(inject) = &self.action {
            if self.target != TargetConfig::default() {
                return Some("target: expected none, since action.author says who posts".to_owned());
            }
            if !inject.asserts && inject.claim.is_none() {
                return Some("action.claim: expected the claim that it denies, found none".to_owned());
            }
        }
        let about_posts = self.target.about_posts();
        if !self.action.is_about_posts() && !about_posts.is_empty() {
            return Some(format!(
                "target.{}: expected none, since what is done is about accounts: choose them by accounts, group or share",
                about_posts[0]
            ));
        }
        self.action.fault().map(|fault| format!("action.{fault}"))
    }
}
