//! The homophilous model: core accounts, and follows by shared interests.

use murmur_core::{AgentId, Probability, Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{Taken, Weights, for_each_agent, stream};
use super::error::{GraphError, check_mean, impossible};
use murmur_core::Follow;

/// Standard deviation of the logarithm of the number of follows.
const FOLLOWS_SPREAD: f64 = 1.0;

/// A choice that hits somebody already followed is repeated this often; then anybody not yet followed is taken.
const TRIES: u32 = 16;

/// Agents follow core accounts and agents who share their interests. It builds large populations round known accounts
/// in the way of OASIS (arXiv 2411.11581).
///
/// The first agents are the core accounts, the most popular first: their popularity falls as 1/rank (Zipf). How many
/// accounts an agent follows is log-normal (σ = 1), so some follow many. Each follow goes to a core account or to
/// anybody; in either case with some probability to one who shares a randomly chosen interest of the agent. Where
/// nobody is left to choose, the follow goes to anybody.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Homophilous {
    /// Mean number of accounts that an agent follows, returned follows included: 0 to the number of agents less 1.
    /// Default 20.
    pub mean_follows: f64,
    /// Number of core accounts, the agents with the lowest ids: at most the number of agents. Default 100.
    pub core_accounts: u32,
    /// Share of an agent's choices that go to core accounts; 0 if there are none. Default 0.3.
    pub core_share: Probability,
    /// Probability that a choice is made among those who share an interest; else interests play no part. Default 0.6.
    pub homophily: Probability,
    /// Probability that an agent outside the core returns a follow; core accounts return none. Default 0.22, the share
    /// of linked pairs on Twitter that follow each other (Kwak and others, 2010).
    pub reciprocity: Probability,
}

impl Default for Homophilous {
    fn default() -> Self {
        Self {
            mean_follows: 20.0,
            core_accounts: 100,
            core_share: Probability::of(0.3),
            homophily: Probability::of(0.6),
            reciprocity: Probability::of(0.22),
        }
    }
}

impl Homophilous {
    /// `interests` holds a bit set of topics per agent.
    pub(super) fn draw(&self, agents: u32, interests: &[u64], seed: u64) -> Result<Vec<Follow>, GraphError> {
        self.draw_of(AgentId(0), agents, interests, seed)
    }

    /// The follows that agents outside the core choose, and those that they return to one another. With those that the core
    /// accounts choose, and those that these get returned, they are all that [`generate`](super::generate()) draws.
    ///
    /// # Errors
    /// As for [`generate`](super::generate()).
    pub fn round_core(&self, agents: u32, interests: &[u64], seed: u64) -> Result<Vec<Follow>, GraphError> {
        self.draw_of(AgentId(self.core_accounts), agents, interests, seed)
    }

    /// The choices of agents from `first` on, and what returns them.
    fn draw_of(
        &self,
        first: AgentId,
        agents: u32,
        interests: &[u64],
        seed: u64,
    ) -> Result<Vec<Follow>, GraphError> {
        self.check(agents, interests)?;
        let core = Circle::of(&interests[..self.core_accounts as usize], Popularity::Zipf);
        let everybody = Circle::of(interests, Popularity::Equal);
        Ok(for_each_agent(agents, |follower, follows| {
            if follower < first {
                return;
            }
            let mut stream = stream(seed, follower);
            let mut taken = Taken::by(follower);
            for _ in 0..self.choices(agents, &mut stream) {
                let circle = if stream.chance(self.core_share.get()) { &core } else { &everybody };
                let alike = stream.chance(self.homophily.get());
                let shared = if alike { interests[follower.index()] } else { 0 };
                let found = (0..TRIES)
                    .map(|_| circle.draw(shared, &mut stream))
                    .find(|&account| taken.take(account))
                    .or_else(|| taken.take_any(agents, &mut stream));
                let Some(followee) = found else { break };
                follows.push(Follow { follower, followee });
                if followee.0 >= self.core_accounts && stream.chance(self.reciprocity.get()) {
                    follows.push(Follow { follower: followee, followee: follower });
                }
            }
        }))
    }

