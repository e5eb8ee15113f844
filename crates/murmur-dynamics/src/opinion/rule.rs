//! The rule of one agent on a platform: its opinion on a topic after what it read in a step.

use murmur_core::{PostKey, Probability, Stance, Stream};
use serde::{Deserialize, Serialize};

use super::{distances_fault, outside};

/// How an agent's opinion on a topic moves with the posts on that topic that it reads in a step.
///
/// In the formulas x is the reader's opinion, x(0) the one it began with, s a post's stance, and m the mean stance of
/// the posts read in the step. Whoever reads nothing on a topic keeps its opinion.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OpinionModel {
    /// Opinions never move.
    Fixed {},
    /// Averaging: x ← (1 − weight) · x + weight · m (DeGroot 1974, with the posts read as those heard).
    Degroot {
        /// Weight of what was read in a step, 0 to 1; the rest is the weight of one's own opinion.
        #[serde(default = "OpinionModel::default_weight")]
        weight: Probability,
    },
    /// Averaging that holds on to the first opinion: x ← susceptibility · ((1 − weight) · x + weight · m) +
    /// (1 − susceptibility) · x(0) (Friedkin and Johnsen 1990).
    FriedkinJohnsen {
        /// Weight of what was read in a step, 0 to 1; the rest is the weight of one's own opinion.
        #[serde(default = "OpinionModel::default_weight")]
        weight: Probability,
        /// How far an agent lets go of its first opinion, 0 (never moves) to 1 (as `degroot`).
        #[serde(default = "OpinionModel::default_susceptibility")]
        susceptibility: Probability,
    },
    /// Bounded confidence: a post within `confidence` of the reader's opinion x pulls it, x ← x + rate · (s − x);
    /// one further away leaves it as it is (Deffuant et al. 2000, read one-sidedly).
    BoundedConfidence {
        /// Largest distance of opinion and stance at which a post still moves its reader, 0 to 2.
        #[serde(default = "OpinionModel::default_confidence")]
        confidence: f64,
        /// Share of the distance that one post closes, 0 to 1.
        #[serde(default = "OpinionModel::default_rate")]
        rate: Probability,
    },
    /// Bounded confidence all at once: x becomes the mean of itself and of the posts read within `confidence` of it,
    /// each of weight 1 (Hegselmann and Krause 2002).
    HegselmannKrause {
        /// Largest distance of opinion and stance at which a post still counts, 0 to 2.
        #[serde(default = "OpinionModel::default_confidence")]
        confidence: f64,
    },
    /// Social judgement: a post within `acceptance` of x pulls, x ← x + rate · (s − x); one further away than
    /// `rejection` pushes off, x ← x − repulsion · (s − x), to -1 or 1 at most; one between leaves it as it is (Jager
    /// and Amblard 2004, read one-sidedly, post after post).
    AssimilationRepulsion {
        /// Largest distance of opinion and stance at which a post pulls, 0 to 2.
        #[serde(default = "OpinionModel::default_acceptance")]
        acceptance: f64,
        /// Distance beyond which a post pushes off, `acceptance` to 2 (2: none does).
        #[serde(default = "OpinionModel::default_rejection")]
        rejection: f64,
        /// Share of the distance that a post which pulls closes, 0 to 1.
        #[serde(default = "OpinionModel::default_rate")]
        rate: Probability,
        /// Share of the distance by which a post which pushes off widens it, 0 to 1.
        #[serde(default = "OpinionModel::default_rate")]
        repulsion: Probability,
    },
    /// Voter model: opinions are -1 or 1. In a step an agent may take the side of one of the posts read, each as
    /// likely as the other (Clifford and Sudbury 1973; Holley and Liggett 1975). Another opinion counts as the side
    /// that it is on, 0 as 1; posts of stance 0 are on no side and are passed over.
    Voter {
        /// Probability of doing so in a step, 0 to 1.
        #[serde(default = "OpinionModel::default_switching")]
        rate: Probability,
    },
    /// Majority rule: opinions are -1 or 1. In a step an agent may take the side that most of the posts read are on;
    /// a tie leaves it where it is (zero-temperature dynamics of Glauber 1963). Another opinion counts as the side
    /// that it is on, 0 as 1; posts of stance 0 are on no side and are passed over.
    Majority {
        /// Probability of doing so in a step, 0 to 1.
        #[serde(default = "OpinionModel::default_switching")]
        rate: Probability,
    },
}

/// A post on the topic that an agent read.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Heard {
    /// Where the post stands.
    pub stance: Stance,
    /// What names the post in draws.
    pub key: PostKey,
}

impl Default for OpinionModel {
    fn default() -> Self {
        Self::BoundedConfidence { confidence: Self::default_confidence(), rate: Self::default_rate() }
    }
}

impl OpinionModel {
    fn default_weight() -> Probability {
        Probability::of(0.1)
    }

    fn default_susceptibility() -> Probability {
        Probability::of(0.9)
    }

    fn default_confidence() -> f64 {
        0.6
    }

    fn default_rate() -> Probability {
        Probability::of(0.02)
    }

    fn default_acceptance() -> f64 {
        0.6
    }

    fn default_rejection() -> f64 {
        1.2
    }

    fn default_switching() -> Probability {
        Probability::of(0.1)
    }

