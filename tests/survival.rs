//! Runs that are killed, stopped, damaged, branched off and carried out again, through the binary: whatever happens on
//! the way, the journal, the tables and the summary are in the end those of a run that nothing happened to.

mod left_behind;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use murmur_core::Step;
use murmur_journal::{Digest, JournalReader};

use left_behind::{Files, Finished, files_in};

const MURMUR: &str = env!("CARGO_BIN_EXE_murmur");

/// The steps of [`WORLD`].
const STEPS: u32 = 60;

/// Three topics, seed posts, a backlog, a script, sampled exposures, a checkpoint every few steps, and interventions of most kinds.
const WORLD: &str = r#"[run]
seed = 5
steps = 60
start = "12:00"
[[topic]]
name = "tea"
words = ["cup", "leaf"]
[[topic]]
name = "chess"
words = ["rook", "gambit"]
[topic.opinion]
kind = "friedkin-johnsen"
[[topic]]
name = "rain"
words = ["cloud", "puddle"]
[topic.opinion]
kind = "voter"
[population]
kind = "synthetic"
size = 300
[population.traits]
activity = 0.3
[graph]
kind = "erdos-renyi"
mean_degree = 8.0
[tables]
exposures = 0.3
[journal]
checkpoint_every = 7
[script]
path = "script.jsonl"
[backlog]
posts = 40
[[seed_post]]
name = "rumour"
author = 3
step = 2
topic = "tea"
stance = -0.9
text = "Tea is made of leaves from the pavement."
claim = "pavement"
[[seed_post]]
name = "denial"
author = 4
step = 31
topic = "tea"
stance = 0.9
text = "It is not."
claim = "pavement"
asserts = false
[emotion]
enabled = true
[[claim]]
name = "pavement"
truth = false
[diffusion.model]
kind = "sir"
infection = 0.003
recovery = 0.2
[[intervention]]
name = "plant"
from = 9
action = { kind = "inject", author = 5, topic = "tea", stance = -1.0, text = "Pavement!", claim = "pavement" }
[[intervention]]
name = "label"
from = 4
until = 40
target = { topic = "tea", stance_below = 0.0, share = 0.5 }
action = { kind = "label", text = "disputed" }
[[intervention]]
name = "demote"
target = { label = "disputed" }
action = { kind = "demote", factor = 0.3 }
[[intervention]]
name = "slow"
when = { scope = "platform", measure = "posts_total", above = 100 }
target = { topic = "chess" }
action = { kind = "friction", cost = 1.0 }
[[intervention]]
name = "notes"
target = { topic = "rain" }
action = { kind = "notes", raters = 0.7, every = 3 }
[[intervention]]
name = "arm"
from = 11
until = 50
target = { share = 0.4 }
action = { kind = "feed", feed = { preset = "x-like" } }
[[intervention]]
name = "prebunk"
from = 3
target = { share = 0.3 }
action = { kind = "prebunk", claim = "pavement" }
[[intervention]]
name = "correct"
from = 20
action = { kind = "correct", claim = "pavement" }
[[intervention]]
name = "suspend"
from = 17
until = 33
target = { accounts = { kind = "list", agents = [9, 30, 31] } }
action = { kind = "suspend" }
[[intervention]]
name = "ban"
from = 18
target = { accounts = { kind = "list", agents = [40] } }
action = { kind = "shadow-ban" }
[[intervention]]
name = "befriend"
from = 28
target = { share = 0.1 }
action = { kind = "follow", whom = { kind = "first", count = 2 } }
"#;

/// Actions of all kinds of outcome, those that only look at the world among them.
const SCRIPT: &str = r#"{"step":0,"agent":9,"action":"create_post","args":{"content":"Hello, all"}}
{"step":1,"agent":9,"action":"refresh","args":{}}
{"step":3,"agent":8,"action":"refresh","args":{}}
{"step":3,"agent":8,"action":"follow","args":{"followee_id":8}}
{"step":12,"agent":7,"action":"create_group","args":{"group_name":"rooks"}}
{"step":12,"agent":6,"action":"join_group","args":{"group_id":1}}
{"step":13,"agent":5,"action":"edit_profile","args":{"bio":"Plays chess in the rain."}}
{"step":20,"agent":5,"action":"search_posts","args":{"query":"Hello"}}
{"step":25,"agent":9,"action":"delete_post","args":{"post_id":1}}
{"step":33,"agent":6,"action":"send_to_group","args":{"group_id":1,"content":"castle"}}
{"step":34,"agent":7,"action":"listen_from_group","args":{}}
{"step":36,"agent":6,"action":"trend","args":{}}
{"step":37,"agent":6,"action":"block","args":{"blockee_id":9}}
"#;

/// Steps of a few tenths of a second, so that a signal meets one.
const SLOW: &str = "world.toml --steps 4 --set population.size=8000 --set population.traits.activity=0.7 \
                    --set script={} --set seed_post=[] --set journal.checkpoint_every=2";

