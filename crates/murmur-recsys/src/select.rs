//! The order in which a pipeline's candidates are taken, by their scores and its selector.

use murmur_core::Stream;

use crate::SelectorConfig;

/// Puts into `ranked` the places of all candidates, from 0, in the order in which they are to be taken.
///
/// `scores` come in the order of the candidates; where two are equal, the first stays first. One that is no number
/// counts for the lowest. `draw` gives the stream about a candidate's root, so that a candidate more changes no other's
/// luck, and `cosine` that of two candidates. Where no more than `most` rows are wanted, diversity orders so many; what
/// follows them, and what follows the buffer that a sample is drawn from, is ordered by score.
pub(crate) fn order(
    selector: &SelectorConfig,
    scores: &[f32],
    draw: impl Fn(usize) -> Stream,
    cosine: impl Fn(usize, usize) -> f32,
    most: usize,
    ranked: &mut Vec<u32>,
) {
    ranked.clear();
    ranked.extend(0..scores.len() as u32);
    match *selector {
        SelectorConfig::Top => by_score(scores, ranked),
        SelectorConfig::Sampled { buffer } => {
            by_score(scores, ranked);
            let best = ranked.len().min(buffer as usize);
            ranked[..best].sort_by_cached_key(|&candidate| (draw(candidate as usize).next_u64(), candidate));
        }
        SelectorConfig::Softmax { temperature } => by_perturbed_score(scores, temperature, draw, ranked),
        SelectorConfig::Mmr { balance } => {
            by_score(scores, ranked);
            by_relevance_and_difference(scores, balance, cosine, most, ranked);
        }
    }
}

fn by_score(scores: &[f32], ranked: &mut [u32]) {
    sort_best_first(ranked, |candidate| finite(scores[candidate]));
}

/// Draws one candidate after the other, each with probability in proportion to exp(score / temperature) among those
/// left, which is the order of the sums of score / temperature and a Gumbel number each (Kool, van Hoof and Welling,
/// *ICML* 2019).
fn by_perturbed_score(scores: &[f32], temperature: f32, draw: impl Fn(usize) -> Stream, ranked: &mut [u32]) {
    // In double precision no quotient of two finite numbers overflows.
    let temperature = f64::from(temperature.max(f32::MIN_POSITIVE));
    let perturbed = |candidate| finite(scores[candidate]) / temperature + f64::from(draw(candidate).gumbel());
    let perturbed: Vec<f64> = (0..scores.len()).map(perturbed).collect();
    sort_best_first(ranked, |candidate| perturbed[candidate]);
}

/// Brings `most` candidates of `ranked`, which is ordered by score, to its front: one after the other the one of
/// highest balance·score − (1 − balance)·(largest cosine with one chosen before), of equal ones that of higher score.
fn by_relevance_and_difference(
    scores: &[f32],
    balance: f32,
    cosine: impl Fn(usize, usize) -> f32,
    most: usize,
    ranked: &mut [u32],
) {
    let (Some(&best), Some(&worst)) = (ranked.first(), ranked.last()) else { return };
    let (highest, lowest) = (finite(scores[best as usize]), finite(scores[worst as usize]));
    let scale = |score: f32| match highest > lowest {
        true => ((finite(score) - lowest) / (highest - lowest)) as f32,
        false => 1.0,
    };
    let relevance: Vec<f32> = scores.iter().map(|&score| balance * scale(score)).collect();
    // The largest cosine of each candidate with those chosen so far. The first chosen is the best by score: it differs
    // from nothing.
    let mut nearest = vec![-1f32; scores.len()];
    for place in 1..most.min(ranked.len()) {
        let chosen = ranked[place - 1] as usize;
        let (mut highest, mut next) = (f32::NEG_INFINITY, place);
        for (other, &candidate) in ranked.iter().enumerate().skip(place) {
            let candidate = candidate as usize;
            nearest[candidate] = nearest[candidate].max(cosine(candidate, chosen));
            let value = relevance[candidate] - (1.0 - balance) * nearest[candidate];
            if value > highest {
                (highest, next) = (value, other);
            }
        }
        // Those passed over keep their order.
        ranked[place..=next].rotate_right(1);
    }
}

/// Sorts candidates by score, best first; of equal ones, the first candidate first.
fn sort_best_first(candidates: &mut [u32], score: impl Fn(usize) -> f64) {
    candidates
        .sort_unstable_by(|&a, &b| score(b as usize).total_cmp(&score(a as usize)).then_with(|| a.cmp(&b)));
}

/// The score within the finite numbers, the lowest for one that is no number; 0 for -0, which is to equal it.
fn finite(score: f32) -> f64 {
    let score = if score.is_nan() { f32::MIN } else { score.clamp(f32::MIN, f32::MAX) };
    f64::from(score) + 0.0
}

