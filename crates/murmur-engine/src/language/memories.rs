//! What agents with a model remember: private state, changed by what they read and did.

use std::borrow::Cow;

use murmur_agents::{Deed, DeedKind, Memory, MemorySummary, Recall};
use murmur_core::{Action, ActionKind, AgentId, Event, Outcome, PostId, Step};
use murmur_prompt::{ReplyFault, clip, flat, tokens};
use murmur_recsys::dot;

use super::calls::{Call, Calls};
use super::plain_request;
use super::turn::{CallPurpose, CallRecord, Turn, Verdict};
use crate::apply::Exposure;
use crate::{EngineError, World};

/// The memories of all agents, in their order; of agents without a model there are none.
#[derive(Debug, Default)]
pub struct Memories {
    list: Vec<Option<Box<Memory>>>,
}

/// What an agent's older memories are summed up to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct NewSummary {
    pub(crate) agent: AgentId,
    pub(crate) text: String,
}

impl Memories {
    /// What `agent` remembers, if anything.
    pub(crate) fn of(&self, agent: AgentId) -> Option<&Memory> {
        self.list.get(agent.index())?.as_deref()
    }

    fn of_mut(&mut self, agent: AgentId) -> &mut Memory {
        if self.list.len() <= agent.index() {
            self.list.resize_with(agent.index() + 1, || None);
        }
        self.list[agent.index()].get_or_insert_default()
    }

    /// All memories with whose they are, ascending.
    pub(crate) fn all(&self) -> impl Iterator<Item = (AgentId, &Memory)> {
        (0..).map(AgentId).zip(&self.list).filter_map(|(agent, memory)| Some((agent, memory.as_deref()?)))
    }

    /// Puts these memories in the place of what was there.
    pub(crate) fn set_all(&mut self, memories: Vec<(AgentId, Memory)>) {
        self.list.clear();
        for (agent, memory) in memories {
            *self.of_mut(agent) = memory;
        }
    }
}

/// Words of a post that a memory of it shows, in tokens.
const EXCERPT_TOKENS: u32 = 16;

/// What `agent` remembers at `now`, in words, as it looks at what `about` is the vector of.
pub(crate) fn recall(world: &World, now: Step, agent: AgentId, about: &[f32]) -> String {
    let Some(memory) = world.memories.of(agent) else { return String::new() };
    with_recall(world, now, about, |recall| memory.render(&world.config.memory, recall))
}

