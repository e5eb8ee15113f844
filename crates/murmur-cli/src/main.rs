//! The `murmur` command: parsing, progress and tables. No logic of its own.
//!
//! Exit codes: 0 done, 1 the system failed (a disk, a damaged journal), 2 the command, the configuration or an input file
//! is at fault, 75 the run ended early and can go on: a signal came, a budget is spent, or a batch of requests waits.

mod ask;
mod bench;
mod calibrate;
mod classic;
mod compare;
mod division;
mod estimate;
mod experiment;
mod export;
mod failure;
mod inspect;
mod loading;
mod measure;
mod mock_model;
mod plot;
mod progress;
mod report;
mod run;
mod script;
mod stop;
mod summary;
mod timings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Done;

/// Simulates social media at the scale of a city: agents read feeds, post, repost, argue, follow and fall out, while
/// the spread of information and the parting of opinions are measured.
#[derive(Parser)]
#[command(name = "murmur", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a simulation from a configuration file.
    Run(run::RunArgs),
    /// Go on with a run after a stop, a crash or its end.
    Resume(run::ResumeArgs),
    /// Branch a new run off an old one, under other settings from some step on.
    Fork(run::ForkArgs),
    /// Carry a run out again with the decisions it recorded, and check that it comes out the same.
    Replay(run::ReplayArgs),
    /// Put a question to agents of a run, as they were at some step. Prints JSON Lines.
    Ask(ask::AskArgs),
    /// Take the results of an offline batch of model calls into a run.
    Batch(ask::BatchArgs),
    /// Run the same world under different conditions, many times, and compare what comes of it.
    Experiment(experiment::ExperimentArgs),
    /// Estimate the calls, tokens, cost and hours of a run with language models, before it is begun.
    Estimate(estimate::EstimateArgs),
    /// Write a run, finished or not, in a form that other programs read.
    Export(export::ExportArgs),
    /// Make one self-contained page of a run or an experiment, with pictures, that opens without a network.
    Report(report::ReportArgs),
    /// Show a run, one of its posts or one of its agents.
    Inspect(inspect::InspectArgs),
    /// Print the same measures of several runs side by side.
    Compare(compare::CompareArgs),
    /// Measure how far a run's population is divided, beside networks rewired at random.
    Division(division::DivisionArgs),
    /// Carry out a file of actions, line by line, on a platform of its own.
    Script(script::ScriptArgs),
    /// Run a model of opinions or of diffusion in its classical form, without a platform.
    Classic(classic::ClassicArgs),
    /// Fit at most three parameters to observed cascades and judge them on others.
    Calibrate(calibrate::CalibrateArgs),
    /// Measure your own data: cascades, opinions or a network. Prints JSON.
    #[command(subcommand)]
    Measure(measure::MeasureCommand),
    /// Measure what a step costs here, over numbers of agents, active agents and threads, and write a table with a plot.
    Bench(bench::BenchArgs),
    /// Serve as a model server without a model, with seeded replies, latencies and faults, until a signal comes.
    MockModel(mock_model::MockModelArgs),
    /// List every configuration key with its type, default and meaning, as Markdown.
    Keys,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => run::resume(&args),
        Command::Fork(args) => run::fork(&args),
        Command::Replay(args) => run::replay(&args),
        Command::Ask(args) => ask::ask(&args).map(|()| Done::Finished),
        Command::Batch(args) => ask::batch(&args).map(|()| Done::Finished),
        Command::Experiment(args) => experiment::experiment(&args),
        Command::Estimate(args) => estimate::estimate(&args).map(|()| Done::Finished),
        Command::Export(args) => export::export(&args).map(|()| Done::Finished),
        Command::Report(args) => report::report(&args).map(|()| Done::Finished),
        Command::Inspect(args) => inspect::inspect(&args).map(|()| Done::Finished),
        Command::Compare(args) => compare::compare(&args).map(|()| Done::Finished),
        Command::Division(args) => division::division(&args).map(|()| Done::Finished),
        Command::Script(args) => script::script(&args).map(|()| Done::Finished),
        Command::Classic(args) => classic::classic(&args).map(|()| Done::Finished),
        Command::Calibrate(args) => calibrate::calibrate(&args).map(|()| Done::Finished),
        Command::Measure(command) => measure::measure(&command).map(|()| Done::Finished),
        Command::Bench(args) => bench::bench(&args),
        Command::MockModel(args) => mock_model::mock_model(&args).map(|()| Done::Finished),
        Command::Keys => print_keys().map(|()| Done::Finished),
    };
    match result {
        Ok(Done::Finished) => ExitCode::SUCCESS,
        Ok(Done::Stopped) => ExitCode::from(stop::STOPPED),
        Err(failure) => {
            failure::tell(&format!("error: {failure}"));
            failure.exit_code()
        }
    }
}

fn print_keys() -> Result<(), failure::Failure> {
    failure::print(&murmur_engine::config::reference::markdown())
}
