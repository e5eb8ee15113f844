//! What calls came to, and the form in which a ledger keeps it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use murmur_core::Step;
use murmur_journal::{LedgerEntry, ReplyIndex, ReplyKey};
use murmur_llm::{CallFailure, CallOutcome, ChatReply, PreparedRequest, RequestHash};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::requests::Call;
use crate::EngineError;
use crate::difference::Difference;
use crate::facts::{CallPurpose, CallRecord, Verdict};

/// A call that was made.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answered {
    pub(crate) hash: RequestHash,
    pub(crate) outcome: CallOutcome,
}

impl Answered {
    /// What the journal keeps of `call`, for that purpose and with that verdict.
    pub(crate) fn record(&self, call: &Call, purpose: CallPurpose, verdict: Verdict) -> CallRecord {
        let usage = self.outcome.as_ref().map(|reply| reply.usage).unwrap_or_default();
        CallRecord {
            agent: call.agent,
            number: call.number,
            model: call.model as u8,
            purpose,
            hash: self.hash,
            verdict: verdict.code(),
            input: usage.input,
            output: usage.output,
        }
    }
}

/// What a ledger keeps of a call, besides its key and hash.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    model: String,
    /// Whether the answer is another run's, and cost nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) reused: bool,
    #[serde(flatten)]
    pub(super) answer: Answer,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Reply(ChatReply),
    Failure(CallFailure),
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The ledger's entry of what the call named by `key` came to; `reused`: in another run.
pub(crate) fn entry_of(
    key: ReplyKey,
    hash: RequestHash,
    model: &str,
    outcome: CallOutcome,
    reused: bool,
) -> LedgerEntry {
    let answer = match outcome {
        Ok(reply) => Answer::Reply(reply),
        Err(failure) => Answer::Failure(failure),
    };
    let kept = Kept { model: model.to_owned(), reused, answer };
    LedgerEntry { key, hash: hash.get(), payload: to_raw_value(&kept).expect("a reply has a JSON form") }
}

/// What a ledger keeps of a call.
///
/// # Errors
/// When it is something else.
pub(super) fn parse_kept(payload: &RawValue) -> Result<Kept, EngineError> {
    serde_json::from_str(payload.get()).map_err(|error| {
        EngineError::Unfit(format!("replies/: expected a reply or a failure, found something else ({error})"))
    })
}

pub(super) fn outcome_of(answer: Answer) -> CallOutcome {
    match answer {
        Answer::Reply(reply) => Ok(reply),
        Answer::Failure(failure) => Err(failure),
    }
}

/// The hash in place of that of a request that was never made, because its step had no time or money left.
pub(super) fn no_request() -> RequestHash {
    RequestHash::from(0)
}

/// The replies of other runs, by their requests.
pub(super) struct OtherRuns(Mutex<ReplyIndex>);

impl OtherRuns {
    /// Those of the runs in `from`, with their index in `folder`.
    ///
    /// # Errors
    /// When a ledger or the index cannot be read, or another process has the index.
    pub(super) fn open(folder: &Path, from: &[PathBuf]) -> Result<Self, EngineError> {
        Ok(Self(Mutex::new(ReplyIndex::open(folder, from, is_reply)?)))
    }

    /// The reply to `request`, if one of the runs has it.
    ///
    /// # Errors
    /// When its ledger cannot be read or has changed.
    pub(super) fn find(&self, request: &PreparedRequest) -> Result<Option<CallOutcome>, EngineError> {
        let index = self.0.lock().expect("nobody panics while searching");
        let payload = index.find(request.hash().get())?;
        payload.map(|payload| Ok(outcome_of(parse_kept(&payload)?.answer))).transpose()
    }
}

/// Whether a ledger's entry holds a reply, rather than a failure.
fn is_reply(payload: &RawValue) -> bool {
    parse_kept(payload).is_ok_and(|kept| matches!(kept.answer, Answer::Reply(_)))
}

/// The hash of a ledger's entry, if it is that of `request`, or of a request that was never made.
pub(super) fn same_request(
    now: Step,
    call: &Call,
    entry: &LedgerEntry,
    request: &PreparedRequest,
) -> Result<RequestHash, EngineError> {
    let hash = RequestHash::from(entry.hash);
    if hash == request.hash() || hash == no_request() {
        return Ok(hash);
    }
    let Call { agent, number, .. } = call;
    let what = format!("agent {agent}, call {number}: the request was {hash}, and is {} now", request.hash());
    Err(differs(now, what))
}

pub(super) fn differs(step: Step, what: String) -> EngineError {
    Difference { step, table: "calls", shard: None, what }.into()
}
