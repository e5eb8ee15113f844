//! The classical models of opinions: agents hear each other, well mixed or on a graph, round after round.
//!
//! A round is either one sweep, in which all agents move at once by what they heard before it, or as many meetings of
//! two as there are agents, one after the other. Both give the same bits on any number of threads.

mod meetings;
mod sweep;

use murmur_core::Probability;
use serde::{Deserialize, Serialize};

use self::meetings::{Judgement, Meeting};
use self::sweep::Sweeps;
use super::{distances_fault, outside};
use crate::Contacts;

/// A model of opinions as the textbook has it.
///
/// Sweeps: `degroot`, `friedkin-johnsen`, `hegselmann-krause`, `majority`. Meetings of two: `deffuant`,
/// `assimilation-repulsion`, `voter`; in each a random agent meets a random other one, or on a graph one of those
/// that it follows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClassicModel {
    /// Averaging: x(t+1) = W x(t), where W holds `self_weight` for oneself, and the rest in equal parts for those
    /// heard (DeGroot 1974). Whoever hears nobody keeps its opinion.
    Degroot {
        /// Weight of one's own opinion, 0 to 1.
        #[serde(default = "ClassicModel::default_self_weight")]
        self_weight: Probability,
    },
    /// Averaging that holds on to the first opinion: x(t+1) = λ W x(t) + (1 − λ) x(0), with W as in `degroot` and λ
    /// the susceptibility (Friedkin and Johnsen 1990).
    FriedkinJohnsen {
        /// Weight of one's own opinion within W, 0 to 1.
        #[serde(default = "ClassicModel::default_self_weight")]
        self_weight: Probability,
        /// λ: 0 (nobody moves) to 1 (as `degroot`).
        #[serde(default = "ClassicModel::default_susceptibility")]
        susceptibility: Probability,
    },
    /// Bounded confidence in pairs: two who meet and are within `confidence` move towards each other, each by `rate`
    /// of their distance (Deffuant, Neau, Amblard and Weisbuch 2000).
    Deffuant {
        /// Largest distance at which two still move each other, 0 to 2. From -1 to 1 about 1 / confidence clusters
        /// form.
        #[serde(default = "ClassicModel::default_confidence")]
        confidence: f64,
        /// Share of the distance by which each of the two moves (μ), 0 to 0.5.
        #[serde(default = "ClassicModel::default_rate")]
        rate: f64,
    },
    /// Bounded confidence all at once: everybody takes the mean of itself and those heard who are within `confidence`
    /// of it (Hegselmann and Krause 2002).
    HegselmannKrause {
        /// Largest distance at which another's opinion counts, 0 to 2.
        #[serde(default = "ClassicModel::default_confidence")]
        confidence: f64,
    },
    /// Social judgement in pairs: two who meet within `acceptance` move towards each other, two further apart than
    /// `rejection` away from each other, to -1 and 1 at most (Jager and Amblard 2004).
    AssimilationRepulsion {
        /// Largest distance at which two attract each other, 0 to 2.
        #[serde(default = "ClassicModel::default_acceptance")]
        acceptance: f64,
        /// Distance beyond which two repel each other, `acceptance` to 2 (2: never).
        #[serde(default = "ClassicModel::default_rejection")]
        rejection: f64,
        /// Share of the distance by which each of two who attract each other moves, 0 to 0.5.
        #[serde(default = "ClassicModel::default_small_rate")]
        rate: f64,
        /// Share of the distance by which each of two who repel each other moves, 0 to 0.5.
        #[serde(default = "ClassicModel::default_small_rate")]
        repulsion: f64,
    },
    /// Voter model: opinions are -1 or 1, and one of two who meet takes the other's (Clifford and Sudbury 1973;
    /// Holley and Liggett 1975). Initial opinions become the side that they are on, 0 becomes 1.
    Voter {},
    /// Majority rule: opinions are -1 or 1, and everybody takes the side that most of those heard are on; at a tie it
    /// stays (zero-temperature dynamics of Glauber 1963, all at once). Initial opinions become the side that they are
    /// on, 0 becomes 1.
    Majority {},
}

