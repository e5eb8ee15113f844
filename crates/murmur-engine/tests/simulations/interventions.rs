//! Interventions do what they say, to those they are about, and nothing else: a run with one differs from the same run
//! without it by that alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::tables::{Row, Run, config};

/// A small town on a chronological feed, with a rumour and its denial, a claim, and two groups.
const TOWN: &str = r#"
    [run]
    seed = 11
    steps = 30
    start = "12:00"
    [[topic]]
    name = "tea"
    words = ["cup", "leaf"]
    [[topic]]
    name = "rain"
    words = ["cloud", "puddle"]
    [metrics]
    label = "interest"
    [population]
    kind = "synthetic"
    size = 200
    [population.traits]
    activity = 0.4
    [graph]
    kind = "erdos-renyi"
    mean_degree = 12.0
    [feed]
    preset = "chronological"
    [behaviour]
    posts_per_session = 0.02
    session_seconds = 200.0
    [behaviour.repost]
    constant = -2.0
    [emotion]
    enabled = true
    [[claim]]
    name = "poison"
    truth = false
    topic = "tea"
    [[seed_post]]
    name = "rumour"
    author = 0
    step = 2
    topic = "tea"
    stance = -0.9
    text = "Tea is poison."
    claim = "poison"
    [[seed_post]]
    name = "denial"
    author = 1
    step = 4
    topic = "tea"
    stance = 0.8
    text = "Tea is no poison."
    claim = "poison"
    asserts = false
"#;

fn town_with(interventions: &str) -> Run {
    Run::of(config(&format!("{TOWN}\n{interventions}")))
}

/// An intervention called "it".
fn intervention(keys: &str, action: &str) -> String {
    format!("[[intervention]]\nname = \"it\"\n{keys}\naction = {{ {action} }}\n")
}

/// Every kind of action.
const ACTIONS: [&str; 13] = [
    "kind = \"demote\", factor = 0.1",
    "kind = \"amplify\", factor = 10.0",
    "kind = \"label\", text = \"disputed\"",
    "kind = \"remove\"",
    "kind = \"friction\", cost = 2.0",
    "kind = \"prebunk\", claim = \"poison\"",
    "kind = \"correct\", claim = \"poison\"",
    "kind = \"notes\", raters = 1.0",
    "kind = \"suspend\"",
    "kind = \"shadow-ban\"",
    "kind = \"feed\", feed = { preset = \"random\" }",
    "kind = \"follow\", whom = { kind = \"first\", count = 3 }",
    "kind = \"unfollow\", whom = { kind = \"first\", count = 3 }",
];

fn is_about_posts(action: &str) -> bool {
    ["demote", "amplify", "label", "remove", "friction", "notes"]
        .iter()
        .any(|kind| action.contains(&format!("\"{kind}\"")))
}

#[test]
fn an_intervention_that_matches_nobody_leaves_the_journal_identical() {
    let control = town_with("").digest();
    for action in ACTIONS {
        let nobody = match is_about_posts(action) {
            true => "target = { accounts = { kind = \"list\", agents = [] } }",
            false => "target = { share = 0.0 }",
        };
        assert_eq!(town_with(&intervention(nobody, action)).digest(), control, "{action}");
    }
    let never = "when = { scope = \"platform\", measure = \"posts_total\", above = 1e9 }";
    for action in ACTIONS {
        assert_eq!(town_with(&intervention(never, action)).digest(), control, "{action}");
        assert_eq!(town_with(&intervention("from = 30", action)).digest(), control, "{action}");
        assert_eq!(town_with(&intervention("enabled = false", action)).digest(), control, "{action}");
    }
}

/// The stable key of each post of a run, by its id.
fn keys(run: &Run) -> BTreeMap<u32, [u32; 3]> {
    let mut made: BTreeMap<[u32; 2], u32> = BTreeMap::new();
    let key = |row: &Row| {
        let place = [row.number("author_id"), row.number("step")];
        let ordinal = made.entry(place).or_default();
        *ordinal += 1;
        (row.number("post_id"), [place[0], place[1], *ordinal])
    };
    run.table("posts").iter().map(key).collect()
}

