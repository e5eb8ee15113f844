//! Voting experiments: what is planted, what is measured of it, and that it survives a stop.

use std::path::Path;

use crate::tables::{Row, Run, config};
use murmur_engine::{Config, ForkRequest, Simulation};

const STEPS: u32 = 16;
const POSTS: u32 = 9;

/// A small world that votes, with posts of all three groups.
fn world(folder: &Path, first: &str) -> String {
    let group = |number: u32| ["up", "control", "down"][number as usize % 3];
    let post = |number: u32| {
        format!(
            r#"{{"RS": {{"title": "None", "selftext": "Tea {number} grows on the moon."}},
                "RC_1": {{"body": "Tea {number}", "group": "{}"}}}}"#,
            group(number)
        )
    };
    let posts: Vec<String> = (0..POSTS).map(post).collect();
    let path = folder.join("posts.json");
    std::fs::write(&path, format!("[{}]", posts.join(","))).unwrap();
    format!(
        r#"
        [run]
        seed = 5
        steps = {STEPS}
        start = "12:00"
        [[topic]]
        name = "tea"
        [population]
        kind = "synthetic"
        size = 70
        [population.traits]
        activity = 0.25
        [graph]
        kind = "erdos-renyi"
        mean_degree = 3.0
        [behaviour]
        posts_per_session = 0.02
        [behaviour.like]
        constant = -0.3
        score = 0.6
        [behaviour.dislike]
        constant = -1.0
        score = -0.6
        [[seed_post]]
        name = "rumour"
        author = 2
        step = 3
        topic = "tea"
        stance = -0.9
        text = "Tea is made of leaves from the pavement."
        [journal]
        checkpoint_every = 4
        [votes]
        path = {path:?}
        first = "{first}"
        step = 2
        over = 3
        "#
    )
}

fn run(first: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    Run::of(config(&world(folder.path(), first)))
}

/// The value of a measure of the experiment at the end of a step.
fn recorded(metrics: &[Row], metric: &str, step: u32) -> Option<f64> {
    let of = |row: &&Row| {
        row.number("step") == step && row.text("scope") == "votes" && row.text("metric") == metric
    };
    metrics.iter().find(of).and_then(|row| row.value("value"))
}

#[test]
fn measures_and_table_equal_plain_counts_over_the_tables() {
    let run = run("as-grouped");
    let [votes, events, exposures, posts, metrics] =
        ["votes", "events", "exposures", "posts", "metrics"].map(|name| run.table(name));
    assert_eq!(votes.len() as u32, POSTS);
    let root_of = |row: &Row| posts[row.number("post_id") as usize - 1].number("root_id");
    let (mut voted_up, mut scores) = (0, std::collections::BTreeSet::new());
    for step in 0..STEPS {
        let (mut planted, mut read, mut ups, mut downs, mut score) = (0, 0, 0, 0, 0);
        for row in votes.iter().filter(|row| row.number("step") <= step) {
            planted += 1;
            let root = row.number("post_id");
            let subject = |other: &Row| {
                let agent = other.number("agent_id");
                agent != row.number("author_id") && agent != row.number("confederate_id")
            };
            let of_root =
                |other: &Row| root_of(other) == root && other.number("step") <= step && subject(other);
            let cast = |action: &str| {
                let votes = events.iter().filter(|event| {
                    event.text("action") == action && event.text("outcome") == "done" && of_root(event)
                });
                votes.map(|event| (event.number("step"), event.number("agent_id"))).collect::<Vec<_>>()
            };
            let (up, down) = (cast("like_post"), cast("dislike_post"));
            score += up.len() as i32 - down.len() as i32;
            // Of those who read it in the same step, the order of the events tells who was first; ask the table.
            let first = exposures.iter().filter(|row| of_root(row)).map(|row| row.number("step")).min();
            read += u32::from(first.is_some());
            if let Some(first) = first {
                assert_eq!(row.optional("first_read_step"), Some(first));
                let reader = (first, row.number("first_reader_id"));
                ups += u32::from(up.contains(&reader));
                downs += u32::from(down.contains(&reader));
                let vote = if up.contains(&reader) {
                    "up"
                } else if down.contains(&reader) {
                    "down"
                } else {
                    "none"
                };
                assert_eq!(row.text("first_reader_vote"), vote);
            }
            if step == STEPS - 1 {
                let reads = exposures.iter().filter(|row| of_root(row)).count() as u32;
                assert_eq!((row.number("reads"), row.number("up")), (reads, up.len() as u32));
                assert_eq!(row.value("score"), Some(up.len() as f64 - down.len() as f64));
                scores.insert(up.len() as i32 - down.len() as i32);
            }
        }
        voted_up = ups;
        let share = |count: u32, all: u32| (all > 0).then(|| f64::from(count) / f64::from(all));
        let value = |metric| recorded(&metrics, metric, step);
        assert_eq!(value("posts"), Some(f64::from(planted)), "at {step}");
        assert_eq!(value("posts_read"), Some(f64::from(read)), "at {step}");
        assert_eq!(value("first_viewer_up_share"), share(ups, read), "at {step}");
        assert_eq!(value("first_viewer_down_share"), share(downs, read), "at {step}");
        assert_eq!(value("score_mean"), (planted > 0).then(|| f64::from(score) / f64::from(planted)));
    }
    assert!(voted_up > 0 && scores.len() > 2, "{voted_up} {scores:?}");
}

