//! What OASIS did with a script of actions, as input for `murmur script`.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

const PARITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oasis/parity");

/// The parity file of that name; `None`, said on standard error, where there is none.
#[allow(clippy::print_stderr, reason = "a test says that it was passed over")]
pub(crate) fn read(name: &str) -> Option<Value> {
    let Ok(text) = fs::read_to_string(format!("{PARITY}/{name}.json")) else {
        eprintln!("passed over: no {name}.json in {PARITY}");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// A parity file as a script: its users and products sign up at step 0.
pub(crate) fn as_script(parity: &Value) -> String {
    let mut script = String::new();
    let mut add = |line: Value| writeln!(script, "{line}").unwrap();
    for user in parity["users"].as_array().unwrap() {
        let args = json!({"user_name": user["user_name"], "name": user["name"], "bio": user["bio"]});
        add(json!({"step": 0, "agent": user["agent"], "action": "sign_up", "args": args}));
    }
    for product in parity["products"].as_array().unwrap() {
        let args = json!({"product_id": product[0], "product_name": product[1]});
        add(json!({"step": 0, "agent": 0, "action": "sign_up_product", "args": args}));
    }
    for line in parity["script"].as_array().unwrap() {
        add(line.clone());
    }
    script
}

/// Its settings, in our names.
pub(crate) fn settings(parity: &Value) -> [String; 5] {
    let named = [
        ("allow_self_rating", "allow_self_rating"),
        ("show_score", "show_score"),
        ("trend_days", "trend_num_days"),
        ("trend_top_k", "trend_top_k"),
        ("report_threshold", "report_threshold"),
    ];
    named.map(|(ours, theirs)| format!("platform.{ours}={}", parity["settings"][theirs]))
}
