//! What an agent passes on by itself, to each that hears it: SIR, and the independent cascade, which is SIR with a draw for
//! each pair that is made once and recovery after one round.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream};
use rayon::prelude::*;

use super::people::People;
use crate::Contacts;

/// Active agents are shared out to threads in blocks of this many.
const BLOCK: usize = 256;

/// The active agents, and how they pass it on.
#[derive(Clone, Debug)]
pub(super) struct Passing {
    /// With each that hears it, in a round.
    chance: f64,
    leaving: Leaving,
    /// Ascending.
    active: Vec<AgentId>,
}

/// When an agent is no longer active.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Leaving {
    /// After each round with this probability.
    Recovery(f64),
    /// After the one round in which it had its chances.
    AfterOne,
}

/// What one active agent does in a round: whom it reaches, and whether it goes.
#[derive(Default)]
struct Deeds {
    /// Who is reached, and through whom.
    told: Vec<[AgentId; 2]>,
    gone: Vec<AgentId>,
}

impl Passing {
    pub(super) fn sir(infection: Probability, recovery: Probability, people: &People) -> Self {
        Self::new(infection, Leaving::Recovery(recovery.get()), people)
    }

    pub(super) fn cascade(probability: Probability, people: &People) -> Self {
        Self::new(probability, Leaving::AfterOne, people)
    }

    fn new(chance: Probability, leaving: Leaving, people: &People) -> Self {
        let mut active = people.reached().to_vec();
        active.sort_unstable();
        Self { chance: chance.get(), leaving, active }
    }

    pub(super) fn is_over(&self) -> bool {
        self.active.is_empty()
    }

    pub(super) fn round(&mut self, people: &mut People, contacts: Contacts<'_>, seed: u64, round: u32) {
        let draws = Draws { passing: self, people, contacts, seed, round: Step(round) };
        let deeds: Vec<Deeds> = if self.active.len() <= BLOCK {
            vec![draws.of(&self.active)]
        } else {
            self.active.par_chunks(BLOCK).map(|agents| draws.of(agents)).collect()
        };
        let reached_before = people.reached().len();
        for deeds in deeds {
            deeds.gone.into_iter().for_each(|agent| people.remove(agent));
            // Of several that reach an agent in one round, the first in ascending order is its parent.
            for [hearer, speaker] in deeds.told {
                people.reach(hearer, speaker);
            }
        }
        self.active.retain(|&agent| people.standing(agent) == super::Standing::Active);
        self.active.extend_from_slice(&people.reached()[reached_before..]);
        self.active.sort_unstable();
    }
}

/// The draws of one round.
struct Draws<'a> {
    passing: &'a Passing,
    people: &'a People,
    contacts: Contacts<'a>,
    seed: u64,
    round: Step,
}

impl Draws<'_> {
    fn of(&self, speakers: &[AgentId]) -> Deeds {
        let mut deeds = Deeds::default();
        for &speaker in speakers {
            let mut own = Stream::new(self.seed, Purpose::Diffusion, self.round, speaker);
            let goes = match self.passing.leaving {
                Leaving::Recovery(recovery) => own.chance(recovery),
                Leaving::AfterOne => true,
            };
            if goes {
                deeds.gone.push(speaker);
            }
            self.tell(speaker, own, |hearer| deeds.told.push([hearer, speaker]));
        }
        deeds
    }

    /// Calls `tell` with each susceptible agent that `speaker` reaches. On a graph the draw is keyed by the pair, so
    /// that one follow more changes no other; well mixed, where an agent has no end of hearers, it is the speaker's
    /// `own`.
    fn tell(&self, speaker: AgentId, mut own: Stream, mut tell: impl FnMut(AgentId)) {
        let chance = self.passing.chance;
        match self.contacts {
            Contacts::WellMixed(agents) => for_each_success(&mut own, agents, chance, |agent| {
                if self.people.is_susceptible(AgentId(agent)) {
                    tell(AgentId(agent));
                }
            }),
            Contacts::Graph(graph) => graph.followers(speaker).for_each(|hearer| {
                if self.people.is_susceptible(hearer) && self.pair(hearer, speaker).chance(chance) {
                    tell(hearer);
                }
            }),
        }
    }

    /// The stream of `hearer` about `speaker`: of this round in SIR, for ever in a cascade.
    fn pair(&self, hearer: AgentId, speaker: AgentId) -> Stream {
        let step = match self.passing.leaving {
            Leaving::Recovery(_) => self.round,
            Leaving::AfterOne => Step(0),
        };
        Stream::new(self.seed, Purpose::Diffusion, step, hearer).about_agent(speaker)
    }
}

/// Calls `f` with each of 0 to `trials` − 1 that succeeds, each on its own with `probability`. Draws the gaps between
/// successes, which are geometric (Batagelj and Brandes, Physical Review E 71, 036113, 2005).
fn for_each_success(draws: &mut Stream, trials: u32, probability: f64, mut f: impl FnMut(u32)) {
    if probability <= 0.0 {
        return;
    }
    let log_failure = libm::log1p(-probability);
    let mut next = 0.0;
    loop {
        // If all succeed, the divisor is −∞ and every gap 0.
        next += (libm::log1p(-draws.uniform()) / log_failure).floor();
        if next >= f64::from(trials) {
            return;
        }
        f(next as u32);
        next += 1.0;
    }
}
