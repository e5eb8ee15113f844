//! What interventions have put in force: marks at posts and accounts, and notes that wait under posts for ratings.
//!
//! Whoever runs the platform decides whom an intervention hits; here stands what it did, so that feeds, searches and the
//! rules obey it. Every change goes through [`Public`]. In a run without interventions every look-up finds an empty map.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use murmur_core::{AgentId, Effect, PostId, Refusal, Ruling};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::relation::Pair;
use crate::{PostKind, Public};

/// The largest factor of a post's score.
const LARGEST_FACTOR: f32 = 1e3;

/// What an intervention puts at a root; its reposts have it too.
#[derive(Clone, PartialEq, Debug)]
pub enum PostMark {
    /// By what its score in feeds is multiplied, 0 to 1000; 0 keeps it out of feeds.
    Factor(f32),
    /// Words shown to readers with the post.
    Label(Arc<str>),
    /// What sharing it costs, in units of utility: the effort of a question that is asked before.
    Friction(f32),
}

/// What an intervention does to an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AgentMark {
    /// It may do nothing, and nobody is shown what it wrote.
    Suspended,
    /// Nobody else is shown what it writes or shares.
    ShadowBanned,
    /// It is served by the alternative feed of this number, from 0.
    Feed(u16),
}

/// How an agent rated a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rated {
    /// Who rated.
    pub agent: AgentId,
    /// Whether it finds the note helpful.
    pub is_helpful: bool,
}

/// A note under a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// What it stands under.
    pub root: PostId,
    /// The intervention that proposed it.
    pub by: Arc<str>,
    /// How it was rated, in the order of rating.
    pub ratings: Vec<Rated>,
    /// Whether readers are shown it.
    pub shown: bool,
}

/// What stands by interventions.
#[derive(Debug, Default)]
pub struct Moderation {
    posts: Marks<PostId, PostMark>,
    agents: Marks<AgentId, AgentMark>,
    /// The product of the factors at a root, where it is not 1.
    factors: FxHashMap<PostId, f32>,
    /// The roots that have a label, in the order in which they got it.
    labelled: FxHashMap<Arc<str>, Vec<PostId>>,
    suspended: FxHashSet<AgentId>,
    /// Suspended or shadow-banned.
    hidden: FxHashSet<AgentId>,
    feeds: FxHashMap<AgentId, u16>,
    notes: Vec<Note>,
    /// The place in `notes` of the note under a root.
    note_under: FxHashMap<PostId, usize>,
    /// Who rated the note under which root.
    rated: FxHashSet<Pair>,
    /// The interventions whose messages an agent got, in their order.
    messages: FxHashMap<AgentId, Vec<Arc<str>>>,
}

impl Moderation {
    /// The names of the interventions whose messages `agent` got, in their order.
    pub fn messages_to(&self, agent: AgentId) -> &[Arc<str>] {
        self.messages.get(&agent).map_or(&[], Vec::as_slice)
    }

    /// Whether `agent` has rated the note under `root`.
    pub fn has_rated(&self, agent: AgentId, root: PostId) -> bool {
        self.rated.contains(&Pair::with_post(agent, root))
    }

    /// Whether nothing stands.
    pub fn is_empty(&self) -> bool {
        self.posts.at.is_empty() && self.agents.at.is_empty() && self.notes.is_empty()
    }

    /// By what the score of `root` in feeds is multiplied: the product of its factors in the order of marking, 1 without
    /// any.
    pub fn factor(&self, root: PostId) -> f32 {
        self.factors.get(&root).copied().unwrap_or(1.0)
    }

    /// Whether any root has a factor other than 1.
    pub fn has_factors(&self) -> bool {
        !self.factors.is_empty()
    }

    /// What sharing `root` costs, in units of utility: the sum of its frictions.
    pub fn friction(&self, root: PostId) -> f32 {
        self.posts.at(root).iter().fold(0.0, |sum, mark| match mark.what {
            PostMark::Friction(friction) => sum + friction,
            PostMark::Factor(_) | PostMark::Label(_) => sum,
        })
    }

    /// The labels of `root` in the order of marking; one that two interventions put there comes twice.
    pub fn labels(&self, root: PostId) -> impl Iterator<Item = &str> {
        self.posts.at(root).iter().filter_map(|mark| mark.what.label()).map(|label| &**label)
    }

    /// The roots with this label in the order in which they got it, deleted ones included.
    pub fn labelled(&self, label: &str) -> &[PostId] {
        self.labelled.get(label).map_or(&[], Vec::as_slice)
    }

    /// Whether a mark stands at `root`. Notes are no marks.
    pub fn has_marks(&self, root: PostId) -> bool {
        !self.posts.at(root).is_empty()
    }

