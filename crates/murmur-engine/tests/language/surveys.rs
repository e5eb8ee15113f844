//! Surveys and interviews: agents answer as they are, and nothing else becomes different by it.

use std::fs;

use murmur_core::{AgentId, Step};
use murmur_engine::config::{AgentsConfig, CountOfAgents, ListOfAgents};
use murmur_engine::{AskAnswer, AskRequest};
use murmur_prompt::survey::{Answer, Question, QuestionKind};

use crate::desk::{Desk, Row, files_in, first_15, sensible_server};

const SURVEYS: &str = r#"
[[survey]]
name = "drink"
steps = [0, 3]
question = "Tea?"
answer = { kind = "scale", from = -10, to = 10 }
topic = "tea"
[[survey]]
name = "weather"
steps = [3]
agents = { kind = "list", agents = [2, 30, 31] }
question = "Do you like rain?"
answer = { kind = "choice", choices = ["no", "hardly", "yes"] }
topic = "rain"
[[survey]]
name = "why"
steps = [4]
question = "Why are you here?"
"#;

#[test]
fn surveys_change_nothing_but_their_own_tables() {
    let desk = Desk::new();
    let server = sensible_server();
    let summary = desk.run(desk.config(&first_15(server.url(), ""), &[]), "without");
    let with = desk.run(desk.config(&(first_15(server.url(), "") + SURVEYS), &[]), "with");
    let tables = |run: &str| {
        let folder = desk.path(run).join("tables");
        let mut files = files_in(&folder)
            .into_iter()
            .map(|(path, bytes)| (path.file_name().unwrap().to_string_lossy().into_owned(), bytes))
            .collect::<Vec<_>>();
        // Of calls and their tokens there are more; the table of measures tells of them.
        files.retain(|(name, _)| !["calls.parquet", "answers.parquet", "metrics.parquet"].contains(&&**name));
        files
    };
    assert!(tables("with").len() > 5);
    assert_eq!(tables("with"), tables("without"));
    let of_turns = |run: &str| -> Vec<Row> {
        let calls = desk.table(run, "calls").into_iter();
        calls.filter(|call| call.text("purpose") != "survey").collect()
    };
    assert_eq!(of_turns("with"), of_turns("without"));
    assert!(desk.table("with", "calls").len() > of_turns("with").len() + 30);
    let mut like_without = with.clone();
    like_without.models.clone_from(&summary.models);
    assert_eq!(like_without, summary);
    assert_eq!(with.models[0].turns, summary.models[0].turns);
    drop(server);
    assert_eq!(desk.replay("with", None).unwrap(), with);
}

#[test]
fn agents_without_a_model_answer_by_their_opinions() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&(first_15(server.url(), "") + SURVEYS), &[]), "run");
    let answers = desk.table("run", "answers");
    let of =
        |survey: &str| answers.iter().filter(move |row| row.text("survey") == survey).collect::<Vec<_>>();
    assert_eq!((of("drink").len(), of("weather").len(), of("why").len()), (80, 3, 15));
    let calls = desk.table("run", "calls");
    assert_eq!(calls.iter().filter(|call| call.text("purpose") == "survey").count(), 2 * 15 + 1 + 15);
    for step in [0, 3] {
        let world = desk.opened("run").at(Some(Step(step))).unwrap();
        let opinion = |agent: u32, topic: usize| {
            f64::from(world.simulation.world().beliefs.of(AgentId(agent))[topic].get())
        };
        for row in of("drink").iter().filter(|row| row.number("step") == step) {
            let (agent, value) = (row.number("agent_id"), row.value("value").unwrap());
            assert!((-10.0..=10.0).contains(&value));
            if agent >= 15 {
                assert!((value - 10.0 * opinion(agent, 0)).abs() <= 0.5 + 1e-6, "agent {agent}: {value}");
            }
        }
        for row in of("weather").iter().filter(|row| row.number("step") == step) {
            let agent = row.number("agent_id");
            let expected = match opinion(agent, 1) {
                low if low < -1.0 / 3.0 => ("no", 1.0),
                high if high >= 1.0 / 3.0 => ("yes", 3.0),
                _ => ("hardly", 2.0),
            };
            if agent >= 15 {
                assert_eq!((row.text("answer"), row.value("value").unwrap()), expected, "agent {agent}");
            }
        }
    }
    assert!(of("why").iter().all(|row| row.number("agent_id") < 15 && !row.text("answer").is_empty()));
}

