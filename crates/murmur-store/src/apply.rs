//! The rules of the platform: what each action does to the public state, or why it is refused.

use murmur_core::{
    Action, AgentId, CommentId, Draft, Found, Outcome, PostId, ProfileEdit, RecordId, Refusal, Step,
};

use crate::relation::Pair;
use crate::{PostKind, Public};

impl Public {
    /// Carries out `agent`'s action at `step`. A refused action changes nothing.
    ///
    /// Liking, disliking and commenting on a repost act on its root; reporting acts on the row itself. An agent
    /// reposts a root at most once and may quote it often. A feed is the recommender's to make, so that
    /// [`Action::Refresh`] finds nothing here.
    pub fn apply(&mut self, step: Step, agent: AgentId, action: &Action) -> Outcome {
        match self.try_apply(step, agent, action) {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn try_apply(&mut self, step: Step, agent: AgentId, action: &Action) -> Result<Outcome, Refusal> {
        match *action {
            Action::SignUp(ref profile) => return self.accounts.sign_up(agent, profile).map(done),
            Action::SignUpProduct(id, ref name) => return self.products.add(id, name).map(done),
            Action::Moderate(ref ruling) => return self.moderate(agent, ruling).map(done),
            _ => self.check_agent(agent)?,
        }
        if self.moderation.is_suspended(agent) {
            return Err(Refusal::Suspended);
        }
        match *action {
            Action::CreatePost(ref draft) => {
                Ok(Outcome::Posted(self.posts.publish(agent, step, draft, None)))
            }
            Action::QuotePost(post, ref draft) => {
                self.open_post(agent, post)?;
                Ok(Outcome::Posted(self.posts.publish(agent, step, draft, Some(post))))
            }
            Action::Repost(post) => self.repost(step, agent, post),
            Action::DeletePost(post) => self.delete_post(agent, post).map(done),
            Action::CreateComment(post, ref draft) => self.comment(step, agent, post, draft),
            Action::LikePost(post) => {
                let target = self.rateable_post(agent, post)?;
                let row = self.reactions.likes.add(Pair::with_post(agent, target))?;
                *self.posts.likes_mut(target) += 1;
                self.reactions.engagers.add(agent, target);
                Ok(Outcome::Recorded(row))
            }
            Action::UnlikePost(post) => {
                let target = self.target(post)?;
                let row = self.reactions.likes.remove(Pair::with_post(agent, target))?;
                *self.posts.likes_mut(target) -= 1;
                self.reactions.engagers.remove(agent, target);
                Ok(Outcome::Recorded(row))
            }
            Action::DislikePost(post) => {
                let target = self.rateable_post(agent, post)?;
                let row = self.reactions.dislikes.add(Pair::with_post(agent, target))?;
                *self.posts.dislikes_mut(target) += 1;
                Ok(Outcome::Recorded(row))
            }
            Action::UndoDislikePost(post) => {
                let target = self.target(post)?;
                let row = self.reactions.dislikes.remove(Pair::with_post(agent, target))?;
                *self.posts.dislikes_mut(target) -= 1;
                Ok(Outcome::Recorded(row))
            }
            Action::LikeComment(comment) => {
                self.check_rateable_comment(agent, comment)?;
                let row = self.reactions.comment_likes.add(Pair::with_comment(agent, comment))?;
                *self.comments.likes_mut(comment) += 1;
                Ok(Outcome::Recorded(row))
            }
            Action::UnlikeComment(comment) => {
                self.check_comment(comment)?;
                let row = self.reactions.comment_likes.remove(Pair::with_comment(agent, comment))?;
                *self.comments.likes_mut(comment) -= 1;
                Ok(Outcome::Recorded(row))
            }
            Action::DislikeComment(comment) => {
                self.check_rateable_comment(agent, comment)?;
                let row = self.reactions.comment_dislikes.add(Pair::with_comment(agent, comment))?;
                *self.comments.dislikes_mut(comment) += 1;
                Ok(Outcome::Recorded(row))
            }
            Action::UndoDislikeComment(comment) => {
                self.check_comment(comment)?;
                let row = self.reactions.comment_dislikes.remove(Pair::with_comment(agent, comment))?;
                *self.comments.dislikes_mut(comment) -= 1;
                Ok(Outcome::Recorded(row))
            }
            Action::ReportPost(post, _) => {
                self.check_post(post)?;
                let row = self.reactions.reports.add(Pair::with_post(agent, post))?;
                self.posts.count_report(post);
                Ok(Outcome::Recorded(row))
            }
            Action::Follow(other) => self.follow(agent, other),
            Action::Unfollow(other) => self.unfollow(agent, other),
            Action::Mute(other) => {
                self.check_other(agent, other)?;
                first_time(self.graph.mutes.add(agent, other))?;
                self.ties.mutes.add(Pair::with_agent(agent, other)).map(Outcome::Recorded)
            }
            Action::Unmute(other) => {
                self.check_other(agent, other)?;
                was_there(self.graph.mutes.remove(agent, other))?;
                Ok(made_in_the_run(self.ties.mutes.remove(Pair::with_agent(agent, other))))
            }
            Action::Block(other) => {
                self.check_other(agent, other)?;
                first_time(self.graph.blocks.add(agent, other))?;
                // Whether either followed the other makes no difference.
                let _ = self.unfollow(agent, other);
                let _ = self.unfollow(other, agent);
                Ok(Outcome::Done)
            }
            Action::Unblock(other) => {
                self.check_other(agent, other)?;
                was_there(self.graph.blocks.remove(agent, other)).map(done)
            }
            Action::SearchPosts(ref query) => found(Found::Posts(self.search_posts_for(agent, query))),
            Action::SearchUser(ref query) => found(Found::Users(self.search_users_for(agent, query))),
            Action::Trend => found(Found::Posts(self.trend_for(agent, step))),
            Action::Refresh => Err(Refusal::NothingFound),
            Action::DoNothing => Ok(Outcome::Done),
            Action::PurchaseProduct(ref name, number) => self.products.buy(name, number).map(done),
            Action::CreateGroup(ref name) => Ok(Outcome::Grouped(self.groups.create(agent, step, name))),
            Action::JoinGroup(group) => self.groups.join(agent, step, group).map(done),
            Action::LeaveGroup(group) => self.groups.leave(agent, group).map(done),
            Action::SendToGroup(group, ref content) => {
                self.groups.send(agent, step, group, content).map(|sent| Outcome::Sent(Box::new(sent)))
            }
            Action::ListenFromGroup => {
                Ok(Outcome::Found(Box::new(Found::Groups(self.groups.heard_by(agent)))))
            }
            Action::EditProfile(ref edit) => self.edit_profile(agent, edit),
            Action::Interview(_) => Err(Refusal::NeedsModel),
            Action::RateNote(post, is_helpful) => {
                let root = self.target(post)?;
                self.moderation.rate_note(agent, root, is_helpful).map(done)
            }
            Action::SignUp(_) | Action::SignUpProduct(..) | Action::Moderate(_) => {
                unreachable!("carried out above")
            }
        }
    }

    fn repost(&mut self, step: Step, agent: AgentId, parent: PostId) -> Result<Outcome, Refusal> {
        let root = self.open_post(agent, parent)?;
        if self.repost_by(agent, root).is_some() {
            return Err(Refusal::AlreadyDone);
        }
        let post = self.posts.repost(agent, step, parent);
        self.reactions.reposts.insert(Pair::with_post(agent, root), post);
        self.reactions.reposters.insert(agent);
        self.reactions.engagers.add(agent, root);
        Ok(Outcome::Posted(post))
    }

    /// Deletes a row of the agent's own. The reposts of a deleted root go with it; quotes of it stay.
    fn delete_post(&mut self, agent: AgentId, post: PostId) -> Result<(), Refusal> {
        self.check_post(post)?;
        if self.posts.author(post) != agent {
            return Err(Refusal::NotOnesOwn);
        }
        self.delete_row(post);
        Ok(())
    }

    /// Deletes a row that is there; with a root go its reposts.
    pub(crate) fn delete_row(&mut self, post: PostId) {
        let reposts: Vec<PostId> = match self.posts.kind(post) {
            PostKind::Repost => vec![post],
            PostKind::Original | PostKind::Quote => {
                let reposts = self.posts.reposts_of(post).collect();
                self.posts.delete(post);
                reposts
            }
        };
        for repost in reposts {
            let (author, root) = (self.posts.author(repost), self.posts.root(repost));
            self.posts.delete(repost);
            self.reactions.reposts.remove(&Pair::with_post(author, root));
            // Nobody asks any more who engaged with a deleted root.
            if repost == post {
                self.reactions.engagers.remove(author, root);
            }
        }
    }

    fn comment(
        &mut self,
        step: Step,
        agent: AgentId,
        post: PostId,
        draft: &Draft,
    ) -> Result<Outcome, Refusal> {
        let target = self.open_post(agent, post)?;
        let earlier = self.posts.count_comment(target, self.comments.next_id());
        Ok(Outcome::Commented(self.comments.push(agent, step, target, draft, earlier)))
    }

    fn follow(&mut self, agent: AgentId, other: AgentId) -> Result<Outcome, Refusal> {
        self.check_other(agent, other)?;
        self.check_not_blocked(agent, other)?;
        first_time(self.graph.follows.follow(agent, other))?;
        self.ties.follows.add(Pair::with_agent(agent, other)).map(Outcome::Recorded)
    }

    fn unfollow(&mut self, agent: AgentId, other: AgentId) -> Result<Outcome, Refusal> {
        self.check_other(agent, other)?;
        was_there(self.graph.follows.unfollow(agent, other))?;
        Ok(made_in_the_run(self.ties.follows.remove(Pair::with_agent(agent, other))))
    }

    fn edit_profile(&mut self, agent: AgentId, edit: &ProfileEdit) -> Result<Outcome, Refusal> {
        self.accounts.edit(agent, edit).map(done)
    }

    /// The row that reactions to `post` act on.
    fn target(&self, post: PostId) -> Result<PostId, Refusal> {
        self.check_post(post)?;
        Ok(self.posts.root(post))
    }

    /// The row that `agent`'s answer to `post` acts on, where no block stands between the two.
    fn open_post(&self, agent: AgentId, post: PostId) -> Result<PostId, Refusal> {
        let target = self.target(post)?;
        self.check_not_blocked(agent, self.posts.author(target))?;
        Ok(target)
    }

    /// The row that `agent`'s like or dislike of `post` acts on.
    fn rateable_post(&self, agent: AgentId, post: PostId) -> Result<PostId, Refusal> {
        let target = self.open_post(agent, post)?;
        self.check_rating(agent, self.posts.author(target))?;
        Ok(target)
    }

    fn check_rateable_comment(&self, agent: AgentId, comment: CommentId) -> Result<(), Refusal> {
        self.check_comment(comment)?;
        let author = self.comments.author(comment);
        self.check_not_blocked(agent, author)?;
        self.check_rating(agent, author)
    }

    fn check_rating(&self, agent: AgentId, author: AgentId) -> Result<(), Refusal> {
        let allowed = agent != author || self.rules.platform.allow_self_rating;
        if allowed { Ok(()) } else { Err(Refusal::NotToOneself) }
    }

    fn check_post(&self, post: PostId) -> Result<(), Refusal> {
        if self.posts.contains(post) { Ok(()) } else { Err(Refusal::NoSuchPost) }
    }

    /// A comment lives as long as the post that it stands under.
    fn check_comment(&self, comment: CommentId) -> Result<(), Refusal> {
        let made = comment.index() < self.comments.len();
        let exists = made && self.posts.contains(self.comments.post(comment));
        if exists { Ok(()) } else { Err(Refusal::NoSuchComment) }
    }

    fn check_agent(&self, agent: AgentId) -> Result<(), Refusal> {
        if self.accounts.contains(agent) { Ok(()) } else { Err(Refusal::NoSuchAgent) }
    }

    fn check_other(&self, agent: AgentId, other: AgentId) -> Result<(), Refusal> {
        self.check_agent(other)?;
        if agent == other { Err(Refusal::NotToOneself) } else { Ok(()) }
    }

    fn check_not_blocked(&self, agent: AgentId, other: AgentId) -> Result<(), Refusal> {
        if self.graph.blocked(agent, other) { Err(Refusal::Blocked) } else { Ok(()) }
    }
}

fn done((): ()) -> Outcome {
    Outcome::Done
}

/// What a search found, if anything.
fn found(found: Found) -> Result<Outcome, Refusal> {
    let anything = match &found {
        Found::Posts(posts) => !posts.is_empty(),
        Found::Users(users) => !users.is_empty(),
        Found::Groups(groups) => !groups.is_empty(),
    };
    if anything { Ok(Outcome::Found(Box::new(found))) } else { Err(Refusal::NothingFound) }
}

/// What came of undoing a tie whose row, if it was made in the run, is `row`; those of the initial graph have no ids
/// here.
fn made_in_the_run(row: Result<RecordId, Refusal>) -> Outcome {
    row.map_or(Outcome::Done, Outcome::Recorded)
}

fn first_time(added: bool) -> Result<(), Refusal> {
    if added { Ok(()) } else { Err(Refusal::AlreadyDone) }
}

fn was_there(removed: bool) -> Result<(), Refusal> {
    if removed { Ok(()) } else { Err(Refusal::NothingToUndo) }
}
