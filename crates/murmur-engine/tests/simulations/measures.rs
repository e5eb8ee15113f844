//! The measures of a run equal what plain code makes of its tables.

use std::collections::BTreeMap;

use crate::tables::{Row, Run, config};

const STEPS: u32 = 30;

pub(crate) const WORLD: &str = r#"
    [run]
    seed = 8
    steps = 30
    start = "12:00"
    [[topic]]
    name = "tea"
    words = ["cup", "leaf"]
    [[topic]]
    name = "rain"
    [population]
    kind = "synthetic"
    size = 90
    [population.traits]
    activity = 0.4
    [graph]
    kind = "barabasi-albert"
    follows_per_agent = 5
    [behaviour]
    posts_per_session = 0.1
    [behaviour.like]
    constant = -2.0
    [behaviour.repost]
    constant = -1.0
    [behaviour.quote]
    constant = -3.0
    [behaviour.comment]
    constant = -3.0
    [behaviour.follow]
    constant = -3.5
    [behaviour.unfollow]
    constant = -3.5
    [[seed_post]]
    name = "rumour"
    author = 2
    step = 3
    topic = "tea"
    stance = -0.9
    text = "Tea is made of leaves from the pavement."
"#;

/// A recorded run as plain rows.
struct Tables {
    run: Run,
    agents: Vec<Row>,
    posts: Vec<Row>,
    events: Vec<Row>,
    exposures: Vec<Row>,
    metrics: Vec<Row>,
    /// Who followed whom at the end of every step.
    follows: Vec<Vec<(u32, u32)>>,
    /// Opinions on tea at the end of every step.
    opinions: Vec<Vec<f64>>,
}

impl Tables {
    fn new() -> Self {
        let mut follows = Vec::new();
        let mut opinions = Vec::new();
        let run = Run::watched(config(WORLD), |simulation| {
            let world = simulation.world();
            let followees = |agent| world.public.graph.follows.followees(agent).iter();
            follows.push(
                world.population.agents().flat_map(|a| followees(a).map(move |b| (a.0, b.0))).collect(),
            );
            opinions
                .push(world.population.agents().map(|a| f64::from(world.beliefs.of(a)[0].get())).collect());
        });
        // What stood before the first step is no step's end.
        follows.remove(0);
        opinions.remove(0);
        let table = |name| run.table(name);
        Self {
            agents: table("agents"),
            posts: table("posts"),
            events: table("events"),
            exposures: table("exposures"),
            metrics: table("metrics"),
            follows,
            opinions,
            run,
        }
    }

    /// The recorded value of a measure at the end of a step; `None` if it was undefined or not measured.
    fn recorded(&self, scope: &str, subject: &str, metric: &str, step: u32) -> Option<f64> {
        let mut rows = self.metrics.iter().filter(|row| {
            row.number("step") == step
                && (row.text("scope"), row.text("subject"), row.text("metric")) == (scope, subject, metric)
        });
        let value = rows.next().and_then(|row| row.value("value"));
        assert!(rows.next().is_none(), "{scope} {subject} {metric} twice at step {step}");
        value
    }

    /// At the end of every step, the recorded value is that of `expected`, up to rounding.
    fn check(&self, scope: &str, subject: &str, metric: &str, expected: impl Fn(u32) -> Option<f64>) {
        let mut varied = false;
        for step in 0..STEPS {
            let (recorded, expected) = (self.recorded(scope, subject, metric, step), expected(step));
            let equal = match (recorded, expected) {
                (Some(recorded), Some(expected)) => (recorded - expected).abs() < 1e-9,
                (recorded, expected) => recorded == expected,
            };
            assert!(equal, "{scope} {subject} {metric} at {step}: {recorded:?} instead of {expected:?}");
            varied |= recorded != self.recorded(scope, subject, metric, 0);
        }
        assert!(varied, "{scope} {subject} {metric} never changed, so the test shows nothing");
    }

    /// The depth of every row of the cascade of `root` among the rows made up to `step`.
    fn depths(&self, root: u32, step: u32) -> BTreeMap<u32, u32> {
        let mut depths = BTreeMap::from([(root, 0)]);
        for row in self.posts.iter().filter(|row| row.text("kind") == "repost" && row.number("step") <= step)
        {
            if row.number("root_id") == root {
                let parent = row.optional("parent_id").unwrap();
                depths.insert(row.number("post_id"), depths[&parent] + 1);
            }
        }
        depths
    }

    /// The path from a row up to its root, itself first.
    fn path(&self, row: u32) -> Vec<u32> {
        let up = |&row: &u32| {
            let row = &self.posts[row as usize - 1];
            if row.text("kind") == "repost" { row.optional("parent_id") } else { None }
        };
        std::iter::successors(Some(row), up).collect()
    }

