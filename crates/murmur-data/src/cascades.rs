//! Observed cascades: trees of reposts with their times, in a JSON file.
//!
//! `{"cascades": [{"topic": …, "source_tweet": …, "start_time": "2014-09-22 17:37:41", "tree": [[child, parent, minute], …],
//! "scale": […], "depth": […], "max_breadth": […]}, …]}`. Times are minutes since the first post, which is node 0. A
//! series holds one value per minute from 0, the root included, of all that happened until then; where it is given, it
//! must be what the tree says. Other keys are passed over.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::{DataError, input};

/// One observed cascade.
#[derive(Clone, PartialEq, Debug)]
pub struct ObservedCascade {
    /// What it is called: its `topic`, or else its place in the file, from 1.
    pub name: String,
    /// The text that it spread: its `source_tweet`, or else its name. Cascades of one text belong together.
    pub text: String,
    /// The minute of the day at which it began, if `start_time` says so.
    pub starts_at: Option<u32>,
    /// Its reposts, earlier ones first, each after its parent.
    pub reposts: Vec<ObservedRepost>,
    /// The last minute of which something is known: that of the last value of the shortest series given, or else
    /// `minutes`, or else the last full minute before which there is a repost.
    pub observed_until: u32,
}

/// One repost of an observed cascade.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ObservedRepost {
    /// Which post was reposted: 0 for the first post, and n for the n-th repost.
    pub parent: u32,
    /// When, in minutes since the first post.
    pub minute: f64,
}

/// The size and shape of a cascade, minute by minute from 0.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CascadeSeries {
    /// Posts, the first one included.
    pub scale: Vec<u32>,
    /// Depth of the deepest post; that of the first is 0.
    pub depth: Vec<u32>,
    /// Posts at the depth that has the most.
    pub max_breadth: Vec<u32>,
}

impl ObservedCascade {
    /// Size and shape at each minute from 0 to `until`: what had happened until then.
    pub fn series(&self, until: u32) -> CascadeSeries {
        let mut series = CascadeSeries::default();
        let mut depths = vec![0u32];
        let mut breadths = vec![1u32];
        let mut widest = 1;
        for minute in 0..=until {
            while let Some(repost) =
                self.reposts.get(depths.len() - 1).filter(|repost| repost.minute <= f64::from(minute))
            {
                let depth = depths[repost.parent as usize] + 1;
                depths.push(depth);
                if breadths.len() == depth as usize {
                    breadths.push(0);
                }
                breadths[depth as usize] += 1;
                widest = widest.max(breadths[depth as usize]);
            }
            series.scale.push(depths.len() as u32);
            series.depth.push(breadths.len() as u32 - 1);
            series.max_breadth.push(widest);
        }
        series
    }
}

/// Reads the cascades of `path`, in their order.
///
/// # Errors
/// [`DataError`] when the file cannot be read, is no JSON of that form, or a cascade contradicts itself: it names the
/// cascade, the key, and the row of the tree or the minute of the series.
pub fn read_observed_cascades(path: &Path) -> Result<Vec<ObservedCascade>, DataError> {
    let mut text = Vec::new();
    input::open(path)?.read_to_end(&mut text).map_err(|source| DataError::io(path, source))?;
    let value: Value = serde_json::from_slice(&text)
        .map_err(|error| DataError::at_line(path, error.line() as u64, format!("expected JSON: {error}")))?;
    let whole = |message: String| DataError::whole(path, message);
    let list = value.get("cascades").and_then(Value::as_array);
    let list = list.ok_or_else(|| {
        whole("expected an object with the key `cascades`, a list of objects with a `tree`".to_owned())
    })?;
    if list.is_empty() {
        return Err(whole("cascades: expected at least one, found none".to_owned()));
    }
    let read = |(place, value): (usize, &Value)| {
        let name = name_of(place, value);
        cascade(&name, value).map_err(|message| whole(format!("cascade {} ({name}): {message}", place + 1)))
    };
    list.iter().enumerate().map(read).collect()
}

