//! Four-bit codes by which most contents of a list are passed over without a look at their vectors.
//!
//! A code is the content's distance from its centroid in each dimension, in one of 16 steps that fit the dimension's
//! spread. Vectors lie all over memory and codes in a row, an eighth of the size, so going through codes is several
//! times as fast, the more so as the codes of [`BLOCK`] contents lie interleaved, dimension by dimension, and each
//! instruction works on many contents. Products with them are integers, the same on every machine. What the codes put within [`Coder::slack`]
//! of being wanted is compared exactly.

use multiversion::multiversion;

use super::Vectors;
use crate::dot::dot;

/// Width of a step as a multiple of a dimension's standard deviation: near the best for 16 steps and a normal
/// distribution (Max 1960), a little wider for longer tails.
const STEP: f32 = 0.36;
/// Standard errors of a product that count as within reach of the threshold.
const STANDARD_ERRORS: f32 = 1.75;
/// Contents whose codes lie interleaved.
pub(super) const BLOCK: usize = 32;
/// Dimensions coded by one byte of a content: one in the lower half of the byte, the next in the upper.
const PER_BYTE: usize = 2;
/// Bytes of a content whose products are added up in 16 bits.
const SLAB: usize = 32;
/// What the numbers of a coded query may add up to within a slab, signs aside: fifteen times as much fits 16 bits.
const LARGEST_SUM: f32 = 2184.0 - (PER_BYTE * SLAB) as f32 / 2.0;

/// How contents and queries are coded.
pub(super) struct Coder {
    /// Width of a step, by dimension.
    steps: Vec<f32>,
    /// By how much the product of a coded content and a unit query may fall short of the true one.
    slack: f32,
}

/// A query in whole numbers.
#[derive(Default)]
pub(super) struct CodedQuery {
    /// The query's numbers multiplied by the steps.
    scaled: Vec<f32>,
    /// The same rounded to units.
    numbers: Vec<i16>,
    /// The sum of `numbers`.
    total: i32,
    /// What half a unit of a sum of products is worth.
    half_unit: f32,
    pub(super) slack: f32,
}

impl Coder {
    /// A coder for contents like these, each with its centroid.
    pub(super) fn fit<'a>(
        vectors: Vectors<'_>,
        sample: impl Iterator<Item = (u32, &'a [f32])> + Clone,
    ) -> Self {
        let mut squares = vec![0f64; vectors.dimensions];
        let mut count = 0;
        for (content, centroid) in sample.clone() {
            count += 1;
            for ((sum, value), centre) in squares.iter_mut().zip(vectors.row(content)).zip(centroid) {
                *sum += f64::from(value - centre).powi(2);
            }
        }
        let step = |square: f64| STEP * (square / f64::from(count.max(1))).sqrt() as f32;
        let mut coder = Self { steps: squares.into_iter().map(step).collect(), slack: 0.0 };
        // Errors in all dimensions alike: a unit query sees the root of their mean square.
        let errors: f64 =
            sample.map(|(content, centroid)| coder.square_error(vectors.row(content), centroid)).sum();
        let mean = errors / f64::from(count.max(1)) / vectors.dimensions as f64;
        coder.slack = STANDARD_ERRORS * mean.sqrt() as f32;
        coder
    }

    fn square_error(&self, vector: &[f32], centroid: &[f32]) -> f64 {
        let errors = vector.iter().zip(centroid).zip(&self.steps).map(|((value, centre), &step)| {
            let offset = value - centre;
            f64::from(offset - (f32::from(level(offset, step)) - 7.5) * step)
        });
        errors.map(|error| error * error).sum()
    }

    /// Bytes of a content's code.
    pub(super) fn bytes(&self) -> usize {
        self.steps.len() / PER_BYTE
    }

    /// Puts the code of a content of this centroid's list at its `place` in the codes of the list, which grow by a block
    /// where that is the first of one.
    pub(super) fn encode(&self, vector: &[f32], centroid: &[f32], place: usize, codes: &mut Vec<u8>) {
        let level = |i: usize| level(vector[i] - centroid[i], self.steps[i]);
        for (i, row) in self.rows_of(place, codes).enumerate() {
            row[place % BLOCK] = level(PER_BYTE * i) | level(PER_BYTE * i + 1) << 4;
        }
    }