/// A folder with a small world that commands run in.
struct Desk(tempfile::TempDir);

impl Desk {
    /// A folder with `world.toml` and its script.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.path("world.toml"), WORLD).unwrap();
        fs::write(desk.path("script.jsonl"), SCRIPT).unwrap();
        desk
    }

    /// The same with a whole run in `undisturbed`.
    fn with_run() -> Self {
        let desk = Self::new();
        desk.done("run world.toml --out undisturbed");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `murmur` with these words, split at spaces, in the folder.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(MURMUR);
        command.args(words.split_whitespace()).current_dir(&self.0);
        command
    }

    fn murmur(&self, words: &str) -> Finished {
        Finished::of(self.command(words).output().unwrap())
    }

    /// The same, with success.
    fn done(&self, words: &str) -> Finished {
        let finished = self.murmur(words);
        assert_eq!(finished.code, Some(0), "{words}: {}", finished.stderr);
        finished
    }

    /// Begins a command and lets it run.
    fn start(&self, words: &str) -> Child {
        let mut command = self.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn files(&self, run: &str) -> Files {
        files_in(&self.path(run))
    }

    /// The journal of a run, its tables and its summary; nothing else is in its folder but the manifest and checkpoints.
    fn results(&self, run: &str) -> Files {
        let mut files = self.files(run);
        assert!(files.remove("manifest.json").is_some(), "{run}");
        files.retain(|name, _| !name.starts_with("checkpoints/"));
        files
    }

    /// Two runs have the same journal, tables and summary.
    fn check_same(&self, run: &str, expected: &str) {
        let (results, expected_results) = (self.results(run), self.results(expected));
        assert!(expected_results.len() > 3 + 7, "{expected} is not finished");
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&results), names(&expected_results));
        for (name, bytes) in &results {
            assert!(*bytes == expected_results[name], "{name} of {run} differs from that of {expected}");
        }
    }

    fn copy(&self, run: &str, to: &str) {
        for (name, bytes) in self.files(run) {
            let path = self.path(to).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn journal(&self, run: &str) -> JournalReader {
        JournalReader::open(&self.path(run).join("journal")).unwrap()
    }

    /// The digest of all steps of a run before `end`.
    fn digest(&self, run: &str, end: u32) -> Digest {
        self.journal(run).digest_at(Step(end - 1)).unwrap()
    }

    /// Changes a file of a run.
    fn change(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.path(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }
}

/// Flips a bit in the middle.
fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
}

/// Waits until `is_there` says so.
fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_there() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Reads standard error until a line begins with `beginning`; the lines before are lost.
fn read_until(child: &mut Child, beginning: &str) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with(beginning) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "no line begins with {beginning:?}");
    }
    lines
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    Finished::of(child.wait_with_output().unwrap());
}

// Killed

/// Kills a run `rounds` times, after another delay each time, and goes on until it is finished; then the next one.
fn kill_again_and_again(rounds: u32) {
    let desk = Desk::new();
    let begin = Instant::now();
    desk.done("run world.toml --out undisturbed");
    let whole = begin.elapsed();
    let mut within_a_run = 0;
    let mut runs = 0;
    let mut noise = 12_345_u32;
    for round in 0..=rounds {
        let run = format!("run-{runs}");
        let has_begun = desk.path(&run).join("manifest.json").exists();
        let words = if has_begun { format!("resume {run}") } else { format!("run world.toml --out {run}") };
        let mut child = desk.start(&words);
        if round < rounds {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            std::thread::sleep(whole * 3 / 4 * (noise >> 16) / (1 << 16));
            child.kill().unwrap();
        }
        match Finished::of(child.wait_with_output().unwrap()).code {
            Some(code) => {
                assert_eq!(code, 0, "{words}");
                desk.check_same(&run, "undisturbed");
                runs += 1;
            }
            None => {
                let journal = JournalReader::open(&desk.path(&run).join("journal"));
                let steps = journal.map_or(0, |journal| journal.steps().len() as u32);
                within_a_run += u32::from(steps > 0 && steps < STEPS);
            }
        }
    }
    eprintln!("{within_a_run} of {rounds} kills fell between two commits, {runs} runs were finished");
    assert!(within_a_run >= rounds / 10, "{within_a_run} of {rounds}");
}

#[test]
fn a_run_killed_at_any_moment_goes_on_as_if_it_had_not_been() {
    kill_again_and_again(10);
}

#[test]
#[ignore = "half a minute longer than its little sister"]
fn a_run_killed_a_hundred_times_goes_on_as_if_it_had_not_been() {
    kill_again_and_again(100);
}

