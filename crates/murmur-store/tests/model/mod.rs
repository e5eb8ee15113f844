//! The rules of the platform in their plainest form.

use murmur_core::{
    Action, AgentId, CommentId, Found, GroupId, JoinedGroup, MessageId, Outcome, PostId, RecordId, Refusal,
    Sent, Step, Text,
};
use murmur_store::{PlatformConfig, PostKind, Public};

/// What texts, queries and names are made of.
pub(crate) const WORDS: [&str; 8] = ["tea", "Tea time", "ea", "1", "2", "rain", "in", "?"];

/// A row that an agent made about something; `None` once it was taken away.
type Rows = Vec<Option<Row>>;

#[derive(Clone, Copy, PartialEq, Debug)]
struct Row {
    agent: u32,
    target: u32,
    step: u32,
}

struct Post {
    author: u32,
    kind: PostKind,
    original: Option<u32>,
    words: String,
    step: u32,
    deleted: bool,
}

struct Comment {
    author: u32,
    post: u32,
    words: String,
    step: u32,
}

pub(crate) struct Model {
    agents: u32,
    platform: PlatformConfig,
    profiles: Vec<[String; 3]>,
    posts: Vec<Post>,
    comments: Vec<Comment>,
    likes: Rows,
    dislikes: Rows,
    comment_likes: Rows,
    comment_dislikes: Rows,
    reports: Rows,
    reasons: Vec<String>,
    follows: Rows,
    mutes: Rows,
    blocks: Vec<[u32; 2]>,
    groups: Vec<(String, u32)>,
    /// Group, agent and step.
    members: Vec<[u32; 3]>,
    /// Group, sender and step, with the words.
    messages: Vec<([u32; 3], String)>,
    /// Number, name and sales.
    products: Vec<(u32, String, u64)>,
    initial_follows: usize,
    initial_mutes: usize,
}

fn find(rows: &Rows, agent: u32, target: u32) -> Option<usize> {
    rows.iter().position(|row| row.is_some_and(|row| (row.agent, row.target) == (agent, target)))
}

fn add(rows: &mut Rows, agent: u32, target: u32, step: u32) -> Result<Outcome, Refusal> {
    if find(rows, agent, target).is_some() {
        return Err(Refusal::AlreadyDone);
    }
    rows.push(Some(Row { agent, target, step }));
    Ok(Outcome::Recorded(RecordId::from_index(rows.len() - 1)))
}

fn remove(rows: &mut Rows, agent: u32, target: u32, without_id: usize) -> Result<Outcome, Refusal> {
    let place = find(rows, agent, target).ok_or(Refusal::NothingToUndo)?;
    rows[place] = None;
    Ok(if place < without_id { Outcome::Done } else { Outcome::Recorded(RecordId::from_index(place)) })
}

fn count(rows: &Rows, target: u32) -> u32 {
    rows.iter().flatten().filter(|row| row.target == target).count() as u32
}

fn contains(text: &str, query: &str) -> bool {
    text.to_lowercase().contains(&query.to_lowercase())
}

fn words_of(text: &Text) -> String {
    match text {
        Text::Own(words) => words.to_string(),
        Text::Phrase(_) => unreachable!("the model writes its own words"),
    }
}

impl Model {
    pub(crate) fn new(
        agents: u32,
        follows: &[[u32; 2]],
        mutes: &[[u32; 2]],
        platform: PlatformConfig,
    ) -> Self {
        let rows = |pairs: &[[u32; 2]]| -> Rows {
            pairs.iter().map(|&[agent, target]| Some(Row { agent, target, step: 0 })).collect()
        };
        Self {
            agents,
            platform,
            profiles: vec![Default::default(); agents as usize],
            posts: Vec::new(),
            comments: Vec::new(),
            likes: Rows::new(),
            dislikes: Rows::new(),
            comment_likes: Rows::new(),
            comment_dislikes: Rows::new(),
            reports: Rows::new(),
            reasons: Vec::new(),
            follows: rows(follows),
            mutes: rows(mutes),
            blocks: Vec::new(),
            groups: Vec::new(),
            members: Vec::new(),
            messages: Vec::new(),
            products: Vec::new(),
            initial_follows: follows.len(),
            initial_mutes: mutes.len(),
        }
    }

