//! A plain model of a tiny world: what its events say, without the platform's tables, in double precision.

use std::collections::{BTreeMap, BTreeSet};

use murmur_core::{Action, Draft, Outcome, PostId};
use murmur_recsys::{Filter, FilterConfig};

use super::{CLOCK, World, vector_at};

/// A post row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) author: u32,
    pub(crate) step: u32,
    pub(crate) root: u32,
    /// What it counts as a share of.
    pub(crate) shares: Option<u32>,
    pub(crate) is_repost: bool,
    pub(crate) deleted: bool,
    pub(crate) topic: Option<u16>,
    pub(crate) stance: f64,
    pub(crate) vector: Vec<f64>,
}

/// A standing like, with the sum of stances that who liked had shown on the topic before.
#[derive(Clone, Debug)]
struct Liked {
    by: u32,
    root: u32,
    lean: f64,
}

/// Who looks at posts, when, and what is to be kept from it.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) agent: u32,
    pub(crate) profile: Vec<f64>,
    pub(crate) topics: u64,
    /// Rows that it has read.
    pub(crate) seen: BTreeSet<u32>,
    pub(crate) now: u32,
    /// In minutes.
    pub(crate) max_age: u32,
    pub(crate) filters: Vec<FilterConfig>,
}

#[derive(Default)]
pub(crate) struct Model {
    rows: Vec<Row>,
    follows: BTreeSet<(u32, u32)>,
    mutes: BTreeSet<(u32, u32)>,
    blocks: BTreeSet<(u32, u32)>,
    likes: Vec<Liked>,
    dislikes: BTreeSet<(u32, u32)>,
    /// The last eight roots that each liked, the latest first.
    recent: BTreeMap<u32, Vec<u32>>,
}

impl Model {
    pub(crate) fn of(world: &World) -> Self {
        let others =
            |pairs: &[(u32, u32)]| pairs.iter().copied().filter(|(one, other)| one != other).collect();
        let (follows, blocks) = (others(&world.follows), others(&world.blocks));
        let mut model = Self { follows, blocks, ..Self::default() };
        for event in world.events.iter().filter(|event| event.outcome.succeeded()) {
            let agent = event.agent.0;
            match event.action {
                Action::CreatePost(ref draft) => {
                    model.write(agent, event.step.0, draft, None, &event.outcome);
                }
                Action::QuotePost(quoted, ref draft) => {
                    let quoted = model.row(quoted.get()).shares.unwrap_or(quoted.get());
                    model.write(agent, event.step.0, draft, Some(quoted), &event.outcome);
                }
                Action::Repost(shared) => {
                    let root = model.row(shared.get()).root;
                    let of_root = model.row(root).clone();
                    let row = Row {
                        author: agent,
                        step: event.step.0,
                        root,
                        shares: Some(root),
                        is_repost: true,
                        ..of_root
                    };
                    model.rows.push(row);
                }
                Action::DeletePost(post) => model.delete(post.get()),
                Action::LikePost(post) => model.like(agent, post),
                Action::UnlikePost(post) => {
                    let root = model.row(post.get()).root;
                    model.likes.retain(|like| (like.by, like.root) != (agent, root));
                    model.recent.entry(agent).or_default().retain(|&liked| liked != root);
                }
                Action::DislikePost(post) => {
                    let root = model.row(post.get()).root;
                    model.dislikes.insert((agent, root));
                }
                Action::Follow(other) => {
                    model.follows.insert((agent, other.0));
                }
                Action::Unfollow(other) => {
                    model.follows.remove(&(agent, other.0));
                }
                Action::Mute(other) => {
                    model.mutes.insert((agent, other.0));
                }
                ref other => unreachable!("nobody does {other:?}"),
            }
        }
        model
    }

    fn write(&mut self, author: u32, step: u32, draft: &Draft, shares: Option<u32>, outcome: &Outcome) {
        let id = self.rows.len() as u32 + 1;
        assert_eq!(*outcome, Outcome::Posted(PostId::new(id).expect("ids count from 1")));
        self.rows.push(Row {
            author,
            step,
            root: id,
            shares,
            is_repost: false,
            deleted: false,
            topic: draft.topic.map(|topic| topic.0),
            stance: f64::from(draft.stance.get()),
            vector: draft.vector.iter().map(|&value| f64::from(value)).collect(),
        });
    }

    /// The row goes, and with a root its reposts.
    fn delete(&mut self, id: u32) {
        for (row, other) in self.rows.iter_mut().zip(1..) {
            row.deleted |= other == id || (row.is_repost && row.root == id);
        }
    }

    fn like(&mut self, agent: u32, post: PostId) {
        let root = self.row(post.get()).root;
        let lean = self.row(root).topic.map_or(0.0, |topic| self.lean(agent, topic));
        self.likes.push(Liked { by: agent, root, lean });
        let recent = self.recent.entry(agent).or_default();
        recent.insert(0, root);
        recent.truncate(8);
    }

    /// The sum of the stances that the agent has shown on the topic, by posts, quotes and likes.
    fn lean(&self, agent: u32, topic: u16) -> f64 {
        let on_topic = |row: &&Row| row.topic == Some(topic);
        let own = self.rows.iter().filter(|row| row.author == agent && !row.is_repost).filter(on_topic);
        let likes = self.likes.iter().filter(|like| like.by == agent).map(|like| self.row(like.root));
        own.chain(likes.filter(on_topic)).map(|row| row.stance).sum()
    }

    pub(crate) fn row(&self, id: u32) -> &Row {
        &self.rows[id as usize - 1]
    }

    /// The ids of all rows, deleted ones included.
    pub(crate) fn ids(&self) -> impl DoubleEndedIterator<Item = u32> + use<> {
        1..self.rows.len() as u32 + 1
    }