#[test]
fn a_run_killed_as_it_begins_or_ends_goes_on_as_if_it_had_not_been() {
    let desk = Desk::with_run();
    let check = |run: &str, moment: &str| {
        let child = desk.start(&format!("run world.toml --out {run}"));
        wait_for(moment, || desk.path(run).join(moment).exists());
        kill(child);
        desk.done(&format!("resume {run}"));
        desk.check_same(run, "undisturbed");
    };
    check("begun", "manifest.json");
    check("first-commit", "journal/commits.log");
    check("first-checkpoint", "checkpoints/7.ckpt");
    check("tables", "tables/posts.parquet");

    // No journal yet, and one without a step.
    desk.copy("undisturbed", "none");
    for folder in ["journal", "checkpoints", "tables"] {
        fs::remove_dir_all(desk.path("none").join(folder)).unwrap();
    }
    fs::remove_file(desk.path("none/summary.json")).unwrap();
    desk.copy("none", "empty");
    fs::create_dir(desk.path("empty/journal")).unwrap();
    fs::write(
        desk.path("empty/journal/commits.log"),
        &desk.files("undisturbed")["journal/commits.log"][..20],
    )
    .unwrap();
    for run in ["none", "empty"] {
        desk.done(&format!("resume {run}"));
        desk.check_same(run, "undisturbed");
    }
}

#[test]
fn a_run_resumed_at_every_step_is_the_same() {
    let desk = Desk::with_run();
    for steps in [1, 6, 7, 8, 34, 59] {
        let run = format!("run-{steps}");
        // The script needs the steps that it is for.
        desk.done(&format!("run world.toml --out {run} --steps {} ", 40.max(steps)));
        desk.done(&format!("resume {run} --steps {STEPS}"));
        desk.check_same(&run, "undisturbed");
    }
}

// Stopped

#[test]
fn a_signal_ends_a_run_after_its_step_and_says_how_to_go_on() {
    let desk = Desk::with_run();
    for signal in ["INT", "TERM", "USR1"] {
        let mut child = desk.start(&format!("run world.toml --out {signal}"));
        let mut lines = read_until(&mut child, "step 6/60");
        send(signal, &child);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(75), "{signal}: {rest}");
        assert!(rest.contains(&format!("murmur resume {signal}")), "{rest}");
        assert!(!desk.path(signal).join("summary.json").exists());
        desk.done(&format!("resume {signal}"));
        desk.check_same(signal, "undisturbed");
    }
}

#[test]
fn a_step_that_does_not_end_in_time_is_abandoned_and_a_run_has_one_writer() {
    let desk = Desk::new();
    desk.done(&format!("run {SLOW} --out undisturbed"));

    let mut child = desk.start(&format!("run {SLOW} --out abandoned --grace 0"));
    let mut lines = read_until(&mut child, "step 2/4");
    send("TERM", &child);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(75), "{rest}");
    assert!(rest.contains("murmur resume"), "{rest}");
    assert_eq!(desk.journal("abandoned").steps().len(), 2);

    // Goes on; whoever else wants to go on meanwhile is turned away and changes nothing.
    let mut child = desk.start("resume abandoned");
    let lines = read_until(&mut child, "going on");
    let manifest = fs::read(desk.path("abandoned/manifest.json")).unwrap();
    for words in ["resume abandoned", "resume abandoned --steps 9"] {
        desk.murmur(words).expect(1, &["abandoned", "being written by another process"]);
    }
    desk.murmur(&format!("run {SLOW} --out abandoned --continue")).expect(1, &["another process"]);
    assert!(child.try_wait().unwrap().is_none(), "it was too quick to be met");
    assert_eq!(fs::read(desk.path("abandoned/manifest.json")).unwrap(), manifest);
    drop(lines);
    assert!(child.wait().unwrap().success());
    desk.check_same("abandoned", "undisturbed");
}

// Gone on with

#[test]
fn a_finished_run_is_left_alone_or_made_longer() {
    let desk = Desk::with_run();
    desk.done("run world.toml --out run --steps 41");
    let before = desk.files("run");
    for words in ["resume run", "resume run --steps 41"] {
        let finished = desk.done(words);
        assert!(finished.stdout.contains("all its 41 steps"), "{finished:?}");
    }
    desk.murmur("resume run --steps 40").expect(2, &["--steps 40", "41"]);
    desk.murmur("resume run --steps 0").expect(2, &["--steps 0"]);
    assert!(desk.files("run") == before);
    desk.done("resume run --steps 60");
    desk.check_same("run", "undisturbed");
    assert_eq!(desk.files("run")["manifest.json"], desk.files("undisturbed")["manifest.json"]);
    desk.murmur("resume nowhere").expect(2, &["nowhere holds no run"]);
    desk.murmur("resume world.toml").expect(2, &["world.toml holds no run"]);
}

