//! How long feeds take at a city's scale, and how many posts are scored for each reader.
//!
//! `cargo bench -p murmur-benches --bench feed`. A world steps some times, so that agents have read, liked and written;
//! then feeds for readers drawn evenly among all agents are made again and again, in turn on one thread and on all. What
//! comes out must be the same each time. By default the world is `configs/million.toml` with its presets `oasis-x` and
//! `x-like`: 200,000 live posts, 10,000 readers. Arguments after `--`:
//!
//! - `--config PATH` another world, `--set KEY=VALUE` one with a key changed (any number of times);
//! - `--preset NAME` that feed alone;
//! - `--readers N`, such as 200000 for a dense step;
//! - `--steps N` before feeds are made (6), `--rounds N` of making them (5).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use murmur_benches::{figure, peak_memory, readable, timed};
use murmur_core::AgentId;
use murmur_engine::Simulation;
use murmur_engine::config::{Override, load};
use murmur_recsys::{Feeds, Preset};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Phases of a step that are timed while the world steps.
const PHASES: [&str; 4] = ["recommend", "prepare", "index", "embed"];

/// What is measured.
struct Plan {
    config: PathBuf,
    settings: Vec<Override>,
    presets: Vec<String>,
    readers: usize,
    steps: usize,
    rounds: usize,
}

impl Plan {
    /// What the arguments say.
    fn new() -> Self {
        let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/million.toml");
        let mut plan = Self {
            config: PathBuf::from(configs),
            settings: Vec::new(),
            presets: [Preset::OasisX, Preset::XLike].map(|preset| preset.name().to_owned()).to_vec(),
            readers: 10_000,
            steps: 6,
            rounds: 5,
        };
        // Cargo adds `--bench`.
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(key) = arguments.next() {
            let value = arguments.next().unwrap_or_else(|| panic!("{key}: expected a value"));
            let number =
                || value.parse().unwrap_or_else(|_| panic!("{key}: expected a number, found {value}"));
            match key.as_str() {
                "--config" => plan.config = PathBuf::from(value),
                "--set" => plan.settings.push(value.parse().expect("a setting is KEY=VALUE")),
                "--preset" => plan.presets = vec![value],
                "--readers" => plan.readers = number(),
                "--steps" => plan.steps = number(),
                "--rounds" => plan.rounds = number(),
                _ => panic!("{key}: expected --config, --set, --preset, --readers, --steps or --rounds"),
            }
        }
        plan
    }

