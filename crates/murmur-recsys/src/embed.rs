//! Text to a unit vector: texts about the same have a large inner product ([`dot`](crate::dot)).
//!
//! Only the beginning of a text is looked at, its first 8 KiB, so that the longest text costs no more than a few posts.

mod hashed;
mod static_table;
mod wordpiece;

pub use hashed::HashedEmbedder;
pub use static_table::StaticEmbedder;

/// Bytes of a text that are looked at.
const LONGEST: usize = 8 << 10;

/// What turns texts into vectors. The default is the static table.
#[derive(Clone, Copy, Debug)]
pub enum Embedder {
    /// Vectors of a language model's tokens, added.
    Static(StaticEmbedder),
    /// Signs by hashing, without a model.
    Hashed(HashedEmbedder),
}

impl Embedder {
    /// Length of a vector, a multiple of 64.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Static(embedder) => embedder.dimensions(),
            Self::Hashed(embedder) => embedder.dimensions(),
        }
    }

    /// The unit vector of the first 8 KiB of `text`; the zero vector where there is nothing to go by.
    pub fn embed(&self, text: &str) -> Box<[f32]> {
        match self {
            Self::Static(embedder) => embedder.embed(text),
            Self::Hashed(embedder) => embedder.embed(text),
        }
    }
}

impl Default for Embedder {
    fn default() -> Self {
        Self::Static(StaticEmbedder)
    }
}

/// The first [`LONGEST`] bytes of `text`, less a character that they would cut.
fn beginning(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_text_counts() {
        let start = "vaccine trial ".repeat(LONGEST / 14);
        let long = format!("{start}{}{}", " ".repeat(LONGEST - start.len()), "football ".repeat(100_000));
        for embedder in [Embedder::default(), Embedder::Hashed(HashedEmbedder::new(64).unwrap())] {
            assert_eq!(embedder.embed(&long), embedder.embed(&start), "{embedder:?}");
            assert_ne!(embedder.embed(&long[LONGEST / 2..]), embedder.embed(&start), "{embedder:?}");
        }
    }

    #[test]
    fn the_beginning_ends_between_characters() {
        let ends = [(0, 0), (8191, 8191), (8192, 8192), (8193, 8192)];
        for (bytes, expected) in ends {
            assert_eq!(beginning(&"a".repeat(bytes)).len(), expected);
        }
        for shift in 0..4 {
            let text = "a".repeat(shift) + &"🦀".repeat(3000);
            let kept = beginning(&text).len();
            assert!(LONGEST - kept < 4 && (kept - shift).is_multiple_of(4), "{kept}");
        }
    }
}
