//! The models of diffusion and their parameters, as a configuration has them.

use murmur_core::{Probability, Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How something spreads from agent to agent. `kind` names the model.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DiffusionModel {
    /// Who has it passes it on until it recovers, and is immune from then on (Kermack and McKendrick 1927, in discrete
    /// time).
    Sir {
        /// Probability that an infected agent infects one that hears it: in each round; on a platform, each time it is
        /// shown a copy. From 0 to 1.
        #[serde(default = "DiffusionModel::default_infection")]
        infection: Probability,
        /// Probability that an infected agent recovers: in each round; on a platform, each turn, when it takes its copy
        /// back. From 0 to 1; with 0 nobody ever recovers.
        #[serde(default = "DiffusionModel::default_recovery")]
        recovery: Probability,
    },
    /// A rumour that is told until those who hear it know it already (Maki and Thompson 1973).
    MakiThompson {
        /// Probability that an ignorant that is told becomes a spreader. From 0 to 1.
        #[serde(default = "DiffusionModel::certain")]
        spreading: Probability,
        /// Probability that a spreader stops for good on meeting one that knows already. From 0 to 1; with 0 nobody ever
        /// stops.
        #[serde(default = "DiffusionModel::certain")]
        stifling: Probability,
    },
    /// Each that shares has one chance for ever with each that hears it (Goldenberg, Libai and Muller 2001).
    IndependentCascade {
        /// Probability that the chance is taken. From 0 to 1.
        #[serde(default = "DiffusionModel::default_infection")]
        probability: Probability,
    },
    /// An agent shares once a large enough share of those that it hears do (Granovetter 1978).
    LinearThreshold {
        /// That share: a number from 0 to 1, the same for all, or "uniform": each agent's own, drawn once from (0, 1].
        /// One sharer is needed even at 0.
        #[serde(default)]
        threshold: Threshold,
    },
    /// An agent shares once enough of those that it hears do, however many it hears (Centola and Macy 2007).
    ComplexContagion {
        /// How many sharers are enough, at least 1.
        #[serde(default = "DiffusionModel::default_contacts")]
        #[schemars(range(min = 1))]
        contacts: u32,
        /// Probability that enough are enough: the last of them, and each further sharer, is one chance. From 0 to 1.
        #[serde(default = "DiffusionModel::certain")]
        probability: Probability,
    },
}

/// The share of those heard that must share before an agent does.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number from 0 to 1, or \"uniform\"")]
#[schemars(extend("type" = ["number", "string"]))]
pub enum Threshold {
    /// The same for all agents.
    Fixed(Probability),
    /// Each agent's own.
    Drawn(DrawnThreshold),
}

/// What agents' own thresholds are drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DrawnThreshold {
    /// Evenly from (0, 1].
    Uniform,
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Drawn(DrawnThreshold::Uniform)
    }
}

impl DiffusionModel {
    fn default_infection() -> Probability {
        Probability::of(0.1)
    }

    fn default_recovery() -> Probability {
        Probability::of(0.2)
    }

    fn certain() -> Probability {
        Probability::of(1.0)
    }

    fn default_contacts() -> u32 {
        2
    }

    /// What is wrong with the parameters: the key, what was expected and what was found.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::ComplexContagion { contacts: 0, .. } => {
                Some("contacts: expected at least 1, found 0".into())
            }
            _ => None,
        }
    }

    /// What an agent needs before it shares, drawn from the beginning of `once`; `None` where a model needs no more than
    /// one copy.
    pub(super) fn need(&self, once: &Stream) -> Option<Need> {
        let mut draws = once.clone();
        match *self {
            Self::LinearThreshold { threshold: Threshold::Fixed(share) } => Some(Need::Share(share.get())),
            Self::LinearThreshold { threshold: Threshold::Drawn(DrawnThreshold::Uniform) } => {
                Some(Need::Share(1.0 - draws.uniform()))
            }
            Self::ComplexContagion { contacts, probability } => {
                Some(Need::Number(f64::from(contacts) + failures(&mut draws, probability.get())))
            }
            Self::Sir { .. } | Self::MakiThompson { .. } | Self::IndependentCascade { .. } => None,
        }
    }
}

/// How many of those heard must share.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Need {
    /// So large a share of them, and one at least.
    Share(f64),
    /// So many, perhaps more than there are.
    Number(f64),
}

impl Need {
    /// Whether `sharers` of `heard` are enough.
    pub(super) fn met(self, sharers: u32, heard: u32) -> bool {
        let number = f64::from(sharers);
        match self {
            Self::Share(share) => sharers > 0 && number / f64::from(heard) >= share,
            Self::Number(needed) => number >= needed,
        }
    }