    /// Mean distance over all pairs of a cascade's rows, walked pair by pair.
    fn structural_virality(&self, rows: &[u32]) -> f64 {
        let mut sum = 0;
        for (place, &a) in rows.iter().enumerate() {
            for &b in &rows[..place] {
                let (a, b) = (self.path(a), self.path(b));
                let shared = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
                sum += a.len() + b.len() - 2 * shared;
            }
        }
        let pairs = rows.len() * (rows.len() - 1) / 2;
        if pairs == 0 { 0.0 } else { sum as f64 / pairs as f64 }
    }
}

fn widest(depths: &BTreeMap<u32, u32>) -> u32 {
    let deepest = depths.values().max().unwrap();
    (0..=*deepest).map(|depth| depths.values().filter(|&&other| other == depth).count() as u32).max().unwrap()
}

#[test]
fn platform_measures_equal_counts_of_rows() {
    let tables = Tables::new();
    let count = |rows: &[Row], holds: &dyn Fn(&Row) -> bool| {
        Some(rows.iter().filter(|row| holds(row)).count() as f64)
    };
    let of = |step: u32| move |row: &Row| row.number("step") == step;
    tables
        .check("platform", "", "posts_total", |step| count(&tables.posts, &|row| row.number("step") <= step));
    tables.check("platform", "", "exposures", |step| count(&tables.exposures, &of(step)));
    tables.check("platform", "", "follows_total", |step| Some(tables.follows[step as usize].len() as f64));
    for action in ["create_post", "repost", "quote_post", "create_comment", "like_post", "follow", "unfollow"]
    {
        let done = |row: &Row| row.text("action") == action && row.text("outcome") == "done";
        let first = tables.events.iter().find(|row| done(row)).expect("it occurs").number("step");
        // A kind of action is counted from the step on in which it first occurs.
        tables.check("platform", "", action, |step| {
            (step >= first).then(|| count(&tables.events, &|row| of(step)(row) && done(row))).flatten()
        });
    }
    let refused: usize = tables.events.iter().filter(|row| row.text("outcome") != "done").count();
    assert_eq!(tables.run.summary.refused as usize, refused);
    assert_eq!(tables.run.summary.exposures as usize, tables.exposures.len());
    assert_eq!(tables.run.summary.activations as f64, {
        (0..STEPS).map(|step| tables.recorded("platform", "", "active_agents", step).unwrap()).sum::<f64>()
    });
    tables.check("platform", "", "attention_gini", |step| {
        let mut attention = vec![0.0; tables.agents.len()];
        for exposure in tables.exposures.iter().filter(|row| row.number("step") <= step) {
            let root = tables.posts[exposure.number("post_id") as usize - 1].number("root_id");
            attention[tables.posts[root as usize - 1].number("author_id") as usize] += 1.0;
        }
        let (n, sum) = (attention.len() as f64, attention.iter().sum::<f64>());
        // Half the mean difference of all pairs, relative to the mean.
        let differences: f64 =
            attention.iter().flat_map(|a| attention.iter().map(move |b| f64::abs(a - b))).sum();
        (sum > 0.0).then(|| differences / (2.0 * n * sum))
    });
}

#[test]
fn reads_of_a_topic_are_those_of_its_roots_and_their_reposts() {
    let tables = Tables::new();
    let is_read = |row: &Row| tables.posts[row.number("post_id") as usize - 1].text("topic") == "tea";
    let read = |steps: std::ops::RangeInclusive<u32>| {
        let rows = tables.exposures.iter().filter(|row| steps.contains(&row.number("step")));
        Some(rows.filter(|row| is_read(row)).count() as f64)
    };
    tables.check("topic", "tea", "exposures", |step| read(step..=step));
    tables.check("topic", "tea", "exposures_total", |step| read(0..=step));
}