    pub(crate) fn apply(&mut self, step: Step, agent: AgentId, action: &Action) -> Outcome {
        self.try_apply(step.0, agent.0, action).unwrap_or_else(Outcome::Refused)
    }

    fn try_apply(&mut self, step: u32, agent: u32, action: &Action) -> Result<Outcome, Refusal> {
        match action {
            Action::SignUp(_) if agent < self.agents => return Err(Refusal::AlreadyDone),
            Action::SignUpProduct(id, name) => {
                if self.products.iter().any(|product| product.0 == id.0 || product.1 == **name) {
                    return Err(Refusal::AlreadyDone);
                }
                self.products.push((id.0, name.to_string(), 0));
                return Ok(Outcome::Done);
            }
            _ => self.user(agent)?,
        }
        match action {
            Action::CreatePost(draft) => {
                Ok(self.publish(agent, PostKind::Original, None, words_of(&draft.text), step))
            }
            Action::QuotePost(post, draft) => {
                self.open(agent, post.get())?;
                let original = self.post(post.get())?.original.unwrap_or(post.get());
                Ok(self.publish(agent, PostKind::Quote, Some(original), words_of(&draft.text), step))
            }
            Action::Repost(post) => {
                let root = self.open(agent, post.get())?;
                if self.reposts_of(root).any(|repost| self.posts[repost as usize - 1].author == agent) {
                    return Err(Refusal::AlreadyDone);
                }
                Ok(self.publish(agent, PostKind::Repost, Some(root), String::new(), step))
            }
            Action::DeletePost(post) => {
                if self.post(post.get())?.author != agent {
                    return Err(Refusal::NotOnesOwn);
                }
                let reposts: Vec<u32> = self.reposts_of(post.get()).collect();
                for row in reposts.into_iter().chain([post.get()]) {
                    self.posts[row as usize - 1].deleted = true;
                }
                Ok(Outcome::Done)
            }
            Action::CreateComment(post, draft) => {
                let post = self.open(agent, post.get())?;
                self.comments.push(Comment { author: agent, post, words: words_of(&draft.text), step });
                Ok(Outcome::Commented(CommentId::from_index(self.comments.len() - 1)))
            }
            Action::LikePost(post) => {
                let root = self.open(agent, post.get())?;
                self.may_rate(agent, self.posts[root as usize - 1].author)?;
                add(&mut self.likes, agent, root, step)
            }
            Action::UnlikePost(post) => {
                let root = self.root(post.get())?;
                remove(&mut self.likes, agent, root, 0)
            }
            Action::DislikePost(post) => {
                let root = self.open(agent, post.get())?;
                self.may_rate(agent, self.posts[root as usize - 1].author)?;
                add(&mut self.dislikes, agent, root, step)
            }
            Action::UndoDislikePost(post) => {
                let root = self.root(post.get())?;
                remove(&mut self.dislikes, agent, root, 0)
            }
            Action::LikeComment(comment) => {
                self.open_comment(agent, comment.get())?;
                add(&mut self.comment_likes, agent, comment.get(), step)
            }
            Action::UnlikeComment(comment) => {
                self.comment(comment.get())?;
                remove(&mut self.comment_likes, agent, comment.get(), 0)
            }
            Action::DislikeComment(comment) => {
                self.open_comment(agent, comment.get())?;
                add(&mut self.comment_dislikes, agent, comment.get(), step)
            }
            Action::UndoDislikeComment(comment) => {
                self.comment(comment.get())?;
                remove(&mut self.comment_dislikes, agent, comment.get(), 0)
            }
            Action::ReportPost(post, reason) => {
                self.post(post.get())?;
                let outcome = add(&mut self.reports, agent, post.get(), step)?;
                self.reasons.push(reason.to_string());
                Ok(outcome)
            }
            Action::Follow(other) => {
                self.other(agent, other.0)?;
                self.not_blocked(agent, other.0)?;
                add(&mut self.follows, agent, other.0, step)
            }
            Action::Unfollow(other) => {
                self.other(agent, other.0)?;
                remove(&mut self.follows, agent, other.0, self.initial_follows)
            }
            Action::Mute(other) => {
                self.other(agent, other.0)?;
                add(&mut self.mutes, agent, other.0, step)
            }
            Action::Unmute(other) => {
                self.other(agent, other.0)?;
                remove(&mut self.mutes, agent, other.0, self.initial_mutes)
            }
            Action::Block(other) => {
                self.other(agent, other.0)?;
                if self.blocks.contains(&[agent, other.0]) {
                    return Err(Refusal::AlreadyDone);
                }
                self.blocks.push([agent, other.0]);
                for [from, to] in [[agent, other.0], [other.0, agent]] {
                    let _ = remove(&mut self.follows, from, to, 0);
                }
                Ok(Outcome::Done)
            }
            Action::Unblock(other) => {
                self.other(agent, other.0)?;
                let place = self.blocks.iter().position(|block| *block == [agent, other.0]);
                self.blocks.remove(place.ok_or(Refusal::NothingToUndo)?);
                Ok(Outcome::Done)
            }
            Action::SearchPosts(query) => self.found_posts(|model, post| {
                let row = &model.posts[post as usize - 1];
                let content = row.kind != PostKind::Repost && contains(model.content(post), query);
                content || contains(&post.to_string(), query) || contains(&row.author.to_string(), query)
            }),
            Action::SearchUser(query) => {
                let shows = |agent: &u32| {
                    let fields = &self.profiles[*agent as usize];
                    contains(&agent.to_string(), query) || fields.iter().any(|field| contains(field, query))
                };
                let users: Vec<AgentId> = (0..self.agents).filter(shows).map(AgentId).collect();
                if users.is_empty() {
                    return Err(Refusal::NothingFound);
                }
                Ok(Outcome::Found(Box::new(Found::Users(users))))
            }
            Action::Trend => {
                let since = step.saturating_sub(self.platform.trend_days * 1440);
                let recent = |row: &u32| {
                    let post = &self.posts[*row as usize - 1];
                    !post.deleted && post.step >= since
                };
                let mut rows: Vec<u32> = (1..=self.posts.len() as u32).filter(recent).collect();
                rows.sort_by_key(|&row| std::cmp::Reverse(count(&self.likes, row)));
                rows.truncate(self.platform.trend_top_k as usize);
                found(rows)
            }
            Action::Refresh => Err(Refusal::NothingFound),
            Action::DoNothing => Ok(Outcome::Done),
            Action::PurchaseProduct(name, number) => {
                let product = self.products.iter_mut().find(|product| product.1 == **name);
                product.ok_or(Refusal::NoSuchProduct)?.2 += u64::from(*number);
                Ok(Outcome::Done)
            }
            Action::CreateGroup(name) => {
                self.groups.push((name.to_string(), step));
                self.members.push([self.groups.len() as u32, agent, step]);
                Ok(Outcome::Grouped(GroupId::from_index(self.groups.len() - 1)))
            }
            Action::JoinGroup(group) => {
                if group.index() >= self.groups.len() {
                    return Err(Refusal::NoSuchGroup);
                }
                if self.member(group.get(), agent).is_ok() {
                    return Err(Refusal::AlreadyDone);
                }
                self.members.push([group.get(), agent, step]);
                Ok(Outcome::Done)
            }
            Action::LeaveGroup(group) => {
                let place = self.member(group.get(), agent)?;
                self.members.remove(place);
                Ok(Outcome::Done)
            }
            Action::SendToGroup(group, words) => {
                self.member(group.get(), agent)?;
                self.messages.push(([group.get(), agent, step], words.to_string()));
                let others = |member: &&[u32; 3]| member[0] == group.get() && member[1] != agent;
                let mut to: Vec<AgentId> =
                    self.members.iter().filter(others).map(|member| AgentId(member[1])).collect();
                to.sort();
                let message = MessageId::from_index(self.messages.len() - 1);
                Ok(Outcome::Sent(Box::new(Sent { message, to })))
            }
            Action::ListenFromGroup => {
                let groups = (0..self.groups.len()).map(GroupId::from_index);
                let joined = groups.filter(|group| self.member(group.get(), agent).is_ok());
                let heard = |group: GroupId| JoinedGroup {
                    group,
                    messages: (0..self.messages.len())
                        .filter(|&place| self.messages[place].0[0] == group.get())
                        .map(MessageId::from_index)
                        .collect(),
                };
                Ok(Outcome::Found(Box::new(Found::Groups(joined.map(heard).collect()))))
            }
            Action::EditProfile(edit) => {
                self.profiles[agent as usize][2] = edit.bio.as_deref().unwrap_or_default().to_owned();
                Ok(Outcome::Done)
            }
            Action::Interview(_) => Err(Refusal::NeedsModel),
            // The model has no notes.
            Action::RateNote(..) => Err(Refusal::NoSuchPost),
            Action::SignUp(_) | Action::SignUpProduct(..) => unreachable!("done above"),
            Action::Moderate(_) => unreachable!("not drawn"),
        }
    }