    /// What orders needs where all hear equally many: the smaller, the sooner met.
    pub(super) fn size(self) -> f64 {
        match self {
            Self::Share(size) | Self::Number(size) => size,
        }
    }
}

/// The number of failures before the first success, each with `probability`; infinite if it is 0.
fn failures(draws: &mut Stream, probability: f64) -> f64 {
    if probability <= 0.0 {
        return f64::INFINITY;
    }
    // If every trial succeeds, the divisor is −∞ and the number 0.
    (libm::log1p(-draws.uniform()) / libm::log1p(-probability)).floor().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: DiffusionModel) {
        let read: DiffusionModel = serde_json::from_str(json).expect("the model is valid");
        assert_eq!(read, expected);
        let written = serde_json::to_string(&read).expect("a model can be written");
        assert_eq!(serde_json::from_str::<DiffusionModel>(&written).expect("and read again"), expected);
    }

    fn check_refused(json: &str, said: &str) {
        let error =
            serde_json::from_str::<DiffusionModel>(json).expect_err("the model is faulty").to_string();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn models_are_read_from_a_configuration() {
        let half = Probability::of(0.5);
        check(
            r#"{"kind": "sir", "infection": 0.5}"#,
            DiffusionModel::Sir { infection: half, recovery: Probability::of(0.2) },
        );
        check(
            r#"{"kind": "maki-thompson", "stifling": 0.5}"#,
            DiffusionModel::MakiThompson { spreading: Probability::of(1.0), stifling: half },
        );
        check(
            r#"{"kind": "independent-cascade", "probability": 0.5}"#,
            DiffusionModel::IndependentCascade { probability: half },
        );
        check(
            r#"{"kind": "linear-threshold"}"#,
            DiffusionModel::LinearThreshold { threshold: Threshold::Drawn(DrawnThreshold::Uniform) },
        );
        check(
            r#"{"kind": "linear-threshold", "threshold": "uniform"}"#,
            DiffusionModel::LinearThreshold { threshold: Threshold::Drawn(DrawnThreshold::Uniform) },
        );
        check(
            r#"{"kind": "linear-threshold", "threshold": 1}"#,
            DiffusionModel::LinearThreshold { threshold: Threshold::Fixed(Probability::of(1.0)) },
        );
        check(
            r#"{"kind": "complex-contagion", "probability": 0.5}"#,
            DiffusionModel::ComplexContagion { contacts: 2, probability: half },
        );
    }

    #[test]
    fn faulty_models_are_refused_with_what_was_expected() {
        check_refused(r#"{"kind": "sir", "infection": 1.5}"#, "1.5 is not a probability");
        check_refused(r#"{"kind": "sir", "recover": 0.5}"#, "expected `infection` or `recovery`");
        check_refused(
            r#"{"kind": "linear-threshold", "threshold": 2}"#,
            "a number from 0 to 1, or \"uniform\"",
        );
        check_refused(r#"{"kind": "linear-threshold", "threshold": "normal"}"#, "or \"uniform\"");
        check_refused(r#"{"kind": "si"}"#, "expected one of `sir`");
        let faulty = DiffusionModel::ComplexContagion { contacts: 0, probability: Probability::of(1.0) };
        assert_eq!(faulty.fault().expect("0 is too few"), "contacts: expected at least 1, found 0");
    }

    #[test]
    fn needs_are_met_at_their_very_number() {
        assert!(Need::Share(0.3).met(3, 10) && !Need::Share(0.3).met(2, 10));
        assert!(Need::Share(0.0).met(1, 10) && !Need::Share(0.0).met(0, 10) && !Need::Share(0.5).met(0, 0));
        assert!(Need::Number(2.0).met(2, 2) && !Need::Number(2.0).met(1, 1));
        assert!(!Need::Number(f64::INFINITY).met(u32::MAX, u32::MAX));
    }

    /// Of 20,000 agents the share that needs k more contacts is p(1 − p)^k, within four standard errors.
    #[test]
    fn further_contacts_that_are_needed_are_geometric() {
        use murmur_core::{AgentId, Purpose, Step};
        let agents = 20_000u32;
        let model = DiffusionModel::ComplexContagion { contacts: 3, probability: Probability::of(0.4) };
        let needs: Vec<f64> = (0..agents)
            .map(|agent| Stream::new(1, Purpose::Diffusion, Step(0), AgentId(agent)))
            .map(|once| model.need(&once).expect("the model needs contacts").size())
            .collect();
        for more in 0..5 {
            let expected = 0.4 * 0.6f64.powi(more);
            let found = needs.iter().filter(|&&need| need == 3.0 + f64::from(more)).count() as f64;
            let error = (found / f64::from(agents) - expected).abs();
            assert!(
                error < 4.0 * (expected * (1.0 - expected) / f64::from(agents)).sqrt(),
                "{more}: {error}"
            );
        }
    }
}
