//! `murmur bench`: the scaling table of this machine.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use murmur_engine::Override;
use murmur_experiment::scaling::{
    Active, Bench, CellNotice, Machine, Row, Scaled, ScalingError, ScalingPlan, ScalingResults,
};
use murmur_llm::mock::{MockConfig, MockServer};

use crate::failure::{Done, Failure, print, tell};
use crate::stop::StopRequest;

/// What is measured where no configuration is named.
const CONFIG: &str = include_str!("../../../configs/bench.toml");

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Configuration to measure, with a synthetic population [default: one for measuring, configs/bench.toml].
    config: Option<PathBuf>,
    /// Numbers of agents, separated by commas [default: 1000,10000,100000,1000000].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    agents: Vec<u32>,
    /// Agents active in a step: shares such as 0.01, or numbers such as 10000, the same at every size [default: 0.01,0.1].
    #[arg(long, value_name = "SHARE|N,…", value_delimiter = ',')]
    active: Vec<Active>,
    /// Numbers of threads [default: 1 and all cores].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    threads: Vec<u16>,
    /// Steps of a run that count [default: 10].
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Steps before them that do not [default: 2].
    #[arg(long, value_name = "N")]
    warm_up: Option<u32>,
    /// Runs of each cell [default: 3].
    #[arg(long, value_name = "N")]
    repeat: Option<u32>,
    /// Live posts before the first step [default: one for five agents].
    #[arg(long, value_name = "N")]
    posts: Option<u32>,
    /// Change one key of the configuration, for instance feed.preset=x-like. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Have a mock of a language model decide for the active agents, without latency, over HTTP.
    #[arg(long)]
    model: bool,
    /// A minute's worth: up to 100,000 agents, 5 steps, one run of each cell.
    #[arg(long)]
    quick: bool,
    /// Go on with a bench that was stopped: cells that were measured are not measured again.
    #[arg(long = "continue")]
    go_on: bool,
    /// Folder for the table.
    #[arg(long, value_name = "DIR", default_value = "bench")]
    out: PathBuf,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<Done, Failure> {
    let plan = args.plan();
    plan.check().map_err(Failure::input)?;
    args.open_folder(&plan)?;
    let config = args.config_file()?;
    let server = args.model.then(|| MockServer::start(MockConfig::default())).transpose()?;
    let model_url = server.as_ref().map(MockServer::url);
    let stop = StopRequest::listen_for(600, "murmur bench --continue")?;
    let machine = Machine::describe();
    warn_of_load(&machine, &plan);
    let bench = Bench {
        plan: &plan,
        machine,
        program: &std::env::current_exe()?,
        config: &config,
        folder: &args.out,
        model_url: model_url.as_deref(),
        is_stopped: &|| stop.is_wanted(),
        tell: &|notice| tell(&told(&notice)),
    };
    let (results, scaled) = bench.measure()?;
    if scaled == Scaled::Stopped {
        let folder = args.out.display();
        tell(&format!(
            "stopped; what was measured is in {folder}; go on with the same command and --continue"
        ));
        return Ok(Done::Stopped);
    }
    let page = args.out.join("bench.html");
    let html = murmur_report::report(&args.out)?.html;
    fs::write(&page, html).map_err(|error| cannot_write(&page, &error))?;
    print(&table(&results))?;
    print(&format!("\nwritten to {0}/bench.csv, {0}/bench.json and {0}/bench.html\n", args.out.display()))?;
    Ok(Done::Finished)
}

