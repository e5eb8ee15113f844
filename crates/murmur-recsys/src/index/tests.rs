//! An index against the comparison with every live content, under random steps and queries.

use std::ops::Range;

use murmur_core::{AgentId, Purpose, Step, Stream};
use proptest::prelude::*;
use rustc_hash::FxHashSet;

use super::*;
use crate::dot;

const DIMENSIONS: usize = 16;

fn draws(which: u32) -> Stream {
    Stream::new(5, Purpose::Population, Step(0), AgentId(which))
}

/// Vectors around 40 centres, so that contents have near ones; every 50th is zero, as those of empty texts are, and
/// every 7th is a copy of an earlier one.
fn clustered(contents: usize) -> Vec<f32> {
    let mut draws = draws(1);
    let mut gauss =
        |scale: f32| -> Vec<f32> { (0..DIMENSIONS).map(|_| scale * draws.normal() as f32).collect() };
    let centres: Vec<Vec<f32>> = (0..40).map(|_| gauss(1.0)).collect();
    let mut values = Vec::with_capacity(contents * DIMENSIONS);
    for content in 0..contents {
        let row = if content % 50 == 49 {
            vec![0.0; DIMENSIONS]
        } else if content % 7 == 6 {
            values[content / 2 * DIMENSIONS..][..DIMENSIONS].to_vec()
        } else {
            let noise = gauss(0.4);
            unit(centres[content * 31 % 40].iter().zip(&noise).map(|(a, b)| a + b).collect())
        };
        values.extend(row);
    }
    values
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

/// Some are 0 and a few stand out, as those of famous authors do.
fn some_weights(live: &Range<usize>) -> Vec<f32> {
    let weight = |content: usize| match content % 97 {
        0 => 1.8,
        1..10 => 0.0,
        rest => rest as f32 / 100.0,
    };
    live.clone().map(weight).collect()
}

fn lists(exact_below: u32) -> IndexConfig {
    IndexConfig::InvertedLists(InvertedLists { exact_below, ..InvertedLists::default() })
}

#[cfg(feature = "hnsw")]
fn graphs() -> IndexConfig {
    IndexConfig::Hnsw(HnswGraphs { exact_below: 100, segment: 500, ..HnswGraphs::default() })
}

struct Case<'a> {
    vectors: Vectors<'a>,
    live: Range<usize>,
    weights: Option<&'a [f32]>,
    query: &'a [f32],
    most: usize,
    /// Every so many contents one is let through.
    admitted: u32,
}

impl Case<'_> {
    fn admits(&self, content: u32) -> bool {
        content.is_multiple_of(self.admitted)
    }

    /// Every live content that is let through, best first.
    fn all(&self) -> Vec<Near> {
        let score = |content: usize| {
            let cosine = dot(self.query, self.vectors.row(content as u32));
            match self.weights {
                None => cosine,
                Some(weights) => weights[content - self.live.start] * cosine.max(0.0),
            }
        };
        let contents = self.live.clone().filter(|&content| self.admits(content as u32));
        let mut all: Vec<Near> =
            contents.map(|content| Near { score: score(content), content: content as u32 }).collect();
        all.sort_by(Near::order);
        all
    }

    fn searcher<'s>(&'s self, index: &'s PostIndex) -> Searcher<'s> {
        match self.weights {
            None => index.searcher(self.vectors, self.live.clone()),
            Some(weights) => index.weighted_searcher(self.vectors, self.live.clone(), weights),
        }
    }

    /// What the index finds, after checking all that holds for any index.
    fn check(&self, index: &PostIndex) -> Vec<Near> {
        let mut asked = FxHashSet::default();
        let admit = |content| {
            assert!(self.live.contains(&(content as usize)), "{content} is not live");
            assert!(asked.insert(content), "asked twice about {content}");
            self.admits(content)
        };
        let mut near = vec![Near { score: 9.0, content: 9 }];
        self.searcher(index).search(self.query, self.most, admit, &mut Scratch::default(), &mut near);
        let all = self.all();
        assert_eq!(near.len(), self.most.min(all.len()), "as many as wanted, or all");
        assert!(near.is_sorted_by(|a, b| a.order(b).is_lt()), "best first, each once");
        for found in &near {
            assert!(all.contains(found), "{found:?} has another score or was refused");
        }
        near
    }

    /// How many of the true best are found, of how many.
    fn recall(&self, index: &PostIndex) -> [usize; 2] {
        let found: FxHashSet<u32> = self.check(index).iter().map(|near| near.content).collect();
        let mut best = self.all();
        best.truncate(self.most);
        [best.iter().filter(|near| found.contains(&near.content)).count(), best.len()]
    }
}