/// What every agent but `stranger` did and read, and what it thinks, feels and believes in the end; posts by their keys.
fn lives_of_others(run: &Run, stranger: u32) -> Vec<String> {
    let keys = keys(run);
    let key = |id: Option<u32>| id.map(|id| keys[&id]);
    let mut lives = Vec::new();
    for row in run.table("events").iter().filter(|row| row.number("agent_id") != stranger) {
        let (post, made) = (key(row.optional("post_id")), key(row.optional("made_post_id")));
        let who = [row.number("step"), row.number("agent_id")];
        let target = row.optional("target_id");
        lives.push(format!(
            "{who:?} {} {post:?} {made:?} {target:?} {}",
            row.text("action"),
            row.text("outcome")
        ));
    }
    for row in run.table("exposures").iter().filter(|row| row.number("agent_id") != stranger) {
        let who = [row.number("step"), row.number("agent_id"), row.number("rank")];
        lives.push(format!("{who:?} read {:?} {}", key(row.optional("post_id")), row.text("source")));
    }
    for row in run.table("agents").iter().filter(|row| row.number("agent_id") != stranger) {
        let columns = [
            "opinion_last:tea",
            "opinion_last:rain",
            "arousal_last:tea",
            "valence_last:tea",
            "credence_last:poison",
        ];
        let values = columns.map(|column| row.value(column));
        lives.push(format!("{} {values:?} {}", row.number("agent_id"), row.number("followers")));
    }
    lives
}

#[test]
fn one_on_an_agent_whom_nobody_can_see_changes_nobody_else() {
    for preset in ["chronological", "x-like", "reddit", "random", "echo-chamber"] {
        let feed = format!("preset = \"{preset}\"");
        let town = TOWN.replace("preset = \"chronological\"", &feed);
        // With an index that finds the same whatever else is in it.
        let town = format!("{town}\n[index]\nkind = \"exact\"\n");
        let hidden = "[[intervention]]\nname = \"hidden\"\ntarget = { accounts = { kind = \"list\", agents = [77] } }\n\
                      action = { kind = \"shadow-ban\" }\n";
        let control = Run::of(config(&format!("{town}{hidden}")));
        let mut more = String::new();
        for step in [3, 9, 9, 15] {
            more += &format!(
                "[[intervention]]\nname = \"extra {}\"\nfrom = {step}\naction = {{ kind = \"inject\", author = 77, \
                 topic = \"tea\", stance = -1.0, text = \"Cup, leaf, cup!\", claim = \"poison\" }}\n",
                more.len()
            );
        }
        let treated = Run::of(config(&format!("{town}{hidden}{more}")));
        let posts = |run: &Run| run.table("posts").len();
        assert!(posts(&treated) > posts(&control));
        let (one, other) = (lives_of_others(&control, 77), lives_of_others(&treated, 77));
        let difference = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!(difference, None, "{preset}");
        assert_eq!(one.len(), other.len(), "{preset}");
    }
}

/// How often agents read one of `posts`.
fn reads_of(run: &Run, posts: &BTreeSet<u32>) -> usize {
    run.table("exposures").iter().filter(|row| posts.contains(&row.number("post_id"))).count()
}

/// The rows of all posts on "tea" that lean against it: roots and their reposts.
fn against_tea(run: &Run) -> BTreeSet<u32> {
    let is_meant = |row: &&Row| row.text("topic") == "tea" && row.value("stance").unwrap() < 0.0;
    run.table("posts").iter().filter(is_meant).map(|row| row.number("post_id")).collect()
}

const AGAINST_TEA: &str = "target = { topic = \"tea\", stance_below = 0.0 }";

