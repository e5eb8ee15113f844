//! What an agent is shown, and the numbers by which it speaks of it.

use std::sync::Arc;

use murmur_core::{AgentId, CommentId, GroupId, PostId};

use crate::Argument;

/// What an agent is shown. Posts and accounts share one numbering from 1, posts first; comments have their own, over all
/// posts; groups theirs. What is found later by looking around goes on counting.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sight {
    /// Posts, the first first.
    pub posts: Vec<ShownPost>,
    /// Accounts, suggested or found.
    pub users: Vec<ShownUser>,
    /// Groups.
    pub groups: Vec<ShownGroup>,
    /// What was found by looking around, the first look first: see [`Prompter::looked`](crate::Prompter::looked).
    pub found: Vec<Sight>,
}

/// A post as its reader sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownPost {
    /// The row served.
    pub post: PostId,
    /// Who wrote it (of a repost: the root's author).
    pub author: AgentId,
    /// The author's name on the platform.
    pub author_name: Arc<str>,
    /// The words; of a quote both.
    pub text: String,
    /// Likes, or votes up.
    pub likes: u32,
    /// Dislikes, or votes down.
    pub dislikes: u32,
    /// Reposts and quotes.
    pub shares: u32,
    /// Simulated minutes since it was written.
    pub age_minutes: u32,
    /// Who shared it, if it was shared.
    pub reposted_by: Option<Arc<str>>,
    /// Whether the reader follows the author.
    pub follows_author: bool,
    /// What the platform says of it, such as that it was reported.
    pub warning: Option<Arc<str>>,
    /// The labels that the platform has put on it, such as that it is disputed.
    pub labels: Vec<String>,
    /// The note that is shown under it, by which readers add context.
    pub note: Option<String>,
    /// Whether the platform asks its reader to read it before sharing it.
    pub asks_before_sharing: bool,
    /// Comments under it that are shown.
    pub comments: Vec<ShownComment>,
    /// Whether the reader wrote it.
    pub mine: bool,
}

/// A comment as its reader sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownComment {
    /// The comment.
    pub comment: CommentId,
    /// Who wrote it.
    pub author_name: Arc<str>,
    /// The words.
    pub text: String,
    /// Likes, or votes up.
    pub likes: u32,
    /// Dislikes, or votes down.
    pub dislikes: u32,
}

/// An account as another user sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownUser {
    /// The account.
    pub agent: AgentId,
    /// Its name on the platform.
    pub name: Arc<str>,
    /// What it says of itself.
    pub bio: Arc<str>,
}

/// A group as a user sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ShownGroup {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: Arc<str>,
    /// Whether the reader is a member.
    pub member: bool,
    /// Its latest messages, the oldest first; for members.
    pub messages: Vec<String>,
}

/// The number that comes first on a page of what is shown, of each numbering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Numbers {
    pub(crate) entry: u32,
    pub(crate) comment: u32,
    pub(crate) group: u32,
}

impl Numbers {
    pub(crate) const FIRST: Self = Self { entry: 1, comment: 1, group: 1 };
}

/// What a number of the common numbering of posts and accounts stands for.
pub(crate) enum Entry<'a> {
    Post(&'a ShownPost),
    User(&'a ShownUser),
}

impl Sight {
    /// What was shown at once, in the order in which it was.
    fn pages(&self) -> impl Iterator<Item = &Sight> {
        std::iter::once(self).chain(&self.found)
    }

    /// One of everything, to try a template with.
    pub(crate) fn sample() -> Self {
        let name: Arc<str> = "n".into();
        let comment = ShownComment {
            comment: CommentId::from_index(0),
            author_name: name.clone(),
            text: "t".to_owned(),
            likes: 1,
            dislikes: 0,
        };
        let post = ShownPost {
            post: PostId::from_index(0),
            author: AgentId(0),
            author_name: name.clone(),
            text: "t".to_owned(),
            likes: 1,
            dislikes: 0,
            shares: 1,
            age_minutes: 1,
            reposted_by: Some(name.clone()),
            follows_author: true,
            warning: Some(name.clone()),
            labels: vec!["t".to_owned()],
            note: Some("t".to_owned()),
            asks_before_sharing: true,
            comments: vec![comment],
            mine: false,
        };
        let user = ShownUser { agent: AgentId(0), name: name.clone(), bio: name.clone() };
        let group =
            ShownGroup { group: GroupId::from_index(0), name, member: true, messages: vec!["t".to_owned()] };
        let mine = ShownPost { mine: true, ..post.clone() };
        Self { posts: vec![post, mine], users: vec![user], groups: vec![group], found: Vec::new() }
    }

    /// The numbers with which the next page begins.
    pub(crate) fn next_numbers(&self) -> Numbers {
        let mut next = Numbers::FIRST;
        for page in self.pages() {
            let comments: usize = page.posts.iter().map(|post| post.comments.len()).sum();
            next.entry = next.entry.saturating_add(count(page.posts.len() + page.users.len()));
            next.comment = next.comment.saturating_add(count(comments));
            next.group = next.group.saturating_add(count(page.groups.len()));
        }
        next
    }

    /// The post or account of that number.
    pub(crate) fn entry(&self, number: u32) -> Option<Entry<'_>> {
        let entries = self
            .pages()
            .flat_map(|page| page.posts.iter().map(Entry::Post).chain(page.users.iter().map(Entry::User)));
        nth(entries, number)
    }

    /// The comment of that number.
    /// The numbers that an argument may have, ascending.
    pub(crate) fn numbers(&self, argument: Argument) -> Vec<u32> {
        const PIECES: u32 = 9;
        let next = self.next_numbers();
        match argument {
            Argument::Post => {
                (1..next.entry).filter(|&number| matches!(self.entry(number), Some(Entry::Post(_)))).collect()
            }
            Argument::User => (1..next.entry).collect(),
            Argument::Comment => (1..next.comment).collect(),
            Argument::Group => (1..next.group).collect(),
            Argument::Count => (1..=PIECES).collect(),
            Argument::Text => Vec::new(),
        }
    }

    pub(crate) fn comment(&self, number: u32) -> Option<&ShownComment> {
        nth(self.pages().flat_map(|page| &page.posts).flat_map(|post| &post.comments), number)
    }

    /// The group of that number.
    pub(crate) fn group(&self, number: u32) -> Option<&ShownGroup> {
        nth(self.pages().flat_map(|page| &page.groups), number)
    }
}

fn nth<T>(mut all: impl Iterator<Item = T>, number: u32) -> Option<T> {
    all.nth(number.checked_sub(1)? as usize)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
