//! Who read the posts of a voting experiment first, how they voted, and what scores the posts have.

use murmur_core::{AgentId, Event, PostId, Step};
use murmur_store::{Posts, Public};

use super::{Measure, Scope};
use crate::facts::Exposure;
use crate::votes::{Ballot, Vote, Votes};

/// What was seen of one post. Its author and the confederate who casts its first vote count as nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Poll {
    /// How often any copy of it was read.
    pub(crate) reads: u64,
    /// Who read it first: in the first step in which anybody did, the first in the step's order.
    pub(crate) first: Option<FirstReading>,
}

/// The first reading of a post.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FirstReading {
    pub(crate) agent: AgentId,
    pub(crate) step: Step,
    /// How the reader voted in that step.
    pub(crate) vote: Option<Vote>,
}

impl FirstReading {
    /// The names of votes in tables, by [`Self::code`].
    pub(crate) const NAMES: [&str; 3] = ["none", "up", "down"];

    /// The vote's place in [`Self::NAMES`].
    pub(crate) fn code(&self) -> u8 {
        vote_code(self.vote)
    }

    /// As it was with that code.
    pub(crate) fn with_code(agent: AgentId, step: Step, code: u8) -> Self {
        let vote = [None, Some(Vote::Up), Some(Vote::Down)][usize::from(code)];
        Self { agent, step, vote }
    }
}

/// The place of a vote in [`FirstReading::NAMES`].
pub(crate) fn vote_code(vote: Option<Vote>) -> u8 {
    match vote {
        None => 0,
        Some(Vote::Up) => 1,
        Some(Vote::Down) => 2,
    }
}

/// Takes in what was read and voted in a step.
pub(super) fn take_in(
    polls: &mut [Poll],
    votes: &Votes,
    posts: &Posts,
    now: Step,
    exposures: &[Exposure],
    events: &[Event],
) {
    if votes.is_empty() {
        return;
    }
    for exposure in exposures {
        let Some(place) = votes.of_root(posts.root(exposure.post)) else { continue };
        if votes.all()[place].is_subject(exposure.agent) {
            let poll = &mut polls[place];
            poll.reads += 1;
            poll.first.get_or_insert(FirstReading { agent: exposure.agent, step: now, vote: None });
        }
    }
    for event in events.iter().filter(|event| event.outcome.succeeded()) {
        let Some((vote, post)) = Vote::of(&event.action) else { continue };
        let Some(place) = votes.of_root(posts.root(post)) else { continue };
        let first = polls[place].first.as_mut();
        if let Some(first) = first.filter(|first| first.step == now && first.agent == event.agent) {
            first.vote.get_or_insert(vote);
        }
    }
}

/// The votes on a planted post, without those of its author and of the confederate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    pub(crate) up: u32,
    pub(crate) down: u32,
}

impl Count {
    pub(crate) fn of(ballot: &Ballot, root: PostId, public: &Public) -> Self {
        let nobodies = [ballot.author, ballot.confederate];
        let likes = nobodies.iter().filter(|&&agent| public.likes(agent, root)).count() as u32;
        let dislikes = nobodies.iter().filter(|&&agent| public.dislikes(agent, root)).count() as u32;
        Self { up: public.posts().likes(root) - likes, down: public.posts().dislikes(root) - dislikes }
    }

    pub(crate) fn score(self) -> i64 {
        i64::from(self.up) - i64::from(self.down)
    }
}

/// The experiment as it stands; nothing without one.
pub(super) fn measures(polls: &[Poll], votes: &Votes, public: &Public) -> Vec<Measure> {
    if votes.is_empty() {
        return Vec::new();
    }
    let planted = votes.all().iter().filter_map(|ballot| Some(Count::of(ballot, ballot.root?, public)));
    let counts: Vec<Count> = planted.collect();
    let mean = |of: fn(&Count) -> i64| {
        let sum: i64 = counts.iter().map(of).sum();
        (!counts.is_empty()).then(|| sum as f64 / counts.len() as f64)
    };
    let firsts: Vec<FirstReading> = polls.iter().filter_map(|poll| poll.first).collect();
    let share = |vote: Vote| {
        let voters = firsts.iter().filter(|first| first.vote == Some(vote)).count();
        (!firsts.is_empty()).then(|| voters as f64 / firsts.len() as f64)
    };
    let values = [
        ("posts", Some(counts.len() as f64)),
        ("posts_read", Some(firsts.len() as f64)),
        ("reads_total", Some(polls.iter().map(|poll| poll.reads).sum::<u64>() as f64)),
        ("first_viewer_up_share", share(Vote::Up)),
        ("first_viewer_down_share", share(Vote::Down)),
        ("up_mean", mean(|count| count.up.into())),
        ("down_mean", mean(|count| count.down.into())),
        ("score_mean", mean(|count| count.score())),
    ];
    let measure = |(name, value)| Measure { scope: Scope::Votes, subject: None, name, value };
    values.map(measure).into()
}

/// The names of what is measured.
pub(super) const NAMES: [&str; 8] = [
    "posts",
    "posts_read",
    "reads_total",
    "first_viewer_up_share",
    "first_viewer_down_share",
    "up_mean",
    "down_mean",
    "score_mean",
];
