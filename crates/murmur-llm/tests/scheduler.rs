//! The scheduler against servers that answer as they are told to, well or badly.

mod server;

use std::cell::RefCell;
use std::fs;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use murmur_llm::mock::{FaultKind, Faults, Latency, MockConfig, MockServer};
use murmur_llm::{
    Account, Batch, Budget, CallFailure, CallResult, ChatReply, ChatRequest, Finish, Job, Message,
    ModelConfig, ModelError, Scheduler, Spent, Usage,
};
use serde_json::{Value, json};

use server::{Answer, Call, Server};

/// A variable that cargo sets for tests, in the place of a key: tests cannot set one of their own without unsafe code.
const KEY_VARIABLE: &str = "CARGO_MANIFEST_DIR";
const KEY: &str = env!("CARGO_MANIFEST_DIR");

/// A scheduler of these servers, which tries again soon.
fn scheduler(servers: &[&Server], more: Value) -> Scheduler {
    scheduler_of(&servers.iter().map(|server| server.url()).collect::<Vec<_>>(), more)
}

fn scheduler_of(urls: &[String], more: Value) -> Scheduler {
    let mut config = json!({ "name": "n", "model": "m", "urls": urls, "backoff_seconds": 0.02 });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Scheduler::new(serde_json::from_value(config).unwrap()).unwrap()
}

/// The request number `i`, which says its number.
fn job(config: &ModelConfig, i: u32) -> Job {
    let content = format!("call {i}").into();
    Job::Ask(config.prepare(&ChatRequest {
        messages: vec![Message::User { content }],
        seed: i,
        ..ChatRequest::default()
    }))
}

/// What a batch is run with, but for its calls.
struct Run<'a> {
    deadline: Option<Duration>,
    accounts: &'a [&'a Account],
    /// Told how many calls have finished; whether it is to go on.
    go_on: &'a dyn Fn(usize) -> bool,
}

const PLAINLY: Run<'_> = Run { deadline: None, accounts: &[], go_on: &|_| true };

/// Runs `count` calls, the i-th one of agent i, and checks that each is told once, or not at all once given up.
fn ask(scheduler: &mut Scheduler, count: u32, run: Run<'_>) -> Vec<CallResult> {
    let config = scheduler.config().clone();
    let told = RefCell::new(Vec::new());
    let results = scheduler.run(Batch {
        count,
        affinity: &u64::from,
        render: &|i| job(&config, i),
        finished: &mut |i, result| {
            told.borrow_mut().push((i, result.clone()));
            if (run.go_on)(told.borrow().len()) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        },
        deadline: run.deadline,
        accounts: run.accounts,
    });
    let mut told = told.into_inner();
    told.sort_by_key(|&(i, _)| i);
    assert_eq!(results.len(), count as usize);
    assert!(told.iter().all(|(i, result)| results[*i as usize] == *result));
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "told twice");
    let untold = count as usize - told.len();
    let cancelled = results.iter().filter(|result| result.outcome == Err(CallFailure::Cancelled)).count();
    assert_eq!(untold, cancelled);
    results
}

fn content(call: &Call) -> String {
    call.body["messages"][0]["content"].as_str().unwrap_or_default().to_owned()
}

/// Says what it was told, at ten tokens for two.
fn well(call: &Call) -> Answer {
    Answer::ok(json!({
        "choices": [{ "message": { "role": "assistant", "content": content(call) }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 2 },
    }))
}

fn well_after(milliseconds: u64) -> impl Fn(&Call) -> Answer + Send + Sync + 'static {
    move |call| well(call).after(Duration::from_millis(milliseconds))
}

fn expected(i: usize) -> ChatReply {
    let usage = Usage { input: 10, cached: 0, output: 2 };
    ChatReply { text: format!("call {i}"), tool_calls: vec![], finish: Finish::Stop, usage }
}

/// Checks that every call has its own reply.
fn check_all(results: &[CallResult]) {
    for (i, result) in results.iter().enumerate() {
        assert_eq!(result.outcome, Ok(expected(i)), "after {} attempts", result.attempts);
    }
}