    /// The ids of all originals and quotes, deleted ones included.
    pub(crate) fn roots(&self) -> impl Iterator<Item = u32> + '_ {
        self.ids().filter(|&id| !self.row(id).is_repost)
    }

    pub(crate) fn follows(&self, one: u32, other: u32) -> bool {
        self.follows.contains(&(one, other))
    }

    pub(crate) fn followers(&self, agent: u32) -> usize {
        self.follows.iter().filter(|(_, followee)| *followee == agent).count()
    }

    pub(crate) fn likes(&self, root: u32) -> usize {
        self.likes.iter().filter(|like| like.root == root).count()
    }

    pub(crate) fn dislikes(&self, root: u32) -> usize {
        self.dislikes.iter().filter(|(_, disliked)| *disliked == root).count()
    }

    pub(crate) fn shares(&self, root: u32) -> usize {
        self.rows.iter().filter(|row| row.shares == Some(root) && !row.deleted).count()
    }

    /// The last eight roots that the agent liked, the latest first.
    pub(crate) fn recent(&self, agent: u32) -> &[u32] {
        self.recent.get(&agent).map_or(&[], Vec::as_slice)
    }

    /// √(l·r), the likes from either side.
    pub(crate) fn bridging(&self, root: u32) -> f64 {
        let from = |side: f64| {
            self.likes.iter().filter(|like| like.root == root && like.lean * side > 0.0).count() as f64
        };
        (from(1.0) * from(-1.0)).sqrt()
    }

    /// Age in minutes.
    pub(crate) fn age(&self, id: u32, now: u32) -> u32 {
        (now - self.row(id).step) * CLOCK.minutes_per_step
    }

    pub(crate) fn is_live(&self, id: u32, viewer: &Viewer) -> bool {
        // Rounded up to whole steps.
        viewer.now - self.row(id).step <= viewer.max_age.div_ceil(CLOCK.minutes_per_step)
    }

    /// Whether the filters keep what `other` writes or shares from the viewer, and which do.
    pub(crate) fn hidden(&self, viewer: &Viewer, other: u32) -> Vec<Filter> {
        let agent = viewer.agent;
        let has = |pairs: &BTreeSet<(u32, u32)>, one, other| pairs.contains(&(one, other));
        let hides = |filter: &FilterConfig| match filter {
            FilterConfig::Muted {} => has(&self.mutes, agent, other).then_some(Filter::Muted),
            FilterConfig::Blocked {} => (has(&self.blocks, agent, other) || has(&self.blocks, other, agent))
                .then_some(Filter::Blocked),
            _ => None,
        };
        viewer.filters.iter().filter_map(hides).collect()
    }

    /// Whether the viewer has read a row of the root that may still be shown.
    fn has_seen(&self, viewer: &Viewer, root: u32) -> bool {
        let mut rows = viewer.seen.iter();
        rows.any(|&row| self.row(row).root == root && self.is_live(row, viewer))
    }

    /// Everything that keeps the root from the viewer.
    pub(crate) fn obstacles(&self, viewer: &Viewer, root: u32) -> Vec<Filter> {
        let row = self.row(root);
        let mut obstacles = self.hidden(viewer, row.author);
        for filter in &viewer.filters {
            match filter {
                FilterConfig::Own {} if row.author == viewer.agent => obstacles.push(Filter::Own),
                FilterConfig::Seen { .. } if self.has_seen(viewer, root) => obstacles.push(Filter::Seen),
                _ => {}
            }
        }
        if row.deleted {
            obstacles.push(Filter::Deleted);
        }
        if self.followed_repost(viewer, root).is_none() && !self.is_live(root, viewer) {
            obstacles.push(Filter::Age);
        }
        obstacles
    }

    /// The earliest live repost of the root by an account that the viewer follows and may see.
    fn followed_repost(&self, viewer: &Viewer, root: u32) -> Option<u32> {
        self.ids().find(|&id| {
            let row = self.row(id);
            let of_root = row.is_repost && row.root == root && !row.deleted;
            let followed = self.follows(viewer.agent, row.author);
            of_root && followed && self.is_live(id, viewer) && self.hidden(viewer, row.author).is_empty()
        })
    }

    /// The row of the root that the viewer is shown, if any.
    pub(crate) fn shown(&self, viewer: &Viewer, root: u32) -> Option<u32> {
        let may = self.obstacles(viewer, root).is_empty();
        may.then(|| self.followed_repost(viewer, root).unwrap_or(root))
    }

    /// The roots whose text is young enough, deleted ones included.
    pub(crate) fn live_roots(&self, viewer: &Viewer) -> Vec<u32> {
        self.roots().filter(|&root| self.is_live(root, viewer)).collect()
    }

    /// The vector of the viewer's text: its profile and what it wrote last, among its last 32 rows.
    pub(crate) fn text_of(&self, viewer: &Viewer) -> Vec<f64> {
        let own = self.ids().rev().filter(|&id| {
            let row = self.row(id);
            row.author == viewer.agent && !row.deleted
        });
        let mut text = viewer.profile.clone();
        if let Some(latest) = own.take(32).find(|&id| !self.row(id).is_repost) {
            for (sum, value) in text.iter_mut().zip(&self.row(latest).vector) {
                *sum += value;
            }
        }
        let length = inner(&text, &text).sqrt();
        text.iter().map(|value| if length > 1e-6 { value / length } else { 0.0 }).collect()
    }
}

/// The inner product.
pub(crate) fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A vector in double precision.
pub(crate) fn wide(vector: &[f32]) -> Vec<f64> {
    vector.iter().map(|&value| f64::from(value)).collect()
}

/// The vector `degrees` from the first axis.
pub(crate) fn wide_at(degrees: f32) -> Vec<f64> {
    wide(&vector_at(degrees))
}
