//! Calls as files: a step's requests in OpenAI's batch form, and their results into the ledger.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use murmur_core::{AgentId, Step};
use murmur_data::DataError;
use murmur_journal::{Durability, LedgerEntry, ReplyKey, ReplyLedger};
use murmur_llm::{PreparedRequest, RequestHash, batch_line, parse_batch_result};

use super::calls::payload_of;
use crate::history::shard_of;
use crate::{EngineError, Run};

/// What a request in a batch is called: all that its result needs to find its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BatchId {
    pub(crate) key: ReplyKey,
    /// The model's place in the configuration.
    pub(crate) model: usize,
    pub(crate) hash: RequestHash,
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReplyKey { step, agent, call } = self.key;
        write!(f, "{step}-{agent}-{call}-{}-{}", self.model, self.hash)
    }
}

impl FromStr for BatchId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let parts: Vec<&str> = text.split('-').collect();
            let [step, agent, call, model, hash] = parts.try_into().ok()?;
            let key = ReplyKey {
                step: Step(step.parse().ok()?),
                agent: AgentId(agent.parse().ok()?),
                call: call.parse().ok()?,
            };
            Some(Self { key, model: model.parse().ok()?, hash: hash.parse().ok()? })
        };
        parse().ok_or_else(|| format!("custom_id: expected one that Murmur wrote, found {text:?}"))
    }
}

/// Requests of a step, by model: a batch is for one.
pub(crate) struct BatchRequests {
    step: Step,
    lines: Vec<String>,
    count: usize,
    /// The lowest number of a call among them, which tells the rounds of a step apart.
    round: u16,
}

impl BatchRequests {
    pub(crate) fn new(step: Step, models: usize) -> Self {
        Self { step, lines: vec![String::new(); models], count: 0, round: u16::MAX }
    }

    pub(crate) fn add(&mut self, id: &BatchId, request: &PreparedRequest) {
        let lines = &mut self.lines[id.model];
        *lines += &batch_line(&id.to_string(), request);
        lines.push('\n');
        self.count += 1;
        self.round = self.round.min(id.key.call);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes a file for each model into the run's folder, and says so as the reason why the step cannot go on.
    pub(crate) fn write(&self, run: &Path, models: &[&str]) -> Result<EngineError, EngineError> {
        let folder = run.join("batch");
        fs::create_dir_all(&folder).map_err(|source| DataError::io(&folder, source))?;
        let mut files = Vec::new();
        let file_name = |model: &str| -> String {
            model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
        };
        for (place, lines) in self.lines.iter().enumerate().filter(|(_, lines)| !lines.is_empty()) {
            let mut name = file_name(models[place]);
            if models.iter().filter(|model| file_name(model) == name).count() > 1 {
                name += &format!("-{}", place + 1);
            }
            let file = folder.join(format!("step-{}-call-{}-{name}.jsonl", self.step, self.round));
            fs::write(&file, lines).map_err(|source| DataError::io(&file, source))?;
            files.push(file);
        }
        Ok(EngineError::AwaitsBatch { step: self.step, count: self.count, files, run: run.to_owned() })
    }
}

/// What was taken in of a file of results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BatchTaken {
    /// Replies.
    pub replies: usize,
    /// Requests that failed; the agents fall back.
    pub failures: usize,
}

impl Run {
    /// Takes the results of a batch into the run's ledger, so that it can go on.
    ///
    /// # Errors
    /// When a file cannot be read, or naming the line that is no result of this run's requests; then nothing is taken.
    pub fn take_batch(&self, results: &[PathBuf]) -> Result<BatchTaken, EngineError> {
        // No other process may write the run meanwhile.
        let _writer = self.writer()?;
        let mut entries = Vec::new();
        let mut taken = BatchTaken::default();
        for path in results {
            let failed = |source| EngineError::from(DataError::io(path, source));
            let file = fs::File::open(path).map_err(failed)?;
            for (number, line) in (1..).zip(BufReader::new(file).lines()) {
                let line = line.map_err(failed)?;
                if line.trim().is_empty() {
                    continue;
                }
                let entry = self.entry_of(&line, &mut taken);
                entries.push(entry.map_err(|message| DataError::at_line(path, number, message))?);
            }
        }
        let mut ledger = ReplyLedger::open(self.path(), Durability::AtSync)?;
        for entry in &entries {
            ledger.append(shard_of(entry.key.agent), entry)?;
        }
        ledger.sync()?;
        Ok(taken)
    }

    fn entry_of(&self, line: &str, taken: &mut BatchTaken) -> Result<LedgerEntry, String> {
        let result = parse_batch_result(line).map_err(|error| error.to_string())?;
        let BatchId { key, model, hash } = result.custom_id.parse()?;
        let models = &self.config().model;
        let model = models.get(model).ok_or_else(|| {
            format!("custom_id: the run has {} models, found the number {model}", models.len())
        })?;
        *if result.outcome.is_ok() { &mut taken.replies } else { &mut taken.failures } += 1;
        Ok(LedgerEntry { key, hash: hash.get(), payload: payload_of(&model.server.name, result.outcome) })
    }
}
