//! Calls to language models: each is answered once, from the run's ledger, from other runs, or by a server, and written
//! down before anybody reads the answer.
//!
//! What a call came to is known by its key (step, agent, number of the call). A resumed run finds in its ledger what was
//! answered before the stop and asks for the rest; a run carried out again asks nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use murmur_core::Step;
use murmur_journal::{Durability, LedgerEntry, ReplyKey, ReplyLedger, RunFolder, StepReplies};
use murmur_llm::{Account, CallFailure, CallResult, Figures, ModelConfig, PreparedRequest, Scheduler, Spent};
use rayon::prelude::*;

use super::batch::{BatchId, BatchRequests};
use super::desk::{Book, Desk};
use super::kept::{
    Answer, Answered, Kept, OtherRuns, differs, entry_of, no_request, outcome_of, parse_kept, same_request,
};
use super::requests::{Call, Render, Round, Seeds};
use super::telemetry::Telemetry;
use crate::EngineError;
use crate::config::{CallMode, CallsConfig};
use crate::shards::shard_of;

/// Where answers come from that are there already.
enum Source {
    /// The run's own ledger holds what was answered in the step before a stop; the rest is asked.
    Own(BTreeMap<ReplyKey, LedgerEntry>),
    /// A ledger holds all of it: the run is carried out again.
    Whole(Whole),
    /// There are none, and nobody is asked: every call fails.
    Nobody,
}

/// A ledger that is read step by step.
struct Whole {
    replies: StepReplies,
    /// The step whose entries are at hand.
    step: Option<Step>,
    /// In the order of keys.
    entries: Vec<LedgerEntry>,
}

impl Whole {
    /// The entries of `step`.
    fn at(&mut self, step: Step) -> Result<&[LedgerEntry], EngineError> {
        if self.step != Some(step) {
            self.entries = self.replies.step(step)?;
            self.step = Some(step);
        }
        Ok(&self.entries)
    }
}

/// How the calls of a run are answered, and where the answers go.
pub(crate) struct Calls {
    models: Vec<Arc<ModelConfig>>,
    schedulers: Vec<OnceLock<Mutex<Scheduler>>>,
    /// Which models have replied to anything.
    replied: Vec<AtomicBool>,
    config: CallsConfig,
    seed: u64,
    source: Source,
    /// Answers of other runs.
    others: Option<OtherRuns>,
    ledger: Option<ReplyLedger>,
    telemetry: Telemetry,
    run: Account,
    step: Account,
    /// What the steps that are done have cost.
    settled: Spent,
    /// When what is left of the step's calls has failed.
    deadline: Option<Instant>,
    folder: Option<PathBuf>,
}

impl Calls {
    pub(crate) fn new(config: &CallsConfig, models: Vec<Arc<ModelConfig>>, seed: u64) -> Self {
        Self {
            schedulers: models.iter().map(|_| OnceLock::new()).collect(),
            replied: models.iter().map(|_| AtomicBool::new(false)).collect(),
            models,
            config: config.clone(),
            seed,
            source: Source::Own(BTreeMap::new()),
            others: None,
            ledger: None,
            telemetry: Telemetry::default(),
            run: Account::new(config.run_budget, Spent::default()),
            step: Account::new(config.step_budget, Spent::default()),
            settled: Spent::default(),
            deadline: None,
            folder: None,
        }
    }

    /// Whether a ledger that is there already answers all calls.
    fn replays(&self) -> bool {
        matches!(self.source, Source::Whole(_))
    }

    /// Whether there is anybody to call.
    fn is_needed(&self) -> bool {
        !self.models.is_empty()
    }

    /// Puts other settings in force.
    pub(crate) fn change_settings(&mut self, config: &CallsConfig, models: Vec<Arc<ModelConfig>>) {
        let spent = self.run.spent();
        let run = Account::new(config.run_budget, spent);
        self.schedulers = models.iter().map(|_| OnceLock::new()).collect();
        self.replied = models.iter().map(|_| AtomicBool::new(false)).collect();
        (self.config, self.models, self.run) = (config.clone(), models, run);
    }

