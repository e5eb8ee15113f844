//! Calibrations of small platforms from end to end, on cascades made up here.

use std::fs;
use std::path::PathBuf;

use murmur_experiment::calibrate::{
    Calibration, Plan, Recovery, calibrate, load_plan, recover, write_calibration,
};
use serde_json::json;

/// The ready-made platform.
fn base() -> String {
    format!("{}/../../configs/calibrate/cascade.toml", env!("CARGO_MANIFEST_DIR"))
}

/// A folder with cascades of so many texts: stars that grow with the logarithm of time, each text at a pace of its own.
fn folder(texts: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cascades: Vec<_> = (1..=texts)
        .map(|text| {
            let pace = f64::from(8 + text % 5);
            let tree: Vec<_> = (1..=5 * (8 + text % 5))
                .map(|number| {
                    json!([number, if number % 9 == 0 { 1 } else { 0 }, (f64::from(number) / pace).exp()])
                })
                .collect();
            json!({"topic": format!("text {text}"), "tree": tree, "minutes": 150})
        })
        .collect();
    fs::write(folder.path().join("cascades.json"), json!({ "cascades": cascades }).to_string()).unwrap();
    folder
}

const PROBABILITY: &str =
    "[[parameter]]\nkey = \"diffusion.model.probability\"\nlow = 0.01\nhigh = 0.9\nscale = \"log\"\n";

const ACTIVITY: &str =
    "[[parameter]]\nkey = \"population.traits.activity\"\nlow = 0.01\nhigh = 0.9\nscale = \"log\"\n";

fn plan(folder: &tempfile::TempDir, settings: &str) -> Result<Plan, String> {
    let path = folder.path().join("plan.toml");
    let head = format!("base = {:?}\ncascades = \"cascades.json\"\nfrom = 20\nuntil = 60\n", base());
    fs::write(&path, head + settings).unwrap();
    load_plan(&path).map_err(|error| error.to_string())
}

fn calibrated(plan: &Plan, threads: usize) -> Calibration {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| calibrate(plan, &mut |_| ())).unwrap()
}

#[test]
fn a_known_probability_is_found_again() {
    let folder = folder(16);
    let settings = format!(
        "evaluations = 24\nreplicates = 2\n{PROBABILITY}[start]\nwindow = 15.0\n[recover]\nvalues = [0.15]\ncopies = 2\n"
    );
    let recovery: Recovery = recover(&plan(&folder, &settings).unwrap(), &mut |_| ()).unwrap();
    assert_eq!(recovery.cascades, 16);
    let found = &recovery.parameters[0];
    assert!((found.found / 0.15 - 1.0).abs() < 0.2, "{found:?}");
    assert!(found.within, "{:?}", recovery.profiles);
    assert!(recovery.fit.loss < 1.05 * recovery.loss_at_truth);
}

#[test]
fn a_calibration_is_the_same_on_any_number_of_threads_and_is_written_whole() {
    let folder = folder(8);
    let settings = format!(
        "evaluations = 20\nreplicates = 2\ntest_replicates = 2\n{PROBABILITY}{ACTIVITY}[start]\nwindow = 15.0\n"
    );
    let plan = plan(&folder, &settings).unwrap();
    let calibration = calibrated(&plan, 1);
    assert!(calibration == calibrated(&plan, 3));
    let out = folder.path().join("out");
    write_calibration(&out, &calibration).unwrap();
    for file in ["calibration.json", "evaluations.csv", "profiles.csv", "test.csv", "forecasts.csv"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let lines = |file: &str| fs::read_to_string(out.join(file)).unwrap().lines().count();
    assert_eq!(lines("evaluations.csv"), 1 + calibration.fit.evaluations.len());
    assert_eq!(lines("test.csv"), 1 + 4 * 6);
    assert_eq!(lines("forecasts.csv"), 1 + 4 * 40);
    assert!(write_calibration(&out, &calibration).unwrap_err().to_string().contains("exists"));
}

/// A calibration with `settings` fails with a message that contains all of `expected`.
fn check_fault(settings: &str, expected: &[&str]) {
    let folder = folder(4);
    let plan = plan(&folder, &format!("evaluations = 9\nreplicates = 1\n{settings}"));
    let message = match plan {
        Ok(plan) => calibrate(&plan, &mut |_| ()).unwrap_err().to_string(),
        Err(message) => message,
    };
    for part in expected {
        assert!(message.contains(part), "expected {part:?} in:\n{message}");
    }
}

#[test]
fn keys_and_bounds_that_do_not_fit_the_base_are_told() {
    let parameter = |key: &str, low: f64, high: f64| {
        format!("[[parameter]]\nkey = \"{key}\"\nlow = {low}\nhigh = {high}\n")
    };
    check_fault(&parameter("feed.lenght", 1.0, 2.0), &["plan.toml: parameter 1 (feed.lenght): ", "`lenght`"]);
    let probability = parameter("diffusion.model.probability", 0.5, 1.5);
    check_fault(&probability, &["parameter 1 (diffusion.model.probability): high = 1.5: ", "1.5"]);
    let without_effect = parameter("behaviour.like.age", -1.0, 0.0);
    check_fault(
        &without_effect,
        &["parameter 1 (behaviour.like.age): no simulation differs between low = -1 and high = 0"],
    );
}

#[test]
fn cascades_and_bases_that_cannot_be_used_are_told() {
    let path = |base: &str| {
        let folder = folder(4);
        let plan = Plan { base: PathBuf::from(base), ..plan(&folder, PROBABILITY).unwrap() };
        calibrate(&plan, &mut |_| ()).unwrap_err().to_string()
    };
    assert!(path("none.toml").contains("none.toml"));
    let quickstart = format!("{}/../../configs/quickstart.toml", env!("CARGO_MANIFEST_DIR"));
    let message = path(&quickstart);
    assert!(message.contains("quickstart.toml: seed_post, script, votes: expected none"), "{message}");
    let folder = folder(4);
    let long = Plan { until: 151, ..plan(&folder, PROBABILITY).unwrap() };
    let message = calibrate(&long, &mut |_| ()).unwrap_err().to_string();
    assert!(
        message.contains("observed until minute 151, found 0; the longest ends at minute 150"),
        "{message}"
    );
}
