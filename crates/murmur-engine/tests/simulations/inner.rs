//! Opinions, emotions, beliefs and diffusion as whole runs show them.

use std::collections::BTreeSet;

use crate::tables::{Row, Run, config};

const VILLAGE: &str = r#"
    [run]
    seed = 3
    steps = 30
    start = "12:00"
    [[topic]]
    name = "tea"
    [population]
    kind = "synthetic"
    size = 150
    [population.traits]
    activity = 0.4
    [graph]
    kind = "erdos-renyi"
    mean_degree = 10.0
    [feed]
    preset = "chronological"
    [behaviour]
    posts_per_session = 0.02
    session_seconds = 300.0
    [behaviour.repost]
    constant = -1.5
    [[seed_post]]
    name = "rumour"
    author = 0
    topic = "tea"
    stance = -1.0
    text = "Tea is poison."
"#;

fn village_with(more: &str) -> Run {
    Run::of(config(&format!("{VILLAGE}\n{more}")))
}

fn last_opinions(run: &Run, topic: &str) -> Vec<f64> {
    let column = format!("opinion_last:{topic}");
    run.table("agents").iter().map(|row| row.value(&column).unwrap()).collect()
}

fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

#[test]
fn opinions_move_as_their_model_says() {
    let model = |keys: &str| last_opinions(&village_with(&format!("[opinion.model]\n{keys}")), "tea");
    let fixed = model("kind = \"fixed\"");
    let first = spread(&fixed);
    // All average: they come closer. Bound to what they began with: less so.
    let degroot = spread(&model("kind = \"degroot\"\nweight = 0.3"));
    let stubborn = spread(&model("kind = \"friedkin-johnsen\"\nweight = 0.3\nsusceptibility = 0.5"));
    assert!(
        degroot < 0.4 * first && stubborn > 1.5 * degroot && stubborn < first,
        "{first} {degroot} {stubborn}"
    );
    let narrow = spread(&model("kind = \"hegselmann-krause\"\nconfidence = 0.2"));
    let wide = spread(&model("kind = \"hegselmann-krause\"\nconfidence = 2.0"));
    assert!(wide < 0.3 * narrow, "{wide} {narrow}");
    let backfire = model(
        "kind = \"assimilation-repulsion\"\nacceptance = 0.2\nrejection = 0.6\nrate = 0.1\nrepulsion = 0.1",
    );
    assert!(spread(&backfire) > 1.5 * first);
    for kind in ["voter", "majority"] {
        let sides = model(&format!("kind = \"{kind}\"\nrate = 0.5"));
        assert!(sides.iter().all(|side| side.abs() == 1.0), "{kind}");
        assert!(sides.iter().zip(&fixed).any(|(side, first)| side * first < 0.0), "{kind}");
    }
}

#[test]
fn each_topic_may_have_a_model_of_its_own() {
    let two = VILLAGE.replace(
        "[population]\n",
        "[topic.opinion]\nkind = \"fixed\"\n[[topic]]\nname = \"rain\"\n[topic.opinion]\nkind = \"voter\"\nrate = 0.5\n[population]\n",
    );
    let run = Run::of(config(&two));
    let rows = run.table("agents");
    let moved = |topic: &str| {
        let [first, last] = ["first", "last"].map(|end| format!("opinion_{end}:{topic}"));
        rows.iter().filter(|row| row.value(&first) != row.value(&last)).count()
    };
    assert_eq!(moved("tea"), 0);
    assert!(moved("rain") > 10);
    assert!(last_opinions(&run, "rain").iter().all(|side| side.abs() == 1.0));
}

/// The values of a metric at the end of each step.
fn metric(run: &Run, scope: &str, subject: &str, name: &str) -> Vec<f64> {
    let rows = run.table("metrics");
    let own = rows.iter().filter(|row| {
        row.text("scope") == scope && row.text("subject") == subject && row.text("metric") == name
    });
    own.map(|row| row.value("value").unwrap()).collect()
}

#[test]
fn emotions_rise_by_reading_and_fade_without() {
    let run = village_with("[emotion]\nenabled = true\narousal_half_life = 30.0\n");
    let arousal = metric(&run, "emotion", "tea", "arousal_mean");
    assert_eq!(arousal.len(), 30);
    assert!(arousal[0] < 0.01 && arousal[20] > 0.1, "{arousal:?}");
    let shares = ["calm_share", "moderate_share", "intense_share"]
        .map(|name| metric(&run, "emotion", "tea", name)[20]);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares[1] > 0.0, "{shares:?}");
    // Whoever feels nothing about it acts as one without emotions does.
    let calm = village_with("[emotion]\nenabled = true\narousal_gain = 0.0\nvalence_rate = 0.0\n");
    assert_eq!(calm.table("events"), village_with("").table("events"));
    // What is felt can feed into what is done.
    let roused = village_with(
        "[emotion]\nenabled = true\narousal_half_life = 30.0\n[behaviour.quote]\narousal = 3.0\n",
    );
    let quotes = |run: &Run| run.table("posts").iter().filter(|row| row.text("kind") == "quote").count();
    assert!(quotes(&roused) > 2 * quotes(&run), "{} {}", quotes(&roused), quotes(&run));
}