    /// From now on answers are written down in the run in `folder`; what stands there of `next` and later steps counts.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub(crate) fn keep_in(
        &mut self,
        folder: &Path,
        next: Step,
        durability: Durability,
    ) -> Result<(), EngineError> {
        if !self.is_needed() {
            return Ok(());
        }
        self.ledger = Some(ReplyLedger::open(folder, durability)?);
        let kept = ReplyLedger::entries_from(folder, next)?;
        self.source = Source::Own(kept.into_iter().map(|entry| (entry.key, entry)).collect());
        self.telemetry = Telemetry::in_run(folder);
        self.folder = Some(folder.to_owned());
        Ok(())
    }

    /// From now on all answers, those of `next` first, are those in the ledger of the run in `folder`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn replay_from(&mut self, folder: &Path) -> Result<(), EngineError> {
        if self.is_needed() {
            let replies = StepReplies::open(folder)?;
            self.source = Source::Whole(Whole { replies, step: None, entries: Vec::new() });
        }
        Ok(())
    }

    /// Writes what is replayed into the ledger of the run in `folder` besides.
    ///
    /// # Errors
    /// When the ledger cannot be made.
    pub(crate) fn copy_to(&mut self, folder: &Path, durability: Durability) -> Result<(), EngineError> {
        if self.is_needed() {
            self.ledger = Some(ReplyLedger::open(folder, durability)?);
        }
        Ok(())
    }

    /// Brings what was written down to the disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn sync(&mut self) -> Result<(), EngineError> {
        match &mut self.ledger {
            Some(ledger) => Ok(ledger.sync()?),
            None => Ok(()),
        }
    }

    /// The step is about to be committed: what was answered in it is on the disk first, if the run is durable.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn end_step(&mut self) -> Result<(), EngineError> {
        if let Some(ledger) = &mut self.ledger {
            ledger.end_step()?;
        }
        self.settled = self.run.spent();
        Ok(())
    }

    /// What the run's calls have cost.
    pub(crate) fn spent(&self) -> Spent {
        self.run.spent()
    }

    /// The same without those of a step that did not come to its end: they are in the ledger, and count when it does.
    pub(crate) fn spent_by_steps(&self) -> Spent {
        self.settled
    }

    /// The run's calls have cost so much so far.
    pub(crate) fn set_spent(&mut self, spent: Spent) {
        self.run = Account::new(self.config.run_budget, spent);
        self.settled = spent;
    }

    /// Whether a budget is spent, so that the run is to stop after the step. What is carried out again costs nothing.
    pub(crate) fn is_spent(&self) -> bool {
        !self.replays() && (self.run.is_spent() || self.step.is_spent())
    }

    /// From now on every call fails at once.
    pub(crate) fn ask_nobody(&mut self) {
        self.source = Source::Nobody;
    }

    /// Whether nothing is left of the run's budget, so that any further step would be one without calls.
    pub(crate) fn run_is_spent(&self) -> bool {
        !self.replays() && self.is_needed() && self.run.is_spent()
    }

    /// From now on calls are answered by the servers, nothing is written down, and what the run has cost does not count.
    pub(crate) fn ask_live(&mut self) {
        self.config.mode = CallMode::Live;
        self.set_spent(Spent::default());
        self.source = Source::Own(BTreeMap::new());
        (self.ledger, self.telemetry) = (None, Telemetry::default());
    }

    /// Waits until every server answers.
    ///
    /// # Errors
    /// When one does not within `timeout`, or cannot be asked.
    pub(crate) fn wait_until_ready(&self, timeout: Duration) -> Result<(), EngineError> {
        let calls_servers = matches!(self.config.mode, CallMode::Live | CallMode::Cache);
        for model in (0..self.models.len()).filter(|_| calls_servers) {
            self.scheduler(model)?.lock().expect("nobody panics while calling").wait_until_ready(timeout)?;
        }
        Ok(())
    }

    /// The live figures of each model, by its name. Models that nobody has called have none.
    pub(crate) fn figures(&self) -> Vec<(String, Arc<Figures>)> {
        let figures =
            |(model, scheduler): (&Arc<ModelConfig>, _)| Some((model.name.clone(), figures_of(scheduler)?));
        self.models.iter().zip(&self.schedulers).filter_map(figures).collect()
    }

    /// Makes ready to answer calls: connects to all models, so that their figures can be watched, or looks whether the
    /// runs are there whose replies serve.
    ///
    /// # Errors
    /// When a model's servers cannot be set up (there is no key, or no list of them), or such a run is not there.
    pub(crate) fn connect(&self) -> Result<(), EngineError> {
        if !matches!(self.source, Source::Own(_)) || !self.is_needed() {
            return Ok(());
        }
        let takes_from_others = matches!(self.config.mode, CallMode::Cache | CallMode::Replay);
        if let Some(none) =
            self.config.from.iter().find(|run| takes_from_others && !RunFolder::holds_run(run))
        {
            let none = none.display();
            return Err(EngineError::Unfit(format!(
                "calls.from: expected the folder of a run, found none in {none}"
            )));
        }
        match self.config.mode {
            CallMode::Live | CallMode::Cache => {
                (0..self.models.len()).try_for_each(|model| self.scheduler(model).map(drop))
            }
            CallMode::Replay | CallMode::Batch => Ok(()),
        }
    }

    fn scheduler(&self, model: usize) -> Result<&Mutex<Scheduler>, EngineError> {
        if let Some(scheduler) = self.schedulers[model].get() {
            return Ok(scheduler);
        }
        let scheduler = Scheduler::new((*self.models[model]).clone())?;
        Ok(self.schedulers[model].get_or_init(|| Mutex::new(scheduler)))
    }

    /// The sampling seeds of the run's calls.
    pub(crate) fn seeds(&self) -> Seeds {
        Seeds::new(self.seed)
    }

    /// A new step begins.
    ///
    /// # Errors
    /// When the ledger being replayed cannot be read.
    pub(crate) fn begin_step(&mut self) -> Result<(), EngineError> {
        self.step = Account::new(self.config.step_budget, Spent::default());
        let seconds = self.config.step_deadline_seconds.map(Duration::from_secs_f64);
        self.deadline = seconds.and_then(|seconds| Instant::now().checked_add(seconds));
        if self.is_needed() && self.others.is_none() && !self.config.from.is_empty() {
            let folder = self.folder.as_deref().map(|folder| folder.join("replies/index"));
            if let (Some(folder), CallMode::Cache | CallMode::Replay) = (folder, self.config.mode) {
                self.others = Some(OtherRuns::open(&folder, &self.config.from)?);
            }
        }
        Ok(())
    }

    /// Makes these calls, and returns what they came to in their order.
    ///
    /// # Errors
    /// When an answer cannot be written down or one that was written down is another request's; when a request cannot be
    /// rendered; in mode `replay`, when an answer is missing; in mode `batch`, [`EngineError::AwaitsBatch`].
    pub(crate) fn ask(
        &mut self,
        now: Step,
        calls: &[Call],
        render: &Render<'_>,
    ) -> Result<Vec<Answered>, EngineError> {
        if matches!(self.source, Source::Nobody) {
            let failed = Answered { hash: no_request(), outcome: Err(CallFailure::NoEndpoint) };
            return Ok(vec![failed; calls.len()]);
        }
        let round = Round { now, calls, render };
        let kept = self.take_kept(now, calls)?;
        // What stands in the ledger stays what it is, whatever budgets, deadlines and servers are like by now.
        let mut answered = self.that_stand(round, &kept)?;
        if self.replays() {
            self.copy(round, &kept)?;
        } else {
            match self.config.mode {
                CallMode::Live | CallMode::Cache => self.ask_servers(round, &mut answered)?,
                CallMode::Replay => self.take_from_others(round, &mut answered)?,
                CallMode::Batch => self.write_batch(round, &answered)?,
            }
        }
        Ok(answered.into_iter().map(|answered| answered.expect("every call was answered")).collect())
    }

    /// What stands of these calls in the ledger that is read.
    fn take_kept(&mut self, now: Step, calls: &[Call]) -> Result<Vec<Option<LedgerEntry>>, EngineError> {
        let key = |call: &Call| call.key(now);
        match &mut self.source {
            Source::Nobody => Ok(vec![None; calls.len()]),
            Source::Own(kept) => Ok(calls.iter().map(|call| kept.remove(&key(call))).collect()),
            Source::Whole(whole) => {
                let entries = whole.at(now)?;
                let find = |call: &Call| {
                    let place = entries.binary_search_by_key(&key(call), |entry| entry.key).ok()?;
                    Some(entries[place].clone())
                };
                Ok(calls.iter().map(find).collect())
            }
        }
    }

    /// An answer that stands in the ledger, if it is that to `request`, and what it cost.
    fn read_kept(
        &self,
        now: Step,
        call: &Call,
        entry: &LedgerEntry,
        request: &PreparedRequest,
    ) -> Result<(Answered, Spent), EngineError> {
        let hash = same_request(now, call, entry, request)?;
        let Kept { reused, answer, .. } = parse_kept(&entry.payload)?;
        let cost = match &answer {
            Answer::Reply(reply) if !reused => self.models[call.model].prices.of(reply.usage),
            _ => Spent::default(),
        };
        Ok((Answered { hash, outcome: outcome_of(answer) }, cost))
    }

    /// The answers that stand in the ledger, paid for, and nothing for the other calls.
    fn that_stand(
        &self,
        round: Round<'_>,
        kept: &[Option<LedgerEntry>],
    ) -> Result<Vec<Option<Answered>>, EngineError> {
        let Round { now, calls, render } = round;
        let read = |(index, entry): (usize, &Option<LedgerEntry>)| {
            let read = |entry| self.read_kept(now, &calls[index], entry, &render(index)?);
            entry.as_ref().map(read).transpose()
        };
        let stand = kept.par_iter().enumerate().map(read).collect::<Result<Vec<_>, EngineError>>()?;
        let paid_for = |(answered, cost): (Answered, Spent)| {
            [&self.run, &self.step].into_iter().for_each(|account| account.charge(cost));
            answered
        };
        Ok(stand.into_iter().map(|answer| answer.map(paid_for)).collect())
    }

    /// Of a run that is carried out again: every call stands in its ledger, and goes into the new one, if there is one.
    fn copy(&mut self, round: Round<'_>, kept: &[Option<LedgerEntry>]) -> Result<(), EngineError> {
        if let Some(missing) = kept.iter().position(Option::is_none) {
            let Call { agent, number, .. } = round.calls[missing];
            let what = format!("agent {agent}, call {number}: no reply in the ledger");
            return Err(differs(round.now, what));
        }
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        for entry in kept.iter().flatten() {
            ledger.append(shard_of(entry.key.agent), entry)?;
        }
        Ok(())
    }

    /// Asks the servers of all models at once for what is not known.
    fn ask_servers(
        &mut self,
        round: Round<'_>,
        answered: &mut [Option<Answered>],
    ) -> Result<(), EngineError> {
        let calls = round.calls;
        let open = |index: &usize| answered[*index].is_none();
        let by_model: Vec<Vec<usize>> = (0..self.models.len())
            .map(|model| (0..calls.len()).filter(open).filter(|&index| calls[index].model == model).collect())
            .collect();
        for (model, _) in by_model.iter().enumerate().filter(|(_, calls)| !calls.is_empty()) {
            self.scheduler(model)?;
        }
        let desk = Desk {
            round,
            book: Mutex::new(Book {
                ledger: self.ledger.as_mut(),
                telemetry: &mut self.telemetry,
                fault: None,
            }),
            others: self.others.as_ref(),
            models: &self.models,
            accounts: [&self.run, &self.step],
            deadline: self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
            replied: &self.replied,
            figures: self.schedulers.iter().map(figures_of).collect(),
        };
        // Here the step waits; requests are rendered meanwhile.
        let waiting = tracing::info_span!("models").entered();
        let results = thread::scope(|scope| {
            let asked: Vec<_> = by_model
                .iter()
                .zip(&self.schedulers)
                .filter_map(|(indexes, scheduler)| Some((indexes, scheduler.get()?)))
                .filter(|(indexes, _)| !indexes.is_empty())
                .map(|(indexes, scheduler)| {
                    let desk = &desk;
                    let run = move || {
                        let mut scheduler = scheduler.lock().expect("nobody panics while calling");
                        desk.run(&mut scheduler, indexes)
                    };
                    (indexes, scope.spawn(run))
                })
                .collect();
            let joined = |(indexes, thread): (_, thread::ScopedJoinHandle<'_, _>)| {
                (indexes, thread.join().expect("nobody panics while calling"))
            };
            asked.into_iter().map(joined).collect::<Vec<(&Vec<usize>, Vec<CallResult>)>>()
        });
        drop(waiting);
        if let Some(fault) = desk.into_fault() {
            return Err(fault);
        }
        for (indexes, results) in results {
            for (&index, result) in indexes.iter().zip(results) {
                let hash = result.hash.unwrap_or(no_request());
                answered[index] = Some(Answered { hash, outcome: result.outcome });
            }
        }
        Ok(())
    }

    /// In mode `replay`: what is not known from a stop before is known from other runs.
    fn take_from_others(
        &mut self,
        round: Round<'_>,
        answered: &mut [Option<Answered>],
    ) -> Result<(), EngineError> {
        let Round { now, calls, render } = round;
        for (index, answered) in answered.iter_mut().enumerate().filter(|(_, answered)| answered.is_none()) {
            let (call, request) = (&calls[index], render(index)?);
            let hash = request.hash();
            let known = match &self.others {
                Some(others) => others.find(&request)?,
                None => None,
            };
            let Some(outcome) = known else {
                let (agent, from) = (call.agent, self.config.from.clone());
                return Err(EngineError::NotInLedgers { step: now, agent, hash, from });
            };
            if let Some(ledger) = &mut self.ledger {
                let model = &self.models[call.model].name;
                let entry = entry_of(call.key(now), hash, model, outcome.clone(), true);
                ledger.append(shard_of(call.agent), &entry)?;
            }
            *answered = Some(Answered { hash, outcome });
        }
        Ok(())
    }

    /// In mode `batch`: every call stands in the ledger, or those that do not are written to a file.
    fn write_batch(&self, round: Round<'_>, answered: &[Option<Answered>]) -> Result<(), EngineError> {
        let Round { now, calls, render } = round;
        let mut missing = BatchRequests::new(now, self.models.len());
        for index in (0..calls.len()).filter(|&index| answered[index].is_none()) {
            let (call, request) = (&calls[index], render(index)?);
            missing.add(&BatchId { key: call.key(now), model: call.model, hash: request.hash() }, &request);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        Err(missing.write(self.folder.as_deref().unwrap_or(Path::new(".")), &names)?)
    }
}

/// The live figures of a model that was connected to.
fn figures_of(scheduler: &OnceLock<Mutex<Scheduler>>) -> Option<Arc<Figures>> {
    Some(scheduler.get()?.lock().ok()?.figures())
}
