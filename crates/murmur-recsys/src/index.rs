//! The nearest of all live contents: an index that they enter and leave at every step.
//!
//! Contents are numbered in the order of their creation, and what is live is a range of numbers whose start and end
//! only grow. The vectors stay where they are: an index holds numbers. [`PostIndex`] follows the live range from step
//! to step; a [`Searcher`] is the index with what a step's queries share; [`Searcher::search`] answers one query.
//!
//! While few contents are live all are compared (`exact_below`), and so are those that have come since the index last
//! followed. Beyond that there are inverted lists (`cells`), the default, and HNSW graphs (`segments`, feature
//! `hnsw`).
//!
//! Invariant: an index is a function of its configuration, its seed, the vectors and the live ranges it has followed,
//! on any machine and any number of threads.

mod cells;
mod codes;
mod exact;
#[cfg(feature = "hnsw")]
mod segments;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use cells::{CellOrder, Cells, Reach, Training, WeightedLists};
use codes::CodedQuery;
use exact::{Best, Weights};
#[cfg(feature = "hnsw")]
use segments::Segments;

pub use exact::{Compared, Near};

/// How the nearest of the live posts are found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum IndexConfig {
    /// Every live post is compared.
    Exact(ExactScan),
    /// Posts are listed under centroids, and the lists that may hold the nearest are gone through.
    InvertedLists(InvertedLists),
    /// Graphs of near posts, one for each segment of time. For comparison: slower, larger and much slower to build
    /// than inverted lists. Only in a binary that was built with `--features hnsw`.
    Hnsw(HnswGraphs),
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self::InvertedLists(InvertedLists::default())
    }
}

/// A section with no keys beyond its kind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExactScan {}

/// Inverted lists: about one for every 200 live posts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InvertedLists {
    /// Below this many live posts every one is compared.
    pub exact_below: u32,
    /// By how much a list's best post is taken to be nearer to the query than its centroid is: an angle, as a multiple of
    /// the root mean square of the angles between the list's posts and the centroid. Lists that hold no better post than
    /// those found, if so, are passed over: a wider reach misses less and takes longer.
    pub reach: f32,
    /// The same for rankings in which the cosine is multiplied by a weight, of recency and the author's followers, say.
    /// A list's best is then taken to weigh as much as its heaviest post, so a narrower reach suffices.
    pub weighted_reach: f32,
}

impl Default for InvertedLists {
    fn default() -> Self {
        Self { exact_below: 8192, reach: 0.42, weighted_reach: 0.2 }
    }
}

/// HNSW graphs (Malkov and Yashunin 2020).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HnswGraphs {
    /// Below this many live posts every one is compared.
    pub exact_below: u32,
    /// Posts in a segment; the latest posts are compared one by one until there are so many.
    pub segment: u32,
    /// Neighbours of a post in the upper layers of a graph, 2 to 256; twice as many in the lowest.
    pub connections: u32,
    /// Candidates that are kept while a post's neighbours are looked for.
    pub build_candidates: u32,
    /// Candidates that are kept while a query is answered.
    pub candidates: u32,
}

impl Default for HnswGraphs {
    fn default() -> Self {
        Self { exact_below: 8192, segment: 50_000, connections: 12, build_candidates: 60, candidates: 60 }
    }
}

impl IndexConfig {
    /// What is wrong with the configuration, if anything: the key and the remedy.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Exact(_) => None,
            Self::InvertedLists(lists) => lists.fault(),
            Self::Hnsw(_) if cfg!(not(feature = "hnsw")) => Some(
                "kind = \"hnsw\" needs a binary built with `--features hnsw`; without it, use \"inverted-lists\""
                    .to_owned(),
            ),
            Self::Hnsw(graphs) => graphs.fault(),
        }
    }

    fn exact_below(&self) -> usize {
        match self {
            Self::Exact(_) => usize::MAX,
            Self::InvertedLists(lists) => lists.exact_below as usize,
            Self::Hnsw(graphs) => graphs.exact_below as usize,
        }
    }
}

impl InvertedLists {
    fn fault(&self) -> Option<String> {
        let reaches = [("reach", self.reach), ("weighted_reach", self.weighted_reach)];
        let (key, value) = reaches.into_iter().find(|(_, reach)| !(0.0..=10.0).contains(reach))?;
        Some(format!("{key}: expected a number from 0 to 10, found {value}"))
    }
}

impl HnswGraphs {
    fn fault(&self) -> Option<String> {
        if !(2..=256).contains(&self.connections) {
            return Some(format!("connections = {} must be 2 to 256", self.connections));
        }
        let counts = [
            ("segment", self.segment),
            ("build_candidates", self.build_candidates),
            ("candidates", self.candidates),
        ];
        let (key, _) = counts.into_iter().find(|&(_, count)| count == 0)?;
        Some(format!("{key} = 0 must be at least 1"))
    }
}

