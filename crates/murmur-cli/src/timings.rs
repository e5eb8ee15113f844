//! Time per phase, from the tracing spans that the phases open.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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
const PARTS: [&str; 22] = [
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
    "index",
];

/// Times of spans by name, gathered while a run goes on.
#[derive(Clone, Default)]
pub(crate) struct Timings(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

/// When a span was opened.
struct Opened(Instant);

impl Timings {
    /// Whether it is a phase or a part of one.
    pub(crate) fn concerns(metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
            && *metadata.level() <= Level::INFO
            && PHASES.iter().chain(&PARTS).any(|name| *name == metadata.name())
    }

    /// A table of time and share by phase.
    pub(crate) fn report(&self) -> String {
        let times = self.0.lock().expect("no thread panicked while it held the lock");
        let total: Duration = PHASES.iter().filter_map(|phase| times.get(phase)).sum();
        let mut table = String::from("time by phase\n");
        for name in PHASES {
            let time = times.get(name).copied().unwrap_or_default();
            let share = 100.0 * time.as_secs_f64() / total.as_secs_f64().max(f64::MIN_POSITIVE);
            writeln!(table, "  {name:<10} {:>9.3} s {share:>5.1} %", time.as_secs_f64())
                .expect("a string takes what it is given");
        }
        writeln!(table, "  {:<10} {:>9.3} s", "all", total.as_secs_f64()).expect("as above");
        table +=
            "\nparts of phases; sources (with their filters), scorers and select are summed over threads\n";
        for name in PARTS {
            if let Some(time) = times.get(name) {
                writeln!(table, "  {name:<23} {:>9.3} s", time.as_secs_f64()).expect("as above");
            }
        }
        table
    }
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
            let mut times = self.0.lock().expect("no thread panicked while it held the lock");
            *times.entry(span.name()).or_default() += start.elapsed();
        }
    }
}
