//! A run's history as the tables that OASIS keeps in its SQLite file.
//!
//! The tables come from the platform as it stood at the start and the events alone: a replica of the platform carries
//! every action out again, so that there is one set of rules, and must come to the recorded outcome.

use std::borrow::Cow;

use murmur_core::{
    Action, AgentId, CommentId, Draft, Event, GroupId, MessageId, Outcome, PostId, RecordId, Step, Text,
};
use murmur_graph::SocialGraph;
use rustc_hash::FxHashMap;

use crate::relation::{Pair, Relation};
use crate::{Naming, PostKind, Public, Rules, trace};

/// Declares the tables with their columns.
macro_rules! tables {
    ($($table:ident $name:literal [$($column:literal)*],)*) => {
        /// A table of OASIS's schema.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum OasisTable {
            $(#[doc = concat!("`", $name, "`")] $table,)*
        }

        impl OasisTable {
            /// Every table; `ALL[table as usize] == table`.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$table),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$table => $name,)* }
            }

            /// The names of its columns.
            pub fn columns(self) -> &'static [&'static str] {
                match self { $(Self::$table => &[$($column),*],)* }
            }
        }
    };
}

tables! {
    User "user" ["user_id" "agent_id" "user_name" "name" "bio" "created_at" "num_followings" "num_followers"],
    Post "post" ["post_id" "user_id" "original_post_id" "content" "quote_content" "created_at" "num_likes"
        "num_dislikes" "num_shares" "num_reports"],
    Comment "comment" ["comment_id" "post_id" "user_id" "content" "created_at" "num_likes" "num_dislikes"],
    Like "like" ["like_id" "user_id" "post_id" "created_at"],
    Dislike "dislike" ["dislike_id" "user_id" "post_id" "created_at"],
    CommentLike "comment_like" ["comment_like_id" "user_id" "comment_id" "created_at"],
    CommentDislike "comment_dislike" ["comment_dislike_id" "user_id" "comment_id" "created_at"],
    Follow "follow" ["follow_id" "follower_id" "followee_id" "created_at"],
    Mute "mute" ["mute_id" "muter_id" "mutee_id" "created_at"],
    Report "report" ["report_id" "user_id" "post_id" "report_reason" "created_at"],
    Rec "rec" ["user_id" "post_id"],
    Trace "trace" ["user_id" "created_at" "action" "info"],
    Product "product" ["product_id" "product_name" "sales"],
    ChatGroup "chat_group" ["group_id" "name" "created_at"],
    GroupMembers "group_members" ["group_id" "agent_id" "joined_at"],
    GroupMessages "group_messages" ["message_id" "group_id" "sender_id" "content" "sent_at"],
}

/// A cell of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(Cow<'a, str>),
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What takes the rows, each with a cell per column. Rows of `trace` come as things happen, those of the other tables
/// at the end, table by table.
pub type RowSink<'a, E> = dyn FnMut(OasisTable, &[Value<'_>]) -> Result<(), E> + 'a;

/// An event does not follow from those before it.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error(
    "step {step}, agent {agent}, {action}: recorded {recorded:?}, but carrying it out again gives {again:?}"
)]
pub struct OutcomeDiffers {
    /// The step.
    pub step: Step,
    /// The agent.
    pub agent: AgentId,
    /// The name of the action.
    pub action: &'static str,
    /// What the event says.
    pub recorded: Outcome,
    /// What the rules say.
    pub again: Outcome,
}

/// The tables of a history while it is being read.
#[derive(Debug)]
pub struct OasisTables<'a> {
    naming: &'a Naming,
    public: Public,
    at_start: SocialGraph,
    signed_up: FxHashMap<AgentId, Step>,
    likes: Ledger,
    dislikes: Ledger,
    comment_likes: Ledger,
    comment_dislikes: Ledger,
    follows: Ledger,
    mutes: Ledger,
    reports: Ledger,
    reasons: Vec<Box<str>>,
}

/// When the rows of a relation were made, in the order of their ids.
#[derive(Debug, Default)]
struct Ledger(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    agent: AgentId,
    target: u32,
    step: Step,
}

