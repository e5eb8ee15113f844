//! What an agent takes up once enough of those that it hears have: linear thresholds and complex contagion.

use murmur_core::{AgentId, Purpose, Step, Stream};
use rayon::prelude::*;

use super::DiffusionModel;
use super::model::Need;
use super::people::People;
use crate::Contacts;

/// Agents are asked by threads in blocks of no fewer than this many.
const BLOCK: usize = 1024;

/// Who was reached last, and who is near to it.
#[derive(Clone, Debug)]
pub(super) struct Thresholds {
    model: DiffusionModel,
    /// Whom the last round reached: the only ones that can move anybody in the next.
    fresh: Vec<AgentId>,
    waiting: Waiting,
}

#[derive(Clone, Debug)]
enum Waiting {
    /// How many sharers each agent hears on a graph, but for the fresh ones.
    Heard(Vec<u32>),
    /// Well mixed, all hear equally many: the susceptible, those that need most first.
    Queue(Vec<AgentId>),
}

impl Thresholds {
    pub(super) fn new(model: DiffusionModel, contacts: Contacts<'_>, people: &People, seed: u64) -> Self {
        let waiting = match contacts {
            Contacts::WellMixed(agents) => {
                let susceptible = (0..agents).map(AgentId).filter(|&agent| people.is_susceptible(agent));
                let mut queue: Vec<(f64, AgentId)> =
                    susceptible.map(|agent| (need(model, agent, seed).size(), agent)).collect();
                queue.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
                Waiting::Queue(queue.into_iter().map(|(_, agent)| agent).collect())
            }
            Contacts::Graph(graph) => Waiting::Heard(vec![0; graph.agents() as usize]),
        };
        Self { model, fresh: people.reached().to_vec(), waiting }
    }

    pub(super) fn is_over(&self) -> bool {
        self.fresh.is_empty()
    }

    pub(super) fn round(&mut self, people: &mut People, contacts: Contacts<'_>, seed: u64) {
        let need = |agent| need(self.model, agent, seed);
        let fresh = match (&mut self.waiting, contacts) {
            (Waiting::Heard(heard), Contacts::Graph(graph)) => {
                let mut hearers = Vec::new();
                for &sharer in &self.fresh {
                    for hearer in graph.followers(sharer).filter(|&hearer| people.is_susceptible(hearer)) {
                        heard[hearer.index()] += 1;
                        hearers.push(hearer);
                    }
                }
                hearers.sort_unstable();
                hearers.dedup();
                let moved = |&agent: &AgentId| {
                    need(agent).met(heard[agent.index()], graph.followees(agent).len() as u32)
                };
                hearers.into_par_iter().with_min_len(BLOCK).filter(moved).collect()
            }
            (Waiting::Queue(queue), Contacts::WellMixed(agents)) => {
                let sharers = people.counts().active;
                let stay = queue.partition_point(|&agent| !need(agent).met(sharers, agents - 1));
                queue.split_off(stay)
            }
            _ => unreachable!("the contacts are those that it began with"),
        };
        for &agent in &fresh {
            people.reach(agent, agent);
        }
        self.fresh = fresh;
    }
}

/// What `agent` needs before it shares.
fn need(model: DiffusionModel, agent: AgentId, seed: u64) -> Need {
    let once = Stream::new(seed, Purpose::Diffusion, Step(0), agent);
    model.need(&once).expect("a model of thresholds has needs")
}
