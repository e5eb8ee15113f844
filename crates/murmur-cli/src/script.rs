//! `murmur script`: a file of actions in, a run folder and what came of each line out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use murmur_engine::{LineResult, Override, Simulation, config};
use murmur_journal::RunFolder;

use crate::failure::{Failure, print};

#[derive(Args)]
pub(crate) struct ScriptArgs {
    /// The script: JSON Lines such as {"step":1,"agent":7,"action":"like_post","args":{"post_id":3}}.
    script: PathBuf,
    /// Folder for the run; must not hold one yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// File for what came of each line, one JSON object a line; must not exist yet.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Change one key, for instance platform.allow_self_rating=false. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
}

pub(crate) fn script(args: &ScriptArgs) -> Result<(), Failure> {
    let config = config::of_script(&args.script, &args.overrides)?;
    RunFolder::check_free(&args.out).map_err(murmur_engine::EngineError::from)?;
    let mut simulation = Simulation::new(config)?;
    let mut results = args.results.as_deref().map(Results::create).transpose()?;
    simulation.record_to(&args.out)?;
    let mut done = 0;
    let mut lines = 0;
    while !simulation.is_finished() {
        simulation.step()?;
        for result in simulation.take_line_results() {
            lines += 1;
            done += usize::from(result.success);
            if let Some(results) = &mut results {
                results.add(&result)?;
            }
        }
    }
    let summary = simulation.finish()?;
    if let Some(results) = results {
        results.finish()?;
    }
    print(&format!(
        "{lines} actions of {} agents in {} steps: {done} done, {} refused. The run is in {}.\n",
        summary.agents,
        summary.steps,
        lines - done,
        args.out.display()
    ))
}

/// The file that `--results` names.
struct Results {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Results {
    fn create(path: &Path) -> Result<Self, Failure> {
        match File::create_new(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: BufWriter::new(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let path = path.display();
                Err(Failure::input(format!("{path} exists: give another --results, or remove it first")))
            }
            Err(error) => Err(cannot_write(path, error)),
        }
    }

    fn add(&mut self, result: &LineResult) -> Result<(), Failure> {
        let mut line = serde_json::to_string(result).expect("a result has a JSON form");
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| cannot_write(&self.path, error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.file.flush().map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())).into()
}