    /// Whether a mark by the intervention of that name stands at `root`.
    pub fn is_marked_by(&self, by: &str, root: PostId) -> bool {
        self.posts.has(by, root)
    }

    /// Whether a mark by the intervention of that name stands at `agent`.
    pub fn is_agent_marked_by(&self, by: &str, agent: AgentId) -> bool {
        self.agents.has(by, agent)
    }

    /// Whether the account may do nothing.
    pub fn is_suspended(&self, agent: AgentId) -> bool {
        self.suspended.contains(&agent)
    }

    /// Whether others are shown nothing that the account writes or shares: it is suspended or shadow-banned.
    pub fn is_hidden(&self, agent: AgentId) -> bool {
        self.hidden.contains(&agent)
    }

    /// Whether any account is hidden.
    pub fn hides_anybody(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Whether what `author` writes or shares is kept from `viewer`. Nobody is hidden from itself.
    pub fn keeps(&self, viewer: AgentId, author: AgentId) -> bool {
        self.is_hidden(author) && viewer != author
    }

    /// The number of the alternative feed that serves `agent`: that of its latest such mark; `None` if the main one does.
    pub fn feed_of(&self, agent: AgentId) -> Option<u16> {
        self.feeds.get(&agent).copied()
    }

    /// Whether an alternative feed serves anybody.
    pub fn has_feeds(&self) -> bool {
        !self.feeds.is_empty()
    }

    /// The note under `root`.
    pub fn note(&self, root: PostId) -> Option<&Note> {
        self.note_under.get(&root).map(|&place| &self.notes[place])
    }

    /// All notes in the order in which they were proposed, those under deleted roots included.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(crate) fn rate_note(
        &mut self,
        agent: AgentId,
        root: PostId,
        is_helpful: bool,
    ) -> Result<(), Refusal> {
        let place = *self.note_under.get(&root).ok_or(Refusal::NoSuchPost)?;
        if !self.rated.insert(Pair::with_post(agent, root)) {
            return Err(Refusal::AlreadyDone);
        }
        self.notes[place].ratings.push(Rated { agent, is_helpful });
        Ok(())
    }

    fn mark_post(&mut self, by: &Arc<str>, root: PostId, mark: PostMark) -> bool {
        let label = mark.label().cloned();
        let is_new_label = label.as_ref().is_some_and(|label| !self.has_label(root, label));
        if !self.posts.add(by, root, mark) {
            return false;
        }
        if let Some(label) = label.filter(|_| is_new_label) {
            self.labelled.entry(label).or_default().push(root);
        }
        self.multiply(root);
        true
    }

    /// Takes the intervention's marks off these roots, where they have any.
    fn unmark_posts(&mut self, by: &str, roots: &[PostId]) {
        let mut labels = BTreeSet::new();
        for &root in roots {
            let mark = self.posts.remove(by, root);
            labels.extend(mark.and_then(|mark| mark.label().cloned()));
            self.multiply(root);
        }
        for label in labels {
            let mut roots = self.labelled.remove(&label).unwrap_or_default();
            roots.retain(|&root| self.has_label(root, &label));
            if !roots.is_empty() {
                self.labelled.insert(label, roots);
            }
        }
    }

    fn has_label(&self, root: PostId, label: &str) -> bool {
        self.labels(root).any(|other| other == label)
    }

    /// Works out anew the product of the factors at `root`.
    fn multiply(&mut self, root: PostId) {
        let product = self.posts.at(root).iter().fold(1f32, |product, mark| match mark.what {
            // However many there are, 0 times their product is a number.
            PostMark::Factor(factor) => (product * factor).min(f32::MAX),
            PostMark::Label(_) | PostMark::Friction(_) => product,
        });
        match product == 1.0 {
            true => self.factors.remove(&root),
            false => self.factors.insert(root, product),
        };
    }

    /// Works out anew what stands at `agent`, after its marks have changed.
    fn settle(&mut self, agent: AgentId) {
        let (mut suspended, mut hidden, mut feed) = (false, false, None);
        for mark in self.agents.at(agent) {
            match mark.what {
                AgentMark::Suspended => (suspended, hidden) = (true, true),
                AgentMark::ShadowBanned => hidden = true,
                AgentMark::Feed(number) => feed = Some(number),
            }
        }
        put(&mut self.suspended, agent, suspended);
        put(&mut self.hidden, agent, hidden);
        match feed {
            Some(number) => self.feeds.insert(agent, number),
            None => self.feeds.remove(&agent),
        };
    }

