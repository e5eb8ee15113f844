//! What an embeddings endpoint answers, read with distrust.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::EmbeddingError;
use crate::server::Server;
use crate::text::excerpt;

/// Characters of a text that errors quote.
const MOST_QUOTED: usize = 60;

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    data: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    /// Which text the vector is of. Default: the one at the item's own place.
    index: Option<usize>,
    /// Kept as text until its owner is known, so that an error can name it.
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// The unit vectors of `texts`, in their order, from the server's answer to them.
pub(crate) fn vectors(
    server: &Server,
    body: &[u8],
    texts: &[&str],
    dimensions: usize,
) -> Result<Vec<Box<[f32]>>, EmbeddingError> {
    let not_vectors = |reason: &str| EmbeddingError::NotVectors {
        url: server.url(),
        reason: server.quote(reason.as_bytes()),
        excerpt: server.quote(body),
    };
    let json = std::str::from_utf8(body).map_err(|_| not_vectors("expected UTF-8"))?;
    let patched;
    let reply: Reply<'_> = match serde_json::from_str(json) {
        Ok(reply) => reply,
        Err(error) => {
            patched = with_nulls(json);
            serde_json::from_str(&patched).map_err(|_| not_vectors(&error.to_string()))?
        }
    };
    if reply.data.len() != texts.len() {
        let (found, expected) = (reply.data.len(), texts.len());
        return Err(EmbeddingError::Count { url: server.url(), found, expected });
    }
    // As many items as texts, none out of range, none twice: so each text has one.
    let mut vectors = vec![Box::default(); texts.len()];
    for (place, item) in reply.data.into_iter().enumerate() {
        let index = item.index.unwrap_or(place);
        let wrong = |problem| EmbeddingError::Index { url: server.url(), index, problem };
        let slot: &mut Box<[f32]> =
            vectors.get_mut(index).ok_or_else(|| wrong("beyond the texts of the request"))?;
        if !slot.is_empty() {
            return Err(wrong("which another vector has too"));
        }
        *slot = unit_vector(server, item.embedding.get(), texts[index], dimensions)?;
    }
    Ok(vectors)
}

/// The vector of `text`, written as `json`, at unit length.
fn unit_vector(
    server: &Server,
    json: &str,
    text: &str,
    dimensions: usize,
) -> Result<Box<[f32]>, EmbeddingError> {
    let not_numbers = |reason| EmbeddingError::NotNumbers { text: excerpt(text, MOST_QUOTED), reason };
    let mut vector: Vec<f32> = serde_json::from_str(json)
        .map_err(|error| not_numbers(server.quote(error.to_string().as_bytes())))?;
    if vector.len() != dimensions {
        return Err(EmbeddingError::Dimensions { found: vector.len(), expected: dimensions });
    }
    if let Some(place) = vector.iter().position(|x| !x.is_finite()) {
        return Err(not_numbers(format!("number {} is too large", place + 1)));
    }
    normalise(&mut vector);
    Ok(vector.into())
}

/// Scales to unit length, summing in f64 in the order of the vector. The zero vector stays: it is like nothing else.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if length > 0.0 {
        for x in vector {
            *x = (f64::from(*x) / length) as f32;
        }
    }
}

/// `json` with `null` for each bare NaN or infinity, which JSON has not and some servers write all the same.
fn with_nulls(json: &str) -> String {
    const NO_NUMBERS: [&str; 5] = ["NaN", "nan", "Infinity", "inf", "Inf"];
    let mut patched = String::with_capacity(json.len());
    let mut rest = json;
    let mut in_string = false;
    while let Some(first) = rest.chars().next() {
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let after = NO_NUMBERS.iter().find_map(|name| unsigned.strip_prefix(name));
        rest = match after {
            Some(after) if !in_string => {
                patched.push_str("null");
                after
            }
            _ => {
                let escaped = in_string && first == '\\';
                in_string ^= first == '"';
                let end = rest.char_indices().nth(if escaped { 2 } else { 1 }).map_or(rest.len(), |(i, _)| i);
                patched.push_str(&rest[..end]);
                &rest[end..]
            }
        };
    }
    patched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_becomes_null_outside_of_strings() {
        let check = |json: &str, expected: &str| assert_eq!(with_nulls(json), expected);
        check("[NaN, -Infinity,inf, 1]", "[null, null,null, 1]");
        check(r#"{"nan": "NaN \" inf", "é\\": NaN}"#, r#"{"nan": "NaN \" inf", "é\\": null}"#);
        check(r#""open \"#, r#""open \"#);
        check("[null, true]", "[null, true]");
    }

    #[test]
    fn vectors_are_scaled_to_unit_length() {
        let check = |mut vector: Vec<f32>, expected: &[f32]| {
            normalise(&mut vector);
            assert_eq!(vector, expected);
        };
        check(vec![3.0, -4.0], &[0.6, -0.8]);
        check(vec![f32::MAX, 0.0], &[1.0, 0.0]);
        check(vec![1e-45, 0.0], &[1.0, 0.0]);
        check(vec![0.0, 0.0], &[0.0, 0.0]);
    }
}
