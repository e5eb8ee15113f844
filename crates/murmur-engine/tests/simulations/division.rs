//! What is measured of a run's division is what its tables hold.

use std::collections::BTreeSet;

use murmur_core::{Step, TopicId};
use murmur_engine::{Division, DivisionAt, DivisionRequest};
use murmur_metrics::division::DivisionSettings;

use crate::measures::WORLD;
use crate::tables::{Row, Run, config};

const WINDOW: u32 = 5;

fn request(at: &[u32], topic: Option<&str>) -> DivisionRequest {
    DivisionRequest {
        at: at.iter().copied().map(Step).collect(),
        topic: topic.map(str::to_owned),
        window: WINDOW,
        settings: DivisionSettings { rewirings: 3, hubs: 4, ..DivisionSettings::default() },
    }
}

/// Who wrote the words of a row of the post table, and which row that is.
fn author_of(posts: &[Row], post: u32) -> (u32, u32) {
    let root = posts[post as usize - 1].number("root_id");
    (posts[root as usize - 1].number("author_id"), root)
}

/// Pairs of agents and whose posts or comments they acted on before a step, each once, and how many reposts were made.
fn interactions(run: &Run, end: u32) -> (BTreeSet<(u32, u32)>, u64) {
    let (posts, comments) = (run.table("posts"), run.table("comments"));
    let mut pairs = BTreeSet::new();
    let mut reposts = 0;
    let events = run.table("events");
    for event in events.iter().filter(|event| event.number("step") < end && event.text("outcome") == "done") {
        let agent = event.number("agent_id");
        let other = match event.text("action") {
            "repost" | "quote_post" | "create_comment" | "like_post" => {
                author_of(&posts, event.number("post_id")).0
            }
            "like_comment" => comments[event.number("comment_id") as usize - 1].number("author_id"),
            _ => continue,
        };
        if other != agent {
            pairs.insert((agent, other));
            let about = event.optional("post_id").map(|post| posts[post as usize - 1].text("topic"));
            reposts += u64::from(event.text("action") == "repost" && about == Some("tea"));
        }
    }
    (pairs, reposts)
}

/// Reads of posts about tea, in the window before a step: all, those where both have a side, and those across.
fn reads(run: &Run, opinions: &[f32], end: u32) -> [u64; 3] {
    let posts = run.table("posts");
    let side = |agent: u32| opinions[agent as usize].partial_cmp(&0.0).unwrap();
    let mut counts = [0; 3];
    for read in run.table("exposures") {
        let (step, reader) = (read.number("step"), read.number("agent_id"));
        let (author, root) = author_of(&posts, read.number("post_id"));
        let counts_here = step < end && step + WINDOW >= end && author != reader;
        if counts_here && posts[root as usize - 1].text("topic") == "tea" {
            let both = side(author).is_ne() && side(reader).is_ne();
            counts[0] += 1;
            counts[1] += u64::from(both);
            counts[2] += u64::from(both && side(author) != side(reader));
        }
    }
    counts
}

fn check(run: &Run, at: &DivisionAt, end: u32) {
    let state = run.opened().at(Some(Step(end))).unwrap().simulation;
    let world = state.world();
    let opinions: Vec<f32> = world.beliefs.column(TopicId(0)).map(|opinion| opinion.get()).collect();
    assert_eq!(at.step, end);
    assert_eq!(at.follows.size.ties, world.public.graph.follows.follow_count());
    let (pairs, reposts) = interactions(run, end);
    assert_eq!(at.interactions.size.ties, pairs.len() as u64);
    let tea = &at.sides[0];
    let sizes = [
        opinions.iter().filter(|&&opinion| opinion < 0.0).count() as u32,
        opinions.iter().filter(|&&opinion| opinion > 0.0).count() as u32,
    ];
    assert_eq!([tea.groups[0].agents, tea.groups[1].agents], sizes);
    assert_eq!(tea.passing.reposts, reposts);
    let [all, both, across] = reads(run, &opinions, end);
    assert_eq!(tea.reading.reads, all);
    assert_eq!(tea.reading.cross_cutting_authors.value, (both > 0).then(|| across as f64 / both as f64));
}

#[test]
fn a_runs_division_is_that_of_its_tables() {
    let run = Run::of(config(WORLD));
    let division = run.opened().division(&request(&[30, 10, 0], None)).unwrap();
    let steps: Vec<u32> = division.at.iter().map(|at| at.step).collect();
    assert_eq!(steps, [0, 10, 30]);
    for at in &division.at {
        check(&run, at, at.step);
    }
    let last = &division.at[2];
    assert!(
        last.interactions.size.ties > 50 && last.sides[0].reading.reads > 50,
        "there is little to measure"
    );
    assert_eq!(last.sides[0].passing.reposts > 0, last.sides[0].passing.within_share.value.is_some());

    // One step alone, and at the end by default, comes to the same.
    let alone = run.opened().division(&request(&[], None)).unwrap();
    assert!(alone.at == [last.clone()], "the end alone differs from the end after other steps");

    let opened = run.opened();
    assert!(opened.read_division().unwrap().is_none());
    opened.write_division(&division).unwrap();
    let read = opened.read_division().unwrap().unwrap();
    // The last digit of a number may be another one after reading, so no more is held against it.
    let outline = |division: &Division| {
        let of_step = |at: &DivisionAt| {
            (at.step, at.follows.size, at.sides.iter().map(|own| own.groups.clone()).collect::<Vec<_>>())
        };
        (division.agents, division.at.iter().map(of_step).collect::<Vec<_>>())
    };
    assert_eq!(outline(&read), outline(&division));
}

#[test]
fn one_topic_is_enough_and_must_be_there() {
    let run = Run::of(config(WORLD));
    let Division { at, .. } = run.opened().division(&request(&[], Some("rain"))).unwrap();
    let names: Vec<&str> = at[0].sides.iter().map(|sides| sides.name.as_str()).collect();
    assert_eq!(names, ["rain"]);
    let check = |request: DivisionRequest, expected: &str| {
        let message = run.opened().division(&request).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(request(&[], Some("fog")), "--topic fog: expected one of tea, rain");
    check(request(&[31], None), "--at 31: expected a step up to 30");
}