fn count(results: &[CallResult], is: impl Fn(&CallResult) -> bool) -> usize {
    results.iter().filter(|result| is(result)).count()
}

#[test]
fn replies_are_in_the_order_of_the_calls() {
    let server = Server::start(|call| well(call).after(Duration::from_millis((call.number as u64 * 7) % 20)));
    let mut scheduler =
        scheduler(&[&server], json!({ "most_in_flight": 8, "sampling": { "temperature": 0.5 } }));
    let results = ask(&mut scheduler, 100, PLAINLY);
    check_all(&results);
    assert!(
        results
            .iter()
            .all(|result| result.attempts == 1 && result.endpoint.as_deref() == Some(&server.url()))
    );
    assert_eq!((server.calls().len(), server.most_in_flight()), (100, 8));
    for call in server.calls() {
        assert_eq!(call.path, "/v1/chat/completions");
        assert_eq!((&call.body["model"], &call.body["temperature"]), (&json!("m"), &json!(0.5)));
        assert_eq!(content(&call), format!("call {}", call.body["seed"]));
        assert_eq!(call.header("authorization"), None);
    }
    let figures = scheduler.figures().snapshot();
    assert_eq!((figures.replies, figures.attempts, figures.in_flight), (100, 100, 0));
    assert_eq!((figures.input_tokens, figures.output_tokens), (1000, 200));
}

#[test]
fn no_calls_are_no_work() {
    let server = Server::start(well);
    assert_eq!(ask(&mut scheduler(&[&server], json!({})), 0, PLAINLY), []);
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn what_is_known_is_not_asked() {
    let server = Server::start(well);
    let mut scheduler = scheduler(&[&server], json!({}));
    let config = scheduler.config().clone();
    let results = scheduler.run(Batch {
        count: 10,
        affinity: &u64::from,
        render: &|i| match job(&config, i) {
            Job::Ask(request) if i % 2 == 0 => Job::Known(request.hash(), Box::new(Ok(expected(i as usize)))),
            job => job,
        },
        finished: &mut |_, _| ControlFlow::Continue(()),
        deadline: None,
        accounts: &[],
    });
    check_all(&results);
    assert_eq!(server.calls().len(), 5);
}

#[test]
fn the_limit_adapts_to_what_the_server_bears() {
    // Whatever is beyond 8 at once is refused.
    let now = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |call| {
        let before = now.fetch_add(1, Ordering::SeqCst);
        let answer = if before < 8 {
            thread::sleep(Duration::from_millis(10));
            well(call)
        } else {
            Answer::new(429, "slow down")
        };
        now.fetch_sub(1, Ordering::SeqCst);
        answer
    });
    let mut scheduler = scheduler(&[&server], json!({ "retries": 20 }));
    check_all(&ask(&mut scheduler, 400, PLAINLY));
    let settled = server.calls().len();
    check_all(&ask(&mut scheduler, 400, PLAINLY));
    let later = server.calls().len() - settled;
    assert!(later < 600, "{later} attempts for 400 calls");
    assert!(scheduler.figures().snapshot().capacity <= 16);
}

#[test]
fn the_limit_grows_to_what_fills_the_server_within_its_bounds() {
    let check = |most: usize, fits: fn(usize) -> bool| {
        let latency = Latency { base_ms: 20.0, ..Latency::default() };
        let server = MockServer::start(MockConfig { slots: 64, latency, ..MockConfig::default() }).unwrap();
        let mut scheduler = scheduler_of(&[server.url()], json!({ "most_in_flight": most }));
        ask(&mut scheduler, 2000, PLAINLY);
        let peak = server.stats().peak_in_flight;
        assert!(fits(peak) && peak <= most, "{peak} of {most} in flight");
    };
    check(24, |peak| peak == 24);
    check(4096, |peak| (64..=512).contains(&peak));
}