/// Vectors of one length, row after row: that of content 0 first.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    values: &'a [f32],
    dimensions: usize,
}

impl<'a> Vectors<'a> {
    /// Vectors of `dimensions`, each of length 1 or 0.
    ///
    /// # Panics
    /// When `dimensions` is not a positive multiple of 8.
    pub fn new(values: &'a [f32], dimensions: usize) -> Self {
        assert!(dimensions > 0 && dimensions.is_multiple_of(8), "dimensions are a multiple of 8");
        Self { values, dimensions }
    }

    fn row(self, content: u32) -> &'a [f32] {
        let content = content as usize;
        self.rows(content..content + 1)
    }

    fn rows(self, contents: Range<usize>) -> &'a [f32] {
        &self.values[contents.start * self.dimensions..contents.end * self.dimensions]
    }
}

/// An index over the live contents.
pub struct PostIndex {
    config: IndexConfig,
    seed: u64,
    /// What was live when the index last followed.
    live: Range<usize>,
    cells: Option<Cells>,
    #[cfg(feature = "hnsw")]
    segments: Segments,
}

impl PostIndex {
    /// An index of nothing yet. `seed` draws the contents that centroids are trained on.
    ///
    /// A configuration with a [fault](IndexConfig::fault) compares every live content.
    pub fn new(config: IndexConfig, seed: u64) -> Self {
        let config = if config.fault().is_some() { IndexConfig::Exact(ExactScan {}) } else { config };
        Self {
            config,
            seed,
            live: 0..0,
            cells: None,
            #[cfg(feature = "hnsw")]
            segments: Segments::default(),
        }
    }

    /// Follows the live contents: at the end of every step, to what is live when the next one begins.
    ///
    /// # Panics
    /// When the range starts or ends before the last one, or `vectors` has no row for each content up to its end.
    pub fn advance(&mut self, vectors: Vectors<'_>, live: Range<usize>) {
        let training = self.training_after(self.training(), &live);
        self.follow(vectors, training, live);
    }

    /// Follows one live range after the other, in the time that the last of them takes. `vectors` must have kept
    /// what was live when centroids were last trained.
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    pub fn rebuild(&mut self, vectors: Vectors<'_>, history: impl IntoIterator<Item = Range<usize>>) {
        let mut training = self.training();
        let mut last = None;
        for live in history {
            training = self.training_after(training, &live);
            last = Some(live);
        }
        if let Some(live) = last {
            self.follow(vectors, training, live);
        }
    }

    fn training(&self) -> Option<Training> {
        self.cells.as_ref().map(|cells| cells.training().clone())
    }

    fn training_after(&self, last: Option<Training>, live: &Range<usize>) -> Option<Training> {
        match &self.config {
            IndexConfig::InvertedLists(lists) => Training::after(last, live, lists.exact_below as usize),
            _ => None,
        }
    }

    fn follow(&mut self, vectors: Vectors<'_>, training: Option<Training>, live: Range<usize>) {
        assert!(live.start >= self.live.start && live.end >= self.live.end, "live ranges only grow");
        if training != self.training() {
            self.cells = training.map(|training| Cells::train(vectors, training, self.seed));
        }
        if let Some(cells) = &mut self.cells {
            cells.list(vectors, live.clone());
        }
        #[cfg(feature = "hnsw")]
        if let IndexConfig::Hnsw(graphs) = &self.config {
            self.segments.follow(graphs, vectors, &live);
        }
        self.live = live;
    }

    /// The index for the queries of a step. `live` may begin and end later than where the index last followed to. A
    /// content's score is the cosine.
    pub fn searcher<'a>(&'a self, vectors: Vectors<'a>, live: Range<usize>) -> Searcher<'a> {
        self.searcher_with(vectors, live, None)
    }

