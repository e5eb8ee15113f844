//! Voting experiments: posts whose first vote a confederate casts, and what was planted of them.
//!
//! Who writes a post and who votes on it first are drawn once, by the post's number in the file, so that runs that differ
//! in the first vote alone have the same posts by the same agents at the same steps.

use murmur_core::{Action, AgentId, Draft, Event, Outcome, PostId, Purpose, Stance, Step, Stream, Text};
use murmur_data::counterfactual::{VoteGroup, read_counterfactual_posts};
use rustc_hash::FxHashMap;

use crate::config::{FirstVote, VotesConfig};
use crate::embedding::{Embedding, Vector};
use crate::setup::named_by;
use crate::{Config, EngineError};

/// A vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vote {
    /// A like.
    Up,
    /// A dislike.
    Down,
}

impl Vote {
    /// The vote that an action casts, and on which row.
    pub(crate) fn of(action: &Action) -> Option<(Self, PostId)> {
        match *action {
            Action::LikePost(post) => Some((Self::Up, post)),
            Action::DislikePost(post) => Some((Self::Down, post)),
            _ => None,
        }
    }

    fn on(self, post: PostId) -> Action {
        match self {
            Self::Up => Action::LikePost(post),
            Self::Down => Action::DislikePost(post),
        }
    }
}

/// A post of the experiment.
#[derive(Clone, Debug)]
pub(crate) struct Ballot {
    text: String,
    claim: String,
    vector: Vector,
    /// In which group the file has it.
    pub(crate) group: VoteGroup,
    /// Who writes it.
    pub(crate) author: AgentId,
    /// Who votes on it first.
    pub(crate) confederate: AgentId,
    /// When it is planted.
    pub(crate) step: Step,
    /// The first vote that it is to get.
    first: Option<Vote>,
    /// Its row, once it is planted.
    pub(crate) root: Option<PostId>,
    /// The first vote that it got.
    pub(crate) cast: Option<Vote>,
}

impl Ballot {
    /// Whether an agent takes part in the experiment unknowingly.
    pub(crate) fn is_subject(&self, agent: AgentId) -> bool {
        agent != self.author && agent != self.confederate
    }
}

/// The posts of a voting experiment, in the order of the file; none without one. Public: what was planted follows from the
/// configuration and the events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Votes {
    ballots: Vec<Ballot>,
    by_root: FxHashMap<PostId, usize>,
}

impl Votes {
    /// The posts that the configuration names, for a population of so many agents; nothing is planted yet.
    ///
    /// # Errors
    /// When the file cannot be read, a text cannot be embedded, or there are fewer than two agents.
    pub(crate) fn read(config: &Config, agents: u32, embedding: &Embedding) -> Result<Self, EngineError> {
        let VotesConfig { path: Some(path), first, step, over } = &config.votes else {
            return Ok(Self::default());
        };
        let posts = named_by("votes.path", read_counterfactual_posts(path))?;
        if agents < 2 {
            let message =
                format!("votes: expected at least 2 agents, one to write and one to vote, found {agents}");
            return Err(EngineError::Unfit(message));
        }
        let texts: Vec<&str> = posts.iter().map(|post| post.text.as_str()).collect();
        let vectors = embedding.embed_all(&texts)?;
        let count = posts.len() as u64;
        let ballot = |((number, post), vector)| {
            let mut draws = Stream::new(config.run.seed, Purpose::Ballot, Step(0), AgentId(number));
            let author = draws.below(agents);
            // Anybody but the author.
            let other = draws.below(agents - 1);
            let confederate = AgentId(other + u32::from(other >= author));
            let murmur_data::counterfactual::CounterfactualPost { text, claim, group } = post;
            Ballot {
                text,
                claim,
                vector,
                group,
                author: AgentId(author),
                confederate,
                step: Step(step + (u64::from(number) * u64::from(*over) / count) as u32),
                first: first_vote(*first, group),
                root: None,
                cast: None,
            }
        };
        let ballots = (0u32..).zip(posts).zip(vectors).map(ballot).collect();
        Ok(Self { ballots, by_root: FxHashMap::default() })
    }