    /// The rows of the block that a place lies in, each of them a byte of the codes of [`BLOCK`] contents.
    fn rows_of<'c>(&self, place: usize, codes: &'c mut Vec<u8>) -> impl Iterator<Item = &'c mut [u8; BLOCK]> {
        let start = place / BLOCK * BLOCK * self.bytes();
        let end = start + BLOCK * self.bytes();
        if codes.len() < end {
            codes.resize(end, 0);
        }
        codes[start..end].as_chunks_mut().0.iter_mut()
    }

    /// The codes at these places one after the other.
    pub(super) fn rearranged(&self, codes: &[u8], places: impl ExactSizeIterator<Item = usize>) -> Vec<u8> {
        let mut arranged = vec![0; places.len().div_ceil(BLOCK) * BLOCK * self.bytes()];
        for (to, from) in places.enumerate() {
            let rows = codes[from / BLOCK * BLOCK * self.bytes()..].as_chunks::<BLOCK>().0;
            for (arranged, row) in self.rows_of(to, &mut arranged).zip(rows) {
                arranged[to % BLOCK] = row[from % BLOCK];
            }
        }
        arranged
    }

    pub(super) fn encode_query(&self, query: &[f32], coded: &mut CodedQuery) {
        let scaled = || query.iter().zip(&self.steps).map(|(value, step)| value * step);
        coded.scaled.clear();
        coded.scaled.extend(scaled());
        let slabs = coded.scaled.chunks(PER_BYTE * SLAB);
        let largest = slabs.map(|slab| slab.iter().map(|value| value.abs()).sum::<f32>()).fold(0.0, f32::max);
        let factor = if largest > 0.0 { LARGEST_SUM / largest } else { 0.0 };
        coded.numbers.clear();
        coded.numbers.extend(coded.scaled.iter().map(|value| (value * factor).round() as i16));
        coded.total = coded.numbers.iter().map(|&number| i32::from(number)).sum();
        coded.half_unit = 0.5 * largest / LARGEST_SUM;
        coded.slack = self.slack * dot(query, query).sqrt();
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&self.steps[..])
    }
}

impl CodedQuery {
    /// What the product with the content is, about, less that with its centroid, from a sum of [`sums`].
    pub(super) fn offset(&self, sum: i32) -> f32 {
        (2 * sum - 15 * self.total) as f32 * self.half_unit
    }
}

/// The step that an offset from the centroid falls into, 0 to 15; 7.5 would be no offset.
fn level(offset: f32, step: f32) -> u8 {
    // A dimension without spread has steps of 0, where any level is right.
    ((offset / step).floor() + 8.0).clamp(0.0, 15.0) as u8
}

/// Puts the products of the query and each code into `sums`, also of the places that the last block has left.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn sums(query: &CodedQuery, codes: &[u8], sums: &mut Vec<i32>) {
    sums.clear();
    let numbers = query.numbers.as_chunks::<PER_BYTE>().0;
    for block in codes.chunks_exact(numbers.len() * BLOCK) {
        let rows = block.as_chunks::<BLOCK>().0;
        let mut block_sums = [0i32; BLOCK];
        for (rows, numbers) in rows.chunks(SLAB).zip(numbers.chunks(SLAB)) {
            let mut slab_sums = [0i16; BLOCK];
            for (row, &[low, high]) in rows.iter().zip(numbers) {
                for (sum, &code) in slab_sums.iter_mut().zip(row) {
                    *sum += low * i16::from(code & 15) + high * i16::from(code >> 4);
                }
            }
            for (sum, slab_sum) in block_sums.iter_mut().zip(slab_sums) {
                *sum += i32::from(slab_sum);
            }
        }
        sums.extend_from_slice(&block_sums);
    }
}

#[cfg(test)]
mod tests {
    use murmur_core::{AgentId, Purpose, Step, Stream};

    use super::*;

    fn check_products(dimensions: usize) {
        let mut draws = Stream::new(1, Purpose::Index, Step(0), AgentId(0));
        let mut gauss = |count: usize, scale: f64| -> Vec<f32> {
            (0..count).map(|_| (scale * draws.normal() / (dimensions as f64).sqrt()) as f32).collect()
        };
        let centroid = gauss(dimensions, 0.8);
        let mut values = gauss(500 * dimensions, 0.5);
        for row in values.chunks_exact_mut(dimensions) {
            row.iter_mut().zip(&centroid).for_each(|(value, centre)| *value += centre);
        }
        let vectors = Vectors::new(&values, dimensions);
        let coder = Coder::fit(vectors, (0..500).map(|content| (content, &centroid[..])));
        let mut codes = Vec::new();
        for content in 0..500 {
            coder.encode(vectors.row(content), &centroid, content as usize, &mut codes);
        }
        let query = gauss(dimensions, 1.0);
        let mut coded = CodedQuery::default();
        coder.encode_query(&query, &mut coded);
        let mut all = Vec::new();
        sums(&coded, &codes, &mut all);
        assert_eq!(all.len(), 512, "whole blocks");
        let mut some = Vec::new();
        sums(&coded, &coder.rearranged(&codes, [7, 499, 0].into_iter()), &mut some);
        assert_eq!(some[..3], [all[7], all[499], all[0]]);
        let errors: Vec<f32> = (0..500)
            .map(|content| {
                let about = dot(&query, &centroid) + coded.offset(all[content as usize]);
                about - dot(&query, vectors.row(content))
            })
            .collect();
        let within = errors.iter().filter(|error| error.abs() <= coded.slack).count();
        // 92 and 68 % of a normal distribution.
        assert!((430..480).contains(&within), "{within} of 500 within {STANDARD_ERRORS} standard errors");
        let narrow = errors.iter().filter(|error| error.abs() <= coded.slack / STANDARD_ERRORS).count();
        assert!((280..400).contains(&narrow), "{narrow} of 500 within one");
    }

    #[test]
    fn products_with_codes_are_as_near_as_stated() {
        check_products(64);
        check_products(24);
        // More than a slab.
        check_products(200);
    }
}
