//! Replies, good and bad, and what they mean. The sight is that of `scenes`.

use std::collections::BTreeSet;

use crate::scenes;
use murmur_core::{
    Action, ActionKind, AgentId, CommentId, Draft, GroupId, PostId, ProfileEdit, Stance, Text,
};
use murmur_llm::{ChatReply, Finish};
use murmur_prompt::{PromptConfig, PromptPlatform, Prompter, ReplyFault, ReplyFormat, Sight, may_be_chosen};
use proptest::prelude::*;

const FORMATS: [ReplyFormat; 3] = [ReplyFormat::Tools, ReplyFormat::Schema, ReplyFormat::Lines];

/// With every action there is on the menu.
fn all(format: ReplyFormat) -> Prompter {
    let all =
        ActionKind::ALL.into_iter().filter(|&kind| may_be_chosen(kind)).map(|kind| kind.name().to_owned());
    let config = PromptConfig { actions: Some(all.collect()), text_chars: 30, ..PromptConfig::default() };
    Prompter::new(&config, format).unwrap()
}

fn reddit(format: ReplyFormat) -> Prompter {
    let config = PromptConfig { platform: PromptPlatform::Reddit, text_chars: 30, ..PromptConfig::default() };
    Prompter::new(&config, format).unwrap()
}

fn post(id: u32) -> PostId {
    PostId::new(id).unwrap()
}

fn comment(id: u32) -> CommentId {
    CommentId::new(id).unwrap()
}

fn group(id: u32) -> GroupId {
    GroupId::new(id).unwrap()
}

fn draft(text: &str) -> Draft {
    Draft { text: Text::own(text), topic: None, stance: Stance::default(), vector: Box::default() }
}

/// A name, a number with its key, words, and what they mean together.
type Example = (&'static str, Option<(&'static str, u32)>, Option<&'static str>, Action);

/// Each action as it is asked for.
fn examples() -> Vec<Example> {
    let words = Some("a b: \u{e9}");
    let boxed = || "a b: \u{e9}".into();
    let said = || draft("a b: \u{e9}");
    vec![
        ("create_post", None, words, Action::CreatePost(said())),
        ("repost", Some(("post", 2)), None, Action::Repost(post(102))),
        ("quote_post", Some(("post", 1)), words, Action::QuotePost(post(101), said())),
        ("delete_post", Some(("post", 3)), None, Action::DeletePost(post(103))),
        ("create_comment", Some(("post", 1)), words, Action::CreateComment(post(101), said())),
        ("like_post", Some(("post", 1)), None, Action::LikePost(post(101))),
        ("unlike_post", Some(("post", 2)), None, Action::UnlikePost(post(102))),
        ("dislike_post", Some(("post", 3)), None, Action::DislikePost(post(103))),
        ("undo_dislike_post", Some(("post", 3)), None, Action::UndoDislikePost(post(103))),
        ("like_comment", Some(("comment", 1)), None, Action::LikeComment(comment(201))),
        ("unlike_comment", Some(("comment", 2)), None, Action::UnlikeComment(comment(202))),
        ("dislike_comment", Some(("comment", 3)), None, Action::DislikeComment(comment(203))),
        ("undo_dislike_comment", Some(("comment", 3)), None, Action::UndoDislikeComment(comment(203))),
        ("report_post", Some(("post", 2)), words, Action::ReportPost(post(102), boxed())),
        ("report_post", Some(("post", 2)), Some(""), Action::ReportPost(post(102), "".into())),
        ("follow", Some(("user", 1)), None, Action::Follow(AgentId(11))),
        ("follow", Some(("user", 4)), None, Action::Follow(AgentId(21))),
        ("unfollow", Some(("user", 2)), None, Action::Unfollow(AgentId(12))),
        ("mute", Some(("user", 4)), None, Action::Mute(AgentId(21))),
        ("unmute", Some(("user", 4)), None, Action::Unmute(AgentId(21))),
        ("block", Some(("user", 2)), None, Action::Block(AgentId(12))),
        ("unblock", Some(("user", 2)), None, Action::Unblock(AgentId(12))),
        ("search_posts", None, words, Action::SearchPosts(boxed())),
        ("search_user", None, words, Action::SearchUser(boxed())),
        ("trend", None, None, Action::Trend),
        ("refresh", None, None, Action::Refresh),
        ("do_nothing", None, None, Action::DoNothing),
        ("purchase_product", Some(("count", 7)), words, Action::PurchaseProduct(boxed(), 7)),
        ("create_group", None, words, Action::CreateGroup(boxed())),
        ("join_group", Some(("group", 2)), None, Action::JoinGroup(group(32))),
        ("leave_group", Some(("group", 1)), None, Action::LeaveGroup(group(31))),
        ("send_to_group", Some(("group", 1)), words, Action::SendToGroup(group(31), boxed())),
        ("listen_from_group", None, None, Action::ListenFromGroup),
        (
            "edit_profile",
            None,
            words,
            Action::EditProfile(ProfileEdit { bio: Some(boxed_arc()), ..ProfileEdit::default() }),
        ),
    ]
}

