//! Populations: OASIS's own files, their quirks one by one, and every fault with its message.

mod common;

use common::{forms, in_words, on_file, reference};
use murmur_core::AgentId;
use murmur_core::Follow;
use murmur_data::population::{Account, PopulationFile, read_oasis_reddit, read_oasis_x};

fn x(content: &str) -> Result<PopulationFile, String> {
    on_file(content.as_bytes(), |path| read_oasis_x(path, None))
}

fn reddit(content: &str) -> Result<PopulationFile, String> {
    on_file(content.as_bytes(), |path| read_oasis_reddit(path, None))
}

fn follow(follower: u32, followee: u32) -> Follow {
    Follow { follower: AgentId(follower), followee: AgentId(followee) }
}

#[test]
fn the_users_own_x_files() {
    let cases = [
        (
            "twitter_False_Business_0.csv",
            111,
            85,
            "1 unknown or unnamed columns ignored; 12 accounts without a persona; \
             111 accounts without hourly frequencies, always active",
        ),
        (
            "twitter_polarization_197_progressive.csv",
            196,
            1269,
            "10 self-follows dropped; 196 follower lists ignored, the follows are the other column's; \
             7 unknown or unnamed columns ignored; 12 user names that an earlier account has, kept; \
             3 accounts without a persona",
        ),
        (
            "twitter_polarization_197_conservative.csv",
            196,
            1269,
            "10 self-follows dropped; 196 follower lists ignored, the follows are the other column's; \
             6 unknown or unnamed columns ignored; 12 user names that an earlier account has, kept; \
             3 accounts without a persona",
        ),
    ];
    for (name, accounts, follows, warnings) in cases {
        let Some(path) = reference(name) else { return };
        let population = read_oasis_x(&path, None).unwrap();
        assert_eq!(population.accounts.len(), accounts, "{name}");
        assert_eq!(population.follows.unwrap().len(), follows, "{name}");
        assert_eq!(in_words(&population.warnings), warnings, "{name}");
        assert_eq!(
            population.accounts.iter().map(|account| account.previous_posts.len()).max(),
            Some(1),
            "{name}"
        );
    }
}

#[test]
fn an_account_of_a_users_own_x_file() {
    let Some(path) = reference("twitter_polarization_197_progressive.csv") else { return };
    let population = read_oasis_x(&path, Some("is_super_user")).unwrap();
    let mashable = &population.accounts[2];
    assert_eq!((mashable.user_name.as_str(), mashable.name.as_str()), ("mashable", "Mashable"));
    assert!(mashable.bio.starts_with("Mashable is for superfans."), "{}", mashable.bio);
    assert!(mashable.persona.starts_with(&mashable.bio), "{}", mashable.persona);
    assert_eq!(mashable.hourly, Some([1.0; 24]));
    assert_eq!(mashable.label.as_deref(), Some("0"));
    let followed: Vec<u32> = population
        .follows
        .unwrap()
        .iter()
        .filter(|follow| follow.follower == AgentId(2))
        .map(|follow| follow.followee.0)
        .collect();
    assert_eq!(followed, [0, 1, 3, 4, 6, 7, 9, 15, 21, 83, 90, 93, 142, 155]);
}

#[test]
fn the_users_own_reddit_file() {
    let Some(path) = reference("user_data_36.json") else { return };
    let population = read_oasis_reddit(&path, Some("age")).unwrap();
    assert_eq!(population.accounts.len(), 36);
    assert_eq!(population.follows, None);
    assert_eq!(in_words(&population.warnings), "36 accounts without hourly frequencies, always active");
    let james = &population.accounts[0];
    assert_eq!((james.user_name.as_str(), james.name.as_str()), ("millerhospitality", "James Miller"));
    assert!(james.bio.starts_with("Passionate about hospitality"));
    assert!(james.persona.starts_with("James is a seasoned professional"));
    assert_eq!(james.interests, ["Economics", "Business"]);
    assert_eq!(james.label.as_deref(), Some("40"));
}

const X: &str = "\
,username,name,description,user_char,following_agentid_list,previous_tweets,activity_level_frequency,camp
0,ann,Ann,\"A \"\"quoted\"\" bio\",\"Two
lines, 🧠\",\"[1, 2, 1]\",\"['It\\'s, so', \"\"b\\n\"\"]\",\"[0, 50, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25.0]\",left
1,ben,,,p,nan,,\"[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\",

2,ann,Ann,,,\"[2.0, 0.0]\",[],[],right
";