#[cfg(test)]
mod tests {
    use murmur_core::{AgentId, PostKey, Purpose, Step};
    use proptest::prelude::*;

    use super::*;

    /// The stream about the candidate's root in the feed of a reader, each reader with luck of its own.
    fn draw(reader: u32) -> impl Fn(usize) -> Stream {
        move |candidate| {
            let key = PostKey { author: AgentId(candidate as u32), created: Step(0), ordinal: 0 };
            Stream::new(5, Purpose::Feed, Step(1), AgentId(reader)).about(key)
        }
    }

    /// The order of candidates with these scores for one reader; none resembles another.
    fn ordered(selector: &SelectorConfig, scores: &[f32], reader: u32) -> Vec<u32> {
        let mut ranked = vec![9];
        order(selector, scores, draw(reader), |_, _| 0.0, scores.len(), &mut ranked);
        ranked
    }

    /// A chi-square value that `freedom` degrees exceed about once in 10⁵ (Wilson and Hilferty 1931, z = 4.3).
    fn chi_square_limit(freedom: usize) -> f64 {
        let k = freedom as f64;
        let cube = 1.0 - 2.0 / (9.0 * k) + 4.3 * (2.0 / (9.0 * k)).sqrt();
        k * cube.powi(3)
    }

    /// Over many readers, what `cell` makes of the order falls into cells with these probabilities.
    fn check_frequencies(
        selector: &SelectorConfig,
        scores: &[f32],
        probabilities: &[f64],
        cell: impl Fn(&[u32]) -> usize,
    ) {
        const READERS: u32 = 60_000;
        let mut counts = vec![0f64; probabilities.len()];
        for reader in 0..READERS {
            counts[cell(&ordered(selector, scores, reader))] += 1.0;
        }
        let statistic: f64 = counts
            .iter()
            .zip(probabilities)
            .map(|(count, probability)| {
                let expected = f64::from(READERS) * probability;
                (count - expected).powi(2) / expected
            })
            .sum();
        let limit = chi_square_limit(probabilities.len() - 1);
        assert!(statistic < limit, "{statistic}: {counts:?} against {probabilities:?}");
    }

    #[test]
    fn the_best_come_first_and_equal_ones_in_their_order() {
        assert_eq!(ordered(&SelectorConfig::Top, &[], 0), [0u32; 0]);
        assert_eq!(ordered(&SelectorConfig::Top, &[1.0, 3.0, -0.0, 3.0, 0.0, -2.0], 0), [1, 3, 0, 2, 4, 5]);
        let odd = [f32::NAN, f32::NEG_INFINITY, 0.0, f32::INFINITY, -f32::NAN, f32::MAX];
        assert_eq!(ordered(&SelectorConfig::Top, &odd, 0), [3, 5, 2, 0, 1, 4]);
    }

    #[test]
    fn a_sample_takes_every_order_of_the_best_equally_often() {
        // The best three are candidates 1, 3 and 4; the others follow by score.
        let scores = [0.5, 9.0, 0.7, 8.0, 7.0];
        let cell = |ranked: &[u32]| {
            assert_eq!(ranked[3..], [2, 0]);
            let first = [1, 3, 4].iter().position(|best| *best == ranked[0]).expect("one of the best");
            first * 2 + usize::from(ranked[1] > ranked[2])
        };
        check_frequencies(&SelectorConfig::Sampled { buffer: 3 }, &scores, &[1.0 / 6.0; 6], cell);
    }

    #[test]
    fn a_sample_of_more_than_there_are_is_one_of_all() {
        let cell = |ranked: &[u32]| ranked[0] as usize;
        check_frequencies(&SelectorConfig::Sampled { buffer: 100 }, &[3.0, 1.0, 2.0], &[1.0 / 3.0; 3], cell);
    }

