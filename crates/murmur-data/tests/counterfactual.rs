//! OASIS's counterfactual posts, good and bad.

use std::path::Path;

use murmur_data::counterfactual::{VoteGroup, read_counterfactual_posts};

fn read(json: &str) -> Result<Vec<(String, String, VoteGroup)>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts.json");
    std::fs::write(&path, json).unwrap();
    let posts = read_counterfactual_posts(&path).map_err(|error| error.to_string())?;
    Ok(posts.into_iter().map(|post| (post.text, post.claim, post.group)).collect())
}

fn post(text: &str, body: &str, group: &str) -> String {
    format!(
        r#"{{"RS": {{"title": "None", "selftext": "{text}"}}, "RC_1": {{"body": "{body}", "group": "{group}"}}}}"#
    )
}

#[test]
fn posts_come_in_the_order_of_the_file() {
    let json =
        format!("[{},\n{},\n{}]", post("A", "a", "up"), post("B", "b", "control"), post("C", "c", "down"));
    let expected = [("A", "a", VoteGroup::Up), ("B", "b", VoteGroup::Control), ("C", "c", VoteGroup::Down)];
    let expected = expected.map(|(text, claim, group)| (text.to_owned(), claim.to_owned(), group));
    assert_eq!(read(&json).unwrap(), expected);
}

fn check_fault(json: &str, expected: &str) {
    let error = read(json).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn faults_are_told_with_their_place() {
    check_fault("[]", "the array is empty");
    check_fault("{}", "line 1: invalid type: map, expected a sequence");
    check_fault("[\n{\"RS\": {\"selftext\": \"A\"}}]", "line 2: missing field `RC_1`");
    check_fault(&format!("[\n\n{}]", post("A", "a", "sideways")), "line 3: unknown variant `sideways`");
    check_fault(&format!("[{}", post("A", "a", "up")), "cut short");
    check_fault(
        &format!("[{}, {}]", post("A", "a", "up"), post("B", " ", "up")),
        "post 1 (from 0): RC_1.body: expected words",
    );
}

/// Reads the sample that lies next to the repository, and passes where it does not.
#[test]
fn the_sample_holds_220_posts() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oasis/data/counterfactual_36.json");
    if let Ok(posts) = read_counterfactual_posts(&path) {
        let of = |group| posts.iter().filter(|post| post.group == group).count();
        assert_eq!(posts.len(), 220);
        assert!([VoteGroup::Up, VoteGroup::Down, VoteGroup::Control].iter().all(|&group| of(group) > 50));
    }
}