    /// What is wrong with it, if anything is: the key within the model's section, what was expected and found.
    pub fn fault(&self) -> Option<String> {
        match *self {
            Self::BoundedConfidence { confidence, .. } | Self::HegselmannKrause { confidence } => {
                outside("confidence", confidence, 0.0, 2.0)
            }
            Self::AssimilationRepulsion { acceptance, rejection, .. } => {
                distances_fault(acceptance, rejection)
            }
            Self::Fixed {}
            | Self::Degroot { .. }
            | Self::FriedkinJohnsen { .. }
            | Self::Voter { .. }
            | Self::Majority { .. } => None,
        }
    }

    /// Whether opinions are -1 or 1 and nothing between.
    pub fn is_discrete(&self) -> bool {
        matches!(self, Self::Voter { .. } | Self::Majority { .. })
    }

    /// An agent's opinion after a step in which it read `heard`, all on one topic and in the order of reading.
    ///
    /// `initial` is what it believed at the start of the run. `draws` is the stream of this agent, step and topic, of
    /// which nothing was drawn yet; what is drawn of one post depends on no other.
    pub fn after(&self, opinion: Stance, initial: Stance, heard: &[Heard], draws: &Stream) -> Stance {
        if heard.is_empty() {
            return opinion;
        }
        match *self {
            Self::Fixed {} => opinion,
            Self::Degroot { weight } => stance(averaged(opinion, heard, weight)),
            Self::FriedkinJohnsen { weight, susceptibility } => {
                let susceptibility = susceptibility.get();
                let moved = averaged(opinion, heard, weight);
                stance(susceptibility * moved + (1.0 - susceptibility) * f64::from(initial))
            }
            Self::BoundedConfidence { confidence, rate } => {
                let pulled = |opinion, post: &Heard| within(opinion, post.stance, confidence, rate);
                heard.iter().fold(opinion, pulled)
            }
            Self::HegselmannKrause { confidence } => stance(mean_within(opinion, heard, confidence)),
            Self::AssimilationRepulsion { acceptance, rejection, rate, repulsion } => {
                heard.iter().fold(opinion, |opinion, post| {
                    if f64::from(opinion.distance(post.stance)) > rejection {
                        toward(opinion, post.stance, -repulsion.get())
                    } else {
                        within(opinion, post.stance, acceptance, rate)
                    }
                })
            }
            Self::Voter { rate } => switched(opinion, rate, draws, || one_of(heard, draws)),
            Self::Majority { rate } => switched(opinion, rate, draws, || majority_of(heard)),
        }
    }
}

fn stance(value: f64) -> Stance {
    Stance::clamped(value as f32)
}

/// (1 − weight) · x + weight · m.
fn averaged(opinion: Stance, heard: &[Heard], weight: Probability) -> f64 {
    let mean = heard.iter().map(|post| f64::from(post.stance)).sum::<f64>() / heard.len() as f64;
    (1.0 - weight.get()) * f64::from(opinion) + weight.get() * mean
}

/// The mean of the opinion and of the stances within `confidence` of it.
fn mean_within(opinion: Stance, heard: &[Heard], confidence: f64) -> f64 {
    let near = heard.iter().map(|post| post.stance);
    let near = near.filter(|&read| f64::from(opinion.distance(read)) <= confidence);
    let (sum, count) =
        near.fold((f64::from(opinion), 1.0), |(sum, count), read| (sum + f64::from(read), count + 1.0));
    sum / count
}

/// The opinion closer to `read` by the share `rate` of the distance, if that is at most `confidence`.
fn within(opinion: Stance, read: Stance, confidence: f64, rate: Probability) -> Stance {
    if f64::from(opinion.distance(read)) > confidence { opinion } else { toward(opinion, read, rate.get()) }
}

/// The opinion closer to `read` by `share` of the distance, or further from it if that is negative.
fn toward(opinion: Stance, read: Stance, share: f64) -> Stance {
    Stance::clamped(opinion.get() + share as f32 * (read.get() - opinion.get()))
}

/// The side of the opinion, or with probability `rate` the one that `choice` gives, if it gives any.
fn switched(
    opinion: Stance,
    rate: Probability,
    draws: &Stream,
    choice: impl FnOnce() -> Option<Stance>,
) -> Stance {
    let chosen = if draws.clone().chance(rate.get()) { choice() } else { None };
    chosen.unwrap_or(side(opinion.get() >= 0.0))
}

fn side(is_for: bool) -> Stance {
    Stance::clamped(if is_for { 1.0 } else { -1.0 })
}

/// The side of one post: that of the smallest draw, so that another post more or less redraws nothing.
fn one_of(heard: &[Heard], draws: &Stream) -> Option<Stance> {
    let sided = heard.iter().filter(|post| post.stance.get() != 0.0);
    let chosen = sided.min_by_key(|post| (draws.about(post.key).next_u64(), post.key))?;
    Some(side(chosen.stance.get() > 0.0))
}

/// The side that most posts are on; `None` at a tie.
fn majority_of(heard: &[Heard]) -> Option<Stance> {
    let count = |is_on_it: fn(f32) -> bool| heard.iter().filter(|post| is_on_it(post.stance.get())).count();
    let (those_for, against) = (count(|stance| stance > 0.0), count(|stance| stance < 0.0));
    (those_for != against).then(|| side(those_for > against))
}

#[cfg(test)]
mod tests;