    /// Withdraws the notes that the intervention proposed, with their ratings, and gives their roots.
    fn withdraw_notes(&mut self, by: &str) -> Vec<PostId> {
        let (withdrawn, kept): (Vec<Note>, Vec<Note>) =
            std::mem::take(&mut self.notes).into_iter().partition(|note| *note.by == *by);
        self.notes = kept;
        if withdrawn.is_empty() {
            return Vec::new();
        }
        for note in &withdrawn {
            for rating in &note.ratings {
                self.rated.remove(&Pair::with_post(rating.agent, note.root));
            }
        }
        self.note_under = self.notes.iter().map(|note| note.root).zip(0..).collect();
        withdrawn.into_iter().map(|note| note.root).collect()
    }
}

impl PostMark {
    fn label(&self) -> Option<&Arc<str>> {
        match self {
            Self::Label(label) => Some(label),
            Self::Factor(_) | Self::Friction(_) => None,
        }
    }

    /// Whether its number is one that it may have.
    fn is_sound(&self) -> bool {
        match *self {
            Self::Factor(factor) => (0.0..=LARGEST_FACTOR).contains(&factor),
            Self::Friction(friction) => friction.is_finite(),
            Self::Label(_) => true,
        }
    }
}

impl Public {
    /// Puts a mark of the intervention `by` at `root`. False if that changes nothing: one by it stands there already, there
    /// is no such root any more, or the mark's number is out of its bounds.
    pub fn mark_post(&mut self, by: &Arc<str>, root: PostId, mark: PostMark) -> bool {
        self.is_live_root(root) && mark.is_sound() && self.moderation.mark_post(by, root, mark)
    }

    /// Takes the mark of the intervention `by` off `root`. False if none stands there.
    pub fn unmark_post(&mut self, by: &str, root: PostId) -> bool {
        let is_marked = self.moderation.is_marked_by(by, root);
        self.moderation.unmark_posts(by, &[root]);
        is_marked
    }

    /// Puts a mark of the intervention `by` at `agent`. False if that changes nothing: one by it stands there already, or
    /// there is no such agent.
    pub fn mark_agent(&mut self, by: &Arc<str>, agent: AgentId, mark: AgentMark) -> bool {
        let marked = agent.0 < self.agents() && self.moderation.agents.add(by, agent, mark);
        self.moderation.settle(agent);
        marked
    }

    /// Takes the mark of the intervention `by` off `agent`. False if none stands there.
    pub fn unmark_agent(&mut self, by: &str, agent: AgentId) -> bool {
        let unmarked = self.moderation.agents.remove(by, agent).is_some();
        self.moderation.settle(agent);
        unmarked
    }

    /// Takes back all that stands by the intervention `by`: its marks, and its notes with their ratings. The roots and the
    /// agents at which it stood, ascending. What was removed stays so.
    pub fn lift_all(&mut self, by: &str) -> (Vec<PostId>, Vec<AgentId>) {
        let moderation = &mut self.moderation;
        let (mut posts, agents) = (moderation.posts.all_by(by), moderation.agents.all_by(by));
        moderation.unmark_posts(by, &posts);
        for &agent in &agents {
            moderation.agents.remove(by, agent);
            moderation.settle(agent);
        }
        posts.extend(moderation.withdraw_notes(by));
        posts.sort_unstable();
        posts.dedup();
        (posts, agents)
    }

    /// The first account at which something stands by the intervention `by`, or the author of the first such post.
    pub fn first_hit_by(&self, by: &str) -> Option<AgentId> {
        let Moderation { agents, posts, notes, .. } = &self.moderation;
        let note = notes.iter().find(|note| *note.by == *by).map(|note| note.root);
        let post = posts.first_by(by).or(note);
        agents.first_by(by).or(post.map(|root| self.posts.author(root)))
    }

    /// Carries out what an intervention decided about `agent` or a post of its own.
    pub(crate) fn moderate(&mut self, agent: AgentId, ruling: &Ruling) -> Result<(), Refusal> {
        let by = &ruling.by;
        let changed = match ruling.effect {
            Effect::End => {
                self.lift_all(by);
                true
            }
            Effect::Weigh(root, factor) => self.mark_post(by, root, PostMark::Factor(factor)),
            Effect::Label(root, ref label) => self.mark_post(by, root, PostMark::Label(label.clone())),
            Effect::Slow(root, cost) => self.mark_post(by, root, PostMark::Friction(cost)),
            Effect::Remove(root) => self.remove_post(root),
            Effect::ProposeNote(root) => self.propose_note(by, root),
            Effect::ShowNote(root, _) => self.show_note(root, true),
            Effect::HideNote(root, _) => self.show_note(root, false),
            Effect::Suspend => self.mark_agent(by, agent, AgentMark::Suspended),
            Effect::ShadowBan => self.mark_agent(by, agent, AgentMark::ShadowBanned),
            Effect::Feed(feed) => self.mark_agent(by, agent, AgentMark::Feed(feed)),
            Effect::Prebunk | Effect::Correct => {
                self.moderation.messages.entry(agent).or_default().push(by.clone());
                true
            }
            Effect::Act => true,
        };
        if changed { Ok(()) } else { Err(Refusal::AlreadyDone) }
    }

