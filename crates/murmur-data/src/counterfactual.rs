//! OASIS's counterfactual posts: a JSON array of `{RS: {title, selftext}, RC_1: {body, group}}`.
//!
//! A post is `RS.selftext`, the claim that it spreads `RC_1.body`, its group that of OASIS's own experiment. Titles, all
//! "None" in OASIS's files, and other fields are ignored.

use std::path::Path;

use serde::Deserialize;

use crate::{DataError, input};

/// A post that gets its first vote from a confederate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CounterfactualPost {
    /// The words of the post.
    pub text: String,
    /// The claim that it spreads, in a sentence.
    pub claim: String,
    /// In which group it was in OASIS's experiment.
    pub group: VoteGroup,
}

/// A group of OASIS's experiment, named after its first vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoteGroup {
    /// First voted up.
    Up,
    /// First voted down.
    Down,
    /// Not voted on.
    Control,
}

impl VoteGroup {
    /// The names of the groups, in the order of the variants.
    pub const NAMES: [&'static str; 3] = ["up", "down", "control"];
}

#[derive(Deserialize)]
struct Pair {
    #[serde(rename = "RS")]
    submission: Submission,
    #[serde(rename = "RC_1")]
    comment: Comment,
}

#[derive(Deserialize)]
struct Submission {
    selftext: String,
}

#[derive(Deserialize)]
struct Comment {
    body: String,
    group: VoteGroup,
}

/// Reads OASIS's counterfactual posts, in the order of the file.
///
/// # Errors
/// When the file cannot be read, is no JSON array of such objects or is cut short, a group is unknown, a text is empty,
/// or there is no post.
pub fn read_counterfactual_posts(path: &Path) -> Result<Vec<CounterfactualPost>, DataError> {
    let pairs: Vec<Pair> =
        serde_json::from_reader(input::open(path)?).map_err(|error| DataError::of_json(path, error))?;
    if pairs.is_empty() {
        return Err(DataError::whole(path, "the array is empty; expected at least one post"));
    }
    let post = |(number, Pair { submission, comment }): (usize, Pair)| {
        for (field, text) in [("RS.selftext", &submission.selftext), ("RC_1.body", &comment.body)] {
            if text.trim().is_empty() {
                let message = format!("post {number} (from 0): {field}: expected words, found none");
                return Err(DataError::whole(path, message));
            }
        }
        Ok(CounterfactualPost { text: submission.selftext, claim: comment.body, group: comment.group })
    };
    pairs.into_iter().enumerate().map(post).collect()
}
