//! What calls came to, and the form in which a ledger keeps it.

use murmur_core::Step;
use murmur_journal::{LedgerEntry, ReplyKey, ReplyLedger};
use murmur_llm::{CallFailure, CallOutcome, ChatReply, ModelConfig, PreparedRequest, RequestHash};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::requests::Call;
use crate::EngineError;
use crate::difference::Difference;
use crate::facts::{CallPurpose, CallRecord, Verdict};
use crate::shards::shard_of;

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

/// Writes what a call came to into the ledger, if there is one.
pub(super) fn write_down(
    ledger: Option<&mut ReplyLedger>,
    now: Step,
    call: &Call,
    model: &ModelConfig,
    hash: RequestHash,
    outcome: &CallOutcome,
    reused: bool,
) -> Result<(), EngineError> {
    let Some(ledger) = ledger else { return Ok(()) };
    let answer = match outcome.clone() {
        Ok(reply) => Answer::Reply(reply),
        Err(failure) => Answer::Failure(failure),
    };
    let kept = Kept { model: model.name.clone(), reused, answer };
    let payload = to_raw_value(&kept).expect("a reply has a JSON form");
    let key = ReplyKey { step: now, agent: call.agent, call: call.number };
    ledger.append(shard_of(call.agent), &LedgerEntry { key, hash: hash.get(), payload })?;
    Ok(())
}

/// The payload of a ledger's entry for a result that came from elsewhere than a server.
pub(crate) fn payload_of(model: &str, outcome: CallOutcome) -> Box<RawValue> {
    let answer = match outcome {
        Ok(reply) => Answer::Reply(reply),
        Err(failure) => Answer::Failure(failure),
    };
    to_raw_value(&Kept { model: model.to_owned(), reused: false, answer }).expect("a reply has a JSON form")
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

/// Whether a ledger's entry holds a reply, rather than a failure.
pub(super) fn is_reply(payload: &RawValue) -> bool {
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
