//! Feeds of tiny worlds that actions built: which row is served, in which order, and how chance falls.

mod common;

use common::Do::{self, *};
use common::{
    INDIFFERENT, Line, Who, World, chi_square, chi_square_limit, feed, feeds, mix, only, pipeline, recommend,
    recommender,
};
use murmur_recsys::{FeedConfig, PipelineConfig, Preset, SelectorConfig, Source};
use proptest::prelude::*;

/// Agent 9 is served exactly `expected`, whichever source finds the roots.
fn check_served(follows: &[(u32, u32)], script: &[Line], expected: &[u32]) {
    let world = World::of(10, follows, script);
    for source in [Source::Hot, Source::Interest] {
        let mut rows = feed(&world, &only(source, 20), 10, 9);
        rows.sort_unstable();
        assert_eq!(rows, expected, "{source:?} of {script:?} with {follows:?}");
    }
}

#[test]
fn of_a_roots_copies_the_earliest_followed_repost_is_served() {
    let shared: &[Line] = &[(0, 0, Post), (1, 1, Repost(1)), (2, 2, Repost(1)), (3, 3, Repost(2))];
    check_served(&[], shared, &[1]);
    check_served(&[(9, 2)], shared, &[3]);
    check_served(&[(9, 2), (9, 3)], shared, &[3]);
    check_served(&[(9, 3)], shared, &[4]);
    // Following the root's author as well changes nothing.
    check_served(&[(9, 0)], shared, &[1]);
    check_served(&[(9, 0), (9, 2)], shared, &[3]);
    // The reader's own repost is not served back to it.
    check_served(&[], &[(0, 0, Post), (1, 9, Repost(1))], &[1]);
    check_served(&[(9, 1)], &[(0, 0, Post), (1, 9, Repost(1)), (2, 1, Repost(2))], &[3]);
    // Whichever list is shorter, the reposts or the followed accounts.
    let follows: Vec<(u32, u32)> = (2..9).map(|followee| (9, followee)).collect();
    check_served(&follows, shared, &[3]);
}

#[test]
fn quotes_are_roots_of_their_own() {
    let script: &[Line] = &[(0, 0, Post), (1, 1, Quote(1)), (2, 2, Repost(2))];
    check_served(&[], script, &[1, 2]);
    check_served(&[(9, 2)], script, &[1, 3]);
    check_served(&[], &[(0, 9, Post), (1, 1, Quote(1)), (1, 9, Quote(2))], &[2]);
}

#[test]
fn muted_and_blocked_accounts_neither_write_nor_share() {
    let script = |hide: Do| -> Vec<Line> {
        vec![(0, 0, Post), (1, 1, Repost(1)), (2, 2, Repost(1)), (3, 1, Post), (4, 9, hide)]
    };
    for hide in [Mute, Block] {
        check_served(&[(9, 1), (9, 2)], &script(hide(1)), &[3]);
        check_served(&[(9, 1)], &script(hide(1)), &[1]);
        check_served(&[(9, 1), (9, 2)], &script(hide(0)), &[4]);
        check_served(&[(9, 1), (9, 2)], &script(hide(5)), &[2, 4]);
    }
    // Being muted by the author hides nothing, being blocked by the author does.
    check_served(&[], &[(0, 0, Post), (0, 0, Mute(9))], &[1]);
    check_served(&[], &[(0, 0, Post), (0, 0, Block(9))], &[]);
}

#[test]
fn an_agents_own_posts_never_appear_in_any_guise() {
    let script: &[Line] =
        &[(0, 9, PostOn(0, 2, 0.0)), (1, 1, Repost(1)), (2, 2, Repost(2)), (3, 3, Post), (4, 1, Like(1))];
    check_served(&[(9, 1), (9, 2)], script, &[4]);
    let world = World::of(10, &[(9, 1), (9, 2), (9, 3)], script);
    for source in Source::ALL {
        assert!(!feed(&world, &only(source, 20), 10, 9).iter().any(|&row| row < 4), "{source:?}");
    }
}

/// Agent 9, following 1 and 2, is served `expected` in this order.
fn check_in_network(slots: u32, script: &[Line], expected: &[u32]) {
    let world = World::of(10, &[(9, 1), (9, 2)], script);
    assert_eq!(feed(&world, &only(Source::InNetwork, slots), 10, 9), expected, "{script:?}");
}