impl ClassicModel {
    fn default_self_weight() -> Probability {
        Probability::of(0.5)
    }

    fn default_susceptibility() -> Probability {
        Probability::of(0.9)
    }

    fn default_confidence() -> f64 {
        0.5
    }

    fn default_rate() -> f64 {
        0.5
    }

    fn default_small_rate() -> f64 {
        0.1
    }

    fn default_acceptance() -> f64 {
        0.4
    }

    fn default_rejection() -> f64 {
        1.2
    }

    /// What is wrong with it, if anything is: the key, what was expected and found.
    pub fn fault(&self) -> Option<String> {
        match *self {
            Self::Deffuant { confidence, rate } => {
                outside("confidence", confidence, 0.0, 2.0).or_else(|| outside("rate", rate, 0.0, 0.5))
            }
            Self::HegselmannKrause { confidence } => outside("confidence", confidence, 0.0, 2.0),
            Self::AssimilationRepulsion { acceptance, rejection, rate, repulsion } => {
                distances_fault(acceptance, rejection)
                    .or_else(|| outside("rate", rate, 0.0, 0.5))
                    .or_else(|| outside("repulsion", repulsion, 0.0, 0.5))
            }
            Self::Degroot { .. } | Self::FriedkinJohnsen { .. } | Self::Voter {} | Self::Majority {} => None,
        }
    }

    /// Whether opinions are -1 or 1 and nothing between.
    pub fn is_discrete(&self) -> bool {
        matches!(self, Self::Voter {} | Self::Majority {})
    }

    /// What a round of it is, for a population that begins with `opinions`.
    fn process(&self, opinions: &[f64]) -> Process {
        match *self {
            Self::Degroot { self_weight } => {
                Process::Sweeps(Sweeps::averaging(self_weight.get(), 1.0, opinions))
            }
            Self::FriedkinJohnsen { self_weight, susceptibility } => {
                Process::Sweeps(Sweeps::averaging(self_weight.get(), susceptibility.get(), opinions))
            }
            Self::HegselmannKrause { confidence } => Process::Sweeps(Sweeps::near(confidence)),
            Self::Majority {} => Process::Sweeps(Sweeps::majority()),
            Self::Deffuant { confidence, rate } => {
                Process::Meetings(Meeting::Judgement(Judgement::attracting(confidence, rate)))
            }
            Self::AssimilationRepulsion { acceptance, rejection, rate, repulsion } => {
                Process::Meetings(Meeting::Judgement(Judgement { acceptance, rejection, rate, repulsion }))
            }
            Self::Voter {} => Process::Meetings(Meeting::Copy),
        }
    }
}

/// What a round is.
#[derive(Clone, Debug)]
enum Process {
    /// All move at once.
    Sweeps(Sweeps),
    /// As many meetings of two as there are agents.
    Meetings(Meeting),
}

/// Why a classical model cannot run.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ClassicError {
    /// A parameter out of its range.
    #[error("{0}")]
    Model(String),
    /// Nobody to hear.
    #[error("expected at least 2 agents, found {0}")]
    TooFew(u32),
    /// Not one opinion for each agent.
    #[error("expected an initial opinion for each of {agents} agents, found {found}")]
    Count {
        /// Agents.
        agents: u32,
        /// Opinions.
        found: usize,
    },
    /// An opinion out of range.
    #[error("the initial opinion of agent {agent}: expected a number from -1 to 1, found {found}")]
    Opinion {
        /// Whose it is.
        agent: u32,
        /// What it is.
        found: f64,
    },
}

/// What a round did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Change {
    /// The furthest that any agent moved at once.
    pub largest: f64,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Rounds that the run took.
    pub rounds: u32,
    /// Whether it came to rest, rather than to the last round allowed.
    pub is_at_rest: bool,
}

