//! Text to a unit vector by a static table: the sum of a vector for each token.
//!
//! The table holds 64 numbers for each token of MiniLM-L6's vocabulary, distilled from the model by
//! `scripts/distil_embeddings.py`; `docs/embedding.md` has the recipe. It is part of the program. The vectors are added in
//! the order of the tokens, each dimension for itself, so that the same text gives the same bits on every machine.

use std::sync::LazyLock;

use super::beginning;
use super::wordpiece::Vocabulary;
use crate::dot;

const DIMENSIONS: usize = 64;
const MAGIC: &[u8; 8] = b"MURMTOKS";
const VERSION: u32 = 1;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::read(include_bytes!("../../data/minilm-64.bin")).expect("data/minilm-64.bin is a whole table")
});

/// Texts to unit vectors of 64 dimensions by the table that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct StaticEmbedder;

impl StaticEmbedder {
    /// Length of a vector: 64.
    pub fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    /// The unit vector of the first 8 KiB of `text`; the zero vector for a text without a known token. Case and
    /// accents are ignored.
    pub fn embed(&self, text: &str) -> Box<[f32]> {
        let mut sum = [0f32; DIMENSIONS];
        TABLE
            .vocabulary
            .for_each_token(beginning(text), |token| add(&mut sum, &TABLE.vectors[token as usize]));
        let length = dot(&sum, &sum).sqrt();
        sum.iter().map(|&x| if length > 0.0 { x / length } else { 0.0 }).collect()
    }
}

/// A vocabulary and the vectors of its tokens, as 16-bit floats in little-endian order.
struct Table {
    vocabulary: Vocabulary,
    vectors: &'static [[[u8; 2]; DIMENSIONS]],
}

impl Table {
    /// A table in the form that the script writes. `None` where the bytes are not one.
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(MAGIC)?;
        let (header, bytes) = bytes.split_first_chunk::<16>()?;
        let (header, _) = header.as_chunks::<4>();
        let [version, dimensions, tokens, vocabulary_bytes] =
            [0, 1, 2, 3].map(|i| u32::from_le_bytes(header[i]));
        let (vocabulary, vectors) = bytes.split_at_checked(vocabulary_bytes as usize)?;
        let vocabulary = str::from_utf8(vocabulary).ok()?;
        let (halves, odd) = vectors.as_chunks::<2>();
        let (vectors, rest) = halves.as_chunks::<DIMENSIONS>();
        let whole = version == VERSION
            && dimensions as usize == DIMENSIONS
            && vocabulary.lines().count() == tokens as usize
            && vectors.len() == tokens as usize
            && odd.is_empty()
            && rest.is_empty();
        whole.then(|| Self { vocabulary: Vocabulary::new(vocabulary), vectors })
    }
}

fn add(sum: &mut [f32; DIMENSIONS], vector: &[[u8; 2]; DIMENSIONS]) {
    for (sum, &half) in sum.iter_mut().zip(vector) {
        *sum += widened(u16::from_le_bytes(half));
    }
}

/// The number that a finite 16-bit float stands for. Its exponent and fraction, put in their places of a 32-bit float,
/// stand for 2^-112 of it.
fn widened(half: u16) -> f32 {
    const SCALE: f32 = f32::from_bits((127 + 112) << 23);
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = f32::from_bits(u32::from(half & 0x7FFF) << 13) * SCALE;
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
pub(super) fn vocabulary() -> &'static Vocabulary {
    &TABLE.vocabulary
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embed(text: &str) -> Box<[f32]> {
        StaticEmbedder.embed(text)
    }

    #[test]
    fn vectors_are_unit_or_zero() {
        for text in ["vaccine", "a much longer text about nothing at all", "!", "Ünïcode 北京 🎉"] {
            assert!((dot(&embed(text), &embed(text)) - 1.0).abs() < 1e-6, "{text}");
        }
        for text in ["", " \n\t", "🎉 ✋✋", "\u{200b}"] {
            assert!(embed(text).iter().all(|&x| x == 0.0), "{text:?}");
        }
    }

    #[test]
    fn case_accents_and_unknown_words_do_not_matter() {
        let plain = embed("the vaccine of zurich works");
        assert_eq!(embed("The VACCINE of\nZürich 🎉 works"), plain);
        assert_ne!(embed("the vaccine of geneva works"), plain);
    }

    #[test]
    fn like_texts_are_nearer_than_unlike_ones() {
        let near =
            dot(&embed("the new vaccine trial failed"), &embed("doctors doubt the immunization study"));
        let far = dot(&embed("the new vaccine trial failed"), &embed("football scores on saturday night"));
        assert!(near > far + 0.2, "{near} against {far}");
    }

    /// The vectors are part of every run's results: if these bits change, so do all tables.
    #[test]
    fn the_bits_are_pinned() {
        let vector = embed("Murmur: rumour and correction");
        let mix = |hash: u64, x: &f32| (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0000_0100_0000_01B3);
        assert_eq!(format!("{:016x}", vector.iter().fold(0xCBF2_9CE4_8422_2325, mix)), "23d6ffffb56751a0");
    }

    #[test]
    fn halves_are_widened_exactly() {
        for half in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(half >> 10 & 0x1F), f64::from(half & 0x3FF) / 1024.0);
            let magnitude = match exponent {
                0 => fraction * 2f64.powi(-14),
                31 => continue,
                _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
            };
            let expected = if half >> 15 == 1 { -magnitude } else { magnitude };
            assert_eq!(f64::from(widened(half)), expected, "{half:04x}");
        }
    }

    #[test]
    fn bytes_that_are_no_whole_table_are_refused() {
        let whole: &'static [u8] = include_bytes!("../../data/minilm-64.bin");
        assert!(Table::read(&whole[..whole.len() - 1]).is_none());
        assert!(Table::read(&whole[..20]).is_none());
        assert!(Table::read(&whole[1..]).is_none());
    }
}