#[test]
fn rates_a_minute_hold() {
    let check = |more: Value, expected: f64| {
        let server = Server::start(well);
        let start = Instant::now();
        check_all(&ask(&mut scheduler(&[&server], more), 30, PLAINLY));
        let seconds = start.elapsed().as_secs_f64();
        assert!((expected..expected + 1.0).contains(&seconds), "{seconds} s for {expected}");
    };
    // Twenty at once, then twenty a second.
    check(json!({ "requests_per_minute": 1200 }), 0.45);
    // 30 × 12 tokens, of which 240 a second.
    check(json!({ "tokens_per_minute": 14_400, "sampling": { "max_tokens": 2 } }), 0.3);
}

#[test]
fn retry_after_is_waited_for() {
    let server = Server::start(|call| match call.number {
        0 => Answer::new(429, "").header("Retry-After", "1"),
        _ => well(call),
    });
    let start = Instant::now();
    let results = ask(&mut scheduler(&[&server], json!({})), 1, PLAINLY);
    check_all(&results);
    assert_eq!(results[0].attempts, 2);
    assert!((1.0..2.0).contains(&start.elapsed().as_secs_f64()));
}

#[test]
fn a_server_that_asks_for_time_is_obeyed_and_loses_no_call() {
    // Forty requests a second, by a counter that begins anew when a second has gone.
    let allowance = Mutex::new((Instant::now(), 0));
    let refused = Arc::new(AtomicUsize::new(0));
    let counter = refused.clone();
    let server = Server::start(move |call| {
        let mut allowance = allowance.lock().unwrap();
        if allowance.0.elapsed() >= Duration::from_secs(1) {
            *allowance = (Instant::now(), 0);
        }
        allowance.1 += 1;
        match allowance.1 {
            ..=40 => well(call),
            _ => {
                counter.fetch_add(1, Ordering::SeqCst);
                Answer::new(429, "").header("Retry-After", "1")
            }
        }
    });
    let mut scheduler = scheduler(&[&server], json!({ "retries": 0, "patience_seconds": 30 }));
    let start = Instant::now();
    check_all(&ask(&mut scheduler, 150, PLAINLY));
    assert!((2.5..7.0).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    let refused = refused.load(Ordering::SeqCst);
    assert!((5..100).contains(&refused), "{refused} refusals");
    assert_eq!(scheduler.figures().snapshot().healthy, 1);
}

#[test]
fn a_server_that_always_asks_for_time_is_given_up_in_the_end() {
    let server = Server::start(|_| Answer::new(429, "").header("Retry-After", "0"));
    let mut scheduler = scheduler(&[&server], json!({ "patience_seconds": 2, "most_in_flight": 4 }));
    let start = Instant::now();
    let results = ask(&mut scheduler, 100, PLAINLY);
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::NoEndpoint)), 100);
    assert!((2.0..4.0).contains(&start.elapsed().as_secs_f64()));
    assert!(server.calls().len() < 40, "{} requests", server.calls().len());
}

#[test]
fn an_outage_costs_time_and_no_call() {
    let start = Instant::now();
    let server = Server::start(move |call| match start.elapsed().as_secs() {
        ..2 => Answer::Cut,
        _ => well(call),
    });
    let mut scheduler = scheduler(&[&server], json!({ "retries": 2, "most_in_flight": 4 }));
    check_all(&ask(&mut scheduler, 50, PLAINLY));
    assert!(server.calls().len() < 50 + 20, "{} requests", server.calls().len());
}

#[test]
fn a_probe_without_time_proves_nothing() {
    let server = Server::start(|call| match call.number {
        ..5 => Answer::Cut,
        _ => well(call).after(Duration::from_secs(1)),
    });
    let more = json!({ "deadline_seconds": 0.3, "most_in_flight": 1, "retries": 20 });
    let mut scheduler = scheduler(&[&server], more);
    let results = ask(&mut scheduler, 3, PLAINLY);
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::Deadline)), 3);
    let longest = results.iter().map(|result| result.elapsed).max().unwrap();
    assert!(longest < Duration::from_millis(600), "{longest:?}: it waited for an endpoint");
    assert_eq!(scheduler.figures().snapshot().healthy, 0);
}

