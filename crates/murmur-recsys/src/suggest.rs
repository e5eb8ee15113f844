//! Whom an account might follow: whom its followees follow, who writes about what interests it, and whom most follow.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_store::Public;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dot::dot;
use crate::pool::keep_best;

/// How many of an account's followees, and of each one's followees, are looked at.
const LOOKED_AT: usize = 32;

/// How many of the most followed accounts are candidates for everybody.
const POPULAR: usize = 100;

/// Steps between two looks at who is followed most.
const POPULAR_EVERY: u32 = 20;

/// For each account shown, how many of the best it is drawn from.
const DRAWN_FROM: usize = 4;

/// Which accounts are suggested to follow. The best by mutual·ln(1 + followees that follow it) + interest·(cosine of the
/// profiles) + popularity·ln(1 + followers)/ln(1 + followers of the most followed); those shown are drawn from four times
/// as many.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SuggestionConfig {
    /// Accounts that are suggested to each active agent.
    #[schemars(range(min = 0, max = 100))]
    pub count: u32,
    /// Weight of being followed by those that the agent follows.
    pub mutual: f32,
    /// Weight of resembling the agent.
    pub interest: f32,
    /// Weight of being followed by many.
    pub popularity: f32,
}

impl Default for SuggestionConfig {
    fn default() -> Self {
        Self { count: 0, mutual: 1.0, interest: 1.0, popularity: 0.5 }
    }
}

impl SuggestionConfig {
    /// What is wrong with the configuration, if anything, naming the key.
    pub fn fault(&self) -> Option<String> {
        if self.count > 100 {
            return Some(format!("suggestions.count: expected at most 100 accounts, found {}", self.count));
        }
        let weights = [("mutual", self.mutual), ("interest", self.interest), ("popularity", self.popularity)];
        let wrong = weights.into_iter().find(|(_, weight)| !weight.is_finite());
        wrong.map(|(key, weight)| format!("suggestions.{key}: expected a finite number, found {weight}"))
    }
}

/// An account that somebody is suggested to follow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Suggested {
    /// The account.
    pub agent: AgentId,
    /// How many followees of the reader follow it; of a reader that follows more than 32, those of 32 drawn.
    pub mutual: u32,
    /// Cosine of its vector and the reader's.
    pub interest: f32,
    /// How many follow it.
    pub followers: u32,
}

/// The most followed accounts, as of the last time somebody looked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Popular {
    /// Most followers first; of as many, the lower id first. Nobody without followers.
    accounts: Vec<AgentId>,
    /// Followers of the first.
    most: u32,
}

impl Popular {
    /// The most followed accounts of the platform as it is. Takes time in proportion to the agents.
    pub(crate) fn new(public: &Public) -> Self {
        let ranked = |agent| Ranked { followers: public.graph.follows.follower_count(agent), agent };
        let mut ranked: Vec<Ranked> = (0..public.agents())
            .into_par_iter()
            .with_min_len(4096)
            .map(|agent| ranked(AgentId(agent)))
            .filter(|ranked| ranked.followers > 0)
            .collect();
        keep_best(&mut ranked, POPULAR, |a, b| b.followers.cmp(&a.followers).then(a.agent.cmp(&b.agent)));
        let most = ranked.first().map_or(0, |first| first.followers);
        Self { accounts: ranked.into_iter().map(|ranked| ranked.agent).collect(), most }
    }

    /// Looks anew as every 20th `step` begins. Whoever makes a state again calls it for the same steps.
    pub(crate) fn refresh(&mut self, public: &Public, step: Step) {
        if step.0.is_multiple_of(POPULAR_EVERY) {
            *self = Self::new(public);
        }
    }
}

struct Ranked {
    followers: u32,
    agent: AgentId,
}

/// What all suggestions of a step are made from.
pub(crate) struct Suggester<'a, 'v> {
    /// The platform.
    pub public: &'a Public,
    /// The most followed accounts.
    pub popular: &'a Popular,
    /// How many to suggest, and how candidates are ranked.
    pub config: &'a SuggestionConfig,
    /// The unit vector of an account's profile.
    pub profile: &'a (dyn Fn(AgentId) -> &'v [f32] + Sync),
    /// The run's seed.
    pub seed: u64,
    /// The step.
    pub now: Step,
}