fn boxed_arc() -> std::sync::Arc<str> {
    "a b: \u{e9}".into()
}

/// The reply that asks for it in a format.
fn asking(format: ReplyFormat, name: &str, number: Option<(&str, u32)>, words: Option<&str>) -> ChatReply {
    let text = words.map(|words| format!("\"text\":{}", serde_json::to_string(words).unwrap()));
    let object = |parts: Vec<Option<String>>| {
        format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    };
    match format {
        ReplyFormat::Tools => {
            let number = number.map(|(key, number)| format!("\"{key}\":{number}"));
            scenes::called(&[(name, &object(vec![number, text]))])
        }
        ReplyFormat::Schema => {
            let number = number.map(|(_, number)| format!("\"number\":{number}"));
            let action = object(vec![Some(format!("\"action\":\"{name}\"")), number, text]);
            scenes::said(&format!("{{\"actions\":[{action}]}}"))
        }
        ReplyFormat::Lines => {
            let number = number.map_or(String::new(), |(_, number)| format!(" {number}"));
            let words = words.map_or(String::new(), |words| format!(": {words}"));
            scenes::said(&format!("{name}{number}{words}"))
        }
    }
}

#[test]
fn every_action_can_be_asked_for_in_every_format() {
    let sight = scenes::sight();
    let mut kinds = BTreeSet::new();
    for format in FORMATS {
        let prompter = all(format);
        for (name, number, words, expected) in examples() {
            let reply = asking(format, name, number, words);
            kinds.insert(expected.kind());
            assert_eq!(prompter.parse(&reply, &sight), Ok(vec![expected]), "{reply:?}");
        }
    }
    let choosable: BTreeSet<ActionKind> =
        ActionKind::ALL.into_iter().filter(|&kind| may_be_chosen(kind)).collect();
    assert_eq!(kinds, choosable);
}

#[test]
fn arguments_that_miss_or_are_too_many_are_faults_in_every_format() {
    let sight = scenes::sight();
    for format in FORMATS {
        let prompter = all(format);
        let fault = |name: &str, number: Option<(&str, u32)>, words: Option<&str>| {
            let reply = asking(format, name, number, words);
            prompter.parse(&reply, &sight).unwrap_err().name()
        };
        for (name, number, words, _) in examples() {
            match number {
                Some((key, _)) => {
                    assert_eq!(fault(name, None, words), "missing", "{name}");
                    if key != "count" {
                        assert_eq!(fault(name, Some((key, 9)), words.map(|_| "x")), "not_shown", "{name}");
                    }
                }
                None => assert_eq!(fault(name, Some(("post", 1)), words), "unexpected", "{name}"),
            }
            match words {
                Some("") => {}
                Some(_) => {
                    assert_eq!(fault(name, number, None), "missing", "{name}");
                    assert_eq!(fault(name, number, Some(&"é".repeat(31))), "text_too_long", "{name}");
                    if name != "report_post" {
                        assert_eq!(fault(name, number, Some(" \u{7}")), "empty_text", "{name}");
                    }
                }
                None => assert_eq!(fault(name, number, Some("x")), "unexpected", "{name}"),
            }
        }
    }
}

