//! The public state as a whole.

use std::borrow::Cow;

use murmur_core::{AgentId, PostId, Profile, Text, heap};
use murmur_graph::SocialGraph;
use rustc_hash::FxHashMap;

use crate::accounts::Accounts;
use crate::agent_set::AgentSet;
use crate::engagers::Engagers;
use crate::groups::Groups;
use crate::moderation::Moderation;
use crate::platform::Rules;
use crate::products::Products;
use crate::relation::{Pair, Relation};
use crate::search::SearchIndexes;
use crate::{Comments, Phrasebook, Posts};

/// What the platform knows and every agent's feed may depend on.
#[derive(Debug)]
pub struct Public {
    /// Follows, mutes and blocks.
    pub graph: SocialGraph,
    pub(crate) rules: Rules,
    pub(crate) posts: Posts,
    pub(crate) comments: Comments,
    pub(crate) accounts: Accounts,
    pub(crate) groups: Groups,
    pub(crate) products: Products,
    pub(crate) reactions: Reactions,
    pub(crate) ties: Ties,
    pub(crate) moderation: Moderation,
    pub(crate) search: SearchIndexes,
    pub(crate) phrasebook: Phrasebook,
}

impl Public {
    /// A platform with the default rules and without posts, over the agents of `graph`, all signed up with empty
    /// profiles. Its post vectors have `dimensions`.
    pub fn new(graph: SocialGraph, phrasebook: Phrasebook, dimensions: usize) -> Self {
        let agents = graph.follows.agents();
        Self {
            rules: Rules::default(),
            posts: Posts::new(agents, dimensions),
            comments: Comments::default(),
            accounts: Accounts::of(vec![Profile::default(); agents as usize]),
            groups: Groups::default(),
            products: Products::default(),
            reactions: Reactions::default(),
            ties: Ties::after(&graph),
            moderation: Moderation::default(),
            search: SearchIndexes::default(),
            phrasebook,
            graph,
        }
    }

    /// The platform with these rules.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Puts other rules in force from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The platform with these profiles, in the order of agents.
    ///
    /// # Panics
    /// When there are not as many as agents.
    #[must_use]
    pub fn with_profiles(self, profiles: Vec<Profile>) -> Self {
        assert_eq!(profiles.len(), self.agents() as usize, "every agent has a profile");
        Self { accounts: Accounts::of(profiles), ..self }
    }

    /// The platform on which nobody is signed up yet.
    #[must_use]
    pub fn with_nobody_signed_up(self) -> Self {
        Self { accounts: Accounts::vacant(self.agents()), ..self }
    }

    /// The platform without posts yet, whose post vectors are to have no dimensions: for histories that nobody is served
    /// a feed from.
    ///
    /// # Panics
    /// When there are posts.
    #[must_use]
    pub fn without_vectors(self) -> Self {
        assert!(self.posts.is_empty(), "posts have vectors already");
        Self { posts: Posts::new(self.agents(), 0), ..self }
    }

    /// The number of agents, signed up or not.
    pub fn agents(&self) -> u32 {
        self.graph.follows.agents()
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The post rows.
    pub fn posts(&self) -> &Posts {
        &self.posts
    }

    /// The comments.
    pub fn comments(&self) -> &Comments {
        &self.comments
    }

    /// The users.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The products.
    pub fn products(&self) -> &Products {
        &self.products
    }

    /// What interventions have put in force.
    pub fn moderation(&self) -> &Moderation {
        &self.moderation
    }

    /// The words of `text`.
    pub fn render<'a>(&self, text: &'a Text) -> Cow<'a, str> {
        self.phrasebook.words(text)
    }

    /// Bytes on the heap of who did what to which row, and of the ties made in the run.
    pub fn reaction_bytes(&self) -> usize {
        self.reactions.memory_bytes() + self.ties.follows.memory_bytes() + self.ties.mutes.memory_bytes()
    }

    /// Bytes on the heap of what finds posts and users by words; nothing before somebody has searched.
    pub fn word_index_bytes(&self) -> usize {
        self.search.memory_bytes()
    }

    /// Whether `agent` likes `root`.
    pub fn likes(&self, agent: AgentId, root: PostId) -> bool {
        self.reactions.likes.contains(Pair::with_post(agent, root))
    }

    /// Whether `agent` dislikes `root`.
    pub fn dislikes(&self, agent: AgentId, root: PostId) -> bool {
        self.reactions.dislikes.contains(Pair::with_post(agent, root))
    }

    /// Whether `agent` has reported the row.
    pub fn has_reported(&self, agent: AgentId, post: PostId) -> bool {
        self.reactions.reports.contains(Pair::with_post(agent, post))
    }

    /// Whether `agent` has ever reposted anything, taken back since or not.
    pub fn has_reposted(&self, agent: AgentId) -> bool {
        self.reactions.reposters.contains(agent)
    }

    /// The row by which `agent` reposted `root`, if it did.
    pub fn repost_by(&self, agent: AgentId, root: PostId) -> Option<PostId> {
        if !self.has_reposted(agent) {
            return None;
        }
        self.reactions.reposts.get(&Pair::with_post(agent, root)).copied()
    }

    /// Who likes or reposted `root`, latest first; an agent that did both comes twice.
    pub fn engagers(&self, root: PostId) -> impl Iterator<Item = AgentId> + '_ {
        self.reactions.engagers.of(root)
    }
}

/// Who did what to which row.
#[derive(Debug, Default)]
pub(crate) struct Reactions {
    pub(crate) likes: Relation,
    pub(crate) dislikes: Relation,
    pub(crate) comment_likes: Relation,
    pub(crate) comment_dislikes: Relation,
    pub(crate) reports: Relation,
    pub(crate) reposts: FxHashMap<Pair, PostId>,
    /// Who has ever reposted.
    pub(crate) reposters: AgentSet,
    pub(crate) engagers: Engagers,
}

impl Reactions {
    fn memory_bytes(&self) -> usize {
        let Self { likes, dislikes, comment_likes, comment_dislikes, reports, reposts, reposters, engagers } =
            self;
        let relations = [likes, dislikes, comment_likes, comment_dislikes, reports];
        let relations: usize = relations.iter().map(|relation| relation.memory_bytes()).sum();
        relations + heap::of_map(reposts) + reposters.memory_bytes() + engagers.memory_bytes()
    }
}

/// The rows of follows and mutes that were made in the run; those of the initial graph come before them.
#[derive(Debug)]
pub(crate) struct Ties {
    pub(crate) follows: Relation,
    pub(crate) mutes: Relation,
}

impl Ties {
    fn after(graph: &SocialGraph) -> Self {
        Self {
            follows: Relation::after(graph.follows.follow_count() as usize),
            mutes: Relation::after(graph.mutes.len()),
        }
    }
}
