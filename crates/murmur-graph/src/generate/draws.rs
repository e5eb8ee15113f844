//! What the generators draw with.

use murmur_core::{AgentId, Purpose, Step, Stream};
use rayon::prelude::*;

use murmur_core::Follow;

/// Agents are drawn for in blocks of this many, which threads share out.
const BLOCK: u32 = 4096;

/// The stream of an agent's own follows.
pub(super) fn stream(seed: u64, agent: AgentId) -> Stream {
    Stream::new(seed, Purpose::Graph, Step(0), agent)
}

/// What `draw` appends for each agent, in the order of the agents.
pub(super) fn for_each_agent(agents: u32, draw: impl Fn(AgentId, &mut Vec<Follow>) + Sync) -> Vec<Follow> {
    let blocks: Vec<Vec<Follow>> = (0..agents.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let first = block * BLOCK;
            let mut follows = Vec::new();
            for agent in first..first.saturating_add(BLOCK).min(agents) {
                draw(AgentId(agent), &mut follows);
            }
            follows
        })
        .collect();
    let mut all = Vec::with_capacity(blocks.iter().map(Vec::len).sum());
    for block in blocks {
        all.extend(block);
    }
    all
}

/// Calls `f` with each of 0 to `trials` − 1 that succeeds. All succeed with the same probability, each on its own, and
/// `expected` of them on average.
///
/// Draws only the gaps between successes, which are geometric (Batagelj and Brandes, "Efficient generation of large
/// random networks", Physical Review E 71, 036113, 2005).
pub(super) fn for_each_success(stream: &mut Stream, trials: u32, expected: f64, mut f: impl FnMut(u32)) {
    if expected <= 0.0 {
        return;
    }
    let log_failure = libm::log1p(-expected / f64::from(trials));
    let mut next = 0.0;
    loop {
        // If all succeed, the divisor is −∞ and every gap 0.
        next += (libm::log1p(-stream.uniform()) / log_failure).floor();
        if next >= f64::from(trials) {
            return;
        }
        f(next as u32);
        next += 1.0;
    }
}

/// A distribution over 0 to n − 1 in proportion to weights.
pub(super) struct Weights {
    cumulative: Vec<f64>,
}

impl Weights {
    pub(super) fn new(weights: impl Iterator<Item = f64>) -> Self {
        let running_sum = |sum: &mut f64, weight: f64| {
            *sum += weight;
            Some(*sum)
        };
        Self { cumulative: weights.scan(0.0, running_sum).collect() }
    }

    /// A draw, by inversion.
    ///
    /// # Panics
    /// When there are no weights.
    pub(super) fn draw(&self, stream: &mut Stream) -> usize {
        let last = self.cumulative.len() - 1;
        let level = stream.uniform() * self.cumulative[last];
        self.cumulative.partition_point(|&sum| sum <= level).min(last)
    }
}

/// Whom an agent follows so far, and the agent itself: whom it cannot choose any more. Ascending.
pub(super) struct Taken(Vec<AgentId>);

impl Taken {
    pub(super) fn by(agent: AgentId) -> Self {
        Self(vec![agent])
    }

    /// Takes `agent`; false if it is taken already.
    pub(super) fn take(&mut self, agent: AgentId) -> bool {
        match self.0.binary_search(&agent) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, agent);
                true
            }
        }
    }

    pub(super) fn give_back(&mut self, agent: AgentId) {
        self.0.retain(|&other| other != agent);
    }

    /// Takes one of `agents` agents that is free, uniformly; `None` if none is.
    pub(super) fn take_any(&mut self, agents: u32, stream: &mut Stream) -> Option<AgentId> {
        let free = agents - self.0.len() as u32;
        if free == 0 {
            return None;
        }
        let mut agent = AgentId(stream.below(free));
        let mut place = 0;
        // `agent` counts the free ones; each one taken at or before it pushes it up.
        while self.0.get(place).is_some_and(|&taken| taken <= agent) {
            agent.0 += 1;
            place += 1;
        }
        self.0.insert(place, agent);
        Some(agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean and variance of the number of successes are the binomial's, within five standard errors.
    fn check_successes(trials: u32, expected: f64) {
        const DRAWS: u32 = 20_000;
        let counts: Vec<f64> = (0..DRAWS)
            .map(|draw| {
                let mut successes = Vec::new();
                for_each_success(&mut stream(1, AgentId(draw)), trials, expected, |trial| {
                    successes.push(trial)
                });
                assert!(successes.is_sorted_by(|a, b| a < b) && successes.last().is_none_or(|&s| s < trials));
                successes.len() as f64
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / f64::from(DRAWS);
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / f64::from(DRAWS);
        let spread = expected * (1.0 - expected / f64::from(trials).max(1.0));
        assert!((mean - expected).abs() <= 5.0 * (spread / f64::from(DRAWS)).sqrt(), "mean {mean}");
        assert!((variance - spread).abs() <= 0.06 * spread, "variance {variance}, expected {spread}");
    }

    #[test]
    fn successes_are_binomial() {
        check_successes(0, 0.0);
        check_successes(10, 0.0);
        check_successes(10, 10.0);
        check_successes(40, 20.0);
        check_successes(1000, 10.0);
    }

    #[test]
    fn weights_are_drawn_in_proportion() {
        let weights = Weights::new([1.0, 0.0, 3.0].into_iter());
        let mut counts = [0u32; 3];
        let mut stream = stream(2, AgentId(0));
        for _ in 0..40_000 {
            counts[weights.draw(&mut stream)] += 1;
        }
        assert!(counts[0].abs_diff(10_000) < 500 && counts[1] == 0, "{counts:?}");
    }

    #[test]
    fn free_agents_are_taken_uniformly_until_none_is_left() {
        let mut stream = stream(3, AgentId(0));
        let mut counts = [0u32; 6];
        for _ in 0..30_000 {
            let mut taken = Taken::by(AgentId(2));
            assert!(taken.take(AgentId(0)) && !taken.take(AgentId(2)));
            let agent = taken.take_any(6, &mut stream).expect("four are free");
            counts[agent.index()] += 1;
            for _ in 0..3 {
                assert!(taken.take_any(6, &mut stream).is_some());
            }
            assert_eq!(taken.take_any(6, &mut stream), None);
        }
        assert_eq!([counts[0], counts[2]], [0, 0]);
        assert!([1, 3, 4, 5].iter().all(|&agent| counts[agent].abs_diff(7500) < 400), "{counts:?}");
    }
}
