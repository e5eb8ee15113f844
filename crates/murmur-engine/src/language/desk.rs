//! Where the threads that call the models meet: requests are rendered when there is room, and answers written down before
//! anybody reads them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use murmur_journal::ReplyLedger;
use murmur_llm::{
    Account, Batch, CallFailure, CallOutcome, CallResult, Figures, Job, ModelConfig, Scheduler,
};

use super::ahead::Ahead;
use super::kept::{OtherRuns, entry_of, no_request};
use super::requests::Round;
use super::telemetry::Telemetry;
use crate::EngineError;
use crate::shards::shard_of;

/// What the threads that call the models share.
pub(super) struct Desk<'a> {
    pub(super) round: Round<'a>,
    pub(super) book: Mutex<Book<'a>>,
    pub(super) others: Option<&'a OtherRuns>,
    pub(super) models: &'a [Arc<ModelConfig>],
    pub(super) accounts: [&'a Account; 2],
    pub(super) deadline: Option<Duration>,
    /// Which models have ever replied.
    pub(super) replied: &'a [AtomicBool],
    /// The figures of those that are called.
    pub(super) figures: Vec<Option<Arc<Figures>>>,
}

/// Where answers are written down, and the first thing that went wrong.
pub(super) struct Book<'a> {
    pub(super) ledger: Option<&'a mut ReplyLedger>,
    pub(super) telemetry: &'a mut Telemetry,
    pub(super) fault: Option<EngineError>,
}

impl Desk<'_> {
    /// Makes the calls at `indexes`, all of them to the model of `scheduler`.
    pub(super) fn run(&self, scheduler: &mut Scheduler, indexes: &[usize]) -> Vec<CallResult> {
        let job = |nth: u32| self.try_job(indexes[nth as usize]);
        let ahead = Ahead::new(indexes.len() as u32, &job);
        scheduler.run(Batch {
            count: indexes.len() as u32,
            // An agent's persona is in the prefix of all its requests.
            affinity: &|nth| self.round.calls[indexes[nth as usize]].agent.0.into(),
            render: &|nth| self.or_end(ahead.take(nth)),
            finished: &mut |nth, result| self.finished(indexes[nth as usize], result),
            deadline: self.deadline,
            accounts: &self.accounts,
        })
    }

    /// The job, if it could be rendered and read; what could not ends the batch.
    fn or_end(&self, job: Result<Job, EngineError>) -> Job {
        job.unwrap_or_else(|fault| {
            self.book.lock().expect("nobody panics while writing").fault.get_or_insert(fault);
            Job::Known(no_request(), Box::new(Err(CallFailure::Cancelled)))
        })
    }

    /// What is to be done for a call.
    fn try_job(&self, index: usize) -> Result<Job, EngineError> {
        let request = (self.round.render)(index)?;
        let known = match self.others {
            Some(others) => others.find(&request)?,
            None => None,
        };
        Ok(match known {
            Some(outcome) => Job::Known(request.hash(), Box::new(outcome)),
            None => Job::Ask(request),
        })
    }

    /// Writes an answer down, before anybody reads it.
    fn finished(&self, index: usize, result: &CallResult) -> ControlFlow<()> {
        let call = &self.round.calls[index];
        let mut book = self.book.lock().expect("nobody panics while writing");
        if book.fault.is_some() {
            return ControlFlow::Break(());
        }
        book.telemetry.note(self.round.now, call, &self.models[call.model].name, result);
        if let Some(reason) = self.out_of_reach(call.model, &result.outcome) {
            let model = self.models[call.model].name.clone();
            book.fault = Some(EngineError::ModelOutOfReach { model, reason, step: self.round.now });
            return ControlFlow::Break(());
        }
        let Some(ledger) = book.ledger.as_deref_mut() else { return ControlFlow::Continue(()) };
        let reused = result.attempts == 0 && result.outcome.is_ok();
        let (key, hash) = (call.key(self.round.now), result.hash.unwrap_or(no_request()));
        let entry = entry_of(key, hash, &self.models[call.model].name, result.outcome.clone(), reused);
        match ledger.append(shard_of(call.agent), &entry) {
            Ok(_) => ControlFlow::Continue(()),
            Err(fault) => {
                book.fault = Some(fault.into());
                ControlFlow::Break(())
            }
        }
    }

    /// Why a model cannot be asked at all, if this is what the outcome of a call says: its servers are all out of order, or
    /// have refused the first call for what they do not know or allow. Such a failure is the run's, not the agent's.
    fn out_of_reach(&self, model: usize, outcome: &CallOutcome) -> Option<String> {
        let replied = &self.replied[model];
        match outcome {
            Ok(_) => {
                replied.store(true, Ordering::Relaxed);
                None
            }
            Err(CallFailure::NoEndpoint) => {
                let figures = &self.figures[model];
                let last = figures.as_ref().and_then(|figures| figures.snapshot().last_failure);
                Some(last.map_or_else(|| CallFailure::NoEndpoint.to_string(), |failure| failure.to_string()))
            }
            Err(failure @ CallFailure::Refused { status, .. }) => {
                let of_setup = status.is_none_or(|status| !matches!(status, 400 | 413 | 422));
                (of_setup && !replied.load(Ordering::Relaxed)).then(|| failure.to_string())
            }
            Err(_) => None,
        }
    }

    /// The first thing that went wrong, if anything did.
    pub(super) fn into_fault(self) -> Option<EngineError> {
        self.book.into_inner().expect("nobody panics while writing").fault
    }
}
