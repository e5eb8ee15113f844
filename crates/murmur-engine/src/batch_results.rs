//! The results of an offline batch of calls, taken into a run's ledger.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use murmur_data::DataError;
use murmur_journal::{Durability, LedgerEntry, ReplyLedger};
use murmur_llm::parse_batch_result;

use crate::language::batch::BatchId;
use crate::language::kept::payload_of;
use crate::shards::shard_of;
use crate::{EngineError, Run};

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
