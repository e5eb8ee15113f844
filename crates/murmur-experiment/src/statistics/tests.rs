use murmur_core::{AgentId, Purpose, Step};
use serde_json::Value;

use super::*;

fn stream(number: u32) -> Stream {
    Stream::new(3, Purpose::Bootstrap, Step(0), AgentId(number))
}

/// Values of SciPy, made by `scripts/reference_comparisons.py`.
fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// `ours` is `theirs` but for the last digits, those that cancel in `scale` included.
fn check_close(what: &str, ours: f64, theirs: f64, scale: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs() + 1e-12 * scale, "{what}: {ours}, not {theirs}");
}

#[test]
fn tests_and_effects_are_those_of_scipy() {
    for case in reference()["samples"].as_array().unwrap() {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        let scale = a.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let check = |key: &str, ours: Option<f64>| {
            let what = format!("{key} of {}", case["name"]);
            match case[key].as_f64() {
                Some(theirs) => check_close(&what, ours.unwrap(), theirs, scale),
                None => assert_eq!(ours, None, "{what}"),
            }
        };
        let check_ends = |key: &str, ours: Interval| {
            let ends = numbers(&case[key]);
            check_close(&format!("{key} of {}", case["name"]), ours.low, ends[0], scale);
            check_close(&format!("{key} of {}", case["name"]), ours.high, ends[1], scale);
        };
        let (paired, welch) = (student_t(&differences).unwrap(), welch_t(&a, &b).unwrap());
        check_ends("paired_t", paired.interval);
        check("paired_p", paired.p);
        check_ends("welch_t", welch.interval);
        check("welch_p", welch.p);
        check("cohens_d", cohens_d(&differences));
        check("hedges_g", hedges_g(&a, &b));
        check("pearson", pearson(&a, &b));
        if a.len() > 2 {
            check("paired_acceleration", Some(acceleration(&[&differences])));
            check("unpaired_acceleration", Some(acceleration(&[&a, &b])));
        }
    }
}

#[test]
fn bootstraps_are_those_of_scipy_but_for_chance() {
    for case in
        reference()["samples"].as_array().unwrap().iter().filter(|case| case["paired_bootstrap"].is_array())
    {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        let check = |key: &str, ours: Interval| {
            let ends = numbers(&case[key]);
            let slack = 0.03 * (ends[1] - ends[0]);
            let off = (ours.low - ends[0]).abs().max((ours.high - ends[1]).abs());
            assert!(off <= slack, "{key} of {}: {ours:?}, not {ends:?}", case["name"]);
        };
        check("paired_bootstrap", bootstrap_mean(&differences, 40_000, &mut stream(1)).unwrap());
        check("unpaired_bootstrap", bootstrap_difference(&a, &b, 40_000, &mut stream(2)).unwrap());
    }
}

#[test]
fn a_bootstrap_looks_at_the_quantiles_of_efron() {
    for case in reference()["levels"].as_array().unwrap() {
        let [bias, acceleration] = ["bias", "acceleration"].map(|key| case[key].as_f64().unwrap());
        for (ours, theirs) in corrected_levels(bias, acceleration).iter().zip(numbers(&case["levels"])) {
            check_close(&case.to_string(), *ours, theirs, 1.0);
        }
    }
}

/// The share of 95 % intervals of `of` samples of normal numbers with mean 1 that hold it is near `expected`.
fn check_coverage(of: impl Fn(&[f64], &mut Stream) -> Interval, expected: std::ops::Range<f64>) {
    const SAMPLES: u32 = 2_000;
    let holds = |number: u32| {
        let mut draws = stream(number);
        let sample: Vec<f64> = (0..20).map(|_| 1.0 + draws.normal()).collect();
        let interval = of(&sample, &mut draws);
        interval.low <= 1.0 && 1.0 <= interval.high
    };
    let share = (0..SAMPLES).filter(|&number| holds(number)).count() as f64 / f64::from(SAMPLES);
    assert!(expected.contains(&share), "{share}");
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    // The standard error of the share is 0.005.
    check_coverage(|sample, _| student_t(sample).unwrap().interval, 0.935..0.965);
    // Bootstraps of twenty values are a little too narrow: sqrt(19/20) of the normal interval, hence about 0.93.
    check_coverage(|sample, draws| bootstrap_mean(sample, 500, draws).unwrap(), 0.905..0.95);
    let other = |sample: &[f64], draws: &mut Stream| {
        let against: Vec<f64> = (0..8).map(|_| 3.0 * draws.normal()).collect();
        welch_t(sample, &against).unwrap().interval
    };
    check_coverage(other, 0.93..0.965);
}

#[test]
fn differences_that_do_not_vary_have_no_width() {
    let check = |value: f64, p: Option<f64>, effect: Option<f64>| {
        let same = [value; 7];
        let point = Interval { low: value, high: value };
        assert_eq!(student_t(&same), Some(TTest { interval: point, p }));
        assert_eq!(bootstrap_mean(&same, 100, &mut stream(1)), Some(point));
        assert_eq!(cohens_d(&same), effect);
    };
    check(0.0, Some(1.0), Some(0.0));
    check(0.1, None, None);
    assert_eq!(welch_t(&[2.0, 2.0], &[1.5, 1.5]).unwrap().interval, Interval { low: 0.5, high: 0.5 });
    assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), None);
}

#[test]
fn too_few_values_have_no_interval() {
    assert_eq!((mean(&[]), sd(&[1.0]), student_t(&[1.0])), (None, None, None));
    assert_eq!(welch_t(&[1.0, 2.0], &[1.0]), None);
    assert_eq!(bootstrap_mean(&[1.0, 2.0], 100, &mut stream(1)), None);
    assert_eq!(bootstrap_difference(&[1.0, 2.0, 3.0], &[1.0, 2.0], 100, &mut stream(1)), None);
}

#[test]
fn the_same_draws_give_the_same_bootstrap() {
    let sample = [1.0, 2.0, 4.0, 8.0];
    let interval = |number| bootstrap_mean(&sample, 1_000, &mut stream(number));
    assert_eq!(interval(1), interval(1));
}

#[test]
fn holm_corrects_as_by_hand() {
    let check = |values: &[Option<f64>], expected: &[Option<f64>]| {
        let corrected = holm(values);
        assert_eq!(corrected.len(), expected.len());
        for (ours, expected) in corrected.iter().zip(expected) {
            assert_eq!(ours.is_some(), expected.is_some());
            assert!((ours.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-15, "{corrected:?}");
        }
    };
    // 4 · 0.01, 3 · 0.02, then the larger of 2 · 0.03 and what came before, then of 0.04.
    let values = [Some(0.04), Some(0.01), None, Some(0.03), Some(0.02)];
    check(&values, &[Some(0.06), Some(0.04), None, Some(0.06), Some(0.06)]);
    check(&[Some(0.6), Some(0.5)], &[Some(1.0), Some(1.0)]);
    check(&[Some(0.01), Some(0.01)], &[Some(0.02), Some(0.02)]);
    check(&[], &[]);
}
