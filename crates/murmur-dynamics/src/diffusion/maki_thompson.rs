//! The rumour of Maki and Thompson: one call after the other.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream};

use super::people::People;
use crate::Contacts;

/// The spreaders, and how they fare.
#[derive(Clone, Debug)]
pub(super) struct Rumour {
    spreading: f64,
    stifling: f64,
    /// In an order that follows from the calls so far.
    spreaders: Vec<AgentId>,
}

impl Rumour {
    pub(super) fn new(spreading: Probability, stifling: Probability, people: &People) -> Self {
        Self { spreading: spreading.get(), stifling: stifling.get(), spreaders: people.reached().to_vec() }
    }

    pub(super) fn is_over(&self) -> bool {
        self.spreaders.is_empty()
    }

    /// As many calls as there are spreaders, or fewer if no spreader is left. Each depends on the one before, so the
    /// draws of a round are one stream.
    pub(super) fn round(&mut self, people: &mut People, contacts: Contacts<'_>, seed: u64, round: u32) {
        let mut draws = Stream::new(seed, Purpose::Diffusion, Step(round), AgentId(0));
        for _ in 0..self.spreaders.len() {
            if self.spreaders.is_empty() {
                return;
            }
            self.call(people, contacts, &mut draws);
        }
    }

    fn call(&mut self, people: &mut People, contacts: Contacts<'_>, draws: &mut Stream) {
        let place = draws.below(self.spreaders.len() as u32) as usize;
        let caller = self.spreaders[place];
        let stifled = match called(contacts, caller, draws) {
            None => true,
            Some(agent) if people.is_susceptible(agent) => {
                if draws.chance(self.spreading) {
                    people.reach(agent, caller);
                    self.spreaders.push(agent);
                }
                false
            }
            Some(_) => draws.chance(self.stifling),
        };
        if stifled {
            self.spreaders.swap_remove(place);
            people.remove(caller);
        }
    }
}

/// One of those that hear `caller`, drawn uniformly; `None` if nobody does. On a graph it takes time in proportion to
/// their number.
fn called(contacts: Contacts<'_>, caller: AgentId, draws: &mut Stream) -> Option<AgentId> {
    match contacts {
        Contacts::WellMixed(agents) => {
            let other = (agents > 1).then(|| draws.below(agents - 1))?;
            Some(AgentId(other + u32::from(other >= caller.0)))
        }
        Contacts::Graph(graph) => {
            let mut hearers = graph.followers(caller);
            let place = (hearers.len() > 0).then(|| draws.below(hearers.len() as u32))?;
            hearers.nth(place as usize)
        }
    }
}