#[test]
fn a_rumour_and_its_denial_compete_for_belief() {
    let claim = "[metrics]\nlabel = \"interest\"\n[[claim]]\nname = \"poison\"\ntruth = false\nprior = 0.3\n";
    let asserted = VILLAGE.replace("[[seed_post]]\n", "[[seed_post]]\nclaim = \"poison\"\n");
    let rumour = Run::of(config(&format!("{asserted}{claim}")));
    let denial = "[[seed_post]]\nname = \"denial\"\nauthor = 9\nstep = 6\ntopic = \"tea\"\nstance = 1.0\n\
                  text = \"It is not.\"\nclaim = \"poison\"\nasserts = false\n";
    let both = Run::of(config(&format!("{asserted}{claim}{denial}")));
    let alone = metric(&rumour, "claim", "poison", "credence_mean");
    let contested = metric(&both, "claim", "poison", "credence_mean");
    assert!(alone.windows(2).all(|pair| pair[1] >= pair[0]) && alone[29] > alone[0] + 0.05, "{alone:?}");
    assert!(contested[29] < alone[29]);
    // Exposures grow, and every group has its own curve.
    let exposed = metric(&both, "claim", "poison", "exposed_share");
    assert!(exposed.windows(2).all(|pair| pair[1] >= pair[0]) && exposed[29] > 0.2);
    assert_eq!(metric(&both, "claim", "poison/tea", "credence_mean"), contested);
    // Nobody who has met neither has changed its mind.
    let met: BTreeSet<u32> = {
        let rows = both.table("posts");
        let about = |row: &&Row| ["Tea is poison.", "It is not."].contains(&row.text("content"));
        let about: BTreeSet<u32> = rows.iter().filter(about).map(|row| row.number("root_id")).collect();
        let of_claim: BTreeSet<u32> = rows
            .iter()
            .filter(|row| about.contains(&row.number("root_id")))
            .map(|row| row.number("post_id"))
            .collect();
        let exposures = both.table("exposures");
        let met = exposures.iter().filter(|row| of_claim.contains(&row.number("post_id")));
        met.map(|row| row.number("agent_id")).collect()
    };
    let unmoved = Run::of(config(&format!("{VILLAGE}{claim}")));
    let pairs = both.table("agents").into_iter().zip(unmoved.table("agents"));
    let mut moved = 0;
    for (agent, first) in pairs {
        let same = agent.value("credence_last:poison") == first.value("credence_last:poison");
        assert!(same || met.contains(&agent.number("agent_id")), "{agent:?}");
        moved += usize::from(!same);
    }
    // Whoever has met both as often is where it was.
    assert!(moved > 10, "{moved} of {}", met.len());
}

/// The rows of the rumour's cascade, and who read one of them.
fn cascade(run: &Run) -> (Vec<Row>, Vec<Row>) {
    let rows: Vec<Row> = run.table("posts").into_iter().filter(|row| row.number("root_id") == 1).collect();
    let ids: BTreeSet<u32> = rows.iter().map(|row| row.number("post_id")).collect();
    let reads = run.table("exposures").into_iter().filter(|row| ids.contains(&row.number("post_id")));
    (rows, reads.collect())
}

#[test]
fn a_model_of_diffusion_decides_who_shares() {
    let with = |model: &str| {
        let run = village_with(&format!("[diffusion]\nposts = [\"rumour\"]\n[diffusion.model]\n{model}"));
        cascade(&run)
    };
    // Everybody who reads it shares it, or nobody does.
    let (rows, reads) = with("kind = \"independent-cascade\"\nprobability = 1.0");
    let readers: BTreeSet<u32> = reads.iter().map(|row| row.number("agent_id")).collect();
    let sharers: BTreeSet<u32> = rows[1..].iter().map(|row| row.number("author_id")).collect();
    assert!(readers.len() > 100);
    assert_eq!(readers, sharers);
    assert_eq!(with("kind = \"independent-cascade\"\nprobability = 0.0").0.len(), 1);
    // One neighbour is enough, or never is.
    assert!(with("kind = \"complex-contagion\"\ncontacts = 1").0.len() > 100);
    assert_eq!(with("kind = \"complex-contagion\"\ncontacts = 2").0.len(), 1);
    let some = with("kind = \"linear-threshold\"\nthreshold = 0.05").0.len();
    assert!(with("kind = \"linear-threshold\"\nthreshold = 0.9").0.len() < 5 && some > 20, "{some}");
}

#[test]
fn spreaders_that_recover_or_stifle_take_their_copies_back_and_never_share_again() {
    for model in [
        "kind = \"sir\"\ninfection = 0.9\nrecovery = 0.3",
        "kind = \"maki-thompson\"\nspreading = 0.9\nstifling = 0.5",
    ] {
        let again = "[[feed.filter]]\nkind = \"own\"\n";
        let run = village_with(&format!("{again}[diffusion.model]\n{model}\n"));
        let events = run.table("events");
        let taken: Vec<&Row> = events.iter().filter(|row| row.text("action") == "delete_post").collect();
        assert!(taken.len() > 10 && taken.iter().all(|row| row.text("outcome") == "done"), "{model}");
        // Of a root, each agent has one row at most, ever.
        let posts = run.table("posts");
        let mut shares = BTreeSet::new();
        for row in posts.iter().filter(|row| row.text("kind") == "repost") {
            assert!(shares.insert([row.number("author_id"), row.number("root_id")]), "{model}: {row:?}");
        }
        // No root is ever taken back.
        let deleted: BTreeSet<u32> = taken.iter().map(|row| row.number("post_id")).collect();
        let roots = posts.iter().filter(|row| row.text("kind") != "repost").map(|row| row.number("post_id"));
        assert!(roots.collect::<BTreeSet<u32>>().is_disjoint(&deleted), "{model}");
    }
}