#[test]
fn x_in_every_form() {
    let mut hourly = [0.0; 24];
    (hourly[1], hourly[2], hourly[23]) = (0.5, 1.0, 0.25);
    let ann = Account {
        user_name: "ann".into(),
        name: "Ann".into(),
        bio: "A \"quoted\" bio".into(),
        persona: "Two\nlines, 🧠".into(),
        previous_posts: vec!["It's, so".into(), "b\n".into()],
        hourly: Some(hourly),
        interests: vec![],
        label: Some("left".into()),
    };
    let ben = Account {
        user_name: "ben".into(),
        name: "ben".into(),
        persona: "p".into(),
        hourly: Some([0.0; 24]),
        ..Account::default()
    };
    let other = Account {
        user_name: "ann".into(),
        name: "Ann".into(),
        label: Some("right".into()),
        ..Account::default()
    };
    for (form, content) in forms(X) {
        let population = on_file(&content, |path| read_oasis_x(path, Some("camp"))).unwrap();
        assert_eq!(population.accounts, [ann.clone(), ben.clone(), other.clone()], "{form}");
        assert_eq!(population.follows, Some(vec![follow(0, 1), follow(0, 2), follow(2, 0)]), "{form}");
        assert_eq!(
            in_words(&population.warnings),
            "1 self-follows dropped; 1 repeated follows dropped; 1 unknown or unnamed columns ignored; \
             1 user names that an earlier account has, kept; 1 accounts without a persona; \
             1 accounts without hourly frequencies, always active",
            "{form}"
        );
    }
}

#[test]
fn only_two_columns_of_x_are_needed() {
    let population = x("user_char,username\np,ann\n").unwrap();
    assert_eq!(population.follows, None);
    let ann =
        Account { user_name: "ann".into(), name: "ann".into(), persona: "p".into(), ..Account::default() };
    assert_eq!(population.accounts, [ann]);
}

#[test]
fn faults_of_x_name_their_line_and_column() {
    let with =
        |column: &str, cell: &str| format!("username,user_char,{column}\nann,\"p\nq\",[]\nben,p,{cell}\n");
    let following = |cell: &str| with("following_agentid_list", cell);
    let frequencies = |cell: &str| with("activity_level_frequency", cell);
    let cases = [
        (String::new(), "the file is empty; expected a header row"),
        ("username,user_char\n".into(), "the population is empty; expected at least one account"),
        ("username,name\nann,Ann\n".into(), "missing column `user_char`; the file has `username`, `name`"),
        (",nick\n0,ann\n".into(), "missing columns `username`, `user_char`; the file has `nick`"),
        ("username,user_char\nann\n".into(), "line 2: 1 fields where the header has 2"),
        (
            "username,user_char\nann,\"p\n".into(),
            "line 2: a quoted field is not closed by the end of the file",
        ),
        (
            following("[2]"),
            "line 4: column `following_agentid_list`: agent 2 does not exist; expected ids from 0 to 1",
        ),
        (
            following("[-1]"),
            "line 4: column `following_agentid_list`: agent -1 does not exist; expected ids from 0 to 1",
        ),
        (
            following("[4294967296]"),
            "line 4: column `following_agentid_list`: agent 4294967296 does not exist; expected ids from 0 to 1",
        ),
        (following("[0"), "line 4: column `following_agentid_list`: expected `,` or `]` at character 3"),
        (
            following("0"),
            "line 4: column `following_agentid_list`: expected a list that begins with `[` at character 1",
        ),
        (following("[0.5]"), "line 4: column `following_agentid_list`: expected agent ids, found 0.5"),
        (following("[nan]"), "line 4: column `following_agentid_list`: expected agent ids, found NaN"),
        (following("['0']"), "line 4: column `following_agentid_list`: expected agent ids, found \"0\""),
        (with("previous_tweets", "[7]"), "line 4: column `previous_tweets`: expected strings, found 7"),
        (
            with("previous_tweets", "['a]"),
            "line 4: column `previous_tweets`: expected the closing quote of a string at character 5",
        ),
        (
            frequencies("[1]"),
            "line 4: column `activity_level_frequency`: expected 24 frequencies, one per hour, found 1",
        ),
        (
            frequencies("[-1]"),
            "line 4: column `activity_level_frequency`: expected frequencies, finite and not negative, found -1",
        ),
        (
            frequencies("[inf]"),
            "line 4: column `activity_level_frequency`: expected frequencies, finite and not negative, found inf",
        ),
    ];
    for (content, expected) in cases {
        assert_eq!(x(&content).unwrap_err(), expected, "{content}");
    }
}

#[test]
fn a_label_that_x_does_not_have() {
    for label in ["camp", ""] {
        let error =
            on_file(b",username,user_char\n0,ann,p\n", |path| read_oasis_x(path, Some(label))).unwrap_err();
        assert_eq!(
            error,
            format!("no column `{label}` to take labels from; the file has `username`, `user_char`")
        );
    }
}

#[test]
fn bytes_that_are_no_utf8() {
    let error =
        on_file(b"username,user_char\nann,p\nben,\xe9\n", |path| read_oasis_x(path, None)).unwrap_err();
    assert_eq!(error, "line 3: column `user_char` is not valid UTF-8");
    let error =
        on_file(b"[{\"username\": \"ann\",\n\"persona\": \"\xe9\"}]", |path| read_oasis_reddit(path, None));
    assert_eq!(error.unwrap_err(), "line 2: invalid unicode code point");
}

