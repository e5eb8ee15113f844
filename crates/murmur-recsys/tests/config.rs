//! The feed's configuration: what is wrong with it is said with the key, and what it may hold instead.

use murmur_recsys::{
    EngagementConfig, FeedConfig, FilterConfig, PipelineConfig, Preset, ScorerConfig, SelectorConfig, Source,
    SourceConfig,
};
use serde_json::{Value, json};

/// A pipeline that is right.
fn right() -> PipelineConfig {
    PipelineConfig {
        slots: 5,
        source: vec![SourceConfig { kind: Source::Hot, most: 50 }],
        scorer: vec![ScorerConfig::Likes { weight: 1.0 }],
        selector: SelectorConfig::Top,
    }
}

fn with_pipelines(pipelines: Vec<PipelineConfig>) -> FeedConfig {
    FeedConfig { pipeline: Some(pipelines), ..FeedConfig::default() }
}

fn with_filter(filter: FilterConfig) -> FeedConfig {
    FeedConfig { filter: Some(vec![FilterConfig::Own {}, filter]), ..FeedConfig::default() }
}

fn check_fault(config: &FeedConfig, expected: &str) {
    assert_eq!(config.fault().as_deref(), Some(expected));
}

/// A second pipeline with this scorer after a right one has this fault.
fn check_scorer(scorer: ScorerConfig, expected: &str) {
    let wrong = PipelineConfig { scorer: vec![ScorerConfig::Hot { weight: 1.0 }, scorer], ..right() };
    check_fault(&with_pipelines(vec![right(), wrong]), &format!("feed.pipeline 2: scorer 2: {expected}"));
}

fn check_selector(selector: SelectorConfig, expected: &str) {
    let wrong = PipelineConfig { selector, ..right() };
    check_fault(&with_pipelines(vec![wrong]), &format!("feed.pipeline 1: selector: {expected}"));
}

#[test]
fn what_is_right_has_no_fault() {
    for preset in Preset::ALL {
        assert_eq!(FeedConfig { preset, ..FeedConfig::default() }.fault(), None, "{preset:?}");
    }
    assert_eq!(with_pipelines(vec![right(), right()]).fault(), None);
    let most = PipelineConfig { slots: 1000, ..right() };
    assert_eq!(with_pipelines(vec![most]).fault(), None);
    assert_eq!(with_filter(FilterConfig::Seen { most: 256 }).fault(), None);
}

#[test]
fn ages_and_numbers_of_rows_have_limits() {
    let config = FeedConfig { max_age: Some(0), ..FeedConfig::default() };
    check_fault(&config, "feed.max_age: expected at least 1 minute, found 0");
    let none = PipelineConfig { slots: 0, ..right() };
    check_fault(&with_pipelines(vec![right(), none]), "feed.pipeline 2: slots: expected 1 to 1000, found 0");
    let many = PipelineConfig { slots: 1001, ..right() };
    check_fault(&with_pipelines(vec![many]), "feed.pipeline 1: slots: expected 1 to 1000, found 1001");
    let half = PipelineConfig { slots: 501, ..right() };
    check_fault(
        &with_pipelines(vec![half.clone(), half]),
        "feed.pipeline: expected 1 to 1000 slots in all pipelines together, found 1002",
    );
    check_fault(
        &with_pipelines(Vec::new()),
        "feed.pipeline: expected 1 to 1000 slots in all pipelines together, found 0",
    );
}

#[test]
fn a_pipeline_has_a_source() {
    let dry = PipelineConfig { source: Vec::new(), ..right() };
    check_fault(
        &with_pipelines(vec![dry]),
        "feed.pipeline 1: source: expected at least one of in-network, interest, hot, random, trending, social-proof, \
         found none",
    );
    for most in [0, 10_001] {
        let source =
            vec![SourceConfig { kind: Source::Hot, most: 1 }, SourceConfig { kind: Source::Random, most }];
        check_fault(
            &with_pipelines(vec![PipelineConfig { source, ..right() }]),
            &format!("feed.pipeline 1: source 2: most: expected 1 to 10000, found {most}"),
        );
    }
}

#[test]
fn weights_are_numbers() {
    let weight = f32::NAN;
    for scorer in [
        ScorerConfig::Hot { weight },
        ScorerConfig::XScore { weight },
        ScorerConfig::Similarity { weight },
        ScorerConfig::LikeHistory { weight },
        ScorerConfig::Likes { weight },
        ScorerConfig::Recency { weight, half_life: 60.0 },
        ScorerConfig::Engagement(EngagementConfig { weight, ..EngagementConfig::default() }),
        ScorerConfig::Agreement { weight },
        ScorerConfig::Bridging { weight },
    ] {
        check_scorer(scorer, "weight: expected a finite number, found NaN");
    }
    check_scorer(
        ScorerConfig::Likes { weight: f32::INFINITY },
        "weight: expected a finite number, found inf",
    );
    let report = EngagementConfig { report: f32::NEG_INFINITY, ..EngagementConfig::default() };
    check_scorer(ScorerConfig::Engagement(report), "report: expected a finite number, found -inf");
}

