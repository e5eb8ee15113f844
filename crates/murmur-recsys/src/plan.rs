//! A feed as it is carried out: the configuration with its preset filled in.

use crate::config::{FilterConfig, PipelineConfig, ScorerConfig, SelectorConfig, Source, SourceConfig};
use crate::presets::Parts;
use crate::{FeedConfig, Preset};

/// How many times its slots a pipeline looks through where factors may move what it finds.
const DEPTH: u32 = 10;

/// What a feed is made of.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Plan {
    /// Minutes after which a row is no longer shown.
    pub(crate) max_age: u32,
    pub(crate) filters: Filters,
    pub(crate) pipelines: Vec<PipelineConfig>,
}

/// The filters in force, besides those by age, of deleted posts, of rows of the same root and of what is moderated, which
/// always are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) own: bool,
    pub(crate) muted: bool,
    pub(crate) blocked: bool,
    /// Posts remembered for each reader.
    pub(crate) seen: Option<usize>,
    /// Posts by one author in a feed.
    pub(crate) author_cap: Option<usize>,
}

impl Filters {
    fn of(list: &[FilterConfig]) -> Self {
        let mut filters = Self::default();
        for filter in list {
            match *filter {
                FilterConfig::Own {} => filters.own = true,
                FilterConfig::Muted {} => filters.muted = true,
                FilterConfig::Blocked {} => filters.blocked = true,
                FilterConfig::Seen { most } => filters.seen = Some(most as usize),
                FilterConfig::AuthorCap { most } => filters.author_cap = Some(most as usize),
            }
        }
        filters
    }
}

impl Plan {
    pub(crate) fn of(config: &FeedConfig) -> Self {
        let preset = config.preset.parts();
        Self {
            max_age: config.max_age.unwrap_or(preset.max_age),
            filters: Filters::of(config.filter.as_ref().unwrap_or(&preset.filter)),
            pipelines: config.pipeline.clone().unwrap_or(preset.pipeline),
        }
    }

    /// Rows in a full feed.
    pub(crate) fn length(&self) -> usize {
        self.pipelines.iter().map(|pipeline| pipeline.slots as usize).sum()
    }

    /// Whether a pipeline asks `source`.
    pub(crate) fn asks(&self, source: Source) -> bool {
        self.most_from(source, false).is_some()
    }

    /// The most candidates that a pipeline asks of `source`, `factors` being in force or not; `None` if none does.
    pub(crate) fn most_from(&self, source: Source, factors: bool) -> Option<usize> {
        let most = |pipeline: &PipelineConfig, listed: &SourceConfig| match factors {
            true => pipeline.wanted_to_rank(listed),
            false => listed.most as usize,
        };
        let listed = self.pipelines.iter().flat_map(|pipeline| {
            let of_kind = pipeline.source.iter().filter(|listed| listed.kind == source);
            of_kind.map(move |listed| most(pipeline, listed))
        });
        listed.max()
    }

    /// Whether a pipeline ranks by what `is` says.
    pub(crate) fn scores_by(&self, is: impl Fn(&ScorerConfig) -> bool) -> bool {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.scorer).any(is)
    }
}

impl PipelineConfig {
    /// Candidates that it has use for from one of its sources.
    pub(crate) fn wanted(&self, source: &SourceConfig) -> usize {
        // Where the first are the best, more would never be looked at.
        let first_are_best = self.scorer.is_empty() && self.selector == SelectorConfig::Top;
        if first_are_best { source.most.min(self.slots) as usize } else { source.most as usize }
    }

    /// Candidates that it looks at from one of its sources where factors may move them. Without scorers a pipeline of one
    /// source looks further than it takes: for what gives way to come later, and for what is raised from there.
    pub(crate) fn wanted_to_rank(&self, source: &SourceConfig) -> usize {
        let further = self.scorer.is_empty() && self.source.len() == 1 && source.most >= self.slots;
        let most = if further { (2 * source.most).max(DEPTH * self.slots) } else { source.most };
        most as usize
    }

    /// Whether the x-score ranks it.
    pub(crate) fn by_x_score(&self) -> bool {
        self.scorer.iter().any(|scorer| matches!(scorer, ScorerConfig::XScore { .. }))
    }

    /// Its scorers in the order in which they work, wherever they are listed: what is added up, then the factors.
    pub(crate) fn terms_then_factors(&self) -> impl Iterator<Item = &ScorerConfig> {
        let terms = self.scorer.iter().filter(|scorer| !scorer.is_factor());
        terms.chain(self.scorer.iter().filter(|scorer| scorer.is_factor()))
    }
}