#[test]
fn demoting_lowers_what_is_read_amplifying_raises_it_and_a_factor_of_nought_ends_it() {
    let reads = |action: &str| {
        let run = town_with(&intervention(AGAINST_TEA, action));
        reads_of(&run, &against_tea(&run))
    };
    let control = town_with("");
    let control = reads_of(&control, &against_tea(&control));
    let demoted = reads("kind = \"demote\", factor = 0.05");
    let amplified = reads("kind = \"amplify\", factor = 20.0");
    assert!(demoted * 10 < control * 9 && amplified * 10 > control * 11, "{demoted} {control} {amplified}");
    assert_eq!(reads("kind = \"demote\", factor = 0.0"), 0);
}

#[test]
fn what_is_removed_is_gone_for_good_and_says_why() {
    let run = town_with(&intervention("from = 10\ntarget = { posts = [\"rumour\"] }", "kind = \"remove\""));
    let decisions = run.table("interventions");
    let [decision] = &decisions[..] else { panic!("{decisions:?}") };
    let rumour = decision.number("post_id");
    assert_eq!((decision.number("step"), decision.number("agent_id")), (10, 0));
    assert_eq!((decision.text("decision"), decision.text("reason")), ("remove", "from step 10; post rumour"));
    let control = town_with("");
    let of_rumour = |run: &Run| -> BTreeSet<u32> {
        let rows = run.table("posts");
        rows.iter().filter(|row| row.number("root_id") == rumour).map(|row| row.number("post_id")).collect()
    };
    let late = |run: &Run| {
        let rows = of_rumour(run);
        let exposures = run.table("exposures");
        let is_late = |row: &&Row| row.number("step") > 10 && rows.contains(&row.number("post_id"));
        exposures.iter().filter(is_late).count()
    };
    assert!(late(&control) > 20);
    assert_eq!(late(&run), 0);
}

/// How many reposts posts on tea got.
fn reposts_of_tea(run: &Run) -> usize {
    let is_one = |row: &&Row| row.text("kind") == "repost" && row.text("topic") == "tea";
    run.table("posts").iter().filter(is_one).count()
}

#[test]
fn labels_and_friction_make_posts_spread_less() {
    let target = "target = { topic = \"tea\" }";
    let control = reposts_of_tea(&town_with(""));
    let labelled = reposts_of_tea(&town_with(&intervention(target, "kind = \"label\", text = \"disputed\"")));
    let slowed = reposts_of_tea(&town_with(&intervention(target, "kind = \"friction\", cost = 1.5")));
    assert!(
        control > 60 && labelled * 10 < control * 8 && slowed * 10 < control * 5,
        "{control} {labelled} {slowed}"
    );
}

#[test]
fn an_intervention_may_build_upon_one_before_it_in_the_list() {
    let label = "[[intervention]]\nname = \"label\"\ntarget = { topic = \"tea\", share = 0.5 }\n\
                 action = { kind = \"label\", text = \"disputed\" }\n";
    let hide = "[[intervention]]\nname = \"hide\"\ntarget = { label = \"disputed\" }\n\
                action = { kind = \"demote\", factor = 0.0 }\n";
    let decided = |run: &Run, name: &str| -> BTreeMap<u32, u32> {
        let rows = run.table("interventions");
        let own = rows.iter().filter(|row| row.text("intervention") == name);
        own.map(|row| (row.number("post_id"), row.number("step"))).collect()
    };
    let run = town_with(&format!("{label}{hide}"));
    let (labelled, hidden) = (decided(&run, "label"), decided(&run, "hide"));
    assert!(labelled.len() > 10, "{}", labelled.len());
    assert_eq!(labelled, hidden);
    assert_eq!(reads_of(&run, &labelled.into_keys().collect()), 0);
    // The other way round, what is labelled in a step is found in the next.
    let run = town_with(&format!("{hide}{label}"));
    let (labelled, hidden) = (decided(&run, "label"), decided(&run, "hide"));
    let next = labelled.iter().filter(|(_, step)| **step < 29).map(|(&post, &step)| (post, step + 1));
    assert_eq!(hidden, next.collect());
}