#[test]
fn a_run_that_may_go_on_begins_goes_on_and_refuses_another() {
    let desk = Desk::with_run();
    let words = "run world.toml --out run --continue";
    let mut child = desk.start(words);
    drop(read_until(&mut child, "step 12/60"));
    kill(child);
    let finished = desk.done(words);
    assert!(finished.stderr.contains("going on at step"), "{finished:?}");
    desk.check_same("run", "undisturbed");
    desk.done(words);
    desk.check_same("run", "undisturbed");

    let before = desk.files("run");
    let refused = |setting: &str, parts: &[&str]| {
        desk.murmur(&format!("{words} --set {setting}")).expect(2, parts);
    };
    refused("feed.preset=random", &["feed.preset", "\"x-like\" there and \"random\" here"]);
    refused("run.seed=6", &["run.seed", "5 there and 6 here"]);
    refused("run.steps=61", &["run.steps", "60 there and 61 here"]);
    refused("opinion.model.rate=0.5", &["opinion.model.rate"]);
    fs::write(desk.path("script.jsonl"), &SCRIPT[..SCRIPT.len() - 1]).unwrap();
    desk.murmur(words).expect(2, &["script.jsonl has changed"]);
    assert!(desk.files("run") == before);
    // Without the option, it does not touch what is there.
    desk.murmur("run world.toml --out run").expect(2, &["already holds a run"]);
}

#[test]
fn a_run_goes_on_the_same_on_any_number_of_threads() {
    let desk = Desk::with_run();
    for (first, second) in [(1, 2), (2, 1)] {
        let run = format!("run-{first}");
        desk.done(&format!("run world.toml --out {run} --steps 45 --threads {first}"));
        desk.done(&format!("resume {run} --steps 60 --threads {second}"));
        desk.check_same(&run, "undisturbed");
    }
    desk.done("run world.toml --out durable --set journal.durable=true --threads 1");
    desk.check_same("durable", "undisturbed");
}

// Branched off

#[test]
fn a_fork_without_other_settings_is_the_same_run() {
    let desk = Desk::with_run();
    let before = desk.files("undisturbed");
    for at in [0, 1, 30, 42, 60] {
        desk.done(&format!("fork undisturbed --at {at} --out fork-{at}"));
        desk.check_same(&format!("fork-{at}"), "undisturbed");
    }
    desk.done("fork fork-30 --at 50 --out again");
    desk.check_same("again", "undisturbed");
    desk.murmur("fork undisturbed --at 61 --out late").expect(2, &["--at 61", "60"]);
    desk.murmur("fork undisturbed --at 61 --steps 99 --out late").expect(2, &["--at 61", "60"]);
    desk.murmur("fork undisturbed --at 30 --out fork-1").expect(2, &["fork-1 already holds a run"]);
    assert!(!desk.path("late").exists());
    assert!(desk.files("undisturbed") == before, "the run that was branched off from has changed");
}

#[test]
fn forks_share_what_lies_before_and_differ_after() {
    let desk = Desk::with_run();
    let before = desk.files("undisturbed");
    let settings = [
        ("feed", "feed.preset=oasis-x"),
        ("behaviour", "behaviour.like.constant=-1.0"),
        ("opinion", "opinion.model.rate=0.5"),
        ("platform", "platform.report_threshold=1"),
        ("metrics", "metrics.every=9"),
    ];
    for (name, setting) in settings {
        desk.done(&format!("fork undisturbed --at 30 --set {setting} --out {name}"));
        assert_eq!(desk.digest(name, 30), desk.digest("undisturbed", 30), "{setting}");
        if name != "platform" {
            assert_ne!(desk.digest(name, 60), desk.digest("undisturbed", 60), "{setting}");
        }
        let replayed = desk.done(&format!("replay {name}"));
        assert!(replayed.stdout.contains("came out the same"), "{replayed:?}");
    }
    assert!(desk.files("undisturbed") == before, "the run that was branched off from has changed");

    // What two branches have in common is in a third, however it was come to.
    desk.done("fork feed --at 45 --set opinion.model.rate=0.5 --out feed-opinion");
    assert_eq!(desk.digest("feed-opinion", 45), desk.digest("feed", 45));
    assert_ne!(desk.digest("feed-opinion", 60), desk.digest("feed", 60));
    desk.done("fork feed --at 45 --set opinion.model.rate=0.5 --out short --steps 50");
    desk.done("resume short --steps 60");
    desk.check_same("short", "feed-opinion");

    // Under the settings of the beginning again.
    desk.done("fork feed --at 30 --set feed.preset=x-like --out back");
    desk.check_same("back", "undisturbed");
}