fn request(at: Option<u32>, agents: AgentsConfig, kind: QuestionKind, topic: Option<&str>) -> AskRequest {
    AskRequest {
        at: at.map(Step),
        agents,
        question: Question { text: "Tea?".into(), kind },
        topic: topic.map(str::to_owned),
        wait: None,
    }
}

fn numbers(agents: &[u32]) -> AgentsConfig {
    AgentsConfig::List(ListOfAgents { agents: agents.to_vec() })
}

#[test]
fn an_interview_leaves_the_run_as_it_was() {
    let desk = Desk::new();
    let server = sensible_server();
    let toml = first_15(server.url(), "") + "[calls]\nrun_budget = { tokens = 8000 }\n";
    desk.run(desk.config(&toml, &[]), "run");
    let folder = desk.path("run");
    let before = files_in(&folder);
    let modified = |path: &std::path::Path| fs::metadata(path).unwrap().modified().unwrap();
    let times: Vec<_> = before.keys().map(|path| modified(path)).collect();
    let scale = || QuestionKind::Scale { from: -100, to: 100 };
    for at in [None, Some(0), Some(3)] {
        let asked = server.calls().len();
        let answers = desk.opened("run").ask(&request(at, AgentsConfig::All, scale(), Some("tea"))).unwrap();
        assert_eq!((answers.len(), server.calls().len() - asked), (40, 15));
        let world = desk.opened("run").at(at.map(Step)).unwrap();
        for (AskAnswer { agent, answer, .. }, number) in answers.iter().zip(0..) {
            let &Ok(Answer::Scale(value)) = answer else { panic!("agent {agent}: {answer:?}") };
            assert_eq!(agent.0, number);
            let opinion = world.simulation.world().beliefs.of(*agent)[0].get();
            let follows = (f64::from(value) - 100.0 * f64::from(opinion)).abs() <= 0.5 + 1e-4;
            assert!(follows || number < 15, "agent {agent}: {value} with the opinion {opinion}");
        }
        assert_eq!(files_in(&folder), before);
    }
    assert_eq!(before.keys().map(|path| modified(path)).collect::<Vec<_>>(), times);
    // Free words, of some agents; the same question is answered the same.
    let free = || request(Some(2), AgentsConfig::First(CountOfAgents { count: 3 }), QuestionKind::Free, None);
    let answers = desk.opened("run").ask(&free()).unwrap();
    assert!(
        answers.iter().all(|answer| matches!(&answer.answer, Ok(Answer::Text(text)) if !text.is_empty()))
    );
    assert_eq!(desk.opened("run").ask(&free()).unwrap(), answers);
    assert_eq!(files_in(&folder), before);
}

#[test]
fn an_interview_says_why_there_is_no_answer() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(
        desk.config(
            &first_15(server.url(), "patience_seconds = 0.2").replace("retries = 20", "retries = 0"),
            &[],
        ),
        "run",
    );
    drop(server);
    let ask = |agents: AgentsConfig, kind, topic| desk.opened("run").ask(&request(None, agents, kind, topic));
    let scale = || QuestionKind::Scale { from: 1, to: 7 };
    let check = |agents: &[u32], kind, topic, expected: &[&str]| {
        for answer in ask(numbers(agents), kind, topic).unwrap() {
            let why = answer.answer.unwrap_err();
            assert!(expected.contains(&why), "{why}");
        }
    };
    check(&[1, 2], QuestionKind::Free, None, &["cut", "no_endpoint"]);
    check(&[20, 30], QuestionKind::Free, Some("tea"), &["free text needs a model"]);
    check(&[20, 30], scale(), None, &["no model, and no --topic to answer from"]);
    let fails = |agents: AgentsConfig, kind, topic, part: &str| {
        let error = ask(agents, kind, topic).unwrap_err();
        assert!(error.to_string().contains(part) && error.is_bad_input(), "{error}");
    };
    fails(numbers(&[40]), scale(), None, "--agents");
    fails(numbers(&[1]), scale(), Some("coffee"), "--topic: expected one of");
    fails(numbers(&[1]), QuestionKind::Scale { from: 3, to: 3 }, None, "expected from below to");
    let late = desk.opened("run").ask(&request(Some(9), AgentsConfig::All, scale(), None)).unwrap_err();
    assert!(late.to_string().contains("--at 9: expected a step up to 5"), "{late}");
}