impl FeedConfig {
    /// The feed of a preset with all that it is made of.
    pub fn spelled_out(preset: Preset) -> Self {
        let Parts { max_age, filter, pipeline } = preset.parts();
        Self { preset, max_age: Some(max_age), filter: Some(filter), pipeline: Some(pipeline) }
    }

    /// Rows in a full feed.
    pub fn length(&self) -> usize {
        Plan::of(self).length()
    }

    /// Posts that are remembered for each reader as seen; `None` if none are.
    pub fn remembers(&self) -> Option<usize> {
        Plan::of(self).filters.seen
    }

    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        let plan = Plan::of(self);
        if plan.max_age == 0 {
            return Some("feed.max_age: expected at least 1 minute, found 0".to_owned());
        }
        let pipelines = plan.pipelines.iter().zip(1..);
        let first = pipelines.map(|(pipeline, number)| (number, pipeline.fault())).find(|(_, f)| f.is_some());
        if let Some((number, Some(fault))) = first {
            return Some(format!("feed.pipeline {number}: {fault}"));
        }
        if !(1..=1000).contains(&plan.length()) {
            return Some(format!(
                "feed.pipeline: expected 1 to 1000 slots in all pipelines together, found {}",
                plan.length()
            ));
        }
        let filters = self.filter.iter().flatten().zip(1..);
        let fault = |(filter, number): (&FilterConfig, usize)| {
            filter.fault().map(|fault| format!("feed.filter {number}: {fault}"))
        };
        filters.filter_map(fault).next()
    }
}

impl FilterConfig {
    fn fault(&self) -> Option<String> {
        match *self {
            Self::Seen { most } => within("most", most, 1, 256),
            Self::AuthorCap { most } => within("most", most, 1, 1000),
            Self::Own {} | Self::Muted {} | Self::Blocked {} => None,
        }
    }
}

impl PipelineConfig {
    fn fault(&self) -> Option<String> {
        if self.source.is_empty() {
            let kinds: Vec<&str> = Source::ALL.iter().map(|source| source.name()).collect();
            return Some(format!("source: expected at least one of {}, found none", kinds.join(", ")));
        }
        let numbered = |list: &str, number: usize, fault: String| format!("{list} {number}: {fault}");
        let sources = self.source.iter().zip(1..).filter_map(|(source, number)| {
            within("most", source.most, 1, 10_000).map(|fault| numbered("source", number, fault))
        });
        let scorers = self
            .scorer
            .iter()
            .zip(1..)
            .filter_map(|(scorer, number)| scorer.fault().map(|fault| numbered("scorer", number, fault)));
        within("slots", self.slots, 1, 1000)
            .or_else(|| sources.chain(scorers).next())
            .or_else(|| self.selector.fault().map(|fault| format!("selector: {fault}")))
    }
}

impl ScorerConfig {
    fn is_factor(&self) -> bool {
        matches!(self, Self::AuthorDiversity { .. } | Self::OutOfNetwork { .. })
    }

    fn fault(&self) -> Option<String> {
        let finite = |key: &str, value: f32| {
            (!value.is_finite()).then(|| format!("{key}: expected a finite number, found {value}"))
        };
        let share = |key: &str, value: f32| {
            (!(0.0..=1.0).contains(&value)).then(|| format!("{key}: expected 0 to 1, found {value}"))
        };
        match *self {
            Self::Hot { weight }
            | Self::XScore { weight }
            | Self::Similarity { weight }
            | Self::LikeHistory { weight }
            | Self::Likes { weight }
            | Self::Agreement { weight }
            | Self::Bridging { weight } => finite("weight", weight),
            Self::Recency { weight, half_life } => {
                finite("weight", weight).or_else(|| above_0("half_life", half_life))
            }
            Self::Engagement(config) => {
                config.weights().into_iter().find_map(|(key, weight)| finite(key, weight))
            }
            Self::AuthorDiversity { decay, floor } => share("decay", decay).or_else(|| share("floor", floor)),
            Self::OutOfNetwork { factor } => above_0("factor", factor),
        }
    }
}

impl SelectorConfig {
    fn fault(&self) -> Option<String> {
        match *self {
            Self::Top => None,
            Self::Sampled { buffer } => within("buffer", buffer, 1, 10_000),
            Self::Softmax { temperature } => above_0("temperature", temperature),
            Self::Mmr { balance } => (!(0.0..=1.0).contains(&balance))
                .then(|| format!("balance: expected 0 to 1, found {balance}")),
        }
    }
}

fn within(key: &str, value: u32, least: u32, most: u32) -> Option<String> {
    (!(least..=most).contains(&value)).then(|| format!("{key}: expected {least} to {most}, found {value}"))
}

fn above_0(key: &str, value: f32) -> Option<String> {
    let fits = value > 0.0 && value.is_finite();
    (!fits).then(|| format!("{key}: expected a number above 0, found {value}"))
}
