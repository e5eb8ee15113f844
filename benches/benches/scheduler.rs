//! How full the scheduler keeps model servers, how many calls a second it makes, and what memory a request takes.
//!
//! `cargo bench -p murmur-benches --bench scheduler`. The servers run in a process of their own, which this one starts:
//! each has slots, and a request holds one for a fixed time after waiting for it, as in an engine with a batch limit.
//! Utilisation is the work served over what the slots could have served in the time on the wall, the start included.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use murmur_benches::{figure, peak_memory, readable, reset_peak_memory, timed};
use murmur_llm::{Batch, ChatRequest, Job, Message, ModelConfig, Scheduler};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--serve") {
        serve(&arguments[place + 1..]);
        return;
    }
    keep_full("one server", &["64x50"]);
    keep_full("four unequal servers", &["64x50", "32x50", "64x100", "16x25"]);
    without_latency();
    memory();
}

/// 10,000 requests to servers with `SLOTSxMILLISECONDS`.
fn keep_full(name: &str, servers: &[&str]) {
    let farm = Farm::start(servers);
    let mut scheduler = farm.scheduler(1, 1024);
    let time = timed(|| ask(&mut scheduler, 10_000)).time;
    let a_second: f64 = servers.iter().map(|server| Slots::parse(server).a_second()).sum();
    figure(&format!("{name}: time of 10,000 requests"), &readable(time));
    let share = |time: Duration| format!("{:.1} %", 100.0 * 10_000.0 / (a_second * time.as_secs_f64()));
    figure(&format!("{name}: utilisation"), &share(time));
    let again = timed(|| ask(&mut scheduler, 10_000)).time;
    figure(&format!("{name}: utilisation in the next step"), &share(again));
}

/// Requests that are answered at once.
fn without_latency() {
    let farm = Farm::start(&["1000000x0"]);
    let mut scheduler = farm.scheduler(64, 64);
    ask(&mut scheduler, 1000);
    let time = timed(|| ask(&mut scheduler, 40_000)).time;
    figure("no latency: calls a second", &format!("{:.0}", 40_000.0 / time.as_secs_f64()));
}

/// Memory of 100,000 requests, few and many of them in flight.
fn memory() {
    let farm = Farm::start(&["1000000x200"]);
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

/// A prompt of about 700 tokens for each of `count` calls.
fn ask(scheduler: &mut Scheduler, count: u32) {
    let config: Arc<ModelConfig> = scheduler.config().clone();
    let instructions = "You are a person on a social network. ".repeat(60);
    let results = scheduler.run(Batch {
        count,
        affinity: &u64::from,
        render: &|i| {
            let system = Message::System { content: instructions.as_str().into() };
            let user = Message::User { content: format!("You are agent {i}. What do you do?").into() };
            Job::Ask(config.prepare(&ChatRequest {
                messages: vec![system, user],
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

/// A server's slots, and how long a request holds one.
struct Slots {
    count: usize,
    time: Duration,
    /// When those that have been used are free again.
    free: Mutex<BinaryHeap<Reverse<Instant>>>,
}

impl Slots {
    fn parse(server: &str) -> Self {
        let (count, milliseconds) = server.split_once('x').expect("SLOTSxMILLISECONDS");
        let time = Duration::from_millis(milliseconds.parse().expect("milliseconds"));
        Self { count: count.parse().expect("slots"), time, free: Mutex::default() }
    }

    fn a_second(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }

    /// When a request that comes now is answered. A slot that is waited for is taken over the moment it is free, so
    /// that the server's capacity does not depend on its timers.
    fn take(&self) -> Instant {
        let now = Instant::now();
        if self.time.is_zero() {
            return now;
        }
        let mut free = self.free.lock().expect("no panic");
        while free.len() >= self.count || free.peek().is_some_and(|Reverse(at)| *at <= now) {
            let Some(Reverse(at)) = free.pop() else { break };
            if at > now {
                free.push(Reverse(at + self.time));
                return at + self.time;
            }
        }
        free.push(Reverse(now + self.time));
        now + self.time
    }
}

/// Serves until it is killed, and prints the URLs.
fn serve(servers: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for server in servers.iter().filter(|argument| argument.contains('x')) {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            writeln!(std::io::stdout(), "http://{address}/v1").expect("a reader");
            let slots = Arc::new(Slots::parse(server));
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(connection(stream, slots.clone()));
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

const REPLY: &str = r#"{"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"like_post","arguments":"{\"post\": 3}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":612,"completion_tokens":21,"total_tokens":633}}"#;

/// Answers one request after the other.
async fn connection(mut stream: TcpStream, slots: Arc<Slots>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{REPLY}",
        REPLY.len()
    );
    let mut buffer = Vec::with_capacity(8192);
    loop {
        buffer.clear();
        let mut expected = None;
        while expected.is_none_or(|length| buffer.len() < length) {
            stream.read_buf(&mut buffer).await.ok().filter(|&bytes| bytes > 0)?;
            if expected.is_none() {
                expected = length(&buffer);
            }
        }
        let at = slots.take();
        if at > Instant::now() {
            tokio::time::sleep_until(at.into()).await;
        }
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Bytes of the request that begins so, if its head is whole.
fn length(request: &[u8]) -> Option<usize> {
    let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&request[..head]).ok()?.to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + 4 + length.trim().parse::<usize>().ok()?)
}
