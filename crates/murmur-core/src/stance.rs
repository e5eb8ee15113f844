//! A stance: where a text or an agent stands on a topic.

use serde::{Deserialize, Serialize};

/// A position on a topic in [-1, 1]: -1 is fully against, 1 fully for, 0 neither.
#[derive(
    Clone, Copy, PartialEq, PartialOrd, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(with = "f64", extend("minimum" = -1, "maximum" = 1))]
pub struct Stance(f32);

impl Stance {
    /// The stance nearest to `value` within [-1, 1]; 0 for NaN.
    pub fn clamped(value: f32) -> Self {
        if value.is_nan() { Self(0.0) } else { Self(value.clamp(-1.0, 1.0)) }
    }

    /// The position in [-1, 1].
    pub fn get(self) -> f32 {
        self.0
    }

    /// Distance between two stances, 0 to 2.
    pub fn distance(self, other: Self) -> f32 {
        (self.0 - other.0).abs()
    }
}

impl TryFrom<f64> for Stance {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if (-1.0..=1.0).contains(&value) {
            Ok(Self(value as f32))
        } else {
            Err(format!("{value} is not a stance: expected a number from -1 (against) to 1 (for)"))
        }
    }
}

impl From<Stance> for f64 {
    fn from(stance: Stance) -> Self {
        f64::from(stance.0)
    }
}
