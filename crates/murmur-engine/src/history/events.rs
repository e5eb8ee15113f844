//! The `events` table: every action with what it is about, and what came of it.
//!
//! A column for each field, holding only the rows whose action has it. Ids that an action made are kept as their
//! distance from the next id of that kind, which is 0 for almost all.

use std::sync::Arc;

use murmur_core::{
    Action, ActionKind, AgentId, CommentId, Draft, Effect, Event, Found, GroupId, Outcome, Phrase, PostId,
    ProductId, Profile, ProfileEdit, Refusal, Ruling, Slant, Stance, Text, TopicId,
};
use murmur_journal::Shard;
use murmur_journal::columns::{ColumnReader, ColumnWriter};

use super::{EVENTS, Encoded, Malformed};

/// An event as the journal keeps it: what was found or sent to whom is not kept, since carrying the action out again
/// gives it. A feed that an agent asked for is: it depends on what the agent read and believed. Drafts have no vectors,
/// which the same texts give again.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RecordedEvent {
    pub(crate) agent: AgentId,
    pub(crate) action: Action,
    pub(crate) outcome: RecordedOutcome,
    /// The feed that a refresh showed.
    pub(crate) served: Vec<PostId>,
}

/// What came of an action, without what it found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RecordedOutcome {
    /// 0 done, 1 a post made, 2 a comment, 3 a row of another table, 4 a group, 5 a message, 6 something found; from 7
    /// on the reasons of refusal.
    pub(crate) code: u8,
    /// The id of the row that was made or taken away.
    pub(crate) id: Option<u32>,
}

const DONE: u8 = 0;
const FOUND: u8 = 6;
const FIRST_REFUSAL: u8 = 7;

impl RecordedOutcome {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let (code, id) = match outcome {
            Outcome::Done => (DONE, None),
            Outcome::Posted(post) => (1, Some(post.get())),
            Outcome::Commented(comment) => (2, Some(comment.get())),
            Outcome::Recorded(row) => (3, Some(row.get())),
            Outcome::Grouped(group) => (4, Some(group.get())),
            Outcome::Sent(sent) => (5, Some(sent.message.get())),
            Outcome::Found(_) => (FOUND, None),
            Outcome::Refused(refusal) => (FIRST_REFUSAL + *refusal as u8, None),
        };
        Self { code, id }
    }

    /// The post that was made, if one was.
    pub(crate) fn post(self) -> Option<u32> {
        self.id.filter(|_| self.code == 1)
    }

    /// The comment that was made, if one was.
    pub(crate) fn comment(self) -> Option<u32> {
        self.id.filter(|_| self.code == 2)
    }

    /// The row of a table of its own kind (likes, follows, groups, messages, …) that was made or taken away, if one was.
    pub(crate) fn record(self) -> Option<u32> {
        self.id.filter(|_| self.code >= 3)
    }

    /// Why it was refused, if it was.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        self.code.checked_sub(FIRST_REFUSAL).map(|place| Refusal::ALL[usize::from(place)])
    }

    fn has_id(code: u8) -> bool {
        (1..=5).contains(&code)
    }
}

/// The fields of all rows, each a column.
#[derive(Default)]
struct Fields<'a> {
    agents: Vec<u32>,
    kinds: Vec<u8>,
    codes: Vec<u8>,
    /// Zigzag distances from the next id of the action's kind.
    ids: Vec<u64>,
    /// Posts, comments, agents, groups, products and amounts that actions are about.
    operands: Vec<u32>,
    words: Vec<&'a str>,
    /// Which of the three parts a profile's change holds, one bit each.
    edits: Vec<u8>,
    /// Of drafts: topic + 1, or 0 without one.
    topics: Vec<u32>,
    stances: Vec<f32>,
    /// Of drafts: 0 for words of one's own, else 1.
    phrased: Vec<u8>,
    /// Of phrases: topic, slant, template and picks.
    phrase_topics: Vec<u32>,
    slants: Vec<u8>,
    picks: [Vec<u8>; 5],
    /// Of refreshes that showed something: how many rows, and which.
    served_lengths: Vec<u32>,
    served: Vec<u32>,
    /// Of ratings of notes: 1 for a helpful one.
    helpful: Vec<u8>,
    /// Of rulings: the effects' codes, and their numbers where they have one.
    effects: Vec<u8>,
    values: Vec<f32>,
}