#[test]
fn a_file_that_is_missing_or_no_file() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().join("absent.csv"), dir.path().to_owned()] {
        for error in [read_oasis_x(&path, None).unwrap_err(), read_oasis_reddit(&path, None).unwrap_err()] {
            assert!(matches!(error, murmur_data::DataError::Io { .. }), "{error}");
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        }
    }
}

const REDDIT: &str = r#"[
  {"username": "ann", "realname": "Ann", "bio": "", "persona": "p\n🧠", "age": "40", "karma": {"x": [1]},
   "interested_topics": ["Economics", "It's"]},
  {"persona": 7, "username": 1001, "realname": null, "age": 40.5, "mbti": "INTJ"},
  {"persona": null, "username": "ann", "age": null}
]
"#;

#[test]
fn reddit_in_every_form() {
    let ann = Account {
        user_name: "ann".into(),
        name: "Ann".into(),
        persona: "p\n🧠".into(),
        interests: vec!["Economics".into(), "It's".into()],
        label: Some("40".into()),
        ..Account::default()
    };
    let number = Account {
        user_name: "1001".into(),
        name: "1001".into(),
        persona: "7".into(),
        label: Some("40.5".into()),
        ..Account::default()
    };
    let other = Account { user_name: "ann".into(), name: "ann".into(), ..Account::default() };
    for (form, content) in forms(REDDIT) {
        let population = on_file(&content, |path| read_oasis_reddit(path, Some("age"))).unwrap();
        assert_eq!(population.accounts, [ann.clone(), number.clone(), other.clone()], "{form}");
        assert_eq!(population.follows, None, "{form}");
        assert_eq!(
            in_words(&population.warnings),
            "1 user names that an earlier account has, kept; 1 accounts without a persona; \
             3 accounts without hourly frequencies, always active",
            "{form}"
        );
    }
}

#[test]
fn any_scalar_field_of_reddit_is_a_label() {
    let cases = [
        ("username", Some("ann")),
        ("mbti", Some("INTJ")),
        ("age", Some("40")),
        ("bot", Some("true")),
        ("no", None),
    ];
    let content =
        r#"[{"username": "ann", "persona": "p", "mbti": "INTJ", "age": 40, "bot": true, "no": null}]"#;
    for (label, expected) in cases {
        let population = on_file(content.as_bytes(), |path| read_oasis_reddit(path, Some(label))).unwrap();
        assert_eq!(population.accounts[0].label.as_deref(), expected, "{label}");
        assert_eq!(population.accounts[0].user_name, "ann");
    }
}

#[test]
fn faults_of_reddit_name_their_line() {
    let cases = [
        ("", "line 1: the file is cut short: EOF while parsing a value"),
        ("[]", "the population is empty; expected at least one account"),
        ("{}", "line 1: invalid type: map, expected an array of users"),
        ("[\n7]", "line 2: invalid type: integer `7`, expected a user as an object"),
        (
            "[\n{\"username\": \"ann\",\n\"persona\": \"p",
            "line 3: the file is cut short: EOF while parsing a string",
        ),
        (
            "[\n{\"username\": \"ann\", \"persona\": \"p\"},\n",
            "line 3: the file is cut short: EOF while parsing a value",
        ),
        ("[{\"username\": \"ann\", \"persona\": \"p\"}]\n]", "line 2: trailing characters"),
        (
            "[{\"username\": \"ann\", \"persona\": \"p\"},\n{\"username\": \"ben\"}]",
            "line 2: agent 1 has no `persona`",
        ),
        ("[\n{\"persona\": \"p\"}]", "line 2: agent 0 has no `username`"),
        (
            "[{\"username\": \"ann\",\n\"persona\": [1]}]",
            "line 2: invalid type: sequence, expected a text or number for `persona`",
        ),
        (
            "[{\"username\": \"ann\",\n\"interested_topics\": 3}]",
            "line 2: invalid type: integer `3`, expected a sequence",
        ),
        ("[{\"username\": \"ann\",\n\"age\": NaN}]", "line 2: expected value"),
    ];
    for (content, expected) in cases {
        assert_eq!(reddit(content).unwrap_err(), expected, "{content}");
    }
}

#[test]
fn a_label_that_reddit_does_not_have_or_cannot_use() {
    let content = br#"[{"username": "ann", "persona": "p", "interested_topics": []}]"#;
    let cases = [
        (
            "age",
            "no column `age` to take labels from; the file has `interested_topics`, `persona`, `username`",
        ),
        (
            "interested_topics",
            "line 1: invalid type: sequence, expected a text or number for `interested_topics`",
        ),
    ];
    for (label, expected) in cases {
        assert_eq!(on_file(content, |path| read_oasis_reddit(path, Some(label))).unwrap_err(), expected);
    }
}