#[test]
fn failures_have_types_and_only_those_that_may_pass_are_tried_again() {
    let check = |answer: fn() -> Answer, attempts: u32, fits: fn(&CallFailure) -> bool| {
        let server = Server::start(move |_| answer());
        let more = json!({ "retries": 2, "timeout_seconds": 0.2, "api_key_env": KEY_VARIABLE });
        let mut scheduler = scheduler(&[&server], more);
        let result = ask(&mut scheduler, 1, PLAINLY).remove(0);
        let failure = result.outcome.unwrap_err();
        assert!(fits(&failure), "{failure:?}");
        assert!(!format!("{failure}{failure:?}").contains(KEY));
        assert_eq!((result.attempts, server.calls().len()), (attempts, attempts as usize), "{failure}");
        assert_eq!(server.calls()[0].header("authorization").unwrap(), format!("Bearer {KEY}"));
        let figures = scheduler.figures().snapshot();
        assert_eq!(figures.failures[failure.kind()], 1);
        assert_eq!(figures.failed_attempts[failure.kind()], u64::from(attempts));
    };
    let repeats_key = || Answer::new(400, format!("bad {KEY}"));
    check(repeats_key, 1, |failure| matches!(failure, CallFailure::Refused { status: Some(400), .. }));
    check(
        || Answer::new(401, ""),
        1,
        |failure| matches!(failure, CallFailure::Refused { status: Some(401), .. }),
    );
    check(
        || Answer::new(429, ""),
        3,
        |failure| matches!(failure, CallFailure::Overloaded { status: 429, .. }),
    );
    check(
        || Answer::new(500, KEY),
        3,
        |failure| matches!(failure, CallFailure::Overloaded { status: 500, .. }),
    );
    let names_key = || Answer::new(200, json!({ "choices": KEY }).to_string());
    check(names_key, 3, |failure| matches!(failure, CallFailure::Malformed { .. }));
    check(|| Answer::new(200, "{"), 3, |failure| matches!(failure, CallFailure::Malformed { .. }));
    check(|| Answer::Cut, 3, |failure| matches!(failure, CallFailure::Cut { .. }));
    check(|| Answer::CutBody, 3, |failure| matches!(failure, CallFailure::Cut { .. }));
    check(|| Answer::Endless, 3, |failure| matches!(failure, CallFailure::Malformed { .. }));
    let slow = || Answer::new(200, "").after(Duration::from_millis(400));
    check(slow, 3, |failure| matches!(failure, CallFailure::Timeout));
}

#[test]
fn deadlines_end_calls_and_steps() {
    let server = Server::start(well_after(1500));
    let mut limited = scheduler(&[&server], json!({ "deadline_seconds": 0.2, "most_in_flight": 4 }));
    let start = Instant::now();
    let results = ask(&mut limited, 4, PLAINLY);
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::Deadline)), 4);

    let mut scheduler = scheduler(&[&server], json!({ "most_in_flight": 4 }));
    let step = Run { deadline: Some(Duration::from_millis(200)), ..PLAINLY };
    let results = ask(&mut scheduler, 10, step);
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::Deadline)), 10);
    assert_eq!(count(&results, |result| result.hash.is_some()), 4, "those that were in flight");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn work_shifts_away_from_a_broken_endpoint_and_back() {
    let broken = Arc::new(AtomicUsize::new(1));
    let state = broken.clone();
    let first = Server::start(move |call| match state.load(Ordering::SeqCst) {
        0 => well_after(5)(call),
        _ => Answer::new(500, ""),
    });
    let second = Server::start(well_after(5));
    let mut scheduler = scheduler(&[&first, &second], json!({ "most_in_flight": 4 }));
    check_all(&ask(&mut scheduler, 200, PLAINLY));
    assert!(first.calls().len() <= 10, "{} calls to the broken one", first.calls().len());
    assert_eq!(scheduler.figures().snapshot().healthy, 1);

    broken.store(0, Ordering::SeqCst);
    thread::sleep(Duration::from_secs(1));
    check_all(&ask(&mut scheduler, 200, PLAINLY));
    assert!(first.calls().len() > 50, "{} calls to the mended one", first.calls().len());
    assert_eq!(scheduler.figures().snapshot().healthy, 2);
}