pub(super) fn encode(events: &[Event]) -> Encoded {
    let mut fields = Fields::default();
    let mut next = NextIds::default();
    for event in events {
        fields.add(event, &mut next);
    }
    let mut columns = ColumnWriter::new();
    columns.u32s(&fields.agents);
    columns.u8s(&fields.kinds);
    columns.u8s(&fields.codes);
    // Columns of some rows say how many these are.
    let counted = |columns: &mut ColumnWriter, rows: usize| columns.u32s(&[rows as u32]);
    counted(&mut columns, fields.operands.len());
    columns.u64s(&fields.ids);
    columns.u32s(&fields.operands);
    counted(&mut columns, fields.words.len());
    columns.texts(fields.words.iter().copied());
    columns.u8s(&fields.edits);
    columns.u32s(&fields.topics);
    columns.f32s(&fields.stances);
    columns.u8s(&fields.phrased);
    columns.u32s(&fields.phrase_topics);
    columns.u8s(&fields.slants);
    for picks in &fields.picks {
        columns.u8s(picks);
    }
    columns.u32s(&fields.served_lengths);
    columns.u32s(&fields.served);
    columns.u8s(&fields.helpful);
    columns.u8s(&fields.effects);
    counted(&mut columns, fields.values.len());
    columns.f32s(&fields.values);
    Encoded {
        table: EVENTS,
        shard: Shard::Public,
        rows: events.len() as u32,
        payload: columns.bytes().to_vec(),
    }
}

/// The id that each kind of action would make next, as far as the batch tells.
struct NextIds([u32; ActionKind::ALL.len()]);

impl Default for NextIds {
    fn default() -> Self {
        Self([0; ActionKind::ALL.len()])
    }
}

impl NextIds {
    /// The counter of a kind. Kinds that make rows of one table share it.
    fn of(&mut self, kind: ActionKind) -> &mut u32 {
        let table = match kind {
            ActionKind::Repost | ActionKind::QuotePost => ActionKind::CreatePost,
            kind => kind,
        };
        &mut self.0[table as usize]
    }
}

impl<'a> Fields<'a> {
    fn add(&mut self, event: &'a Event, next: &mut NextIds) {
        let kind = event.action.kind();
        let outcome = RecordedOutcome::of(&event.outcome);
        self.agents.push(event.agent.0);
        self.kinds.push(kind as u8);
        self.codes.push(outcome.code);
        if let Some(id) = outcome.id {
            let next = next.of(kind);
            let distance = i64::from(id) - i64::from(*next);
            self.ids.push(((distance << 1) ^ (distance >> 63)) as u64);
            *next = id.wrapping_add(1);
        }
        self.add_action(&event.action);
        if let Some(served) = served(event) {
            self.served_lengths.push(served.len() as u32);
            self.served.extend(served.iter().map(|post| post.get()));
        }
    }

    fn add_action(&mut self, action: &'a Action) {
        let operand = action
            .post()
            .map(PostId::get)
            .or(action.comment().map(CommentId::get))
            .or(action.target().map(|agent| agent.0))
            .or(action.group().map(GroupId::get));
        self.operands.extend(operand);
        self.words.extend(action.words());
        if let Some(draft) = action.draft() {
            self.add_draft(draft);
        }
        match action {
            Action::PurchaseProduct(_, number) => self.operands.push(*number),
            Action::SignUpProduct(product, _) => self.operands.push(product.0),
            Action::SignUp(profile) => self.words.extend([&*profile.user_name, &profile.name, &profile.bio]),
            Action::EditProfile(edit) => {
                let parts = [&edit.user_name, &edit.name, &edit.bio];
                self.edits
                    .push(parts.iter().rev().fold(0, |mask, part| mask << 1 | u8::from(part.is_some())));
                self.words.extend(parts.into_iter().flatten().map(|part| &**part));
            }
            Action::RateNote(_, is_helpful) => self.helpful.push((*is_helpful).into()),
            Action::Moderate(ruling) => self.add_ruling(ruling),
            _ => {}
        }
    }

    fn add_ruling(&mut self, ruling: &'a Ruling) {
        self.effects.push(ruling.effect.code());
        self.values.extend(ruling.effect.value());
        self.words.extend([&*ruling.by, &ruling.reason]);
        match &ruling.effect {
            Effect::Label(_, label) => self.words.push(label),
            Effect::Feed(feed) => self.operands.push((*feed).into()),
            _ => {}
        }
    }

