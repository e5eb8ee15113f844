//! Each filter: what it keeps from a reader, that it can be switched off, that feeds keep their length whatever it keeps,
//! and how what it kept is counted.

mod common;

use std::collections::BTreeMap;

use common::Do::{self, *};
use common::cases::{Case, Scene, all_filters, any_case, any_filters};
use common::{INDIFFERENT, Line, Who, World, only, pipeline, post, recommend, recommender, rows};
use murmur_recsys::{FeedConfig, Feeds, Filter, FilterConfig, ScorerConfig, SeenPost, Source};
use proptest::prelude::*;

/// What agent 9, having read `seen`, is served at step 10 by `config`.
fn feed_after(world: &World, config: &FeedConfig, seen: &[u32]) -> Vec<u32> {
    let root = |row| world.public.posts().root(row);
    let seen = seen.iter().map(|&id| SeenPost { root: root(post(id)), row: post(id) }).collect();
    let reader = Who { seen, ..Who::new(9) };
    let mut rows = rows(&recommend(&recommender(world, config, 10), world, 10, &[reader], &INDIFFERENT));
    rows[0].sort_unstable();
    rows.remove(0)
}

/// Agent 9, following 1 and 2 and having read `seen`, is served `without` a filter, and with the filter alone `with`.
fn check_filter(filter: FilterConfig, script: &[Line], seen: &[u32], without: &[u32], with: &[u32]) {
    let world = World::of(10, &[(9, 1), (9, 2)], script);
    for source in [Source::Interest, Source::Hot, Source::Random] {
        let served = |filters: &[FilterConfig]| {
            feed_after(&world, &FeedConfig { filter: Some(filters.to_vec()), ..only(source, 20) }, seen)
        };
        assert_eq!(served(&[]), without, "{source:?} without {filter:?}");
        assert_eq!(served(std::slice::from_ref(&filter)), with, "{source:?} behind {filter:?}");
    }
}

#[test]
fn each_filter_keeps_what_it_says_and_nothing_else() {
    let script = |deed: Line| vec![(0, 9, Post), (0, 0, Post), (1, 1, Repost(2)), (2, 2, Repost(2)), deed];
    let nothing = script((3, 3, Mute(4)));
    check_filter(FilterConfig::Own {}, &nothing, &[], &[1, 3], &[3]);
    check_filter(FilterConfig::Muted {}, &script((3, 9, Mute(0))), &[], &[1, 3], &[1]);
    check_filter(FilterConfig::Muted {}, &script((3, 9, Mute(1))), &[], &[1, 3], &[1, 4]);
    check_filter(FilterConfig::Muted {}, &script((3, 0, Mute(9))), &[], &[1, 3], &[1, 3]);
    for (blocker, other) in [(9, 0), (0, 9)] {
        check_filter(FilterConfig::Blocked {}, &script((3, blocker, Block(other))), &[], &[1, 3], &[1]);
    }
    for (blocker, other) in [(9, 1), (1, 9)] {
        check_filter(FilterConfig::Blocked {}, &script((3, blocker, Block(other))), &[], &[1, 3], &[1, 4]);
    }
    // What was read was read in every guise.
    for read in [2, 3, 4] {
        check_filter(FilterConfig::Seen { most: 256 }, &nothing, &[read], &[1, 3], &[1]);
    }
    let wordy: Vec<Line> = (0..6).map(|n| (n, n % 2, Post)).collect();
    check_filter(FilterConfig::AuthorCap { most: 2 }, &wordy, &[], &[1, 2, 3, 4, 5, 6], &[3, 4, 5, 6]);
}

#[test]
fn deleted_posts_are_never_shown() {
    let script: &[Line] = &[(0, 0, Post), (1, 1, Repost(1)), (2, 2, Repost(1)), (3, 0, PostAt(20.0))];
    let check = |deeds: &[Line], expected: &[u32]| {
        let world = World::of(10, &[(9, 0), (9, 1), (9, 2)], &[script, deeds].concat());
        for source in [Source::InNetwork, Source::Interest, Source::Hot, Source::Random] {
            let config = FeedConfig { filter: Some(Vec::new()), ..only(source, 20) };
            assert_eq!(feed_after(&world, &config, &[]), expected, "{source:?} after {deeds:?}");
        }
    };
    check(&[], &[2, 4]);
    check(&[(4, 1, Delete(2))], &[3, 4]);
    check(&[(4, 1, Delete(2)), (4, 2, Delete(3))], &[1, 4]);
    check(&[(4, 0, Delete(1))], &[4]);
    check(&[(4, 0, Delete(1)), (4, 0, Delete(4))], &[]);
}