#[test]
fn an_endpoint_that_is_none_swallows_no_calls() {
    let check = |answer: fn() -> Answer| {
        let wrong = Server::start(move |_| answer());
        let right = Server::start(well_after(5));
        let mut scheduler = scheduler(&[&wrong, &right], json!({ "most_in_flight": 4 }));
        check_all(&ask(&mut scheduler, 200, PLAINLY));
        assert!((5..=12).contains(&wrong.calls().len()), "{} calls to the wrong one", wrong.calls().len());
        assert_eq!(scheduler.figures().snapshot().healthy, 1);
    };
    check(|| Answer::new(200, "<html>Sign in</html>"));
    check(|| Answer::new(401, ""));
    check(|| Answer::new(404, "no such model"));
    check(|| Answer::new(302, "").header("Location", "http://elsewhere/"));
}

#[test]
fn a_request_is_on_its_way_before_the_next_is_rendered() {
    let server = Server::start(well);
    let mut scheduler = scheduler(&[&server], json!({}));
    let config = scheduler.config().clone();
    let results = scheduler.run(Batch {
        count: 20,
        affinity: &u64::from,
        render: &|i| {
            let arrived = server.calls().len();
            // Connecting takes some turns.
            assert!(arrived + 6 >= i as usize, "{arrived} of {i}");
            thread::sleep(Duration::from_millis(10));
            job(&config, i)
        },
        finished: &mut |_, _| ControlFlow::Continue(()),
        deadline: None,
        accounts: &[],
    });
    check_all(&results);
}

#[test]
fn deadlines_hold_while_much_is_rendered() {
    let server = Server::start(well);
    let mut scheduler = scheduler(&[&server], json!({}));
    let config = scheduler.config().clone();
    let results = scheduler.run(Batch {
        count: 100_000,
        affinity: &u64::from,
        render: &|i| {
            thread::sleep(Duration::from_millis(1));
            let Job::Ask(request) = job(&config, i) else { panic!() };
            Job::Known(request.hash(), Box::new(Ok(expected(i as usize))))
        },
        finished: &mut |_, _| ControlFlow::Continue(()),
        deadline: Some(Duration::from_millis(300)),
        accounts: &[],
    });
    let known = count(&results, |result| result.outcome.is_ok());
    assert!((10..=400).contains(&known), "{known}");
}

#[test]
fn figures_are_live() {
    let server = Server::start(well_after(20));
    let prices = json!({ "input": 1000.0, "output": 5000.0 });
    let mut scheduler = scheduler(&[&server], json!({ "most_in_flight": 4, "prices": prices }));
    let figures = scheduler.figures();
    let moments = RefCell::new(Vec::new());
    let go_on = |_| {
        moments.borrow_mut().push(figures.snapshot());
        true
    };
    check_all(&ask(&mut scheduler, 100, Run { go_on: &go_on, ..PLAINLY }));
    let moments = moments.into_inner();
    let (early, late) = (&moments[20], &moments[90]);
    assert_eq!((early.capacity, early.endpoints, early.healthy), (4, 1, 1));
    assert!(early.in_flight == 4 && early.utilisation() == 1.0, "{early:?}");
    assert_eq!(late.replies, 91);
    assert_eq!(late.money_nanos, 91 * 20_000_000);
    // 12 tokens a call, 4 calls in a little more than 20 ms.
    let rate = late.tokens_per_second(early);
    assert!((600.0..=2800.0).contains(&rate), "{rate} tokens/s");
    assert_eq!(figures.snapshot().utilisation(), 0.0);
}

