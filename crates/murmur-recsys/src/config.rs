//! The feed as a configuration lists it: pipelines of sources, scorers and a selector, behind common filters.
//!
//! A preset is a whole list; what a configuration gives besides takes the place of the preset's.

use serde::{Deserialize, Serialize};

use crate::Preset;

/// What agents are shown. A feed is filled by one or more pipelines, each with its slots.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeedConfig {
    /// The feed that all keys left out below are taken from. `docs/feeds.md` lists what each is made of.
    pub preset: Preset,
    /// Simulated minutes after which a row is no longer shown (the filter by age), rounded up to whole steps. A fresh
    /// repost of an old post is a young row. Default: the preset's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_age: Option<u32>,
    /// What a reader is never shown. Default: the preset's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Vec<FilterConfig>>,
    /// How the slots are filled. Slots that one pipeline cannot fill go to the next candidates of the others, so a feed
    /// keeps its length while there are posts to show. Default: the preset's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Vec<PipelineConfig>>,
}

/// One way from all posts to some rows of a feed: sources give candidates, what passes the filters is scored, and the
/// selector chooses.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineConfig {
    /// Rows of the feed that it fills.
    #[schemars(range(min = 1, max = 1000))]
    pub slots: u32,
    /// Where candidates come from. A post that several sources give counts for the first.
    pub source: Vec<SourceConfig>,
    /// How candidates are ranked: the weighted scores are added up, then the factors applied. Without scorers they keep
    /// the order of their sources.
    #[serde(default)]
    pub scorer: Vec<ScorerConfig>,
    /// How rows are chosen by their scores. Default: the best.
    #[serde(default)]
    pub selector: SelectorConfig,
}

/// A source of candidates.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Which posts it gives, and in which order.
    pub kind: Source,
    /// Candidates that it gives at most, after the filters.
    #[serde(default = "default_most")]
    #[schemars(range(min = 1, max = 10000))]
    pub most: u32,
}

fn default_most() -> u32 {
    50
}

/// Where in the recommender a post of a feed came from.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Rows of followed accounts, those shared last first.
    InNetwork,
    /// Posts nearest to the reader's text: its profile and the latest post among its last 32 rows. Where the x-score ranks the pipeline, those
    /// of highest x-score.
    Interest,
    /// Posts of the highest hot score (Reddit).
    Hot,
    /// Rows drawn uniformly from all live ones.
    Random,
    /// Posts on the reader's topics that gather likes and shares fastest: (likes + shares) / (hours + 2)^1.8 (the
    /// formula of Hacker News), topic by topic; of equal ones the older first.
    Trending,
    /// Posts among the last eight that each followed account likes, those liked by most of them first; of equal ones the
    /// later first. What followed accounts share or quote comes in-network.
    SocialProof,
}

impl Source {
    /// Every source; `ALL[source as usize] == source`.
    pub const ALL: [Self; 6] =
        [Self::InNetwork, Self::Interest, Self::Hot, Self::Random, Self::Trending, Self::SocialProof];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::InNetwork => "in-network",
            Self::Interest => "interest",
            Self::Hot => "hot",
            Self::Random => "random",
            Self::Trending => "trending",
            Self::SocialProof => "social-proof",
        }
    }
}

/// What a reader is never shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FilterConfig {
    /// The reader's own posts.
    Own {},
    /// What is written or shared by accounts that the reader has muted.
    Muted {},
    /// What is written or shared by accounts that the reader has blocked, or that have blocked it.
    Blocked {},
    /// What the reader has read before, until the row it read is too old to be shown.
    Seen {
        /// Posts that are remembered for each reader, the latest ones.
        #[serde(default = "default_seen")]
        #[schemars(range(min = 1, max = 256))]
        most: u32,
    },
    /// More than so many posts by one author in a feed.
    AuthorCap {
        /// Posts by one author in a feed.
        #[schemars(range(min = 1, max = 1000))]
        most: u32,
    },
}

fn default_seen() -> u32 {
    256
}