/// A classical model at work on the opinions of a population.
#[derive(Clone, Debug)]
pub struct Classic<'a> {
    process: Process,
    contacts: Contacts<'a>,
    seed: u64,
    opinions: Vec<f64>,
    rounds: u32,
    interactions: u64,
}

impl<'a> Classic<'a> {
    /// `model` among those in `contacts`, who begin with `opinions`; `seed` decides who meets whom.
    ///
    /// # Errors
    /// When a parameter or an opinion is out of range, or there is not one opinion for each of at least two agents.
    pub fn new(
        model: &ClassicModel,
        contacts: Contacts<'a>,
        mut opinions: Vec<f64>,
        seed: u64,
    ) -> Result<Self, ClassicError> {
        check(model, contacts, &opinions)?;
        if model.is_discrete() {
            opinions.iter_mut().for_each(|x| *x = if *x >= 0.0 { 1.0 } else { -1.0 });
        }
        Ok(Self { process: model.process(&opinions), contacts, seed, opinions, rounds: 0, interactions: 0 })
    }

    /// The opinions now, in the order of agents.
    pub fn opinions(&self) -> &[f64] {
        &self.opinions
    }

    /// Rounds so far.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// How often anybody heard another so far: in a sweep each agent hears each of its contacts once, and a meeting
    /// of two counts as one.
    pub fn interactions(&self) -> u64 {
        self.interactions
    }

    /// One sweep, or as many meetings as there are agents. On a graph nothing happens at the meeting of an agent that
    /// follows nobody, and it does not count.
    pub fn round(&mut self) -> Change {
        let (heard, largest) = match &mut self.process {
            Process::Sweeps(sweeps) => {
                (heard_in_sweep(self.contacts), sweeps.round(self.contacts, &mut self.opinions))
            }
            Process::Meetings(meeting) => {
                meeting.round(self.contacts, &mut self.opinions, self.seed, self.rounds)
            }
        };
        self.rounds += 1;
        self.interactions += heard;
        Change { largest }
    }

    /// Rounds until the model is at rest, `most_rounds` at most.
    ///
    /// At rest is a model of sweeps after one that moved nobody by more than `tolerance`, and a model of meetings
    /// when no two who can meet would move by more than that, whatever the luck of a round. That can take as many
    /// rounds as there are agents, since a few who only move each other seldom meet, though nearly all others were at
    /// rest long before; [`Self::round`] tells what one round moved.
    pub fn run_until(&mut self, tolerance: f64, most_rounds: u32) -> Ended {
        for rounds in 1..=most_rounds {
            if self.round().largest <= tolerance && self.no_meeting_moves_more_than(tolerance) {
                return Ended { rounds, is_at_rest: true };
            }
        }
        Ended { rounds: most_rounds, is_at_rest: false }
    }

    fn no_meeting_moves_more_than(&self, tolerance: f64) -> bool {
        match &self.process {
            Process::Sweeps(_) => true,
            Process::Meetings(meeting) => meeting.largest_move(self.contacts, &self.opinions) <= tolerance,
        }
    }
}

fn heard_in_sweep(contacts: Contacts<'_>) -> u64 {
    match contacts {
        Contacts::WellMixed(agents) => u64::from(agents) * u64::from(agents - 1),
        Contacts::Graph(graph) => graph.follow_count(),
    }
}

fn check(model: &ClassicModel, contacts: Contacts<'_>, opinions: &[f64]) -> Result<(), ClassicError> {
    let agents = contacts.agents();
    if let Some(fault) = model.fault() {
        return Err(ClassicError::Model(fault));
    }
    if agents < 2 {
        return Err(ClassicError::TooFew(agents));
    }
    if opinions.len() != agents as usize {
        return Err(ClassicError::Count { agents, found: opinions.len() });
    }
    match (0..).zip(opinions).find(|(_, opinion)| !(-1.0..=1.0).contains(*opinion)) {
        Some((agent, &found)) => Err(ClassicError::Opinion { agent, found }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
