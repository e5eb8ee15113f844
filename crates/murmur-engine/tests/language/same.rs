//! The same journal, whatever the servers, their number, their moods and the number of threads.

use murmur_llm::mock::{Faults, Latency, MockConfig, MockServer};

use crate::desk::{Desk, model, on_threads};

/// A world of two models, one with tools, and agents without any.
fn world(urls: &[String], platform: &str) -> String {
    let more = "sampling = { max_tokens = 200 }\n";
    [
        model("big", urls, &format!("{more}agents = {{ kind = \"first\", count = 12 }}")),
        model(
            "small",
            urls,
            &format!("{more}format = \"tools\"\nagents = {{ kind = \"share\", share = 0.4 }}"),
        ),
        format!("[prompt]\nplatform = {platform:?}\n"),
    ]
    .concat()
}

fn servers(count: usize, faults: f64, latency: Latency) -> Vec<MockServer> {
    let mut faults = Faults::all(faults);
    (faults.slow_ms, faults.retry_after_seconds) = (50, 0);
    let config = MockConfig { latency, faults, ..MockConfig::default() };
    (0..count).map(|_| MockServer::start(config.clone()).unwrap()).collect()
}

fn urls(servers: &[MockServer]) -> Vec<String> {
    servers.iter().map(MockServer::url).collect()
}

/// Runs with the prompts of `platform` come out the same on one thread and a quick server as on four and slow ones; with
/// faults likewise; and again without any server.
fn check_same(platform: &str, looks: &[&str]) {
    let desk = Desk::new();
    let slow = Latency { base_ms: 4.0, jitter: 1.0, ..Latency::default() };
    let cases = [
        ("quick", 1, 1, 0.0, Latency::default()),
        ("slow", 4, 3, 0.0, slow),
        ("faulty", 1, 1, 0.1, Latency::default()),
        ("slow and faulty", 4, 3, 0.1, slow),
    ];
    for (name, threads, count, faults, latency) in cases {
        let servers = servers(count, faults, latency);
        let config = desk.config(&world(&urls(&servers), platform), &["run.steps=6"]);
        let summary = on_threads(threads, || desk.run(config, name));
        let met: usize = servers.iter().map(|server| server.stats().faults.len()).max().unwrap();
        assert_eq!(met > 5, faults > 0.0, "{name}: {met} kinds of faults");
        for model in &summary.models {
            assert!(model.turns > 20, "{name}: {model:?}");
            assert_eq!(model.turns, model.valid + model.repaired + model.fallen_back, "{name}");
            assert_eq!(model.failed, 0, "{name}: the retries are enough");
        }
        let calls = desk.table(name, "calls");
        let looked = calls.iter().any(|call| call.text("purpose") == "act after look");
        assert_eq!(looked, !looks.is_empty(), "{name}");
        for look in looks {
            assert!(summary.actions[look] > 0, "{name}: {look}");
        }
    }
    assert_eq!(desk.digest("slow"), desk.digest("quick"));
    assert_eq!(desk.digest("slow and faulty"), desk.digest("faulty"));
    assert_ne!(desk.digest("faulty"), desk.digest("quick"), "some replies make no sense");
    for (name, ..) in cases {
        on_threads(4, || desk.replay(name, None)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_reddit_with_looking_around_is_the_same_however_its_servers_are() {
    check_same("reddit", &["trend", "refresh"]);
}

#[test]
fn an_x_is_the_same_however_its_servers_are() {
    check_same("x", &[]);
}

#[test]
fn calls_that_fail_for_good_are_the_same_in_a_replay() {
    let desk = Desk::new();
    let servers = servers(2, 0.5, Latency::default());
    let all = world(&urls(&servers), "reddit").replace("retries = 20", "retries = 0");
    let summary = desk.run(desk.config(&all, &["run.steps=4"]), "live");
    drop(servers);
    assert!(summary.models.iter().all(|model| model.failed > 5 && model.fallen_back > 5), "{summary:?}");
    let again = desk.replay("live", Some("again")).unwrap();
    assert_eq!((again, desk.digest("again")), (summary, desk.digest("live")));
}