    fn add_draft(&mut self, draft: &'a Draft) {
        self.topics.push(draft.topic.map_or(0, |topic| u32::from(topic.0) + 1));
        self.stances.push(draft.stance.get());
        match &draft.text {
            Text::Own(words) => {
                self.phrased.push(0);
                self.words.push(words);
            }
            Text::Phrase(phrase) => {
                self.phrased.push(1);
                self.phrase_topics.push(u32::from(phrase.topic.0));
                self.slants.push(phrase.slant as u8);
                self.picks[0].push(phrase.template);
                for (column, pick) in self.picks[1..].iter_mut().zip(phrase.picks) {
                    column.push(pick);
                }
            }
        }
    }
}

/// The feed that a refresh showed.
fn served(event: &Event) -> Option<&[PostId]> {
    match (&event.action, &event.outcome) {
        (Action::Refresh, Outcome::Found(found)) => match &**found {
            Found::Posts(posts) => Some(posts),
            Found::Users(_) | Found::Groups(_) => None,
        },
        _ => None,
    }
}

/// Columns being taken apart again, a value at a time.
struct Taken<'a> {
    /// Topics that the run has.
    topics_known: usize,
    ids: std::vec::IntoIter<u64>,
    operands: std::vec::IntoIter<u32>,
    words: std::vec::IntoIter<&'a str>,
    edits: std::vec::IntoIter<u8>,
    topics: std::vec::IntoIter<u32>,
    stances: std::vec::IntoIter<f32>,
    phrased: std::vec::IntoIter<u8>,
    phrase_topics: std::vec::IntoIter<u32>,
    slants: std::vec::IntoIter<u8>,
    picks: [std::vec::IntoIter<u8>; 5],
    served_lengths: std::vec::IntoIter<u32>,
    served: std::vec::IntoIter<u32>,
    helpful: std::vec::IntoIter<u8>,
    effects: std::vec::IntoIter<u8>,
    values: std::vec::IntoIter<f32>,
}

pub(super) fn decode(
    rows: usize,
    payload: &[u8],
    topics_known: usize,
) -> Result<Vec<RecordedEvent>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let agents = columns.u32s(rows)?;
    let kinds = columns.u8s(rows, ActionKind::ALL.len() as u8 - 1)?;
    let codes = columns.u8s(rows, FIRST_REFUSAL + Refusal::ALL.len() as u8 - 1)?;
    let operands = columns.u32s(1)?[0] as usize;
    let kinds: Vec<ActionKind> = kinds.into_iter().map(|kind| ActionKind::ALL[usize::from(kind)]).collect();
    let count = |which: fn(ActionKind) -> bool| kinds.iter().filter(|&&kind| which(kind)).count();
    let drafts = count(|kind| {
        matches!(kind, ActionKind::CreatePost | ActionKind::QuotePost | ActionKind::CreateComment)
    });
    let with_id = codes.iter().filter(|&&code| RecordedOutcome::has_id(code)).count();
    let ids = columns.u64s(with_id)?;
    let operands = columns.u32s(operands)?;
    let words = columns.u32s(1)?[0] as usize;
    let words = columns.texts(words)?;
    let edits = columns.u8s(count(|kind| kind == ActionKind::EditProfile), 7)?;
    let topics = columns.u32s(drafts)?;
    let stances = columns.f32s(drafts)?;
    let phrased = columns.u8s(drafts, 1)?;
    let phrases = phrased.iter().filter(|&&phrased| phrased == 1).count();
    let phrase_topics = columns.u32s(phrases)?;
    let slants = columns.u8s(phrases, Slant::ALL.len() as u8 - 1)?;
    let mut picks: [Vec<u8>; 5] = Default::default();
    for picks in &mut picks {
        *picks = columns.u8s(phrases, u8::MAX)?;
    }
    let shows = |(kind, code): &(&ActionKind, &u8)| **kind == ActionKind::Refresh && **code == FOUND;
    let served_lengths = columns.u32s(kinds.iter().zip(&codes).filter(shows).count())?;
    let served = served_lengths.iter().try_fold(0usize, |sum, &length| sum.checked_add(length as usize));
    let served = columns.u32s(served.ok_or("feeds beyond all bounds")?)?;
    let helpful = columns.u8s(count(|kind| kind == ActionKind::RateNote), 1)?;
    let effects = columns.u8s(count(|kind| kind == ActionKind::Moderate), Effect::NAMES.len() as u8 - 1)?;
    let values = columns.u32s(1)?[0] as usize;
    let values = columns.f32s(values)?;
    columns.finish()?;
    let mut taken = Taken {
        topics_known,
        ids: ids.into_iter(),
        operands: operands.into_iter(),
        words: words.into_iter(),
        edits: edits.into_iter(),
        topics: topics.into_iter(),
        stances: stances.into_iter(),
        phrased: phrased.into_iter(),
        phrase_topics: phrase_topics.into_iter(),
        slants: slants.into_iter(),
        picks: picks.map(Vec::into_iter),
        served_lengths: served_lengths.into_iter(),
        served: served.into_iter(),
        helpful: helpful.into_iter(),
        effects: effects.into_iter(),
        values: values.into_iter(),
    };
    let mut next = NextIds::default();
    let events = agents.into_iter().zip(kinds).zip(codes).map(|((agent, kind), code)| {
        let outcome = RecordedOutcome { code, id: taken.id(kind, code, &mut next)? };
        let action = taken.action(kind)?;
        let shows = kind == ActionKind::Refresh && code == FOUND;
        let served = if shows { taken.served()? } else { Vec::new() };
        Ok(RecordedEvent { agent: AgentId(agent), action, outcome, served })
    });
    events.collect()
}

