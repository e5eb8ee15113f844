//! The feeds that have a name: full where there is something to show, as they are described, and the same on any number of
//! threads and whoever else reads.

mod common;

use std::collections::BTreeSet;

use common::Do::*;
use common::cases::{Case, Scene, all_filters, any_case, check_ranking};
use common::model::inner;
use common::{INDIFFERENT, Line, Minds, Who, World, recommend, recommender, rows};
use murmur_core::PostId;
use murmur_recsys::{Engagement, FeedConfig, Feeds, FilterConfig, Preset, Source};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn config(preset: Preset, max_age: u32) -> FeedConfig {
    FeedConfig { preset, max_age: Some(max_age), ..FeedConfig::default() }
}

/// The filters of the preset: OASIS shows again what was seen.
fn filters(preset: Preset) -> Vec<FilterConfig> {
    let mut filters = all_filters();
    if matches!(preset, Preset::OasisX | Preset::Reddit) {
        filters.pop();
    }
    filters
}

fn feeds_of(case: &Case, world: &World, preset: Preset) -> Feeds {
    let recommender = recommender(world, &config(preset, case.max_age), case.now);
    recommend(&recommender, world, case.now, &[case.who(world)], &INDIFFERENT)
}

/// The roots that the preset's sources reach for the reader and that it may be shown.
fn visible(scene: &Scene, preset: Preset) -> usize {
    let Scene { model, viewer, .. } = scene;
    let roots: Vec<u32> = match preset {
        Preset::Reddit => model.live_roots(viewer),
        Preset::Chronological => {
            let by_followed = |id: &u32| {
                let row = model.row(*id);
                let followed = model.follows(viewer.agent, row.author) && !row.deleted;
                followed && model.is_live(*id, viewer) && model.hidden(viewer, row.author).is_empty()
            };
            model.ids().filter(by_followed).map(|id| model.row(id).root).collect()
        }
        _ => model.roots().collect(),
    };
    scene.shown(roots).len()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_preset_fills_its_feed(case in any_case()) {
        for preset in Preset::ALL {
            let scene = Scene::of(&case, &filters(preset));
            let rows = rows(&feeds_of(&case, &scene.world, preset)).remove(0);
            let length = if preset == Preset::Reddit { 5 } else { 10 };
            prop_assert_eq!(config(preset, case.max_age).length(), length);
            prop_assert_eq!(rows.len(), visible(&scene, preset).min(length), "{:?}: {:?}", preset, rows);
            let roots: BTreeSet<u32> = rows.iter().map(|&row| scene.model.row(row).root).collect();
            prop_assert_eq!(roots.len(), rows.len());
            for root in roots {
                prop_assert!(scene.model.shown(&scene.viewer, root).is_some(), "{:?} shows {}", preset, root);
            }
        }
    }

    #[test]
    fn chronological_shows_followed_accounts_latest_first(case in any_case()) {
        let scene = Scene::of(&case, &all_filters());
        let Scene { world, model, viewer, .. } = &scene;
        let by_followed = model.ids().rev().filter(|&id| {
            let row = model.row(id);
            let followed = model.follows(viewer.agent, row.author) && !row.deleted;
            followed && model.is_live(id, viewer) && model.hidden(viewer, row.author).is_empty()
        });
        let mut expected = scene.shown(by_followed.map(|id| model.row(id).root));
        expected.truncate(10);
        prop_assert_eq!(rows(&feeds_of(&case, world, Preset::Chronological)).remove(0), expected);
    }
}

