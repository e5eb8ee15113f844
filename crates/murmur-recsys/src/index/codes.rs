//! Four-bit codes by which most contents of a list are passed over without a look at their vectors.
//!
//! A code is the content's distance from its centroid in each dimension, in one of 16 steps that fit the dimension's
//! spread. Vectors lie all over memory and codes in a row, an eighth of the size, so going through codes is several
//! times as fast; products with them are integers, the same on every machine. What the codes put within [`Coder::slack`]
//! of being wanted is compared exactly.

use multiversion::multiversion;

use super::Vectors;
use crate::dot::dot;

/// Width of a step as a multiple of a dimension's standard deviation: near the best for 16 steps and a normal
/// distribution (Max 1960), a little wider for longer tails.
const STEP: f32 = 0.36;
/// Standard errors of a product that count as within reach of the threshold.
const STANDARD_ERRORS: f32 = 1.5;
/// Largest number in a coded query.
const LARGEST: f32 = 8191.0;

/// How contents and queries are coded.
pub(super) struct Coder {
    /// Width of a step, by dimension.
    steps: Vec<f32>,
    /// By how much the product of a coded content and a unit query may fall short of the true one.
    slack: f32,
}

/// A query, its numbers multiplied by the steps and rounded.
#[derive(Default)]
pub(super) struct CodedQuery {
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

    /// Bytes of a code.
    pub(super) fn bytes(&self) -> usize {
        self.steps.len() / 2
    }

    /// Appends the code of a content of this centroid's list: the first half of the dimensions in the lower halves of
    /// the bytes, the second in the upper.
    pub(super) fn encode(&self, vector: &[f32], centroid: &[f32], codes: &mut Vec<u8>) {
        let level = |i: usize| level(vector[i] - centroid[i], self.steps[i]);
        let half = self.bytes();
        codes.extend((0..half).map(|i| level(i) | level(half + i) << 4));
    }

    pub(super) fn encode_query(&self, query: &[f32], coded: &mut CodedQuery) {
        let scaled = || query.iter().zip(&self.steps).map(|(value, step)| value * step);
        let largest = scaled().fold(0f32, |largest, value| largest.max(value.abs()));
        let factor = if largest > 0.0 { LARGEST / largest } else { 0.0 };
        coded.numbers.clear();
        coded.numbers.extend(scaled().map(|value| (value * factor) as i16));
        coded.total = coded.numbers.iter().map(|&number| i32::from(number)).sum();
        coded.half_unit = 0.5 * largest / LARGEST;
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

/// Puts the products of the query and each code into `sums`.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn sums(query: &CodedQuery, codes: &[u8], sums: &mut Vec<i32>) {
    sums.clear();
    let (low, high) = query.numbers.split_at(query.numbers.len() / 2);
    // The length of most codes, known to the compiler.
    if let (Ok(low), Ok(high)) = (<&[i16; 32]>::try_from(low), <&[i16; 32]>::try_from(high)) {
        sums.extend(codes.as_chunks::<32>().0.iter().map(|code| product(low, high, code)));
    } else {
        sums.extend(codes.chunks_exact(low.len()).map(|code| product(low, high, code)));
    }
}

/// Puts the products of the query and the codes at these places into `sums`.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn sums_at(query: &CodedQuery, codes: &[u8], places: &[u32], sums: &mut Vec<i32>) {
    sums.clear();
    let (low, high) = query.numbers.split_at(query.numbers.len() / 2);
    if let (Ok(low), Ok(high)) = (<&[i16; 32]>::try_from(low), <&[i16; 32]>::try_from(high)) {
        let codes = codes.as_chunks::<32>().0;
        sums.extend(places.iter().map(|&place| product(low, high, &codes[place as usize])));
    } else {
        let code = |place: u32| &codes[place as usize * low.len()..][..low.len()];
        sums.extend(places.iter().map(|&place| product(low, high, code(place))));
    }
}

#[inline(always)]
fn product(low: &[i16], high: &[i16], code: &[u8]) -> i32 {
    let mut sum = 0;
    for ((&low, &high), &code) in low.iter().zip(high).zip(code) {
        sum += i32::from(low) * i32::from(code & 15) + i32::from(high) * i32::from(code >> 4);
    }
    sum
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
        (0..500).for_each(|content| coder.encode(vectors.row(content), &centroid, &mut codes));
        let query = gauss(dimensions, 1.0);
        let mut coded = CodedQuery::default();
        coder.encode_query(&query, &mut coded);
        let (mut all, mut some) = (Vec::new(), Vec::new());
        sums(&coded, &codes, &mut all);
        let errors: Vec<f32> = (0..500)
            .map(|content| {
                let about = dot(&query, &centroid) + coded.offset(all[content as usize]);
                about - dot(&query, vectors.row(content))
            })
            .collect();
        let within = errors.iter().filter(|error| error.abs() <= coded.slack).count();
        // 87 and 68 % of a normal distribution.
        assert!((405..465).contains(&within), "{within} of 500 within {STANDARD_ERRORS} standard errors");
        let narrow = errors.iter().filter(|error| error.abs() <= coded.slack / STANDARD_ERRORS).count();
        assert!((280..400).contains(&narrow), "{narrow} of 500 within one");
        sums_at(&coded, &codes, &[7, 499, 0], &mut some);
        assert_eq!(some, [all[7], all[499], all[0]]);
    }

    #[test]
    fn products_with_codes_are_as_near_as_stated() {
        check_products(64);
        check_products(24);
    }
}