#[test]
fn in_network_shows_what_followed_accounts_shared_last_first() {
    let script: &[Line] =
        &[(0, 1, Post), (0, 0, Post), (1, 2, Post), (2, 1, Post), (3, 0, Post), (4, 2, Repost(2))];
    check_in_network(10, script, &[6, 4, 3, 1]);
    check_in_network(2, script, &[6, 4]);
    // A root that two of them shared stands where the later of them shared it, as the earlier one's row.
    check_in_network(10, &[(0, 0, Post), (1, 1, Repost(1)), (2, 1, Post), (3, 2, Repost(1))], &[2, 3]);
    check_in_network(10, &[(0, 3, Post)], &[]);
}

#[test]
fn posts_are_shown_up_to_their_greatest_age() {
    // Each is on a topic and liked by an account that agent 9 follows, so that every source gives it.
    let on_topic = PostOn(1, 0, 0.0);
    let mut script = vec![(0, 1, on_topic), (4, 1, on_topic), (5, 1, on_topic), (6, 1, on_topic)];
    script.extend((1..5).map(|id| (6, 2, Like(id))));
    let world = World::of(10, &[(9, 1), (9, 2)], &script);
    let check = |max_age: u32, now: u32, expected: &[u32]| {
        for source in Source::ALL {
            let config = FeedConfig { max_age: Some(max_age), ..only(source, 40) };
            let mut rows = feed(&world, &config, now, 9);
            rows.sort_unstable();
            assert_eq!(rows, expected, "{source:?}, {max_age} minutes at step {now}");
        }
    };
    // A step is three minutes.
    check(3, 7, &[4]);
    check(6, 7, &[3, 4]);
    check(9, 7, &[2, 3, 4]);
    check(21, 7, &[1, 2, 3, 4]);
    check(3, 8, &[]);
}

/// The hot ranking of `script` at step 10 is `expected`.
fn check_hot(script: &[Line], expected: &[u32]) {
    let world = World::of(10, &[], script);
    assert_eq!(feed(&world, &only(Source::Hot, 5), 10, 9), expected, "{script:?}");
}

#[test]
fn hot_puts_liked_before_new_before_disliked_and_the_older_first_among_equals() {
    check_hot(&[(0, 0, Post), (0, 1, Post), (0, 2, Post)], &[1, 2, 3]);
    check_hot(&[(0, 0, Post), (1, 1, Post), (2, 2, Post)], &[3, 2, 1]);
    // One vote more or less than none has no weight: log10(1) = 0.
    check_hot(&[(0, 0, Post), (0, 1, Post), (1, 2, Like(2))], &[1, 2]);
    check_hot(&[(0, 0, Post), (0, 1, Post), (1, 2, Like(2)), (1, 3, Like(2))], &[2, 1]);
    check_hot(&[(0, 0, Post), (0, 1, Post), (1, 2, Dislike(1)), (1, 3, Dislike(1))], &[2, 1]);
    check_hot(&[(0, 0, Post), (0, 1, Post), (1, 2, Like(2)), (1, 3, Like(2)), (1, 3, Dislike(2))], &[1, 2]);
    // Two net likes (log10 2) are worth 13,546 seconds of age, far more than the six minutes here.
    check_hot(&[(0, 0, Post), (2, 1, Post), (1, 2, Like(1)), (1, 3, Like(1))], &[1, 2]);
    // A like of a repost is its root's.
    check_hot(&[(0, 0, Post), (0, 1, Post), (1, 2, Repost(2)), (1, 3, Like(3)), (1, 4, Like(3))], &[2, 1]);
}

/// A feed of so many slots for followed accounts, interest, hot posts and chance has this length.
fn check_length(slots: [u32; 4], posts_by_others: u32, hidden: u32, expected: usize) {
    let mut script: Vec<Line> = (0..posts_by_others).map(|n| (n / 10, n % 5, Post)).collect();
    script.extend((0..hidden).map(|n| (5, 5 + n % 2, Post)));
    script.push((6, 9, Mute(5)));
    script.push((6, 9, Mute(6)));
    let world = World::of(10, &[(9, 0)], &script);
    let sources = [Source::InNetwork, Source::Interest, Source::Hot, Source::Random];
    let config = mix(&[0, 1, 2, 3].map(|place| (sources[place], slots[place])));
    assert_eq!(feed(&world, &config, 10, 9).len(), expected, "{slots:?}, {posts_by_others} posts");
}

#[test]
fn slots_that_a_source_cannot_fill_go_to_the_others() {
    check_length([6, 3, 0, 1], 0, 0, 0);
    check_length([6, 3, 0, 1], 4, 0, 4);
    check_length([6, 3, 0, 1], 40, 0, 10);
    check_length([6, 3, 0, 1], 40, 30, 10);
    check_length([9, 1, 0, 0], 40, 30, 10);
    check_length([9, 0, 1, 0], 40, 30, 10);
    check_length([0, 10, 0, 0], 40, 30, 10);
    check_length([0, 0, 10, 0], 12, 30, 10);
    check_length([0, 0, 0, 10], 12, 30, 10);
    // Agent 9 follows agent 0 alone, who wrote every fifth post.
    check_length([10, 0, 0, 0], 40, 30, 8);
    check_length([0, 1, 0, 0], 40, 30, 1);
}