#[test]
fn shares_and_factors_have_limits() {
    let recency = |half_life| ScorerConfig::Recency { weight: 1.0, half_life };
    check_scorer(recency(0.0), "half_life: expected a number above 0, found 0");
    check_scorer(recency(f32::NAN), "half_life: expected a number above 0, found NaN");
    let diversity = |decay, floor| ScorerConfig::AuthorDiversity { decay, floor };
    check_scorer(diversity(1.5, 0.0), "decay: expected 0 to 1, found 1.5");
    check_scorer(diversity(0.5, -0.1), "floor: expected 0 to 1, found -0.1");
    check_scorer(diversity(f32::NAN, 0.0), "decay: expected 0 to 1, found NaN");
    check_scorer(ScorerConfig::OutOfNetwork { factor: 0.0 }, "factor: expected a number above 0, found 0");
    check_scorer(ScorerConfig::OutOfNetwork { factor: -1.0 }, "factor: expected a number above 0, found -1");
}

#[test]
fn selectors_have_limits() {
    check_selector(SelectorConfig::Sampled { buffer: 0 }, "buffer: expected 1 to 10000, found 0");
    check_selector(
        SelectorConfig::Softmax { temperature: 0.0 },
        "temperature: expected a number above 0, found 0",
    );
    check_selector(
        SelectorConfig::Softmax { temperature: f32::INFINITY },
        "temperature: expected a number above 0, found inf",
    );
    check_selector(SelectorConfig::Mmr { balance: 1.1 }, "balance: expected 0 to 1, found 1.1");
    check_selector(SelectorConfig::Mmr { balance: f32::NAN }, "balance: expected 0 to 1, found NaN");
}

#[test]
fn filters_have_limits() {
    check_fault(
        &with_filter(FilterConfig::Seen { most: 257 }),
        "feed.filter 2: most: expected 1 to 256, found 257",
    );
    check_fault(
        &with_filter(FilterConfig::AuthorCap { most: 0 }),
        "feed.filter 2: most: expected 1 to 1000, found 0",
    );
}

/// The message about `feed` names what is wrong, and every one of `known`.
fn check_unread(feed: Value, wrong: &str, known: &[&str]) {
    let message = serde_json::from_value::<FeedConfig>(feed).expect_err("it is wrong").to_string();
    for name in [&[wrong], known].concat() {
        assert!(message.contains(&format!("`{name}`")), "{name} in: {message}");
    }
}

#[test]
fn unknown_stages_and_keys_are_named_beside_the_known_ones() {
    let pipeline = |key: &str, value: Value| {
        let mut pipeline = json!({ "slots": 5, "source": [{ "kind": "hot" }] });
        pipeline[key] = value;
        json!({ "pipeline": [pipeline] })
    };
    check_unread(
        pipeline("source", json!([{ "kind": "oracle" }])),
        "oracle",
        &["in-network", "interest", "hot", "random", "trending", "social-proof"],
    );
    let scorers = [
        "hot",
        "x-score",
        "similarity",
        "like-history",
        "likes",
        "recency",
        "engagement",
        "agreement",
        "bridging",
        "author-diversity",
        "out-of-network",
    ];
    check_unread(pipeline("scorer", json!([{ "kind": "oracle" }])), "oracle", &scorers);
    let selectors = ["top", "sampled", "softmax", "mmr"];
    check_unread(pipeline("selector", json!({ "kind": "oracle" })), "oracle", &selectors);
    let filters = ["own", "muted", "blocked", "seen", "author-cap"];
    check_unread(json!({ "filter": [{ "kind": "oracle" }] }), "oracle", &filters);
    let presets = ["random", "chronological", "reddit", "oasis-x", "x-like", "echo-chamber", "bridging"];
    check_unread(json!({ "preset": "oracle" }), "oracle", &presets);

    check_unread(json!({ "pool": 2000 }), "pool", &["preset", "max_age", "filter", "pipeline"]);
    check_unread(pipeline("slot", json!(1)), "slot", &["slots", "source", "scorer", "selector"]);
    check_unread(pipeline("source", json!([{ "kind": "hot", "slots": 1 }])), "slots", &["kind", "most"]);
    check_unread(pipeline("scorer", json!([{ "kind": "hot", "wieght": 1 }])), "wieght", &["weight"]);
    check_unread(
        pipeline("scorer", json!([{ "kind": "engagement", "lick": 1 }])),
        "lick",
        &["like", "report"],
    );
    check_unread(pipeline("selector", json!({ "kind": "sampled", "bufer": 1 })), "bufer", &["buffer"]);
    check_unread(json!({ "filter": [{ "kind": "own", "most": 1 }] }), "most", &[]);
    check_unread(json!({ "pipeline": [{ "slots": 5 }] }), "source", &[]);
    check_unread(pipeline("selector", json!({ "kind": "sampled" })), "buffer", &[]);
}

#[test]
fn what_is_left_out_is_the_presets_or_the_default() {
    let read = |feed: Value| serde_json::from_value::<FeedConfig>(feed).expect("a feed");
    assert_eq!(read(json!({})), FeedConfig::default());
    assert_eq!(read(json!({ "preset": "reddit" })).length(), 5);
    assert_eq!(read(json!({ "preset": "reddit" })).remembers(), None);
    assert_eq!(read(json!({})).remembers(), Some(256));
    let own = json!({ "preset": "reddit", "pipeline": [{ "slots": 7, "source": [{ "kind": "random" }] }] });
    let config = read(own);
    assert_eq!([config.length(), config.remembers().unwrap_or(0)], [7, 0]);
    let pipeline = &config.pipeline.expect("a pipeline")[0];
    assert_eq!(pipeline.source[0], SourceConfig { kind: Source::Random, most: 50 });
    assert_eq!((pipeline.scorer.len(), &pipeline.selector), (0, &SelectorConfig::Top));
    assert_eq!(read(json!({ "filter": [{ "kind": "seen", "most": 9 }] })).remembers(), Some(9));
}