    fn publish(
        &mut self,
        author: u32,
        kind: PostKind,
        original: Option<u32>,
        words: String,
        step: u32,
    ) -> Outcome {
        self.posts.push(Post { author, kind, original, words, step, deleted: false });
        Outcome::Posted(PostId::from_index(self.posts.len() - 1))
    }

    fn user(&self, agent: u32) -> Result<(), Refusal> {
        if agent < self.agents { Ok(()) } else { Err(Refusal::NoSuchAgent) }
    }

    fn other(&self, agent: u32, other: u32) -> Result<(), Refusal> {
        self.user(other)?;
        if agent == other { Err(Refusal::NotToOneself) } else { Ok(()) }
    }

    fn not_blocked(&self, agent: u32, other: u32) -> Result<(), Refusal> {
        let blocked = self.blocks.contains(&[agent, other]) || self.blocks.contains(&[other, agent]);
        if blocked { Err(Refusal::Blocked) } else { Ok(()) }
    }

    fn post(&self, post: u32) -> Result<&Post, Refusal> {
        self.posts.get(post as usize - 1).filter(|post| !post.deleted).ok_or(Refusal::NoSuchPost)
    }

    fn root(&self, post: u32) -> Result<u32, Refusal> {
        let row = self.post(post)?;
        Ok(row.original.filter(|_| row.kind == PostKind::Repost).unwrap_or(post))
    }

