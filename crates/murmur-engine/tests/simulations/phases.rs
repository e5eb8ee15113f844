//! What the phases of a step promise, seen in small simulations and their tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::tables::{Row, Run, config};
use murmur_core::{AgentId, TopicId};
use murmur_engine::Simulation;
use murmur_recsys::Preset;

/// A talkative small world in which everything happens.
const LIVELY: &str = r#"
    [run]
    seed = 4
    steps = 40
    start = "08:00"
    [[topic]]
    name = "tea"
    words = ["cup", "leaf"]
    [[topic]]
    name = "rain"
    [population]
    kind = "synthetic"
    size = 120
    [population.traits]
    activity = 0.3
    topics_per_agent = 1.3
    [graph]
    kind = "homophilous"
    mean_follows = 8.0
    core_accounts = 5
    [feed]
    preset = "x-like"
    [behaviour]
    posts_per_session = 0.15
    [behaviour.repost]
    constant = -2.0
    [behaviour.quote]
    constant = -3.5
    [behaviour.comment]
    constant = -3.5
    [behaviour.follow]
    constant = -4.0
    [behaviour.unfollow]
    constant = -4.0
    [opinion.model]
    kind = "bounded-confidence"
    confidence = 0.5
    rate = 0.1
    [[seed_post]]
    name = "rumour"
    author = 3
    step = 5
    topic = "tea"
    stance = -0.9
    text = "Tea is made of leaves from the pavement."
    [[seed_post]]
    author = 60
    step = 5
    topic = "tea"
    stance = 0.8
    text = "Tea is made of tea."
"#;

/// Agents who do nothing but be there, each active with probability 0.04 in 3 minutes.
fn idle(minutes_per_step: u32, hours: &str) -> String {
    format!(
        r#"
        [run]
        steps = 60
        minutes_per_step = {minutes_per_step}
        [[topic]]
        name = "tea"
        [population]
        kind = "synthetic"
        size = 3000
        [population.traits]
        activity = 0.04
        activity_spread = 0.0
        hours = {hours}
        [graph]
        kind = "erdos-renyi"
        mean_degree = 0.0
        [behaviour]
        posts_per_session = 0.0
        "#
    )
}

const LEVEL: &str = "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]";
const NIGHT: &str = "[24,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]";

/// The number of active agents, step by step.
fn active_by_step(toml: &str) -> Vec<usize> {
    let mut simulation = Simulation::new(config(toml)).unwrap();
    let steps = simulation.world().config.run.steps;
    (0..steps).map(|_| simulation.step().unwrap().active).collect()
}

/// Over 60 steps the mean number of active agents is `probability` of 3,000, within five standard errors.
fn check_active(minutes_per_step: u32, probability: f64) {
    let active: usize = active_by_step(&idle(minutes_per_step, LEVEL)).iter().sum();
    let draws = 60.0 * 3000.0;
    let error = (draws * probability * (1.0 - probability)).sqrt();
    let expected = draws * probability;
    assert!((active as f64 - expected).abs() < 5.0 * error, "{active} instead of {expected} ± {error}");
}

#[test]
fn activation_is_rescaled_to_the_length_of_a_step() {
    check_active(3, 0.04);
    check_active(1, 1.0 - 0.96f64.powf(1.0 / 3.0));
    check_active(6, 1.0 - 0.96f64.powi(2));
    check_active(30, 1.0 - 0.96f64.powi(10));
}

#[test]
fn activity_follows_the_hours() {
    // Twenty steps of 3 minutes are the first hour, which has all the day's activity: 24 times 0.04.
    let active = active_by_step(&idle(3, NIGHT));
    assert!(active[..20].iter().all(|&active| (2_820..=2_935).contains(&active)), "{active:?}");
    assert!(active[20..].iter().all(|&active| active == 0), "{active:?}");
}