fn name_of(place: usize, value: &Value) -> String {
    value.get("topic").and_then(Value::as_str).map_or_else(|| (place + 1).to_string(), str::to_owned)
}

fn cascade(name: &str, value: &Value) -> Result<ObservedCascade, String> {
    let object = value.as_object().ok_or_else(|| format!("expected an object, found {}", kind_of(value)))?;
    let reposts = in_order(&rows(object)?)?;
    let text = match object.get("source_tweet") {
        None | Some(Value::Null) => name.to_owned(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => return Err(format!("source_tweet: expected a text, found {}", kind_of(other))),
    };
    let starts_at = match object.get("start_time") {
        None | Some(Value::Null) => None,
        Some(value) => Some(minute_of_day(value)?),
    };
    let mut cascade = ObservedCascade { name: name.to_owned(), text, starts_at, reposts, observed_until: 0 };
    cascade.observed_until = observed_until(object, &cascade)?;
    Ok(cascade)
}

/// A row of a tree.
struct Row {
    child: u64,
    parent: u64,
    minute: f64,
}

fn rows(object: &Map<String, Value>) -> Result<Vec<Row>, String> {
    const WANTED: &str = "a list of rows [child, parent, minute]";
    let tree = object.get("tree").ok_or_else(|| format!("tree: expected {WANTED}, found nothing"))?;
    let tree = tree.as_array().ok_or_else(|| format!("tree: expected {WANTED}, found {}", kind_of(tree)))?;
    let row = |(place, row): (usize, &Value)| {
        let fault = |message: String| format!("tree: row {}: {message}", place + 1);
        let Some([child, parent, minute]) = row.as_array().map(Vec::as_slice) else {
            return Err(fault(format!("expected [child, parent, minute], found {row}")));
        };
        let node = |what: &str, value: &Value, least: u64| {
            let node = value.as_u64().filter(|&node| node >= least);
            node.ok_or_else(|| fault(format!("{what}: expected a whole number from {least}, found {value}")))
        };
        let time = minute.as_f64().filter(|&minute| minute >= 0.0);
        let time = time.ok_or_else(|| fault(format!("minute: expected a number from 0, found {minute}")))?;
        Ok(Row { child: node("child", child, 1)?, parent: node("parent", parent, 0)?, minute: time })
    };
    tree.iter().enumerate().map(row).collect()
}

/// The rows by time, those of one time each after its parent and else in their order.
fn in_order(rows: &[Row]) -> Result<Vec<ObservedRepost>, String> {
    let mut by_child: Vec<usize> = (0..rows.len()).collect();
    by_child.sort_by_key(|&row| rows[row].child);
    if let Some(twice) = by_child.windows(2).find(|pair| rows[pair[0]].child == rows[pair[1]].child) {
        let (first, again) = (twice[0] + 1, twice[1] + 1);
        let child = rows[twice[0]].child;
        return Err(format!("tree: row {again}: child {child} has a row already, row {first}"));
    }
    // The row of each row's parent; none for the first post.
    let parents = (1..).zip(rows).map(|(number, row): (usize, &Row)| {
        if row.parent == 0 {
            return Ok(None);
        }
        let found = by_child.binary_search_by_key(&row.parent, |&other| rows[other].child);
        let parent = found.map(|place| by_child[place]).map_err(|_| {
            format!("tree: row {number}: parent: expected 0 or a child of another row, found {}", row.parent)
        })?;
        if rows[parent].minute > row.minute {
            return Err(format!(
                "tree: row {number}: minute: expected {} or later, when its parent {} came (row {}), found {}",
                rows[parent].minute,
                row.parent,
                parent + 1,
                row.minute
            ));
        }
        Ok(Some(parent))
    });
    let parents: Vec<Option<usize>> = parents.collect::<Result<_, String>>()?;
    let hops = hops_from_root(rows, &parents)?;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| {
        rows[a].minute.total_cmp(&rows[b].minute).then(hops[a].cmp(&hops[b])).then(a.cmp(&b))
    });
    let mut node_of = vec![0u32; rows.len()];
    for (node, &row) in (1..).zip(&order) {
        node_of[row] = node;
    }
    let repost = |&row: &usize| ObservedRepost {
        parent: parents[row].map_or(0, |parent| node_of[parent]),
        minute: rows[row].minute,
    };
    Ok(order.iter().map(repost).collect())
}