#[test]
fn every_post_gets_its_claim_and_its_first_vote_at_once() {
    let run = run("as-grouped");
    let [votes, events, comments] = ["votes", "events", "comments"].map(|name| run.table(name));
    for row in &votes {
        let (number, root) = (row.number("post"), row.number("post_id"));
        assert_eq!(row.number("step"), 2 + number * 3 / POSTS);
        let comment = comments.iter().find(|comment| comment.number("post_id") == root).unwrap();
        assert_eq!(comment.text("content"), format!("Tea {number}"));
        assert_eq!(comment.number("author_id"), row.number("author_id"));
        let expected = ["up", "none", "down"][number as usize % 3];
        assert_eq!(row.text("first_vote"), expected);
        assert_eq!(row.text("group"), ["up", "control", "down"][number as usize % 3]);
        let by_confederate = events.iter().filter(|event| {
            event.optional("post_id") == Some(root)
                && event.number("step") == row.number("step")
                && event.number("agent_id") == row.number("confederate_id")
        });
        let actions: Vec<&str> = by_confederate.map(|event| event.text("action")).collect();
        let all = [("up", vec!["like_post"]), ("none", vec![]), ("down", vec!["dislike_post"])];
        assert!(all.contains(&(expected, actions)), "post {number}");
    }
}

#[test]
fn arms_differ_in_the_first_vote_alone_until_somebody_reads() {
    let [up, none, down] = ["up", "none", "down"].map(|first| run(first).table("votes"));
    let planted = |rows: &[Row]| {
        let columns = ["post", "author_id", "confederate_id", "step"];
        rows.iter().map(|row| columns.map(|column| row.number(column))).collect::<Vec<_>>()
    };
    assert!(planted(&up) == planted(&none) && planted(&none) == planted(&down));
    for (arm, vote) in [(&up, "up"), (&none, "none"), (&down, "down")] {
        assert!(arm.iter().all(|row| row.text("first_vote") == vote));
    }
    // Who reads what in the first step after planting depends on nothing that the first vote changes, and the score
    // weighs: who would have liked a post that is voted down likes it when it is voted up.
    let earliest = |rows: &[Row]| {
        let firsts =
            rows.iter().filter(|row| row.number("post") < 3 && row.optional("first_read_step") == Some(3));
        firsts.map(|row| row.number("first_reader_id")).collect::<Vec<_>>()
    };
    assert_eq!(earliest(&up), earliest(&down));
    let likers = |rows: &[Row]| {
        let liked = |row: &&Row| row.number("post") < 3 && row.text("first_reader_vote") == "up";
        rows.iter().filter(liked).map(|row| row.number("post")).collect::<Vec<_>>()
    };
    assert!(likers(&down).iter().all(|post| likers(&up).contains(post)));
}

fn to_end(mut simulation: Simulation) {
    while !simulation.is_finished() {
        simulation.step().unwrap();
    }
    simulation.finish().unwrap();
}

fn votes_of(folder: &Path) -> Vec<Row> {
    crate::tables::rows_of(&folder.join("tables/votes.parquet"))
}

#[test]
fn a_stopped_forked_or_replayed_experiment_comes_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Most readings are in no journal, so that what was seen of the posts has to be kept.
    let toml = world(folder.path(), "as-grouped") + "[tables]\nexposures = 0.2\n";
    let config: Config = config(&toml);
    let recorded = |name: &str| {
        let mut simulation = Simulation::new(config.clone()).unwrap();
        simulation.record_to(&path(name)).unwrap();
        simulation
    };
    to_end(recorded("whole"));
    let whole = votes_of(&path("whole"));
    assert!(whole.iter().any(|row| row.text("first_reader_vote") == "up"));
    let open = |name: &str| murmur_engine::Run::open(&path(name)).unwrap();
    for stop in [3, 9, 12] {
        let name = format!("stopped at {stop}");
        let mut simulation = recorded(&name);
        for _ in 0..stop {
            simulation.step().unwrap();
        }
        drop(simulation);
        to_end(open(&name).resume(None).unwrap().simulation);
        assert_eq!(open(&name).digest().unwrap(), open("whole").digest().unwrap(), "{name}");
        assert!(votes_of(&path(&name)) == whole, "{name}");

        let out = path(&format!("forked at {stop}"));
        let request = ForkRequest { at: murmur_core::Step(stop), overrides: &[], out: &out };
        to_end(open("whole").fork(&request).unwrap().simulation);
        assert!(votes_of(&out) == whole, "forked at {stop}");
    }
    let mut replayed = open("whole").replay(None).unwrap().simulation;
    while !replayed.is_finished() {
        replayed.step().unwrap();
    }
}

#[test]
fn an_experiment_that_makes_no_sense_is_told_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        let toml = world(folder.path(), "up").replace(from, to);
        let config: Config = toml::from_str(&toml).unwrap();
        let made = config.check().and_then(|()| Simulation::new(config).map_err(|error| error.to_string()));
        let error = made.err().unwrap();
        assert!(error.contains(expected), "{error}");
    };
    check("over = 3", "over = 0", "votes.over: expected at least 1 step");
    check("over = 3", "over = 15", "votes.over: expected steps up to run.steps (16)");
    check("path = ", "# ", "votes.path: expected the file of the posts");
    check("posts.json", "none.json", "--set votes.path=FILE");
}