impl Suggester<'_, '_> {
    /// Whom `reader` might follow, in an order drawn; `near` are authors of posts that interest it, in any order.
    ///
    /// Never suggested are the reader, whom it follows or has muted, whom it has blocked or who has blocked it, who is
    /// hidden, and who is not signed up. However many follow each other, no more than 32 · 32 followees of followees are looked at.
    pub(crate) fn suggest(&self, reader: AgentId, near: &[AgentId]) -> Vec<Suggested> {
        let count = self.config.count as usize;
        if count == 0 {
            return Vec::new();
        }
        let follows = &self.public.graph.follows;
        let draws = Stream::new(self.seed, Purpose::Suggestion, self.now, reader);
        let friends: Vec<AgentId> = some(follows.followees(reader), draws.about_agent(reader)).collect();
        let mut best = self.candidates(reader, &friends, near, &draws);
        keep_best(&mut best, DRAWN_FROM * count, |a, b| {
            b.score.total_cmp(&a.score).then(a.suggested.agent.cmp(&b.suggested.agent))
        });
        best.sort_by_cached_key(|candidate| {
            let agent = candidate.suggested.agent;
            (draws.about_agent(agent).next_u64(), agent)
        });
        best.truncate(count);
        // Ranked by the follows that were looked at; of those shown all count.
        let shown = best.into_iter().map(|Candidate { suggested, .. }| {
            let mutual = friends.iter().filter(|&&friend| follows.follows(friend, suggested.agent)).count();
            Suggested { mutual: mutual as u32, ..suggested }
        });
        shown.collect()
    }

    /// Everybody who may be suggested, ascending, with its score.
    fn candidates(
        &self,
        reader: AgentId,
        friends: &[AgentId],
        near: &[AgentId],
        draws: &Stream,
    ) -> Vec<Candidate> {
        let mut met = self.met(friends, near, draws);
        met.retain(|met| self.may_follow(reader, met.agent));
        // A pass for each kind of look-up: they all miss the cache, and a short loop has several under way at once.
        let interests = self.interests(reader, &met);
        let follows = &self.public.graph.follows;
        let followers: Vec<u32> = met.iter().map(|met| follows.follower_count(met.agent)).collect();
        let known = met.iter().zip(interests).zip(followers);
        let suggested = known.map(|((met, interest), followers)| Suggested {
            agent: met.agent,
            mutual: met.mutual,
            interest,
            followers,
        });
        suggested.map(|suggested| Candidate { score: self.score(&suggested), suggested }).collect()
    }

    /// Everybody that the sources give, ascending.
    fn met(&self, friends: &[AgentId], near: &[AgentId], draws: &Stream) -> Vec<Met> {
        let follows = &self.public.graph.follows;
        let of_friend = |&friend: &AgentId| some(follows.followees(friend), draws.about_agent(friend));
        let of_friends = friends.iter().flat_map(of_friend).map(|agent| Met { agent, mutual: 1 });
        let others = near.iter().chain(&self.popular.accounts).map(|&agent| Met { agent, mutual: 0 });
        let mut met: Vec<Met> = of_friends.chain(others).collect();
        met.sort_unstable_by_key(|met| met.agent);
        met.dedup_by(|again, first| {
            let same = again.agent == first.agent;
            first.mutual += if same { again.mutual } else { 0 };
            same
        });
        met
    }

    fn may_follow(&self, reader: AgentId, other: AgentId) -> bool {
        let graph = &self.public.graph;
        other != reader
            && !graph.follows.follows(reader, other)
            && !graph.hides(reader, other)
            && !self.public.moderation().is_hidden(other)
            && self.public.accounts().contains(other)
    }

    fn interests(&self, reader: AgentId, met: &[Met]) -> Vec<f32> {
        let own = (self.profile)(reader);
        met.iter().map(|met| dot(own, (self.profile)(met.agent))).collect()
    }

    fn score(&self, suggested: &Suggested) -> f32 {
        let popularity = match self.popular.most {
            0 => 0.0,
            most => libm::log1pf(suggested.followers as f32) / libm::log1pf(most as f32),
        };
        self.config.mutual * libm::log1pf(suggested.mutual as f32)
            + self.config.interest * suggested.interest
            + self.config.popularity * popularity
    }
}

/// An account that the sources give, with the number of followees through whom they do.
struct Met {
    agent: AgentId,
    mutual: u32,
}

struct Candidate {
    score: f32,
    suggested: Suggested,
}

