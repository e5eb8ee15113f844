//! The best of what is compared, and the scan that compares everything.

use std::cmp::Ordering;
use std::ops::Range;

use super::Vectors;
use crate::dot::dot_rows;
use crate::pool::keep_best;
use crate::score::best_first;

/// A content and how well it answers a query.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Near {
    /// The cosine; with weights, the weight times the cosine or 0, whichever is more.
    pub score: f32,
    /// Number of the content.
    pub content: u32,
}

/// How many contents a search worked out a score for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Compared {
    /// From their vectors.
    pub exactly: u32,
    /// From codes of their vectors, many of which were then compared exactly.
    pub estimated: u32,
}

impl Near {
    /// The higher score first; of equal ones the later content.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }

    /// A number that is higher for what comes earlier.
    fn key(&self) -> u64 {
        !best_first(self.score, !self.content)
    }
}

/// So many best ones at most are kept in order: beyond that it takes longer to make room for one than to find the best
/// anew now and then.
const KEPT_IN_ORDER: usize = 512;

/// The best contents so far among those that `admit` lets through.
///
/// Most contents are worse than the threshold: one comparison and done, where sorting them all would cost as much as
/// the products. `admit` hears only of contents that would be among the best. Once `most` have been let through, they
/// are kept in order, so that the threshold is always the worst of them.
pub(super) struct Best<'a, A> {
    near: &'a mut Vec<Near>,
    most: usize,
    /// The worst of the `most` best, or lower; nothing that it comes before is needed.
    threshold: Near,
    compared: Compared,
    admit: A,
}

impl<'a, A: FnMut(u32) -> bool> Best<'a, A> {
    /// Collects into `near`, which is emptied.
    pub(super) fn new(near: &'a mut Vec<Near>, most: usize, admit: A) -> Self {
        near.clear();
        Self {
            near,
            most,
            threshold: Near { score: f32::NEG_INFINITY, content: 0 },
            compared: Compared::default(),
            admit,
        }
    }

    /// Considers a content that was not offered before.
    #[inline]
    pub(super) fn offer(&mut self, score: f32, content: u32) {
        self.compared.exactly += 1;
        if score >= self.threshold.score {
            self.consider(Near { score, content });
        }
    }

    fn consider(&mut self, near: Near) {
        if near.order(&self.threshold).is_ge() || !(self.admit)(near.content) {
            return;
        }
        if self.most > KEPT_IN_ORDER {
            self.near.push(near);
            if self.near.len() >= self.most.saturating_mul(2) {
                self.tighten();
            }
        } else if self.near.len() < self.most {
            self.near.push(near);
            if self.near.len() == self.most {
                self.near.sort_unstable_by(Near::order);
                self.threshold = self.near[self.most - 1];
            }
        } else {
            self.near.pop();
            let place = self.near.partition_point(|other| other.order(&near).is_lt());
            self.near.insert(place, near);
            self.threshold = self.near[self.most - 1];
        }
    }

    /// Forgets all but the `most` best, after which only better ones are considered.
    pub(super) fn tighten(&mut self) {
        if self.most > KEPT_IN_ORDER && self.near.len() >= self.most {
            self.near.select_nth_unstable_by(self.most - 1, Near::order);
            self.near.truncate(self.most);
            self.threshold = self.near[self.most - 1];
        }
    }

    /// The score below which nothing is considered.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold.score
    }

    /// How many are wanted.
    #[cfg(feature = "hnsw")]
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Whether as many as wanted have been let through.
    pub(super) fn is_full(&self) -> bool {
        self.near.len() >= self.most
    }

    /// So many more were estimated from their codes.
    pub(super) fn estimated(&mut self, more: usize) {
        self.compared.estimated += more as u32;
    }

    /// Puts the best in order.
    pub(super) fn finish(self) -> Compared {
        keep_best(self.near, self.most, Near::order);
        self.compared
    }
}

/// Offers every content of the range.
pub(super) fn scan<A: FnMut(u32) -> bool>(
    vectors: Vectors<'_>,
    contents: Range<usize>,
    weights: Option<Weights<'_>>,
    query: &[f32],
    products: &mut Vec<f32>,
    best: &mut Best<'_, A>,
) {
    /// Contents whose products fit into the nearest cache.
    const BLOCK: usize = 1024;
    for start in contents.clone().step_by(BLOCK) {
        let block = start..contents.end.min(start + BLOCK);
        dot_rows(query, vectors.rows(block.clone()), products);
        match weights {
            None => {
                for (&cosine, content) in products.iter().zip(start as u32..) {
                    best.offer(cosine, content);
                }
            }
            Some(weights) => {
                let weights = weights.of_range(block);
                for ((&cosine, &weight), content) in products.iter().zip(weights).zip(start as u32..) {
                    best.offer(weighted(weight, cosine), content);
                }
            }
        }
    }
}

/// What a content's cosine is worth.
#[inline]
pub(super) fn weighted(weight: f32, cosine: f32) -> f32 {
    weight * cosine.max(0.0)
}

/// A weight per live content.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    /// The content of the first weight.
    pub(super) first: usize,
    pub(super) values: &'a [f32],
}

impl<'a> Weights<'a> {
    pub(super) fn of(self, content: u32) -> f32 {
        self.values[content as usize - self.first]
    }

    pub(super) fn of_range(self, contents: Range<usize>) -> &'a [f32] {
        &self.values[contents.start - self.first..contents.end - self.first]
    }
}
