//! How full the scheduler keeps model servers, what faults cost, how many calls a second it makes, and what memory a
//! request takes.
//!
//! `cargo bench -p murmur-benches --bench scheduler`. The servers are mock models (`docs/mock-model.md`) in a process of
//! their own, which this one starts. Utilisation is the work served over what the slots could have served in the time on
//! the wall, the start and the end included. Requests are of about 700 tokens and offer two tools.

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use murmur_benches::{figure, median, peak_memory, readable, reset_peak_memory, timed};
use murmur_llm::mock::{FaultKind, Faults, Latency, MockConfig, MockServer};
use murmur_llm::{Batch, ChatRequest, Job, Message, ModelConfig, Scheduler};
use serde_json::value::RawValue;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--serve") {
        serve(&arguments[place + 1..]);
        return;
    }
    let wanted = arguments.iter().skip(1).find(|argument| !argument.starts_with('-'));
    let questions: [(&str, fn()); 4] =
        [("full", keep_all_full), ("zero", without_latency), ("memory", memory), ("faults", faults)];
    for (name, question) in questions {
        if wanted.is_none_or(|wanted| wanted == name) {
            question();
        }
    }
}

fn keep_all_full() {
    keep_full("one server", &["64x50"]);
    keep_full("four unequal servers", &["64x50", "32x50", "64x100", "16x25"]);
}

/// 10,000 requests to servers with `SLOTSxMILLISECONDS`.
fn keep_full(name: &str, servers: &[&str]) {
    let farm = Farm::start(servers);
    let mut scheduler = farm.scheduler(1, 1024);
    let a_second: f64 = servers.iter().map(|server| Slots::parse(server).a_second()).sum();
    let share = |time: Duration| format!("{:.1} %", 100.0 * 10_000.0 / (a_second * time.as_secs_f64()));
    let time = timed(|| ask(&mut scheduler, 10_000)).time;
    figure(&format!("{name}: time of 10,000 requests"), &readable(time));
    figure(&format!("{name}: utilisation in the first step"), &share(time));
    let again = timed(|| ask(&mut scheduler, 10_000)).time;
    figure(&format!("{name}: utilisation in the next step"), &share(again));
}

/// Requests that are answered at once.
fn without_latency() {
    let farm = Farm::start(&["65536x0"]);
    let mut scheduler = farm.scheduler(64, 64);
    ask(&mut scheduler, 2000);
    let time = median(0..5, |_| ask(&mut scheduler, 20_000));
    figure("no latency: calls a second", &format!("{:.0}", 20_000.0 / time.as_secs_f64()));
}

/// Memory of 100,000 requests, few and many of them in flight.
fn memory() {
    let farm = Farm::start(&["65536x200"]);
    let peak = |in_flight: usize, count: u32| {
        let mut scheduler = farm.scheduler(in_flight, in_flight);
        reset_peak_memory();
        ask(&mut scheduler, count);
        peak_memory().unwrap_or(0) as f64
    };
    const FEW: usize = 500;
    const MANY: usize = 4000;
    peak(FEW, 1000);
    let (short, few, many) = (peak(FEW, 10_000), peak(FEW, 100_000), peak(MANY, 100_000));
    let kilobytes = |bytes: f64| format!("{:.2} kB", bytes / 1000.0);
    figure("memory a request in flight", &kilobytes((many - few) / (MANY - FEW) as f64));
    figure("memory a request of a step, its result included", &kilobytes((few - short) / 90_000.0));
    figure("peak of 100,000 requests, 4,000 in flight", &format!("{:.1} MB", many / 1e6));
}

/// 20,000 requests of which 10 % meet a fault: of all kinds in turn, and of each kind. A timeout is 1 s here, a slow body
/// takes 0.5 s more, and `Retry-After` asks for 1 s.
fn faults() {
    let rate = |faults: &str| {
        let farm = Farm::start(&[&format!("64x50x{faults}")]);
        let mut scheduler = farm.scheduler(1, 1024);
        20_000.0 / timed(|| ask(&mut scheduler, 20_000)).time.as_secs_f64()
    };
    let well = rate("none");
    let kinds = FaultKind::ALL.map(FaultKind::name);
    for faults in ["all"].into_iter().chain(kinds) {
        let loss = 100.0 * (1.0 - rate(faults) / well);
        figure(&format!("10 % faults, {faults}: throughput lost"), &format!("{loss:.1} %"));
    }
}

