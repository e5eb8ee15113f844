//! The public state as a whole.

use std::borrow::Cow;
use std::num::NonZeroU32;

use murmur_core::{AgentId, PostId, Text};
use murmur_graph::SocialGraph;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{Comments, Phrasebook, Posts};

/// What the platform knows and every agent's feed may depend on.
#[derive(Debug)]
pub struct Public {
    /// Follows, mutes and blocks.
    pub graph: SocialGraph,
    posts: Posts,
    comments: Comments,
    phrasebook: Phrasebook,
    pub(crate) reactions: Reactions,
}

impl Public {
    /// A platform without posts over the agents of `graph`, whose post vectors have `dimensions`.
    pub fn new(graph: SocialGraph, phrasebook: Phrasebook, dimensions: usize) -> Self {
        let posts = Posts::new(graph.follows.agents(), dimensions);
        Self { graph, posts, comments: Comments::default(), phrasebook, reactions: Reactions::default() }
    }

    /// The number of agents.
    pub fn agents(&self) -> u32 {
        self.graph.follows.agents()
    }

    /// The post rows.
    pub fn posts(&self) -> &Posts {
        &self.posts
    }

    /// The comments.
    pub fn comments(&self) -> &Comments {
        &self.comments
    }

    pub(crate) fn posts_mut(&mut self) -> &mut Posts {
        &mut self.posts
    }

    pub(crate) fn comments_mut(&mut self) -> &mut Comments {
        &mut self.comments
    }

    /// The words of `text`.
    pub fn render<'a>(&self, text: &'a Text) -> Cow<'a, str> {
        match text {
            Text::Own(words) => Cow::Borrowed(words),
            Text::Phrase(phrase) => Cow::Owned(self.phrasebook.render(phrase)),
        }
    }

    /// Whether `agent` likes `root`.
    pub fn likes(&self, agent: AgentId, root: PostId) -> bool {
        self.reactions.likes.contains(&pair(agent, root))
    }

    /// Whether `agent` dislikes `root`.
    pub fn dislikes(&self, agent: AgentId, root: PostId) -> bool {
        self.reactions.dislikes.contains(&pair(agent, root))
    }

    /// Whether `agent` has reported the row.
    pub fn has_reported(&self, agent: AgentId, post: PostId) -> bool {
        self.reactions.reports.contains(&pair(agent, post))
    }

    /// The row by which `agent` reposted `root`, if it did.
    pub fn repost_by(&self, agent: AgentId, root: PostId) -> Option<PostId> {
        self.reactions.reposts.get(&pair(agent, root)).copied()
    }

    /// Who liked or reposted `root`, latest first; an agent that did both comes twice.
    pub fn engagers(&self, root: PostId) -> impl Iterator<Item = AgentId> + '_ {
        let latest = self.reactions.latest_engagement.get(root.index()).copied().flatten();
        std::iter::successors(latest, |&at| self.reactions.engagement(at).earlier)
            .map(|at| self.reactions.engagement(at).agent)
    }
}

/// One key for an agent and a row.
pub(crate) fn pair(agent: AgentId, post: PostId) -> u64 {
    u64::from(agent.0) << 32 | u64::from(post.get())
}

/// Who did what to which row. The sets answer questions and are never iterated.
#[derive(Debug, Default)]
pub(crate) struct Reactions {
    pub(crate) likes: FxHashSet<u64>,
    pub(crate) dislikes: FxHashSet<u64>,
    pub(crate) reports: FxHashSet<u64>,
    pub(crate) reposts: FxHashMap<u64, PostId>,
    engagements: Vec<Engagement>,
    latest_engagement: Vec<Option<Place>>,
}

impl Reactions {
    /// Remembers that `agent` liked or reposted `root`.
    pub(crate) fn engage(&mut self, agent: AgentId, root: PostId) {
        if self.latest_engagement.len() <= root.index() {
            self.latest_engagement.resize(root.index() + 1, None);
        }
        let place = NonZeroU32::new(self.engagements.len() as u32 + 1);
        let earlier = std::mem::replace(&mut self.latest_engagement[root.index()], place);
        self.engagements.push(Engagement { agent, earlier });
    }

    fn engagement(&self, place: Place) -> &Engagement {
        &self.engagements[place.get() as usize - 1]
    }
}

/// Where an engagement stands in the list of all, from 1.
type Place = NonZeroU32;

/// A link of the chain of a root's engagements, latest first.
#[derive(Debug)]
struct Engagement {
    agent: AgentId,
    earlier: Option<Place>,
}