#[test]
fn opinions_move_by_reading_alone_as_the_model_says() {
    let run = Run::of(config(LIVELY));
    let posts = run.table("posts");
    let agents = run.table("agents");
    let topics = ["tea", "rain"];
    let mut opinions: Vec<[f32; 2]> = agents
        .iter()
        .map(|row| topics.map(|topic| row.value(&format!("opinion_first:{topic}")).unwrap() as f32))
        .collect();
    let mut moved = 0;
    for exposure in run.table("exposures") {
        let post = &posts[exposure.number("post_id") as usize - 1];
        let topic =
            topics.iter().position(|&topic| topic == post.text("topic")).expect("all texts have a topic");
        let opinion = &mut opinions[exposure.number("agent_id") as usize][topic];
        let stance = post.value("stance").unwrap() as f32;
        if (stance - *opinion).abs() <= 0.5 {
            let after = *opinion + 0.1 * (stance - *opinion);
            assert!((stance - after).abs() <= (stance - *opinion).abs(), "towards what was read");
            moved += 1;
            *opinion = after;
        }
    }
    assert!(moved > 500, "{moved}");
    for (row, opinions) in agents.iter().zip(&opinions) {
        let last = topics.map(|topic| row.value(&format!("opinion_last:{topic}")).unwrap() as f32);
        assert_eq!(&last, opinions, "agent {}", row.number("agent_id"));
    }
}

#[test]
fn seed_posts_come_first_in_their_step_in_the_order_of_the_file() {
    let run = Run::of(config(LIVELY));
    let of_step: Vec<Row> = run.table("posts").into_iter().filter(|row| row.number("step") == 5).collect();
    let planted: Vec<(u32, &str, &str)> = of_step
        .iter()
        .take(2)
        .map(|row| (row.number("author_id"), row.text("topic"), row.text("content")))
        .collect();
    let expected =
        [(3, "tea", "Tea is made of leaves from the pavement."), (60, "tea", "Tea is made of tea.")];
    assert_eq!(planted, expected);
    assert!((of_step[0].value("stance").unwrap() + 0.9).abs() < 1e-6);
    assert!(
        run.table("exposures")
            .iter()
            .all(|row| { row.number("step") > 5 || row.number("post_id") < of_step[0].number("post_id") })
    );
    let named: Vec<String> = run
        .table("cascades")
        .iter()
        .filter(|row| !row.text("name").is_empty())
        .map(|row| format!("{} {}", row.number("root_id"), row.text("name")))
        .collect();
    let ids = [0, 1].map(|place| of_step[place].number("post_id"));
    assert_eq!(named, [format!("{} rumour", ids[0]), format!("{} seed 2", ids[1])]);
}

#[test]
fn what_is_read_was_made_before_and_what_is_done_was_read() {
    let run = Run::of(config(LIVELY));
    let posts = run.table("posts");
    let read: BTreeSet<(u32, u32, u32)> = run
        .table("exposures")
        .iter()
        .map(|row| {
            let post = row.number("post_id");
            assert!(posts[post as usize - 1].number("step") < row.number("step"));
            assert_ne!(posts[post as usize - 1].number("author_id"), row.number("agent_id"));
            (row.number("step"), row.number("agent_id"), post)
        })
        .collect();
    let mut acted = 0;
    for event in run.table("events") {
        if let Some(post) = event.optional("post_id") {
            assert!(read.contains(&(event.number("step"), event.number("agent_id"), post)), "{event:?}");
            acted += 1;
        }
    }
    assert!(acted > 100, "{acted}");
}

#[test]
fn sampled_exposures_are_those_of_whole_agents() {
    let full = Run::of(config(LIVELY)).table("exposures");
    let agents = |rows: &[Row]| rows.iter().map(|row| row.number("agent_id")).collect::<BTreeSet<u32>>();
    let check = |share: &str, expected: std::ops::RangeInclusive<usize>| {
        let run = Run::of(config(&format!("{LIVELY}\n[tables]\nexposures = {share}\n")));
        let sampled = run.table("exposures");
        let kept = agents(&sampled);
        assert!(expected.contains(&kept.len()), "{} agents at {share}", kept.len());
        let of_kept: Vec<Row> =
            full.iter().filter(|row| kept.contains(&row.number("agent_id"))).cloned().collect();
        assert_eq!(sampled, of_kept, "{share}");
        // Measures count everybody's, whatever is written.
        assert_eq!(run.summary.exposures as usize, full.len());
    };
    let all = agents(&full).len();
    check("1.0", all..=all);
    check("0.3", 16..=56);
    check("0.0", 0..=0);
}

