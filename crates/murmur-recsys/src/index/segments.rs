//! HNSW graphs of hnsw_rs, one for each segment of contents: built when the segment is complete, dropped whole when all
//! of it has left.
//!
//! A graph depends on the order of insertion, so each is built by one thread, and several at a time. Segments lie at
//! multiples of their length, so which there are follows from the live range alone.

use std::ops::Range;

use hnsw_rs::prelude::{Distance, Hnsw};
use rayon::prelude::*;

use super::exact::{Best, Weights, weighted};
use super::{HnswGraphs, Scratch, Vectors};
use crate::dot::dot;

/// Candidates fetched for each content that is wanted when weights change the order.
const WEIGHTED_FETCH: usize = 8;
/// By how much more is fetched when too few were let through.
const MORE: usize = 4;
/// Layers of a graph.
const LAYERS: usize = 16;

/// The segments with a live content.
#[derive(Default)]
pub(super) struct Segments {
    segments: Vec<Segment>,
    /// Contents before this are in a segment or have left.
    sealed_until: usize,
}

struct Segment {
    contents: Range<usize>,
    graph: Hnsw<'static, f32, FromCosine>,
    bytes: usize,
}

/// What a search runs over.
pub(super) struct Live<'a> {
    pub(super) vectors: Vectors<'a>,
    pub(super) contents: Range<usize>,
    pub(super) weights: Option<Weights<'a>>,
}

/// 1 − cosine, in this crate's order of additions: hnsw_rs's own kernels differ from machine to machine.
#[derive(Clone, Copy, Default)]
struct FromCosine;

impl Distance<f32> for FromCosine {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        (1.0 - dot(a, b)).max(0.0)
    }
}

impl Segments {
    /// Seals what is complete and drops what has left.
    pub(super) fn follow(&mut self, config: &HnswGraphs, vectors: Vectors<'_>, live: &Range<usize>) {
        let length = config.segment as usize;
        let first_new = (self.sealed_until / length).max(live.start / length);
        let complete = live.end / length;
        self.segments.retain(|segment| segment.contents.end > live.start);
        let new = (first_new..complete.max(first_new))
            .into_par_iter()
            .map(|number| Segment::seal(config, vectors, number * length..(number + 1) * length));
        self.segments.extend(new.collect::<Vec<_>>());
        self.sealed_until = complete * length;
    }

    pub(super) fn sealed_until(&self) -> usize {
        self.sealed_until
    }

    /// Offers what the graphs give, the latest segment first.
    pub(super) fn search<A: FnMut(u32) -> bool>(
        &self,
        config: &HnswGraphs,
        live: &Live<'_>,
        query: &[f32],
        scratch: &mut Scratch,
        best: &mut Best<'_, A>,
    ) {
        for segment in self.segments.iter().rev().filter(|segment| segment.contents.end > live.contents.start)
        {
            segment.search(config, live, query, scratch, best);
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

impl Segment {
    fn seal(config: &HnswGraphs, vectors: Vectors<'_>, contents: Range<usize>) -> Self {
        let connections = config.connections as usize;
        let build_candidates = config.build_candidates as usize;
        let graph = Hnsw::new(connections, contents.len(), LAYERS, build_candidates, FromCosine);
        for content in contents.clone() {
            graph.insert_slice((vectors.row(content as u32), content));
        }
        // A copy of the vector, and for each link of the lowest layer a counted allocation of 40 bytes and a pointer.
        let bytes = contents.len() * (4 * vectors.dimensions + 2 * connections * 48);
        Self { contents, graph, bytes }
    }

    /// Offers the nearest, and more of them while `best` is not full; in the end the whole segment.
    fn search<A: FnMut(u32) -> bool>(
        &self,
        config: &HnswGraphs,
        live: &Live<'_>,
        query: &[f32],
        scratch: &mut Scratch,
        best: &mut Best<'_, A>,
    ) {
        scratch.asked.clear();
        let mut fetch = best.most();
        if live.weights.is_some() {
            fetch = fetch.saturating_mul(WEIGHTED_FETCH);
        }
        while fetch < self.contents.len() / MORE {
            let found = self.graph.search(query, fetch, (config.candidates as usize).max(fetch));
            let mut last = f32::INFINITY;
            for neighbour in &found {
                let content = neighbour.d_id as u32;
                last = dot(query, live.vectors.row(content));
                if neighbour.d_id >= live.contents.start && scratch.asked.insert(content) {
                    best.offer(live.score(content, last), content);
                }
            }
            best.tighten();
            let nearer_left = live.weights.is_none() && last > best.threshold();
            if best.is_full() && !nearer_left {
                return;
            }
            if found.len() < fetch {
                break;
            }
            fetch = fetch.saturating_mul(MORE);
        }
        self.scan(live, query, scratch, best);
    }

    /// Offers every content of the segment that was not offered before.
    fn scan<A: FnMut(u32) -> bool>(
        &self,
        live: &Live<'_>,
        query: &[f32],
        scratch: &mut Scratch,
        best: &mut Best<'_, A>,
    ) {
        for content in self.contents.start.max(live.contents.start)..self.contents.end {
            let content = content as u32;
            if !scratch.asked.contains(&content) {
                best.offer(live.score(content, dot(query, live.vectors.row(content))), content);
            }
        }
    }
}

impl Live<'_> {
    fn score(&self, content: u32, cosine: f32) -> f32 {
        match self.weights {
            None => cosine,
            Some(weights) => weighted(weights.of(content), cosine),
        }
    }
}