/// Steps from a first live range: how many contents come and leave.
fn history(first: usize, steps: &[(usize, usize)]) -> Vec<Range<usize>> {
    let mut history: Vec<Range<usize>> = std::iter::once(0..first).collect();
    for &(come, leave) in steps {
        let Range { start, end } = history.last().unwrap().clone();
        history.push((start + leave).min(end + come)..end + come);
    }
    history
}

/// What an index that followed `history` finds for queries near contents all over.
fn answers(index: &PostIndex, vectors: Vectors<'_>, live: &Range<usize>) -> Vec<Vec<Near>> {
    let weights = some_weights(live);
    let queries = live.clone().step_by(37);
    let case = |content: usize, weights| Case {
        vectors,
        live: live.clone(),
        weights,
        query: vectors.row(content as u32),
        most: 10,
        admitted: 1,
    };
    queries.flat_map(|q| [case(q, None).check(index), case(q, Some(&weights)).check(index)]).collect()
}

fn check_rebuilt(config: &IndexConfig, vectors: Vectors<'_>, history: &[Range<usize>]) {
    let mut followed = PostIndex::new(config.clone(), 3);
    history.iter().for_each(|live| followed.advance(vectors, live.clone()));
    let mut rebuilt = PostIndex::new(config.clone(), 3);
    rebuilt.rebuild(vectors, history.iter().cloned());
    let live = history.last().unwrap();
    assert!(answers(&followed, vectors, live) == answers(&rebuilt, vectors, live), "{config:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn searches_keep_their_word_through_any_steps(
        first in 0usize..400,
        steps in prop::collection::vec((0usize..500, 0usize..400), 1..8),
        queries in prop::collection::vec((0usize..4000, 0usize..40, 1u32..60, 0usize..90, any::<bool>()), 6),
    ) {
        let values = clustered(4000);
        let vectors = Vectors::new(&values, DIMENSIONS);
        let history = history(first, &steps);
        #[cfg_attr(not(feature = "hnsw"), allow(unused_mut))]
        let mut configs = vec![IndexConfig::Exact(ExactScan {}), lists(100)];
        #[cfg(feature = "hnsw")]
        configs.push(graphs());
        for config in configs {
            let mut index = PostIndex::new(config.clone(), 3);
            for live in &history {
                index.advance(vectors, live.clone());
                for &(query, most, admitted, later, weighted) in &queries {
                    // Contents that came and left since the index followed.
                    let live = (live.start + later / 3).min(live.end)..live.end + later;
                    let weights = weighted.then(|| some_weights(&live));
                    let case = Case {
                        vectors, live, weights: weights.as_deref(), query: vectors.row(query as u32), most, admitted,
                    };
                    let found = case.check(&index);
                    if matches!(config, IndexConfig::Exact(_)) {
                        prop_assert_eq!(&found[..], &case.all()[..found.len()]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_rebuilt_index_answers_as_one_that_followed(
        first in 0usize..400,
        steps in prop::collection::vec((0usize..500, 0usize..450), 1..8),
    ) {
        let values = clustered(4000);
        let vectors = Vectors::new(&values, DIMENSIONS);
        let history = history(first, &steps);
        check_rebuilt(&lists(100), vectors, &history);
        #[cfg(feature = "hnsw")]
        check_rebuilt(&graphs(), vectors, &history);
    }
}

/// Recall of the 50 best of 20,000 live contents, over queries near contents all over.
fn recall(config: &IndexConfig, weighted: bool) -> f64 {
    let values = clustered(20_000);
    let vectors = Vectors::new(&values, DIMENSIONS);
    let mut index = PostIndex::new(config.clone(), 3);
    index.advance(vectors, 0..20_000);
    let weights = some_weights(&(0..20_000));
    let recalls = (0..20_000).step_by(1000).map(|query| {
        let case = Case {
            vectors,
            live: 0..20_000,
            weights: weighted.then_some(&weights),
            query: vectors.row(query),
            most: 50,
            admitted: 1,
        };
        case.recall(&index)
    });
    let [found, all] = recalls.fold([0, 0], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
    found as f64 / all as f64
}

fn check_recall(config: &IndexConfig, weighted: bool, at_least: f64) {
    let recall = recall(config, weighted);
    assert!(recall >= at_least, "{config:?}, weighted: {weighted}: {recall}");
}

#[test]
fn clustered_contents_are_found() {
    check_recall(&lists(1000), false, 0.97);
    check_recall(&lists(1000), true, 0.97);
    #[cfg(feature = "hnsw")]
    check_recall(&IndexConfig::Hnsw(HnswGraphs { segment: 5000, ..HnswGraphs::default() }), false, 0.9);
}

#[test]
fn a_narrower_reach_misses_more() {
    let narrow = InvertedLists { exact_below: 1000, reach: 0.0, weighted_reach: 0.0 };
    let narrow = recall(&IndexConfig::InvertedLists(narrow), false);
    let wide = recall(&lists(1000), false);
    assert!(narrow < wide, "{narrow} against {wide}");
}

#[test]
fn threads_do_not_matter() {
    let values = clustered(6000);
    let vectors = Vectors::new(&values, DIMENSIONS);
    let history = history(1500, &[(700, 0), (1200, 300), (1500, 1600), (900, 1000)]);
    #[cfg_attr(not(feature = "hnsw"), allow(unused_mut))]
    let mut configs = vec![lists(100)];
    #[cfg(feature = "hnsw")]
    configs.push(graphs());
    for config in configs {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut index = PostIndex::new(config.clone(), 3);
                history.iter().for_each(|live| index.advance(vectors, live.clone()));
                answers(&index, vectors, history.last().unwrap())
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{config:?}");
    }
}

#[test]
fn a_query_without_direction_gets_something() {
    let values = clustered(3000);
    let vectors = Vectors::new(&values, DIMENSIONS);
    let mut index = PostIndex::new(lists(100), 3);
    index.advance(vectors, 0..3000);
    let query = [0.0; DIMENSIONS];
    let case = Case { vectors, live: 0..3000, weights: None, query: &query, most: 20, admitted: 1 };
    assert!(case.check(&index).iter().all(|near| near.score == 0.0));
}

fn check_fault(json: &str, expected: &[&str]) {
    let config: IndexConfig = serde_json::from_str(json).unwrap();
    let fault = config.fault();
    if expected.is_empty() {
        assert_eq!(fault, None, "{json}");
    }
    for part in expected {
        assert!(fault.as_ref().is_some_and(|fault| fault.contains(part)), "{json}: {fault:?}");
    }
}

#[test]
fn faults_name_the_key_and_the_remedy() {
    check_fault(r#"{"kind": "exact"}"#, &[]);
    check_fault(r#"{"kind": "inverted-lists", "exact_below": 5}"#, &[]);
    check_fault(r#"{"kind": "inverted-lists", "reach": 91}"#, &["reach: expected", "0 to 10", "91"]);
    check_fault(r#"{"kind": "inverted-lists", "weighted_reach": -1}"#, &["weighted_reach", "-1"]);
    if cfg!(feature = "hnsw") {
        check_fault(r#"{"kind": "hnsw"}"#, &[]);
        check_fault(r#"{"kind": "hnsw", "segment": 0}"#, &["segment = 0"]);
        check_fault(r#"{"kind": "hnsw", "connections": 257}"#, &["connections = 257", "256"]);
    } else {
        check_fault(r#"{"kind": "hnsw"}"#, &["--features hnsw", "inverted-lists"]);
    }
    assert!(serde_json::from_str::<IndexConfig>(r#"{"kind": "exact", "reach": 1}"#).is_err(), "unknown keys");
}
