//! Each scorer and sums of them against the formulas, worked out in double precision: a feed of everything there is to see
//! is in the order of the scores.

mod common;

use std::collections::BTreeMap;

use common::Do::*;
use common::cases::{Case, Scene, any_case, any_filters};
use common::model::inner;
use common::{CLOCK, Line, Minds, Who, World, feed, pipeline, post, recommend, recommender};
use murmur_core::PostId;
use murmur_recsys::{
    Engagement, EngagementConfig, FeedConfig, FilterConfig, PipelineConfig, ScorerConfig, SelectorConfig,
    Source,
};
use proptest::prelude::*;

/// A number in [0, 1) that means nothing, for a reader and a post.
fn whim(reader: usize, post: u32, about: u32) -> f32 {
    let mixed = (reader as u32 * 7919 + post * 104_729 + about * 1_299_709).wrapping_mul(2_654_435_761);
    (mixed >> 16) as f32 / 65536.0
}

fn engagement(reader: usize, row: PostId) -> Engagement {
    let whim = |about| whim(reader, row.get(), about);
    Engagement {
        like: whim(0),
        dislike: whim(1),
        repost: whim(2),
        quote: whim(3),
        comment: whim(4),
        follow: whim(5),
        unfollow: whim(6),
        mute: whim(7),
        report: whim(8),
    }
}

fn agreement(reader: usize, root: PostId) -> f32 {
    2.0 * whim(reader, root.get(), 9) - 1.0
}

const MINDS: Minds<'static> = Minds { engagement: &engagement, agreement: &agreement };

/// What a term adds for the row of a root, and the size of what it was added up from.
fn term(scene: &Scene, reader: usize, scorer: &ScorerConfig, [row, root]: [u32; 2]) -> (f64, f64) {
    let Scene { model, viewer, text, .. } = scene;
    let vector = &model.row(root).vector;
    let cosine = inner(text, vector);
    let (weight, value) = match *scorer {
        ScorerConfig::Hot { weight } => {
            let score = model.likes(root) as f64 - model.dislikes(root) as f64;
            let seconds = f64::from(model.row(root).step * CLOCK.minutes_per_step * 60);
            (weight, score.signum() * score.abs().max(1.0).log10() + seconds / 45_000.0)
        }
        ScorerConfig::XScore { weight } => {
            let recency = ((271.8 - f64::from(model.age(root, viewer.now))) / 100.0).max(1.0).ln();
            let followers = model.followers(model.row(root).author) as f64;
            let fame = ((followers + 1.0).ln() / 1000f64.ln()).max(1.0);
            (weight, recency * fame * cosine.max(0.0))
        }
        ScorerConfig::Similarity { weight } => (weight, cosine),
        ScorerConfig::LikeHistory { weight } => {
            let likes: Vec<u32> = model.recent(viewer.agent).iter().copied().take(5).collect();
            let sum: f64 = likes.iter().map(|&like| inner(&model.row(like).vector, vector)).sum();
            (weight, if likes.is_empty() { 0.0 } else { sum / likes.len() as f64 })
        }
        ScorerConfig::Likes { weight } => (weight, model.likes(root) as f64),
        ScorerConfig::Recency { weight, half_life } => {
            (weight, 0.5f64.powf(f64::from(model.age(row, viewer.now)) / f64::from(half_life)))
        }
        ScorerConfig::Engagement(weights) => {
            let whim = |about| f64::from(whim(reader, row, about));
            let of_actions = [
                weights.like,
                weights.dislike,
                weights.repost,
                weights.quote,
                weights.comment,
                weights.follow,
                weights.unfollow,
                weights.mute,
                weights.report,
            ];
            let worths: Vec<f64> =
                of_actions.iter().zip(0..).map(|(&weight, about)| f64::from(weight) * whim(about)).collect();
            let (weight, size) =
                (f64::from(weights.weight), worths.iter().map(|worth| worth.abs()).sum::<f64>());
            return (weight * worths.iter().sum::<f64>(), weight.abs() * size);
        }
        ScorerConfig::Agreement { weight } => (weight, 2.0 * f64::from(whim(reader, root, 9)) - 1.0),
        ScorerConfig::Bridging { weight } => (weight, model.bridging(root)),
        ScorerConfig::AuthorDiversity { .. } | ScorerConfig::OutOfNetwork { .. } => return (0.0, 0.0),
    };
    let value = f64::from(weight) * value;
    (value, value.abs())
}