#[test]
fn what_is_decided_is_taken_back_when_it_ends() {
    let run = town_with(&intervention(
        "from = 5\nuntil = 12\ntarget = { topic = \"tea\" }",
        "kind = \"demote\", factor = 0.0",
    ));
    let tea: BTreeSet<u32> = {
        let rows = run.table("posts");
        rows.iter().filter(|row| row.text("topic") == "tea").map(|row| row.number("post_id")).collect()
    };
    let steps: BTreeSet<u32> = {
        let exposures = run.table("exposures");
        let on_tea = exposures.iter().filter(|row| tea.contains(&row.number("post_id")));
        on_tea.map(|row| row.number("step")).collect()
    };
    // Decided at the end of step 5, taken back in step 12.
    assert_eq!(steps, (1..=5).chain(13..30).collect());
    let rows = run.table("interventions");
    let end: Vec<&Row> = rows.iter().filter(|row| row.text("decision") == "end").collect();
    assert_eq!(end.len(), 1);
    assert_eq!((end[0].number("step"), end[0].text("reason")), (12, "it has ended"));
}

/// What agents did in steps after `step`.
fn actions_after(run: &Run, step: u32, agent: u32) -> Vec<Row> {
    let rows = run.table("events").into_iter();
    rows.filter(|row| {
        row.number("step") > step && row.number("agent_id") == agent && row.text("action") != "moderate"
    })
    .collect()
}

#[test]
fn a_suspended_account_does_nothing_and_a_shadow_banned_one_is_alone() {
    let target = "from = 8\ntarget = { accounts = { kind = \"list\", agents = [0] } }";
    let readers = |run: &Run, after: u32| -> BTreeSet<u32> {
        let own: BTreeSet<u32> = {
            let posts = run.table("posts");
            posts.iter().filter(|row| row.number("author_id") == 0).map(|row| row.number("post_id")).collect()
        };
        let exposures = run.table("exposures");
        let late =
            exposures.iter().filter(|row| row.number("step") > after && own.contains(&row.number("post_id")));
        late.map(|row| row.number("agent_id")).collect()
    };
    let control = town_with("");
    assert!(actions_after(&control, 8, 0).len() > 3 && readers(&control, 8).len() > 5);
    let suspended = town_with(&intervention(target, "kind = \"suspend\""));
    assert!(actions_after(&suspended, 8, 0).iter().all(|row| row.text("outcome") == "suspended"));
    assert_eq!(readers(&suspended, 8), BTreeSet::new());
    let banned = town_with(&intervention(target, "kind = \"shadow-ban\""));
    let done = |row: &&Row| row.text("outcome") == "done";
    assert!(actions_after(&banned, 8, 0).iter().filter(done).count() > 3);
    assert_eq!(readers(&banned, 8), BTreeSet::new());
}

#[test]
fn another_feed_is_served_to_those_alone_whom_it_is_for() {
    let run = town_with(&intervention(
        "from = 6\nuntil = 20\ntarget = { share = 0.5 }",
        "kind = \"feed\", feed = { preset = \"random\" }",
    ));
    let treated: BTreeSet<u32> = {
        let rows = run.table("interventions");
        rows.iter().filter(|row| row.text("decision") == "feed").map(|row| row.number("agent_id")).collect()
    };
    assert!((70..130).contains(&treated.len()), "{}", treated.len());
    for row in run.table("exposures") {
        let is_on = (7..=20).contains(&row.number("step")) && treated.contains(&row.number("agent_id"));
        assert_eq!(row.text("source") == "random", is_on, "{row:?}");
    }
}

