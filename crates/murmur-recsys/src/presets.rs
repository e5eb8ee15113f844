//! The feeds that have a name.

use serde::{Deserialize, Serialize};

use crate::config::{
    EngagementConfig, FilterConfig, PipelineConfig, ScorerConfig, SelectorConfig, Source, SourceConfig,
};

/// A feed with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Rows drawn uniformly.
    Random,
    /// Followed accounts, the latest first.
    Chronological,
    /// Drawn from the hundred posts of highest hot score.
    Reddit,
    /// OASIS's feed for X: seven drawn from the fifty of highest R × F × S, and the three most liked posts of followed
    /// accounts.
    OasisX,
    /// X's published form: every source, ranked by predicted engagement, with author diversity and a factor for
    /// accounts not followed.
    #[default]
    XLike,
    /// What agrees with the reader.
    EchoChamber,
    /// What both sides like.
    Bridging,
}

/// A feed in full.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Parts {
    pub(crate) max_age: u32,
    pub(crate) filter: Vec<FilterConfig>,
    pub(crate) pipeline: Vec<PipelineConfig>,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 7] = [
        Self::Random,
        Self::Chronological,
        Self::Reddit,
        Self::OasisX,
        Self::XLike,
        Self::EchoChamber,
        Self::Bridging,
    ];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Chronological => "chronological",
            Self::Reddit => "reddit",
            Self::OasisX => "oasis-x",
            Self::XLike => "x-like",
            Self::EchoChamber => "echo-chamber",
            Self::Bridging => "bridging",
        }
    }

    /// What the preset is made of.
    pub(crate) fn parts(self) -> Parts {
        Parts { max_age: 1440, filter: filters(self), pipeline: pipelines(self) }
    }
}

fn filters(preset: Preset) -> Vec<FilterConfig> {
    let always = [FilterConfig::Own {}, FilterConfig::Muted {}, FilterConfig::Blocked {}];
    // OASIS shows again what was seen.
    let seen = match preset {
        Preset::OasisX | Preset::Reddit => None,
        _ => Some(FilterConfig::Seen { most: 256 }),
    };
    always.into_iter().chain(seen).collect()
}

fn pipelines(preset: Preset) -> Vec<PipelineConfig> {
    let source = |(kind, most)| SourceConfig { kind, most };
    let best = |slots, sources: &[(Source, u32)], scorer: Vec<ScorerConfig>| PipelineConfig {
        slots,
        source: sources.iter().copied().map(source).collect(),
        scorer,
        selector: SelectorConfig::Top,
    };
    let sampled = |pipeline: PipelineConfig, buffer| PipelineConfig {
        selector: SelectorConfig::Sampled { buffer },
        ..pipeline
    };
    // At least 200 candidates for everybody once there are as many posts, whatever the network gives.
    let every_source = [
        (Source::InNetwork, 60),
        (Source::SocialProof, 30),
        (Source::Interest, 100),
        (Source::Trending, 95),
        (Source::Random, 5),
    ];
    let x_score = ScorerConfig::XScore { weight: 1.0 };
    let likes = ScorerConfig::Likes { weight: 1.0 };
    let diversity = ScorerConfig::AuthorDiversity { decay: 0.5, floor: 0.25 };
    match preset {
        Preset::Random => vec![best(10, &[(Source::Random, 10)], Vec::new())],
        Preset::Chronological => vec![best(10, &[(Source::InNetwork, 10)], Vec::new())],
        Preset::Reddit => vec![sampled(best(5, &[(Source::Hot, 100)], Vec::new()), 100)],
        Preset::OasisX => vec![
            sampled(best(7, &[(Source::Interest, 50)], vec![x_score]), 50),
            best(3, &[(Source::InNetwork, 100)], vec![likes]),
        ],
        Preset::XLike => {
            let engagement = ScorerConfig::Engagement(EngagementConfig::default());
            let scorers = vec![engagement, diversity, ScorerConfig::OutOfNetwork { factor: 0.75 }];
            vec![best(10, &every_source, scorers)]
        }
        Preset::EchoChamber => {
            vec![best(10, &every_source, vec![ScorerConfig::Agreement { weight: 1.0 }, diversity])]
        }
        Preset::Bridging => {
            // Before anybody has liked anything, what is near to the reader.
            let nearness = ScorerConfig::Similarity { weight: 0.1 };
            vec![best(10, &every_source, vec![ScorerConfig::Bridging { weight: 1.0 }, nearness, diversity])]
        }
    }
}