    /// How many accounts an agent chooses to follow. Returned follows make up the rest of the mean.
    fn choices(&self, agents: u32, stream: &mut Stream) -> u32 {
        let returned = self.reciprocity.get() * (1.0 - self.core_share.get());
        let mean = self.mean_follows / (1.0 + returned);
        let exponent = FOLLOWS_SPREAD * stream.normal() - FOLLOWS_SPREAD * FOLLOWS_SPREAD / 2.0;
        // Rounding up with the fraction's probability keeps the mean.
        let choices = mean * libm::exp(exponent) + stream.uniform();
        choices.min(f64::from(agents - 1)) as u32
    }

    fn check(&self, agents: u32, interests: &[u64]) -> Result<(), GraphError> {
        let others = agents.saturating_sub(1);
        check_mean("mean_follows", self.mean_follows, agents, others, "the others an agent can follow")?;
        if self.core_accounts > agents {
            let problem = format!("{} is more than the number of agents ({agents})", self.core_accounts);
            return impossible("core_accounts", problem);
        }
        if self.core_accounts == 0 && self.core_share.get() > 0.0 {
            let share = self.core_share.get();
            return impossible("core_share", format!("{share} is not 0, but graph.core_accounts is 0"));
        }
        if interests.len() != agents as usize {
            let problem = format!("homophilous needs interests of {agents} agents, not {}", interests.len());
            return impossible("kind", problem);
        }
        Ok(())
    }
}

/// How often an account is chosen.
#[derive(Clone, Copy)]
enum Popularity {
    /// As often as any other.
    Equal,
    /// In proportion to 1/rank, the lowest id first.
    Zipf,
}

/// Accounts that choices are made among, and those of them with each interest.
struct Circle {
    all: Pool,
    by_topic: Vec<Pool>,
}

impl Circle {
    /// The circle of agents 0 to n − 1, given the interests of each.
    fn of(interests: &[u64], popularity: Popularity) -> Self {
        let pool = |wanted: &dyn Fn(u64) -> bool| {
            let members = (0u32..).zip(interests).filter(|(_, topics)| wanted(**topics));
            Pool::of(members.map(|(agent, _)| AgentId(agent)).collect(), popularity)
        };
        let by_topic = (0..u64::BITS).map(|topic| pool(&|topics| topics >> topic & 1 == 1)).collect();
        Self { all: pool(&|_| true), by_topic }
    }

    /// An account that has one of the interests `shared`, drawn first; any account if there is none.
    fn draw(&self, shared: u64, stream: &mut Stream) -> AgentId {
        let alike = (shared != 0).then(|| &self.by_topic[draw_topic(shared, stream)]);
        alike.filter(|pool| !pool.accounts.is_empty()).unwrap_or(&self.all).draw(stream)
    }
}

/// One of the topics in a bit set that is not empty, uniformly.
fn draw_topic(mut topics: u64, stream: &mut Stream) -> usize {
    for _ in 0..stream.below(topics.count_ones()) {
        topics &= topics - 1;
    }
    topics.trailing_zeros() as usize
}

/// Accounts to draw one from.
struct Pool {
    accounts: Vec<AgentId>,
    /// `None` if all are equally popular.
    weights: Option<Weights>,
}

impl Pool {
    fn of(accounts: Vec<AgentId>, popularity: Popularity) -> Self {
        let weights = match popularity {
            Popularity::Equal => None,
            Popularity::Zipf => {
                Some(Weights::new(accounts.iter().map(|account| 1.0 / (f64::from(account.0) + 1.0))))
            }
        };
        Self { accounts, weights }
    }

    /// # Panics
    /// When there is no account.
    fn draw(&self, stream: &mut Stream) -> AgentId {
        let place = match &self.weights {
            None => stream.below(self.accounts.len() as u32) as usize,
            Some(weights) => weights.draw(stream),
        };
        self.accounts[place]
    }
}
