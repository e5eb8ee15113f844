//! What a language model is told, and what its reply means.
//!
//! The engine fills plain structs with what an agent sees ([`Scene`], [`Sight`]); [`Prompter`] turns them into the texts
//! of a request, and the reply into actions or a [`ReplyFault`]. [`survey`] does the same for questions.
//!
//! Invariants: the crate knows nothing of the world, a network or a clock; nothing that a reply names is accepted unless
//! it was shown; texts of other users cannot leave their quotation marks.

mod config;
mod fault;
mod feeling;
mod flat;
mod menu;
mod prompter;
mod reading;
mod sight;
pub mod survey;
mod template;
mod tokens;
mod verdict;
mod view;

pub use config::{PromptConfig, PromptPlatform, ReplyFormat};
pub use fault::{Argument, ReplyFault};
pub use feeling::{Feeling, feeling_words};
pub use flat::flat;
pub use menu::{is_look, may_be_chosen};
pub use prompter::{Opinion, Prompter, Scene};
pub use sight::{ShownComment, ShownGroup, ShownPost, ShownUser, Sight};
pub use template::PromptError;
pub use tokens::{clip, tokens};
pub use verdict::verdict;