#[test]
fn ties_are_made_and_cut() {
    let followers = |run: &Run| run.table("agents")[2].number("followers");
    let control = followers(&town_with(""));
    let whom = "whom = { kind = \"list\", agents = [2] }";
    let made = town_with(&intervention("from = 4", &format!("kind = \"follow\", {whom}")));
    assert!(control < 40 && followers(&made) > 190, "{control} {}", followers(&made));
    let cut = town_with(&intervention("from = 29", &format!("kind = \"unfollow\", {whom}")));
    assert_eq!(followers(&cut), 0);
    // Who follows and who is followed are drawn apart.
    let apart = town_with(&intervention(
        "from = 4\ntarget = { share = 0.3 }",
        "kind = \"follow\", whom = { kind = \"share\", share = 0.3 }",
    ));
    let (mut followers, mut followed) = (BTreeSet::new(), BTreeSet::new());
    for row in
        apart.table("events").iter().filter(|row| row.number("step") == 4 && row.text("action") == "follow")
    {
        followers.insert(row.number("agent_id"));
        followed.insert(row.number("target_id"));
    }
    let both = followers.intersection(&followed).count();
    assert!(followed.len() > 30 && both * 2 < followed.len(), "{both} of {}", followed.len());
    // Each is a decision of its own, and then a follow like any other.
    let decided = made.table("interventions").len() as u32;
    let events = made.table("events");
    let is_made = |row: &&Row| {
        row.number("step") == 4 && row.text("action") == "follow" && row.number("target_id") == 2
    };
    assert!(events.iter().filter(is_made).count() as u32 >= decided && decided > 150);
}

/// The mean credence in the claim at the end of each step.
fn credences(run: &Run) -> Vec<f64> {
    let rows = run.table("metrics");
    let of_claim = |row: &&Row| {
        row.text("scope") == "claim"
            && row.text("subject") == "poison"
            && row.text("metric") == "credence_mean"
    };
    rows.iter().filter(of_claim).map(|row| row.value("value").unwrap()).collect()
}

#[test]
fn prebunking_and_corrections_keep_beliefs_nearer_to_the_truth() {
    let control = *credences(&town_with("")).last().unwrap();
    let prebunked = town_with(&intervention("", "kind = \"prebunk\", claim = \"poison\""));
    let corrected = town_with(&intervention("from = 10", "kind = \"correct\", claim = \"poison\""));
    let (by_prebunk, by_correction) =
        (*credences(&prebunked).last().unwrap(), *credences(&corrected).last().unwrap());
    assert!(by_prebunk < control && by_correction < control, "{control} {by_prebunk} {by_correction}");
    assert_eq!(prebunked.table("interventions").len(), 200);
    // Only those who have read the rumour, each once, and none before it has.
    let rumour: BTreeSet<u32> = {
        let rows = corrected.table("posts");
        let root =
            rows.iter().find(|row| row.number("author_id") == 0 && row.text("content") == "Tea is poison.");
        let root = root.unwrap().number("post_id");
        rows.iter().filter(|row| row.number("root_id") == root).map(|row| row.number("post_id")).collect()
    };
    let mut first_read: BTreeMap<u32, u32> = BTreeMap::new();
    for row in corrected.table("exposures").iter().filter(|row| rumour.contains(&row.number("post_id"))) {
        let first = first_read.entry(row.number("agent_id")).or_insert(u32::MAX);
        *first = (*first).min(row.number("step"));
    }
    let told: BTreeMap<u32, u32> = {
        let rows = corrected.table("interventions");
        assert!(rows.len() > 50);
        rows.iter().map(|row| (row.number("agent_id"), row.number("step"))).collect()
    };
    assert_eq!(told.len(), corrected.table("interventions").len());
    let expected = first_read.into_iter().filter(|(_, read)| *read < 29);
    assert_eq!(told, expected.map(|(agent, read)| (agent, 10.max(read + 1))).collect());
    // A second intervention finds nobody left to tell.
    let second = intervention("from = 10", "kind = \"correct\", claim = \"poison\"");
    let twice = town_with(&format!("{second}{}", second.replace("\"it\"", "\"again\"")));
    assert_eq!(twice.table("interventions").len(), corrected.table("interventions").len());
}

