//! Edge lists: every form, every meaning of ids, and every fault with its message.

mod common;

use common::{forms, in_words, on_file};
use murmur_core::AgentId;
use murmur_core::Follow;
use murmur_data::edges::{EdgeFile, NodeIds, Nodes, read_edges};
use proptest::prelude::*;

const INDEX: Nodes<'_> = Nodes::Index { agents: 10 };
const APPEARANCE: Nodes<'_> = Nodes::Appearance { agents: 3 };
const USER_NAME: Nodes<'_> = Nodes::UserName { names: &["ann", "ben", "o, \"c\"", "ben"] };

fn read(content: &str, nodes: Nodes<'_>) -> Result<EdgeFile, String> {
    on_file(content.as_bytes(), |path| read_edges(path, nodes))
}

fn follows(pairs: &[(u32, u32)]) -> Vec<Follow> {
    let follow = |&(follower, followee)| Follow { follower: AgentId(follower), followee: AgentId(followee) };
    pairs.iter().map(follow).collect()
}

#[test]
fn the_form_is_told_by_the_content() {
    let expected = follows(&[(0, 1), (9, 2), (0, 1)]);
    let cases = [
        "source,target\n0,1\n9,2\n0,1\n",
        "follower,followee\n0,1\n9,2\n0,1\n",
        "Followee , Follower\n1, 0\n 2,9\n1,0\n",
        "weight,target,source\n.5,1,0\n.5,2,9\n.5,1,0\n",
        "\"source\",\"target\"\n\"0\",\"1\"\n9,\"2\"\n\"0\" ,1\n",
        "from,to\n0,1\n9,2\n0,1\n",
        "0,1\n9,2\n0,1\n",
        "# a comment, with a comma\n\n0,1\n# another\n9,2\n0,1,7\n",
        "# Nodes: 10 Edges: 3\n# FromNodeId\tToNodeId\n0\t1\n9\t2\n0\t1\n",
        "0 1\n9   2\n  0 1 1288834974\n",
        "source target\n0 1\n9 2\n0 1\n",
        "followee\tfollower\n1\t0\n2\t9\n1\t0\n",
    ];
    for text in cases {
        for (form, content) in forms(text) {
            let file = on_file(&content, |path| read_edges(path, INDEX)).unwrap();
            assert_eq!(
                file,
                EdgeFile { follows: expected.clone(), names: vec![], warnings: vec![] },
                "{form}: {text}"
            );
        }
    }
}

#[test]
fn ids_are_numbered_in_order_of_appearance() {
    let file = read("source,target\nzoë,\"o, \"\"c\"\"\"\n7,zoë\n\"zoë\",7\n", APPEARANCE).unwrap();
    assert_eq!(file.follows, follows(&[(0, 1), (2, 0), (0, 2)]));
    assert_eq!(file.names, ["zoë", "o, \"c\"", "7"]);
}

#[test]
fn ids_are_user_names() {
    let file = read("source,target\nann,\"o, \"\"c\"\"\"\n\"o, \"\"c\"\"\",ann\n", USER_NAME).unwrap();
    assert_eq!(file.follows, follows(&[(0, 2), (2, 0)]));
    assert!(file.names.is_empty());
}

#[test]
fn self_follows_are_dropped_and_counted() {
    let file = read("0 1\n2 2\n3 3\n", INDEX).unwrap();
    assert_eq!(file.follows, follows(&[(0, 1)]));
    assert_eq!(in_words(&file.warnings), "2 self-follows dropped");
}

#[test]
fn a_file_may_hold_no_edge() {
    for content in ["", "# nothing\n", "source,target\n"] {
        assert_eq!(read(content, INDEX).unwrap().follows, []);
    }
}

#[test]
fn faults_name_their_line() {
    let cases = [
        ("# c\n0\n", INDEX, "line 2: expected a source and a target, found one column only"),
        ("source\n0\n", INDEX, "line 1: expected a source and a target, found one column only"),
        ("0 1\n\n2\n", INDEX, "line 3: expected a source and a target, found 1 field"),
        ("w,source,target\n1,2\n", INDEX, "line 2: expected a source and a target, found 2 fields"),
        (
            "source,to\n0,1\n",
            INDEX,
            "line 1: expected a column `source` and a column `target`, found one of them",
        ),
        ("0 1\n2 10\n", INDEX, "line 2: agent 10 does not exist; expected ids from 0 to 9"),
        (
            "0 99999999999999999999999\n",
            INDEX,
            "line 1: agent 99999999999999999999999 does not exist; expected ids from 0 to 9",
        ),
        ("0 1\n-1 2\n", INDEX, "line 2: `-1` is no agent id; expected a whole number below 10"),
        ("a,b\n0,ann\n", INDEX, "line 2: `ann` is no agent id; expected a whole number below 10"),
        ("a,b\n0,\n", INDEX, "line 2: `` is no agent id; expected a whole number below 10"),
        ("a b\nb c\nc d\n", APPEARANCE, "line 3: `d` is one id too many; expected at most 3"),
        ("a,b\nann,zoë\n", USER_NAME, "line 2: no agent has the user name `zoë`"),
        (
            "a,b\nann,ben\n",
            USER_NAME,
            "line 2: the user name `ben` is that of several agents, 1 and 3 among them",
        ),
        ("a,b\n\"ann,ben\n", USER_NAME, "line 2: a quoted id is not closed on its line"),
        ("a,b\n\"ann\"x,ben\n", USER_NAME, "line 2: expected a comma after a closing quote"),
    ];
    for (content, nodes, expected) in cases {
        assert_eq!(read(content, nodes).unwrap_err(), expected, "{content}");
    }
    let error = on_file(b"a b\n\xe9 b\n", |path| read_edges(path, APPEARANCE)).unwrap_err();
    assert_eq!(error, "line 2: the id is not valid UTF-8");
}

#[test]
fn a_configuration_names_the_ids_in_kebab_case() {
    let cases =
        [("index", NodeIds::Index), ("appearance", NodeIds::Appearance), ("user-name", NodeIds::UserName)];
    for (name, ids) in cases {
        assert_eq!(serde_json::from_value::<NodeIds>(name.into()).unwrap(), ids);
    }
}

fn csv_of(edges: &[(String, String)]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["source", "target"]).unwrap();
    for (source, target) in edges {
        writer.write_record([source, target]).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    /// Ids without newlines, spaces at their ends or a leading `#` come back as a CSV writer wrote them.
    #[test]
    fn what_a_csv_writer_writes_reads_back(
        edges in proptest::collection::vec((r#"[a-c,"]([a-c,"é ]{0,3}[a-c,"])?"#, r#"[a-c,"]([a-c,"é ]{0,3}[a-c,"])?"#), 1..20),
    ) {
        let file = on_file(&csv_of(&edges), |path| read_edges(path, Nodes::Appearance { agents: u32::MAX })).unwrap();
        let name = |agent: AgentId| file.names[agent.index()].clone();
        let read: Vec<_> = file.follows.iter().map(|follow| (name(follow.follower), name(follow.followee))).collect();
        let expected: Vec<_> = edges.into_iter().filter(|(source, target)| source != target).collect();
        prop_assert_eq!(read, expected);
    }
}
