//! The rules of the platform: what each action does to the public state, or why it is refused.

use murmur_core::{Action, AgentId, Outcome, PostId, Refusal, Step};

use crate::Public;
use crate::public::pair;

impl Public {
    /// Carries out `agent`'s action at `step`. A refused action changes nothing.
    ///
    /// Liking, disliking and commenting on a repost act on its root; reporting acts on the row itself. An agent
    /// reposts a root at most once and may quote it often.
    pub fn apply(&mut self, step: Step, agent: AgentId, action: &Action) -> Outcome {
        match self.try_apply(step, agent, action) {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn try_apply(&mut self, step: Step, agent: AgentId, action: &Action) -> Result<Outcome, Refusal> {
        self.check_agent(agent)?;
        match *action {
            Action::CreatePost(ref draft) => {
                Ok(Outcome::Posted(self.posts_mut().publish(agent, step, draft, None)))
            }
            Action::QuotePost(post, ref draft) => {
                self.check_post(post)?;
                Ok(Outcome::Posted(self.posts_mut().publish(agent, step, draft, Some(post))))
            }
            Action::Repost(post) => self.repost(step, agent, post),
            Action::CreateComment(post, ref draft) => {
                let target = self.target(post)?;
                self.posts_mut().count_comment(target);
                Ok(Outcome::Commented(self.comments_mut().push(agent, step, target, draft)))
            }
            Action::LikePost(post) => {
                let target = self.target(post)?;
                first_time(self.reactions.likes.insert(pair(agent, target)))?;
                self.posts_mut().count_like(target);
                self.reactions.engage(agent, target);
                Ok(Outcome::Done)
            }
            Action::DislikePost(post) => {
                let target = self.target(post)?;
                first_time(self.reactions.dislikes.insert(pair(agent, target)))?;
                self.posts_mut().count_dislike(target);
                Ok(Outcome::Done)
            }
            Action::ReportPost(post) => {
                self.check_post(post)?;
                first_time(self.reactions.reports.insert(pair(agent, post)))?;
                self.posts_mut().count_report(post);
                Ok(Outcome::Done)
            }
            Action::Follow(other) => {
                self.check_other(agent, other)?;
                first_time(self.graph.follows.follow(agent, other))?;
                Ok(Outcome::Done)
            }
            Action::Unfollow(other) => {
                self.check_other(agent, other)?;
                match self.graph.follows.unfollow(agent, other) {
                    true => Ok(Outcome::Done),
                    false => Err(Refusal::NothingToUndo),
                }
            }
            Action::Mute(other) => {
                self.check_other(agent, other)?;
                first_time(self.graph.mutes.add(agent, other))?;
                Ok(Outcome::Done)
            }
        }
    }

    fn repost(&mut self, step: Step, agent: AgentId, parent: PostId) -> Result<Outcome, Refusal> {
        let root = self.target(parent)?;
        if self.repost_by(agent, root).is_some() {
            return Err(Refusal::AlreadyDone);
        }
        let post = self.posts_mut().repost(agent, step, parent);
        self.reactions.reposts.insert(pair(agent, root), post);
        self.reactions.engage(agent, root);
        Ok(Outcome::Posted(post))
    }

    /// The row that reactions to `post` act on.
    fn target(&self, post: PostId) -> Result<PostId, Refusal> {
        self.check_post(post)?;
        Ok(self.posts().root(post))
    }

    fn check_post(&self, post: PostId) -> Result<(), Refusal> {
        if self.posts().contains(post) { Ok(()) } else { Err(Refusal::NoSuchPost) }
    }

    fn check_agent(&self, agent: AgentId) -> Result<(), Refusal> {
        if agent.0 < self.agents() { Ok(()) } else { Err(Refusal::NoSuchAgent) }
    }

    fn check_other(&self, agent: AgentId, other: AgentId) -> Result<(), Refusal> {
        self.check_agent(other)?;
        if agent == other { Err(Refusal::NotToOneself) } else { Ok(()) }
    }
}

fn first_time(inserted: bool) -> Result<(), Refusal> {
    if inserted { Ok(()) } else { Err(Refusal::AlreadyDone) }
}