impl Taken<'_> {
    fn id(&mut self, kind: ActionKind, code: u8, next: &mut NextIds) -> Result<Option<u32>, Malformed> {
        if !RecordedOutcome::has_id(code) {
            return Ok(None);
        }
        let zigzag = self.ids.next().ok_or("too few ids")?;
        let distance = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let next = next.of(kind);
        let id = i64::from(*next).checked_add(distance).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or("an id beyond 32 bits")?;
        *next = id.wrapping_add(1);
        Ok(Some(id))
    }

    fn operand(&mut self) -> Result<u32, Malformed> {
        self.operands.next().ok_or_else(|| "too few operands".into())
    }

    fn post(&mut self) -> Result<PostId, Malformed> {
        PostId::new(self.operand()?).ok_or_else(|| "a post of id 0".into())
    }

    fn comment(&mut self) -> Result<CommentId, Malformed> {
        CommentId::new(self.operand()?).ok_or_else(|| "a comment of id 0".into())
    }

    fn group(&mut self) -> Result<GroupId, Malformed> {
        GroupId::new(self.operand()?).ok_or_else(|| "a group of id 0".into())
    }

    fn agent(&mut self) -> Result<AgentId, Malformed> {
        self.operand().map(AgentId)
    }

    fn words<T: for<'t> From<&'t str>>(&mut self) -> Result<T, Malformed> {
        self.words.next().map(T::from).ok_or_else(|| "too few words".into())
    }

    fn served(&mut self) -> Result<Vec<PostId>, Malformed> {
        let length = self.served_lengths.next().ok_or("too few feeds")? as usize;
        let posts = self.served.by_ref().take(length);
        posts.map(|post| PostId::new(post).ok_or_else(|| "a post of id 0".into())).collect()
    }

    fn action(&mut self, kind: ActionKind) -> Result<Action, Malformed> {
        Ok(match kind {
            ActionKind::CreatePost => Action::CreatePost(self.draft()?),
            ActionKind::Repost => Action::Repost(self.post()?),
            ActionKind::QuotePost => Action::QuotePost(self.post()?, self.draft()?),
            ActionKind::DeletePost => Action::DeletePost(self.post()?),
            ActionKind::CreateComment => Action::CreateComment(self.post()?, self.draft()?),
            ActionKind::LikePost => Action::LikePost(self.post()?),
            ActionKind::UnlikePost => Action::UnlikePost(self.post()?),
            ActionKind::DislikePost => Action::DislikePost(self.post()?),
            ActionKind::UndoDislikePost => Action::UndoDislikePost(self.post()?),
            ActionKind::LikeComment => Action::LikeComment(self.comment()?),
            ActionKind::UnlikeComment => Action::UnlikeComment(self.comment()?),
            ActionKind::DislikeComment => Action::DislikeComment(self.comment()?),
            ActionKind::UndoDislikeComment => Action::UndoDislikeComment(self.comment()?),
            ActionKind::ReportPost => Action::ReportPost(self.post()?, self.words()?),
            ActionKind::Follow => Action::Follow(self.agent()?),
            ActionKind::Unfollow => Action::Unfollow(self.agent()?),
            ActionKind::Mute => Action::Mute(self.agent()?),
            ActionKind::Unmute => Action::Unmute(self.agent()?),
            ActionKind::Block => Action::Block(self.agent()?),
            ActionKind::Unblock => Action::Unblock(self.agent()?),
            ActionKind::SearchPosts => Action::SearchPosts(self.words()?),
            ActionKind::SearchUser => Action::SearchUser(self.words()?),
            ActionKind::Trend => Action::Trend,
            ActionKind::Refresh => Action::Refresh,
            ActionKind::DoNothing => Action::DoNothing,
            ActionKind::PurchaseProduct => Action::PurchaseProduct(self.words()?, self.operand()?),
            ActionKind::CreateGroup => Action::CreateGroup(self.words()?),
            ActionKind::JoinGroup => Action::JoinGroup(self.group()?),
            ActionKind::LeaveGroup => Action::LeaveGroup(self.group()?),
            ActionKind::SendToGroup => Action::SendToGroup(self.group()?, self.words()?),
            ActionKind::ListenFromGroup => Action::ListenFromGroup,
            ActionKind::EditProfile => Action::EditProfile(self.edit()?),
            ActionKind::Interview => Action::Interview(self.words()?),
            ActionKind::SignUp => {
                Action::SignUp(Profile { user_name: self.words()?, name: self.words()?, bio: self.words()? })
            }
            ActionKind::SignUpProduct => Action::SignUpProduct(ProductId(self.operand()?), self.words()?),
            ActionKind::RateNote => {
                let is_helpful = self.helpful.next().ok_or("too few ratings")? == 1;
                Action::RateNote(self.post()?, is_helpful)
            }
            ActionKind::Moderate => Action::Moderate(Box::new(self.ruling()?)),
        })
    }

    fn ruling(&mut self) -> Result<Ruling, Malformed> {
        let code = self.effects.next().ok_or("too few rulings")?;
        let value = |taken: &mut Self| taken.values.next().ok_or("too few values");
        let (by, reason) = (self.words()?, self.words()?);
        let effect = match code {
            0 => Effect::End,
            1 => Effect::Weigh(self.post()?, value(self)?),
            2 => Effect::Label(self.post()?, self.words()?),
            3 => Effect::Slow(self.post()?, value(self)?),
            4 => Effect::Remove(self.post()?),
            5 => Effect::ProposeNote(self.post()?),
            6 => Effect::ShowNote(self.post()?, value(self)?),
            7 => Effect::HideNote(self.post()?, value(self)?),
            8 => Effect::Suspend,
            9 => Effect::ShadowBan,
            10 => Effect::Feed(u16::try_from(self.operand()?).map_err(|_| "a feed beyond all bounds")?),
            11 => Effect::Prebunk,
            12 => Effect::Correct,
            13 => Effect::Act,
            _ => return Err("an effect that this version does not know".into()),
        };
        Ok(Ruling { by, effect, reason })
    }

    fn edit(&mut self) -> Result<ProfileEdit, Malformed> {
        let mask = self.edits.next().ok_or("too few changes of profiles")?;
        let mut part = |bit: u8| -> Result<Option<Arc<str>>, Malformed> {
            if mask >> bit & 1 == 1 { self.words().map(Some) } else { Ok(None) }
        };
        Ok(ProfileEdit { user_name: part(0)?, name: part(1)?, bio: part(2)? })
    }

    fn draft(&mut self) -> Result<Draft, Malformed> {
        let (Some(topic), Some(stance)) = (self.topics.next(), self.stances.next()) else {
            return Err("too few drafts".into());
        };
        let topic = topic.checked_sub(1).map(|topic| self.topic(topic)).transpose()?;
        let text = match self.phrased.next() {
            Some(1) => Text::Phrase(self.phrase()?),
            _ => Text::Own(self.words()?),
        };
        Ok(Draft { text, topic, stance: Stance::clamped(stance), vector: Box::default() })
    }

    fn phrase(&mut self) -> Result<Phrase, Malformed> {
        let mut byte = |column: usize| self.picks[column].next().unwrap_or_default();
        let (template, picks) = (byte(0), [byte(1), byte(2), byte(3), byte(4)]);
        let (Some(topic), Some(slant)) = (self.phrase_topics.next(), self.slants.next()) else {
            return Err("too few phrases".into());
        };
        Ok(Phrase { topic: self.topic(topic)?, slant: Slant::ALL[usize::from(slant)], template, picks })
    }

    fn topic(&self, topic: u32) -> Result<TopicId, Malformed> {
        let known = u16::try_from(topic).ok().filter(|&topic| usize::from(topic) < self.topics_known);
        known.map(TopicId).ok_or_else(|| "a topic that the run does not have".into())
    }
}
