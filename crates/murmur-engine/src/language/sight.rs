//! What a language model is shown of the platform: rows, accounts and groups in words, in the order of their numbers.
//!
//! Only what the agent would see: nobody it has muted or blocked, or who has blocked it; nothing deleted.

use std::cmp::Reverse;

use murmur_core::{AgentId, CommentId, GroupId, PostId, Step};
use murmur_prompt::{ShownComment, ShownGroup, ShownPost, ShownUser, Sight};
use murmur_store::PostKind;

use crate::World;

/// What an agent has been shown in a turn, by number. Words are made when they are needed, since what waits must be small.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) rows: Vec<PostId>,
    pub(crate) users: Vec<AgentId>,
    pub(crate) groups: Vec<GroupId>,
}

/// An agent that looks at the platform at the beginning of a step.
#[derive(Clone, Copy)]
pub(crate) struct Viewer<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Step,
    pub(crate) agent: AgentId,
}

/// Comments of a post that are weighed to find those shown.
const COMMENTS_WEIGHED: usize = 64;
/// Messages of a group that are shown.
const MESSAGES_SHOWN: usize = 3;

impl Viewer<'_> {
    /// All that was shown, in words.
    pub(crate) fn sight(&self, shown: &Shown) -> Sight {
        let mut comments_left = self.world.config.prompt.comments_in_all;
        let mut post = |&row: &PostId| {
            let post = self.post(row, comments_left);
            comments_left -= post.comments.len();
            post
        };
        Sight {
            posts: shown.rows.iter().map(&mut post).collect(),
            users: shown.users.iter().map(|&user| self.user(user)).collect(),
            groups: shown.groups.iter().map(|&group| self.group(group)).collect(),
            found: Vec::new(),
        }
    }

    /// Whether what `other` writes is kept from the agent.
    pub(crate) fn hides(&self, other: AgentId) -> bool {
        let graph = &self.world.public.graph;
        let hidden = self.world.public.moderation().keeps(self.agent, other);
        hidden || graph.mutes.contains(self.agent, other) || graph.blocked(self.agent, other)
    }

    /// The words of the note that is shown under a root.
    fn note(&self, root: PostId) -> Option<String> {
        let note = self.world.public.moderation().note(root).filter(|note| note.shown)?;
        self.world.interventions.notes(&note.by).map(|notes| notes.text.clone())
    }

    fn post(&self, row: PostId, most_comments: usize) -> ShownPost {
        let public = &self.world.public;
        let posts = public.posts();
        let root = posts.root(row);
        let author = posts.author(root);
        let reports = posts.reports(root);
        let threshold = public.rules().platform.report_threshold;
        ShownPost {
            post: row,
            author,
            author_name: self.world.handle(author),
            text: self.words(root),
            likes: posts.likes(root),
            dislikes: posts.dislikes(root),
            shares: posts.shares(root),
            age_minutes: self.world.clock.minutes_between(posts.created(root), self.now),
            reposted_by: (row != root).then(|| self.world.handle(posts.author(row))),
            follows_author: public.graph.follows.followees(self.agent).binary_search(&author).is_ok(),
            warning: (reports >= threshold).then(|| format!("reported {reports} times").into()),
            labels: public.moderation().labels(root).map(str::to_owned).collect(),
            note: self.note(root),
            asks_before_sharing: public.moderation().friction(root) > 0.0,
            comments: self.comments(root, most_comments),
            mine: author == self.agent,
        }
    }

    /// The words of a root; of a quote with those that it quotes.
    fn words(&self, root: PostId) -> String {
        let public = &self.world.public;
        let posts = public.posts();
        let own = public.render(posts.text(root));
        match (posts.kind(root), posts.original(root)) {
            (PostKind::Quote, Some(original)) if !self.hides(posts.author(posts.root(original))) => {
                let quoted = public.content(original);
                format!(
                    "{own} (quoting @{}: {quoted})",
                    self.world.handle(posts.author(posts.root(original)))
                )
            }
            _ => own.into_owned(),
        }
    }

    /// The comments that are liked most, of the latest; of equals the later first.
    fn comments(&self, root: PostId, most: usize) -> Vec<ShownComment> {
        let most = most.min(self.world.config.prompt.comments);
        let comments = self.world.public.comments();
        let latest = self.world.public.posts().latest_comment(root);
        if most == 0 || latest.is_none() {
            return Vec::new();
        }
        let shown = |comment: &CommentId| !self.hides(comments.author(*comment));
        let mut best: Vec<CommentId> = comments.thread(latest).take(COMMENTS_WEIGHED).filter(shown).collect();
        let score =
            |comment: CommentId| i64::from(comments.likes(comment)) - i64::from(comments.dislikes(comment));
        best.sort_by_key(|&comment| (Reverse(score(comment)), Reverse(comment)));
        best.truncate(most);
        let shown = |comment: CommentId| ShownComment {
            comment,
            author_name: self.world.handle(comments.author(comment)),
            text: self.world.public.render(comments.text(comment)).into_owned(),
            likes: comments.likes(comment),
            dislikes: comments.dislikes(comment),
        };
        best.into_iter().map(shown).collect()
    }

    fn user(&self, agent: AgentId) -> ShownUser {
        let bio = self.world.public.accounts().profile(agent).map(|profile| profile.bio.clone());
        ShownUser { agent, name: self.world.handle(agent), bio: bio.unwrap_or_default() }
    }

    fn group(&self, id: GroupId) -> ShownGroup {
        let groups = self.world.public.groups();
        let group = &groups.groups()[id.index()];
        let member = group.members.binary_search_by_key(&self.agent, |member| member.agent).is_ok();
        let last = group.messages.len().saturating_sub(MESSAGES_SHOWN);
        let said = |message: &murmur_core::MessageId| {
            let message = &groups.messages()[message.index()];
            format!("@{}: {}", self.world.handle(message.sender), message.content)
        };
        let messages = if member { group.messages[last..].iter().map(said).collect() } else { Vec::new() };
        ShownGroup { group: id, name: group.name.clone(), member, messages }
    }
}
