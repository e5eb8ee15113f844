//! What a step leaves, as plain facts: who was active and read what, which opinions moved, what was asked of language
//! models and what became of it. Phases hand them on, and the journal keeps them.

use murmur_agents::Decision;
use murmur_core::{AgentId, PostId, Stance};
use murmur_llm::{CallFailure, RequestHash};
use murmur_prompt::ReplyFault;
use murmur_prompt::survey::Answer;
use murmur_recsys::Source;

/// What a step's decisions are, and what was asked on the way.
pub(crate) struct Decided {
    /// Those of the active agents, in their order.
    pub(crate) decisions: Vec<Decision>,
    /// Calls to language models, by agent and number.
    pub(crate) calls: Vec<CallRecord>,
    /// What agents' memories are summed up to.
    pub(crate) summaries: Vec<NewSummary>,
    /// Answers to surveys.
    pub(crate) answers: Vec<AnswerRecord>,
}

/// An agent was active.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turn {
    /// Who.
    pub(crate) agent: AgentId,
    /// How many rows of its feed it read.
    pub(crate) read: u32,
}

/// An agent read a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exposure {
    /// Who read.
    pub(crate) agent: AgentId,
    /// The row.
    pub(crate) post: PostId,
    /// Its place in the feed, from 0.
    pub(crate) rank: u32,
    /// How it came to it.
    pub(crate) source: ReadFrom,
}

/// How an agent came to a row that it read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadFrom {
    /// It was in its feed, for this reason.
    Feed(Source),
    /// It looked for it.
    Looking,
}

impl ReadFrom {
    /// The greatest code.
    pub(crate) const LAST_CODE: u8 = Source::ALL.len() as u8;

    /// Its number in the journal and in tables: a source's own, or the next.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Feed(source) => source as u8,
            Self::Looking => Self::LAST_CODE,
        }
    }

    /// What has this code, which is at most [`Self::LAST_CODE`].
    pub(crate) fn from_code(code: u8) -> Self {
        Source::ALL.get(usize::from(code)).map_or(Self::Looking, |&source| Self::Feed(source))
    }

    /// The names in tables, by code.
    pub(crate) fn names() -> Vec<&'static str> {
        Source::ALL.into_iter().map(Source::name).chain(["looking"]).collect()
    }
}

/// An agent's opinions after a step in which some of them moved.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ChangedOpinions {
    /// Whose.
    pub(crate) agent: AgentId,
    /// All of them, by topic.
    pub(crate) opinions: Vec<Stance>,
    /// The topics on which they moved, one bit each.
    pub(crate) mask: u64,
}

impl ChangedOpinions {
    /// The topics on which opinions moved, one bit each.
    pub(crate) fn mask(&self) -> u64 {
        self.mask
    }

    /// The opinions that moved, each with its topic's place, ascending.
    pub(crate) fn moved(&self) -> impl Iterator<Item = (usize, Stance)> + '_ {
        let moved = |(topic, _): &(usize, Stance)| self.mask >> topic & 1 == 1;
        self.opinions.iter().copied().enumerate().filter(moved)
    }
}

/// What a call was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum CallPurpose {
    /// To act.
    Act,
    /// To act after having looked around.
    ActAfterLook,
    /// To act, after a reply that made no sense.
    Repair,
    /// To say where a text stands.
    Rate,
    /// To sum up what the agent remembers.
    Summarize,
    /// To answer a survey.
    Survey,
}

impl CallPurpose {
    /// Every purpose, in table order.
    pub(crate) const ALL: [Self; 6] =
        [Self::Act, Self::ActAfterLook, Self::Repair, Self::Rate, Self::Summarize, Self::Survey];
    /// Their names in tables.
    pub(crate) const NAMES: [&str; 6] = ["act", "act after look", "repair", "rate", "summarize", "survey"];

    /// Whether it decides what the agent does.
    pub(crate) fn is_of_a_turn(self) -> bool {
        matches!(self, Self::Act | Self::ActAfterLook | Self::Repair)
    }
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The reply was taken.
    Accepted,
    /// The reply made no sense: a place in [`ReplyFault::NAMES`].
    Faulty(u8),
    /// There was no reply: a place in [`CallFailure::NAMES`].
    Failed(u8),
}

impl Verdict {
    /// How many there are.
    pub(crate) const COUNT: usize = 1 + ReplyFault::KINDS + CallFailure::KINDS;

    /// Its place in [`Self::names`].
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Faulty(kind) => 1 + kind,
            Self::Failed(kind) => 1 + ReplyFault::KINDS as u8 + kind,
        }
    }

    /// The names of all verdicts, by code.
    pub(crate) fn names() -> Vec<&'static str> {
        let faults = ReplyFault::NAMES.into_iter().chain(CallFailure::NAMES);
        std::iter::once("accepted").chain(faults).collect()
    }

    /// What has this code, which is that of a verdict.
    pub(crate) fn from_code(code: u8) -> Self {
        let faults = ReplyFault::KINDS as u8;
        match code.checked_sub(1) {
            None => Self::Accepted,
            Some(kind) if kind < faults => Self::Faulty(kind),
            Some(kind) => Self::Failed(kind - faults),
        }
    }

    pub(crate) fn of_failure(failure: &CallFailure) -> Self {
        Self::Failed(failure.kind() as u8)
    }

    pub(crate) fn of_fault(fault: &ReplyFault) -> Self {
        Self::Faulty(fault.kind())
    }
}

/// A call as the journal keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CallRecord {
    pub(crate) agent: AgentId,
    pub(crate) number: u16,
    /// The model's place in the configuration.
    pub(crate) model: u8,
    pub(crate) purpose: CallPurpose,
    pub(crate) hash: RequestHash,
    pub(crate) verdict: u8,
    /// Tokens of the request, as the server counted.
    pub(crate) input: u32,
    /// Tokens of the reply.
    pub(crate) output: u32,
}

impl CallRecord {
    /// What became of it.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::from_code(self.verdict)
    }
}

/// What an agent answered.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct AnswerRecord {
    /// The survey's number.
    pub(crate) survey: u16,
    pub(crate) agent: AgentId,
    /// `None` if it gave no answer: its call says why.
    pub(crate) answer: Option<Answer>,
}

/// What an agent's older memories are summed up to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct NewSummary {
    pub(crate) agent: AgentId,
    pub(crate) text: String,
}