/// How many rows lie between each row and the first post, itself included.
fn hops_from_root(rows: &[Row], parents: &[Option<usize>]) -> Result<Vec<u32>, String> {
    let mut hops = vec![0u32; rows.len()];
    for start in 0..rows.len() {
        let mut path = vec![start];
        let above = loop {
            let last = *path.last().expect("it begins with one");
            match parents[last] {
                None => break 0,
                Some(parent) if hops[parent] > 0 => break hops[parent],
                Some(_) if path.len() > rows.len() => {
                    return Err(format!(
                        "tree: row {}: child {} descends from itself; expected a tree",
                        start + 1,
                        rows[start].child
                    ));
                }
                Some(parent) => path.push(parent),
            }
        };
        for (row, hop) in path.into_iter().rev().zip(above + 1..) {
            hops[row] = hop;
        }
    }
    Ok(hops)
}

/// The minute of the day in `2014-09-22 17:37:41+00:00`, as the text says it.
fn minute_of_day(value: &Value) -> Result<u32, String> {
    let read = |text: &str| {
        let clock = text.split_once([' ', 'T'])?.1;
        let mut parts = clock.split(':');
        let mut part = |below: u32| {
            let digits = parts.next()?.get(..2)?;
            digits.parse::<u32>().ok().filter(|&number| number < below)
        };
        Some(part(24)? * 60 + part(60)?)
    };
    value.as_str().and_then(read).ok_or_else(|| {
        format!("start_time: expected a date and time as \"2014-09-22 17:37:41\", found {value}")
    })
}

