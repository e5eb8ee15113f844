//! Questions as they are asked, and answers good and bad.

use crate::scenes;
use murmur_llm::{ChatReply, Finish, Message};
use murmur_prompt::survey::{Answer, Asked, Question, QuestionKind, parse_answer, survey_messages};
use murmur_prompt::{Opinion, ReplyFormat};

fn choice() -> Question {
    let choices = ["agree", "disagree", "not sure"].map(str::to_owned).to_vec();
    Question { text: "Should rents be capped?".to_owned(), kind: QuestionKind::Choice { choices } }
}

fn scale() -> Question {
    Question { text: "How happy are you?".to_owned(), kind: QuestionKind::Scale { from: -2, to: 10 } }
}

fn free() -> Question {
    Question { text: "What do you think of trains?".to_owned(), kind: QuestionKind::Free }
}

#[test]
fn questions_are_asked_with_what_is_shared_first() {
    let asked = Asked {
        name: "Mia Eder",
        persona: "Student, 22.\nLikes quiet.",
        persona_tokens: 50,
        opinions: &[Opinion { topic: "rents", words: "strongly for a cap" }],
        memory: "You liked a post.",
    };
    let check = |question: &Question, format, manner: &str| {
        let messages = survey_messages(&asked, question, format);
        let [Message::System { content: system }, Message::User { content: user }] = &messages[..] else {
            panic!("{messages:?}");
        };
        assert!(system.contains(&question.text) && system.ends_with(manner), "{system}");
        let expected = "You are Mia Eder. Student, 22. Likes quiet.\nOn rents: strongly for a cap\n\
                        You remember: You liked a post.\nYour answer:";
        assert_eq!(user, expected);
        let form = question.response_format(format);
        assert_eq!(form.is_some(), manner.contains("JSON"));
    };
    check(&free(), ReplyFormat::Schema, "Answer in a few sentences.");
    check(
        &choice(),
        ReplyFormat::Schema,
        "Answer in JSON: {\"answer\": one of: agree | disagree | not sure}",
    );
    check(&choice(), ReplyFormat::Tools, "Answer in JSON: {\"answer\": one of: agree | disagree | not sure}");
    check(
        &choice(),
        ReplyFormat::Lines,
        "Answer with one of these and nothing else: agree | disagree | not sure",
    );
    check(&scale(), ReplyFormat::Schema, "Answer in JSON: {\"answer\": a whole number from -2 to 10}");
    check(&scale(), ReplyFormat::Lines, "Answer with a whole number from -2 to 10 and nothing else.");
}

#[test]
fn answers_are_read_strictly() {
    let check = |question: &Question, format, text: &str, expected: Result<Answer, &str>| {
        let answer = parse_answer(&scenes::said(text), question, format).map_err(|fault| fault.name());
        assert_eq!(answer, expected, "{text}");
    };
    let (schema, lines) = (ReplyFormat::Schema, ReplyFormat::Lines);
    check(&free(), schema, " Fine, I guess. ", Ok(Answer::Text("Fine, I guess.".to_owned())));
    check(&free(), lines, "", Err("empty"));
    check(&choice(), schema, r#"{"answer": "disagree"}"#, Ok(Answer::Choice(1)));
    check(&choice(), schema, "```json\n{\"answer\": \"not sure\"}\n```", Ok(Answer::Choice(2)));
    check(&choice(), schema, r#"{"answer": "perhaps"}"#, Err("no_choice"));
    check(&choice(), schema, r#"{"answer": 1}"#, Err("wrong_form"));
    check(&choice(), schema, r#"{"answer": "agree", "why": "x"}"#, Err("wrong_form"));
    check(&choice(), schema, r#"["agree"]"#, Err("wrong_form"));
    check(&choice(), schema, "agree", Err("not_json"));
    check(&choice(), lines, "I DISAGREE.", Ok(Answer::Choice(1)));
    check(&choice(), lines, "agree / disagree", Err("no_choice"));
    check(&scale(), schema, r#"{"answer": -2}"#, Ok(Answer::Scale(-2)));
    check(&scale(), schema, r#"{"answer": 11}"#, Err("not_on_scale"));
    check(&scale(), schema, r#"{"answer": 2.5}"#, Err("not_on_scale"));
    check(&scale(), schema, r#"{"answer": 99999999999}"#, Err("not_on_scale"));
    check(&scale(), lines, "My answer: 7.", Ok(Answer::Scale(7)));
    check(&scale(), lines, "−1", Ok(Answer::Scale(-1)));
    check(&scale(), lines, "7 out of 10", Err("not_on_scale"));
    check(&scale(), lines, "2.5", Err("not_on_scale"));
    check(&scale(), lines, "7/10", Err("not_on_scale"));
    check(&scale(), lines, "seven", Err("not_on_scale"));
    let cut = ChatReply { finish: Finish::Length, ..scenes::said("agree") };
    assert_eq!(parse_answer(&cut, &choice(), lines).unwrap_err().name(), "cut");
}

#[test]
fn faults_of_a_question_say_what_would_be_right() {
    let check = |question: Question, expected: &str| {
        let fault = question.fault().unwrap();
        assert!(fault.starts_with(expected), "{fault}");
    };
    let of = |choices: &[&str]| Question {
        kind: QuestionKind::Choice { choices: choices.iter().map(|&choice| choice.to_owned()).collect() },
        ..free()
    };
    assert_eq!([free(), choice(), scale()].map(|question| question.fault()), [None, None, None]);
    check(Question { text: " ".to_owned(), ..free() }, "question.text");
    check(of(&["yes"]), "question.kind.choices: expected at least two");
    check(of(&["Yes", "yes!"]), "question.kind.choices: \"yes!\"");
    check(of(&["yes", "?"]), "question.kind.choices: \"?\"");
    check(Question { kind: QuestionKind::Scale { from: 5, to: 5 }, ..free() }, "question.kind");
    let toml = r#"{"text": "t", "kind": {"choice": {"choices": ["a", "b"]}}}"#;
    assert_eq!(
        serde_json::from_str::<Question>(toml).unwrap(),
        Question { text: "t".to_owned(), ..of(&["a", "b"]) }
    );
}
