//! Agents: who they are, what they believe, and how they decide without a language model.
//!
//! [`Population`] holds the personas, [`Beliefs`] the opinions that reading changes, [`Emotions`] the moods, [`Credences`]
//! what is believed of claims, [`Behaviour`] the policy that turns an [`Observation`] into a [`Decision`]. Agents that a
//! language model decides for have a [`Memory`] besides.
//!
//! Invariant: an agent decides from its own row and its observation alone. No function here sees another agent's
//! opinions.

mod behaviour;
mod credence;
mod decision;
mod emotion;
mod memory;
mod observation;
mod opinion;
mod population;
mod stance;
mod synthetic;
mod writing;

pub use behaviour::{Behaviour, BehaviourConfig, Engagement, UtilityConfig};
pub use credence::{ClaimConfig, Credences, Hearing, MOST_LOG_ODDS, Marks, Side, credence};
pub use decision::Decision;
pub use emotion::{EmotionConfig, Emotions, Level, MeanMood, Mood};
pub use memory::{Deed, DeedKind, Memories, Memory, MemoryConfig, MemorySummary, Recall};
pub use observation::{Observation, Seen, SeenAccount, SeenNote, Sharing, Ties};
pub use opinion::{Beliefs, InitialOpinions};
pub use population::{Hours, Interests, Persona, Population, PreviousPost};
pub use stance::{AnchorTexts, Anchors, Lexicon, StanceConfig, StanceMethod, StanceReader};
pub use synthetic::{Synthesizer, SyntheticConfig};
pub use writing::Writer;
