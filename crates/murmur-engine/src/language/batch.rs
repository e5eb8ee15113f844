//! Calls as files: a step's requests in OpenAI's batch form, and their results into the ledger.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use murmur_core::{AgentId, Step};
use murmur_data::DataError;
use murmur_journal::ReplyKey;
use murmur_llm::{PreparedRequest, RequestHash, batch_line};

use crate::EngineError;

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
}

/// Where the requests lie in a run's folder.
pub(crate) const BATCH_FOLDER: &str = "batch";

impl BatchRequests {
    pub(crate) fn new(step: Step, models: usize) -> Self {
        Self { step, lines: vec![String::new(); models], count: 0 }
    }

    pub(crate) fn add(&mut self, id: &BatchId, request: &PreparedRequest) {
        let lines = &mut self.lines[id.model];
        *lines += &batch_line(&id.to_string(), request);
        lines.push('\n');
        self.count += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Writes a file for each model into the run's folder, and says so as the reason why the step cannot go on.
    pub(crate) fn write(&self, run: &Path, models: &[&str]) -> Result<EngineError, EngineError> {
        let folder = run.join(BATCH_FOLDER);
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
            // A step has several rounds; one that is come to again has its file already.
            let numbered = |round: u32| folder.join(format!("step-{}-{round}-{name}.jsonl", self.step));
            let is_free = |file: &PathBuf| match fs::read_to_string(file) {
                Ok(written) => written == *lines,
                Err(_) => !file.exists(),
            };
            let file = (1..).map(numbered).find(is_free).expect("some number is free");
            fs::write(&file, lines).map_err(|source| DataError::io(&file, source))?;
            files.push(file);
        }
        Ok(EngineError::AwaitsBatch { step: self.step, count: self.count, files, run: run.to_owned() })
    }
}