impl BenchArgs {
    fn plan(&self) -> ScalingPlan {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(512) as u16);
        let base = if self.quick { ScalingPlan::quick(cores) } else { ScalingPlan::full(cores) };
        let or = |given: &[u32], base: Vec<u32>| if given.is_empty() { base } else { given.to_vec() };
        ScalingPlan {
            agents: or(&self.agents, base.agents),
            active: if self.active.is_empty() { base.active } else { self.active.clone() },
            threads: if self.threads.is_empty() { base.threads } else { self.threads.clone() },
            steps: self.steps.unwrap_or(base.steps),
            warm_up: self.warm_up.unwrap_or(base.warm_up),
            repeats: self.repeat.unwrap_or(base.repeats),
            posts: self.posts,
            config: self.config.as_ref().map(|config| config.display().to_string()),
            settings: self.overrides.iter().map(ToString::to_string).collect(),
            model: self.model,
        }
    }

    /// Makes the folder, or sees to it that what is there may be gone on with.
    fn open_folder(&self, plan: &ScalingPlan) -> Result<(), Failure> {
        let folder = self.out.display();
        let failed = |error: io::Error| cannot_write(&self.out, &error);
        let before = ScalingResults::read(&self.out).map_err(failed)?;
        match before {
            Some(_) if !self.go_on => Err(Failure::input(format!(
                "{folder} holds a bench: go on with it with --continue, or give another --out"
            ))),
            Some(before) if !plan.measures_the_same(&before.plan) => Err(Failure::input(format!(
                "{folder} holds a bench of another configuration, of other settings or steps: give another --out"
            ))),
            _ => fs::create_dir_all(&self.out).map_err(failed),
        }
    }

    /// The configuration to measure; the one for measuring is written where the figures are.
    fn config_file(&self) -> Result<PathBuf, Failure> {
        if let Some(config) = &self.config {
            return Ok(config.clone());
        }
        let path = self.out.join("bench.toml");
        fs::write(&path, CONFIG).map_err(|error| cannot_write(&path, &error))?;
        Ok(path)
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::system(format!("{}: {error}", path.display()))
}

impl From<ScalingError> for Failure {
    fn from(error: ScalingError) -> Self {
        match error {
            ScalingError::Failed { .. } => Self::input(error.to_string()),
            ScalingError::Io { .. } => Self::system(error.to_string()),
        }
    }
}

/// Says what would spoil the figures.
fn warn_of_load(&Machine { load, cores, .. }: &Machine, plan: &ScalingPlan) {
    if let Some(load) = load.filter(|&load| load > 0.5) {
        tell(&format!(
            "warning: other work is going on here (load {load}): times will be too long, so repeat them later"
        ));
    }
    if let Some(threads) = plan.threads.iter().find(|&&threads| usize::from(threads) > cores) {
        tell(&format!("warning: {threads} threads share {cores} cores"));
    }
}

fn told(notice: &CellNotice<'_>) -> String {
    match notice {
        CellNotice::Begun(cell) => format!("measuring {}", cell.name()),
        CellNotice::Known(cell) => format!("{} was measured before", cell.name()),
        CellNotice::Skipped(skipped) => format!("{} is left out: {}", skipped.cell.name(), skipped.why),
    }
}

/// The table with what it was measured on.
fn table(results: &ScalingResults) -> String {
    let Machine { processor, cores, memory_bytes, copied_per_second, .. } = &results.machine;
    let mut text = format!(
        "{}, {cores} cores, {:.0} GB, copies {:.1} GB/s\n\n",
        processor.as_deref().unwrap_or("unknown processor"),
        memory_bytes.unwrap_or(0) as f64 / 1e9,
        copied_per_second / 1e9
    );
    text += "    agents      active  threads    step s  engine s   model s   setup s   peak GB   events/s\n";
    for row in &results.rows {
        let Row { agents, active, threads, step_seconds, engine_seconds, model_seconds, .. } = row;
        let peak = row.peak_bytes.map_or("-".to_owned(), |bytes| format!("{:.2}", bytes as f64 / 1e9));
        writeln!(
            text,
            "{agents:>10}  {active:>10.0}  {threads:>7}  {step_seconds:>8.4}  {engine_seconds:>8.4}  {model_seconds:>8.4}  \
             {:>8.2}  {peak:>8}  {:>9.0}",
            row.setup_seconds, row.events_per_second
        )
        .expect("a string takes what it is given");
    }
    text
}
