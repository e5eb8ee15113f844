//! Models in which all agents move at once, each by what it heard before the sweep. Agents are spread over the
//! threads; each adds up what it hears in the order of its list, so the threads leave no trace.

use murmur_core::AgentId;
use rayon::prelude::*;

use crate::Contacts;

/// So many agents are one piece of work.
const AGENTS_AT_ONCE: usize = 4096;

/// A rule for a sweep, and the room that it needs.
#[derive(Clone, Debug)]
pub(super) struct Sweeps {
    rule: Rule,
    /// The opinions that a sweep makes.
    next: Vec<f64>,
}

#[derive(Clone, Debug)]
enum Rule {
    /// susceptibility · (self_weight · x + (1 − self_weight) · mean of those heard) + (1 − susceptibility) · x(0).
    Averaging { self_weight: f64, susceptibility: f64, initial: Vec<f64> },
    /// The mean of x and of those heard within `confidence` of it. `order`: the agents by opinion at the last sweep,
    /// where all are mixed.
    Near { confidence: f64, order: Vec<u32> },
    /// The side that most of those heard are on.
    Majority,
}

impl Sweeps {
    pub(super) fn averaging(self_weight: f64, susceptibility: f64, initial: &[f64]) -> Self {
        Self::of(Rule::Averaging { self_weight, susceptibility, initial: initial.to_vec() })
    }

    pub(super) fn near(confidence: f64) -> Self {
        Self::of(Rule::Near { confidence, order: Vec::new() })
    }

    pub(super) fn majority() -> Self {
        Self::of(Rule::Majority)
    }

    fn of(rule: Rule) -> Self {
        Self { rule, next: Vec::new() }
    }

    /// One sweep. Returns the largest move.
    pub(super) fn round(&mut self, contacts: Contacts<'_>, opinions: &mut Vec<f64>) -> f64 {
        let next = &mut self.next;
        next.resize(opinions.len(), 0.0);
        match (&mut self.rule, contacts) {
            (Rule::Averaging { self_weight, susceptibility, initial }, _) => {
                let others = Others::new(contacts, opinions);
                let (new, free) = (1.0 - *self_weight, *susceptibility);
                every(next, |agent| {
                    let x = opinions[agent.index()];
                    let averaged = x + new * others.mean_less(agent, x);
                    free * averaged + (1.0 - free) * initial[agent.index()]
                });
            }
            (Rule::Near { confidence, order }, Contacts::WellMixed(_)) => {
                near_of_all(opinions, *confidence, order, next);
            }
            (Rule::Near { confidence, .. }, Contacts::Graph(graph)) => {
                every(next, |agent| near(graph.followees(agent), opinions, agent, *confidence));
            }
            (Rule::Majority, _) => {
                let others = Others::new(contacts, opinions);
                every(next, |agent| others.side(agent, opinions[agent.index()]));
            }
        }
        std::mem::swap(opinions, next);
        largest_difference(opinions, next)
    }
}

/// Sets the opinion of every agent to what `rule` gives for it, cut at -1 and 1 (rounding may leave them).
fn every(next: &mut [f64], rule: impl Fn(AgentId) -> f64 + Sync) {
    next.par_chunks_mut(AGENTS_AT_ONCE).enumerate().for_each(|(chunk, next)| {
        for (agent, next) in (chunk * AGENTS_AT_ONCE..).zip(next) {
            *next = rule(AgentId(agent as u32)).clamp(-1.0, 1.0);
        }
    });
}

fn largest_difference(now: &[f64], before: &[f64]) -> f64 {
    let differences = now.par_iter().zip(before).with_min_len(AGENTS_AT_ONCE).map(|(x, y)| (x - y).abs());
    differences.reduce(|| 0.0, f64::max)
}

/// What an agent hears of the others taken together.
struct Others<'a> {
    contacts: Contacts<'a>,
    opinions: &'a [f64],
    /// The sum of all opinions, where all are mixed.
    total: f64,
}

impl<'a> Others<'a> {
    fn new(contacts: Contacts<'a>, opinions: &'a [f64]) -> Self {
        let is_mixed = matches!(contacts, Contacts::WellMixed(_));
        Self { contacts, opinions, total: if is_mixed { opinions.iter().sum() } else { 0.0 } }
    }

    /// The mean opinion of those that `agent` hears less its own, `x`; 0 if it hears nobody.
    ///
    /// Adding up differences leaves those who agree exactly where they are.
    fn mean_less(&self, agent: AgentId, x: f64) -> f64 {
        match self.contacts.heard_by(agent) {
            None => (self.total - x) / (self.opinions.len() - 1) as f64 - x,
            Some([]) => 0.0,
            Some(heard) => {
                heard.iter().map(|other| self.opinions[other.index()] - x).sum::<f64>() / heard.len() as f64
            }
        }
    }

    /// The side that most of those are on that `agent` hears; its own, `x`, at a tie. Sums of sides are exact.
    fn side(&self, agent: AgentId, x: f64) -> f64 {
        let balance = match self.contacts.heard_by(agent) {
            None => self.total - x,
            Some(heard) => heard.iter().map(|other| self.opinions[other.index()]).sum(),
        };
        if balance == 0.0 { x } else { balance.signum() }
    }
}

/// The mean of the opinion of `agent` and of those of `heard` within `confidence` of it.
fn near(heard: &[AgentId], opinions: &[f64], agent: AgentId, confidence: f64) -> f64 {
    let x = opinions[agent.index()];
    let (mut sum, mut count) = (0.0, 1u32);
    for other in heard {
        let difference = opinions[other.index()] - x;
        if difference.abs() <= confidence {
            sum += difference;
            count += 1;
        }
    }
    x + sum / f64::from(count)
}

/// Sets the opinion of every agent to the mean of all within `confidence` of it, in the time of sorting.
///
/// Sorted by opinion, those near to an agent are a stretch, whose sum is the difference of two sums from the start
/// (true to about 1e-10 of a million agents). The order hardly changes from one sweep to the next, so `order` is
/// kept: sorting what is nearly sorted is fast. A stretch of equal opinions stays exactly where it is, so that a
/// model at rest is.
fn near_of_all(opinions: &[f64], confidence: f64, order: &mut Vec<u32>, next: &mut [f64]) {
    if order.is_empty() {
        order.extend(0..opinions.len() as u32);
    }
    order.par_sort_by(|&a, &b| opinions[a as usize].total_cmp(&opinions[b as usize]).then_with(|| a.cmp(&b)));
    let sorted: Vec<f64> = order.par_iter().map(|&agent| opinions[agent as usize]).collect();
    let mut sums = Vec::with_capacity(sorted.len() + 1);
    sums.push(0.0);
    sums.extend(sorted.iter().scan(0.0, |sum, x| {
        *sum += x;
        Some(*sum)
    }));
    let (mut low, mut high) = (0, 0);
    for (&agent, &x) in order.iter().zip(&sorted) {
        while x - sorted[low] > confidence {
            low += 1;
        }
        while high < sorted.len() && sorted[high] - x <= confidence {
            high += 1;
        }
        let agree = sorted[low] == sorted[high - 1];
        let mean = (sums[high] - sums[low]) / (high - low) as f64;
        next[agent as usize] = if agree { x } else { mean.clamp(-1.0, 1.0) };
    }
}