#[test]
fn when_no_endpoint_is_in_order_for_long_the_rest_has_failed() {
    let server = Server::start(|_| Answer::Cut);
    let mut scheduler = scheduler(&[&server], json!({ "patience_seconds": 0.3, "retries": 20 }));
    let start = Instant::now();
    let results = ask(&mut scheduler, 1000, PLAINLY);
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::NoEndpoint)), 1000);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_agent_meets_the_same_endpoint_until_it_is_full() {
    let servers: Vec<Server> = (0..4).map(|_| Server::start(well_after(2))).collect();
    let servers: Vec<&Server> = servers.iter().collect();
    let mut scheduler = scheduler(&servers, json!({ "least_in_flight": 16, "most_in_flight": 16 }));
    let first = ask(&mut scheduler, 30, PLAINLY);
    let second = ask(&mut scheduler, 30, PLAINLY);
    assert!(first.iter().zip(&second).all(|(first, second)| first.endpoint == second.endpoint));
    assert!(servers.iter().all(|server| !server.calls().is_empty()));

    // All calls of one agent: its endpoint is not enough.
    let config = scheduler.config().clone();
    let results = scheduler.run(Batch {
        count: 100,
        affinity: &|_| 7,
        render: &|i| job(&config, i),
        finished: &mut |_, _| ControlFlow::Continue(()),
        deadline: None,
        accounts: &[],
    });
    check_all(&results);
    for server in servers {
        let share = count(&results, |result| result.endpoint.as_deref() == Some(&server.url()));
        assert!(share >= 10, "{share}");
    }
}

#[test]
fn a_spent_budget_lets_what_is_in_flight_end() {
    let check = |budget: Budget| {
        let server = Server::start(well_after(2));
        let prices = json!({ "input": 1000.0, "output": 5000.0 });
        let mut scheduler = scheduler(&[&server], json!({ "most_in_flight": 4, "prices": prices }));
        let step = Account::new(Budget::default(), Spent::default());
        let run = Account::new(budget, Spent { tokens: 60, money_nanos: 0 });
        let results = ask(&mut scheduler, 100, Run { accounts: &[&step, &run], ..PLAINLY });
        let replies = count(&results, |result| result.outcome.is_ok());
        assert!((10..=13).contains(&replies), "{replies}");
        assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::BudgetSpent)), 100 - replies);
        assert_eq!(server.calls().len(), replies);
        // A call costs 10 tokens at 0.001 and 2 at 0.005.
        let spent = Spent { tokens: 12 * replies as u64, money_nanos: 20_000_000 * replies as u64 };
        assert_eq!(step.spent(), spent);
        assert_eq!(scheduler.figures().snapshot().money_nanos, spent.money_nanos);
        assert!(run.is_spent());
    };
    check(Budget { tokens: Some(60 + 120), money: None });
    check(Budget { tokens: None, money: Some(0.2) });
}