/// The actions, or the fault's name.
fn outcome(prompter: &Prompter, reply: &ChatReply, sight: &Sight) -> Result<Vec<Action>, &'static str> {
    prompter.parse(reply, sight).map_err(|fault| {
        assert!(!fault.to_string().is_empty());
        let json = serde_json::to_value(&fault).unwrap();
        assert_eq!(json["kind"], fault.name());
        assert_eq!(serde_json::from_value::<ReplyFault>(json).unwrap(), fault);
        fault.name()
    })
}

#[test]
fn json_is_read_strictly() {
    let (prompter, sight) = (reddit(ReplyFormat::Schema), scenes::sight());
    let check = |text: &str, expected: Result<Vec<Action>, &str>| {
        assert_eq!(outcome(&prompter, &scenes::said(text), &sight), expected, "{text}");
    };
    let like = || Ok(vec![Action::LikePost(post(101))]);
    check(r#"{"actions":[{"action":"like_post","number":1}]}"#, like());
    check("```json\n{\"actions\": [{\"number\": 1, \"action\": \"like_post\"}]}\n```", like());
    check(
        "<think>\nHmm, {\"actions\"…\n</think>\n\n{\"actions\":[{\"action\":\"like_post\",\"number\":1}]}",
        like(),
    );
    check(
        r#"{"actions":[{"action":"do_nothing"},{"action":"like_post","number":1},{"action":"do_nothing"}]}"#,
        like(),
    );
    check(r#"{"actions":[{"action":"do_nothing"},{"action":"do_nothing"}]}"#, Ok(vec![Action::DoNothing]));
    check(r#"{"actions":[]}"#, Ok(vec![Action::DoNothing]));
    check(
        r#"{"actions":[{"action":"create_post","text":" Line 1\nline\u0000 2 "}]}"#,
        Ok(vec![Action::CreatePost(draft("Line 1\nline 2"))]),
    );
    check("", Err("empty"));
    check(" \n", Err("empty"));
    check("``` ```", Err("not_json"));
    check("<think>and then", Err("empty"));
    check("like_post 1", Err("not_json"));
    check(r#"{"actions":[{"action":"like_post","number":1}]} I like it!"#, Err("not_json"));
    check(r#"Sure! {"actions":[]}"#, Err("not_json"));
    check(r#"{"actions":[{"action":"like_post","number":1}"#, Err("not_json"));
    check(r#"[{"action":"like_post","number":1}]"#, Err("wrong_form"));
    check(r#"{"actions":{"action":"like_post","number":1}}"#, Err("wrong_form"));
    check(r#"{"actions":[],"mood":"fine"}"#, Err("wrong_form"));
    check(r#"{"actions":["like_post"]}"#, Err("wrong_form"));
    check(r#"{"actions":[{"number":1}]}"#, Err("wrong_form"));
    check(r#"{"actions":[{"action":1,"number":1}]}"#, Err("wrong_form"));
    check(r#"{"actions":[{"action":"like_post","number":"1"}]}"#, Err("wrong_type"));
    check(r#"{"actions":[{"action":"like_post","number":1.5}]}"#, Err("wrong_type"));
    check(r#"{"actions":[{"action":"like_post","number":1e99}]}"#, Err("wrong_type"));
    check(r#"{"actions":[{"action":"like_post","number":null}]}"#, Err("wrong_type"));
    check(r#"{"actions":[{"action":"create_post","text":7}]}"#, Err("wrong_type"));
    check(r#"{"actions":[{"action":"like_post","post":1}]}"#, Err("missing"));
    check(r#"{"actions":[{"action":"like_post","number":1,"why":"x"}]}"#, Err("unexpected"));
    check(r#"{"actions":[{"action":"Like_post","number":1}]}"#, Err("not_on_menu"));
    check(r#"{"actions":[{"action":"repost","number":1}]}"#, Err("not_on_menu"));
    check(r#"{"actions":[{"action":"sign_up"}]}"#, Err("not_on_menu"));
    for number in ["0", "-1", "4", "5", "4294967297", "9223372036854775807"] {
        check(&format!(r#"{{"actions":[{{"action":"like_post","number":{number}}}]}}"#), Err("not_shown"));
    }
    check(r#"{"actions":[{"action":"like_comment","number":4}]}"#, Err("not_shown"));
    let four = [r#"{"action":"trend"}"#; 4].join(",");
    check(&format!("{{\"actions\":[{four}]}}"), Err("too_many_actions"));
}

#[test]
fn lines_are_read_strictly() {
    let (prompter, sight) = (reddit(ReplyFormat::Lines), scenes::sight());
    let check = |text: &str, expected: Result<Vec<Action>, &str>| {
        assert_eq!(outcome(&prompter, &scenes::said(text), &sight), expected, "{text}");
    };
    check(
        "- like_post 1\n\n* create_comment 2: \"Well: no.\"\nfollow 4\ndo_nothing",
        Ok(vec![
            Action::LikePost(post(101)),
            Action::CreateComment(post(102), draft("Well: no.")),
            Action::Follow(AgentId(21)),
        ]),
    );
    check("```\ndo_nothing\n```", Ok(vec![Action::DoNothing]));
    check("create_post: He said \"no\"", Ok(vec![Action::CreatePost(draft("He said \"no\""))]));
    check("search_posts:trains", Ok(vec![Action::SearchPosts("trains".into())]));
    check("I would like_post 1", Err("not_a_line"));
    check("like_post 1\nbecause it is true", Err("not_a_line"));
    check("like_post1", Err("not_a_line"));
    check("like_post #1", Err("wrong_type"));
    check("like_post one", Err("wrong_type"));
    check("like_post 1 2", Err("wrong_type"));
    check("like_post", Err("missing"));
    check("like_post 1: yes", Err("unexpected"));
    check("create_comment 1 words", Err("wrong_type"));
    check("create_post", Err("missing"));
    check("create_post: \"\"", Err("empty_text"));
    check("do_nothing at all", Err("unexpected"));
    check("repost 1", Err("not_on_menu"));
    check("like_post 99999999999999999999", Err("wrong_type"));
    check("trend\ntrend\ntrend\nrefresh", Err("too_many_actions"));
}

#[test]
fn tool_calls_are_read_strictly() {
    let (prompter, sight) = (reddit(ReplyFormat::Tools), scenes::sight());
    let check = |reply: ChatReply, expected: Result<Vec<Action>, &str>| {
        assert_eq!(outcome(&prompter, &reply, &sight), expected, "{reply:?}");
    };
    let calls = scenes::called(&[("like_post", r#"{"post": 1}"#), ("trend", ""), ("do_nothing", "{}")]);
    check(calls, Ok(vec![Action::LikePost(post(101)), Action::Trend]));
    check(scenes::said(""), Err("empty"));
    check(scenes::said("I like it"), Err("no_action"));
    check(scenes::called(&[("like_post", "")]), Err("missing"));
    check(scenes::called(&[("like_post", "{\"post\": 1")]), Err("not_json"));
    check(scenes::called(&[("like_post", "[1]")]), Err("wrong_form"));
    check(scenes::called(&[("like_post", r#"{"number": 1}"#)]), Err("missing"));
    check(scenes::called(&[("like_post", r#"{"post": "1"}"#)]), Err("wrong_type"));
    check(scenes::called(&[("like_everything", "{}")]), Err("not_on_menu"));
    check(scenes::called(&[("follow", r#"{"user": 5}"#)]), Err("not_shown"));
}

#[test]
fn a_reply_that_did_not_end_is_a_fault_whatever_it_says() {
    let sight = scenes::sight();
    for format in FORMATS {
        for (finish, expected) in
            [(Finish::Length, ReplyFault::Cut), (Finish::ContentFilter, ReplyFault::Filtered)]
        {
            let reply = ChatReply { finish, ..asking(format, "trend", None, None) };
            assert_eq!(reddit(format).parse(&reply, &sight), Err(expected));
        }
    }
}

#[test]
fn what_was_found_by_looking_around_is_numbered_on() {
    let prompter = reddit(ReplyFormat::Lines);
    let mut sight = scenes::sight();
    let mut new = scenes::post(104, 14, "zoe", "Trains");
    new.comments = vec![scenes::comment(204, "bob", "Late", 0)];
    let found = Sight { posts: vec![new], users: scenes::sight().users, ..Sight::default() };
    let check = |sight: &Sight, line: &str, expected: Result<Vec<Action>, &str>| {
        assert_eq!(outcome(&prompter, &scenes::said(line), sight), expected, "{line}");
    };
    check(&sight, "like_post 5", Err("not_shown"));
    prompter.looked(&Action::Refresh, &mut sight, found.clone()).unwrap();
    check(&sight, "like_post 5", Ok(vec![Action::LikePost(post(104))]));
    check(&sight, "like_comment 4", Ok(vec![Action::LikeComment(comment(204))]));
    check(&sight, "mute 6", Ok(vec![Action::Mute(AgentId(21))]));
    check(&sight, "mute 7", Err("not_shown"));
    prompter.looked(&Action::Refresh, &mut sight, found).unwrap();
    check(&sight, "mute 7", Ok(vec![Action::Mute(AgentId(14))]));
    check(&sight, "like_post 1", Ok(vec![Action::LikePost(post(101))]));
}

/// A reply made of pieces of replies.
fn pieces() -> impl Strategy<Value = String> {
    let names: Vec<String> = ActionKind::ALL.into_iter().map(|kind| kind.name().to_owned()).collect();
    let piece = prop_oneof![
        proptest::sample::select(names),
        proptest::sample::select(
            [
                "{", "}", "[", "]", "\"", ":", ",", " ", "\n", "```", "actions", "action", "number", "text",
                "post"
            ]
            .map(str::to_owned)
            .to_vec()
        ),
        (-2_i64..9).prop_map(|number| number.to_string()),
        "\\PC{0,6}",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// A well-formed reply, whose numbers and words are anything.
fn orderly(format: ReplyFormat) -> impl Strategy<Value = ChatReply> {
    let examples = proptest::sample::select(examples());
    (examples, 0_u32..9, "\\PC{0,40}").prop_map(move |((name, number, words, _), other, text)| {
        asking(format, name, number.map(|(key, _)| (key, other)), words.map(|_| text.as_str()))
    })
}

fn holds(format: ReplyFormat, reply: &ChatReply) -> Result<(), TestCaseError> {
    let sight = scenes::sight();
    let Ok(actions) = all(format).parse(reply, &sight) else { return Ok(()) };
    prop_assert!((1..=3).contains(&actions.len()));
    for action in &actions {
        let posts = [101, 102, 103].map(post);
        prop_assert!(action.post().is_none_or(|post| posts.contains(&post)));
        prop_assert!(action.comment().is_none_or(|found| [201, 202, 203].map(comment).contains(&found)));
        prop_assert!(action.target().is_none_or(|agent| [11, 12, 13, 21].contains(&agent.0)));
        prop_assert!(action.group().is_none_or(|found| [31, 32].map(group).contains(&found)));
        if let Some(Draft { text: Text::Own(text), .. }) = action.draft() {
            prop_assert!(!text.trim().is_empty() && text.chars().count() <= 30);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_reply_panics_and_all_that_is_accepted_was_shown(
        text in pieces(),
        name in pieces(),
        orderly in FORMATS.map(orderly),
        any in "\\PC*",
    ) {
        for (format, orderly) in FORMATS.into_iter().zip(&orderly) {
            holds(format, orderly)?;
            holds(format, &scenes::said(&text))?;
            holds(format, &scenes::said(&any))?;
            holds(format, &scenes::called(&[(&name, &text), ("like_post", &any)]))?;
        }
    }
}
