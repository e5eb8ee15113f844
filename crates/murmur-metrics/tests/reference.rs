//! The measures against values from networkx, NumPy, SciPy and diptest.

use std::path::Path;

use murmur_core::PostId;
use murmur_graph::Undirected;
use murmur_metrics::{CascadeTracker, NetworkSummary, OpinionSummary, Spread, normalized_rmse, spread_of};
use serde_json::{Map, Value};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/metrics.json");
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/opinions_reference.json");

/// The cases under `key` of a file, or none where the file is not at hand.
fn cases(path: &str, key: &str) -> Vec<Value> {
    if !Path::new(path).exists() {
        eprintln!("passed over: {path} is not here");
        return Vec::new();
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file[key].as_array().unwrap().clone()
}

/// Every measure of `measured` has the value that `expected` gives it, and none that `expected` gives is missing.
fn check(measured: impl serde::Serialize, expected: &Value, inputs: &[&str]) {
    let measured: Map<String, Value> =
        serde_json::from_value(serde_json::to_value(measured).unwrap()).unwrap();
    let name = expected.get("name").or(expected.get("kind")).unwrap();
    for (key, expected) in expected.as_object().unwrap() {
        if inputs.contains(&key.as_str()) {
            continue;
        }
        let value = measured.get(key).unwrap_or_else(|| panic!("{name}: no {key}"));
        let tolerance = if key == "hartigan_dip" { 1e-6 } else { 1e-9 };
        let close = match (value.as_f64(), expected.as_f64()) {
            (Some(value), Some(expected)) => (value - expected).abs() <= tolerance,
            _ => value == expected,
        };
        assert!(close, "{name}: {key} is {value} instead of {expected}");
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn integers<const N: usize>(rows: &Value) -> Vec<[u32; N]> {
    let row = |row: &Value| std::array::from_fn(|column| row[column].as_u64().unwrap() as u32);
    rows.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn cascades_match() {
    for case in cases(SHARED, "cascades") {
        let edges = integers::<3>(&case["edges_child_parent_time"]);
        let parents: Vec<Option<u32>> =
            std::iter::once(None).chain(edges.iter().map(|&[_, parent, _]| Some(parent))).collect();
        check(spread_of(&parents), &case, &["kind", "edges_child_parent_time", "series"]);
    }
}

#[test]
fn cascades_match_at_every_time() {
    for case in cases(SHARED, "cascades") {
        let mut edges = integers::<3>(&case["edges_child_parent_time"]);
        edges.sort_by_key(|&[child, _, time]| (time, child));
        let mut edges = edges.into_iter().peekable();
        let root = PostId::from_index(0);
        let mut tracker = CascadeTracker::new();
        tracker.add_root(root);
        let mut row_of = std::collections::HashMap::from([(0, root)]);
        for moment in case["series"].as_array().unwrap() {
            while let Some([child, parent, _]) =
                edges.next_if(|&[_, _, time]| u64::from(time) <= moment["time"].as_u64().unwrap())
            {
                let row = PostId::from_index(row_of.len());
                tracker.add_repost(row, row_of[&parent], root);
                row_of.insert(child, row);
            }
            let Spread { scale, depth, max_breadth, .. } = tracker.spread(root);
            assert_eq!(
                [&moment["scale"], &moment["depth"], &moment["max_breadth"]],
                [scale, depth, max_breadth]
            );
        }
        let tracked = tracker.structural_virality(root);
        assert!((tracked - case["structural_virality"].as_f64().unwrap()).abs() < 1e-9);
    }
}

#[test]
fn opinions_match() {
    for case in [cases(SHARED, "opinions"), cases(OWN, "opinions")].concat() {
        let summary = OpinionSummary::of(numbers(&case["values"]));
        assert_eq!(summary.count, case["values"].as_array().unwrap().len());
        check(summary, &case, &["name", "values", "hartigan_dip_p"]);
    }
}

#[test]
fn networks_match() {
    for case in cases(SHARED, "graphs") {
        let graph =
            Undirected::from_edges(case["nodes"].as_u64().unwrap() as u32, &integers::<2>(&case["edges"]));
        let labels: Vec<u32> = numbers(&case["label"]).iter().map(|&label| label as u32).collect();
        let summary = NetworkSummary::of(&graph, Some(&labels), Some(&numbers(&case["opinion"])));
        check(summary, &case, &["name", "edges", "label", "opinion"]);
    }
}

#[test]
fn normalized_rmse_matches() {
    for case in cases(SHARED, "normalized_rmse") {
        let value = normalized_rmse(&numbers(&case["simulated"]), &numbers(&case["real"])).unwrap();
        let expected = case["value"].as_f64().unwrap();
        assert!((value - expected).abs() <= 1e-9, "{value} instead of {expected}");
    }
}
