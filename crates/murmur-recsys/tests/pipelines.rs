//! Several pipelines in one feed, with any sources, scorers and selectors: no root comes twice, slots that one cannot fill
//! go to the others, and rows are spread evenly.

mod common;

use std::collections::BTreeSet;

use common::Do::*;
use common::cases::{Case, Scene, any_case, any_filters};
use common::{INDIFFERENT, Line, World, feed, pipeline, recommend, recommender};
use murmur_recsys::{FeedConfig, FilterConfig, PipelineConfig, ScorerConfig, SelectorConfig, Served, Source};
use proptest::prelude::*;

fn any_selector() -> impl Strategy<Value = SelectorConfig> {
    prop_oneof![
        Just(SelectorConfig::Top),
        (1..60u32).prop_map(|buffer| SelectorConfig::Sampled { buffer }),
        (0.01..10.0f32).prop_map(|temperature| SelectorConfig::Softmax { temperature }),
        (0.0..=1.0f32).prop_map(|balance| SelectorConfig::Mmr { balance }),
    ]
}

fn any_pipeline() -> impl Strategy<Value = PipelineConfig> {
    let scorers = vec![
        ScorerConfig::Similarity { weight: 1.0 },
        ScorerConfig::XScore { weight: 2.0 },
        ScorerConfig::Likes { weight: 0.5 },
        ScorerConfig::AuthorDiversity { decay: 0.5, floor: 0.25 },
    ];
    let sources = prop::sample::subsequence(Source::ALL.to_vec(), 1..=6).prop_shuffle();
    (1..12u32, sources, 1..60u32, prop::sample::subsequence(scorers, 0..=4), any_selector()).prop_map(
        |(slots, sources, most, scorers, selector)| PipelineConfig {
            selector,
            ..pipeline(slots, &sources, most, scorers)
        },
    )
}

/// The roots that some source of the pipelines gives, to its end.
fn within_reach(scene: &Scene, pipelines: &[PipelineConfig]) -> BTreeSet<u32> {
    let Scene { model, viewer, .. } = scene;
    let roots: BTreeSet<u32> = model.roots().collect();
    let live: BTreeSet<u32> = model.live_roots(viewer).into_iter().collect();
    let followed = |other: u32| model.follows(viewer.agent, other);
    let of = |source: Source| -> BTreeSet<u32> {
        match source {
            Source::Interest | Source::Hot => live.clone(),
            // What is too old to be shown as it is comes through the rows of accounts that the viewer follows.
            Source::Random => roots.clone(),
            Source::InNetwork => {
                let rows = model.ids().filter(|&id| {
                    let row = model.row(id);
                    let may = followed(row.author) && model.hidden(viewer, row.author).is_empty();
                    may && !row.deleted && model.is_live(id, viewer)
                });
                rows.map(|id| model.row(id).root).collect()
            }
            Source::SocialProof => {
                let likes = (0..8).filter(|&other| followed(other)).flat_map(|other| model.recent(other));
                likes.copied().collect()
            }
            Source::Trending => {
                let wanted =
                    |root: &u32| model.row(*root).topic.is_some_and(|topic| viewer.topics >> topic & 1 == 1);
                let engaging = |root: &u32| model.likes(*root) + model.shares(*root) > 0;
                live.iter().copied().filter(wanted).filter(engaging).collect()
            }
        }
    };
    let sources = pipelines.iter().flat_map(|pipeline| &pipeline.source);
    let given = sources.flat_map(|source| of(source.kind));
    given.filter(|&root| model.shown(viewer, root).is_some()).collect()
}

/// What the case's reader is served.
fn served(case: &Case, scene: &Scene, config: &FeedConfig) -> Vec<Served> {
    let recommender = recommender(&scene.world, config, case.now);
    let readers = [case.who(&scene.world)];
    recommend(&recommender, &scene.world, case.now, &readers, &INDIFFERENT).of(0).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_feed_shows_each_root_once_and_is_as_long_as_it_can_be(
        case in any_case(),
        filters in any_filters(),
        pipelines in prop::collection::vec(any_pipeline(), 1..4),
    ) {
        let scene = Scene::of(&case, &filters);
        let Scene { world, model, viewer, .. } = &scene;
        let config = case.config(&filters, pipelines.clone());
        let recommender = recommender(world, &config, case.now);
        let feeds = recommend(&recommender, world, case.now, &[case.who(world)], &INDIFFERENT);
        let rows: Vec<u32> = feeds.of(0).iter().map(|served| served.post.get()).collect();
        let roots: BTreeSet<u32> = rows.iter().map(|&row| model.row(row).root).collect();
        prop_assert_eq!(roots.len(), rows.len(), "a root twice in {:?}", rows);
        for &row in &rows {
            prop_assert_eq!(model.shown(viewer, model.row(row).root), Some(row));
        }
        let reach = within_reach(&scene, &pipelines);
        prop_assert!(roots.is_subset(&reach), "{:?} of {:?}", roots, reach);
        prop_assert_eq!(rows.len(), reach.len().min(config.length()), "{:?} of {:?}", roots, reach);
        let counts = feeds.counts();
        for source in Source::ALL {
            let of_source = counts.sources[source as usize];
            prop_assert!(of_source.offered >= of_source.kept && of_source.kept >= of_source.served);
            let served = feeds.of(0).iter().filter(|served| served.source == source).count() as u64;
            prop_assert_eq!(of_source.served, served, "{:?}", source);
        }
    }

    /// In the first rows each of two pipelines has its share, give or take one and a half.
    #[test]
    fn two_pipelines_are_spread_over_the_feed(case in any_case(), slots in [1..20u32, 1..20u32]) {
        let scene = Scene::of(&case, &[]);
        let pipelines = vec![
            pipeline(slots[0], &[Source::InNetwork], 100, Vec::new()),
            pipeline(slots[1], &[Source::Hot], 100, Vec::new()),
        ];
        let feed = served(&case, &scene, &case.config(&[], pipelines));
        let of_network = |rows: &[Served]| {
            rows.iter().filter(|served| served.source == Source::InNetwork).count() as f64
        };
        let share = of_network(&feed) / feed.len().max(1) as f64;
        for end in 0..feed.len() {
            let off = of_network(&feed[..end]) - share * end as f64;
            prop_assert!(off.abs() <= 1.5, "{} off in the first {} of {:?}", off, end, feed);
        }
    }
}