/// The factor for a root by whose author `better` candidates are better.
fn factor(scene: &Scene, scorer: &ScorerConfig, root: u32, better: i32) -> f64 {
    let Scene { model, viewer, .. } = scene;
    match *scorer {
        ScorerConfig::AuthorDiversity { decay, floor } => {
            (1.0 - f64::from(floor)) * f64::from(decay).powi(better) + f64::from(floor)
        }
        ScorerConfig::OutOfNetwork { factor } if !model.follows(viewer.agent, model.row(root).author) => {
            f64::from(factor)
        }
        _ => 1.0,
    }
}

/// The served rows are all that may be shown, in the order of their scores: terms added up, then factors applied, which
/// lower a score below 0 too.
fn check_scores(
    scene: &Scene,
    reader: usize,
    scorers: &[ScorerConfig],
    served: &[u32],
) -> Result<(), TestCaseError> {
    let model = &scene.model;
    let mut expected = scene.shown(model.roots());
    let mut sorted = served.to_vec();
    expected.sort_unstable();
    sorted.sort_unstable();
    prop_assert_eq!(sorted, expected);

    let mut by_author: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    let mut last = f64::INFINITY;
    for &row in served {
        let root = model.row(row).root;
        let terms: Vec<(f64, f64)> =
            scorers.iter().map(|scorer| term(scene, reader, scorer, [row, root])).collect();
        let sum: f64 = terms.iter().map(|&(value, _)| value).sum();
        let tolerance = 1e-5 * terms.iter().map(|&(_, size)| size).sum::<f64>().max(1.0);
        let of_author = by_author.entry(model.row(root).author).or_default();
        if let Some(&better) = of_author.last() {
            // A factor by author leaves the author's own posts in order.
            prop_assert!(sum <= better + tolerance, "{} after {} at {} of {:?}", sum, better, row, served);
        }
        let product: f64 =
            scorers.iter().map(|scorer| factor(scene, scorer, root, of_author.len() as i32)).product();
        of_author.push(sum);
        let (score, tolerance) = if sum >= 0.0 {
            (sum * product, tolerance * product)
        } else {
            (sum / product, tolerance / product)
        };
        prop_assert!(
            score <= last + tolerance.max(1e-5),
            "{} after {} at {} of {:?}",
            score,
            last,
            row,
            served
        );
        last = score;
    }
    Ok(())
}

/// Everything there is to see, ranked by `scorers`.
fn ranked_by(scorers: &[ScorerConfig]) -> PipelineConfig {
    pipeline(200, &[Source::Random], 200, scorers.to_vec())
}

/// The case's reader, among others, is served in the order of the scores.
fn check_case(case: &Case, filters: &[FilterConfig], scorers: &[ScorerConfig]) -> Result<(), TestCaseError> {
    let scene = Scene::of(case, filters);
    let world = &scene.world;
    let config = case.config(filters, vec![ranked_by(scorers)]);
    let readers = [Who::new(3), case.who(world), Who::new(0)];
    let feeds = recommend(&recommender(world, &config, case.now), world, case.now, &readers, &MINDS);
    check_scores(&scene, 1, scorers, &common::rows(&feeds)[1])
}

fn any_weight() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0), -3.0..3.0f32]
}

fn any_engagement() -> impl Strategy<Value = EngagementConfig> {
    let weights = prop::array::uniform10(-9.0..9.0f32);
    let any = weights.prop_map(
        |[weight, like, dislike, repost, quote, comment, follow, unfollow, mute, report]| EngagementConfig {
            weight,
            like,
            dislike,
            repost,
            quote,
            comment,
            follow,
            unfollow,
            mute,
            report,
        },
    );
    prop_oneof![Just(EngagementConfig::default()), any]
}