    fn open(&self, agent: u32, post: u32) -> Result<u32, Refusal> {
        let root = self.root(post)?;
        self.not_blocked(agent, self.posts[root as usize - 1].author)?;
        Ok(root)
    }

    fn comment(&self, comment: u32) -> Result<&Comment, Refusal> {
        let comment = self.comments.get(comment as usize - 1).ok_or(Refusal::NoSuchComment)?;
        self.post(comment.post).map_err(|_| Refusal::NoSuchComment)?;
        Ok(comment)
    }

    fn open_comment(&self, agent: u32, comment: u32) -> Result<(), Refusal> {
        let author = self.comment(comment)?.author;
        self.not_blocked(agent, author)?;
        self.may_rate(agent, author)
    }

    fn may_rate(&self, agent: u32, author: u32) -> Result<(), Refusal> {
        let allowed = agent != author || self.platform.allow_self_rating;
        if allowed { Ok(()) } else { Err(Refusal::NotToOneself) }
    }

    fn member(&self, group: u32, agent: u32) -> Result<usize, Refusal> {
        if group as usize > self.groups.len() {
            return Err(Refusal::NoSuchGroup);
        }
        let is_it = |member: &[u32; 3]| member[..2] == [group, agent];
        self.members.iter().position(is_it).ok_or(Refusal::NotAMember)
    }