fn with_recall<T>(world: &World, now: Step, about: &[f32], tell_all: impl FnOnce(&Recall<'_>) -> T) -> T {
    let posts = world.public.posts();
    let length = libm::sqrtf(dot(about, about)).max(f32::MIN_POSITIVE);
    let relevance = |deed: &Deed| {
        let vector = deed.post.map(|row| posts.vector(posts.root(row))).filter(|vector| !vector.is_empty());
        vector.map_or(0.0, |vector| dot(vector, about) / length)
    };
    tell_all(&Recall {
        now,
        tell: &|deed| tell(world, deed),
        relevance: &relevance,
        name: &|agent| {
            world.public.accounts().profile(agent).map(|profile| format!("@{}", profile.user_name))
        },
        tokens: &tokens,
    })
}

/// A deed in words.
fn tell(world: &World, deed: &Deed) -> Option<String> {
    let posts = world.public.posts();
    let name = |agent: AgentId| {
        let profile = world.public.accounts().profile(agent);
        profile.map_or_else(|| format!("user{agent}"), |profile| profile.user_name.to_string())
    };
    let post = deed.post.map(|row| posts.root(row));
    let excerpt = |root: PostId| {
        let words = world.public.render(posts.text(root));
        clip(&flat(&words), EXCERPT_TOKENS).into_owned()
    };
    let about_post =
        |did: &str| post.map(|root| format!("{did} @{}: \"{}\"", name(posts.author(root)), excerpt(root)));
    let about_other = |did: &str| deed.other.map(|other| format!("{did} @{}", name(other)));
    let own = |did: &str| {
        let words = deed.words.as_deref().map(Cow::Borrowed);
        words.map(|words| format!("{did} \"{}\"", clip(&flat(&words), EXCERPT_TOKENS)))
    };
    match deed.kind {
        DeedKind::Read => about_post("read"),
        DeedKind::Did(kind) => match kind {
            ActionKind::CreatePost => post.map(|root| format!("posted \"{}\"", excerpt(root))),
            ActionKind::QuotePost => post.map(|root| format!("quoted a post, saying \"{}\"", excerpt(root))),
            ActionKind::Repost => about_post("reposted"),
            ActionKind::CreateComment => own("commented"),
            ActionKind::LikePost | ActionKind::LikeComment => about_post("liked"),
            ActionKind::DislikePost | ActionKind::DislikeComment => about_post("disliked"),
            ActionKind::ReportPost => about_post("reported"),
            ActionKind::Follow => about_other("followed"),
            ActionKind::Unfollow => about_other("unfollowed"),
            ActionKind::Mute => about_other("muted"),
            ActionKind::Unmute => about_other("unmuted"),
            ActionKind::Block => about_other("blocked"),
            ActionKind::Unblock => about_other("unblocked"),
            ActionKind::SearchPosts | ActionKind::SearchUser => own("searched for"),
            ActionKind::SendToGroup => own("wrote to a group"),
            ActionKind::CreateGroup => own("opened a group called"),
            ActionKind::PurchaseProduct => own("bought"),
            ActionKind::DoNothing | ActionKind::Refresh | ActionKind::Trend | ActionKind::ListenFromGroup => {
                None
            }
            other => Some(other.name().replace('_', " ")),
        },
    }
}

/// The agents with a model remember what they read and did in a step.
pub(crate) fn remember(
    world: &mut World,
    now: Step,
    exposures: &[Exposure],
    events: &[Event],
    summaries: &[NewSummary],
) {
    if world.minds.is_empty() {
        return;
    }
    let World { memories, minds, config, public, .. } = world;
    for NewSummary { agent, text } in summaries {
        memories.of_mut(*agent).set_summary(&config.memory, text, &tokens);
    }
    let posts = public.posts();
    for exposure in exposures.iter().filter(|exposure| minds.of(exposure.agent).is_some()) {
        let deed = Deed {
            step: now,
            kind: DeedKind::Read,
            post: Some(posts.root(exposure.post)),
            other: None,
            words: None,
            succeeded: true,
        };
        memories.of_mut(exposure.agent).record(&config.memory, deed);
    }
    for event in events.iter().filter(|event| minds.of(event.agent).is_some()) {
        let kind = event.action.kind();
        if kind == ActionKind::DoNothing {
            continue;
        }
        memories.of_mut(event.agent).record(&config.memory, deed_of(now, event, public));
    }
}

fn deed_of(now: Step, event: &Event, public: &murmur_store::Public) -> Deed {
    let made = match &event.outcome {
        Outcome::Posted(row) => Some(*row),
        _ => None,
    };
    let of_comment = event.action.comment().filter(|comment| comment.index() < public.comments().len());
    let commented = of_comment.map(|comment| public.comments().post(comment));
    let words = match &event.action {
        Action::CreateComment(_, draft) => Some(public.render(&draft.text).into_owned().into()),
        other => other.words().filter(|words| !words.is_empty()).map(Into::into),
    };
    Deed {
        step: now,
        kind: DeedKind::Did(event.action.kind()),
        post: made.or(event.action.post()).or(commented),
        other: event.action.target(),
        words,
        succeeded: event.outcome.succeeded(),
    }
}

/// Longest summary that a model is asked for, in tokens.
const SUMMARY_TOKENS: u32 = 120;

const SUMMARY_INSTRUCTIONS: &str = "You sum up what a user of a social platform has read and done. Answer with two or \
     three short sentences in the second person (\"You …\") and nothing else.";

/// Has the models sum up the memories of those agents whose turn it was and whose memories are due for it.
///
/// # Errors
/// See [`Calls::ask`].
pub(crate) fn sum_up(
    world: &World,
    calls: &mut Calls,
    now: Step,
    turns: &mut [Turn],
) -> Result<Vec<NewSummary>, EngineError> {
    if world.config.memory.summary != MemorySummary::Model {
        return Ok(Vec::new());
    }
    let due = |turn: &Turn| {
        world.memories.of(turn.agent).is_some_and(|memory| memory.due_for_summary(&world.config.memory))
    };
    let mut due: Vec<&mut Turn> = turns.iter_mut().filter(|turn| due(turn)).collect();
    let wanted: Vec<Call> = due.iter().map(|turn| turn.call()).collect();
    let seeds = calls.seeds();
    let render = |index: usize| {
        let turn = &due[index];
        let memory = world.memories.of(turn.agent).expect("it is due");
        let question =
            with_recall(world, now, &[], |recall| memory.summary_request(&world.config.memory, recall));
        let seed = seeds.of(now, &turn.call());
        let request = plain_request(SUMMARY_INSTRUCTIONS, &question, seed, SUMMARY_TOKENS);
        Ok(world.minds.mind(turn.model).server.prepare(&request))
    };
    let answered = calls.ask(now, &wanted, &render)?;
    let mut summaries = Vec::new();
    for ((turn, call), answered) in due.iter_mut().zip(&wanted).zip(answered) {
        let verdict = match &answered.outcome {
            Ok(reply) if !reply.text.trim().is_empty() => {
                summaries.push(NewSummary { agent: turn.agent, text: reply.text.trim().to_owned() });
                Verdict::Accepted
            }
            Ok(_) => Verdict::of_fault(&ReplyFault::Empty),
            Err(failure) => Verdict::of_failure(failure),
        };
        // A summary that failed puts the next one off.
        if verdict != Verdict::Accepted {
            summaries.push(NewSummary { agent: turn.agent, text: String::new() });
        }
        turn.records.push(CallRecord::new(call, CallPurpose::Summarize, &answered, verdict));
        turn.next_call += 1;
    }
    Ok(summaries)
}