fn any_diversity() -> impl Strategy<Value = ScorerConfig> {
    (0.0..=1.0f32, 0.1..=1.0f32).prop_map(|(decay, floor)| ScorerConfig::AuthorDiversity { decay, floor })
}

/// One of each scorer.
fn each_scorer() -> impl Strategy<Value = Vec<ScorerConfig>> {
    let weights =
        (any_weight(), any_weight(), any_weight(), any_weight(), any_weight(), any_weight(), any_weight());
    let terms = (weights, any_weight(), 1.0..1000.0f32, any_engagement());
    (terms, any_diversity(), 0.1..2.0f32).prop_map(
        |((weights, weight, half_life, engagement), diversity, factor)| {
            let (hot, x, similarity, history, likes, agreement, bridging) = weights;
            vec![
                ScorerConfig::Hot { weight: hot },
                ScorerConfig::XScore { weight: x },
                ScorerConfig::Similarity { weight: similarity },
                ScorerConfig::LikeHistory { weight: history },
                ScorerConfig::Likes { weight: likes },
                ScorerConfig::Recency { weight, half_life },
                ScorerConfig::Engagement(engagement),
                ScorerConfig::Agreement { weight: agreement },
                ScorerConfig::Bridging { weight: bridging },
                diversity,
                ScorerConfig::OutOfNetwork { factor },
            ]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_scorer_follows_its_formula(case in any_case(), filters in any_filters(), scorers in each_scorer()) {
        for scorer in scorers {
            check_case(&case, &filters, &[scorer])?;
        }
    }

    #[test]
    fn scores_are_added_up_before_factors_wherever_they_stand(
        case in any_case(),
        filters in any_filters(),
        scorers in each_scorer()
            .prop_flat_map(|scorers| prop::sample::subsequence(scorers, 0..=11))
            .prop_shuffle(),
    ) {
        check_case(&case, &filters, &scorers)?;
    }
}

/// What agent 9 is served of `script`, ranked by `scorer`; posts lie in directions that tell them apart.
fn check_ranked(script: &[Line], follows: &[(u32, u32)], scorer: &[ScorerConfig], expected: &[u32]) {
    let config = FeedConfig { pipeline: Some(vec![ranked_by(scorer)]), ..FeedConfig::default() };
    assert_eq!(feed(&World::of(2_000, follows, script), &config, 60, 9), expected, "{scorer:?}");
}

#[test]
fn fame_counts_from_a_thousand_followers() {
    // Agent 1 has 1,500 followers, ln(1501) / ln(1000) = 1.0587, and posts at 18 degrees: 1.0587 * 0.9511 = 1.0069.
    let follows: Vec<(u32, u32)> = (100..1_600).map(|follower| (follower, 1)).collect();
    let script: &[Line] = &[(50, 0, PostAt(0.0)), (50, 1, PostAt(18.0)), (50, 1, PostAt(21.0))];
    let x_score = [ScorerConfig::XScore { weight: 1.0 }];
    check_ranked(script, &follows, &x_score, &[2, 1, 3]);
    check_ranked(script, &follows[..900], &x_score, &[1, 2, 3]);
}

#[test]
fn the_x_score_ends_at_171_8_minutes() {
    // At step 60, a post of step 3 is 171 minutes old, one of step 2 174: it is worth what one that is far off is worth.
    let script: &[Line] = &[(2, 0, PostAt(0.0)), (3, 1, PostAt(80.0)), (50, 2, PostAt(91.0))];
    let scorers = [ScorerConfig::XScore { weight: 1.0 }, ScorerConfig::Likes { weight: 1e-6 }];
    check_ranked(&[script, &[(51, 3, Like(1))]].concat(), &[], &scorers, &[2, 1, 3]);
    check_ranked(&[script, &[(51, 3, Like(3))]].concat(), &[], &scorers, &[2, 3, 1]);
}

#[test]
fn the_like_history_is_of_the_last_five() {
    // Agent 9 likes a post at 90 degrees, which is much nearer to post 2 than to post 3, then others at 0, which is a
    // little nearer to post 3.
    let mut script: Vec<Line> = vec![(0, 0, PostAt(90.0)), (0, 0, PostAt(30.5)), (0, 0, PostAt(-30.0))];
    script.extend((0..5).map(|_| (0, 0, PostAt(0.0))));
    let check = |likes: &[u32], expected: [u32; 2]| {
        let likes: Vec<Line> = likes.iter().map(|&id| (1, 9, Like(id))).collect();
        let pipeline = ranked_by(&[ScorerConfig::LikeHistory { weight: 1.0 }]);
        let config = FeedConfig { pipeline: Some(vec![pipeline]), ..FeedConfig::default() };
        let mut rows = feed(&World::of(10, &[], &[script.clone(), likes].concat()), &config, 2, 9);
        rows.retain(|row| expected.contains(row));
        assert_eq!(rows, expected);
    };
    check(&[1, 4, 5, 6, 7], [2, 3]);
    check(&[1, 4, 5, 6, 7, 8], [3, 2]);
}

#[test]
fn hot_scores_tell_minutes_apart() {
    // Three minutes are worth 180 / 45,000 = 0.004, and another post's 0.0041 of a cosine outdo them.
    let script: &[Line] = &[(40, 0, PostAt(90.0)), (41, 1, PostAt(90.0)), (40, 2, PostAt(80.0))];
    let scorers = |weight| [ScorerConfig::Hot { weight: 1.0 }, ScorerConfig::Similarity { weight }];
    let cosine = 0.173_648_18;
    check_ranked(script, &[], &scorers(0.003_99 / cosine), &[2, 3, 1]);
    check_ranked(script, &[], &scorers(0.004_01 / cosine), &[3, 2, 1]);
}

#[test]
fn without_scorers_candidates_keep_the_order_of_their_sources() {
    let script: &[Line] =
        &[(0, 1, Post), (1, 0, Post), (2, 2, Post), (3, 1, Post), (4, 0, Post), (5, 0, Like(2))];
    let world = World::of(10, &[(9, 1), (9, 2)], script);
    let sources = [Source::InNetwork, Source::Hot];
    let both =
        |most| PipelineConfig { selector: SelectorConfig::Top, ..pipeline(5, &sources, most, Vec::new()) };
    let config = |most| FeedConfig { pipeline: Some(vec![both(most)]), ..FeedConfig::default() };
    assert_eq!(feed(&world, &config(5), 6, 9), [4, 3, 1, 5, 2]);
    // Two of each, and what is missing from the first that has more.
    assert_eq!(feed(&world, &config(2), 6, 9), [4, 3, 5, 2, 1]);
}

#[test]
fn each_reader_is_asked_about_by_its_place_and_the_row_it_sees() {
    // Agent 9 sees post 1 as row 2, its repost by agent 1; agent 8 sees the root.
    let script: &[Line] = &[(0, 0, Post), (1, 1, Repost(1)), (1, 2, Post)];
    let world = World::of(10, &[(9, 1)], script);
    let likes = Minds {
        engagement: &|reader, row| {
            let like = if [(0, post(2)), (1, post(3))].contains(&(reader, row)) { 1.0 } else { 0.0 };
            Engagement { like, ..Engagement::default() }
        },
        agreement: &|reader, root| {
            if [(0, post(1)), (1, post(3))].contains(&(reader, root)) { 1.0 } else { 0.0 }
        },
    };
    let by_engagement = ScorerConfig::Engagement(EngagementConfig::default());
    for scorer in [by_engagement, ScorerConfig::Agreement { weight: 1.0 }] {
        let config = FeedConfig { pipeline: Some(vec![ranked_by(&[scorer])]), ..FeedConfig::default() };
        let readers = [Who::new(9), Who::new(8)];
        let feeds = recommend(&recommender(&world, &config, 2), &world, 2, &readers, &likes);
        assert_eq!(common::rows(&feeds), [[2, 3], [3, 1]]);
    }
}
