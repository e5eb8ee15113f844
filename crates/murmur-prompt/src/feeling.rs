//! Moods in words.

use serde::Serialize;

/// How an agent feels about a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Feeling<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// How it feels: `agitated and annoyed`.
    pub words: &'a str,
}

/// Words for a mood of that arousal, in [0, 1], and valence, in [-1, 1]; `None` for one not worth a word: calm and neutral.
/// Arousal has three levels, as in S³ (Gao et al. 2023), and so has valence: displeased from -1/3 down, pleased from 1/3
/// up.
pub fn feeling_words(arousal: f32, valence: f32) -> Option<&'static str> {
    let by_valence = match arousal * 3.0 {
        ..1.0 => [Some("calm but displeased"), None, Some("calm and pleased")],
        ..2.0 => [Some("stirred and annoyed"), Some("stirred"), Some("stirred and pleased")],
        _ => [Some("agitated and angry"), Some("agitated"), Some("excited and delighted")],
    };
    let [displeased, neutral, pleased] = by_valence;
    match valence * 3.0 {
        ..=-1.0 => displeased,
        1.0.. => pleased,
        _ => neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_the_calm_and_neutral() {
        let check = |arousal: f32, expected: [Option<&str>; 5]| {
            let words = [-1.0, -0.34, 0.0, 0.33, 0.34].map(|valence| feeling_words(arousal, valence));
            assert_eq!(words, expected, "{arousal}");
        };
        let (annoyed, pleased) = (Some("stirred and annoyed"), Some("stirred and pleased"));
        let (angry, delighted) = (Some("agitated and angry"), Some("excited and delighted"));
        for calm in [0.0, 0.33] {
            let (displeased, pleased) = (Some("calm but displeased"), Some("calm and pleased"));
            check(calm, [displeased, displeased, None, None, pleased]);
        }
        for moderate in [0.34, 0.66] {
            check(moderate, [annoyed, annoyed, Some("stirred"), Some("stirred"), pleased]);
        }
        for intense in [0.67, 1.0] {
            check(intense, [angry, angry, Some("agitated"), Some("agitated"), delighted]);
        }
    }
}
