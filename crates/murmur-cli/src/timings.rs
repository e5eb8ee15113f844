//! Time and memory per phase, from the tracing spans that the phases open.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use murmur_engine::{MemoryUse, Simulation, StepReport};
use murmur_experiment::{StepTiming, Stretch, StructureBytes, held};
use tracing::span::{Attributes, Id};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The phases, in the order of the report.
const PHASES: [&str; 10] = [
    "setup",
    "activate",
    "recommend",
    "observe",
    "decide",
    "apply",
    "measure",
    "record",
    "checkpoint",
    "finish",
];

/// Parts of phases, in the order of the report. Threads work on the stages of the feed side by side, so their times are
/// added up over threads; the others are on the wall.
const PARTS: [&str; 23] = [
    "prepare",
    "source in-network",
    "source social-proof",
    "source interest",
    "source trending",
    "source hot",
    "source random",
    "scorer hot",
    "scorer x-score",
    "scorer similarity",
    "scorer like-history",
    "scorer likes",
    "scorer recency",
    "scorer engagement",
    "scorer agreement",
    "scorer bridging",
    "scorer author-diversity",
    "scorer out-of-network",
    "select",
    "embed",
    "inner",
    MODELS,
    "index",
];

/// The span in which a step waits for servers of models: a part of other phases.
const MODELS: &str = "models";

/// Times of spans by name, gathered while a run goes on.
#[derive(Clone, Default)]
pub(crate) struct Timings(Arc<Mutex<Gathered>>);

#[derive(Default)]
struct Gathered {
    times: BTreeMap<&'static str, Duration>,
    /// The times when the last step began.
    before: BTreeMap<&'static str, Duration>,
    steps: Vec<StepTiming>,
    /// Bytes that the process held when a phase ended first.
    resident: BTreeMap<String, u64>,
    structures: Vec<StructureBytes>,
}

/// When a span was opened.
struct Opened(Instant);

impl Timings {
    /// Whether it is a phase or a part of one.
    pub(crate) fn concerns(metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
            && *metadata.level() <= Level::INFO
            && PHASES.iter().chain(&PARTS).any(|name| *name == metadata.name())
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().expect("no thread panicked while it held the lock")
    }

    /// A step begins.
    pub(crate) fn begin_step(&self) {
        let gathered = &mut *self.gathered();
        gathered.before.clone_from(&gathered.times);
    }

    /// The step that began last has ended after `took`.
    pub(crate) fn end_step(&self, report: &StepReport, took: Duration) {
        let gathered = &mut *self.gathered();
        let since = |name: &&'static str| {
            let time = |times: &BTreeMap<_, Duration>| times.get(name).copied().unwrap_or_default();
            time(&gathered.times).saturating_sub(time(&gathered.before)).as_secs_f64()
        };
        let phases = PHASES.iter().filter(|name| gathered.times.contains_key(*name));
        let step = StepTiming {
            step: report.step.0,
            active: report.active,
            events: report.events,
            seconds: took.as_secs_f64(),
            model_seconds: since(&MODELS),
            phases: phases
                .map(|name| ((*name).to_owned(), since(name)))
                .filter(|phase| phase.1 > 0.0)
                .collect(),
        };
        gathered.steps.push(step);
    }

    /// Notes what the simulation holds in memory.
    pub(crate) fn note_memory(&self, simulation: &Simulation) {
        let uses = simulation.memory().into_iter();
        let bytes = |MemoryUse { structure, bytes }| StructureBytes { structure: structure.into(), bytes };
        self.gathered().structures = uses.map(bytes).collect();
    }

    /// All that was gathered so far.
    pub(crate) fn stretch(&self) -> Stretch {
        let gathered = self.gathered();
        let seconds = |(name, time): (&&'static str, &Duration)| ((*name).to_owned(), time.as_secs_f64());
        Stretch {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            threads: rayon::current_num_threads(),
            steps: gathered.steps.clone(),
            seconds: gathered.times.iter().map(seconds).collect(),
            // The kernel counts the two a little differently.
            peak_bytes: held()
                .map(|held| gathered.resident.values().copied().fold(held.most.max(held.now), u64::max)),
            resident_bytes: gathered.resident.clone(),
            structures: gathered.structures.clone(),
        }
    }
}

