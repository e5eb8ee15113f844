//! Which replicates a process carries out, where several share an experiment.

use std::str::FromStr;

use crate::ExperimentError;

/// The `number`-th of `of` shares: the replicates r with r mod `of` = `number` − 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    number: u32,
    of: u32,
}

impl Share {
    /// All replicates.
    pub const ALL: Self = Self { number: 1, of: 1 };

    /// The share's replicates among so many, ascending.
    pub fn of(self, replicates: u32) -> impl Iterator<Item = u32> {
        (self.number - 1..replicates).step_by(self.of as usize)
    }
}

impl FromStr for Share {
    type Err = ExperimentError;

    /// `I/N`, as in `2/8`.
    fn from_str(given: &str) -> Result<Self, ExperimentError> {
        let parts =
            given.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if 1 <= number && number <= of => Ok(Self { number, of }),
            _ => Err(ExperimentError::Task { given: given.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_replicates_each_once() {
        let mut all: Vec<u32> =
            ["1/3", "2/3", "3/3"].iter().flat_map(|share| share.parse::<Share>().unwrap().of(10)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!("3/3".parse::<Share>().unwrap().of(10).collect::<Vec<_>>(), [2, 5, 8]);
        assert_eq!("4/4".parse::<Share>().unwrap().of(2).count(), 0);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for given in ["", "3", "0/2", "3/2", "1/0", "a/b", "-1/2"] {
            let error = given.parse::<Share>().unwrap_err().to_string();
            assert!(error.contains("I/N"), "{error}");
        }
    }
}