/// At most [`LOOKED_AT`] agents of a list, each as likely as any other: those from a drawn place on, around the end. One
/// agent more in the list moves the place by one at most.
fn some(list: &[AgentId], mut draws: Stream) -> impl Iterator<Item = AgentId> + '_ {
    let start = if list.len() <= LOOKED_AT { 0 } else { draws.below(list.len() as u32) as usize };
    list[start..].iter().chain(&list[..start]).take(LOOKED_AT).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use murmur_core::{Action, Follow, Profile};
    use murmur_graph::{FollowGraph, SocialGraph};
    use murmur_store::{AgentMark, Phrasebook};
    use proptest::prelude::*;

    use super::*;

    /// Vectors at a right angle for accounts that differ in the last digit of their ids, else the same.
    fn profile(agent: AgentId) -> &'static [f32] {
        const VECTORS: [[f32; 16]; 10] = {
            let mut vectors = [[0.0; 16]; 10];
            let mut place = 0;
            while place < 10 {
                vectors[place][place] = 1.0;
                place += 1;
            }
            vectors
        };
        &VECTORS[agent.index() % 10]
    }

    fn world(agents: u32, follows: &[(u32, u32)]) -> Public {
        let follow = |&(from, to): &(u32, u32)| Follow { follower: AgentId(from), followee: AgentId(to) };
        let follows = FollowGraph::from_edges(agents, follows.iter().map(follow).collect()).graph;
        Public::new(SocialGraph::new(follows), Phrasebook::new(Vec::new()), 0)
    }

    fn weights(count: u32, mutual: f32, interest: f32, popularity: f32) -> SuggestionConfig {
        SuggestionConfig { count, mutual, interest, popularity }
    }

    /// What `reader` is suggested in `step`, ascending.
    fn suggest(
        public: &Public,
        config: &SuggestionConfig,
        step: u32,
        reader: u32,
        near: &[u32],
    ) -> Vec<Suggested> {
        let popular = Popular::new(public);
        let near: Vec<AgentId> = near.iter().copied().map(AgentId).collect();
        let suggester = Suggester {
            public,
            popular: &popular,
            config,
            profile: &|agent| profile(agent),
            seed: 3,
            now: Step(step),
        };
        let mut suggested = suggester.suggest(AgentId(reader), &near);
        suggested.sort_by_key(|suggested| suggested.agent);
        suggested
    }

    fn ids(suggested: &[Suggested]) -> Vec<u32> {
        suggested.iter().map(|suggested| suggested.agent.0).collect()
    }

    #[test]
    fn followees_of_followees_are_suggested_with_what_is_known_of_them() {
        // Agent 0 follows 1, 2 and 3, which all follow 10, while 1 and 2 follow 11.
        let follows = [(0, 1), (0, 2), (0, 3), (1, 10), (2, 10), (3, 10), (1, 11), (2, 11), (3, 2), (4, 11)];
        let public = world(12, &follows);
        let suggested = |agent, mutual, interest, followers| Suggested {
            agent: AgentId(agent),
            mutual,
            interest,
            followers,
        };
        let all = suggest(&public, &weights(10, 1.0, 1.0, 1.0), 0, 0, &[]);
        assert_eq!(all, [suggested(10, 3, 1.0, 3), suggested(11, 2, 0.0, 3)]);
        assert_eq!(suggest(&public, &SuggestionConfig::default(), 0, 0, &[]), []);
    }

    #[test]
    fn who_follows_nobody_is_suggested_who_is_followed_and_who_is_near() {
        let public = world(30, &[(1, 2), (3, 2), (3, 4)]);
        assert_eq!(ids(&suggest(&public, &weights(10, 1.0, 1.0, 1.0), 0, 0, &[7, 9, 7])), [2, 4, 7, 9]);
        // Nobody follows anybody.
        assert_eq!(ids(&suggest(&world(30, &[]), &weights(10, 1.0, 1.0, 1.0), 0, 0, &[7])), [7]);
        assert_eq!(suggest(&world(30, &[]), &weights(10, 1.0, 1.0, 1.0), 0, 0, &[]), []);
    }

    #[test]
    fn hidden_accounts_are_suggested_to_nobody() {
        // Agent 2 is followed by a followee, near, and the most followed.
        let mut public = world(30, &[(0, 1), (1, 2), (3, 2), (3, 4)]);
        let all = weights(10, 1.0, 1.0, 1.0);
        assert_eq!(ids(&suggest(&public, &all, 0, 0, &[2, 7])), [2, 4, 7]);
        for mark in [AgentMark::Suspended, AgentMark::ShadowBanned] {
            public.mark_agent(&"bans".into(), AgentId(2), mark);
            assert_eq!(ids(&suggest(&public, &all, 0, 0, &[2, 7])), [4, 7], "{mark:?}");
            public.lift_all("bans");
        }
    }

    /// Of the accounts near to agent 0, which follows 1, those from which the one shown is drawn are `best`.
    fn check_best(config: SuggestionConfig, best: [u32; 4]) {
        // 11 to 14 are followed by 1, 12 to 15 by many, and 10, 20, … have the reader's vector.
        let mut follows = vec![(0, 1), (1, 11), (1, 12), (1, 13), (1, 14)];
        for agent in 12..=15 {
            follows.extend((40..60).map(|fan| (fan, agent)));
        }
        let public = world(60, &follows);
        let near = [10, 11, 15, 16, 17, 20, 30];
        let shown: BTreeSet<u32> =
            (0..200).flat_map(|step| ids(&suggest(&public, &config, step, 0, &near))).collect();
        assert_eq!(shown, BTreeSet::from(best), "{config:?}");
    }

    #[test]
    fn each_weight_brings_its_own_to_the_top() {
        check_best(weights(1, 1.0, 0.0, 0.0), [11, 12, 13, 14]);
        check_best(weights(1, 0.0, 0.0, 1.0), [12, 13, 14, 15]);
        // Of equal ones, the lower id.
        check_best(weights(1, 0.0, 1.0, 0.0), [10, 11, 20, 30]);
        check_best(weights(1, 0.0, 0.0, 0.0), [10, 11, 12, 13]);
        // ln(21)/ln(21) for one of them and ln 2 for being followed by 1.
        check_best(weights(1, 1.0, 1.2, 0.9), [12, 13, 14, 10]);
    }

    /// Counts that are equally likely, by Pearson's test at z = 4.3 (Wilson and Hilferty 1931).
    fn check_uniform(counts: &[u32]) {
        let expected = counts.iter().sum::<u32>() as f64 / counts.len() as f64;
        let statistic: f64 =
            counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        let k = (counts.len() - 1) as f64;
        let limit = k * (1.0 - 2.0 / (9.0 * k) + 4.3 * (2.0 / (9.0 * k)).sqrt()).powi(3);
        assert!(statistic < limit, "{statistic}: {counts:?}");
    }

    #[test]
    fn those_shown_are_drawn_uniformly_from_four_times_as_many() {
        let public = world(40, &[(0, 1)]);
        let near: Vec<u32> = (20..40).collect();
        let mut counts = [0; 8];
        for step in 0..20_000 {
            let shown = ids(&suggest(&public, &weights(2, 1.0, 0.0, 0.0), step, 0, &near));
            assert_eq!(shown.len(), 2);
            for agent in shown {
                counts[agent as usize - 20] += 1;
            }
        }
        check_uniform(&counts);
    }

    #[test]
    fn every_agent_of_a_long_list_is_looked_at_equally_often() {
        let list: Vec<AgentId> = (0..45).map(AgentId).collect();
        let mut counts = [0; 45];
        for step in 0..40_000 {
            let draws = Stream::new(1, Purpose::Suggestion, Step(step), AgentId(0));
            let looked_at: Vec<AgentId> = some(&list, draws).collect();
            assert_eq!(looked_at.iter().collect::<BTreeSet<_>>().len(), LOOKED_AT);
            // One of them, so that the counts are independent.
            counts[looked_at[step as usize % LOOKED_AT].index()] += 1;
        }
        check_uniform(&counts);
    }

    #[test]
    fn in_a_crowd_no_more_is_looked_at_than_the_bound() {
        const CROWD: u32 = 150;
        let pairs = (0..CROWD).flat_map(|from| (0..CROWD).map(move |to| (from, to)));
        let public = world(CROWD, &pairs.filter(|(from, to)| from != to).collect::<Vec<_>>());
        let (popular, config) = (Popular::new(&public), weights(10, 1.0, 1.0, 1.0));
        assert_eq!(popular.accounts.len(), POPULAR);
        let suggester = Suggester {
            public: &public,
            popular: &popular,
            config: &config,
            profile: &|agent| profile(agent),
            seed: 3,
            now: Step(0),
        };
        let draws = Stream::new(3, Purpose::Suggestion, Step(0), AgentId(0));
        let friends: Vec<AgentId> = some(public.graph.follows.followees(AgentId(0)), draws.clone()).collect();
        assert_eq!(friends.len(), LOOKED_AT);
        let met = suggester.met(&friends, &[], &draws);
        assert_eq!(met.iter().map(|met| met.mutual).sum::<u32>() as usize, LOOKED_AT * LOOKED_AT);
    }

    #[test]
    fn one_account_more_elsewhere_changes_nothing() {
        // Sixty accounts in a ring, each following the next forty.
        let ring: Vec<(u32, u32)> =
            (0..60).flat_map(|from| (1..=40).map(move |ahead| (from, (from + ahead) % 60))).collect();
        let config = weights(3, 1.0, 1.0, 1.0);
        let mut more = ring.clone();
        more.push((60, 61));
        let (before, after) = (world(60, &ring), world(62, &more));
        let mut shown = BTreeSet::new();
        for step in 0..20 {
            for reader in 0..60 {
                let suggested = suggest(&before, &config, step, reader, &[]);
                assert_eq!(suggest(&after, &config, step, reader, &[]), suggested);
                shown.insert(ids(&suggested));
            }
        }
        assert!(shown.len() > 500, "hardly anything is drawn: {}", shown.len());
    }

    #[test]
    fn one_candidate_more_leaves_the_draws_of_the_others() {
        let public = world(60, &[]);
        let config = weights(5, 1.0, 0.0, 0.0);
        let (few, more) = ((20..39).collect::<Vec<u32>>(), (20..40).collect::<Vec<u32>>());
        for step in 0..200 {
            let mut without = ids(&suggest(&public, &config, step, 0, &few));
            let mut with = ids(&suggest(&public, &config, step, 0, &more));
            // At most one makes room for the newcomer.
            with.retain(|&agent| agent != 39);
            without.retain(|agent| with.contains(agent));
            assert_eq!(without, with);
        }
    }

    #[test]
    fn the_most_followed_are_looked_for_every_twentieth_step() {
        let mut public = world(300, &(0..120).map(|fan| (fan, fan + 100)).collect::<Vec<_>>());
        public.graph.follows.follow(AgentId(7), AgentId(150));
        let mut popular = Popular::new(&public);
        assert_eq!((popular.most, popular.accounts.len()), (2, 100));
        // Of equally many followers, the lower id.
        assert!(popular.accounts[..3].iter().copied().eq([150, 100, 101].map(AgentId)));
        assert_eq!(popular.accounts[99], AgentId(199));
        for fan in [8, 9, 10] {
            public.graph.follows.follow(AgentId(fan), AgentId(299));
        }
        let before = popular.clone();
        for step in 1..20 {
            popular.refresh(&public, Step(step));
            assert_eq!(popular, before);
        }
        popular.refresh(&public, Step(20));
        assert_eq!((popular.most, popular.accounts[0]), (3, AgentId(299)));
    }

    const AGENTS: u32 = 24;

    /// Pairs of agents.
    fn pairs(most: usize) -> impl Strategy<Value = Vec<(u32, u32)>> {
        prop::collection::vec((0..AGENTS, 0..AGENTS), 0..most)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Everybody who may be suggested is, where enough are shown, and nobody else ever.
        #[test]
        fn suggested_is_who_may_be_followed(
            follows in pairs(120),
            mutes in pairs(30),
            blocks in pairs(30),
            absent in prop::collection::btree_set(0..AGENTS, 0..8),
            near in prop::collection::vec(0..AGENTS, 0..10),
            count in 1..6u32,
        ) {
            let mut public = world(AGENTS, &follows).with_nobody_signed_up();
            for agent in (0..AGENTS).filter(|agent| !absent.contains(agent)) {
                public.apply(Step(0), AgentId(agent), &Action::SignUp(Profile::default()));
            }
            for &(agent, other) in &mutes {
                public.graph.mutes.add(AgentId(agent), AgentId(other));
            }
            for &(agent, other) in &blocks {
                public.graph.blocks.add(AgentId(agent), AgentId(other));
            }
            let follows = |from: u32, to: u32| from != to && follows.contains(&(from, to));
            let everybody = 0..AGENTS;
            for reader in everybody.clone() {
                let mutual = |other| everybody.clone().filter(|&via| follows(reader, via) && follows(via, other)).count();
                let may = |&other: &u32| {
                    let is_met = mutual(other) > 0
                        || near.contains(&other)
                        || everybody.clone().any(|fan| follows(fan, other));
                    let is_blocked = blocks.contains(&(reader, other)) || blocks.contains(&(other, reader));
                    let is_hidden = is_blocked || mutes.contains(&(reader, other));
                    is_met && other != reader && !follows(reader, other) && !is_hidden && !absent.contains(&other)
                };
                let expected: Vec<u32> = everybody.clone().filter(may).collect();
                let all = suggest(&public, &weights(AGENTS, 1.0, 1.0, 1.0), 5, reader, &near);
                prop_assert_eq!(ids(&all), expected);
                for suggested in &all {
                    prop_assert_eq!(suggested.mutual as usize, mutual(suggested.agent.0));
                }
                let few = suggest(&public, &weights(count, 1.0, 1.0, 1.0), 5, reader, &near);
                prop_assert_eq!(few.len(), all.len().min(count as usize));
                prop_assert!(few.iter().all(|suggested| all.contains(suggested)));
            }
        }
    }
}
