//! Each source against a plain model, on random worlds: alone in a feed, it shows what the model says, in that order.

mod common;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use common::Do::*;
use common::cases::{Case, Scene, any_case, any_filters, check_ranking};
use common::model::inner;
use common::{Line, TOPICS, World, feed, only, pipeline};
use murmur_recsys::{FilterConfig, ScorerConfig, Source};
use proptest::prelude::*;

/// What the case's reader is served by a feed of `source` alone, which gives `most` candidates at a time.
fn served(case: &Case, scene: &Scene, source: Source, slots: u32, most: u32) -> Vec<u32> {
    case.feed(&scene.world, &scene.viewer.filters, vec![pipeline(slots, &[source], most, Vec::new())])
}

/// The feed is the rows shown of `roots`, in this order.
fn check_order(
    case: &Case,
    scene: &Scene,
    source: Source,
    [slots, most]: [u32; 2],
    roots: Vec<u32>,
) -> Result<(), TestCaseError> {
    let mut expected = scene.shown(roots);
    expected.truncate(slots as usize);
    prop_assert_eq!(served(case, scene, source, slots, most), expected);
    Ok(())
}

/// The roots of live rows that followed accounts made, latest row first.
fn in_network(scene: &Scene) -> Vec<u32> {
    let Scene { model, viewer, .. } = scene;
    let by_followed = |id: &u32| {
        let row = model.row(*id);
        let followed = model.follows(viewer.agent, row.author) && model.hidden(viewer, row.author).is_empty();
        followed && !row.deleted && model.is_live(*id, viewer)
    };
    model.ids().rev().filter(by_followed).map(|id| model.row(id).root).collect()
}

/// Live roots by Reddit's formula, best first; the older first among equals.
fn hot(scene: &Scene) -> Vec<u32> {
    let Scene { model, viewer, .. } = scene;
    let score = |root: u32| {
        let score = model.likes(root) as f64 - model.dislikes(root) as f64;
        let seconds = f64::from(model.row(root).step * 180) + 1_704_067_200.0 - 1_134_028_003.0;
        let hot = score.signum() * score.abs().max(1.0).log10() + seconds / 45_000.0;
        (hot * 1e7).round() as i64
    };
    let mut roots = model.live_roots(viewer);
    roots.sort_by_key(|&root| (Reverse(score(root)), root));
    roots
}

/// Of the reader's topics in turn the next root by (likes + shares) / (hours + 2)^1.8; the older first among equals.
fn trending(scene: &Scene) -> Vec<u32> {
    let Scene { model, viewer, .. } = scene;
    let score = |root: u32| {
        let hours = f64::from(model.age(root, viewer.now)) / 60.0;
        (model.likes(root) + model.shares(root)) as f64 / (hours + 2.0).powf(1.8)
    };
    let of_topic = |topic: u16| {
        let mut roots = model.live_roots(viewer);
        roots.retain(|&root| model.row(root).topic == Some(topic) && score(root) > 0.0);
        roots.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        roots
    };
    let wanted = (0..TOPICS as u16).filter(|topic| viewer.topics & 1 << topic != 0);
    let lists: Vec<Vec<u32>> = wanted.map(of_topic).collect();
    (0..model.ids().count())
        .flat_map(|rank| lists.iter().filter_map(move |list| list.get(rank).copied()))
        .collect()
}

/// What is among the last eight likes of followed accounts that are not hidden, of most of them first; the later first among equals.
fn social_proof(scene: &Scene) -> Vec<u32> {
    let Scene { model, viewer, .. } = scene;
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    let shown = |&other: &u32| model.follows(viewer.agent, other) && model.hidden(viewer, other).is_empty();
    for followee in (0..8).filter(shown) {
        for &root in model.recent(followee) {
            *counts.entry(root).or_default() += 1;
        }
    }
    let mut roots: Vec<u32> = counts.keys().copied().collect();
    roots.sort_by_key(|root| Reverse((counts[root], *root)));
    roots
}

