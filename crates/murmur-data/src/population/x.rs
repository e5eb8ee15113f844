//! OASIS's population of X, a CSV file.
//!
//! `username` and `user_char` (the persona) are required; `name`, `description`, `previous_tweets`,
//! `following_agentid_list` and `activity_level_frequency` are read where present. `user_id` is not the agent's id, and
//! `follower_agentid_list` is known to disagree with the follows: both are ignored.

use std::path::Path;

use csv::StringRecord;
use murmur_core::AgentId;

use super::{Account, PopulationFile, no_such_label};
use crate::csv_file::{CsvFile, Row, quoted};
use crate::list_literal::{Item, parse_list};
use crate::loading::Counted;
use crate::{DataError, Warning};
use murmur_core::Follow;

const FOLLOWING: &str = "following_agentid_list";
const FOLLOWERS: &str = "follower_agentid_list";
const POSTS: &str = "previous_tweets";
const FREQUENCIES: &str = "activity_level_frequency";

/// The columns that belong to the format; any other is counted as ignored.
const KNOWN: [&str; 13] = [
    "user_id",
    "name",
    "username",
    "description",
    "user_char",
    FOLLOWING,
    FOLLOWERS,
    POSTS,
    FREQUENCIES,
    "following_count",
    "followers_count",
    "follower_count",
    "is_super_user",
];

/// Reads OASIS's population CSV of X, row by row. `label_column` may be any of its columns.
///
/// # Errors
/// When the file cannot be read, lacks a required column or the label column, holds no account, or a cell is
/// malformed: a list that is none, a follow of a row that does not exist, frequencies that are not 24 finite numbers
/// from 0.
pub fn read_oasis_x(path: &Path, label_column: Option<&str>) -> Result<PopulationFile, DataError> {
    let mut file = CsvFile::open(path)?;
    let columns = Columns::locate(path, &file, label_column)?;
    let mut accounts = Vec::new();
    let mut follows = Follows::default();
    let mut follower_lists = 0;
    let mut counted = Counted::new(path, "accounts");
    while let Some(row) = file.read_row()? {
        counted.add();
        let at = |message| DataError::at_line(path, row.line, message);
        accounts.push(columns.account(row.cells).map_err(at)?);
        follows.add(&columns, &row).map_err(at)?;
        follower_lists += usize::from(!is_absent(columns.followers.map_or("", |column| &row.cells[column])));
    }
    follows.check(path, accounts.len())?;
    let found = vec![
        Warning { what: "self-follows dropped", count: follows.to_self },
        Warning { what: "repeated follows dropped", count: follows.repeated },
        Warning { what: "follower lists ignored, the follows are the other column's", count: follower_lists },
        Warning { what: "unknown or unnamed columns ignored", count: columns.ignored },
    ];
    let follows = columns.following.is_some().then_some(follows.kept);
    PopulationFile::complete(path, accounts, follows, found)
}

/// Where the columns are.
struct Columns {
    user_name: usize,
    persona: usize,
    name: Option<usize>,
    bio: Option<usize>,
    posts: Option<usize>,
    frequencies: Option<usize>,
    following: Option<usize>,
    followers: Option<usize>,
    label: Option<usize>,
    /// How many columns the format does not know.
    ignored: usize,
}

impl Columns {
    fn locate(path: &Path, file: &CsvFile<'_>, label: Option<&str>) -> Result<Self, DataError> {
        let [user_name, persona] = file.require(["username", "user_char"])?;
        let no_label = |name| no_such_label(path, name, &quoted(file.columns()));
        let find_label = |name| file.column(name).ok_or_else(|| no_label(name));
        let is_ignored = |name: &&String| !KNOWN.contains(&name.as_str()) && Some(name.as_str()) != label;
        Ok(Self {
            user_name,
            persona,
            name: file.column("name"),
            bio: file.column("description"),
            posts: file.column(POSTS),
            frequencies: file.column(FREQUENCIES),
            following: file.column(FOLLOWING),
            followers: file.column(FOLLOWERS),
            label: label.map(find_label).transpose()?,
            ignored: file.columns().iter().filter(is_ignored).count(),
        })
    }

    fn account(&self, cells: &StringRecord) -> Result<Account, String> {
        let cell = |column: Option<usize>| column.map_or("", |column| &cells[column]);
        let or_user_name =
            |name: &str| if name.is_empty() { &cells[self.user_name] } else { name }.to_owned();
        Ok(Account {
            user_name: cells[self.user_name].to_owned(),
            name: or_user_name(cell(self.name)),
            bio: cell(self.bio).to_owned(),
            persona: cells[self.persona].to_owned(),
            previous_posts: texts(POSTS, cell(self.posts))?,
            hourly: hourly(cell(self.frequencies))?,
            interests: Vec::new(),
            label: Some(cell(self.label)).filter(|label| !label.is_empty()).map(str::to_owned),
        })
    }
}