/// Whatever keeps the first ninety posts of every ranking from a reader, its feed is full while there is more.
fn check_full(filter: FilterConfig, hidden_by: Do, seen: &[u32], author: u32) {
    // Ninety posts by one author, liked, near and new; twenty by others, which are none of these.
    let of_others = (0..20).map(|n| (0, n % 4, PostOn(0, 0, 60.0)));
    let mut script: Vec<Line> = of_others.chain([(0, 9, hidden_by)]).collect();
    script.extend((0..90).map(|_| (1, author, PostOn(0, 0, 0.0))));
    script.extend((1..21).map(|id| (2, 5, Like(id))));
    script.extend((21..111).flat_map(|id| [(2, 5, Like(id)), (2, 6, Like(id))]));
    let follows = [0, 1, 2, 3, author].map(|followee| (9, followee));
    let world = World::of(10, &follows, &script);
    for source in [Source::InNetwork, Source::Interest, Source::Hot, Source::Trending, Source::Random] {
        let config = FeedConfig { filter: Some(vec![filter.clone()]), ..only(source, 20) };
        assert_eq!(feed_after(&world, &config, seen), Vec::from_iter(1..21), "{source:?} behind {filter:?}");
    }
}

#[test]
fn feeds_are_full_whatever_filters_keep() {
    let every: Vec<u32> = (21..111).collect();
    check_full(FilterConfig::Own {}, Mute(8), &[], 9);
    check_full(FilterConfig::Muted {}, Mute(7), &[], 7);
    check_full(FilterConfig::Blocked {}, Block(7), &[], 7);
    check_full(FilterConfig::Seen { most: 256 }, Mute(8), &every, 7);
}

#[test]
fn a_cap_on_authors_passes_over_their_posts_to_the_end() {
    // Two thousand by one author come before ten by others, in every ranking.
    let mut script: Vec<Line> = (0..10).map(|n| (0, n, PostAt(60.0))).collect();
    script.extend((0..2_000).map(|_| (1, 10, PostAt(0.0))));
    let follows: Vec<(u32, u32)> = (0..11).map(|followee| (12, followee)).collect();
    let world = World::of(13, &follows, &script);
    for source in [Source::InNetwork, Source::Interest, Source::Hot, Source::Random] {
        let config =
            FeedConfig { filter: Some(vec![FilterConfig::AuthorCap { most: 1 }]), ..only(source, 11) };
        assert_eq!(common::feed(&world, &config, 2, 12).len(), 11, "{source:?}");
    }
}

