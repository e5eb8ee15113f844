//! Keyed random streams: every draw is a function of (seed, purpose, step, agent, draw), and of a post's stable key
//! where it is about a post. No generator is shared, so no result depends on who drew first.
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
//! 2011), checked below against the known answers of Random123. Transformations use `libm`, which gives the same
//! bits on every machine.

use crate::{AgentId, PostKey, Step};

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The Philox4x32-10 block function: four words from a counter of four words and a key of two.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let low = u64::from(counter[0]) * u64::from(MULTIPLIERS[0]);
        let high = u64::from(counter[2]) * u64::from(MULTIPLIERS[1]);
        counter = [
            (high >> 32) as u32 ^ counter[1] ^ key[0],
            high as u32,
            (low >> 32) as u32 ^ counter[3] ^ key[1],
            low as u32,
        ];
    }
    counter
}

/// What a stream of draws is for. Two purposes never share a draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Purpose {
    /// Whether an agent is active in a step.
    Activation = 1,
    /// An agent's place in the order of a step.
    Order = 2,
    /// Which posts a feed samples.
    Feed = 3,
    /// The noise in an agent's choice about a post.
    Choice = 4,
    /// Whether an agent writes a post of its own.
    Posting = 5,
    /// The words of a post.
    Writing = 6,
    /// Making a population.
    Population = 7,
    /// Making a graph.
    Graph = 8,
    /// Initial opinions of agents whose file holds none.
    Opinion = 9,
    /// Which agents' exposures are kept.
    Sampling = 10,
    /// How long an agent's session lasts.
    Session = 11,
    /// The name that an agent gets in a pseudonymized export.
    Pseudonym = 12,
    /// Which accounts are suggested to an agent.
    Suggestion = 13,
    /// Which posts an index is trained on.
    Index = 14,
    /// Which agents a language model decides for.
    Mind = 15,
    /// How a language model's reply is sampled.
    Reply = 16,
    /// Which agents a survey asks; the step is its number.
    Survey = 17,
    /// How a model of opinions draws.
    Influence = 18,
    /// How a model of diffusion draws.
    Diffusion = 19,
    /// What agents believe of a claim before the run; the step is the claim's number.
    Claim = 20,
    /// Which agents or posts an intervention hits; the step is its number.
    Intervention = 21,
    /// Whether and how a note under a post is rated.
    Rating = 22,
    /// The seed of an experiment's replicate; the agent is its number.
    Replicate = 23,
    /// Which runs of an experiment a bootstrap draws; step and agent number what is compared.
    Bootstrap = 24,
    /// What a calibration draws: its halves, its simulations' seeds, its bootstrap.
    Calibration = 25,
    /// How a network is rewired to compare it with; the step is the rewiring's number.
    Rewiring = 26,
    /// Who writes a post of a voting experiment and who casts its first vote; the agent is the post's number.
    Ballot = 27,
    /// Who writes a post of the backlog, and what; the agent is the post's number.
    Backlog = 28,
}

