//! The results of an offline batch of calls, taken into a run's ledger.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use murmur_data::DataError;
use murmur_journal::{Durability, ReplyKey, ReplyLedger};
use murmur_llm::parse_batch_result;
use serde::Deserialize;

use crate::language::batch::{BATCH_FOLDER, BatchId};
use crate::language::kept::entry_of;
use crate::shards::shard_of;
use crate::{EngineError, Run};

/// What was taken in of a file of results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BatchTaken {
    /// Replies.
    pub replies: usize,
    /// Requests that the service refuses, and would again: their agents fall back.
    pub refused: usize,
    /// Requests that failed in passing (too many at once, expired, cancelled, a broken server): they are asked again.
    pub to_ask_again: usize,
    /// Results of requests that have been answered before, and of which the first answer stands.
    pub known: usize,
}

impl Run {
    /// Takes the results of a batch into the run's ledger, so that it can go on.
    ///
    /// # Errors
    /// When a file cannot be read, or naming the line that is no result of a request that the run has written; then nothing
    /// is taken.
    pub fn take_batch(&self, results: &[PathBuf]) -> Result<BatchTaken, EngineError> {
        // No other process may write the run meanwhile.
        let _writer = self.writer()?;
        let awaited = awaited(self.path())?;
        let next = self.committed()?;
        let mut answered: BTreeSet<ReplyKey> =
            ReplyLedger::entries_from(self.path(), next)?.iter().map(|entry| entry.key).collect();
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
                let result = parse_batch_result(&line).map_err(|error| error.to_string());
                let result = result.map_err(|message| DataError::at_line(path, number, message))?;
                if !awaited.contains(&result.custom_id) {
                    let message = format!(
                        "custom_id: expected one of the requests in {}, found {:?}: a result of another run",
                        self.path().join(BATCH_FOLDER).display(),
                        result.custom_id
                    );
                    return Err(DataError::at_line(path, number, message).into());
                }
                let id: BatchId = result
                    .custom_id
                    .parse()
                    .map_err(|message: String| DataError::at_line(path, number, message))?;
                let Some(model) = self.config().model.get(id.model) else { continue };
                match &result.outcome {
                    _ if id.key.step < next || answered.contains(&id.key) => taken.known += 1,
                    Err(failure) if failure.is_passing() => taken.to_ask_again += 1,
                    outcome => {
                        *if outcome.is_ok() { &mut taken.replies } else { &mut taken.refused } += 1;
                        answered.insert(id.key);
                        entries.push(entry_of(id.key, id.hash, &model.server.name, result.outcome, false));
                    }
                }
            }
        }
        let mut ledger = ReplyLedger::open(self.path(), Durability::AtSync)?;
        for entry in &entries {
            ledger.append(shard_of(entry.key.agent), entry)?;
        }
        ledger.sync()?;
        Ok(taken)
    }
}

/// The names of all requests that the run in `run` has written.
fn awaited(run: &Path) -> Result<BTreeSet<String>, EngineError> {
    /// A line of a request.
    #[derive(Deserialize)]
    struct Request {
        custom_id: String,
    }
    let folder = run.join(BATCH_FOLDER);
    let mut names = BTreeSet::new();
    let files = fs::read_dir(&folder).map_err(|source| DataError::io(&folder, source))?;
    for file in files {
        let path = file.map_err(|source| DataError::io(&folder, source))?.path();
        let text = fs::read_to_string(&path).map_err(|source| DataError::io(&path, source))?;
        for line in text.lines() {
            // A line that a stop tore off was not asked.
            names.extend(serde_json::from_str::<Request>(line).ok().map(|request| request.custom_id));
        }
    }
    Ok(names)
}