const TOOLS: &str = r#"[{"type":"function","function":{"name":"like_post","description":"Like a post","parameters":
    {"type":"object","properties":{"post":{"type":"integer","minimum":1,"maximum":5}},"required":["post"]}}},
    {"type":"function","function":{"name":"create_post","description":"Write a post","parameters":
    {"type":"object","properties":{"content":{"type":"string"}},"required":["content"]}}}]"#;

/// A prompt of about 700 tokens for each of `count` calls.
fn ask(scheduler: &mut Scheduler, count: u32) {
    let config: Arc<ModelConfig> = scheduler.config().clone();
    let instructions = "You are a person on a social network. ".repeat(60);
    let tools = RawValue::from_string(TOOLS.to_owned()).expect("tools in JSON");
    let results = scheduler.run(Batch {
        count,
        affinity: &u64::from,
        render: &|i| {
            let system = Message::System { content: instructions.as_str().into() };
            let user = Message::User { content: format!("You are agent {i}. What do you do?").into() };
            Job::Ask(config.prepare(&ChatRequest {
                messages: vec![system, user],
                tools: Some(&tools),
                seed: i,
                ..ChatRequest::default()
            }))
        },
        finished: &mut |_, _| ControlFlow::Continue(()),
        deadline: None,
        accounts: &[],
    });
    assert!(results.iter().all(|result| result.outcome.is_ok()), "every call has a reply");
}

/// Servers in another process.
struct Farm {
    process: Child,
    urls: Vec<String>,
}

impl Farm {
    fn start(servers: &[&str]) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("the bench is a file"))
            .arg("--serve")
            .args(servers)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be started again");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let urls = lines.take(servers.len()).map(|line| line.expect("a URL")).collect();
        Self { process, urls }
    }

    fn scheduler(&self, least: usize, most: usize) -> Scheduler {
        let config = serde_json::json!({
            "name": "bench", "model": "m", "urls": self.urls, "least_in_flight": least, "most_in_flight": most,
            "timeout_seconds": 1,
        });
        Scheduler::new(serde_json::from_value(config).expect("a configuration")).expect("a scheduler")
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `SLOTSxMILLISECONDS`, and `xFAULTS` where a tenth of the requests meets one.
struct Slots {
    count: usize,
    milliseconds: f64,
    faults: Faults,
}

impl Slots {
    fn parse(server: &str) -> Self {
        let mut parts = server.splitn(3, 'x');
        let mut number =
            || -> f64 { parts.next().and_then(|part| part.parse().ok()).expect("SLOTSxMILLISECONDS") };
        let (count, milliseconds) = (number() as usize, number());
        let mut faults = match parts.next() {
            None | Some("none") => Faults::default(),
            Some("all") => Faults::all(0.1),
            Some(name) => {
                let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
                Faults::default().with(kind.expect("a kind of fault"), 0.1)
            }
        };
        (faults.slow_ms, faults.endless_tokens) = (500, 500);
        Self { count, milliseconds, faults }
    }

    fn a_second(&self) -> f64 {
        self.count as f64 / self.milliseconds * 1000.0
    }
}

/// Serves until it is killed, and prints the URLs.
fn serve(servers: &[String]) {
    let servers: Vec<MockServer> = servers
        .iter()
        .filter(|argument| argument.contains('x'))
        .map(|server| {
            let Slots { count, milliseconds, faults } = Slots::parse(server);
            let latency = Latency { base_ms: milliseconds, ..Latency::default() };
            let config = MockConfig { slots: count, latency, faults, ..MockConfig::default() };
            MockServer::start(config).expect("a free port")
        })
        .collect();
    for server in &servers {
        writeln!(std::io::stdout(), "{}", server.url()).expect("a reader");
    }
    loop {
        std::thread::park();
    }
}
