//! What interventions do to feeds: who is hidden, what is raised or lowered, who is served by another feed; and that what
//! nobody can see moves nobody's feed.

mod common;

use std::collections::BTreeSet;

use common::Do::{self, *};
use common::cases::any_case;
use common::{
    CLOCK, INDIFFERENT, Line, SEED, TOPICS, Who, World, feed, feeds, mix, only, pipeline, post, recommend,
    recommender, rows, vector_at,
};
use murmur_core::{AgentId, Outcome, PostId, PostKey, Step};
use murmur_recsys::{
    Ask, Engagement, FeedConfig, FilterConfig, Foresee, IndexConfig, Preset, Reader, Recommender,
    ScorerConfig, SeenPost, SelectorConfig, Source, Suggested, SuggestionConfig,
};
use murmur_store::{AgentMark, PostMark};
use proptest::prelude::*;

fn hide(world: &mut World, agent: u32, mark: AgentMark) {
    assert!(world.public.mark_agent(&"bans".into(), AgentId(agent), mark));
}

fn put_factor(world: &mut World, id: u32, factor: f32) {
    let by = format!("factor at {id}").as_str().into();
    assert!(world.public.mark_post(&by, post(id), PostMark::Factor(factor)));
}

/// Agent 9, who follows 1 and 2, is served exactly `expected` of what agents 0 to 2 wrote, shared and liked, whichever
/// source finds it.
fn check_shown(hidden: &[(u32, AgentMark)], expected: &[(Source, &[u32])]) {
    let script: &[Line] = &[
        (0, 0, PostOn(0, 2, 0.0)),
        (1, 1, Repost(1)),
        (2, 2, Repost(1)),
        (3, 1, PostOn(0, 2, 0.0)),
        (4, 3, PostOn(0, 2, 0.0)),
        (5, 1, Like(5)),
        (5, 0, Like(4)),
        (5, 3, Like(1)),
    ];
    let mut world = World::of(10, &[(9, 1), (9, 2)], script);
    for &(agent, mark) in hidden {
        hide(&mut world, agent, mark);
    }
    for &(source, expected) in expected {
        let config = FeedConfig { filter: Some(Vec::new()), ..only(source, 20) };
        // A feed goes on with whatever its sources give, so the order does not matter here.
        let mut rows = feed(&world, &config, 10, 9);
        rows.sort_unstable();
        assert_eq!(rows, expected, "{source:?} with {hidden:?}");
    }
}

#[test]
fn hidden_accounts_neither_write_nor_share_nor_vouch() {
    use Source::{Hot, InNetwork, Interest, Random, SocialProof, Trending};
    let everything: &[u32] = &[2, 4, 5];
    let all = |rows: &'static [u32]| [Hot, Interest, Random, Trending].map(|source| (source, rows));
    check_shown(&[], &all(everything));
    check_shown(&[], &[(InNetwork, &[2, 4]), (SocialProof, &[5])]);
    for mark in [AgentMark::Suspended, AgentMark::ShadowBanned] {
        check_shown(&[(1, mark)], &all(&[3, 5]));
        check_shown(&[(1, mark)], &[(InNetwork, &[3]), (SocialProof, &[])]);
        check_shown(&[(0, mark)], &all(&[4, 5]));
        check_shown(&[(0, mark)], &[(InNetwork, &[4])]);
        check_shown(&[(1, mark), (2, mark)], &all(&[1, 5]));
    }
    check_shown(&[(1, AgentMark::Feed(7))], &all(everything));
}

#[test]
fn a_hidden_account_is_shown_what_it_wrote_where_its_own_posts_are_shown() {
    let mut world = World::of(10, &[], &[(0, 0, Post), (1, 1, Post)]);
    hide(&mut world, 0, AgentMark::ShadowBanned);
    let with = |filter: Vec<FilterConfig>| FeedConfig { filter: Some(filter), ..only(Source::Interest, 20) };
    assert_eq!(feeds(&world, &with(Vec::new()), 5, &[0, 1]), [vec![2, 1], vec![2]]);
    assert_eq!(feeds(&world, &with(vec![FilterConfig::Own {}]), 5, &[0]), [vec![2]]);
}