    /// The first and the second are drawn in proportion to exp(score / temperature) among those left.
    fn check_softmax(scores: &[f32], temperature: f32) {
        let weights: Vec<f64> = scores.iter().map(|score| f64::from(score / temperature).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let count = scores.len();
        let mut pairs = Vec::new();
        for first in 0..count {
            for second in (0..count).filter(|&second| second != first) {
                pairs.push(weights[first] / sum * weights[second] / (sum - weights[first]));
            }
        }
        let cell = |ranked: &[u32]| {
            let [first, second] = [ranked[0] as usize, ranked[1] as usize];
            first * (count - 1) + second - usize::from(second > first)
        };
        check_frequencies(&SelectorConfig::Softmax { temperature }, scores, &pairs, cell);
    }

    #[test]
    fn softmax_draws_without_replacement_by_exponential_weights() {
        check_softmax(&[0.0, 1.0, 2.0, -0.5], 1.0);
        check_softmax(&[10.0, 30.0, 20.0], 20.0);
        check_softmax(&[0.01, 0.02, 0.0, 0.015], 0.02);
    }

    #[test]
    fn softmax_without_temperature_takes_the_best() {
        let scores = [1.0, 3.0, -3e38, 2.0, f32::NAN];
        for temperature in [1e-6, 1e-45, 0.0, -1.0, f32::NAN] {
            assert_eq!(ordered(&SelectorConfig::Softmax { temperature }, &scores, 0), [1, 3, 0, 2, 4]);
        }
    }

    #[test]
    fn one_candidate_more_leaves_the_draws_of_the_others() {
        let scores: Vec<f32> = (0..40).map(|candidate| (candidate * 7 % 40) as f32 / 10.0).collect();
        for selector in [SelectorConfig::Sampled { buffer: 41 }, SelectorConfig::Softmax { temperature: 1.0 }]
        {
            for reader in 0..50 {
                let mut more = scores.clone();
                more.push(2.05);
                let mut with = ordered(&selector, &more, reader);
                with.retain(|&candidate| candidate != 40);
                let without = ordered(&selector, &scores, reader);
                assert_eq!(with, without, "{selector:?}");
                assert_ne!(without, ordered(&SelectorConfig::Top, &scores, reader), "nothing was drawn");
            }
        }
    }

    /// The order of candidates that point `degrees` away from an axis.
    fn diverse(balance: f32, scores: &[f32], degrees: &[f32], most: usize) -> Vec<u32> {
        let cosine = |a: usize, b: usize| (degrees[a] - degrees[b]).to_radians().cos();
        let mut ranked = Vec::new();
        order(&SelectorConfig::Mmr { balance }, scores, draw(0), cosine, most, &mut ranked);
        ranked
    }

    #[test]
    fn relevance_and_difference_are_weighed_as_by_hand() {
        // Scaled: 1, 0.9, 0.5, 0. The first is 0, by score. Then 1 has 0.45 − 0.5·cos 10° = −0.04, 2 has
        // 0.25 − 0.5·cos 60° = 0 and 3 has −0.5·cos 89° = −0.01. After 2, 1 stays and 3 gets −0.5·cos 29° = −0.44.
        let (scores, degrees) = ([20.0, 19.0, 15.0, 10.0], [0.0, 10.0, 60.0, 89.0]);
        assert_eq!(diverse(0.5, &scores, &degrees, 4), [0, 2, 1, 3]);
        // What is not wanted follows by score.
        assert_eq!(diverse(0.5, &scores, &degrees, 2), [0, 2, 1, 3]);
        assert_eq!(diverse(0.1, &scores, &degrees, 2), [0, 3, 1, 2]);
        assert_eq!(diverse(0.1, &scores, &degrees, 1), [0, 1, 2, 3]);
        assert_eq!(diverse(0.1, &scores, &degrees, 0), [0, 1, 2, 3]);
    }

    #[test]
    fn relevance_alone_takes_the_best() {
        let (scores, degrees) = ([1.0, 5.0, 3.0, 5.0], [0.0, 1.0, 2.0, 1.0]);
        assert_eq!(diverse(1.0, &scores, &degrees, 4), [1, 3, 2, 0]);
    }

    #[test]
    fn difference_alone_takes_the_furthest_from_all_chosen() {
        // From 1 (at 0°) the furthest is 0 (at 170°); from both, 3 (at 90°) and then 2 (at 40°).
        let (scores, degrees) = ([1.0, 5.0, 3.0, 2.0], [170.0, 0.0, 40.0, 90.0]);
        assert_eq!(diverse(0.0, &scores, &degrees, 4), [1, 0, 3, 2]);
    }

    #[test]
    fn equal_scores_leave_difference_to_decide() {
        assert_eq!(diverse(0.5, &[7.0; 3], &[0.0, 10.0, 100.0], 3), [0, 2, 1]);
    }

    fn any_selector() -> impl Strategy<Value = SelectorConfig> {
        prop_oneof![
            Just(SelectorConfig::Top),
            (0..20u32).prop_map(|buffer| SelectorConfig::Sampled { buffer }),
            any::<f32>().prop_map(|temperature| SelectorConfig::Softmax { temperature }),
            (0f32..=1.0).prop_map(|balance| SelectorConfig::Mmr { balance }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever the scores and cosines, every candidate is ranked once.
        #[test]
        fn every_candidate_has_a_place(
            selector in any_selector(),
            scores in prop::collection::vec(any::<f32>(), 0..20),
            cosine in any::<f32>(),
            most in 0..25usize,
        ) {
            let mut ranked = Vec::new();
            order(&selector, &scores, draw(1), |_, _| cosine, most, &mut ranked);
            ranked.sort_unstable();
            prop_assert!(ranked.into_iter().eq(0..scores.len() as u32));
        }
    }
}
