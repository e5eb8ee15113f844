//! A model of diffusion in its classical form: round after round among all agents, without a platform.

use murmur_core::AgentId;

use super::maki_thompson::Rumour;
use super::passing::Passing;
use super::people::People;
use super::thresholds::Thresholds;
use super::{DiffusionModel, Standing};
use crate::Contacts;

/// How many agents stand how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Agents that it has not reached: the susceptible; in a rumour, the ignorant.
    pub susceptible: u32,
    /// Agents that pass it on: the infected, the spreaders; in a cascade, those whose chances are still to come; under
    /// thresholds, all that it reached.
    pub active: u32,
    /// Agents that passed it on and no longer do: the recovered, the stiflers; in a cascade, those whose chances are
    /// over; under thresholds none.
    pub removed: u32,
}

/// Why a model cannot run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiffusionError {
    /// A parameter is out of its range.
    #[error("{0}")]
    Parameter(String),
    /// There is no such agent to begin with.
    #[error("seed {seed}: expected an agent below {agents}, the number of agents")]
    Seed {
        /// The agent asked for.
        seed: AgentId,
        /// The number of agents.
        agents: u32,
    },
}

/// A model of diffusion under way.
///
/// All models but the rumour move in synchronous rounds: what happens in a round depends on how things stood before it.
/// Every draw is keyed by agents and round, so nothing depends on the number of threads. The work of a round grows
/// with the active agents and those that hear them, the memory with all agents.
#[derive(Clone, Debug)]
pub struct Spread<'a> {
    contacts: Contacts<'a>,
    people: People,
    process: Process,
    rounds: u32,
    seed: u64,
}

#[derive(Clone, Debug)]
enum Process {
    Passing(Passing),
    Rumour(Rumour),
    Thresholds(Thresholds),
}

impl<'a> Spread<'a> {
    /// `model` among `contacts`, with `seeds` active at first; one named twice counts once. `seed` keys all draws. Well
    /// mixed, everybody hears everybody else.
    ///
    /// # Errors
    /// When a parameter is out of its range, or a seed is not an agent.
    pub fn new(
        model: DiffusionModel,
        contacts: Contacts<'a>,
        seeds: &[AgentId],
        seed: u64,
    ) -> Result<Self, DiffusionError> {
        if let Some(fault) = model.fault() {
            return Err(DiffusionError::Parameter(fault));
        }
        let agents = contacts.agents();
        if let Some(&seed) = seeds.iter().find(|seed| seed.0 >= agents) {
            return Err(DiffusionError::Seed { seed, agents });
        }
        let people = People::new(agents, seeds);
        let process = match model {
            DiffusionModel::Sir { infection, recovery } => {
                Process::Passing(Passing::sir(infection, recovery, &people))
            }
            DiffusionModel::IndependentCascade { probability } => {
                Process::Passing(Passing::cascade(probability, &people))
            }
            DiffusionModel::MakiThompson { spreading, stifling } => {
                Process::Rumour(Rumour::new(spreading, stifling, &people))
            }
            DiffusionModel::LinearThreshold { .. } | DiffusionModel::ComplexContagion { .. } => {
                Process::Thresholds(Thresholds::new(model, contacts, &people, seed))
            }
        };
        Ok(Self { contacts, people, process, rounds: 0, seed })
    }

    /// One round; none once it [is over](Self::is_over).
    ///
    /// - SIR: each infected agent infects each susceptible one that hears it, with probability `infection`; then it
    ///   recovers with probability `recovery`.
    /// - Independent cascade: each agent reached in the round before reaches each one that hears it and was not reached,
    ///   with `probability`; then its chances are over.
    /// - Thresholds: each agent shares that heard enough sharers before the round.
    /// - Maki–Thompson: as many contacts, one after the other, as there were spreaders before the round, so that a
    ///   spreader makes one on average. The caller is drawn from all spreaders; it calls one of those that hear it.
    ///   An ignorant becomes a spreader with probability `spreading`; on any other the caller becomes a stifler with
    ///   probability `stifling`. A caller that nobody hears becomes a stifler.
    pub fn round(&mut self) {
        if self.is_over() {
            return;
        }
        self.rounds += 1;
        let (people, round) = (&mut self.people, self.rounds);
        match &mut self.process {
            Process::Passing(passing) => passing.round(people, self.contacts, self.seed, round),
            Process::Rumour(rumour) => rumour.round(people, self.contacts, self.seed, round),
            Process::Thresholds(thresholds) => thresholds.round(people, self.contacts, self.seed),
        }
    }

    /// Rounds until it is over, or `most` of them in all: with a recovery or stifling of 0 it may never be.
    pub fn run(&mut self, most: u32) -> Counts {
        while !self.is_over() && self.rounds < most {
            self.round();
        }
        self.counts()
    }

    /// Whether nothing can change any more: no agent is active, or under thresholds, the last round reached nobody.
    pub fn is_over(&self) -> bool {
        match &self.process {
            Process::Passing(passing) => passing.is_over(),
            Process::Rumour(rumour) => rumour.is_over(),
            Process::Thresholds(thresholds) => thresholds.is_over(),
        }
    }

    /// The rounds so far.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// How many agents stand how.
    pub fn counts(&self) -> Counts {
        self.people.counts()
    }

    /// How `agent` stands.
    ///
    /// # Panics
    /// When there is no such agent; so do all methods that take one.
    pub fn state(&self, agent: AgentId) -> Standing {
        self.people.standing(agent)
    }

    /// How many agents it has reached, the seeds included.
    pub fn ever_reached(&self) -> u32 {
        self.reached().len() as u32
    }

    /// Whom it has reached, in the order in which it did, the seeds first. An agent's parent stands before it.
    pub fn reached(&self) -> &[AgentId] {
        self.people.reached()
    }

    /// Through whom it reached `agent`: of several in one round, the one with the lowest id. `None` of a seed, of an
    /// agent not reached, and under thresholds, where nobody is reached through one other alone.
    pub fn parent(&self, agent: AgentId) -> Option<AgentId> {
        self.people.parent(agent)
    }

    /// The seeds in the order given, and how many agents were reached through each, itself included: the sizes of the
    /// cascades. Under thresholds each is 1.
    pub fn cascade_sizes(&self) -> Vec<(AgentId, u32)> {
        self.people.cascade_sizes()
    }
}
