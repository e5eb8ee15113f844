//! Populations from users' files: who the accounts are and whom they follow.
//!
//! An account's row is its agent id. What a file leaves out is filled in and counted in a [`Warning`], never guessed
//! silently.

mod reddit;
mod x;

use std::collections::HashSet;
use std::path::Path;

pub use reddit::read_oasis_reddit;
pub use x::read_oasis_x;

use crate::{DataError, Warning};
use murmur_core::Follow;

/// One account of a population.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Account {
    /// The handle. Not necessarily unique.
    pub user_name: String,
    /// The name shown; the user name where the file has none.
    pub name: String,
    /// The public self-description; may be empty.
    pub bio: String,
    /// The private description that a language model plays; may be empty.
    pub persona: String,
    /// Earlier posts, oldest first.
    pub previous_posts: Vec<String>,
    /// Per hour of the day, the probability of being active in a step of 3 minutes: the hour's posting frequency
    /// divided by the account's greatest (P = f_h / max f, arXiv 2411.11581). All 0 where every frequency is 0;
    /// `None` where the file has no frequencies: always active.
    pub hourly: Option<[f64; 24]>,
    /// Topics of interest, by name.
    pub interests: Vec<String>,
    /// The value of the label column; `None` where it is empty or none was asked for.
    pub label: Option<String>,
}

/// What a population file holds.
#[derive(Clone, PartialEq, Debug)]
pub struct PopulationFile {
    /// The accounts; the place of each is its agent id.
    pub accounts: Vec<Account>,
    /// The follows, sorted, without self-follows and repetitions. `None` when the file has no place for them.
    pub follows: Option<Vec<Follow>>,
    /// What was mended, in a fixed order; only what occurred.
    pub warnings: Vec<Warning>,
}

impl PopulationFile {
    /// Completes what a reader found: refuses an empty population and counts what any format can lack.
    fn complete(
        path: &Path,
        accounts: Vec<Account>,
        follows: Option<Vec<Follow>>,
        found: Vec<Warning>,
    ) -> Result<Self, DataError> {
        if accounts.is_empty() {
            return Err(DataError::whole(path, "the population is empty; expected at least one account"));
        }
        let count = |lacks: fn(&Account) -> bool| accounts.iter().filter(|account| lacks(account)).count();
        let names: HashSet<&str> = accounts.iter().map(|account| account.user_name.as_str()).collect();
        let common = [
            ("user names that an earlier account has, kept", accounts.len() - names.len()),
            ("accounts without a persona", count(|account| account.persona.is_empty())),
            ("accounts without hourly frequencies, always active", count(|account| account.hourly.is_none())),
        ];
        let common = common.map(|(what, count)| Warning { what, count });
        let warnings = found.into_iter().chain(common).filter(|warning| warning.count > 0).collect();
        Ok(Self { accounts, follows, warnings })
    }
}

/// A file's label column that it does not have.
fn no_such_label(path: &Path, label: &str, available: &str) -> DataError {
    DataError::whole(path, format!("no column `{label}` to take labels from; the file has {available}"))
}
