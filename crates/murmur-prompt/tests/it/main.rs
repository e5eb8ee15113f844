//! Prompts and replies from outside.

mod oasis;
mod rendering;
mod replies;
mod scenes;
mod surveys;
mod token_bar;
mod tokens;
