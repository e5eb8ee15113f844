//! What an agent that a language model decides for remembers: its last deeds, older ones that may matter again, and a
//! summary of the rest.
//!
//! Deeds are rows and ids, not texts; what is told of them is looked up when a prompt is made. A deed is first recent,
//! then older, and at last counted in a tally. How much of it is told, is bounded in tokens.
//!
//! Invariants: a memory has at most `recent` + `older` deeds and a tally of fixed size, however long the run is. What
//! it holds is a function of the deeds recorded, in their order.

mod all;
mod plain;
mod render;
mod tally;

use std::collections::VecDeque;

use murmur_core::{ActionKind, AgentId, PostId, Step};
use serde::{Deserialize, Serialize};

pub use all::Memories;
use plain::{PlainDeed, PlainMemory};
pub use render::Recall;
use tally::Tally;

/// What agents that a language model decides for remember.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// The most tokens that the memory takes in a prompt, 16 or more; 0: no memory.
    pub tokens: u32,
    /// How many of its last deeds an agent is told as recent.
    pub recent: u16,
    /// How many deeds before those it keeps, to be told when they matter again.
    pub older: u16,
    /// How many of the older deeds it is told at once: those nearest to what it sees.
    pub relevant: u16,
    /// How what is older still is told.
    pub summary: MemorySummary,
}

/// How deeds are told that are no longer kept one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemorySummary {
    /// Not at all.
    None,
    /// By counts, the accounts dealt with most, and the agent's latest own words among them.
    #[default]
    Extractive,
    /// In the words of the model, which is asked for them now and then; until then as `extractive`.
    Model,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { tokens: 80, recent: 8, older: 48, relevant: 2, summary: MemorySummary::default() }
    }
}

/// With fewer tokens there is no room for anything.
const LEAST_TOKENS: u32 = 16;

impl MemoryConfig {
    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        let above = |key: &str, found: u16, limit_name: &str, limit: u16| {
            (found > limit)
                .then(|| format!("memory.{key}: expected at most {limit_name}{limit}, found {found}"))
        };
        if (1..LEAST_TOKENS).contains(&self.tokens) {
            let expected = format!("expected 0 or at least {LEAST_TOKENS}");
            return Some(format!("memory.tokens: {expected}, found {}", self.tokens));
        }
        above("recent", self.recent, "", 1000)
            .or_else(|| above("older", self.older, "", 1000))
            .or_else(|| above("relevant", self.relevant, "memory.older, which is ", self.older))
            .or_else(|| {
                let is_never_due = self.summary == MemorySummary::Model && self.older == 0;
                let fault = "memory.older: expected at least 1 with memory.summary = \"model\", found 0";
                is_never_due.then(|| fault.to_owned())
            })
    }

    /// Tokens that the summary may take of [`Self::tokens`].
    fn summary_share(&self) -> u32 {
        self.tokens / 8 * 3
    }

    /// Tokens that one deed may take of [`Self::tokens`].
    fn deed_share(&self) -> u32 {
        (self.tokens / 4).max(8)
    }
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeedKind {
    /// A post was read, and nothing done about it.
    Read,
    /// An action was taken.
    Did(ActionKind),
}

/// Something an agent did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "PlainDeed", into = "PlainDeed")]
pub struct Deed {
    /// When.
    pub step: Step,
    /// What.
    pub kind: DeedKind,
    /// The post it is about: of a text that was written, its own row.
    pub post: Option<PostId>,
    /// The other agent it concerns, such as the author of the post.
    pub other: Option<AgentId>,
    /// The agent's own words where no post holds them, such as what it searched for. A memory keeps their beginning.
    pub words: Option<Box<str>>,
    /// Whether the platform carried it out.
    pub succeeded: bool,
}

/// Own words are kept up to this many characters.
const MOST_WORDS: usize = 120;

impl Deed {
    /// Whether it is worth more than having read something.
    fn weighs(&self) -> bool {
        self.succeeded && self.kind != DeedKind::Read
    }

