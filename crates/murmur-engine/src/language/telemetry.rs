//! How calls went on the wire: attempts, times, servers. Nothing reads it but people; it differs from run to run.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use murmur_core::Step;
use murmur_llm::CallResult;
use serde::Serialize;

use super::requests::Call;

/// The file `telemetry/calls.jsonl` of a run. What cannot be written is left out: no run fails for it.
#[derive(Default)]
pub(crate) struct Telemetry {
    file: Option<BufWriter<File>>,
}

#[derive(Serialize)]
struct Line<'a> {
    step: u32,
    agent: u32,
    call: u16,
    model: &'a str,
    attempts: u32,
    seconds: f64,
    endpoint: Option<&'a str>,
    failure: Option<&'static str>,
}

impl Telemetry {
    /// The telemetry of the run in `folder`.
    pub(crate) fn in_run(folder: &Path) -> Self {
        let folder = folder.join("telemetry");
        let open = || {
            std::fs::create_dir_all(&folder)?;
            OpenOptions::new().create(true).append(true).open(folder.join("calls.jsonl"))
        };
        Self { file: open().ok().map(BufWriter::new) }
    }

    /// Notes a call that a server was asked for.
    pub(crate) fn note(&mut self, step: Step, call: &Call, model: &str, result: &CallResult) {
        let Some(file) = &mut self.file else { return };
        if result.attempts == 0 {
            return;
        }
        let line = Line {
            step: step.0,
            agent: call.agent.0,
            call: call.number,
            model,
            attempts: result.attempts,
            seconds: result.elapsed.as_secs_f64(),
            endpoint: result.endpoint.as_deref(),
            failure: result
                .outcome
                .as_ref()
                .err()
                .map(|failure| murmur_llm::CallFailure::NAMES[failure.kind()]),
        };
        let written = serde_json::to_writer(&mut *file, &line).is_ok() && file.write_all(b"\n").is_ok();
        if !written {
            self.file = None;
        }
    }
}
