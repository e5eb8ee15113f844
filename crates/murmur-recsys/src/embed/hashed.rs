//! Text to a unit vector, without a model: hashed word and character n-grams under a random projection.
//!
//! Every feature (a word, a pair of words, a character 4-gram of a padded word) is hashed to 64 signs per 64
//! dimensions and added with an integer weight, so the sum is exact and the same text gives the same vector on every
//! machine. Words that are common in any text carry little weight. The scheme is signed random projection of feature
//! counts (Charikar 2002; Weinberger et al. 2009): the cosine of two texts estimates the cosine of their feature
//! counts with a standard error of about 1/√dimensions.

use super::beginning;

/// Texts to unit vectors by hashing.
#[derive(Clone, Copy, Debug)]
pub struct HashedEmbedder {
    words_of_64: usize,
}

/// Words too common to tell topics apart; they count a quarter.
const COMMON: [&str; 64] = [
    "a", "about", "after", "again", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "do", "does", "for", "from", "has", "have", "he", "her", "his", "how", "i", "if", "in", "is",
    "it", "its", "just", "me", "more", "my", "no", "not", "of", "on", "one", "or", "our", "out", "she", "so",
    "than", "that", "the", "their", "they", "this", "to", "too", "up", "url", "was", "we", "what", "who",
    "will", "with", "you", "your",
];

const COMMON_WEIGHT: i32 = 1;
const WORD_WEIGHT: i32 = 4;
const PAIR_WEIGHT: i32 = 1;
const GRAM_WEIGHT: i32 = 1;

impl HashedEmbedder {
    /// An embedder of `dimensions`, a positive multiple of 64. `None` for any other number.
    pub fn new(dimensions: usize) -> Option<Self> {
        (dimensions > 0 && dimensions.is_multiple_of(64)).then_some(Self { words_of_64: dimensions / 64 })
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.words_of_64 * 64
    }

    /// The unit vector of the first 8 KiB of `text`; the zero vector for a text without letters or digits. Letter case
    /// is ignored.
    pub fn embed(&self, text: &str) -> Box<[f32]> {
        let mut sums = vec![0i32; self.dimensions()];
        let text = beginning(text).to_lowercase();
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut previous = 0;
        for word in words {
            let hash = hash_bytes(word.as_bytes());
            let common = COMMON.binary_search(&word).is_ok();
            self.add(&mut sums, hash, if common { COMMON_WEIGHT } else { WORD_WEIGHT });
            if previous != 0 && !common {
                self.add(&mut sums, mix(previous ^ hash.rotate_left(17)), PAIR_WEIGHT);
            }
            if !common {
                self.add_grams(&mut sums, word);
            }
            previous = if common { 0 } else { hash };
        }
        normalised(&sums)
    }

    /// Adds the character 4-grams of `word` between markers.
    fn add_grams(&self, sums: &mut [i32], word: &str) {
        let padded: Vec<char> =
            std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        for gram in padded.windows(4) {
            let hash = gram.iter().fold(GRAM_SALT, |hash, &c| mix(hash ^ u64::from(u32::from(c))));
            self.add(sums, hash, GRAM_WEIGHT);
        }
    }

    /// Adds `weight` times the signs that `hash` stands for.
    fn add(&self, sums: &mut [i32], hash: u64, weight: i32) {
        for (block, sums) in sums.chunks_exact_mut(64).enumerate() {
            let signs = mix(hash.wrapping_add(block as u64));
            for (bit, sum) in sums.iter_mut().enumerate() {
                *sum += weight * (1 - 2 * (signs >> bit & 1) as i32);
            }
        }
    }
}

const GRAM_SALT: u64 = 0x6772_616D_6772_616D;

/// FNV-1a over bytes, finished by [`mix`].
fn hash_bytes(bytes: &[u8]) -> u64 {
    let fold = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    mix(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fold))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

fn normalised(sums: &[i32]) -> Box<[f32]> {
    let square: i64 = sums.iter().map(|&sum| i64::from(sum) * i64::from(sum)).sum();
    let length = (square as f64).sqrt();
    sums.iter().map(|&sum| if square == 0 { 0.0 } else { (f64::from(sum) / length) as f32 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot;

    fn embed(text: &str) -> Box<[f32]> {
        HashedEmbedder::new(64).unwrap().embed(text)
    }

    #[test]
    fn common_words_can_be_searched() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn vectors_are_unit_or_zero() {
        for text in ["vaccine", "a much longer text about nothing at all", "✩ 🇬🇾 Ünïcode"] {
            assert!((dot(&embed(text), &embed(text)) - 1.0).abs() < 1e-6, "{text}");
        }
        assert!(embed("").iter().chain(&embed("!? …")).all(|&x| x == 0.0));
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        assert_eq!(embed("The Vaccine, works!"), embed("the vaccine works"));
    }

    #[test]
    fn like_texts_are_nearer_than_unlike_ones() {
        let near = dot(&embed("the new vaccine trial failed"), &embed("vaccines: another trial with doses"));
        let far = dot(&embed("the new vaccine trial failed"), &embed("football scores on saturday night"));
        assert!(near > far + 0.2, "{near} against {far}");
    }

    /// The scheme is part of every run's results: if this changes, so do all tables.
    #[test]
    fn the_scheme_is_pinned() {
        let vector = embed("Murmur: rumour and correction");
        let signs = vector.iter().enumerate().fold(0u64, |bits, (i, &x)| bits | u64::from(x > 0.0) << i);
        assert_eq!(format!("{signs:016x}"), "c83ef05b47c36da1");
    }

    #[test]
    fn dimensions_are_multiples_of_64() {
        assert!(HashedEmbedder::new(100).is_none());
        assert_eq!(HashedEmbedder::new(128).unwrap().embed("word").len(), 128);
    }
}