#[test]
fn a_run_repeats_itself_and_another_seed_does_not() {
    let events =
        |seed: u32| Run::of(config(&LIVELY.replace("seed = 4", &format!("seed = {seed}")))).table("events");
    assert_eq!(events(4), events(4));
    assert_ne!(events(4), events(5));
}

#[test]
fn recording_changes_nothing() {
    let mut silent = Simulation::new(config(LIVELY)).unwrap();
    while !silent.is_finished() {
        silent.step().unwrap();
    }
    assert_eq!(silent.finish().unwrap(), Run::of(config(LIVELY)).summary);
}

/// Small and odd, but valid: the run ends, its tables are there and its measures are numbers.
fn check_odd(changes: &[(&str, &str)]) {
    let mut toml = LIVELY.to_owned();
    for (old, new) in changes {
        assert!(toml.contains(old), "{old}");
        toml = toml.replace(old, new);
    }
    let run = Run::of(config(&toml));
    let metrics = run.table("metrics");
    assert!(!metrics.is_empty());
    assert!(metrics.iter().all(|row| row.value("value").is_none_or(f64::is_finite)), "{changes:?}");
    for table in ["agents", "posts", "comments", "events", "exposures", "cascades"] {
        run.table(table);
    }
}

#[test]
fn odd_but_valid_worlds_run() {
    let no_follows = (
        "kind = \"homophilous\"\n    mean_follows = 8.0\n    core_accounts = 5",
        "kind = \"erdos-renyi\"\n    mean_degree = 0.0",
    );
    let seeds = [("author = 3\n", "author = 0\n"), ("author = 60", "author = 0")];
    check_odd(&[no_follows]);
    check_odd(&[no_follows, seeds[0], seeds[1], ("size = 120", "size = 1")]);
    check_odd(&[no_follows, seeds[0], seeds[1], ("size = 120", "size = 2")]);
    check_odd(&[("steps = 40", "steps = 6")]);
    check_odd(&[("steps = 40", "steps = 1"), ("step = 5", "step = 0")]);
    let preset = "preset = \"x-like\"";
    for other in Preset::ALL {
        check_odd(&[(preset, &format!("preset = \"{}\"", other.name()))]);
    }
    check_odd(&[(preset, "[[feed.pipeline]]\n slots = 1000\n source = [{ kind = \"hot\" }]")]);
    check_odd(&[(preset, "max_age = 1\n filter = []")]);
    check_odd(&[("start = \"08:00\"", "start = \"23:59\"\n minutes_per_step = 1440")]);
    check_odd(&[("posts_per_session = 0.15", "posts_per_session = 0.0\n session_seconds = 1e-300")]);
    check_odd(&[("activity = 0.3", "activity = 0.0"), ("step = 5", "step = 39")]);
    check_odd(&[("activity = 0.3", "activity = 1.0")]);
    check_odd(&[("[feed]", "[metrics]\n every = 7\n watch = []\n label = \"interest\"\n [feed]")]);
    check_odd(&[("name = \"tea\"\n    words = [\"cup\", \"leaf\"]", "name = \"tea\"\n    words = []")]);
    let topics: String = (0..62).map(|n| format!("[[topic]]\n name = \"topic {n}\"\n")).collect();
    check_odd(&[
        ("[population]", &format!("{topics}[population]")),
        ("topics_per_agent = 1.3", "topics_per_agent = 64.0"),
    ]);
}

#[test]
fn a_world_of_one_topic_keeps_opinions_in_their_columns() {
    let toml = LIVELY.replace("[[topic]]\n    name = \"rain\"\n", "");
    let mut columns = Vec::new();
    Run::watched(config(&toml), |simulation| {
        let beliefs = &simulation.world().beliefs;
        let column: Vec<f32> = beliefs.column(TopicId(0)).map(|opinion| opinion.get()).collect();
        let rows: Vec<f32> = (0..120).map(|agent| beliefs.of(AgentId(agent))[0].get()).collect();
        assert_eq!(column, rows);
        columns.push(column);
    });
    assert_eq!(columns.len(), 41);
    let changed: BTreeMap<usize, usize> = columns
        .windows(2)
        .map(|pair| pair[0].iter().zip(&pair[1]).filter(|(a, b)| a != b).count())
        .enumerate()
        .collect();
    assert!(changed.values().all(|&changed| changed < 80), "only the active move: {changed:?}");
}
