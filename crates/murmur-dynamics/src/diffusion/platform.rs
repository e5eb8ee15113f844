//! The rule of each model for one agent on a platform: what it does when it is shown a copy of a post that spreads.

use murmur_core::{AgentId, Stream};

use super::DiffusionModel;

/// How an agent stands to a post that spreads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It has not shared the post.
    Susceptible,
    /// Its copy is up; the author's own post is a copy, too.
    Active,
    /// It took its copy back.
    Removed,
}

/// One sight of a copy of a post that spreads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Encounter {
    /// Whose copy is shown.
    pub by: AgentId,
    /// How many of the accounts that the reader follows have a copy up.
    pub sharers: u32,
    /// How many accounts the reader follows.
    pub followees: u32,
    /// How the reader stands to the post.
    pub standing: Standing,
}

/// What an agent does on an encounter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Nothing.
    Nothing,
    /// It shares the post.
    Share,
    /// It takes its copy back, for good.
    TakeBack,
}

impl DiffusionModel {
    /// What an agent does on `encounter`.
    ///
    /// `once` is the agent's stream about the post for the whole run, `now` that of this step; both fresh. The same
    /// encounter in one step has the same outcome however often it is asked for.
    pub fn on_platform(&self, encounter: &Encounter, once: &Stream, now: &Stream) -> Move {
        match encounter.standing {
            Standing::Susceptible if self.shares(encounter, once, now) => Move::Share,
            Standing::Active if self.takes_back(encounter, now) => Move::TakeBack,
            _ => Move::Nothing,
        }
    }

    /// Whether an agent whose copy is up recovers in its turn of this step, whatever it is shown; so it takes its copy
    /// back. `now` as for [`on_platform`](Self::on_platform), which uses the same draw: a turn has one chance of it,
    /// with encounters or without.
    pub fn recovers(&self, now: &Stream) -> bool {
        match self {
            Self::Sir { recovery, .. } => now.clone().chance(recovery.get()),
            _ => false,
        }
    }

    fn shares(&self, encounter: &Encounter, once: &Stream, now: &Stream) -> bool {
        match self {
            Self::Sir { infection: chance, .. } | Self::MakiThompson { spreading: chance, .. } => {
                now.about_agent(encounter.by).chance(chance.get())
            }
            Self::IndependentCascade { probability } => {
                once.about_agent(encounter.by).chance(probability.get())
            }
            Self::LinearThreshold { .. } | Self::ComplexContagion { .. } => {
                self.need(once).is_some_and(|need| need.met(encounter.sharers, encounter.followees))
            }
        }
    }

    fn takes_back(&self, encounter: &Encounter, now: &Stream) -> bool {
        match self {
            Self::MakiThompson { stifling, .. } => now.about_agent(encounter.by).chance(stifling.get()),
            _ => self.recovers(now),
        }
    }
}
