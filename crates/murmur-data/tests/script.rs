//! Scripts are read into actions, and faults name the line, the field and what was expected.

use std::path::Path;

use murmur_core::{Action, ActionKind, AgentId, PostId, Step};
use murmur_data::DataError;
use murmur_data::script::{ScriptLine, read_script};

fn read(text: &str) -> Result<Vec<ScriptLine>, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.jsonl");
    std::fs::write(&path, text).unwrap();
    read_script(&path, &["tea", "rain"])
}

fn action(action: &str, args: &str) -> Result<Action, DataError> {
    let line = format!(r#"{{"step":1,"agent":7,"action":"{action}","args":{args}}}"#);
    read(&line).map(|lines| lines[0].action.clone())
}

/// The arguments that an action takes.
fn args(kind: ActionKind) -> &'static str {
    use ActionKind::*;
    match kind {
        Repost | DeletePost | LikePost | UnlikePost | DislikePost | UndoDislikePost => r#"{"post_id":3}"#,
        QuotePost => r#"{"post_id":3,"quote_content":"well","topic":"rain","stance":-0.5}"#,
        CreatePost => r#"{"content":"hello"}"#,
        CreateComment => r#"{"post_id":3,"content":"hello"}"#,
        LikeComment | UnlikeComment | DislikeComment | UndoDislikeComment => r#"{"comment_id":3}"#,
        ReportPost => r#"{"post_id":3,"report_reason":"rude"}"#,
        Follow | Unfollow => r#"{"followee_id":0}"#,
        Mute | Unmute => r#"{"mutee_id":0}"#,
        Block | Unblock => r#"{"blockee_id":0}"#,
        SearchPosts | SearchUser => r#"{"query":""}"#,
        Trend | Refresh | DoNothing | ListenFromGroup => "{}",
        PurchaseProduct => r#"{"product_name":"lamp","purchase_num":2}"#,
        CreateGroup => r#"{"group_name":"us"}"#,
        JoinGroup | LeaveGroup => r#"{"group_id":1}"#,
        SendToGroup => r#"{"group_id":1,"content":"hi"}"#,
        EditProfile => r#"{"bio":"new"}"#,
        Interview => r#"{"prompt":"why?"}"#,
        SignUp => r#"{"user_name":"u","name":"U","bio":""}"#,
        SignUpProduct => r#"{"product_id":1,"product_name":"lamp"}"#,
        RateNote => r#"{"post_id":3,"is_helpful":true}"#,
        Moderate => unreachable!("no script moderates"),
    }
}

#[test]
fn every_action_is_read_and_takes_no_other_arguments() {
    for kind in ActionKind::ALL.into_iter().filter(|&kind| kind != ActionKind::Moderate) {
        let given = args(kind);
        assert_eq!(action(kind.name(), given).unwrap().kind(), kind);
        let one_more = given.replace('}', r#","colour":1}"#).replace("{,", "{");
        let fault = action(kind.name(), &one_more).unwrap_err().to_string();
        assert!(fault.contains("line 1") && fault.contains("args.colour"), "{fault}");
        if given != "{}" {
            let fault = action(kind.name(), "{}").unwrap_err().to_string();
            assert!(fault.contains("expected"), "{fault}");
        }
    }
}

#[test]
fn what_interventions_decide_is_not_to_be_scripted() {
    let fault = action("moderate", "{}").unwrap_err().to_string();
    assert!(fault.contains("line 1") && fault.contains("interventions"), "{fault}");
}

#[test]
fn lines_keep_their_numbers_steps_and_agents() {
    let text = "\u{feff}{\"step\":0,\"agent\":2,\"action\":\"trend\"}\r\n\r\n\
                {\"step\":4,\"agent\":0,\"action\":\"repost\",\"args\":{\"post_id\":9}}";
    let line =
        |line, step, agent, action| ScriptLine { line, step: Step(step), agent: AgentId(agent), action };
    let expected = [line(1, 0, 2, Action::Trend), line(3, 4, 0, Action::Repost(PostId::new(9).unwrap()))];
    assert_eq!(read(text).unwrap(), expected);
}

/// Reading `text` fails with a message that contains all of `expected`.
fn check_fault(text: &str, expected: &[&str]) {
    let message = read(text).unwrap_err().to_string();
    for part in expected {
        assert!(message.contains(part), "expected {part:?} in {message:?}");
    }
}

#[test]
fn faults_name_the_line_the_field_and_what_was_expected() {
    let good = r#"{"step":1,"agent":0,"action":"trend","args":{}}"#;
    let after_good = |line: &str, expected: &[&str]| {
        check_fault(&format!("{good}\n{line}\n"), &[&["line 2"], expected].concat());
    };
    after_good(r#"{"step":1,"agent":0,"action":"dance"}"#, &["action", "\"dance\"", "create_post", "trend"]);
    after_good(r#"{"step":1,"agent":0"#, &["expected a JSON object", "column 19"]);
    after_good("[1]", &["expected an object", "[1]"]);
    after_good(r#"{"agent":0,"action":"trend"}"#, &["step: expected a step from 0, found nothing"]);
    after_good(r#"{"step":-1,"agent":0,"action":"trend"}"#, &["step: expected a step from 0, found -1"]);
    after_good(r#"{"step":1,"agent":"0","action":"trend"}"#, &["agent: expected an agent from 0", "\"0\""]);
    after_good(
        r#"{"step":0,"agent":0,"action":"trend"}"#,
        &["step: expected 1 or later", "line 1", "found 0"],
    );
    after_good(r#"{"step":1,"agent":0,"action":"trend","when":2}"#, &["when: unknown"]);
    after_good(r#"{"step":1,"agent":0,"action":"trend","args":[]}"#, &["args: expected an object, found []"]);
    let args = |action: &str, args: &str, expected: &[&str]| {
        after_good(&format!(r#"{{"step":1,"agent":0,"action":"{action}","args":{args}}}"#), expected);
    };
    args("like_post", "{}", &["like_post: args.post_id: expected an id, found nothing"]);
    args("like_post", r#"{"post_id":-1}"#, &["args.post_id: expected an id, found -1"]);
    args("like_post", r#"{"post_id":"1"}"#, &["args.post_id: expected an id", "\"1\""]);
    args("create_post", r#"{"content":5}"#, &["create_post: args.content: expected a text, found 5"]);
    args("create_post", r#"{"content":"x","topic":"coffee"}"#, &["args.topic", "\"rain\"", "\"coffee\""]);
    args(
        "create_post",
        r#"{"content":"x","topic":"tea","stance":2}"#,
        &["args.stance", "-1 to 1", "found 2"],
    );
    args("create_post", r#"{"content":"x","stance":1}"#, &["args.stance: expected a topic beside it"]);
    args("edit_profile", "{}", &["expected user_name, name or bio"]);
    check_fault("{\"step\":0,\"agent\":0,\"action\":\"\u{1}\"}", &["line 1", "column"]);
}

#[test]
fn a_missing_file_is_named() {
    let error = read_script(Path::new("nowhere.jsonl"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("nowhere.jsonl: "), "{error}");
}
