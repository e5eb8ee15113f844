//! The studies through the binary: every experiment is fit to be run, every base runs, and the voting arms differ as they
//! should. Runs of real accounts are passed over where `../shared` (next to the repository) is absent.

mod left_behind;

use std::fs;
use std::path::Path;
use std::process::Command;

use left_behind::{Finished, files_in};
use murmur_experiment::Results;

const MURMUR: &str = env!("CARGO_BIN_EXE_murmur");
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn murmur(arguments: &str) -> Finished {
    let mut command = Command::new(MURMUR);
    Finished::of(command.args(arguments.split_whitespace()).current_dir(REPOSITORY).output().unwrap())
}

/// The files of the studies by name: the bases, and the experiments on them.
fn files() -> (Vec<String>, Vec<String>) {
    let folder = format!("{REPOSITORY}/configs/studies");
    let is_experiment = |name: &String| {
        fs::read_to_string(format!("{folder}/{name}"))
            .unwrap()
            .lines()
            .any(|line| line.starts_with("base = "))
    };
    let (experiments, bases) = files_in(folder.as_ref()).into_keys().partition(is_experiment);
    (bases, experiments)
}

#[test]
fn every_experiment_is_fit_to_be_run() {
    let (bases, experiments) = files();
    assert!(bases.len() >= 4 && experiments.len() >= 5, "{bases:?} {experiments:?}");
    for name in experiments {
        let plan = murmur(&format!("experiment configs/studies/{name} --plan")).expect(0, &[]);
        assert!(plan.stdout.contains("r0000"), "{}", plan.stdout);
    }
}

#[test]
fn every_base_runs() {
    let has_data = Path::new(REPOSITORY).join("../shared/oasis/data").exists();
    let folder = tempfile::tempdir().unwrap();
    for name in files().0 {
        let text = fs::read_to_string(format!("{REPOSITORY}/configs/studies/{name}")).unwrap();
        if !has_data && text.contains("shared/oasis/data") {
            eprintln!("passed over: {name}, whose files are in ../shared");
            continue;
        }
        // As small as the study's planted posts allow.
        let small = match name.as_str() {
            "herd-effect.toml" => "--set population.size=50 --set votes.over=2",
            "truth-and-rumour.toml" => "--set population.size=500 --set metrics.every=1",
            "information-spreading.toml" => "--set population.grow_to=300",
            _ => "",
        };
        let out = folder.path().join(&name);
        murmur(&format!("run configs/studies/{name} --steps 3 {small} --out {}", out.display()))
            .expect(0, &[]);
    }
}

#[test]
fn a_vote_that_nobody_weighs_makes_no_difference_and_one_that_is_weighed_does() {
    if !Path::new(REPOSITORY).join("../shared/oasis/data/counterfactual_36.json").exists() {
        eprintln!("passed over: ../shared is absent");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("herd");
    let small = "--replicates 3 --set population.size=60 --set run.steps=10 --set votes.over=1";
    murmur(&format!(
        "experiment configs/studies/herd-effect-arms.toml {small} --jobs 1 --out {}",
        out.display()
    ))
    .expect(0, &[]);
    let results: Results = serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    let difference = |outcome: &str, arm: &str, against: &str| {
        let is_meant = |comparison: &&murmur_experiment::Comparison| {
            (&*comparison.outcome, &*comparison.arm, &*comparison.against) == (outcome, arm, against)
        };
        results.comparisons.iter().find(is_meant).unwrap().difference.unwrap()
    };
    let likers = "first readers who like";
    assert_eq!(difference(likers, "up, random, ignored", "none, random, ignored"), 0.0);
    assert_eq!(difference(likers, "down, random, ignored", "none, random, ignored"), 0.0);
    assert!(difference(likers, "up, random, weighs", "none, random, weighs") > 0.0);
    assert!(difference(likers, "down, random, weighs", "none, random, weighs") < 0.0);
}
