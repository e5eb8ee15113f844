//! The rules of a platform that a configuration may change.

use murmur_core::Clock;
use serde::{Deserialize, Serialize};

/// The rules of the platform.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformConfig {
    /// Whether agents may like and dislike their own posts and comments.
    pub allow_self_rating: bool,
    /// Whether a post is shown with its score, likes minus dislikes (as on Reddit), instead of both counts.
    pub show_score: bool,
    /// Days within which a post must have been made to be in the trend.
    pub trend_days: u32,
    /// Posts in the trend.
    pub trend_top_k: u32,
    /// Reports from which on a post is shown with a warning.
    pub report_threshold: u32,
}

impl Default for PlatformConfig {
    fn default() -> Self {
        Self {
            allow_self_rating: true,
            show_score: false,
            trend_days: 7,
            trend_top_k: 1,
            report_threshold: 2,
        }
    }
}

/// The rules in force, with the clock that they count days by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What the configuration says.
    pub platform: PlatformConfig,
    /// Steps to simulated time.
    pub clock: Clock,
}

impl Default for Rules {
    /// The default rules where a step is a minute, as in `murmur script`.
    fn default() -> Self {
        Self { platform: PlatformConfig::default(), clock: Clock { minutes_per_step: 1, starts_at: 0 } }
    }
}