    /// All posts.
    pub(crate) fn all(&self) -> &[Ballot] {
        &self.ballots
    }

    /// Whether there is no experiment.
    pub(crate) fn is_empty(&self) -> bool {
        self.ballots.is_empty()
    }

    /// The place of the post whose row is `root`.
    pub(crate) fn of_root(&self, root: PostId) -> Option<usize> {
        if self.by_root.is_empty() { None } else { self.by_root.get(&root).copied() }
    }

    /// The places of the posts that are planted in a step, ascending.
    pub(crate) fn due(&self, now: Step) -> std::ops::Range<usize> {
        let before = |step: Step| self.ballots.partition_point(|ballot| ballot.step < step);
        before(now)..before(Step(now.0 + 1))
    }

    /// What its author does to plant the post at `place`.
    pub(crate) fn post(&self, place: usize) -> (AgentId, Action) {
        let ballot = &self.ballots[place];
        (ballot.author, Action::CreatePost(draft(&ballot.text, ballot.vector.clone())))
    }

    /// What follows on a planted post, at once: the claim as its author's comment, and the first vote.
    pub(crate) fn after_post(&self, place: usize) -> Vec<(AgentId, Action)> {
        let ballot = &self.ballots[place];
        let Some(root) = ballot.root else { return Vec::new() };
        let comment = (ballot.author, Action::CreateComment(root, draft(&ballot.claim, Vector::default())));
        let vote = ballot.first.map(|vote| (ballot.confederate, vote.on(root)));
        std::iter::once(comment).chain(vote).collect()
    }

    /// The number of [these actions](Self::after_post) about the post at `place`, if it was posted or not.
    pub(crate) fn actions_after(&self, place: usize, is_posted: bool) -> usize {
        if is_posted { 1 + usize::from(self.ballots[place].first.is_some()) } else { 0 }
    }

    /// Takes in what became of one of these actions.
    pub(crate) fn take_in(&mut self, place: usize, event: &Event) {
        let ballot = &mut self.ballots[place];
        match (&event.action, &event.outcome) {
            (Action::CreatePost(_), &Outcome::Posted(root)) => {
                ballot.root = Some(root);
                self.by_root.insert(root, place);
            }
            (action, outcome) if event.agent == ballot.confederate && outcome.succeeded() => {
                let cast = Vote::of(action).filter(|&(_, post)| ballot.root == Some(post));
                ballot.cast =
                    ballot.cast.or(cast.map(|(vote, _)| vote).filter(|&vote| ballot.first == Some(vote)));
            }
            _ => {}
        }
    }
}

/// Finds the posts of a step among its events, when they are carried out again: each begins with its author's post, and what
/// its confederate does follows.
pub(crate) struct BallotsAgain {
    due: std::ops::Range<usize>,
    current: Option<usize>,
}

impl BallotsAgain {
    pub(crate) fn of(votes: &Votes, step: Step) -> Self {
        Self { due: votes.due(step), current: None }
    }

    /// Takes in the next event after the seed posts.
    pub(crate) fn take_in(&mut self, votes: &mut Votes, event: &Event) {
        if matches!(event.action, Action::CreatePost(_)) {
            // When none is left, agents' own posts begin.
            self.current = self.due.next();
        }
        if let Some(place) = self.current {
            votes.take_in(place, event);
        }
    }
}

/// Words on no topic.
fn draft(words: &str, vector: Vector) -> Draft {
    Draft { text: Text::own(words), topic: None, stance: Stance::default(), vector }
}

/// The first vote of a post that the file has in `group`.
fn first_vote(first: FirstVote, group: VoteGroup) -> Option<Vote> {
    match (first, group) {
        (FirstVote::Up, _) | (FirstVote::AsGrouped, VoteGroup::Up) => Some(Vote::Up),
        (FirstVote::Down, _) | (FirstVote::AsGrouped, VoteGroup::Down) => Some(Vote::Down),
        (FirstVote::None, _) | (FirstVote::AsGrouped, VoteGroup::Control) => None,
    }
}