#[test]
fn a_condition_brings_an_intervention_into_force_in_the_step_after() {
    let control = town_with("");
    let is_total = |row: &&Row| row.text("scope") == "platform" && row.text("metric") == "posts_total";
    let totals: Vec<f64> =
        control.table("metrics").iter().filter(is_total).map(|row| row.value("value").unwrap()).collect();
    let threshold = totals[12];
    let tripped = totals.iter().position(|&total| total > threshold).unwrap() as u32;
    let keys = format!("when = {{ scope = \"platform\", measure = \"posts_total\", above = {threshold} }}");
    let run = town_with(&intervention(&keys, "kind = \"suspend\""));
    let rows = run.table("interventions");
    assert_eq!(rows.len(), 200);
    assert!(rows.iter().all(|row| row.number("step") == tripped + 1));
    let reason = format!("posts_total was {} at the end of step {tripped}", totals[tripped as usize]);
    assert!(rows.iter().all(|row| row.text("reason") == reason), "{:?}", rows[0]);
}

#[test]
fn notes_that_one_camp_alone_finds_helpful_are_never_shown() {
    // Opinions far apart; raters who agree with a post find its note unhelpful, unless it is very good. One in four is.
    let camps = TOWN.replace(
        "[emotion]",
        "[opinion]\ninitial = \"polarized\"\n[opinion.model]\nkind = \"fixed\"\n[emotion]",
    );
    let notes = |name: &str, share: f32, quality: f32| {
        format!(
            "[[intervention]]\nname = \"{name}\"\ntarget = {{ share = {share:?} }}\naction = {{ kind = \"notes\", \
             raters = 1.0, quality = {quality:?}, quality_spread = 0.0, every = 2 }}\n"
        )
    };
    let both = notes("good", 0.25, 9.0) + &notes("partisan", 1.0, 0.0);
    let run = Run::of(config(&format!("{camps}\n{both}")));
    let rows = run.table("interventions");
    let count = |name: &str, decision: &str| {
        rows.iter().filter(|row| row.text("intervention") == name && row.text("decision") == decision).count()
    };
    let ratings = run.table("events").iter().filter(|row| row.text("action") == "rate_note").count();
    assert!(count("partisan", "propose note") > 40 && ratings > 500, "{ratings}");
    assert_eq!(count("partisan", "show note"), 0);
    let (good, shown) = (count("good", "propose note"), count("good", "show note"));
    assert!(shown > 5 && 3 * shown > good, "{shown} of {good}");
    let intercepts = rows.iter().filter(|row| row.text("decision") == "show note");
    assert!(intercepts.map(|row| row.value("value").unwrap()).all(|intercept| intercept >= 0.4));
}

#[test]
fn injected_posts_are_read_like_any_other() {
    let run = town_with(
        "[[intervention]]\nname = \"plant\"\nfrom = 7\naction = { kind = \"inject\", author = 5, topic = \"rain\", \
         stance = 0.5, text = \"It rains.\", claim = \"poison\" }\n\
         [[intervention]]\nname = \"slow\"\ntarget = { posts = [\"plant\"] }\n\
         action = { kind = \"friction\", cost = 1.0 }\n",
    );
    let rows = run.table("posts");
    let planted: Vec<&Row> = rows.iter().filter(|row| row.text("content") == "It rains.").collect();
    let roots: Vec<&&Row> = planted.iter().filter(|row| row.text("kind") == "original").collect();
    let [root] = roots[..] else { panic!("{planted:?}") };
    assert_eq!((root.number("author_id"), root.number("step")), (5, 7));
    assert!(reads_of(&run, &BTreeSet::from([root.number("post_id")])) > 5);
    let decisions = run.table("interventions");
    let slow: Vec<&Row> = decisions.iter().filter(|row| row.text("intervention") == "slow").collect();
    assert_eq!(slow.len(), 1);
    assert_eq!((slow[0].number("step"), slow[0].number("post_id")), (7, root.number("post_id")));
}