#[test]
fn interventions_may_come_go_and_change_at_a_fork() {
    let desk = Desk::with_run();
    let changes = [
        ("none", "intervention=[]"),
        ("other", "intervention.demote.action.factor=0.0"),
        ("later", "intervention.arm.until=45"),
        ("more", "intervention=[{name=\"all\",action={kind=\"demote\",factor=0.0}}]"),
        ("spread", "diffusion.model.infection=0.0"),
    ];
    let mut digests = vec![desk.digest("undisturbed", 60)];
    for (name, setting) in changes {
        desk.done(&format!("fork undisturbed --at 30 --set {setting} --out {name}"));
        let digest = desk.digest(name, 60);
        assert!(!digests.contains(&digest), "{name}");
        digests.push(digest);
        // Stopped on the way and gone on with, branched off once more, or carried out again, it is the same.
        desk.done(&format!("fork undisturbed --at 30 --set {setting} --steps 40 --out {name}-short"));
        desk.done(&format!("resume {name}-short --steps 60"));
        assert_eq!(desk.digest(&format!("{name}-short"), 60), digest, "{name}");
        desk.done(&format!("fork {name} --at 41 --out {name}-fork"));
        assert_eq!(desk.digest(&format!("{name}-fork"), 60), digest, "{name}");
        // Branched off where it begins itself, it is as if it had been branched off the first.
        desk.done(&format!("fork {name} --at 30 --set diffusion.model.recovery=0.9 --out {name}-sideways"));
        desk.done(&format!("replay {name}-sideways"));
        desk.done(&format!("replay {name}"));
    }
    // Stopped before its first own step, a fork goes on with the conditions that had come to hold.
    desk.done("fork undisturbed --at 41 --set intervention.arm.until=45 --out whole");
    desk.done("fork undisturbed --at 41 --set intervention.arm.until=45 --steps 41 --out unbegun");
    desk.done("resume unbegun --steps 60");
    assert_eq!(desk.digest("unbegun", 60), desk.digest("whole", 60));
}

#[test]
fn a_fork_may_know_other_kinds_of_opinions() {
    let desk = Desk::with_run();
    for at in [0, 20] {
        for kind in ["majority", "hegselmann-krause"] {
            let settings = format!("--at {at} --set opinion.model.kind={kind}");
            desk.done(&format!("fork undisturbed {settings} --out {kind}-{at}"));
            desk.done(&format!("replay {kind}-{at}"));
            desk.done(&format!(
                "fork {kind}-{at} --at 30 --set opinion.model.kind=friedkin-johnsen --out fj"
            ));
            desk.done("replay fj");
            fs::remove_dir_all(desk.path("fj")).unwrap();
            if at > 0 {
                desk.done(&format!("fork undisturbed {settings} --steps 40 --out short"));
                desk.done("resume short --steps 60");
                assert_eq!(desk.digest("short", 60), desk.digest(&format!("{kind}-{at}"), 60), "{kind}");
                fs::remove_dir_all(desk.path("short")).unwrap();
            }
        }
    }
}

#[test]
fn a_fork_that_begins_to_search_posts_goes_on_the_same_after_a_stop() {
    let desk = Desk::new();
    // Without the arm of another feed nobody asks for the nearest posts before the fork, so there is no index.
    let settings =
        "--set feed.preset=chronological --set index.exact_below=20 --set intervention.arm.enabled=false";
    desk.done(&format!("run world.toml --out plain {settings}"));
    desk.done("fork plain --at 30 --set feed.preset=oasis-x --out searching");
    desk.done("replay searching");
    desk.done("fork plain --at 30 --set feed.preset=oasis-x --steps 41 --out stopped");
    desk.done("resume stopped --steps 60");
    assert_eq!(desk.digest("stopped", 60), desk.digest("searching", 60));
    assert_ne!(desk.digest("searching", 60), desk.digest("plain", 60));
}

#[test]
fn the_rules_of_the_platform_may_change_at_a_fork() {
    let desk = Desk::new();
    // Refused before, done after: what was refused must be refused again whenever the steps before are carried out.
    let like = |step: u32| {
        format!("{{\"step\":{step},\"agent\":9,\"action\":\"like_post\",\"args\":{{\"post_id\":1}}}}\n")
    };
    let script = format!("{SCRIPT}{}{}", like(2), like(35)).replace("delete_post", "unlike_post");
    let mut lines: Vec<&str> = script.lines().collect();
    let step = |line: &str| line[8..].split(',').next().unwrap().parse::<u32>().unwrap();
    lines.sort_by_key(|line| step(line));
    fs::write(desk.path("script.jsonl"), lines.join("\n")).unwrap();
    desk.done("run world.toml --out strict --set platform.allow_self_rating=false --set backlog.posts=0");
    desk.done("fork strict --at 30 --set platform.allow_self_rating=true --out lax --steps 40");
    desk.done("resume lax --steps 60");
    desk.done("replay lax");
    desk.done("fork lax --at 45 --set platform.allow_self_rating=false --out strict-again --steps 47");
    desk.done("resume strict-again --steps 60");
    assert_eq!(desk.digest("lax", 35), desk.digest("strict", 35));
    assert_ne!(desk.digest("lax", 36), desk.digest("strict", 36));
    assert_eq!(desk.digest("strict-again", 45), desk.digest("lax", 45));
}