#[test]
fn a_factor_of_nothing_keeps_a_root_out_of_every_feed_and_is_counted() {
    let script: Vec<Line> =
        (0..4).map(|n| (n, n, PostOn(0, 2, 0.0))).chain([(5, 5, Like(2)), (5, 5, Like(3))]).collect();
    let mut world = World::of(10, &[(9, 1), (9, 2), (9, 5)], &script);
    put_factor(&mut world, 2, 0.0);
    for source in Source::ALL {
        let rows = feed(&world, &only(source, 20), 10, 9);
        assert!(!rows.contains(&2) && rows.contains(&3), "{source:?}: {rows:?}");
    }
    let config = only(Source::InNetwork, 20);
    let feeds = recommend(&recommender(&world, &config, 10), &world, 10, &[Who::new(9)], &INDIFFERENT);
    // Looked through once for its slots and once more to fill those left empty.
    assert!(feeds.counts().dropped[murmur_recsys::Filter::Moderated as usize] > 0);
}

/// Twenty posts by agent 1, whom agent 9 follows.
fn twenty() -> World {
    let script: Vec<Line> = (0..20).map(|n| (n, 1, PostAt(n as f32))).collect();
    World::of(10, &[(9, 1)], &script)
}

/// With a factor at a root, the first `expected.len()` rows of agent 9's chronological feed are these.
fn check_chronological(factors: &[(u32, f32)], expected: &[u32]) {
    let mut world = twenty();
    for &(id, factor) in factors {
        put_factor(&mut world, id, factor);
    }
    let config = FeedConfig { preset: Preset::Chronological, ..FeedConfig::default() };
    let rows = feed(&world, &config, 25, 9);
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[..expected.len()], *expected, "{factors:?}");
}

