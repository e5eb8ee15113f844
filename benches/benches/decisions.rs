//! How many decisions a second agents with a language model make, end to end: observe, prompt, call, parse, apply, record.
//!
//! `cargo bench -p murmur-benches --bench decisions`. The model is a mock model (`docs/mock-model.md`) that answers at once
//! with replies that are valid under the schema, in a process of its own on the same machine. All agents are active in
//! every step, and each is shown five posts of its feed. A step of 1,000 agents with a stub of the same kind takes OASIS
//! 22.9 s (`../shared/oasis/REFERENCE.md`).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use murmur_benches::{figure, median, readable, timed};
use murmur_engine::{Config, Simulation};
use murmur_llm::mock::{MockConfig, MockServer};

fn main() {
    if std::env::args().any(|argument| argument == "--serve") {
        serve();
    }
    let server = Server::start();
    for (agents, feed) in [(1000, "chronological"), (8000, "chronological"), (8000, "x-like")] {
        decide(&server, agents, feed);
    }
}

const WARM_UP: u32 = 3;
const STEPS: u32 = 9;

fn decide(server: &Server, agents: u32, feed: &str) {
    let name = format!("{agents} agents, {feed}");
    let folder = std::env::temp_dir().join(format!("murmur-decisions-{}", std::process::id()));
    let mut simulation = Simulation::new(config(&server.url, agents, feed)).expect("a simulation");
    simulation.record_to(&folder).expect("a free folder");
    let mut step = || simulation.step().expect("a step");
    for _ in 0..WARM_UP {
        step();
    }
    let time = median(0..STEPS as usize, |_| {
        step();
    });
    figure(&format!("{name}: step, journal and ledger on"), &readable(time));
    figure(&format!("{name}: decisions a second"), &format!("{:.0}", f64::from(agents) / time.as_secs_f64()));
    let summary = simulation.summary();
    let model = &summary.models[0];
    let share = |part: u64| format!("{:.1} %", 100.0 * part as f64 / model.turns as f64);
    figure(
        &format!("{name}: valid at once, repaired"),
        &format!("{}, {}", share(model.valid), share(model.repaired)),
    );
    let finish = timed(|| simulation.finish().map(drop)).time;
    figure(&format!("{name}: tables and summary"), &readable(finish));
    std::fs::remove_dir_all(&folder).expect("a folder to remove");
}

fn config(url: &str, agents: u32, feed: &str) -> Config {
    let text = serde_json::json!({
        "run": { "steps": WARM_UP + STEPS, "start": "12:00" },
        "topic": [{ "name": "the election", "words": ["ballot", "candidate", "debate"] }, { "name": "the weather" }],
        "population": { "kind": "synthetic", "size": agents, "traits": { "activity": 1.0, "activity_spread": 0.0 } },
        "graph": { "kind": "barabasi-albert" },
        "feed": { "preset": feed },
        "prompt": { "exact_schema": true },
        "model": [{ "name": "mock", "model": "mock", "urls": [url], "least_in_flight": 64, "most_in_flight": 64 }],
    });
    serde_json::from_value(text).expect("a configuration")
}

/// A mock model in another process.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().expect("the bench is a file"))
            .arg("--serve")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be started again");
        let mut url = String::new();
        let mut out = BufReader::new(process.stdout.take().expect("it is piped"));
        out.read_line(&mut url).expect("a URL");
        Self { process, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed, and prints the URL.
fn serve() -> ! {
    let server =
        MockServer::start(MockConfig { slots: 65_536, ..MockConfig::default() }).expect("a free port");
    writeln!(std::io::stdout(), "{}", server.url()).expect("a reader");
    loop {
        std::thread::park();
    }
}