/// A term or factor of a candidate's score.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ScorerConfig {
    /// Reddit's hot score: sign(s)·log10(max(|s|, 1)) + seconds / 45000, s = likes − dislikes, with the seconds from
    /// the beginning of the run to the post.
    Hot {
        /// By what the score is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// OASIS's score for X, R × F × S: recency R = ln((271.8 − age) / 100) with the age in minutes, 0 from 171.8 on;
    /// fame F = max(1, log_1000(followers of the author + 1)); similarity S = the cosine of the reader's text (its
    /// profile and its latest post) and the post's, at least 0.
    XScore {
        /// By what the score is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// The cosine of the reader's text (its profile and its latest post) and the post's.
    Similarity {
        /// By what the cosine is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// The mean cosine of the post and the last 5 posts that the reader liked (OASIS's like-history term).
    LikeHistory {
        /// By what the mean is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// The number of likes.
    Likes {
        /// By what the number is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// 2^(−age / half-life), of the row that would be shown: 1 for a new one, also of an old post.
    Recency {
        /// By what the number is multiplied.
        #[serde(default = "one")]
        weight: f32,
        /// Minutes in which it halves.
        #[serde(default = "default_half_life")]
        half_life: f32,
    },
    /// The sum over actions of the probability that the reader takes it, as the behavioural model has it, times the
    /// action's weight: the form of X's published ranking.
    Engagement(EngagementConfig),
    /// 1 − |stance − the reader's opinion|, in [-1, 1]; 0 for a post without a topic.
    Agreement {
        /// By what the number is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// √(l·r), l and r being the likes from accounts that lean to either side of the post's topic. An account leans to
    /// where the stances of its own posts and of those it liked add up to.
    Bridging {
        /// By what the number is multiplied.
        #[serde(default = "one")]
        weight: f32,
    },
    /// A factor for the second, third, … best candidate of one author: (1 − floor)·decay^n + floor for the n-th after
    /// the best.
    AuthorDiversity {
        /// What each further candidate loses, 0 to 1.
        #[serde(default = "half")]
        decay: f32,
        /// The least factor, 0 to 1.
        #[serde(default = "quarter")]
        floor: f32,
    },
    /// A factor for posts by accounts that the reader does not follow.
    OutOfNetwork {
        /// The factor, above 0.
        #[serde(default = "three_quarters")]
        factor: f32,
    },
}

fn one() -> f32 {
    1.0
}

fn half() -> f32 {
    0.5
}

fn quarter() -> f32 {
    0.25
}

fn three_quarters() -> f32 {
    0.75
}

fn default_half_life() -> f32 {
    360.0
}

/// What an action of the reader is worth to the platform. The defaults are those that Twitter published with its ranking
/// model in 2023 (a reply is a comment, negative feedback a mute).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngagementConfig {
    /// By what the sum is multiplied.
    pub weight: f32,
    /// Of a like.
    pub like: f32,
    /// Of a dislike.
    pub dislike: f32,
    /// Of a repost.
    pub repost: f32,
    /// Of a quote.
    pub quote: f32,
    /// Of a comment.
    pub comment: f32,
    /// Of following the author.
    pub follow: f32,
    /// Of unfollowing the author.
    pub unfollow: f32,
    /// Of muting the author.
    pub mute: f32,
    /// Of a report.
    pub report: f32,
}

impl Default for EngagementConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            like: 0.5,
            dislike: 0.0,
            repost: 1.0,
            quote: 1.0,
            comment: 13.5,
            follow: 0.0,
            unfollow: 0.0,
            mute: -74.0,
            report: -369.0,
        }
    }
}

/// How rows are chosen among the scored candidates. Of equal scores the candidate that came first is the better.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SelectorConfig {
    /// The best, in order.
    #[default]
    Top,
    /// Drawn uniformly out of the best (OASIS's refresh).
    Sampled {
        /// How many of the best to draw from.
        #[schemars(range(min = 1, max = 10000))]
        buffer: u32,
    },
    /// Drawn one after the other, each with probability in proportion to exp(score / temperature).
    Softmax {
        /// In units of the score, above 0. The lower, the nearer to the best.
        temperature: f32,
    },
    /// Maximal marginal relevance (Carbonell and Goldstein 1998): one after the other the candidate of highest
    /// balance·score − (1 − balance)·(largest cosine with a row chosen before), scores scaled to 0..1.
    Mmr {
        /// 1 chooses by score alone, 0 by difference alone.
        balance: f32,
    },
}

impl EngagementConfig {
    /// Every weight with its key.
    pub(crate) fn weights(&self) -> [(&'static str, f32); 10] {
        [
            ("weight", self.weight),
            ("like", self.like),
            ("dislike", self.dislike),
            ("repost", self.repost),
            ("quote", self.quote),
            ("comment", self.comment),
            ("follow", self.follow),
            ("unfollow", self.unfollow),
            ("mute", self.mute),
            ("report", self.report),
        ]
    }
}