#[test]
fn factors_raise_and_lower_in_a_feed_without_scores() {
    check_chronological(&[], &[20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
    check_chronological(&[(20, 1.0)], &[20, 19, 18, 17, 16, 15, 14, 13, 12, 11]);
    // 1 / (1 + place): the first has 1, so a quarter makes it equal to the fourth, before which it was.
    check_chronological(&[(20, 0.25)], &[19, 18, 20, 17, 16, 15, 14, 13, 12, 11]);
    // Less than a tenth gives way to the eleventh.
    check_chronological(&[(20, 0.05)], &[19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
    check_chronological(&[(20, 0.0)], &[19, 18, 17, 16, 15, 14, 13, 12, 11, 10]);
    // The twentieth has 1/20.
    check_chronological(&[(1, 21.0)], &[1, 20, 19, 18]);
    check_chronological(&[(1, 9.0)], &[20, 19, 1, 18]);
}

#[test]
fn who_meets_no_factor_is_served_as_if_there_were_none() {
    let script: Vec<Line> = (0..60).map(|n| (n / 3, n % 6, PostOn((n % 3) as u16, 1, n as f32))).collect();
    let world = || World::of(20, &[(9, 1), (9, 2), (10, 3)], &script);
    let sampled = murmur_recsys::PipelineConfig {
        selector: SelectorConfig::Sampled { buffer: 8 },
        ..pipeline(5, &[Source::InNetwork], 8, Vec::new())
    };
    let two = pipeline(6, &[Source::InNetwork, Source::SocialProof], 4, Vec::new());
    for pipelines in [vec![sampled], vec![two], vec![pipeline(7, &[Source::InNetwork], 30, Vec::new())]] {
        let config = FeedConfig { pipeline: Some(pipelines), ..FeedConfig::default() };
        let before = feeds(&world(), &config, 30, &[9, 10]);
        let mut marked = world();
        // Posts by agent 4, whom neither follows.
        put_factor(&mut marked, 5, 0.5);
        put_factor(&mut marked, 11, 4.0);
        let after = feeds(&marked, &config, 30, &[9, 10]);
        assert_eq!(before, after, "{config:?}");
        assert!(!before[0].is_empty());
    }
}

#[test]
fn factors_raise_and_lower_scores_of_either_sign() {
    // Post n + 1 has n likes.
    let mut script: Vec<Line> = (0..4).map(|n| (0, n, Post)).collect();
    script.extend((0..4u32).flat_map(|n| (0..n).map(move |agent| (1, 10 + agent, Like(n + 1)))));
    let check = |weight: f32, factors: &[(u32, f32)], expected: [u32; 4]| {
        let mut world = World::of(20, &[], &script);
        for &(id, factor) in factors {
            put_factor(&mut world, id, factor);
        }
        let scorer = vec![ScorerConfig::Likes { weight }];
        let pipelines = vec![pipeline(4, &[Source::Interest], 20, scorer)];
        let config = FeedConfig { pipeline: Some(pipelines), ..FeedConfig::default() };
        assert_eq!(feed(&world, &config, 5, 9), expected, "{weight}, {factors:?}");
    };
    check(1.0, &[], [4, 3, 2, 1]);
    check(1.0, &[(4, 0.5)], [3, 4, 2, 1]);
    check(1.0, &[(2, 2.5)], [4, 2, 3, 1]);
    // Scores 0, −1, −2, −3.
    check(-1.0, &[], [1, 2, 3, 4]);
    check(-1.0, &[(4, 2.0)], [1, 2, 4, 3]);
    check(-1.0, &[(2, 0.25)], [1, 3, 4, 2]);
}

/// The recommender of a world with alternative feeds.
fn with_alternatives(world: &World, feed: &FeedConfig, alternatives: &[FeedConfig], now: u32) -> Recommender {
    let (index, suggestions) = (IndexConfig::default(), SuggestionConfig::default());
    let mut recommender =
        Recommender::new(feed, alternatives, &index, &suggestions, &world.public, TOPICS, SEED);
    recommender.take_in(&world.public, &world.events, Step(now));
    recommender.rebuild_index(&world.public, &CLOCK, Step(now));
    recommender
}

#[test]
fn each_reader_is_served_by_its_own_feed_and_age() {
    let follows: Vec<(u32, u32)> = (20..120).map(|reader| (reader, reader % 5)).collect();
    let script: Vec<Line> =
        (0..200).map(|n| (n / 4, n % 10, PostOn((n % 3) as u16, 1, (n % 170) as f32))).collect();
    let mut world = World::of(120, &follows, &script);
    let aged = |config: FeedConfig, max_age| FeedConfig { max_age: Some(max_age), ..config };
    let main = aged(FeedConfig { preset: Preset::Chronological, ..FeedConfig::default() }, 60);
    let alternatives = [
        aged(FeedConfig { preset: Preset::XLike, ..FeedConfig::default() }, 1000),
        aged(mix(&[(Source::Random, 4), (Source::Interest, 3)]), 30),
    ];
    let readers: Vec<Who> = (20..120).map(Who::new).collect();
    let now = 51;
    let alone: Vec<Vec<Vec<u32>>> = [&main, &alternatives[0], &alternatives[1]]
        .map(|config| {
            rows(&recommend(&recommender(&world, config, now), &world, now, &readers, &INDIFFERENT))
        })
        .into();
    let together = with_alternatives(&world, &main, &alternatives, now);
    let served = |world: &World| rows(&recommend(&together, world, now, &readers, &INDIFFERENT));
    assert_eq!(served(&world), alone[0], "nobody is on an alternative");
    // Number 2 is no feed, so the main one serves.
    for agent in 20..120u32 {
        if agent % 4 < 3 {
            let mark = AgentMark::Feed((agent % 4) as u16);
            assert!(world.public.mark_agent(&"arms".into(), AgentId(agent), mark));
        }
    }
    let mixed = served(&world);
    for (place, feed) in mixed.iter().enumerate() {
        let number = [1, 2, 0, 0][(place + 20) % 4];
        assert_eq!(*feed, alone[number][place], "reader {place}");
    }
    assert_eq!(together.first_live_row(&world.public, &CLOCK, Step(now)), 0);
    let distinct: BTreeSet<&Vec<u32>> = mixed.iter().collect();
    assert!(distinct.len() > 30, "the feeds say little: {}", distinct.len());
}

#[test]
fn the_most_that_a_feed_remembers_is_remembered_and_each_looks_back_as_far_as_it_says() {
    let seen =
        |most| FeedConfig { filter: Some(vec![FilterConfig::Seen { most }]), ..only(Source::InNetwork, 20) };
    let none = FeedConfig { filter: Some(Vec::new()), ..only(Source::InNetwork, 20) };
    let mut world = twenty();
    let together = with_alternatives(&world, &seen(2), &[seen(5), none.clone()], 25);
    assert_eq!(together.remembers(), Some(5));
    assert_eq!(with_alternatives(&world, &none, &[seen(1)], 25).remembers(), Some(1));
    assert_eq!(with_alternatives(&world, &none, &[], 25).remembers(), None);
    let read: Vec<SeenPost> =
        [20, 18, 16, 14, 12].map(|id| SeenPost { root: post(id), row: post(id) }).into();
    let reader = [Who { seen: read, ..Who::new(9) }];
    let mut left_out = |feed: Option<u16>| -> Vec<u32> {
        world.public.lift_all("arms");
        feed.map(|feed| world.public.mark_agent(&"arms".into(), AgentId(9), AgentMark::Feed(feed)));
        let shown = rows(&recommend(&together, &world, 25, &reader, &INDIFFERENT)).remove(0);
        (1..=20).filter(|id| !shown.contains(id)).collect()
    };
    assert_eq!(left_out(None), [12, 14]);
    assert_eq!(left_out(Some(0)), [12, 14, 16, 18, 20]);
    assert_eq!(left_out(Some(1)), [] as [u32; 0]);
}

/// A world and the same with more posts by one agent, whose number of rows nobody else is to notice.
struct Twins {
    without: World,
    with: World,
    /// The ids that the rows of the first world have in the second, by their index.
    ids: Vec<u32>,
}

impl Twins {
    /// After each line of the script the second world has as many posts more by `banned` as `extra` says, on all topics and
    /// in all directions.
    fn of(
        agents: u32,
        follows: &[(u32, u32)],
        script: &[Line],
        banned: u32,
        extra: impl Fn(usize) -> u32,
    ) -> Self {
        let mut without = World::of(agents, follows, script);
        let mut events = without.events.iter();
        let (mut ids, mut next, mut longer) = (Vec::new(), 1, Vec::new());
        for (place, &(step, agent, what)) in script.iter().enumerate() {
            let renamed = renamed(what, |id| ids.get(id as usize - 1).copied().unwrap_or(1_000_000));
            longer.push((step, agent, renamed));
            let event =
                (!matches!(what, Block(_))).then(|| events.next().expect("all but blocks are events"));
            if let Some(Outcome::Posted(_)) = event.map(|event| &event.outcome) {
                ids.push(next);
                next += 1;
            }
            for n in 0..extra(place) {
                let number = place as u32 * 7 + n;
                longer.push((
                    step,
                    banned,
                    PostOn((number % 3) as u16, (number % 9) as i8 - 4, (number % 17 * 10) as f32),
                ));
                next += 1;
            }
        }
        let mut with = World::of(agents, follows, &longer);
        hide(&mut without, banned, AgentMark::ShadowBanned);
        hide(&mut with, banned, AgentMark::ShadowBanned);
        assert_eq!(with.public.posts().len(), next as usize - 1);
        Self { without, with, ids }
    }

    /// Every reader is served the same in both by this feed, and the same accounts are suggested to it.
    fn check(&self, config: &FeedConfig, now: u32, readers: &[Who]) -> Result<(), TestCaseError> {
        let there: Vec<Who> = readers
            .iter()
            .map(|who| {
                let there = |row: PostId| post(self.ids[row.index()]);
                let seen =
                    who.seen.iter().map(|seen| SeenPost { root: there(seen.root), row: there(seen.row) });
                Who { seen: seen.collect(), ..who.clone() }
            })
            .collect();
        let (feeds, suggestions) = served(&self.without, config, now, readers);
        let (feeds_there, suggestions_there) = served(&self.with, config, now, &there);
        prop_assert_eq!(feeds, feeds_there, "{:?}", config);
        prop_assert_eq!(suggestions, suggestions_there);
        Ok(())
    }
}

fn renamed(what: Do, name: impl Fn(u32) -> u32) -> Do {
    match what {
        Repost(id) => Repost(name(id)),
        Quote(id) => Quote(name(id)),
        QuoteAt(id, degrees) => QuoteAt(name(id), degrees),
        Delete(id) => Delete(name(id)),
        Like(id) => Like(name(id)),
        Unlike(id) => Unlike(name(id)),
        Dislike(id) => Dislike(name(id)),
        other => other,
    }
}

type ServedKeys = Vec<Vec<(PostKey, Source)>>;

/// What readers with whims are served, by stable keys, and who is suggested to them.
fn served(
    world: &World,
    config: &FeedConfig,
    now: u32,
    readers: &[Who],
) -> (ServedKeys, Vec<Vec<Suggested>>) {
    let suggestions = SuggestionConfig { count: 3, ..SuggestionConfig::default() };
    let (index, public, posts) = (IndexConfig::default(), &world.public, world.public.posts());
    let mut recommender = Recommender::new(config, &[], &index, &suggestions, public, TOPICS, SEED);
    recommender.take_in(public, &world.events, Step(now));
    recommender.rebuild_index(public, &CLOCK, Step(now));
    let whim = |reader: usize, row: PostId| {
        let PostKey { author, created, ordinal } = posts.key(row);
        let agent = readers[reader].agent;
        ((agent * 31 + author.0 * 17 + created.0 * 29 + u32::from(ordinal) * 5) % 101) as f32 / 101.0
    };
    let engagement: &Foresee<'_> = &|reader, rows, engagements| {
        let foreseen =
            rows.iter().map(|&row| Engagement { like: whim(reader, row), ..Engagement::default() });
        engagements.extend(foreseen);
    };
    let reader = |index: usize| {
        let Who { agent, profile, topics, seen } = &readers[index];
        Reader { agent: AgentId(*agent), profile, topics: *topics, seen }
    };
    let ask = Ask {
        public,
        clock: &CLOCK,
        seed: SEED,
        now: Step(now),
        count: readers.len(),
        reader: &reader,
        engagement,
        agreement: &|reader, row| whim(reader, row) - 0.5,
    };
    let feeds = recommender.recommend(&ask);
    let keys = |index: usize| feeds.of(index).iter().map(|row| (posts.key(row.post), row.source)).collect();
    let keys = (0..readers.len()).map(keys).collect();
    let axes: Vec<Box<[f32]>> = (0..10).map(|n| vector_at(n as f32 * 17.0)).collect();
    let profile = |agent: AgentId| &*axes[agent.index() % 10];
    (keys, recommender.suggest(&ask, &profile))
}

/// The presets, and what they leave untried.
fn every_feed(max_age: u32) -> Vec<FeedConfig> {
    let presets =
        Preset::ALL.map(|preset| FeedConfig { preset, max_age: Some(max_age), ..FeedConfig::default() });
    let capped = FeedConfig {
        filter: Some(vec![FilterConfig::AuthorCap { most: 1 }]),
        max_age: Some(max_age),
        ..mix(&Source::ALL.map(|source| (source, 2)))
    };
    presets.into_iter().chain([capped]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn posts_that_nobody_can_see_move_nobodys_feed(case in any_case(), by in 1..8u32, extra in prop::collection::vec(0..3u32, 120)) {
        let banned = (case.viewer + by) % 8;
        let twins = Twins::of(8, &case.follows, &case.script, banned, |place| extra[place]);
        for config in every_feed(case.max_age) {
            twins.check(&config, case.now, &[case.who(&twins.without)])?;
        }
    }
}

#[test]
fn however_many_posts_nobody_can_see_they_move_nobodys_feed() {
    let follows: Vec<(u32, u32)> =
        (0..100).flat_map(|a| (1..8).map(move |k| (a, (a + k * k) % 100))).filter(|&(a, b)| a != b).collect();
    let mut script: Vec<Line> = (0..600)
        .map(|n| (n / 60, n * 7 % 99, PostOn((n % 3) as u16, (n % 9) as i8 - 4, (n * 13 % 170) as f32)))
        .collect();
    script.extend((0..200).map(|n| (10, n * 3 % 100, Repost(1 + n * n % 600))));
    script.extend((0..3_000).map(|n| (11, n * 11 % 100, Like(1 + n * n * 7 % 600))));
    // Two at each of the 600 posts, so that they are among the hottest, nearest and latest; then some more.
    let twins =
        Twins::of(
            100,
            &follows,
            &script,
            99,
            |place| if place < 800 { 2 } else { u32::from(place % 10 == 0) },
        );
    let readers: Vec<Who> =
        (0..99).map(|agent| Who { topics: u64::from(agent % 8), ..Who::new(agent) }).collect();
    for config in every_feed(1440) {
        twins.check(&config, 13, &readers).unwrap();
    }
}