/// A stream of random draws with a key of its own.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Stream {
    /// The stream of `agent` at `step` for `purpose`. Pass step 0 for what happens once.
    pub fn new(seed: u64, purpose: Purpose, step: Step, agent: AgentId) -> Self {
        Self::at([seed as u32, (seed >> 32) as u32], [0, purpose as u32, step.0, agent.0])
    }

    /// The first [`Self::uniform`] of a stream, for whoever asks a whole population: without making the stream, a third
    /// of the time.
    pub fn first_uniform(seed: u64, purpose: Purpose, step: Step, agent: AgentId) -> f64 {
        let key = [seed as u32, (seed >> 32) as u32];
        let [high, low, ..] = philox4x32([0, purpose as u32, step.0, agent.0], key);
        unit_interval(u64::from(high) << 32 | u64::from(low))
    }

    /// The stream about one post, keyed by the post's stable key within this stream's own key. It does not matter
    /// how much of `self` was drawn before.
    pub fn about(&self, post: PostKey) -> Self {
        Self::at(self.inner_key(), [0, post.author.0, post.created.0, u32::from(post.ordinal)])
    }

    /// The stream about one agent, keyed by its id within this stream's own key. It does not matter how much of `self`
    /// was drawn before.
    pub fn about_agent(&self, agent: AgentId) -> Self {
        // No post has that ordinal.
        Self::at(self.inner_key(), [0, agent.0, 0, u32::MAX])
    }

    /// The key of the streams within this stream.
    fn inner_key(&self) -> [u32; 2] {
        // The last counter word of the parent is never reached by its own draws.
        let [first, second, ..] =
            philox4x32([u32::MAX, self.counter[1], self.counter[2], self.counter[3]], self.key);
        [first, second]
    }

    fn at(key: [u32; 2], counter: [u32; 4]) -> Self {
        Self { key, counter, block: [0; 4], used: 4 }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox4x32(self.counter, self.key);
            self.counter[0] += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
    }

    /// A uniform number in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        unit_interval(self.next_u64())
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// A uniform integer in [0, `n`), without bias (Lemire 2019).
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "there is no integer below 0");
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// A standard normal number (Box and Muller 1958; one of the pair is used).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// An exponential number with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// A standard Gumbel number, −ln(−ln u), from 32 random bits.
    ///
    /// Adding one to each utility and taking the largest draws from the multinomial logit (McFadden 1974).
    pub fn gumbel(&mut self) -> f32 {
        let u = (f64::from(self.next_u32()) + 0.5) * (1.0 / 4_294_967_296.0);
        -libm::logf(-libm::log(u) as f32)
    }

    /// A Poisson number of the given mean, in time linear in it (Knuth's product of uniforms; a large mean is drawn as
    /// a sum, since the product would underflow).
    pub fn poisson(&mut self, mean: f64) -> u32 {
        const LARGEST_PART: f64 = 32.0;
        if mean > LARGEST_PART {
            return self.poisson(LARGEST_PART) + self.poisson(mean - LARGEST_PART);
        }
        let limit = libm::exp(-mean);
        let mut product = self.uniform();
        let mut count = 0;
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Puts `items` in a uniformly random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// The number in [0, 1) that the upper 53 bits stand for.
fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// An agent's place in the canonical order of a step: agents are sorted by this, then by id.
pub fn order_key(seed: u64, step: Step, agent: AgentId) -> u64 {
    Stream::new(seed, Purpose::Order, step, agent).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that Random123 publishes for philox4x32-10 (`kat_vectors`).
    #[test]
    fn philox_gives_random123s_known_answers() {
        let check = |counter, key, expected| assert_eq!(philox4x32(counter, key), expected);
        check([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        check([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        check(
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        );
    }

    fn stream(agent: u32) -> Stream {
        Stream::new(7, Purpose::Choice, Step(3), AgentId(agent))
    }

    fn key(author: u32, created: u32, ordinal: u16) -> PostKey {
        PostKey { author: AgentId(author), created: Step(created), ordinal }
    }

    #[test]
    fn draws_about_something_do_not_depend_on_draws_before() {
        let fresh = stream(1);
        let mut used = stream(1);
        for _ in 0..9 {
            used.next_u32();
        }
        assert_eq!(fresh.about(key(5, 2, 0)).next_u64(), used.about(key(5, 2, 0)).next_u64());
        assert_eq!(fresh.about_agent(AgentId(5)).next_u64(), used.about_agent(AgentId(5)).next_u64());
    }

    #[test]
    fn the_first_number_needs_no_stream() {
        let first = Stream::first_uniform(7, Purpose::Choice, Step(3), AgentId(2));
        assert_eq!(first, stream(2).uniform());
    }

    #[test]
    fn every_part_of_a_key_changes_the_draws() {
        let mut first: Vec<u64> = vec![
            stream(1).next_u64(),
            stream(2).next_u64(),
            Stream::new(8, Purpose::Choice, Step(3), AgentId(1)).next_u64(),
            Stream::new(7, Purpose::Posting, Step(3), AgentId(1)).next_u64(),
            Stream::new(7, Purpose::Choice, Step(4), AgentId(1)).next_u64(),
            stream(1).about(key(5, 2, 0)).next_u64(),
            stream(1).about(key(6, 2, 0)).next_u64(),
            stream(1).about(key(5, 3, 0)).next_u64(),
            stream(1).about(key(5, 2, 1)).next_u64(),
            stream(2).about(key(5, 2, 0)).next_u64(),
            stream(1).about(key(5, 0, u16::MAX)).next_u64(),
            stream(1).about_agent(AgentId(5)).next_u64(),
            stream(1).about_agent(AgentId(6)).next_u64(),
            stream(2).about_agent(AgentId(5)).next_u64(),
        ];
        let count = first.len();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), count);
    }

    /// The mean of 100,000 draws lies within five standard errors of theory.
    fn check_mean(draw: impl Fn(&mut Stream) -> f64, mean: f64, deviation: f64) {
        const DRAWS: usize = 100_000;
        let mut stream = stream(4);
        let sum: f64 = (0..DRAWS).map(|_| draw(&mut stream)).sum();
        let error = (sum / DRAWS as f64 - mean).abs();
        assert!(error < 5.0 * deviation / (DRAWS as f64).sqrt(), "off by {error}");
    }

    #[test]
    fn distributions_have_their_means() {
        check_mean(|s| s.uniform(), 0.5, (1.0f64 / 12.0).sqrt());
        check_mean(|s| f64::from(s.below(7)), 3.0, 2.0);
        check_mean(|s| s.normal(), 0.0, 1.0);
        check_mean(|s| s.normal().powi(2), 1.0, 2.0f64.sqrt());
        check_mean(|s| s.exponential(), 1.0, 1.0);
        check_mean(|s| f64::from(s.gumbel()), 0.577_215_664_9, 1.2826);
        check_mean(|s| f64::from(s.poisson(2.5)), 2.5, 2.5f64.sqrt());
        check_mean(|s| f64::from(s.poisson(100.0)), 100.0, 10.0);
    }

    #[test]
    fn a_shuffle_reaches_every_order_equally() {
        let mut counts = [0u32; 6];
        let mut stream = stream(9);
        for _ in 0..60_000 {
            let mut items = [0usize, 1, 2];
            stream.shuffle(&mut items);
            counts[items[0] * 2 + usize::from(items[1] > items[2])] += 1;
        }
        assert!(counts.iter().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
    }
}
