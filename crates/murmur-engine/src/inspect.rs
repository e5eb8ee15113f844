//! What a person asks of a run: an overview, a post with its thread and cascade, an agent with its history and feed.
//!
//! Each answer is as of a step: the state in which that step begins.

use std::cmp::Reverse;

use murmur_core::{ActionKind, AgentId, Clock, CommentId, PostId, Profile, Refusal, Stance, Step, TopicId};
use murmur_journal::{JournalError, Tables, checkpoints};
use murmur_metrics::Spread;
use murmur_recsys::Source;
use murmur_store::PostKind;

use crate::history::{RecordedEvent, RecordedStep, table_name};
use crate::recommend::feed_of;
use crate::{EngineError, Opened, Run, Simulation, World};

/// A run as of a step, to be asked about.
pub struct Inspection<'a> {
    run: &'a Run,
    simulation: Simulation,
    /// Damaged checkpoints that an earlier one, or the journal alone, made up for.
    pub passed_over: Vec<JournalError>,
}

/// A run at a glance.
#[derive(Debug)]
pub struct Overview {
    /// Number of agents.
    pub agents: u32,
    /// Its seed.
    pub seed: u64,
    /// Steps that are committed.
    pub committed: Step,
    /// Steps that it is to have.
    pub planned: u32,
    /// The runs that it branched off from, the first ancestor first.
    pub ancestors: Vec<Branching>,
    /// Rows of the post table as of the step.
    pub posts: usize,
    /// Roots with the most likes and shares, the first having most.
    pub top_posts: Vec<PostCard>,
    /// The largest cascades of more than one row, the largest first.
    pub largest_cascades: Vec<CascadeCard>,
    /// What the tables of the whole journal hold and take.
    pub tables: Vec<TableSize>,
    /// Steps that have a checkpoint.
    pub checkpoints: Vec<Step>,
}

/// Where a run branched off another.
#[derive(Debug)]
pub struct Branching {
    /// Where the other lay.
    pub run: std::path::PathBuf,
    /// The first step that is not the other's.
    pub at: u32,
}

/// What a table of the journal holds and takes.
#[derive(Clone, Copy, Debug)]
pub struct TableSize {
    /// Its name.
    pub name: &'static str,
    /// Its rows.
    pub rows: u64,
    /// Its bytes on the disk.
    pub bytes: u64,
}

/// A post in a few lines.
#[derive(Debug)]
pub struct PostCard {
    /// The row.
    pub post: PostId,
    /// What it is.
    pub kind: PostKind,
    /// Who made it.
    pub author: Who,
    /// When.
    pub created: Step,
    /// Whether it is still there.
    pub exists: bool,
    /// Its words; of a repost its root's.
    pub words: String,
    /// The topic that it is about.
    pub topic: Option<String>,
    /// Where it stands on the topic.
    pub stance: Stance,
    /// Likes.
    pub likes: u32,
    /// Dislikes.
    pub dislikes: u32,
    /// Reposts and quotes.
    pub shares: u32,
    /// Comments.
    pub comments: u32,
    /// Reports.
    pub reports: u32,
}

/// An agent and what it is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Who.
    pub agent: AgentId,
    /// Its user name as of the step; empty for one that has not signed up.
    pub user_name: String,
}

/// A cascade in a line.
#[derive(Debug)]
pub struct CascadeCard {
    /// Its root.
    pub root: PostCard,
    /// Its size and shape.
    pub spread: Spread,
}

/// A post with all that belongs to it.
#[derive(Debug)]
pub struct PostPage {
    /// The row.
    pub card: PostCard,
    /// The row that the author of a repost or quote was shown.
    pub parent: Option<PostId>,
    /// What a repost or quote points at.
    pub original: Option<PostId>,
    /// The comments under it (of a repost: under its root), the oldest first.
    pub thread: Vec<CommentCard>,
    /// The quotes that were made of the row itself, the oldest first.
    pub quotes: Vec<PostCard>,
    /// The root of its cascade.
    pub root: PostId,
    /// The size and shape of its cascade, deleted rows included.
    pub spread: Spread,
    /// The rows of its cascade, each behind its parent and its parent's earlier children, the root first.
    pub tree: Vec<TreeRow>,
}