    /// Whether it is a text of the agent's own.
    fn is_writing(&self) -> bool {
        use ActionKind::{CreateComment, CreatePost, QuotePost};
        self.succeeded && matches!(self.kind, DeedKind::Did(CreatePost | QuotePost | CreateComment))
    }
}

/// The memory of one agent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "PlainMemory", into = "PlainMemory")]
pub struct Memory {
    /// The oldest first.
    recent: VecDeque<Deed>,
    /// The oldest first.
    older: Vec<Deed>,
    /// What was neither.
    tally: Tally,
    /// The model's words, if it was asked.
    summary: Box<str>,
    /// How many deeds have become older since the model was asked.
    unsummarised: u32,
}

impl Memory {
    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        let deeds = (self.recent.capacity() + self.older.capacity()) * size_of::<Deed>();
        deeds + self.tally.memory_bytes() + self.summary.len()
    }

    /// Whether nothing was ever recorded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The number of deeds kept one by one.
    pub fn len(&self) -> usize {
        self.recent.len() + self.older.len()
    }

    /// Remembers a deed. Deeds come in the order of steps. Having read a post is forgotten when something was done about
    /// it in the same step.
    pub fn record(&mut self, config: &MemoryConfig, mut deed: Deed) {
        if let Some(words) = &mut deed.words
            && let Some((cut, _)) = words.char_indices().nth(MOST_WORDS)
        {
            *words = words[..cut].into();
        }
        if deed.kind != DeedKind::Read && deed.post.is_some() {
            let is_replaced =
                |kept: &Deed| kept.kind == DeedKind::Read && kept.step == deed.step && kept.post == deed.post;
            self.recent.retain(|kept| !is_replaced(kept));
        }
        self.recent.push_back(deed);
        while self.recent.len() > usize::from(config.recent) {
            let oldest = self.recent.pop_front().expect("there is more than none");
            self.older.push(oldest);
            self.unsummarised = self.unsummarised.saturating_add(1);
        }
        while self.older.len() > usize::from(config.older) {
            // What was read or failed goes first, then what is oldest.
            let least = self.older.iter().position(|deed| !deed.weighs()).unwrap_or(0);
            self.tally.add(self.older.remove(least));
        }
    }

    /// Whether the model should be asked for a new summary: half of what is kept as older has come since the last one.
    pub fn due_for_summary(&self, config: &MemoryConfig) -> bool {
        config.summary == MemorySummary::Model
            && config.tokens > 0
            && self.unsummarised > 0
            && self.unsummarised >= u32::from(config.older / 2)
    }

    /// Takes the model's summary, as much of it as has room. An empty one, of a call that failed, leaves the last one and
    /// puts the next off. `tokens` counts those of a text.
    pub fn set_summary(&mut self, config: &MemoryConfig, text: &str, tokens: &dyn Fn(&str) -> u32) {
        let summary = render::clip(text, config.summary_share(), tokens).text;
        if !summary.is_empty() {
            self.summary = summary.into();
        }
        self.unsummarised = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(step: u32, kind: DeedKind) -> Deed {
        let post = PostId::new(step + 1);
        Deed { step: Step(step), kind, post, other: Some(AgentId(step % 3)), words: None, succeeded: true }
    }

    fn steps<'a>(deeds: impl IntoIterator<Item = &'a Deed>) -> Vec<u32> {
        deeds.into_iter().map(|deed| deed.step.0).collect()
    }

    #[test]
    fn deeds_outlive_what_was_read() {
        let config = MemoryConfig { recent: 2, older: 3, ..MemoryConfig::default() };
        let mut memory = Memory::default();
        for step in 0..9 {
            let kind = if step % 2 == 0 { DeedKind::Did(ActionKind::LikePost) } else { DeedKind::Read };
            memory.record(&config, deed(step, kind));
        }
        assert_eq!(steps(&memory.recent), [7, 8]);
        assert_eq!(steps(&memory.older), [2, 4, 6]);
        memory.record(&config, Deed { succeeded: false, ..deed(9, DeedKind::Did(ActionKind::Follow)) });
        assert_eq!((steps(&memory.older), steps(&memory.recent)), (vec![2, 4, 6], vec![8, 9]));
        memory.record(&config, deed(10, DeedKind::Read));
        memory.record(&config, deed(11, DeedKind::Read));
        assert_eq!((steps(&memory.older), steps(&memory.recent)), (vec![4, 6, 8], vec![10, 11]));
    }

    #[test]
    fn having_read_a_post_is_no_news_when_it_was_liked() {
        let mut memory = Memory::default();
        let config = MemoryConfig::default();
        let read = |step, post| Deed { post: PostId::new(post), ..deed(step, DeedKind::Read) };
        [read(1, 5), read(2, 5), read(2, 6)].into_iter().for_each(|deed| memory.record(&config, deed));
        let like = Deed { post: PostId::new(5), ..deed(2, DeedKind::Did(ActionKind::LikePost)) };
        memory.record(&config, like.clone());
        assert_eq!(memory.recent, [read(1, 5), read(2, 6), like]);
    }

    #[test]
    fn long_words_are_cut() {
        let mut memory = Memory::default();
        let words = Some("é".repeat(1000).into());
        memory.record(&MemoryConfig::default(), Deed { words, ..deed(0, DeedKind::Read) });
        assert_eq!(memory.recent[0].words.as_deref().map(|words| words.chars().count()), Some(120));
    }

    #[test]
    fn the_model_is_asked_when_half_of_the_older_is_new() {
        let config =
            MemoryConfig { recent: 1, older: 4, summary: MemorySummary::Model, ..MemoryConfig::default() };
        let mut memory = Memory::default();
        let due: Vec<bool> = (0..5)
            .map(|step| {
                memory.record(&config, deed(step, DeedKind::Read));
                memory.due_for_summary(&config)
            })
            .collect();
        assert_eq!(due, [false, false, true, true, true]);
        let extractive = MemoryConfig { summary: MemorySummary::Extractive, ..config.clone() };
        assert!(!memory.due_for_summary(&extractive));
        assert!(
            !memory.due_for_summary(&MemoryConfig { tokens: 0, ..config.clone() }),
            "nobody would read it"
        );
        memory.set_summary(&config, "I like cats.", &|_| 3);
        assert!(!memory.due_for_summary(&config));
        memory.set_summary(&config, " ", &|_| 0);
        assert_eq!(&*memory.summary, "I like cats.");
        memory.record(&config, deed(5, DeedKind::Read));
        assert!(!memory.due_for_summary(&config));
        memory.record(&config, deed(6, DeedKind::Read));
        assert!(memory.due_for_summary(&config));
    }

    fn check_fault(change: impl FnOnce(&mut MemoryConfig), expected: Option<&str>) {
        let mut config = MemoryConfig::default();
        change(&mut config);
        assert_eq!(config.fault().as_deref(), expected);
    }

    #[test]
    fn faults_name_the_key() {
        check_fault(|_| (), None);
        check_fault(|config| config.tokens = 0, None);
        check_fault(|config| config.tokens = 15, Some("memory.tokens: expected 0 or at least 16, found 15"));
        check_fault(|config| config.recent = 1001, Some("memory.recent: expected at most 1000, found 1001"));
        check_fault(
            |config| config.relevant = 49,
            Some("memory.relevant: expected at most memory.older, which is 48, found 49"),
        );
        check_fault(
            |config| {
                *config = MemoryConfig {
                    older: 0,
                    relevant: 0,
                    summary: MemorySummary::Model,
                    ..MemoryConfig::default()
                };
            },
            Some("memory.older: expected at least 1 with memory.summary = \"model\", found 0"),
        );
    }
}