/// Tables of time and memory by phase, part and structure.
pub(crate) fn report(stretch: &Stretch) -> String {
    [phases(stretch), steps(stretch), parts(stretch), memory(stretch)].concat()
}

fn phases(stretch: &Stretch) -> String {
    let seconds = |name: &str| stretch.seconds.get(name).copied().unwrap_or_default();
    let total: f64 = PHASES.iter().map(|name| seconds(name)).sum();
    let mut table = format!("{:<24}{:>8}{:>13}\n", "time by phase", "share", "median step");
    for name in PHASES {
        let share = 100.0 * seconds(name) / total.max(f64::MIN_POSITIVE);
        let in_steps = stretch.median_of(|step| step.phases.get(name).copied().unwrap_or_default());
        let median = match in_steps.filter(|_| !matches!(name, "setup" | "checkpoint" | "finish")) {
            Some(median) => format!("{median:>10.4} s"),
            None => String::new(),
        };
        let line = format!("  {name:<10} {:>9.3} s {share:>5.1} % {median}", seconds(name));
        writeln!(table, "{}", line.trim_end()).expect("a string takes what it is given");
    }
    writeln!(table, "  {:<10} {total:>9.3} s", "all").expect("as above");
    table
}

fn steps(stretch: &Stretch) -> String {
    let (Some(worst), Some(median)) = (stretch.worst(), stretch.median_of(|step| step.seconds)) else {
        return String::new();
    };
    let waited: f64 = stretch.steps.iter().map(|step| step.model_seconds).sum();
    let mut table = format!(
        "\na step of {}: median {median:.4} s, worst {:.4} s (step {})\n",
        stretch.steps.len(),
        worst.seconds,
        worst.step
    );
    if waited > 0.0 {
        let median_of = |of: fn(&StepTiming) -> f64| stretch.median_of(of).unwrap_or_default();
        let (models, engine) = (median_of(|step| step.model_seconds), median_of(StepTiming::engine_seconds));
        writeln!(
            table,
            "  of it waiting for models: median {models:.4} s, {waited:.3} s in all; the rest: median {engine:.4} s"
        )
        .expect("as above");
    }
    table
}

fn parts(stretch: &Stretch) -> String {
    let mut table = String::from(
        "\nparts of phases; sources (with their filters), scorers and select are summed over threads\n",
    );
    for name in PARTS {
        if let Some(seconds) = stretch.seconds.get(name) {
            writeln!(table, "  {name:<23} {seconds:>9.3} s").expect("as above");
        }
    }
    table
}

fn memory(stretch: &Stretch) -> String {
    let mut table = String::from("\nmemory by structure, after the last step\n");
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    for StructureBytes { structure, bytes } in &stretch.structures {
        writeln!(table, "  {structure:<23} {:>9.1} MB", megabytes(*bytes)).expect("as above");
    }
    let structures = stretch.structures.iter().map(|use_| use_.bytes).sum();
    writeln!(table, "  {:<23} {:>9.1} MB", "all", megabytes(structures)).expect("as above");
    let Some(peak) = stretch.peak_bytes else {
        return table + "the process's memory is not known: this system has no /proc\n";
    };
    table += "\nmemory of the process at the first end of a phase\n";
    for name in PHASES {
        if let Some(&bytes) = stretch.resident_bytes.get(name) {
            writeln!(table, "  {name:<23} {:>9.1} MB", megabytes(bytes)).expect("as above");
        }
    }
    writeln!(table, "  {:<23} {:>9.1} MB", "peak", megabytes(peak)).expect("as above");
    table
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Timings {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Opened(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(Opened(start)) = span.extensions().get::<Opened>() {
            let took = start.elapsed();
            let gathered = &mut *self.gathered();
            *gathered.times.entry(span.name()).or_default() += took;
            if PHASES.contains(&span.name())
                && !gathered.resident.contains_key(span.name())
                && let Some(held) = held()
            {
                gathered.resident.insert(span.name().to_owned(), held.now);
            }
        }
    }
}
