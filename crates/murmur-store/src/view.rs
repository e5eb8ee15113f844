//! A post as the platform shows it to a user, in the words and fields of OASIS.

use murmur_core::{AgentId, CommentId, PostId};
use serde::Serialize;

use crate::{PostKind, Public};

/// A post with its comments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PostView {
    /// The row.
    pub post_id: u32,
    /// Who made the row.
    pub user_id: u32,
    /// Its words, with what it shares, and with a warning if it was reported often.
    pub content: String,
    /// The step in which it was made; of a repost, its root.
    pub created_at: u32,
    /// How it is liked.
    #[serde(flatten)]
    pub rating: Rating,
    /// Reposts and quotes of it.
    pub num_shares: u32,
    /// Reports of it.
    pub num_reports: u32,
    /// The comments under it, the oldest first.
    pub comments: Vec<CommentView>,
}

/// A comment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CommentView {
    /// The comment.
    pub comment_id: u32,
    /// The row that it stands under.
    pub post_id: u32,
    /// Who wrote it.
    pub user_id: u32,
    /// Its words.
    pub content: String,
    /// The step in which it was written.
    pub created_at: u32,
    /// How it is liked.
    #[serde(flatten)]
    pub rating: Rating,
}

/// How something is liked, as the platform shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Rating {
    /// Likes minus dislikes.
    Score {
        /// The difference.
        score: i64,
    },
    /// Both counts.
    Counts {
        /// Likes.
        num_likes: u32,
        /// Dislikes.
        num_dislikes: u32,
    },
}

impl Public {
    /// The row as the platform shows it. A repost shows the counts and comments of its root.
    ///
    /// # Panics
    /// When the row never existed.
    pub fn view(&self, post: PostId) -> PostView {
        let thread = self.comments.thread(self.posts.latest_comment(self.posts.root(post)));
        self.view_with(post, thread)
    }

    /// [`Self::view`] as the platform shows it to `viewer`: without the comments of accounts that are hidden from it.
    ///
    /// # Panics
    /// When the row never existed.
    pub fn view_for(&self, viewer: AgentId, post: PostId) -> PostView {
        self.view_with(post, self.comments_for(viewer, self.posts.root(post)))
    }

    /// The comments under `root`, newest first, without those of accounts that are hidden from `viewer`.
    pub fn comments_for(&self, viewer: AgentId, root: PostId) -> impl Iterator<Item = CommentId> + '_ {
        let thread = self.comments.thread(self.posts.latest_comment(root));
        thread.filter(move |&comment| !self.moderation.keeps(viewer, self.comments.author(comment)))
    }

    /// The row with these comments, which come newest first.
    fn view_with(&self, post: PostId, comments: impl Iterator<Item = CommentId>) -> PostView {
        let posts = &self.posts;
        let root = posts.root(post);
        let num_reports = posts.reports(root);
        let mut content = self.shown_words(post);
        if num_reports >= self.rules.platform.report_threshold {
            content = format!("[Warning: This post has been reported {num_reports} times]\n{content}");
        }
        let mut comments: Vec<CommentView> = comments.map(|comment| self.view_comment(comment)).collect();
        comments.reverse();
        PostView {
            post_id: post.get(),
            user_id: posts.author(post).0,
            content,
            created_at: posts.created(root).0,
            rating: self.rating(posts.likes(root), posts.dislikes(root)),
            num_shares: posts.shares(root),
            num_reports,
            comments,
        }
    }

    fn view_comment(&self, comment: CommentId) -> CommentView {
        let comments = &self.comments;
        CommentView {
            comment_id: comment.get(),
            post_id: comments.post(comment).get(),
            user_id: comments.author(comment).0,
            content: self.render(comments.text(comment)).into_owned(),
            created_at: comments.created(comment).0,
            rating: self.rating(comments.likes(comment), comments.dislikes(comment)),
        }
    }

    fn rating(&self, num_likes: u32, num_dislikes: u32) -> Rating {
        match self.rules.platform.show_score {
            true => Rating::Score { score: i64::from(num_likes) - i64::from(num_dislikes) },
            false => Rating::Counts { num_likes, num_dislikes },
        }
    }

    /// The words of a row with those it shares, in OASIS's sentences.
    fn shown_words(&self, post: PostId) -> String {
        let posts = &self.posts;
        let sharer: AgentId = posts.author(post);
        match (posts.kind(post), posts.original(post)) {
            (PostKind::Repost, Some(root)) => {
                let (author, content) = (posts.author(root), self.content(root));
                format!("User {sharer} reposted a post from User {author}. Repost content: {content}. ")
            }
            (PostKind::Quote, Some(original)) => {
                let (author, content) = (posts.author(original), self.content(post));
                let words = self.render(posts.text(post));
                format!(
                    "User {sharer} quoted a post from User {author}. Quote content: {words}. Original Content: \
                     {content}"
                )
            }
            _ => self.content(post),
        }
    }

    /// What OASIS keeps in the column `content` of the row: the words of an original, behind a quote those of what it
    /// quotes, for a repost nothing.
    pub fn content(&self, post: PostId) -> String {
        let source = self.posts.quoted_in_the_end(post);
        source.map_or_else(String::new, |source| self.render(self.posts.text(source)).into_owned())
    }
}