/// What the case's reader is served.
fn feeds_of(case: &Case, world: &World, config: &FeedConfig) -> Feeds {
    recommend(&recommender(world, config, case.now), world, case.now, &[case.who(world)], &INDIFFERENT)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cap_on_authors_leaves_as_many_as_it_can(case in any_case(), cap in 1..4u32, [slots, most] in [1..30u32, 1..30u32]) {
        let filters = [all_filters(), vec![FilterConfig::AuthorCap { most: cap }]].concat();
        let scene = Scene::of(&case, &filters);
        let author = |row: u32| scene.model.row(scene.model.row(row).root).author;
        let by_author = |rows: &[u32]| {
            let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
            rows.iter().for_each(|&row| *counts.entry(author(row)).or_default() += 1);
            counts
        };
        let rows = case.feed(&scene.world, &filters, vec![pipeline(slots, &[Source::Random], most, Vec::new())]);
        prop_assert!(by_author(&rows).values().all(|&count| count <= cap as usize));
        let visible = scene.shown(scene.model.roots());
        let possible: usize = by_author(&visible).values().map(|&count| count.min(cap as usize)).sum();
        prop_assert_eq!(rows.len(), possible.min(slots as usize));
    }

    /// A feed of one source just long enough for all that it may show: every root is looked at once.
    #[test]
    fn what_filters_keep_is_counted(case in any_case(), filters in any_filters(), of_hot in any::<bool>()) {
        let scene = Scene::of(&case, &filters);
        let Scene { world, model, viewer, .. } = &scene;
        let roots = model.live_roots(viewer);
        let visible = scene.shown(roots.iter().copied()).len();
        prop_assume!(visible > 0);
        let source = if of_hot { Source::Hot } else { Source::Interest };
        // With a scorer every candidate is wanted, not only as many as there are slots.
        let scorer = vec![ScorerConfig::Likes { weight: 1.0 }];
        let config = case.config(&filters, vec![pipeline(visible as u32, &[source], 200, scorer)]);
        let feeds = feeds_of(&case, world, &config);
        let counts = feeds.counts();
        let of_source = counts.sources[source as usize];
        prop_assert_eq!(of_source.offered, roots.len() as u64);
        prop_assert_eq!([of_source.kept, of_source.served], [visible as u64; 2]);
        prop_assert_eq!(counts.dropped.iter().sum::<u64>(), (roots.len() - visible) as u64);
        for filter in Filter::ALL {
            let dropped = counts.dropped[filter as usize] as usize;
            let obstacles = || roots.iter().map(|&root| model.obstacles(viewer, root));
            let alone = obstacles().filter(|obstacles| *obstacles == [filter]).count();
            let among = obstacles().filter(|obstacles| obstacles.contains(&filter)).count();
            // Where several filters would keep a post, one of them counts it.
            prop_assert!((alone..=among).contains(&dropped), "{:?}: {} of {}..={}", filter, dropped, alone, among);
        }
    }

    #[test]
    fn rows_of_a_root_that_was_taken_are_counted(case in any_case()) {
        let scene = Scene::of(&case, &[]);
        let Scene { world, model, viewer, .. } = &scene;
        let visible = scene.shown(model.roots()).len();
        prop_assume!(visible > 0);
        // Hot posts first: what the network gives besides are reposts of theirs, and roots that are too old to be hot.
        let sources = [Source::Hot, Source::InNetwork];
        let config = case.config(&[], vec![pipeline(visible as u32, &sources, 200, Vec::new())]);
        let feeds = feeds_of(&case, world, &config);
        let counts = feeds.counts();
        let shared = model.ids().filter(|&id| {
            let row = model.row(id);
            !row.deleted && model.follows(viewer.agent, row.author) && model.is_live(id, viewer)
        });
        let rows = counts.sources[Source::InNetwork as usize];
        prop_assert_eq!(rows.offered, shared.count() as u64);
        prop_assert_eq!(rows.offered, rows.kept + counts.dropped[Filter::SameRoot as usize]);
    }
}

/// Rankings that go on beyond what is at hand are made once, while other feeds may ask for them.
#[test]
fn many_readers_may_run_out_of_a_ranking_at_once() {
    let mut script: Vec<Line> = (0..40_000).map(|n| (0, n % 5, PostOn(0, 0, 0.0))).collect();
    script.extend((0..100).map(|_| (1, 7, PostOn(0, 0, 0.0))));
    script.extend((40_000 - 100..40_100).map(|id| (2, 6, Like(id + 1))));
    script.extend((10..2_000).map(|agent| (2, agent, Mute(7))));
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let world = World::of(2_000, &[], &script);
        let readers: Vec<u32> = (10..2_000).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(16).build().expect("threads");
        for (source, count) in [(Source::Hot, 100), (Source::Trending, 700), (Source::Hot, 1_990)].repeat(30)
        {
            let config = FeedConfig { filter: Some(vec![FilterConfig::Muted {}]), ..only(source, 20) };
            let feeds = pool.install(|| common::feeds(&world, &config, 3, &readers[..count]));
            assert!(feeds.iter().all(|feed| feed.len() == 20));
        }
        done.send(()).expect("the test waits");
    });
    wait.recv_timeout(std::time::Duration::from_secs(120)).expect("feeds wait for each other");
}