    fn reposts_of(&self, root: u32) -> impl Iterator<Item = u32> + '_ {
        self.shares_of(root).filter(|&row| self.posts[row as usize - 1].kind == PostKind::Repost)
    }

    fn shares_of(&self, post: u32) -> impl Iterator<Item = u32> + '_ {
        let rows = (1..).zip(&self.posts);
        rows.filter(move |(_, row)| !row.deleted && row.original == Some(post)).map(|(id, _)| id)
    }

    /// OASIS's `content`: of a quote the words at the end of what it quotes.
    fn content(&self, post: u32) -> &str {
        let row = &self.posts[post as usize - 1];
        row.original.map_or(&row.words, |original| self.content(original))
    }

    fn found_posts(&self, is_hit: impl Fn(&Self, u32) -> bool) -> Result<Outcome, Refusal> {
        let rows = (1..=self.posts.len() as u32).filter(|&row| !self.posts[row as usize - 1].deleted);
        found(rows.filter(|&row| is_hit(self, row)).collect())
    }

    /// Every counter and list of the platform is what the model's rows say.
    pub(crate) fn check(&self, public: &Public) {
        let posts = public.posts();
        assert_eq!(posts.len(), self.posts.len());
        for (id, row) in (1..).zip(&self.posts).filter(|(_, row)| !row.deleted) {
            let post = PostId::new(id).unwrap();
            assert!(posts.contains(post));
            assert_eq!(posts.kind(post), row.kind);
            assert_eq!(posts.likes(post), count(&self.likes, id));
            assert_eq!(posts.dislikes(post), count(&self.dislikes, id));
            assert_eq!(posts.reports(post), count(&self.reports, id));
            assert_eq!(posts.shares(post) as usize, self.shares_of(id).count());
            assert_eq!(posts.repost_count(post) as usize, self.reposts_of(id).count());
            let mut reposts: Vec<u32> = posts.reposts_of(post).map(PostId::get).collect();
            reposts.reverse();
            assert!(self.reposts_of(id).eq(reposts));
            let mut comments: Vec<usize> =
                public.comments().thread(posts.latest_comment(post)).map(CommentId::index).collect();
            comments.reverse();
            let under = (0..self.comments.len()).filter(|&comment| self.comments[comment].post == id);
            assert!(under.eq(comments.iter().copied()));
            assert_eq!(posts.comments(post) as usize, comments.len());
            let mut engagers: Vec<u32> = public.engagers(post).map(|agent| agent.0).collect();
            let likers = self.likes.iter().flatten().filter(|row| row.target == id).map(|row| row.agent);
            let sharers = self.reposts_of(id).map(|repost| self.posts[repost as usize - 1].author);
            let mut expected: Vec<u32> = likers.chain(sharers).collect();
            engagers.sort_unstable();
            expected.sort_unstable();
            assert_eq!(engagers, expected);
        }
        for agent in (0..self.agents).map(AgentId) {
            let rows = (1..).zip(&self.posts).filter(|(_, row)| !row.deleted && row.author == agent.0);
            let mut by_author: Vec<u32> = posts.by_author(agent).map(PostId::get).collect();
            by_author.reverse();
            assert!(rows.map(|(id, _)| id).eq(by_author));
        }
    }

    /// The rows of OASIS's tables, each cell as text.
    pub(crate) fn tables(&self) -> Vec<(&'static str, Vec<Vec<String>>)> {
        let cells = |cells: &[&dyn ToString]| cells.iter().map(|cell| cell.to_string()).collect();
        let null = "-".to_owned();
        let relation = |rows: &Rows, stands: &dyn Fn(u32) -> bool| -> Vec<Vec<String>> {
            let rows = (1..).zip(rows).filter_map(|(id, row)| row.map(|row| (id, row)));
            rows.filter(|(_, row)| stands(row.target))
                .map(|(id, row): (u32, Row)| cells(&[&id, &row.agent, &row.target, &row.step]))
                .collect()
        };
        let any = |_: u32| true;
        let has_post = |post: u32| self.post(post).is_ok();
        let has_comment = |comment: u32| self.comment(comment).is_ok();
        let post = |(id, row): (u32, &Post)| {
            let quote = if row.kind == PostKind::Quote { &row.words } else { &null };
            let content = if row.kind == PostKind::Repost { "" } else { self.content(id) };
            let original = row.original.map_or(null.clone(), |original| original.to_string());
            let counts = [&self.likes, &self.dislikes].map(|rows| count(rows, id));
            let shares = self.shares_of(id).count();
            let reports = count(&self.reports, id);
            cells(&[
                &id,
                &row.author,
                &original,
                &content,
                quote,
                &row.step,
                &counts[0],
                &counts[1],
                &shares,
                &reports,
            ])
        };
        let comment = |(id, row): (u32, &Comment)| {
            let counts = [&self.comment_likes, &self.comment_dislikes].map(|rows| count(rows, id));
            cells(&[&id, &row.post, &row.author, &row.words, &row.step, &counts[0], &counts[1]])
        };
        let user = |agent: u32| {
            let [user_name, name, bio] = &self.profiles[agent as usize];
            let followings = self.follows.iter().flatten().filter(|row| row.agent == agent).count();
            cells(&[&agent, &agent, user_name, name, bio, &0, &followings, &count(&self.follows, agent)])
        };
        let report = |(id, row): (usize, &Row)| {
            cells(&[&(id + 1), &row.agent, &row.target, &self.reasons[id], &row.step])
        };
        let mut members = self.members.clone();
        members.sort_unstable();
        let mut products: Vec<_> = self.products.iter().collect();
        products.sort_unstable();
        let reports = self.reports.iter().flatten().enumerate();
        let message =
            |(id, (row, words)): (u32, &([u32; 3], String))| cells(&[&id, &row[0], &row[1], words, &row[2]]);
        vec![
            ("user", (0..self.agents).map(user).collect()),
            ("post", (1..).zip(&self.posts).filter(|(_, row)| !row.deleted).map(post).collect()),
            (
                "comment",
                (1..).zip(&self.comments).filter(|(_, row)| has_post(row.post)).map(comment).collect(),
            ),
            ("like", relation(&self.likes, &has_post)),
            ("dislike", relation(&self.dislikes, &has_post)),
            ("comment_like", relation(&self.comment_likes, &has_comment)),
            ("comment_dislike", relation(&self.comment_dislikes, &has_comment)),
            ("follow", relation(&self.follows, &any)),
            ("mute", relation(&self.mutes, &any)),
            ("report", reports.filter(|(_, row)| has_post(row.target)).map(report).collect()),
            (
                "chat_group",
                (1..)
                    .zip(&self.groups)
                    .map(|(id, (name, step)): (u32, _)| cells(&[&id, name, step]))
                    .collect(),
            ),
            ("group_members", members.iter().map(|row| cells(&[&row[0], &row[1], &row[2]])).collect()),
            ("group_messages", (1..).zip(&self.messages).map(message).collect()),
            ("product", products.iter().map(|(id, name, sales)| cells(&[id, name, sales])).collect()),
        ]
    }
}

fn found(rows: Vec<u32>) -> Result<Outcome, Refusal> {
    if rows.is_empty() {
        return Err(Refusal::NothingFound);
    }
    Ok(Outcome::Found(Box::new(Found::Posts(rows.into_iter().filter_map(PostId::new).collect()))))
}