/// A case with filters, slots and candidates at a time.
fn any_feed() -> impl Strategy<Value = (Case, Vec<FilterConfig>, [u32; 2])> {
    (any_case(), any_filters(), [1..40u32, 1..40u32])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_network_gives_what_followed_accounts_shared_last((case, filters, sizes) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        check_order(&case, &scene, Source::InNetwork, sizes, in_network(&scene))?;
    }

    #[test]
    fn hot_gives_the_highest_scores((case, filters, sizes) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        check_order(&case, &scene, Source::Hot, sizes, hot(&scene))?;
    }

    #[test]
    fn trending_gives_what_each_topic_gathers_fastest((case, filters, sizes) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        check_order(&case, &scene, Source::Trending, sizes, trending(&scene))?;
    }

    #[test]
    fn social_proof_gives_what_most_followed_accounts_liked((case, filters, sizes) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        check_order(&case, &scene, Source::SocialProof, sizes, social_proof(&scene))?;
    }

    #[test]
    fn random_gives_every_row_there_is((case, filters, [_, most]) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        let mut expected = scene.shown(scene.model.roots());
        let mut rows = served(&case, &scene, Source::Random, 200, most);
        rows.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(rows, expected);
    }

    #[test]
    fn interest_gives_what_is_nearest_to_the_readers_text((case, filters, [slots, most]) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        let Scene { model, viewer, text, .. } = &scene;
        let visible = model.live_roots(viewer).into_iter().filter_map(|root| {
            Some((model.shown(viewer, root)?, inner(text, &model.row(root).vector)))
        });
        let scored: Vec<(u32, f64)> = visible.collect();
        let rows = served(&case, &scene, Source::Interest, slots, most);
        check_ranking(&rows, &scored, slots as usize)?;
        // Of texts that are the same the later root comes first.
        let alike = |one: u32, other: u32| model.row(one).vector == model.row(other).vector;
        for (place, &row) in rows.iter().enumerate() {
            let root = model.row(row).root;
            let before = |other: u32| rows[..place].contains(&other);
            for &(other, _) in scored.iter().filter(|(other, _)| alike(*other, row)) {
                prop_assert!(
                    model.row(other).root <= root || before(other),
                    "{} before {} in {:?}", row, other, rows
                );
            }
        }
    }

    /// Where the x-score ranks the pipeline, the candidates are those that it ranks highest.
    #[test]
    fn interest_gives_the_highest_x_scores_where_they_rank((case, filters, [slots, _]) in any_feed()) {
        let scene = Scene::of(&case, &filters);
        let Scene { model, viewer, text, .. } = &scene;
        let x_score = |root: u32| {
            let recency = ((271.8 - f64::from(model.age(root, viewer.now))) / 100.0).max(1.0).ln();
            // Nobody here has the thousand followers from which fame counts.
            recency * inner(text, &model.row(root).vector).max(0.0)
        };
        let live = model.live_roots(viewer).into_iter();
        let scored: Vec<(u32, f64)> =
            live.filter_map(|root| Some((model.shown(viewer, root)?, x_score(root)))).collect();
        let scorer = vec![ScorerConfig::XScore { weight: 1.0 }];
        let pipelines = vec![pipeline(slots, &[Source::Interest], slots, scorer)];
        let rows = case.feed(&scene.world, &filters, pipelines);
        prop_assert_eq!(rows.len(), scored.len().min(slots as usize));
        // What has no score at all fills up in another order.
        let some: Vec<(u32, f64)> = scored.into_iter().filter(|&(_, score)| score > 1e-4).collect();
        let first = &rows[..some.len().min(rows.len())];
        check_ranking(first, &some, slots as usize)?;
    }
}

#[test]
fn a_deleted_repost_gives_chance_no_second_draw() {
    // Of two posts one was reposted, and the repost deleted: that row is no more.
    let script: Vec<Line> = vec![(0, 0, Post), (0, 1, Post), (0, 2, Repost(1)), (0, 2, Delete(3))];
    let world = World::of(3_000, &[], &script);
    let readers: Vec<u32> = (10..3_000).collect();
    let firsts = common::feeds(&world, &only(Source::Random, 1), 1, &readers).concat();
    let counts = [1, 2].map(|id| firsts.iter().filter(|&&row| row == id).count() as u32);
    assert!(common::chi_square(&counts) < common::chi_square_limit(1), "{counts:?}");
}

#[test]
fn a_share_by_a_muted_account_brings_nothing_into_the_network() {
    let script: &[Line] = &[(0, 0, Post), (1, 1, Repost(1)), (1, 2, Post), (2, 9, Mute(1))];
    let world = World::of(10, &[(9, 1), (9, 2)], script);
    assert_eq!(feed(&world, &only(Source::InNetwork, 5), 3, 9), [3]);
}

#[test]
fn social_proof_looks_at_the_last_eight_likes_of_each() {
    let mut script: Vec<Line> = (0..9).map(|_| (0, 0, Post)).collect();
    script.extend((1..10).map(|id| (1, 1, Like(id))));
    script.extend([1, 5].map(|id| (1, 2, Like(id))));
    let served = |script: &[Line]| {
        feed(&World::of(10, &[(9, 1), (9, 2)], script), &only(Source::SocialProof, 20), 3, 9)
    };
    // Post 5 is liked by both; the first like of agent 1 is forgotten, that of agent 2 is not.
    assert_eq!(served(&script), [5, 9, 8, 7, 6, 4, 3, 2, 1]);
    script.extend([(2, 1, Unlike(9)), (2, 2, Unlike(1))]);
    assert_eq!(served(&script), [5, 8, 7, 6, 4, 3, 2]);
}

#[test]
fn a_text_of_ones_own_is_looked_for_among_the_last_32_rows() {
    // Agent 9 wrote at 90 degrees, then reposted; posts 2 and 3 lie at 0 and at 90 degrees.
    let nearest = |reposts: u32| {
        let mut script: Vec<Line> = vec![(0, 9, PostAt(90.0)), (0, 0, PostAt(0.0)), (0, 0, PostAt(80.0))];
        script.extend((0..reposts).map(|_| (0, 1, PostAt(180.0))));
        script.extend((0..reposts).map(|n| (1, 9, Repost(4 + n))));
        feed(&World::of(10, &[], &script), &only(Source::Interest, 1), 2, 9)
    };
    assert_eq!(nearest(31), [3], "the text is at 45 degrees");
    assert_eq!(nearest(32), [2], "the text is at 0 degrees");
}