/// A comment.
#[derive(Debug)]
pub struct CommentCard {
    /// The comment.
    pub comment: CommentId,
    /// Who wrote it.
    pub author: Who,
    /// When.
    pub created: Step,
    /// Its words.
    pub words: String,
    /// Likes.
    pub likes: u32,
    /// Dislikes.
    pub dislikes: u32,
}

/// A row of a cascade.
#[derive(Debug)]
pub struct TreeRow {
    /// The row.
    pub post: PostId,
    /// Who made it.
    pub author: Who,
    /// When.
    pub created: Step,
    /// Reposts between it and the root.
    pub depth: u32,
}

/// An agent with all that belongs to it.
#[derive(Debug)]
pub struct AgentPage {
    /// Who.
    pub agent: AgentId,
    /// What it shows of itself; none if it has not signed up.
    pub profile: Option<Profile>,
    /// The value of the column that groups agents.
    pub label: Option<String>,
    /// The topics that it cares about.
    pub interests: Vec<String>,
    /// Whom it follows, ascending.
    pub followees: Vec<Who>,
    /// Who follows it, ascending.
    pub followers: Vec<Who>,
    /// Its opinions, by topic.
    pub opinions: Vec<OpinionPath>,
    /// All that it did, the oldest first.
    pub deeds: Vec<Deed>,
    /// What it is served if it is active in the step, first row first.
    pub feed: Vec<FeedRow>,
}

/// An agent's opinion on a topic over time.
#[derive(Debug)]
pub struct OpinionPath {
    /// The topic.
    pub topic: String,
    /// The opinion before the first step.
    pub first: Stance,
    /// The steps in which it moved, and where to, in order.
    pub moves: Vec<OpinionMove>,
}

/// A change of an opinion.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OpinionMove {
    /// When.
    pub step: Step,
    /// The opinion after it.
    pub to: Stance,
}

/// Something that an agent did.
#[derive(Debug)]
pub struct Deed {
    /// When.
    pub step: Step,
    /// What.
    pub kind: ActionKind,
    /// The row that it acted on.
    pub post: Option<PostId>,
    /// The comment that it acted on.
    pub comment: Option<CommentId>,
    /// The agent that it acted on.
    pub target: Option<AgentId>,
    /// What it wrote, looked for or named.
    pub words: Option<String>,
    /// The post that it made.
    pub made_post: Option<u32>,
    /// The comment that it made.
    pub made_comment: Option<u32>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
}

/// A row of a feed.
#[derive(Debug)]
pub struct FeedRow {
    /// The row.
    pub card: PostCard,
    /// Why it is served.
    pub source: Source,
}

/// Top posts and cascades in an overview.
const TOP: usize = 10;

impl Run {
    /// The run as of `at`; without one, as of the end of what is committed.
    ///
    /// # Errors
    /// As [`Run::at`].
    pub fn inspect(&self, at: Option<Step>) -> Result<Inspection<'_>, EngineError> {
        let Opened { simulation, passed_over } = self.at(at)?;
        Ok(Inspection { run: self, simulation, passed_over })
    }
}

