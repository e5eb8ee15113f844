//! How long feeds take at a city's scale: 10,000 active of a million agents with 20 million follows, and 200,000 live
//! posts.
//!
//! `cargo bench -p murmur-benches --bench feed`. The world fills for as many steps as a post stays live; then the time
//! of the phase `recommend` is taken from its tracing span, step by step, and medians are printed. A second world, with
//! 20,000 new posts a step, shows what it costs that posts come and go. `-- 100000` takes another number of agents.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use murmur_agents::{BehaviourConfig, SyntheticConfig};
use murmur_benches::{figure, peak_memory, readable};
use murmur_core::Probability;
use murmur_engine::config::{GraphConfig, PopulationConfig, SyntheticPopulation, TopicConfig};
use murmur_engine::{Config, Simulation};
use murmur_graph::GraphModel;
use murmur_graph::generate::Homophilous;
use murmur_recsys::{FeedConfig, Preset};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Steps that are timed.
const STEPS: usize = 12;

fn main() {
    let agents = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let spans = Spans::listen();
    println_title(agents);
    // 10,000 active agents write 3,500 posts a step, and a post is live for 57 steps.
    let named = |preset: &Preset| {
        std::env::args().all(|a| Preset::ALL.iter().all(|p| p.name() != a))
            || std::env::args().any(|a| a == preset.name())
    };
    for preset in [Preset::OasisX, Preset::XLike, Preset::Chronological].into_iter().filter(named) {
        time_feeds(agents, preset, 171, 0.35, &spans);
    }
    // 20,000 posts a step, live for 10 steps.
    time_feeds(agents, Preset::OasisX, 30, 2.0, &spans);
}

fn println_title(agents: u32) {
    figure("agents", &agents.to_string());
    figure("threads", &rayon::current_num_threads().to_string());
}

/// Fills a world in which agents write so many posts each time they are active, then times its feeds.
fn time_feeds(agents: u32, preset: Preset, max_age: u32, posts: f64, spans: &Spans) {
    let mut simulation = world(agents, preset, max_age, posts);
    for _ in 0..max_age / 3 {
        simulation.step().expect("nothing is written");
    }
    spans.take();
    let made = |simulation: &Simulation| simulation.world().public.posts().contents().len();
    let before = made(&simulation);
    let active: usize = (0..STEPS).map(|_| simulation.step().expect("nothing is written").active).sum();
    let made = made(&simulation) - before;
    let name = |what: &str| format!("{}, {} texts a step: {what}", preset.name(), made / STEPS);
    figure(&name("active agents"), &(active / STEPS).to_string());
    figure(&name("live texts"), &(made / STEPS * (max_age / 3) as usize).to_string());
    for span in ["recommend", "prepare", "index", "embed"] {
        figure(&name(span), &spans.median(span));
    }
    for (stage, time) in spans.stages() {
        figure(&name(&format!("{stage}, all threads, a step")), &readable(time / STEPS as u32));
    }
    spans.take();
    if let Some(peak) = peak_memory() {
        figure(&name("peak memory of the process so far"), &format!("{} MB", peak / 1_000_000));
    }
}

fn world(agents: u32, preset: Preset, max_age: u32, posts: f64) -> Simulation {
    let traits = SyntheticConfig {
        activity: Probability::of(10_000.0 / f64::from(agents)),
        hours: vec![1.0; 24],
        activity_spread: 0.0,
        ..SyntheticConfig::default()
    };
    let topic = |(name, words): (&str, [&str; 6])| TopicConfig {
        name: name.to_owned(),
        words: words.map(str::to_owned).to_vec(),
        ..TopicConfig::default()
    };
    let topics = [
        ("the vaccine", ["dose", "trial", "side effects", "booster", "immunity", "needle"]),
        ("the election", ["ballot", "candidate", "turnout", "debate", "poll", "recount"]),
        ("the new stadium", ["tickets", "parking", "match", "neighbourhood", "budget", "fans"]),
        ("the rents", ["landlord", "lease", "heating", "deposit", "housing", "eviction"]),
    ];
    let mut config = Config {
        topic: topics.map(topic).to_vec(),
        population: PopulationConfig::Synthetic(SyntheticPopulation { size: Some(agents), traits }),
        graph: GraphConfig::Generated(GraphModel::Homophilous(Homophilous::default())),
        feed: FeedConfig { preset, max_age: Some(max_age), ..FeedConfig::default() },
        behaviour: BehaviourConfig { posts_per_session: posts, ..BehaviourConfig::default() },
        ..Config::default()
    };
    config.behaviour.complete();
    config.run.steps = 10_000;
    config.metrics.every = Some(10_000);
    config.check().expect("the bench's own configuration");
    Simulation::new(config).expect("no input files")
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
        metadata.is_span()
            && (["recommend", "prepare", "index", "embed"].contains(&metadata.name())
                || is_stage(metadata.name()))
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