impl Ledger {
    /// The entries that still stand, by what `relation` says of them, with their ids, which begin after `before`
    /// others.
    fn standing<'a>(
        &'a self,
        before: usize,
        relation: &'a Relation,
    ) -> impl Iterator<Item = (RecordId, &'a Entry)> {
        let ids = (before..).map(RecordId::from_index);
        ids.zip(&self.0).filter(|(id, entry)| relation.row(entry.pair()) == Some(*id))
    }
}

impl Entry {
    fn pair(&self) -> Pair {
        Pair::with_agent(self.agent, AgentId(self.target))
    }
}

impl<'n> OasisTables<'n> {
    /// The tables of a history that began with `public`, whose vectors have no dimensions. Its users are traced as
    /// having signed up at step 0. Rows name users by `naming`.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn begin<E>(public: Public, naming: &'n Naming, sink: &mut RowSink<'_, E>) -> Result<Self, E> {
        for user in public.accounts().users() {
            let profile = public.accounts().profile(user).expect("a user has a profile");
            let info = trace::sign_up_info(user, profile, naming);
            sink(OasisTable::Trace, &[user.0.into(), 0.into(), "sign_up".into(), info.into()])?;
        }
        Ok(Self {
            naming,
            at_start: public.graph.clone(),
            public,
            signed_up: FxHashMap::default(),
            likes: Ledger::default(),
            dislikes: Ledger::default(),
            comment_likes: Ledger::default(),
            comment_dislikes: Ledger::default(),
            follows: Ledger::default(),
            mutes: Ledger::default(),
            reports: Ledger::default(),
            reasons: Vec::new(),
        })
    }

    /// Puts other rules in force for the events to come.
    pub fn set_rules(&mut self, rules: Rules) {
        self.public.set_rules(rules);
    }

    /// Adds the next event.
    ///
    /// # Errors
    /// When the event does not follow from those before it, and those of `sink`.
    pub fn add<E: From<OutcomeDiffers>>(
        &mut self,
        event: &Event,
        sink: &mut RowSink<'_, E>,
    ) -> Result<(), E> {
        let again = match event.action {
            // What a feed shows is not the platform's to know.
            Action::Refresh => event.outcome.clone(),
            _ => self.public.apply(event.step, event.agent, &without_vector(&event.action)),
        };
        if again != event.outcome {
            return Err(E::from(OutcomeDiffers {
                step: event.step,
                agent: event.agent,
                action: event.action.kind().name(),
                recorded: event.outcome.clone(),
                again,
            }));
        }
        self.note_when(event);
        match trace::info(&self.public, event, self.naming) {
            Some(info) => {
                let action = event.action.kind().name();
                sink(
                    OasisTable::Trace,
                    &[event.agent.0.into(), event.step.0.into(), action.into(), info.into()],
                )
            }
            None => Ok(()),
        }
    }

    /// Notes the step of what the platform itself keeps no time of.
    fn note_when(&mut self, event: &Event) {
        let root = |post: PostId| self.public.posts().root(post).get();
        let (ledger, target) = match (&event.action, &event.outcome) {
            (Action::SignUp(_), Outcome::Done) => {
                self.signed_up.insert(event.agent, event.step);
                return;
            }
            (_, Outcome::Done | Outcome::Refused(_)) => return,
            (Action::LikePost(post), _) => (&mut self.likes, root(*post)),
            (Action::DislikePost(post), _) => (&mut self.dislikes, root(*post)),
            (Action::LikeComment(comment), _) => (&mut self.comment_likes, comment.get()),
            (Action::DislikeComment(comment), _) => (&mut self.comment_dislikes, comment.get()),
            (Action::Follow(other), _) => (&mut self.follows, other.0),
            (Action::Mute(other), _) => (&mut self.mutes, other.0),
            (Action::ReportPost(post, reason), _) => {
                self.reasons.push(reason.clone());
                (&mut self.reports, post.get())
            }
            _ => return,
        };
        ledger.0.push(Entry { agent: event.agent, target, step: event.step });
    }

    /// Gives the rows of all tables but `trace`.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish<E>(self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        self.users(sink)?;
        self.posts(sink)?;
        self.comments(sink)?;
        self.reactions(sink)?;
        self.ties(sink)?;
        self.reports(sink)?;
        self.products(sink)?;
        self.groups(sink)
        // `rec` has no rows: its content is OASIS's recommender at work, not something that happened.
    }

    fn users<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let follows = &self.public.graph.follows;
        for user in self.public.accounts().users() {
            let profile = self.public.accounts().profile(user).expect("a user has a profile");
            let created = self.signed_up.get(&user).copied().unwrap_or_default();
            sink(
                OasisTable::User,
                &[
                    user.0.into(),
                    user.0.into(),
                    self.naming.name(user, &profile.user_name).into(),
                    self.naming.name(user, &profile.name).into(),
                    self.naming.bio(&profile.bio).into(),
                    created.0.into(),
                    (follows.followees(user).len() as u32).into(),
                    follows.follower_count(user).into(),
                ],
            )?;
        }
        Ok(())
    }

    fn posts<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let posts = self.public.posts();
        for post in posts.ids().filter(|&post| posts.contains(post)) {
            let quote = (posts.kind(post) == PostKind::Quote).then(|| self.words(posts.text(post)));
            sink(
                OasisTable::Post,
                &[
                    post.get().into(),
                    posts.author(post).0.into(),
                    posts.original(post).map(PostId::get).into(),
                    self.naming.words(self.public.content(post)).into(),
                    quote.into(),
                    posts.created(post).0.into(),
                    posts.likes(post).into(),
                    posts.dislikes(post).into(),
                    posts.shares(post).into(),
                    posts.reports(post).into(),
                ],
            )?;
        }
        Ok(())
    }

    fn comments<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let comments = self.public.comments();
        for comment in comments.ids().filter(|&comment| self.has_comment(comment)) {
            sink(
                OasisTable::Comment,
                &[
                    comment.get().into(),
                    comments.post(comment).get().into(),
                    comments.author(comment).0.into(),
                    self.words(comments.text(comment)).into(),
                    comments.created(comment).0.into(),
                    comments.likes(comment).into(),
                    comments.dislikes(comment).into(),
                ],
            )?;
        }
        Ok(())
    }

    fn reactions<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let reactions = &self.public.reactions;
        let has_post = |target| PostId::new(target).is_some_and(|post| self.public.posts().contains(post));
        let has_comment = |target| CommentId::new(target).is_some_and(|comment| self.has_comment(comment));
        let of_posts = [
            (OasisTable::Like, &self.likes, &reactions.likes),
            (OasisTable::Dislike, &self.dislikes, &reactions.dislikes),
        ];
        let of_comments = [
            (OasisTable::CommentLike, &self.comment_likes, &reactions.comment_likes),
            (OasisTable::CommentDislike, &self.comment_dislikes, &reactions.comment_dislikes),
        ];
        for (table, ledger, relation) in of_posts {
            related(table, ledger.standing(0, relation).filter(|(_, entry)| has_post(entry.target)), sink)?;
        }
        for (table, ledger, relation) in of_comments {
            related(
                table,
                ledger.standing(0, relation).filter(|(_, entry)| has_comment(entry.target)),
                sink,
            )?;
        }
        Ok(())
    }

    /// Follows and mutes: those of the start that still stand, then those made since.
    fn ties<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let (graph, ties) = (&self.public.graph, &self.public.ties);
        let agents = || (0..self.public.agents()).map(AgentId);
        let follows = agents().flat_map(|agent| {
            self.at_start.follows.followees(agent).iter().map(move |&other| (agent, other))
        });
        let mutes =
            agents().flat_map(|agent| self.at_start.mutes.of(agent).iter().map(move |&other| (agent, other)));
        let from_start = |(agent, other): (AgentId, AgentId), relation: &Relation, stands: bool| {
            stands && relation.row(Pair::with_agent(agent, other)).is_none()
        };
        for (place, (agent, other)) in follows.enumerate() {
            if from_start((agent, other), &ties.follows, graph.follows.follows(agent, other)) {
                let id = RecordId::from_index(place).get();
                sink(OasisTable::Follow, &[id.into(), agent.0.into(), other.0.into(), 0.into()])?;
            }
        }
        let before = self.at_start.follows.follow_count() as usize;
        related(OasisTable::Follow, self.follows.standing(before, &ties.follows), sink)?;
        for (place, (agent, other)) in mutes.enumerate() {
            if from_start((agent, other), &ties.mutes, graph.mutes.contains(agent, other)) {
                let id = RecordId::from_index(place).get();
                sink(OasisTable::Mute, &[id.into(), agent.0.into(), other.0.into(), 0.into()])?;
            }
        }
        related(OasisTable::Mute, self.mutes.standing(self.at_start.mutes.len(), &ties.mutes), sink)
    }

    fn reports<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        for (id, entry) in self.reports.standing(0, &self.public.reactions.reports) {
            let post = PostId::new(entry.target).expect("a reported post has an id");
            if self.public.posts().contains(post) {
                sink(
                    OasisTable::Report,
                    &[
                        id.get().into(),
                        entry.agent.0.into(),
                        entry.target.into(),
                        self.naming.words(&*self.reasons[id.index()]).into(),
                        entry.step.0.into(),
                    ],
                )?;
            }
        }
        Ok(())
    }

    fn products<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let mut products: Vec<_> = self.public.products().all().iter().collect();
        products.sort_by_key(|product| product.id);
        for product in products {
            let sales = Value::Integer(product.sales as i64);
            sink(OasisTable::Product, &[product.id.0.into(), (&*product.name).into(), sales])?;
        }
        Ok(())
    }

    fn groups<E>(&self, sink: &mut RowSink<'_, E>) -> Result<(), E> {
        let groups = self.public.groups();
        let ids = || (0..).map(GroupId::from_index);
        for (id, group) in ids().zip(groups.groups()) {
            let name = self.naming.words(&*group.name);
            sink(OasisTable::ChatGroup, &[id.get().into(), name.into(), group.created.0.into()])?;
        }
        for (id, group) in ids().zip(groups.groups()) {
            for member in &group.members {
                sink(
                    OasisTable::GroupMembers,
                    &[id.get().into(), member.agent.0.into(), member.joined.0.into()],
                )?;
            }
        }
        for (id, message) in (0..).map(MessageId::from_index).zip(groups.messages()) {
            sink(
                OasisTable::GroupMessages,
                &[
                    id.get().into(),
                    message.group.get().into(),
                    message.sender.0.into(),
                    self.naming.words(&*message.content).into(),
                    message.sent.0.into(),
                ],
            )?;
        }
        Ok(())
    }

    fn words<'a>(&self, text: &'a Text) -> Cow<'a, str> {
        self.naming.words(self.public.render(text))
    }

    /// Whether the post that a comment stands under is still there.
    fn has_comment(&self, comment: CommentId) -> bool {
        self.public.posts().contains(self.public.comments().post(comment))
    }
}

/// Gives rows of a table that says who relates to what and since when.
fn related<'a, E>(
    table: OasisTable,
    rows: impl Iterator<Item = (RecordId, &'a Entry)>,
    sink: &mut RowSink<'_, E>,
) -> Result<(), E> {
    for (id, entry) in rows {
        sink(table, &[id.get().into(), entry.agent.0.into(), entry.target.into(), entry.step.0.into()])?;
    }
    Ok(())
}

/// The action without the vector of what it publishes, which no table shows.
fn without_vector(action: &Action) -> Action {
    let stripped = |draft: &Draft| Draft {
        text: draft.text.clone(),
        topic: draft.topic,
        stance: draft.stance,
        vector: Box::default(),
    };
    match action {
        Action::CreatePost(draft) => Action::CreatePost(stripped(draft)),
        Action::QuotePost(post, draft) => Action::QuotePost(*post, stripped(draft)),
        Action::CreateComment(post, draft) => Action::CreateComment(*post, stripped(draft)),
        other => other.clone(),
    }
}
