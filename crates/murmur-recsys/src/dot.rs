//! Inner products of vectors in a fixed order of additions, so that every machine gets the same bits.

use multiversion::multiversion;

/// Running sums of an inner product. Their number, not the width of the machine's registers, decides the result.
const LANES: usize = 8;

/// Rows whose running sums are made before any are added up.
const ROWS: usize = 64;

/// The inner product: for unit vectors, the cosine. Eight running sums are added pairwise at the end.
///
/// # Panics
/// When the lengths differ or are not multiples of 8.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "vectors of one embedder");
    assert!(a.len().is_multiple_of(LANES), "dimensions are a multiple of 8");
    add_lanes(lanes(a, b))
}

/// Puts the inner product of `query` and each row of `vectors` (row after row, as long as `query`) into `products`.
///
/// The running sums of a block of rows are all made before any are added up: seeing both at once, the compiler would
/// choose registers for the additions and make the sums a third slower.
#[multiversion(targets("x86_64+avx2"))]
pub(crate) fn dot_rows(query: &[f32], vectors: &[f32], products: &mut Vec<f32>) {
    products.clear();
    let mut sums = [[0f32; LANES]; ROWS];
    for block in vectors.chunks(ROWS * query.len()) {
        let rows = block.len() / query.len();
        for (sum, row) in sums.iter_mut().zip(block.chunks_exact(query.len())) {
            *sum = lanes(query, row);
        }
        products.extend(sums[..rows].iter().map(|&sum| add_lanes(sum)));
    }
}

/// Puts the inner product of `query` and each row of `vectors` named in `rows` into `products`.
///
/// Rows lie all over memory. With nothing to decide between them, the machine fetches several at once. Running sums are
/// added up as in [`dot_rows`].
#[multiversion(targets("x86_64+avx2"))]
pub(crate) fn dots_at(query: &[f32], vectors: &[f32], rows: &[u32], products: &mut Vec<f32>) {
    products.clear();
    let mut sums = [[0f32; LANES]; ROWS];
    for rows in rows.chunks(ROWS) {
        for (sum, &row) in sums.iter_mut().zip(rows) {
            let start = row as usize * query.len();
            *sum = lanes(query, &vectors[start..start + query.len()]);
        }
        products.extend(sums[..rows.len()].iter().map(|&sum| add_lanes(sum)));
    }
}

#[inline(always)]
fn lanes(a: &[f32], b: &[f32]) -> [f32; LANES] {
    let mut lanes = [0f32; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes
}

#[inline(always)]
fn add_lanes(lanes: [f32; LANES]) -> f32 {
    ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))
}

#[cfg(test)]
mod tests {
    use murmur_core::{AgentId, Purpose, Step, Stream};

    use super::*;

    #[test]
    fn rows_have_the_bits_of_single_products() {
        let mut draws = Stream::new(1, Purpose::Feed, Step(0), AgentId(0));
        let mut numbers = |count| -> Vec<f32> { (0..count).map(|_| draws.normal() as f32).collect() };
        let (query, vectors) = (numbers(64), numbers(64 * 133));
        let single: Vec<f32> = vectors.chunks_exact(64).map(|vector| dot(&query, vector)).collect();
        let mut products = vec![9.0];
        dot_rows(&query, &vectors, &mut products);
        assert_eq!(products, single);
        dots_at(&query, &vectors, &[132, 0, 7], &mut products);
        assert_eq!(products, [single[132], single[0], single[7]]);
    }

    #[test]
    fn the_order_of_additions_is_the_stated_one() {
        // In any other order the small numbers are lost.
        let mut a = [0f32; 16];
        (a[0], a[8], a[1], a[9]) = (1e8, -1e8, 1.0, 1.0);
        assert_eq!(dot(&a, &[1.0; 16]), 2.0);
    }
}