#[test]
fn each_pipeline_is_spread_over_the_feed_in_its_own_order() {
    let mut script: Vec<Line> = (0..20).map(|n| (0, 0, PostAt(n as f32))).collect();
    script.extend((0..20).map(|n| (n, 1, PostAt(90.0))));
    let world = World::of(10, &[(9, 1)], &script);
    let config = mix(&[(Source::InNetwork, 4), (Source::Interest, 2)]);
    assert_eq!(feed(&world, &config, 20, 9), [40, 1, 39, 38, 2, 37]);
}

#[test]
fn nobody_reads_and_nothing_to_read_are_fine() {
    let world = World::of(10, &[], &[]);
    for preset in Preset::ALL {
        let config = FeedConfig { preset, ..FeedConfig::default() };
        assert!(feeds(&world, &config, 0, &[]).is_empty());
        assert_eq!(feeds(&world, &config, 0, &[0, 9]), [Vec::<u32>::new(), Vec::new()]);
    }
}

#[test]
fn the_buffer_draws_evenly_from_the_best() {
    // Twenty posts, the nearest first; the feed shows three of the best eight.
    let script: Vec<Line> = (0..20).map(|n| (0, n % 5, PostAt(2.0 * n as f32))).collect();
    let world = World::of(3_000, &[], &script);
    let readers: Vec<u32> = (10..3_000).collect();
    let selector = SelectorConfig::Sampled { buffer: 8 };
    let sampled = pipeline(3, &[Source::Interest], 8, Vec::new());
    let config =
        FeedConfig { pipeline: Some(vec![PipelineConfig { selector, ..sampled }]), ..FeedConfig::default() };
    let mut counts = [0; 8];
    for row in feeds(&world, &config, 1, &readers).concat() {
        counts[row as usize - 1] += 1;
    }
    assert_eq!(counts.iter().sum::<u32>() as usize, 3 * readers.len());
    // Drawing without replacement makes the statistic smaller than chi-square, so the limit is safe.
    assert!(chi_square(&counts) < chi_square_limit(7), "{counts:?}");
}

/// A world in which 40 rows are live: 30 posts, and 10 reposts of posts that are live too.
fn forty_rows() -> Vec<Line> {
    let posts = (0..30).map(|n| (n / 10, n % 7, Post));
    posts.chain((0..10).map(|n| (3, 7, Repost(n + 1)))).collect()
}

#[test]
fn chance_is_even_over_live_rows() {
    let world = World::of(10, &[], &forty_rows());
    // A post's age is no matter to chance while it is live.
    let config = FeedConfig { max_age: Some(1_000_000), ..only(Source::Random, 1) };
    let recommender = recommender(&world, &config, 4);
    let mut counts = [0; 30];
    for now in 4..8_004 {
        let feeds = recommend(&recommender, &world, now, &[Who::new(9)], &INDIFFERENT);
        counts[feeds.of(0)[0].post.index()] += 1;
    }
    // The first ten roots are met by their reposts too, so they have twice the chance.
    let halves: Vec<u32> = counts[..10].iter().map(|count| count / 2).collect();
    let even = [halves.as_slice(), &counts[10..]].concat();
    assert!(chi_square(&even) < chi_square_limit(29), "{counts:?}");
    let reposted: u32 = counts[..10].iter().sum();
    assert!((3_775..4_225).contains(&reposted), "half of 8,000 draws, within five deviations: {reposted}");
}

#[test]
fn one_more_post_elsewhere_leaves_most_draws_alone() {
    let before = World::of(3_000, &[], &forty_rows());
    let mut script = forty_rows();
    script.push((3, 8, Post));
    let after = World::of(3_000, &[], &script);
    let readers: Vec<u32> = (10..3_000).collect();
    let config = only(Source::Random, 1);
    let mut changed = 0;
    // Many steps, since at any one of them the newcomer's share of the draws is a matter of luck.
    for now in 4..24 {
        let [old, new] = [&before, &after].map(|world| feeds(world, &config, now, &readers));
        for (old, new) in old.iter().zip(&new) {
            changed += u32::from(old != new);
        }
    }
    let share = f64::from(changed) / (20 * readers.len()) as f64;
    // The newcomer takes 1 draw in 41, and may push aside the rows that share its bin.
    assert!(share > 0.01 && share < 0.1, "{share}");
}