#[test]
fn a_fork_killed_at_any_moment_is_whole_or_not_there() {
    let desk = Desk::with_run();
    let words = "fork undisturbed --at 30 --set feed.preset=random --out";
    let begin = Instant::now();
    desk.done(&format!("{words} whole"));
    let whole = begin.elapsed();
    let mut finished = 0;
    // The last has time enough, however busy the machine is.
    for round in 0..9 {
        let run = format!("run-{round}");
        let child = desk.start(&format!("{words} {run}"));
        std::thread::sleep(if round < 8 { whole * (round + 1) / 10 } else { whole * 4 });
        kill(child);
        if !desk.path(&run).join("manifest.json").exists() {
            continue;
        }
        desk.done(&format!("resume {run}"));
        finished += 1;
        desk.check_same(&run, "whole");
    }
    assert!(finished > 0);

    // The manifest alone says under which settings each step is carried out.
    desk.copy("whole", "half");
    for folder in ["journal", "checkpoints"] {
        fs::remove_dir_all(desk.path("half").join(folder)).unwrap();
    }
    fs::remove_file(desk.path("half/summary.json")).unwrap();
    desk.done("resume half");
    assert_eq!(desk.digest("half", 60), desk.digest("whole", 60));

    // Without its checkpoints too: the journal alone is enough.
    fs::remove_dir_all(desk.path("whole/checkpoints")).unwrap();
    desk.done("resume whole --steps 70");
    desk.done("resume half --steps 70");
    assert_eq!(desk.digest("half", 70), desk.digest("whole", 70));
    desk.done("replay whole");
}

#[test]
fn a_fork_can_only_differ_in_what_lies_after_it() {
    let desk = Desk::with_run();
    let settings = [
        "population.size=301",
        "run.seed=6",
        "run.minutes_per_step=5",
        "graph.mean_degree=9.0",
        "opinion.initial=uniform",
        "metrics.watch=[]",
        "tables.exposures=1.0",
        "embedder.kind=hashed",
        "suggestions.count=2",
        "seed_post=[]",
    ];
    for setting in settings {
        // The one that is the default already is no difference.
        let words = format!("fork undisturbed --at 30 --set {setting} --out no");
        if setting == "opinion.initial=uniform" && desk.murmur(&words).code == Some(0) {
            fs::remove_dir_all(desk.path("no")).unwrap();
            continue;
        }
        desk.murmur(&words).expect(2, &["a fork may change"]);
        assert!(!desk.path("no").exists(), "{setting}");
    }
    desk.murmur("fork undisturbed --at 30 --set feed.prest=random --out no").expect(2, &["feed.prest"]);
    desk.murmur("fork undisturbed --at 30 --steps 29 --out no").expect(2, &["run.steps", "29"]);
    assert!(!desk.path("no").exists());
}

#[test]
fn a_fork_shorter_than_the_script_can_be_gone_on_with() {
    let desk = Desk::with_run();
    let forked = desk.murmur("fork undisturbed --at 20 --steps 25 --out short");
    if forked.code == Some(0) {
        desk.done("replay short");
        desk.done("resume short --steps 60");
        desk.check_same("short", "undisturbed");
    } else {
        forked.expect(2, &["script.jsonl", "run.steps"]);
        assert!(!desk.path("short").exists());
    }
}

// Carried out again

#[test]
fn a_replay_rebuilds_what_was_not_kept() {
    let desk = Desk::new();
    desk.done("run world.toml --out full --set tables.exposures=1.0");
    desk.done("run world.toml --out sampled --set tables.exposures=0.01");
    let before = desk.files("sampled");
    assert!(before["tables/exposures.parquet"] != desk.files("full")["tables/exposures.parquet"]);
    let replayed = desk.done("replay sampled --out rebuilt");
    assert!(replayed.stdout.contains("60 steps from step 0 on came out the same"), "{replayed:?}");
    desk.check_same("rebuilt", "full");
    desk.done("replay sampled");
    desk.done("replay rebuilt --threads 1");
    desk.murmur("replay sampled --out full").expect(2, &["full already holds a run"]);
    assert!(desk.files("sampled") == before, "the run that was carried out again has changed");
    // A run that is a replay can be made longer like any other.
    desk.done("run world.toml --out short --steps 40 --set tables.exposures=0.01");
    desk.done("replay short --out longer");
    desk.done("resume longer --steps 60");
    desk.check_same("longer", "full");
}

#[test]
fn a_replay_tells_the_first_difference() {
    let desk = Desk::with_run();
    // With little else in the journal, exposures are the first to differ.
    desk.done("run world.toml --out plain --set metrics.every=1000 --set seed_post=[]");
    let check = |run: &str, journal_of: &str, parts: &[&str]| {
        let name = format!("{run}-with-{journal_of}");
        desk.copy(run, &name);
        fs::remove_dir_all(desk.path(&name).join("journal")).unwrap();
        desk.copy(&format!("{journal_of}/journal"), &format!("{name}/journal"));
        let before = desk.files(&name);
        let replayed = desk.murmur(&format!("replay {name}")).expect(1, parts);
        assert!(replayed.stderr.lines().last().unwrap().starts_with("error: "), "{replayed:?}");
        assert!(!replayed.stdout.contains("the same"), "{replayed:?}");
        assert!(desk.files(&name) == before, "{name}");
    };
    desk.done("run world.toml --out seed --seed 6");
    check("undisturbed", "seed", &["step 0 comes out differently", "table turns"]);
    desk.done("run world.toml --out larger --set population.size=2000");
    check("undisturbed", "larger", &["step 0 comes out differently", "table turns"]);
    let fork = "--at 30 --set feed.preset=echo-chamber --out";
    desk.done(&format!("fork undisturbed {fork} feed"));
    check("undisturbed", "feed", &["step 30 comes out differently", "table measures", "recorded", "now"]);
    desk.done(&format!("fork plain {fork} plain-feed"));
    check("plain", "plain-feed", &["step 30 comes out differently", "table measures", "recorded", "now"]);
    desk.done("fork plain --at 30 --set opinion.model.rate=0.5 --out plain-opinion");
    check("plain", "plain-opinion", &["step 30 comes out differently", "table opinions", "recorded", "now"]);
}