    /// The same where a content's score is its weight times the cosine, or 0 if that is negative. `weights` has one for
    /// each live content, none of them negative.
    ///
    /// # Panics
    /// When there are more or fewer weights than live contents.
    pub fn weighted_searcher<'a>(
        &'a self,
        vectors: Vectors<'a>,
        live: Range<usize>,
        weights: &'a [f32],
    ) -> Searcher<'a> {
        assert_eq!(weights.len(), live.len(), "one weight for each live content");
        let weights = Weights { first: live.start, values: weights };
        self.searcher_with(vectors, live, Some(weights))
    }

    fn searcher_with<'a>(
        &'a self,
        vectors: Vectors<'a>,
        live: Range<usize>,
        weights: Option<Weights<'a>>,
    ) -> Searcher<'a> {
        let method =
            if live.len() < self.config.exact_below() { Method::Scan } else { self.method(&live, weights) };
        Searcher { vectors, live, weights, method }
    }

    fn method<'a>(&'a self, live: &Range<usize>, weights: Option<Weights<'_>>) -> Method<'a> {
        match &self.config {
            IndexConfig::Exact(_) => Method::Scan,
            IndexConfig::InvertedLists(lists) => match (&self.cells, weights) {
                (None, _) => Method::Scan,
                (Some(cells), None) => Method::Lists { cells, reaches: cells.reaches(lists.reach) },
                (Some(cells), Some(weights)) => Method::WeightedLists {
                    cells,
                    reaches: cells.reaches(lists.weighted_reach),
                    lists: cells.by_weight(live.start, weights),
                },
            },
            #[cfg(feature = "hnsw")]
            IndexConfig::Hnsw(graphs) => Method::Graphs { segments: &self.segments, graphs },
            #[cfg(not(feature = "hnsw"))]
            IndexConfig::Hnsw(_) => Method::Scan,
        }
    }

    /// The part of the index that a query falls into: whoever asks for queries of one part after the other finds its
    /// contents in the cache. `None` where there are no cells.
    pub fn neighbourhood_of(&self, query: &[f32], scratch: &mut Scratch) -> Option<u32> {
        self.cells.as_ref().map(|cells| cells.neighbourhood_of(query, &mut scratch.products))
    }

    /// Bytes on the heap, the vectors' own not counted. For graphs, an estimate.
    pub fn memory_bytes(&self) -> usize {
        let cells = self.cells.as_ref().map_or(0, Cells::memory_bytes);
        #[cfg(feature = "hnsw")]
        let cells = cells + self.segments.memory_bytes();
        cells
    }
}

/// An index, what is live in a step, and what the step's queries share.
pub struct Searcher<'a> {
    vectors: Vectors<'a>,
    live: Range<usize>,
    weights: Option<Weights<'a>>,
    method: Method<'a>,
}

enum Method<'a> {
    /// Every live content is compared.
    Scan,
    Lists {
        cells: &'a Cells,
        reaches: Vec<Reach>,
    },
    WeightedLists {
        cells: &'a Cells,
        reaches: Vec<Reach>,
        lists: WeightedLists,
    },
    #[cfg(feature = "hnsw")]
    Graphs {
        segments: &'a Segments,
        graphs: &'a HnswGraphs,
    },
}

impl Searcher<'_> {
    /// Puts the `most` best of the live contents that `admit` lets through into `near`, best first; of equal scores the
    /// later content comes first.
    ///
    /// `admit` is asked at most once about a content, and only about those better than the worst of the best so far.
    /// Fewer than `most` come back only if it has refused all others.
    ///
    /// Returns how many contents were compared.
    pub fn search(
        &self,
        query: &[f32],
        most: usize,
        admit: impl FnMut(u32) -> bool,
        scratch: &mut Scratch,
        near: &mut Vec<Near>,
    ) -> Compared {
        let mut best = Best::new(near, most, admit);
        if most == 0 {
            return Compared::default();
        }
        let tail = self.method.indexed_until().max(self.live.start)..self.live.end;
        exact::scan(self.vectors, tail, self.weights, query, &mut scratch.products, &mut best);
        best.tighten();
        match &self.method {
            Method::Scan => {}
            Method::Lists { cells, reaches } => {
                cells.search(self.vectors, self.live.start, reaches, query, scratch, &mut best);
            }
            Method::WeightedLists { cells, reaches, lists } => {
                cells.search_weighted(self.vectors, lists, reaches, query, scratch, &mut best);
            }
            #[cfg(feature = "hnsw")]
            Method::Graphs { segments, graphs } => {
                let live = segments::Live {
                    vectors: self.vectors,
                    contents: self.live.clone(),
                    weights: self.weights,
                };
                segments.search(graphs, &live, query, scratch, &mut best);
            }
        }
        best.finish()
    }
}

impl Method<'_> {
    /// Contents from here on are compared one by one.
    fn indexed_until(&self) -> usize {
        match self {
            Self::Scan => 0,
            Self::Lists { cells, .. } | Self::WeightedLists { cells, .. } => cells.listed_until(),
            #[cfg(feature = "hnsw")]
            Self::Graphs { segments, .. } => segments.sealed_until(),
        }
    }
}

/// Memory that searches use again.
#[derive(Default)]
pub struct Scratch {
    products: Vec<f32>,
    exact: Vec<f32>,
    sums: Vec<i32>,
    coded: CodedQuery,
    order: CellOrder,
    #[cfg(feature = "hnsw")]
    asked: rustc_hash::FxHashSet<u32>,
}

#[cfg(test)]
mod tests;