/// The follows as they are read. Whether a followed agent exists is known only after the last row.
#[derive(Default)]
struct Follows {
    kept: Vec<Follow>,
    /// Rows read so far.
    rows: u32,
    to_self: usize,
    repeated: usize,
    /// The followed id furthest from being one, with its line.
    furthest: Option<Furthest>,
}

/// A followed id and the line where it stands.
struct Furthest {
    id: i64,
    line: u64,
}

impl Furthest {
    /// Negative ids come after all others.
    fn distance(&self) -> u64 {
        self.id as u64
    }
}

impl Follows {
    fn add(&mut self, columns: &Columns, row: &Row<'_>) -> Result<(), String> {
        let follower = AgentId(self.rows);
        self.rows = self.rows.checked_add(1).ok_or("more rows than agent ids")?;
        let Some(column) = columns.following else { return Ok(()) };
        let mut ids = agent_ids(&row.cells[column])?;
        ids.sort_unstable();
        let with_repeated = ids.len();
        ids.dedup();
        self.repeated += with_repeated - ids.len();
        for id in ids {
            let followed = Furthest { id, line: row.line };
            if self.furthest.as_ref().is_none_or(|furthest| furthest.distance() < followed.distance()) {
                self.furthest = Some(followed);
            }
            match u32::try_from(id).map(AgentId) {
                Ok(followee) if followee == follower => self.to_self += 1,
                Ok(followee) => self.kept.push(Follow { follower, followee }),
                // `check` will refuse the file.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn check(&self, path: &Path, agents: usize) -> Result<(), DataError> {
        let Some(furthest) = self.furthest.as_ref().filter(|furthest| furthest.distance() >= agents as u64)
        else {
            return Ok(());
        };
        let (id, last) = (furthest.id, agents - 1);
        let message =
            format!("column `{FOLLOWING}`: agent {id} does not exist; expected ids from 0 to {last}");
        Err(DataError::at_line(path, furthest.line, message))
    }
}

/// Whether a cell holds no list: empty, or the `nan` that pandas writes for it.
fn is_absent(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty() || cell.eq_ignore_ascii_case("nan")
}

fn items(column: &str, cell: &str) -> Result<Vec<Item>, String> {
    if is_absent(cell) {
        return Ok(Vec::new());
    }
    parse_list(cell).map_err(|error| format!("column `{column}`: {error}"))
}

fn texts(column: &str, cell: &str) -> Result<Vec<String>, String> {
    let text = |item| match item {
        Item::Text(text) => Ok(text),
        Item::Int(number) => Err(format!("column `{column}`: expected strings, found {number}")),
        Item::Float(number) => Err(format!("column `{column}`: expected strings, found {number}")),
    };
    items(column, cell)?.into_iter().map(text).collect()
}

/// Ids in a list. pandas turns a column of integers into floats when one is missing, so `7.0` is 7.
fn agent_ids(cell: &str) -> Result<Vec<i64>, String> {
    let id = |item| match item {
        Item::Int(id) => Ok(id),
        Item::Float(id) if libm::trunc(id) == id => Ok(id as i64),
        Item::Float(other) => Err(format!("column `{FOLLOWING}`: expected agent ids, found {other}")),
        Item::Text(other) => Err(format!("column `{FOLLOWING}`: expected agent ids, found {other:?}")),
    };
    items(FOLLOWING, cell)?.into_iter().map(id).collect()
}

fn hourly(cell: &str) -> Result<Option<[f64; 24]>, String> {
    let frequency = |item| match item {
        Item::Int(value) if value >= 0 => Ok(value as f64),
        Item::Float(value) if value >= 0.0 && value.is_finite() => Ok(value),
        Item::Int(other) => Err(other.to_string()),
        Item::Float(other) => Err(other.to_string()),
        Item::Text(other) => Err(format!("{other:?}")),
    };
    let items = items(FREQUENCIES, cell)?;
    if items.is_empty() {
        return Ok(None);
    }
    let frequencies =
        items.into_iter().map(frequency).collect::<Result<Vec<f64>, String>>().map_err(|other| {
            format!("column `{FREQUENCIES}`: expected frequencies, finite and not negative, found {other}")
        })?;
    let frequencies: [f64; 24] = frequencies.try_into().map_err(|wrong: Vec<f64>| {
        format!("column `{FREQUENCIES}`: expected 24 frequencies, one per hour, found {}", wrong.len())
    })?;
    let greatest = frequencies.iter().copied().fold(0.0, f64::max);
    Ok(Some(if greatest > 0.0 { frequencies.map(|frequency| frequency / greatest) } else { frequencies }))
}