/// A world of `posts` by agents 0 to 39 in the last `steps` steps before step 100, in directions and with likes that a
/// number decides; agent 99 follows `followed` of them.
fn busy_world(posts: u32, steps: u32, followed: u32, number: u32) -> World {
    let mixed = |n: u32| {
        (n.wrapping_mul(2_654_435_761) ^ number.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 8
    };
    let follows: Vec<(u32, u32)> = (0..followed).map(|followee| (99, followee)).collect();
    let mut script: Vec<Line> = (0..posts)
        .map(|n| {
            (
                99 - steps + n * steps / posts,
                mixed(n) % 40,
                PostAt((mixed(n + 1_000) % 16_000) as f32 / 100.0),
            )
        })
        .collect();
    // Every post has another number of likes, so that the most liked are known.
    let likes =
        (0..posts).flat_map(|n| (0..mixed(n + 2_000) % 40).map(move |agent| (99, 40 + agent, Like(n + 1))));
    script.extend(likes);
    World::of(100, &follows, &script)
}

/// Agent 99's feed at step 100 holds seven of the `buffer` of highest R × F × S, and the three most liked posts of the
/// accounts that it follows, that are none of the seven.
fn check_oasis_x(world: &World) -> Result<(), TestCaseError> {
    let case = Case {
        follows: Vec::new(),
        script: Vec::new(),
        now: 100,
        max_age: 1440,
        viewer: 99,
        profile: Some(0),
        topics: 0,
        seen: Vec::new(),
    };
    let feeds = feeds_of(&case, world, Preset::OasisX);
    let of = |source: Source| -> Vec<u32> {
        feeds.of(0).iter().filter(|served| served.source == source).map(|served| served.post.get()).collect()
    };
    let model = common::model::Model::of(world);
    let viewer = case.viewer(world, &filters(Preset::OasisX));
    let text = model.text_of(&viewer);

    let x_score = |root: u32| {
        let recency = ((271.8 - f64::from(model.age(root, 100))) / 100.0).max(1.0).ln();
        recency * inner(&text, &model.row(root).vector).max(0.0)
    };
    let mut scores: Vec<f64> = model.roots().map(x_score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let least = scores[scores.len().min(50) - 1];
    let seven = of(Source::Interest);
    prop_assert_eq!(seven.len(), 7);
    for &row in &seven {
        prop_assert!(
            x_score(row) >= least - 1e-5,
            "{} of {}, the buffer ends at {}",
            row,
            x_score(row),
            least
        );
    }

    // Nobody follows accounts with more than a hundred rows here, of which the latest count.
    let followed = |root: &u32| model.follows(99, model.row(*root).author) && !seven.contains(root);
    let liked: Vec<(u32, f64)> =
        model.roots().filter(followed).map(|root| (root, model.likes(root) as f64)).collect();
    check_ranking(&of(Source::InNetwork), &liked, 3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn oasis_x_shows_seven_of_the_highest_scores_and_the_three_most_liked_of_followed_accounts(
        posts in 60..300u32,
        steps in 1..99u32,
        followed in 10..13u32,
        number in any::<u32>(),
    ) {
        let world = busy_world(posts, steps, followed, number);
        let recent = world.public.posts().ids().filter(|&row| 100 - world.public.posts().created(row).0 <= 57);
        prop_assume!(recent.count() >= 50);
        check_oasis_x(&world)?;
    }
}

#[test]
fn oasis_x_draws_its_seven_from_all_fifty() {
    let world = busy_world(200, 20, 0, 5);
    let config = config(Preset::OasisX, 1440);
    let readers: Vec<Who> = (40..99).map(Who::new).collect();
    let feeds = recommend(&recommender(&world, &config, 100), &world, 100, &readers, &INDIFFERENT);
    // Without followed accounts all ten are of the fifty.
    let drawn: BTreeSet<u32> = rows(&feeds).concat().into_iter().collect();
    assert_eq!(drawn.len(), 50, "{drawn:?}");
}

#[test]
fn the_echo_chamber_agrees_and_the_bridge_is_liked_from_both_sides() {
    // Agents 0 and 1 lean against topic 0, agents 2 and 3 for it; post 5 is liked by all, 6 and 7 by one side.
    let lean = |agent, quarters| (0, agent, PostOn(0, quarters, 0.0));
    let mut script: Vec<Line> = vec![lean(0, -4), lean(1, -3), lean(2, 3), lean(3, 4)];
    script.extend([(1, 4, PostOn(0, 0, 30.0)), (1, 5, PostOn(0, 4, 0.0)), (1, 6, PostOn(0, -4, 0.0))]);
    script.extend([(2, 0, Like(5)), (2, 1, Like(5)), (2, 2, Like(5)), (2, 3, Like(5))]);
    script.extend([(2, 2, Like(6)), (2, 3, Like(6)), (2, 0, Like(7)), (2, 1, Like(7))]);
    let world = World::of(10, &[], &script);
    let first = |preset: Preset, minds: &Minds<'_>| {
        let recommender = recommender(&world, &config(preset, 1440), 3);
        rows(&recommend(&recommender, &world, 3, &[Who::new(9)], minds))[0][0]
    };
    assert_eq!(first(Preset::Bridging, &INDIFFERENT), 5);
    for favourite in 1..8 {
        let agreement = |_: usize, root: PostId| if root.get() == favourite { 0.9 } else { -0.2 };
        assert_eq!(first(Preset::EchoChamber, &Minds { agreement: &agreement, ..INDIFFERENT }), favourite);
    }
}

/// Three hundred readers of a world in which much happens.
fn crowd() -> (World, Vec<Who>) {
    let follows: Vec<(u32, u32)> =
        (0..300).flat_map(|a| (1..8).map(move |k| (a, (a + k * k) % 300))).collect();
    let mut script: Vec<Line> = (0..300)
        .map(|n| (n / 30, n * 7 % 300, PostOn((n % 3) as u16, (n % 9) as i8 - 4, (n * 13 % 170) as f32)))
        .collect();
    script.extend((0..400).map(|n| (10, n * 3 % 300, Repost(1 + n * n % 300))));
    script.extend((0..3_000).map(|n| (11, n * 11 % 300, Like(1 + n * n * 7 % 300))));
    script.extend((0..40).map(|n| (12, n * 5 % 300, Mute(n * n % 300))));
    let topics = |agent: u32| u64::from(agent % 8);
    let readers = (0..300).map(|agent| Who { topics: topics(agent), ..Who::new(agent) }).collect();
    (World::of(300, &follows, &script), readers)
}

/// Whims by the reader's id and the post's, whatever the reader's place.
fn whim(reader: u32, post: PostId) -> f32 {
    ((reader * 31 + post.get() * 17) % 101) as f32 / 101.0
}

#[test]
fn feeds_do_not_depend_on_threads_or_on_who_else_reads() {
    let (world, readers) = crowd();
    for preset in Preset::ALL {
        let recommender = recommender(&world, &config(preset, 1440), 13);
        let feeds = |readers: &[Who]| {
            let engagement = |reader: usize, row: PostId| Engagement {
                like: whim(readers[reader].agent, row),
                ..Engagement::default()
            };
            let agreement = |reader: usize, root: PostId| whim(readers[reader].agent, root) - 0.5;
            let minds = Minds { engagement: &engagement, agreement: &agreement };
            recommend(&recommender, &world, 13, readers, &minds)
        };
        let on_threads = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| feeds(&readers))
        };
        let expected = on_threads(1);
        assert_eq!(on_threads(2), expected, "{preset:?}");
        assert_eq!(on_threads(4), expected, "{preset:?}");
        for alone in [0, 77, 299] {
            assert_eq!(feeds(&readers[alone..alone + 1]).of(0), expected.of(alone), "{preset:?}");
        }
        let backwards: Vec<Who> = readers.iter().rev().cloned().collect();
        let turned = feeds(&backwards);
        assert!((0..300).all(|place| turned.of(299 - place) == expected.of(place)), "{preset:?}");
    }
}

/// Otherwise the random tests of this crate would say little.
#[test]
fn in_random_worlds_there_is_something_to_see() {
    let mut runner = TestRunner::deterministic();
    let (mut full, mut followed) = (0, 0);
    for _ in 0..200 {
        let case = any_case().new_tree(&mut runner).expect("a case").current();
        let scene = Scene::of(&case, &all_filters());
        full += u32::from(visible(&scene, Preset::XLike) >= 5);
        followed += u32::from(visible(&scene, Preset::Chronological) >= 3);
    }
    assert!(full >= 60 && followed >= 40, "{full} and {followed} of 200");
}