impl Inspection<'_> {
    /// The step in whose beginning the run is looked at.
    pub fn step(&self) -> Step {
        self.simulation.next_step()
    }

    /// Steps to simulated time.
    pub fn clock(&self) -> Clock {
        self.world().clock
    }

    fn world(&self) -> &World {
        &self.simulation.world
    }

    /// The run at a glance.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn overview(&self) -> Result<Overview, EngineError> {
        let world = self.world();
        let posts = world.public.posts();
        let cascades = &self.simulation.meter.cascades;
        let mut roots: Vec<PostId> = cascades.roots().collect();
        roots.sort_by_key(|&root| Reverse(cascades.scale(root)));
        let largest = roots.iter().filter(|&&root| cascades.scale(root) > 1).take(TOP);
        let largest_cascades = largest
            .map(|&root| CascadeCard { root: self.card(root), spread: cascades.spread(root) })
            .collect();
        roots.retain(|&root| posts.contains(root));
        roots.sort_by_key(|&root| (Reverse(posts.likes(root) + posts.shares(root)), root));
        let ancestors = self.run.ancestors().iter();
        Ok(Overview {
            agents: world.population.len(),
            seed: world.seed(),
            committed: self.run.committed()?,
            planned: self.run.config().run.steps,
            ancestors: ancestors
                .map(|ancestor| Branching { run: ancestor.run.clone(), at: ancestor.until })
                .collect(),
            posts: posts.len(),
            top_posts: roots.iter().take(TOP).map(|&root| self.card(root)).collect(),
            largest_cascades,
            tables: self.table_sizes()?,
            checkpoints: checkpoints(self.run.path())?,
        })
    }

    fn table_sizes(&self) -> Result<Vec<TableSize>, EngineError> {
        let mut sizes =
            RecordedStep::ALL.map(|table| TableSize { name: table_name(table), rows: 0, bytes: 0 });
        let Some(mut journal) = self.run.journal()? else { return Ok(sizes.into()) };
        for step in journal.steps() {
            let batches = journal.step(step, Tables::All)?;
            for (size, table) in sizes.iter_mut().zip(RecordedStep::ALL) {
                let rows =
                    batches.iter().filter(|batch| batch.table == table).map(|batch| u64::from(batch.rows));
                size.rows += rows.sum::<u64>();
                size.bytes += batches.disk_bytes(table);
            }
        }
        Ok(sizes.into())
    }

    /// The post of that id.
    ///
    /// # Errors
    /// When there was none before the step.
    pub fn post(&self, id: u32) -> Result<PostPage, EngineError> {
        let posts = self.world().public.posts();
        let known = PostId::new(id).filter(|post| post.index() < posts.len());
        let post = known.ok_or_else(|| {
            let step = self.step();
            EngineError::Unfit(match posts.len() {
                0 => format!("--post {id}: there are no posts before step {step}"),
                count => format!("--post {id}: expected one from 1 to {count}, the posts before step {step}"),
            })
        })?;
        let root = posts.root(post);
        let comments = self.world().public.comments();
        let mut thread: Vec<CommentCard> =
            comments.thread(posts.latest_comment(root)).map(|comment| self.comment(comment)).collect();
        thread.reverse();
        let is_quote = |row: &PostId| {
            posts.kind(*row) == PostKind::Quote && posts.parent(*row) == Some(post) && posts.contains(*row)
        };
        Ok(PostPage {
            card: self.card(post),
            parent: posts.parent(post),
            original: posts.original(post),
            thread,
            quotes: posts.ids().filter(is_quote).map(|quote| self.card(quote)).collect(),
            root,
            spread: self.simulation.meter.cascades.spread(root),
            tree: self.tree(root),
        })
    }

    /// The rows of a cascade that still exist. A row whose parent was deleted hangs below the nearest that was not.
    fn tree(&self, root: PostId) -> Vec<TreeRow> {
        let posts = self.world().public.posts();
        let parent = |row: PostId| {
            let parents = std::iter::successors(posts.parent(row), |&above| posts.parent(above));
            parents.take_while(|&above| above != root).find(|&above| posts.contains(above)).unwrap_or(root)
        };
        // Newest first, so that a stack gives them back oldest first.
        let mut children: Vec<(PostId, PostId)> =
            posts.reposts_of(root).map(|row| (parent(row), row)).collect();
        children.sort_by_key(|&(parent, row)| (parent, Reverse(row)));
        let mut tree = Vec::with_capacity(children.len() + 1);
        let mut open = vec![(root, 0)];
        while let Some((post, depth)) = open.pop() {
            tree.push(TreeRow {
                post,
                author: self.named(posts.author(post)),
                created: posts.created(post),
                depth,
            });
            let first = children.partition_point(|&(parent, _)| parent < post);
            let below = children[first..].iter().take_while(|&&(parent, _)| parent == post);
            open.extend(below.map(|&(_, row)| (row, depth + 1)));
        }
        tree
    }

    /// The agent of that id.
    ///
    /// # Errors
    /// When there is none, or the journal cannot be read.
    pub fn agent(&self, id: u32) -> Result<AgentPage, EngineError> {
        let World { population, public, .. } = self.world();
        if id >= population.len() {
            let last = population.len() - 1;
            return Err(EngineError::Unfit(format!("--agent {id}: expected one from 0 to {last}")));
        }
        let agent = AgentId(id);
        let follows = &public.graph.follows;
        let mut page = AgentPage {
            agent,
            profile: public.accounts().profile(agent).cloned(),
            label: population.label(agent).map(str::to_owned),
            interests: population.interests(agent).topics().map(|topic| self.topic(topic)).collect(),
            followees: self.all_named(follows.followees(agent).iter().copied()),
            followers: self.all_named(follows.followers(agent)),
            opinions: self.first_opinions(agent),
            deeds: Vec::new(),
            feed: self.feed(agent),
        };
        self.add_history(&mut page)?;
        Ok(page)
    }

    fn first_opinions(&self, agent: AgentId) -> Vec<OpinionPath> {
        let topics = self.world().config.topic.iter();
        let first = self.simulation.start.beliefs.of(agent);
        let path = |(topic, first): (&crate::config::TopicConfig, &Stance)| OpinionPath {
            topic: topic.name.clone(),
            first: *first,
            moves: Vec::new(),
        };
        topics.zip(first).map(path).collect()
    }

    /// What the agent is served if it is active in the step.
    fn feed(&self, agent: AgentId) -> Vec<FeedRow> {
        let feeds = feed_of(self.world(), self.step(), agent);
        let row =
            |served: &murmur_recsys::Served| FeedRow { card: self.card(served.post), source: served.source };
        feeds.of(0).iter().map(row).collect()
    }

    /// Adds what the journal holds of the agent.
    fn add_history(&self, page: &mut AgentPage) -> Result<(), EngineError> {
        let Some(mut journal) = self.run.journal()? else { return Ok(()) };
        let tables = [RecordedStep::EVENTS, RecordedStep::OPINIONS];
        for step in journal.steps().take_while(|&step| step < self.step()) {
            let recorded = RecordedStep { step, batches: journal.step(step, Tables::Only(&tables))? };
            let events = recorded.events(self.world())?.into_iter();
            page.deeds.extend(
                events.filter(|event| event.agent == page.agent).map(|event| self.deed(step, &event)),
            );
            let opinions = recorded.opinions()?.into_iter().find(|changed| changed.agent == page.agent);
            for (topic, to) in opinions.into_iter().flat_map(|changed| changed.changed) {
                if let Some(path) = page.opinions.get_mut(topic) {
                    path.moves.push(OpinionMove { step, to });
                }
            }
        }
        Ok(())
    }

    fn deed(&self, step: Step, event: &RecordedEvent) -> Deed {
        let RecordedEvent { action, outcome, .. } = event;
        let published = action.draft().map(|draft| self.world().public.render(&draft.text).into_owned());
        let words = action.words().filter(|words| !words.is_empty());
        Deed {
            step,
            kind: action.kind(),
            post: action.post(),
            comment: action.comment(),
            target: action.target(),
            words: published.or_else(|| words.map(str::to_owned)),
            made_post: outcome.post(),
            made_comment: outcome.comment(),
            refusal: outcome.refusal(),
        }
    }

    fn card(&self, post: PostId) -> PostCard {
        let public = &self.world().public;
        let posts = public.posts();
        PostCard {
            post,
            kind: posts.kind(post),
            author: self.named(posts.author(post)),
            created: posts.created(post),
            exists: posts.contains(post),
            words: public.render(posts.text(post)).into_owned(),
            topic: posts.topic(post).map(|topic| self.topic(topic)),
            stance: posts.stance(post),
            likes: posts.likes(post),
            dislikes: posts.dislikes(post),
            shares: posts.shares(post),
            comments: posts.comments(post),
            reports: posts.reports(post),
        }
    }

    fn comment(&self, comment: CommentId) -> CommentCard {
        let public = &self.world().public;
        let comments = public.comments();
        CommentCard {
            comment,
            author: self.named(comments.author(comment)),
            created: comments.created(comment),
            words: public.render(comments.text(comment)).into_owned(),
            likes: comments.likes(comment),
            dislikes: comments.dislikes(comment),
        }
    }

    fn named(&self, agent: AgentId) -> Who {
        let profile = self.world().public.accounts().profile(agent);
        Who { agent, user_name: profile.map(|profile| profile.user_name.to_string()).unwrap_or_default() }
    }

    fn all_named(&self, agents: impl Iterator<Item = AgentId>) -> Vec<Who> {
        let mut agents: Vec<AgentId> = agents.collect();
        agents.sort_unstable();
        agents.into_iter().map(|agent| self.named(agent)).collect()
    }

    fn topic(&self, topic: TopicId) -> String {
        self.world().config.topic[topic.index()].name.clone()
    }
}
