//! Why a command failed, and the exit code that says so to scripts.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use murmur_data::DataError;
use murmur_engine::EngineError;
use murmur_experiment::ExperimentError;

/// How a command ended that did not fail.
pub(crate) enum Done {
    /// It did all it was asked to.
    Finished,
    /// A signal came first.
    Stopped,
}

/// A failed command.
pub(crate) struct Failure {
    message: String,
    cause: Cause,
}

/// Whose fault it is.
enum Cause {
    /// What the user gave: exit code 2, like a command line that does not parse.
    Input,
    /// The system: exit code 1.
    System,
}

impl Failure {
    /// The user gave something that cannot be used.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: Cause::Input }
    }

    /// The system failed.
    pub(crate) fn system(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: Cause::System }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.cause {
            Cause::Input => ExitCode::from(2),
            Cause::System => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let cause = if error.is_bad_input() { Cause::Input } else { Cause::System };
        Self { message: error.to_string(), cause }
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        let cause = if error.is_bad_input() { Cause::Input } else { Cause::System };
        Self { message: error.to_string(), cause }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { message: error.to_string(), cause: Cause::System }
    }
}

/// Writes `text` to standard output. A reader that has gone away (`murmur … | head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a line to standard error. Nobody may be reading it, and a run goes on all the same.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