#[test]
fn cascades_equal_their_rows_walked_one_by_one() {
    let tables = Tables::new();
    let root =
        tables.posts.iter().find(|row| row.text("content").contains("pavement")).unwrap().number("post_id");
    let planted = tables.posts[root as usize - 1].number("step");
    let at = |step: u32, value: &dyn Fn(&BTreeMap<u32, u32>) -> f64| {
        (step >= planted).then(|| value(&tables.depths(root, step)))
    };
    tables.check("cascade", "rumour", "scale", |step| at(step, &|depths| depths.len() as f64));
    tables.check("cascade", "rumour", "depth", |step| {
        at(step, &|depths| f64::from(*depths.values().max().unwrap()))
    });
    tables.check("cascade", "rumour", "max_breadth", |step| at(step, &|depths| f64::from(widest(depths))));
    tables.check("cascade", "rumour", "structural_virality", |step| {
        at(step, &|depths| tables.structural_virality(&depths.keys().copied().collect::<Vec<_>>()))
    });
    tables.check("cascade", "rumour", "exposures_total", |step| {
        let reads = tables.exposures.iter().filter(|row| {
            row.number("step") <= step
                && tables.posts[row.number("post_id") as usize - 1].number("root_id") == root
        });
        (step >= planted).then(|| reads.count() as f64)
    });

    let cascades = tables.run.table("cascades");
    let roots = tables.posts.iter().filter(|row| row.text("kind") != "repost").count();
    assert_eq!(cascades.len(), roots);
    let mut largest = 0;
    for row in &cascades {
        let root = row.number("root_id");
        let depths = tables.depths(root, STEPS);
        let rows: Vec<u32> = depths.keys().copied().collect();
        assert_eq!(row.number("scale") as usize, depths.len(), "scale of {root}");
        assert_eq!(row.number("depth"), *depths.values().max().unwrap(), "depth of {root}");
        assert_eq!(row.number("max_breadth"), widest(&depths), "breadth of {root}");
        let virality = row.value("structural_virality").unwrap();
        assert!((virality - tables.structural_virality(&rows)).abs() < 1e-9, "virality of {root}");
        let quotes = tables.posts.iter().filter(|row| row.text("kind") == "quote");
        let quotes = quotes.filter(|row| row.optional("original_id") == Some(root)).count();
        assert_eq!(row.number("quotes") as usize, quotes, "quotes of {root}");
        largest = largest.max(depths.len() as u32);
    }
    assert!(largest > 10 && tables.run.summary.cascades.max_scale == largest, "{largest}");
    assert_eq!(tables.run.summary.cascades.scale_histogram.iter().sum::<u64>() as usize, roots);
}

fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let mean_a = pairs.iter().map(|pair| pair.0).sum::<f64>() / n;
    let mean_b = pairs.iter().map(|pair| pair.1).sum::<f64>() / n;
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|&(a, b)| of(a - mean_a, b - mean_b)).sum::<f64>();
    let spread = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (spread > 0.0).then(|| sum(&|a, b| a * b) / spread)
}

#[test]
fn opinion_measures_equal_plain_code_over_the_population() {
    let tables = Tables::new();
    let opinions = |step: u32| &tables.opinions[step as usize];
    let n = tables.agents.len() as f64;
    let mean = |step| opinions(step).iter().sum::<f64>() / n;
    tables.check("opinion", "tea", "mean", |step| Some(mean(step)));
    tables.check("opinion", "tea", "variance_population", |step| {
        Some(opinions(step).iter().map(|x| (x - mean(step)).powi(2)).sum::<f64>() / n)
    });
    tables.check("opinion", "tea", "mean_pairwise_distance", |step| {
        let opinions = opinions(step);
        let sum: f64 = opinions.iter().flat_map(|a| opinions.iter().map(move |b| f64::abs(a - b))).sum();
        Some(sum / (n * (n - 1.0)))
    });
    tables.check("opinion", "tea", "extremity_mean", |step| {
        Some(opinions(step).iter().map(|x| x.abs()).sum::<f64>() / n)
    });
    let first: Vec<f64> = tables.agents.iter().map(|row| row.value("opinion_first:tea").unwrap()).collect();
    tables.check("opinion", "tea", "more_extreme_share", |step| {
        Some(opinions(step).iter().zip(&first).filter(|(x, first)| x.abs() > first.abs()).count() as f64 / n)
    });
    // Either direction links two agents, once.
    let linked = |step: u32| -> Vec<(usize, usize)> {
        let mut links: Vec<(usize, usize)> = tables.follows[step as usize]
            .iter()
            .map(|&(a, b)| (a.min(b) as usize, a.max(b) as usize))
            .collect();
        links.sort_unstable();
        links.dedup();
        links
    };
    tables.check("network", "tea", "opinion_assortativity", |step| {
        let x = opinions(step);
        let ends = linked(step).into_iter().flat_map(|(a, b)| [(x[a], x[b]), (x[b], x[a])]);
        correlation(&ends.collect::<Vec<_>>())
    });
    tables.check("network", "tea", "neighbour_opinion_correlation", |step| {
        let x = opinions(step);
        let mut neighbours = vec![Vec::new(); x.len()];
        for (a, b) in linked(step) {
            neighbours[a].push(x[b]);
            neighbours[b].push(x[a]);
        }
        let means = neighbours.iter().zip(x).filter(|(near, _)| !near.is_empty());
        let pairs: Vec<(f64, f64)> =
            means.map(|(near, &own)| (own, near.iter().sum::<f64>() / near.len() as f64)).collect();
        correlation(&pairs)
    });
    tables.check("network", "tea", "e_i_index", |step| {
        let x = opinions(step);
        let links = linked(step);
        let across = links.iter().filter(|&&(a, b)| (x[a] > 0.0) != (x[b] > 0.0)).count() as f64;
        Some((2.0 * across - links.len() as f64) / links.len() as f64)
    });
    let last: Vec<f64> = tables.agents.iter().map(|row| row.value("opinion_last:tea").unwrap()).collect();
    assert_eq!(&last, opinions(STEPS - 1));
}