#[test]
fn endpoints_come_and_go_with_the_file_while_a_batch_runs() {
    let [old, new] = [(); 2].map(|()| Server::start(well_after(20)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endpoints.txt");
    fs::write(&path, format!("# the farm\n\n{}\n", old.url())).unwrap();
    let mut scheduler = scheduler(&[], json!({ "endpoints_file": path, "most_in_flight": 2 }));
    let figures = scheduler.figures();
    let go_on = |finished: usize| {
        match finished {
            10 => fs::write(&path, format!("{}\n{}\n", old.url(), new.url())).unwrap(),
            250 => fs::write(&path, new.url()).unwrap(),
            600 => fs::write(&path, "not a URL").unwrap(),
            _ => {}
        }
        true
    };
    let results = ask(&mut scheduler, 850, Run { go_on: &go_on, ..PLAINLY });
    check_all(&results);
    assert_eq!(old.calls().len() + new.calls().len(), 850);
    assert!(new.calls().len() > 250, "{} calls to the new one", new.calls().len());
    let before = old.calls().len();
    let fault = figures.snapshot().endpoints_fault.unwrap();
    assert!(fault.contains("line 1: expected a URL"), "{fault}");
    check_all(&ask(&mut scheduler, 10, PLAINLY));
    assert_eq!(old.calls().len(), before, "it is gone");
}

#[test]
fn no_call_is_lost_or_doubled_under_faults_of_any_kind() {
    let check = |kind: FaultKind| {
        let perfect = MockServer::start(MockConfig::default()).unwrap();
        let mut faults = Faults::default().with(kind, 0.1);
        (faults.slow_ms, faults.endless_tokens) = (50, 300);
        let latency = Latency { base_ms: 2.0, ..Latency::default() };
        let config = MockConfig { faults, latency, slots: 16, ..MockConfig::default() };
        let faulty = MockServer::start(config).unwrap();
        let more = json!({ "timeout_seconds": 0.3, "most_in_flight": 32 });
        let expected = ask(&mut scheduler_of(&[perfect.url()], more.clone()), 300, PLAINLY);
        let mut scheduler = scheduler_of(&[faulty.url()], more);
        let results = ask(&mut scheduler, 300, PLAINLY);

        let name = kind.name();
        assert_eq!(count(&results, |result| result.outcome.is_err()), 0, "{name}");
        let again = count(&results, |result| result.attempts > 1);
        let other = expected.iter().zip(&results).filter(|(a, b)| a.outcome != b.outcome).count();
        // A fault is in the transport or in what the model says, or is only slow.
        match kind {
            FaultKind::Slow => assert_eq!((again, other), (0, 0), "{name}"),
            FaultKind::Empty | FaultKind::Endless => assert!(again == 0 && other > 10, "{name}: {other}"),
            _ => assert!(again > 10 && other == 0, "{name}: {again} sent again, {other} other replies"),
        }
        let figures = scheduler.figures().snapshot();
        let attempts: u64 = results.iter().map(|result| u64::from(result.attempts)).sum();
        assert_eq!((figures.replies, figures.attempts), (300, attempts), "{name}");
        assert_eq!(faulty.stats().requests, attempts, "{name}");
    };
    // The others are like these two, of replies with tools or schemas.
    let kinds = [&FaultKind::ALL[..10], &[FaultKind::Empty, FaultKind::Endless]].concat();
    thread::scope(|scope| kinds.iter().for_each(|&kind| drop(scope.spawn(move || check(kind)))));
}

#[test]
fn a_batch_can_be_given_up_and_the_next_one_is_whole() {
    let server = Server::start(well_after(30));
    let mut scheduler = scheduler(&[&server], json!({ "most_in_flight": 4 }));
    let results = ask(&mut scheduler, 100, Run { go_on: &|finished| finished < 5, ..PLAINLY });
    assert_eq!(count(&results, |result| result.outcome == Err(CallFailure::Cancelled)), 95);
    thread::sleep(Duration::from_millis(100));
    let sent = server.calls().len();
    assert!(sent <= 12, "{sent}");
    check_all(&ask(&mut scheduler, 20, PLAINLY));
    assert_eq!(server.calls().len(), sent + 20);
}

#[test]
fn servers_are_waited_for() {
    let loading = Server::start(|call| match call.number {
        0 => Answer::new(503, "loading"),
        _ => Answer::ok(json!({ "data": [] })),
    });
    let without_list = Server::start(|_| Answer::new(404, ""));
    let ready = scheduler(&[&loading, &without_list], json!({})).wait_until_ready(Duration::from_secs(5));
    assert!(ready.is_ok(), "{ready:?}");
    assert_eq!(loading.calls().iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["/v1/models"; 2]);

    let never = Server::start(|_| Answer::new(503, "loading"));
    let waited = scheduler(&[&loading, &never], json!({})).wait_until_ready(Duration::from_millis(100));
    let Err(ModelError::NotReady { waiting, .. }) = waited else { panic!("{waited:?}") };
    assert!(waiting.len() == 1 && waiting[0].starts_with(&never.url()) && waiting[0].contains("loading"));

    let closed = Server::start(|_| Answer::new(401, ""));
    let refused = scheduler(&[&closed], json!({})).wait_until_ready(Duration::from_secs(60));
    assert!(matches!(refused, Err(ModelError::Server(_))), "{refused:?}");
}
