//! Embeddings: hashed bags of words, so that texts that share words are near each other.
//!
//! Each word adds 1 or −1 at four places, all drawn from a hash of the word and the model's name (Weinberger et al.,
//! "Feature hashing for large scale multitask learning", ICML 2009); the sum is scaled to unit length.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use super::config::{MOST_DIMENSIONS, Tokens, tokens};
use super::refusal::Refusal;

/// Most texts a request.
const MOST_TEXTS: usize = 2048;
/// Most numbers in an answer.
const MOST_NUMBERS: usize = 1 << 24;

/// A request, as far as the server heeds it. Vectors are given as lists of numbers whatever `encoding_format` says.
#[derive(Deserialize)]
pub(crate) struct EmbeddingRequest<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    input: Input<'a>,
    #[serde(default)]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input<'a> {
    One(#[serde(borrow)] Cow<'a, str>),
    Several(#[serde(borrow)] Vec<Cow<'a, str>>),
}

#[derive(Serialize)]
struct Answer<'a> {
    object: &'static str,
    data: Vec<Item>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Item {
    object: &'static str,
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

impl<'a> EmbeddingRequest<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// A refusal if it is none, or asks for what the server cannot do.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| Refusal::of_request(error.to_string()))?;
        let fault = if request.texts().is_empty() || request.texts().len() > MOST_TEXTS {
            Some(format!("input: expected 1 to {MOST_TEXTS} texts"))
        } else if request.dimensions.is_some_and(|count| !(1..=MOST_DIMENSIONS).contains(&count)) {
            Some(format!("dimensions: expected a number from 1 to {MOST_DIMENSIONS}"))
        } else {
            None
        };
        fault.map_or(Ok(request), |fault| Err(Refusal::of_request(fault)))
    }

    /// The answer as JSON, with its tokens; of `usual` dimensions if the request does not say.
    ///
    /// # Errors
    /// A refusal if the answer would be too long.
    pub(crate) fn answer(&self, usual: usize) -> Result<(Vec<u8>, Tokens), Refusal> {
        let texts = self.texts();
        let dimensions = self.dimensions.unwrap_or(usual);
        if texts.len() * dimensions > MOST_NUMBERS {
            return Err(Refusal::of_request(format!(
                "input: the answer would exceed {MOST_NUMBERS} numbers"
            )));
        }
        let item = |(index, text): (usize, &Cow<'_, str>)| Item {
            object: "embedding",
            index,
            embedding: embedding(text, &self.model, dimensions),
        };
        let input = texts.iter().map(|text| tokens(text.len())).sum();
        let answer = Answer {
            object: "list",
            data: texts.iter().enumerate().map(item).collect(),
            model: &self.model,
            usage: Usage { prompt_tokens: input, total_tokens: input },
        };
        let json = serde_json::to_vec(&answer).expect("vectors have a JSON form");
        Ok((json, Tokens { input, output: 0 }))
    }

    fn texts(&self) -> &[Cow<'a, str>] {
        match &self.input {
            Input::One(text) => std::slice::from_ref(text),
            Input::Several(texts) => texts,
        }
    }
}

/// The unit vector of `text`.
fn embedding(text: &str, model: &str, dimensions: usize) -> Vec<f32> {
    let seed = xxh3_64(model.as_bytes());
    let mut sums = vec![0_i32; dimensions];
    let mut add = |word: &[u8]| {
        let hash = xxh3_128_with_seed(word, seed);
        for part in 0..4 {
            let bits = (hash >> (32 * part)) as u32;
            let place = (u64::from(bits >> 1) * dimensions as u64) >> 31;
            sums[place as usize] += if bits & 1 == 0 { 1 } else { -1 };
        }
    };
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        add(word.as_bytes());
    }
    // A text without words, or whose words cancel out, is a word of its own.
    if sums.iter().all(|&sum| sum == 0) {
        let bits = xxh3_128_with_seed(text.as_bytes(), seed) as u32;
        sums[((u64::from(bits) * dimensions as u64) >> 32) as usize] = 1;
    }
    let length = sums.iter().map(|&sum| f64::from(sum) * f64::from(sum)).sum::<f64>().sqrt();
    sums.iter().map(|&sum| (f64::from(sum) / length) as f32).collect()
}
