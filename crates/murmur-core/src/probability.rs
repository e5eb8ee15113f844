//! A number from 0 to 1 that configuration files can be held to.

use serde::{Deserialize, Serialize};

/// A probability or a share, in [0, 1]. Reading one from a file refuses anything else.
#[derive(
    Clone, Copy, PartialEq, PartialOrd, Debug, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(with = "f64", extend("minimum" = 0, "maximum" = 1))]
pub struct Probability(f64);

impl Probability {
    /// The probability `value`.
    ///
    /// # Panics
    /// When `value` is outside [0, 1]; for values known when the code is written.
    pub const fn of(value: f64) -> Self {
        assert!(value >= 0.0 && value <= 1.0, "a probability lies in [0, 1]");
        Self(value)
    }

    /// The value, in [0, 1].
    pub fn get(self) -> f64 {
        self.0
    }

    /// The probability of at least one success in `ratio` times the base interval: 1 − (1 − p)^ratio.
    pub fn over(self, ratio: f64) -> Self {
        Self(1.0 - libm::pow(1.0 - self.0, ratio))
    }
}

impl TryFrom<f64> for Probability {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!("{value} is not a probability: expected a number from 0 to 1"))
        }
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}