    fn world(&self, preset: &str) -> Simulation {
        let mut settings = vec![Override::new("feed.preset", preset)];
        settings.extend(self.settings.iter().cloned());
        let config = load(&self.config, &settings).unwrap_or_else(|error| panic!("{error}"));
        Simulation::new(config).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn main() {
    let plan = Plan::new();
    let spans = Spans::listen();
    for preset in &plan.presets {
        time_feeds(&plan, preset, &spans);
    }
}

/// Lets the world of a preset step, then times its feeds.
fn time_feeds(plan: &Plan, preset: &str, spans: &Spans) {
    let name = |what: &str| format!("{preset}: {what}");
    let made = timed(|| plan.world(preset));
    figure(&name("world made in"), &readable(made.time));
    let mut simulation = made.value;
    let active: usize = (0..plan.steps).map(|_| simulation.step().expect("nothing is written").active).sum();
    figure(&name("active agents, a step"), &(active / plan.steps.max(1)).to_string());
    for phase in PHASES {
        figure(&name(&format!("{phase}, median of the steps")), &spans.median(phase));
    }
    spans.take();

    let agents = simulation.world().public.agents() as usize;
    figure(&name("agents"), &agents.to_string());
    figure(&name("texts"), &simulation.world().public.posts().contents().len().to_string());
    let count = plan.readers.min(agents);
    let readers: Vec<AgentId> = (0..count).map(|place| AgentId((place * agents / count) as u32)).collect();
    figure(&name("readers"), &readers.len().to_string());
    let feeds = time_threads(plan, preset, &simulation, &readers);
    for (stage, time) in spans.stages() {
        // Rounds are made on one thread and on all.
        let time = time / (2 * plan.rounds.max(1)) as u32;
        figure(&name(&format!("{stage}, all threads together")), &readable(time));
    }
    spans.take();
    if let Some(feeds) = feeds {
        tell_scored(preset, &feeds, readers.len());
    }
    if let Some(peak) = peak_memory() {
        figure(&name("peak memory of the process so far"), &format!("{} MB", peak / 1_000_000));
    }
}

/// Times the readers' feeds on one thread and on all in turn; the feeds.
fn time_threads(plan: &Plan, preset: &str, simulation: &Simulation, readers: &[AgentId]) -> Option<Feeds> {
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be made");
    let pools: [ThreadPool; 2] = [pool(1), pool(0)];
    let mut times = [Vec::new(), Vec::new()];
    let mut first = None;
    for _ in 0..plan.rounds {
        for (pool, times) in pools.iter().zip(&mut times) {
            let made = pool.install(|| timed(|| simulation.feeds(readers)));
            times.push(made.time);
            let first = first.get_or_insert_with(|| made.value.clone());
            assert!(*first == made.value, "feeds are the same on any number of threads");
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    });
    for (pool, time) in pools.iter().zip(medians) {
        let what = format!("feeds of all readers, median, threads: {}", pool.current_num_threads());
        figure(&format!("{preset}: {what}"), &readable(time));
    }
    let ratio = medians[0].as_secs_f64() / medians[1].as_secs_f64();
    figure(&format!("{preset}: one thread's time / all threads'"), &format!("{ratio:.2}"));
    first
}

/// Prints how many posts were scored for a reader, at least and in the middle.
fn tell_scored(preset: &str, feeds: &Feeds, readers: usize) {
    let scored = || (0..readers).map(|reader| feeds.scored(reader));
    let kinds: [(&str, Vec<u32>); 4] = [
        ("posts scored by searches, by code", scored().map(|scored| scored.searched.estimated).collect()),
        ("posts scored by searches, exactly", scored().map(|scored| scored.searched.exactly).collect()),
        ("candidates ranked by scorers", scored().map(|scored| scored.ranked).collect()),
        ("rows served", (0..readers).map(|reader| feeds.of(reader).len() as u32).collect()),
    ];
    for (what, mut counts) in kinds {
        counts.sort_unstable();
        let (least, middle) = (counts[0], counts[counts.len() / 2]);
        figure(&format!("{preset}: {what}, least / median"), &format!("{least} / {middle}"));
    }
}

fn is_stage(span: &str) -> bool {
    span.starts_with("source ") || span.starts_with("scorer ") || span == "select"
}

/// Times of spans, gathered while they close.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<(&'static str, Duration)>>>);

struct Opened(Instant);

impl Spans {
    fn listen() -> Self {
        let spans = Self::default();
        let subscriber = tracing_subscriber::registry().with(spans.clone());
        tracing::subscriber::set_global_default(subscriber).expect("one listener per process");
        spans
    }

    fn take(&self) -> Vec<(&'static str, Duration)> {
        std::mem::take(&mut self.0.lock().expect("nobody panics while holding it"))
    }

    /// The stages of feeds, with their times on all threads together.
    fn stages(&self) -> BTreeMap<&'static str, Duration> {
        let spans = self.0.lock().expect("nobody panics while holding it");
        let mut sums = BTreeMap::new();
        for &(name, time) in spans.iter().filter(|(name, _)| is_stage(name)) {
            *sums.entry(name).or_default() += time;
        }
        sums
    }

    fn median(&self, name: &str) -> String {
        let spans = self.0.lock().expect("nobody panics while holding it");
        let mut times: Vec<Duration> =
            spans.iter().filter(|(span, _)| *span == name).map(|(_, time)| *time).collect();
        times.sort_unstable();
        times.get(times.len() / 2).map_or_else(|| "-".to_owned(), |time| readable(*time))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && (PHASES.contains(&metadata.name()) || is_stage(metadata.name()))
    }

    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Opened(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(Opened(start)) = span.extensions().get::<Opened>() {
            let mut spans = self.0.lock().expect("nobody panics while holding it");
            spans.push((span.name(), start.elapsed()));
        }
    }
}