// Damaged

/// A desk with a whole run in `undisturbed` and its first 40 steps in `short`.
fn desk_to_damage() -> Desk {
    let desk = Desk::with_run();
    desk.done("run world.toml --out short --steps 40");
    desk
}

/// A copy of `short` in `run` is damaged: going on to 60 steps ends with `code`, says all `parts`, and changes nothing
/// unless it is the same as if there had been no damage.
fn check_damage(desk: &Desk, damage: impl FnOnce(&Desk), code: i32, parts: &[&str]) {
    if desk.path("run").exists() {
        fs::remove_dir_all(desk.path("run")).unwrap();
    }
    desk.copy("short", "run");
    damage(desk);
    let before = desk.files("run");
    let finished = desk.murmur("resume run --steps 60").expect(code, parts);
    if code == 0 {
        desk.check_same("run", "undisturbed");
    } else {
        assert_eq!(finished.stderr.matches("error: ").count(), 1, "{finished:?}");
        assert!(desk.files("run") == before, "{finished:?}");
    }
}

#[test]
fn damaged_checkpoints_are_made_up_for() {
    let desk = &desk_to_damage();
    let damaged = |step: u32| format!("{step}.ckpt is damaged");
    let passed_over = "going on from an earlier one";
    check_damage(
        desk,
        |desk| desk.change("run/checkpoints/40.ckpt", |bytes| flip(bytes)),
        0,
        &[&damaged(40), passed_over],
    );
    check_damage(
        desk,
        |desk| desk.change("run/checkpoints/40.ckpt", |bytes| bytes.truncate(99)),
        0,
        &[&damaged(40)],
    );
    check_damage(desk, |desk| desk.change("run/checkpoints/40.ckpt", Vec::clear), 0, &[&damaged(40)]);
    let both = |desk: &Desk| {
        desk.change("run/checkpoints/35.ckpt", |bytes| flip(bytes));
        desk.change("run/checkpoints/40.ckpt", |bytes| flip(bytes));
    };
    check_damage(desk, both, 0, &[&damaged(40), &damaged(35)]);
    check_damage(desk, |desk| fs::remove_dir_all(desk.path("run/checkpoints")).unwrap(), 0, &[]);
    let of_another_world = |desk: &Desk| {
        desk.done("run world.toml --out larger --steps 40 --set population.size=301");
        fs::copy(desk.path("larger/checkpoints/40.ckpt"), desk.path("run/checkpoints/40.ckpt")).unwrap();
    };
    check_damage(desk, of_another_world, 0, &[&damaged(40)]);
}

/// The journal is damaged from some step on: the message says so, and what it advises gives the whole run again.
fn check_damaged_journal(desk: &Desk, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let parts = [file, "is damaged", "murmur fork RUN --at "];
    check_damage(desk, |desk| desk.change(&format!("run/journal/{file}"), change), 1, &parts);
    let told = desk.murmur("resume run --steps 60").stderr;
    let (_, advice) = told.split_once("--at ").unwrap();
    let at = advice.split(' ').next().unwrap();
    assert!(at.parse::<u32>().unwrap() < 40, "{told}");
    desk.murmur("replay run").expect(1, &[file]);
    let mended = format!("mended-{at}-{file}");
    desk.done(&format!("fork run --at {at} --steps 60 --out {mended}"));
    desk.check_same(&mended, "undisturbed");
}

#[test]
fn a_flipped_bit_in_a_batch_is_told_and_mended() {
    let desk = &desk_to_damage();
    check_damaged_journal(desk, "0000-00000.seg", |bytes| flip(bytes));
    check_damaged_journal(desk, "0001-00000.seg", |bytes| flip(bytes));
}

#[test]
fn a_segment_cut_short_is_told_and_mended() {
    let desk = &desk_to_damage();
    check_damaged_journal(desk, "0000-00000.seg", |bytes| bytes.truncate(bytes.len() / 2));
    check_damaged_journal(desk, "0001-00000.seg", |bytes| bytes.truncate(bytes.len() - 1));
}

#[test]
fn a_damaged_log_of_commits_is_told_and_mended() {
    let desk = &desk_to_damage();
    check_damaged_journal(desk, "commits.log", |bytes| flip(bytes));
}