/// Forty posts in four directions, ten in each, the first of a direction the best liked: 1 and 2 have most likes.
fn four_directions() -> World {
    let mut script: Vec<Line> = (0..40).map(|n| (0, n % 8, PostAt(30.0 * (n / 10) as f32))).collect();
    for (id, likes) in [(1, 6), (2, 5), (11, 4), (21, 3), (31, 2)] {
        script.extend((20..20 + likes).map(|agent| (1, agent, Like(id))));
    }
    World::of(100, &[], &script)
}

/// The first three of a feed of these posts by likes and this selector.
fn first_three(selector: SelectorConfig, reader: u32) -> Vec<u32> {
    let by_likes = pipeline(3, &[Source::Random], 100, vec![ScorerConfig::Likes { weight: 1.0 }]);
    let pipelines = vec![PipelineConfig { selector, ..by_likes }];
    let config = FeedConfig { pipeline: Some(pipelines), ..FeedConfig::default() };
    feed(&four_directions(), &config, 2, reader)
}

#[test]
fn each_selector_works_in_a_feed() {
    assert_eq!(first_three(SelectorConfig::Top, 50), [1, 2, 11]);
    assert_eq!(first_three(SelectorConfig::Softmax { temperature: 1e-3 }, 50), [1, 2, 11]);
    assert_eq!(first_three(SelectorConfig::Mmr { balance: 1.0 }, 50), [1, 2, 11]);
    // Posts 1 and 2 say the same; 31 is furthest from 1. Then 11 and 21 are as near to one of them.
    assert_eq!(first_three(SelectorConfig::Mmr { balance: 0.3 }, 50)[..2], [1, 31]);
    let mut sampled = BTreeSet::new();
    for reader in 50..100 {
        let rows = first_three(SelectorConfig::Sampled { buffer: 5 }, reader);
        assert!(rows.iter().all(|row| [1, 2, 11, 21, 31].contains(row)), "{rows:?}");
        sampled.extend(rows);
    }
    assert_eq!(sampled.len(), 5, "fifty readers draw each of five");
}

#[test]
fn what_one_pipeline_shows_is_none_of_anothers() {
    // Every post is hot, near and by a followed account.
    let script: Vec<Line> = (0..6).map(|n| (n, 1, Post)).collect();
    let world = World::of(10, &[(9, 1)], &script);
    let check = |slots: [u32; 3], expected: &[u32]| {
        let sources = [Source::InNetwork, Source::Interest, Source::Hot];
        let pipelines = sources.iter().zip(slots).filter(|(_, slots)| *slots > 0);
        let pipelines =
            pipelines.map(|(&source, slots)| pipeline(slots, &[source], 50, Vec::new())).collect();
        let config = FeedConfig { pipeline: Some(pipelines), ..FeedConfig::default() };
        assert_eq!(feed(&world, &config, 7, 9), expected, "{slots:?}");
    };
    check([2, 0, 0], &[6, 5]);
    check([2, 2, 0], &[6, 4, 5, 3]);
    check([2, 2, 2], &[6, 4, 2, 5, 3, 1]);
    check([1, 1, 3], &[4, 6, 5, 3, 2]);
}

#[test]
fn a_cap_on_authors_counts_over_all_pipelines() {
    let script: Vec<Line> = (0..12).map(|n| (n, n % 2, Post)).collect();
    let world = World::of(10, &[(9, 1)], &script);
    let config = FeedConfig {
        filter: Some(vec![FilterConfig::AuthorCap { most: 3 }]),
        ..common::mix(&[(Source::InNetwork, 2), (Source::Hot, 4), (Source::Random, 4)])
    };
    let rows = feed(&world, &config, 13, 9);
    assert_eq!(rows.iter().filter(|&&row| row % 2 == 0).count(), 3, "{rows:?}");
    assert_eq!(rows.len(), 6, "{rows:?}");
}