/// Checks the series that are given, and says until when they, or else the tree, tell what happened.
fn observed_until(object: &Map<String, Value>, cascade: &ObservedCascade) -> Result<u32, String> {
    let mut shortest: Option<u32> = None;
    for key in ["scale", "depth", "max_breadth"] {
        let Some(given) = object.get(key).filter(|value| !value.is_null()) else { continue };
        let values = given.as_array().filter(|values| !values.is_empty());
        let values = values.ok_or_else(|| format!("{key}: expected a list of numbers, found {given}"))?;
        let last = values.len() as u32 - 1;
        let series = cascade.series(last);
        let own = match key {
            "scale" => series.scale,
            "depth" => series.depth,
            _ => series.max_breadth,
        };
        for ((minute, value), own) in values.iter().enumerate().zip(own) {
            if value.as_f64() != Some(f64::from(own)) {
                return Err(format!(
                    "{key}: minute {minute}: expected {own}, as the tree has it, found {value}"
                ));
            }
        }
        shortest = Some(shortest.map_or(last, |shortest| shortest.min(last)));
    }
    let given = match object.get("minutes") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let minutes = value.as_u64().and_then(|minutes| u32::try_from(minutes).ok());
            let wanted = "minutes: expected the last minute observed, a whole number";
            Some(minutes.ok_or_else(|| format!("{wanted}, found {value}"))?)
        }
    };
    let last_repost = cascade.reposts.last().map_or(0.0, |repost| repost.minute);
    Ok(shortest.or(given).unwrap_or(last_repost.min(1e9) as u32))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(cascades: &str) -> Result<Vec<ObservedCascade>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{{\"cascades\": {cascades}}}").unwrap();
        let place = format!("{}: ", file.path().display());
        read_observed_cascades(file.path()).map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn series_are_made_from_the_tree() {
        let cascade = r#"[{"topic": "tea", "start_time": "2014-09-22 17:37:41+00:00",
            "tree": [[4, 0, 0.0], [9, 4, 1.0], [2, 0, 1.5], [3, 9, 3.0]], "scale": [2, 3, 4, 5, 5]}]"#;
        let cascade = &read(cascade).unwrap()[0];
        assert_eq!((cascade.name.as_str(), cascade.text.as_str()), ("tea", "tea"));
        assert_eq!((cascade.starts_at, cascade.observed_until), (Some(17 * 60 + 37), 4));
        let series = cascade.series(4);
        assert_eq!(series.scale, [2, 3, 4, 5, 5]);
        assert_eq!(series.depth, [1, 2, 2, 3, 3]);
        assert_eq!(series.max_breadth, [1, 1, 2, 2, 2]);
    }

    #[test]
    fn of_one_time_parents_come_first_whatever_the_order_of_rows() {
        let cascade =
            &read(r#"[{"tree": [[7, 0, 5], [1, 2, 0], [2, 3, 0], [3, 0, 0]], "minutes": 90}]"#).unwrap()[0];
        let parents: Vec<u32> = cascade.reposts.iter().map(|repost| repost.parent).collect();
        assert_eq!(parents, [0, 1, 2, 0]);
        assert_eq!(cascade.observed_until, 90);
        assert_eq!(cascade.series(5).depth, [3, 3, 3, 3, 3, 3]);
    }

    #[test]
    fn faults_name_cascade_key_and_row() {
        let check = |cascade: &str, expected: &str| {
            let message = read(&format!("[{{\"tree\": []}}, {cascade}]")).unwrap_err();
            assert!(message.contains(expected), "expected {expected:?} in {message:?}");
        };
        check("7", "cascade 2 (2): expected an object, found a number");
        check(
            r#"{"topic": "x"}"#,
            "cascade 2 (x): tree: expected a list of rows [child, parent, minute], found nothing",
        );
        check(r#"{"tree": [[1, 0]]}"#, "tree: row 1: expected [child, parent, minute], found [1,0]");
        check(
            r#"{"tree": [[1, 0, 1], [0, 0, 1]]}"#,
            "tree: row 2: child: expected a whole number from 1, found 0",
        );
        check(r#"{"tree": [[1, 0, "1"]]}"#, "tree: row 1: minute: expected a number from 0, found \"1\"");
        check(r#"{"tree": [[1, 0, -1]]}"#, "row 1: minute: expected a number from 0, found -1");
        check(r#"{"tree": [[1, 0, 1], [1, 0, 2]]}"#, "tree: row 2: child 1 has a row already, row 1");
        check(
            r#"{"tree": [[1, 5, 1]]}"#,
            "tree: row 1: parent: expected 0 or a child of another row, found 5",
        );
        check(r#"{"tree": [[1, 0, 4], [2, 1, 3]]}"#, "tree: row 2: minute: expected 4 or later");
        check(r#"{"tree": [[1, 2, 4], [2, 1, 4]]}"#, "tree: row 1: child 1 descends from itself");
        check(
            r#"{"tree": [[1, 0, 1]], "scale": [1, 3]}"#,
            "scale: minute 1: expected 2, as the tree has it, found 3",
        );
        check(r#"{"tree": [[1, 0, 1]], "depth": 3}"#, "depth: expected a list of numbers, found 3");
        check(r#"{"tree": [], "start_time": "noon"}"#, "start_time: expected a date and time");
        assert!(read("[]").unwrap_err().contains("cascades: expected at least one"));
        assert!(read("3").unwrap_err().contains("expected an object with the key `cascades`"));
    }

    #[test]
    fn the_observed_cascades_of_the_data_agree_with_their_trees() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/oasis/data/observed_cascades.json");
        // The data lies beside the repository, and not everybody has it.
        if !path.exists() {
            return;
        }
        let cascades = read_observed_cascades(&path).unwrap();
        assert_eq!(cascades.len(), 100);
        assert!(cascades.iter().all(|cascade| cascade.observed_until == 600));
        let mut texts: Vec<&str> = cascades.iter().map(|cascade| cascade.text.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 84);
    }
}