#[test]
fn what_was_not_committed_is_made_again() {
    let desk = &desk_to_damage();
    for file in ["commits.log", "0000-00000.seg", "0001-00000.seg"] {
        let add = |desk: &Desk| desk.change(&format!("run/journal/{file}"), |bytes| bytes.extend([7; 50]));
        check_damage(desk, add, 0, &[]);
    }
    let cut = |desk: &Desk| desk.change("run/journal/commits.log", |bytes| bytes.truncate(bytes.len() - 3));
    check_damage(desk, cut, 0, &["going on at step 39"]);
}

#[test]
fn files_of_a_journal_that_are_missing_are_told() {
    let desk = &desk_to_damage();
    for file in ["commits.log", "0000-00000.seg", "0001-00000.seg"] {
        check_damage(desk, |desk| fs::remove_file(desk.path("run/journal").join(file)).unwrap(), 1, &[file]);
    }
}

#[test]
fn a_manifest_that_makes_no_sense_is_told() {
    let desk = &desk_to_damage();
    let check = |old: &str, new: &str, parts: &[&str]| {
        let change = |desk: &Desk| {
            desk.change("run/manifest.json", |bytes| {
                let text = String::from_utf8(std::mem::take(bytes)).unwrap();
                assert!(text.contains(old), "{old}");
                *bytes = text.replacen(old, new, 1).into_bytes();
            });
        };
        check_damage(desk, change, 2, parts);
        desk.murmur("replay run").expect(2, parts);
        desk.murmur("fork run --at 3 --out fork").expect(2, parts);
        assert!(!desk.path("fork").exists());
    };
    check("\"format\": 1", "\"format\": 2", &["run/manifest.json has format 2", "version"]);
    check("\"format\": 1", "\"format\": \"x\"", &["manifest.json is no manifest"]);
    check("{", "?", &["manifest.json is no manifest"]);
    check("\"steps\": 40", "\"steps\": \"many\"", &["manifest.json", "many"]);
    check("\"steps\": 40", "\"stops\": 40", &["manifest.json", "stops"]);
    check("\"size\": 300", "\"size\": 0", &["manifest.json", "population.size"]);
}

#[test]
fn input_files_that_are_no_longer_what_they_were_are_told() {
    let desk = &desk_to_damage();
    let script = |desk: &Desk| desk.path("script.jsonl");
    let change = |desk: &Desk| fs::write(script(desk), &SCRIPT[..SCRIPT.len() - 1]).unwrap();
    check_damage(desk, change, 2, &["script.jsonl", "has changed"]);
    desk.murmur("fork run --at 3 --out fork").expect(2, &["script.jsonl", "has changed"]);
    desk.murmur("replay run").expect(2, &["script.jsonl", "has changed"]);
    assert!(!desk.path("fork").exists());
    check_damage(desk, |desk| fs::remove_file(script(desk)).unwrap(), 2, &["script.jsonl"]);
    desk.murmur("run world.toml --out run --steps 40 --continue").expect(2, &["script.jsonl"]);
    fs::write(script(desk), SCRIPT).unwrap();
    desk.done("resume run --steps 60");
    desk.check_same("run", "undisturbed");
}

// Full

/// Where files cannot grow, the run ends with a complaint; with room again, it goes on.
#[test]
fn a_limit_on_the_size_of_files_stops_a_run_that_can_go_on() {
    let desk = Desk::with_run();
    // The signal that comes with the limit is ignored, as a full disk sends none.
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh", MURMUR, "run", "world.toml", "--out", "run"]).current_dir(&desk.0);
    Finished::of(shell.output().unwrap()).expect(1, &["no room to write run/journal/"]);
    assert!(desk.journal("run").steps().len() > 1);
    desk.done("resume run");
    desk.check_same("run", "undisturbed");
}

#[test]
fn a_full_disk_stops_a_run_that_can_go_on() {
    let desk = Desk::with_run();
    fs::create_dir(desk.path("disk")).unwrap();
    // A small disk of its own, seen by nobody else.
    let alone = |script: &str| {
        let mut shell = Command::new("unshare");
        shell.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir(&desk.0);
        shell.output()
    };
    let mount = "mount -t tmpfs -o size=1m tmpfs disk";
    if !alone(mount).is_ok_and(|output| output.status.success()) {
        eprintln!("passed over: no disk can be mounted here");
        return;
    }
    // From no room for anything to no room for the tables.
    for (number, ballast) in [1_040_000, 1_000_000, 900_000, 770_000, 700_000].into_iter().enumerate() {
        let script = format!(
            "{mount} && head -c {ballast} /dev/zero > disk/ballast
            {MURMUR} run world.toml --out disk/run && exit 9; code=$?
            rm disk/ballast
            if test -e disk/run; then {MURMUR} resume disk/run >&2; else {MURMUR} run world.toml --out disk/run >&2; fi
            cp -r disk/run run-{number}; exit $code"
        );
        Finished::of(alone(&script).unwrap()).expect(1, &["disk/run", "error: "]);
        desk.check_same(&format!("run-{number}"), "undisturbed");
    }
}
