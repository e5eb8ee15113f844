//! OASIS's own scripts leave OASIS's own tables behind.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use murmur_core::Event;
use murmur_data::script::read_script;
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_store::{
    Naming, OasisTable, OasisTables, OutcomeDiffers, Phrasebook, PlatformConfig, Public, Rules, Value as Cell,
};
use serde_json::{Value, json};

const PARITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oasis/parity");

/// The rows of each table, by its name.
type Tables = BTreeMap<&'static str, Vec<Vec<Value>>>;

/// The events of a script on a platform where nobody is signed up, and that platform before them.
fn play(script: &str, platform: PlatformConfig, agents: u32) -> (Public, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.jsonl");
    fs::write(&path, script).unwrap();
    let lines = read_script(&path, &[]).unwrap();
    let at_start = || {
        let graph = SocialGraph::new(FollowGraph::from_edges(agents, Vec::new()).graph);
        let rules = Rules { platform: platform.clone(), ..Rules::default() };
        Public::new(graph, Phrasebook::new(Vec::new()), 0).with_nobody_signed_up().with_rules(rules)
    };
    let mut public = at_start();
    let events = lines.into_iter().map(|line| {
        let outcome = public.apply(line.step, line.agent, &line.action);
        Event { step: line.step, agent: line.agent, action: line.action, outcome }
    });
    let events = events.collect();
    (at_start(), events)
}

fn tables(at_start: Public, events: &[Event]) -> Result<Tables, OutcomeDiffers> {
    let mut tables: Tables = OasisTable::ALL.map(|table| (table.name(), Vec::new())).into();
    let mut sink = |table: OasisTable, row: &[Cell<'_>]| {
        assert_eq!(row.len(), table.columns().len(), "{}", table.name());
        tables.get_mut(table.name()).unwrap().push(row.iter().map(as_json).collect());
        Ok::<_, OutcomeDiffers>(())
    };
    let mut history = OasisTables::begin(at_start, &Naming::Real, &mut sink)?;
    for event in events {
        history.add(event, &mut sink)?;
    }
    history.finish(&mut sink)?;
    Ok(tables)
}

fn as_json(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => json!(number),
        Cell::Text(text) => json!(text),
    }
}

fn check_parity(name: &str) {
    let Ok(text) = fs::read_to_string(format!("{PARITY}/{name}.json")) else {
        eprintln!("passed over: no {name}.json in {PARITY}");
        return;
    };
    let parity: Value = serde_json::from_str(&text).unwrap();
    let users = parity["users"].as_array().unwrap();
    let mut script = String::new();
    for user in users {
        let args = json!({"user_name": user["user_name"], "name": user["name"], "bio": user["bio"]});
        let line = json!({"step": 0, "agent": user["agent"], "action": "sign_up", "args": args});
        writeln!(script, "{line}").unwrap();
    }
    for product in parity["products"].as_array().unwrap() {
        let args = json!({"product_id": product[0], "product_name": product[1]});
        let line = json!({"step": 0, "agent": 0, "action": "sign_up_product", "args": args});
        writeln!(script, "{line}").unwrap();
    }
    for line in parity["script"].as_array().unwrap() {
        writeln!(script, "{line}").unwrap();
    }
    let settings = &parity["settings"];
    let number = |key: &str| settings[key].as_u64().unwrap() as u32;
    let platform = PlatformConfig {
        allow_self_rating: settings["allow_self_rating"].as_bool().unwrap(),
        show_score: settings["show_score"].as_bool().unwrap(),
        trend_days: number("trend_num_days"),
        trend_top_k: number("trend_top_k"),
        report_threshold: number("report_threshold"),
    };
    let (at_start, events) = play(&script, platform, users.len() as u32);
    let tables = tables(at_start, &events).unwrap();
    for (name, expected) in parity["tables"].as_object().unwrap() {
        let table = OasisTable::ALL.into_iter().find(|table| table.name() == name).unwrap();
        assert_eq!(json!(table.columns()), expected["columns"], "{name}");
        let rows = &tables[name.as_str()];
        for (row, expected) in rows.iter().zip(expected["rows"].as_array().unwrap()) {
            assert_eq!(&json!(row), expected, "{name}");
        }
        assert_eq!(rows.len(), expected["rows"].as_array().unwrap().len(), "{name}");
    }
    assert_eq!(parity["tables"].as_object().unwrap().len(), OasisTable::ALL.len() - 1, "all but rec");
}

#[test]
fn script_a_leaves_oasiss_tables() {
    check_parity("script_a");
}

#[test]
fn script_b_leaves_oasiss_tables() {
    check_parity("script_b");
}