/// In one step, where all readers draw from the same pool: no post is luckier than another.
#[test]
fn chance_is_even_over_rows_within_a_step() {
    for posts in [1, 3, 100, 1_000] {
        let world = World::of(10_000, &[], &(0..posts).map(|n| (0, n % 5, Post)).collect::<Vec<_>>());
        let readers: Vec<u32> = (10..10_000).collect();
        let mut counts = vec![0; posts as usize];
        for feed in feeds(&world, &only(Source::Random, 1), 1, &readers) {
            counts[feed[0] as usize - 1] += 1;
        }
        if posts > 1 {
            assert!(chi_square(&counts) < chi_square_limit(posts as usize - 1), "{posts} posts: {counts:?}");
        }
    }
}

/// Whatever hides the first candidates, a feed is full while there is something to show.
#[test]
fn feeds_are_full_however_many_candidates_are_hidden() {
    // The reader wrote the ninety newest posts, twenty by others are older.
    let mut script: Vec<Line> = (0..20).map(|n| (0, 1 + n % 4, Post)).collect();
    script.extend((0..90).map(|_| (1, 9, Post)));
    let world = World::of(10, &[(9, 1), (9, 2)], &script);
    for (source, expected) in
        [(Source::Interest, 10), (Source::Hot, 10), (Source::Random, 10), (Source::InNetwork, 10)]
    {
        assert_eq!(feed(&world, &only(source, 10), 2, 9).len(), expected, "{source:?}");
    }
    // A hundred followed accounts last reposted one post; each wrote another before.
    let mut script: Vec<Line> = vec![(0, 0, Post)];
    script.extend((1..101).map(|author| (1, author, Post)));
    script.extend((1..101).map(|author| (2, author, Repost(1))));
    let follows: Vec<(u32, u32)> = (1..101).map(|author| (200, author)).collect();
    let world = World::of(201, &follows, &script);
    assert_eq!(feed(&world, &only(Source::InNetwork, 10), 3, 200).len(), 10);
}

#[test]
fn no_row_older_than_the_window_is_served() {
    let window = FeedConfig { max_age: Some(30), ..only(Source::InNetwork, 5) };
    // Agent 1 follows 2 and 3. The post of step 0 is reposted by 2 at step 1 and by 3 at step 20.
    let script = [(0, 0, Post), (1, 2, Repost(1)), (20, 3, Repost(1))];
    let world = World::of(5, &[(1, 2), (1, 3)], &script);
    assert_eq!(feed(&world, &window, 5, 1), [2], "all are young, the earliest repost is served");
    assert_eq!(feed(&world, &window, 25, 1), [3], "only the later repost is young");
    let random = FeedConfig { max_age: Some(30), ..only(Source::Random, 5) };
    assert_eq!(
        feed(&world, &random, 25, 4),
        [0u32; 0],
        "a stranger's repost does not bring an old root back"
    );
}

#[test]
fn feeds_do_not_depend_on_threads_or_on_who_else_reads() {
    let follows: Vec<(u32, u32)> =
        (0..400).flat_map(|a| (1..8).map(move |k| (a, (a + k * k) % 400))).collect();
    let mut script: Vec<Line> = (0..300).map(|n| (n / 30, n * 7 % 400, PostAt((n % 90) as f32))).collect();
    script.extend((0..200).map(|n| (10, n * 3 % 400, Repost(1 + n * n % 300))));
    let world = World::of(400, &follows, &script);
    let slots = [(Source::InNetwork, 4), (Source::Interest, 3), (Source::Hot, 2), (Source::Random, 2)];
    let config = mix(&slots);
    let readers: Vec<u32> = (0..400).collect();
    let on_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| feeds(&world, &config, 12, &readers))
    };
    let expected = on_threads(1);
    assert_eq!(on_threads(2), expected);
    assert_eq!(on_threads(4), expected);
    assert_eq!(feed(&world, &config, 12, 123), expected[123]);
    assert!(expected.iter().all(|feed| feed.len() == config.length()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Many more texts than a ranking keeps, most of them as near as others.
    #[test]
    fn interest_ranks_a_large_pool_exactly(degrees in prop::collection::vec(0u32..12, 1..600), slots in 1u32..40) {
        let script: Vec<Line> =
            (0..).zip(&degrees).map(|(n, &degrees)| (n / 50, n % 5, PostAt(15.0 * degrees as f32))).collect();
        let world = World::of(8, &[], &script);
        let mut expected: Vec<u32> = (1..=degrees.len() as u32).collect();
        expected.sort_by_key(|&id| (degrees[id as usize - 1], std::cmp::Reverse(id)));
        expected.truncate(slots as usize);
        prop_assert_eq!(feed(&world, &only(Source::Interest, slots), 12, 7), expected);
    }
}