    /// Deletes `root` with its reposts, whosever they are; quotes of it stay. False if there is no such root any more.
    pub fn remove_post(&mut self, root: PostId) -> bool {
        let is_there = self.is_live_root(root);
        if is_there {
            self.delete_row(root);
        }
        is_there
    }

    /// Puts a note under `root`, which is not shown before [`Self::show_note`] says so. False if one is there already, or
    /// there is no such root any more.
    pub fn propose_note(&mut self, by: &Arc<str>, root: PostId) -> bool {
        let is_new = self.is_live_root(root) && self.moderation.note(root).is_none();
        if is_new {
            let Moderation { notes, note_under, .. } = &mut self.moderation;
            note_under.insert(root, notes.len());
            notes.push(Note { root, by: by.clone(), ratings: Vec::new(), shown: false });
        }
        is_new
    }

    /// Shows readers the note under `root`, or no longer. False if that changes nothing.
    pub fn show_note(&mut self, root: PostId, shown: bool) -> bool {
        let Moderation { notes, note_under, .. } = &mut self.moderation;
        let note = note_under.get(&root).map(|&place| &mut notes[place]);
        note.is_some_and(|note| std::mem::replace(&mut note.shown, shown) != shown)
    }

    /// Whether the row is kept from `viewer`, because who made it or its root is hidden from it.
    pub fn keeps_row(&self, viewer: AgentId, row: PostId) -> bool {
        let keeps = |row| self.moderation.keeps(viewer, self.posts.author(row));
        self.moderation.hides_anybody() && (keeps(row) || keeps(self.posts.root(row)))
    }

    fn is_live_root(&self, root: PostId) -> bool {
        self.posts.contains(root) && self.posts.kind(root) != PostKind::Repost
    }
}

/// Marks at targets, at most one by each intervention at each.
#[derive(Debug)]
struct Marks<T, M> {
    /// By target, in the order of marking; nothing for targets without any.
    at: FxHashMap<T, Vec<Mark<M>>>,
    /// The targets that bear a mark, by the name of the intervention; nothing for one by which none stands.
    by: BTreeMap<Arc<str>, BTreeSet<T>>,
}

#[derive(Debug)]
struct Mark<M> {
    by: Arc<str>,
    what: M,
}

impl<T, M> Default for Marks<T, M> {
    fn default() -> Self {
        Self { at: FxHashMap::default(), by: BTreeMap::new() }
    }
}

impl<T: Copy + Ord + Hash, M> Marks<T, M> {
    fn at(&self, target: T) -> &[Mark<M>] {
        self.at.get(&target).map_or(&[], Vec::as_slice)
    }

    fn has(&self, by: &str, target: T) -> bool {
        self.by.get(by).is_some_and(|targets| targets.contains(&target))
    }

    /// False if the intervention has a mark there.
    fn add(&mut self, by: &Arc<str>, target: T, what: M) -> bool {
        let is_new = self.by.entry(by.clone()).or_default().insert(target);
        if is_new {
            self.at.entry(target).or_default().push(Mark { by: by.clone(), what });
        }
        is_new
    }

    fn remove(&mut self, by: &str, target: T) -> Option<M> {
        let targets = self.by.get_mut(by)?;
        if !targets.remove(&target) {
            return None;
        }
        if targets.is_empty() {
            self.by.remove(by);
        }
        let marks = self.at.get_mut(&target)?;
        let place = marks.iter().position(|mark| *mark.by == *by)?;
        let what = marks.remove(place).what;
        if marks.is_empty() {
            self.at.remove(&target);
        }
        Some(what)
    }

    /// The first target, by number, that bears a mark by the intervention.
    fn first_by(&self, by: &str) -> Option<T> {
        self.by.get(by)?.first().copied()
    }

    /// The targets that bear a mark by the intervention, ascending.
    fn all_by(&self, by: &str) -> Vec<T> {
        self.by.get(by).into_iter().flatten().copied().collect()
    }
}

/// Puts the agent into the set or takes it out.
fn put(set: &mut FxHashSet<AgentId>, agent: AgentId, belongs: bool) {
    match belongs {
        true => set.insert(agent),
        false => set.remove(&agent),
    };
}
