//! Sections whose keys depend on their `kind`, with errors that name the key.
//!
//! A tagged enum is read into a buffer before its variant is known, so serde's own errors name only the section. Here
//! the key to blame is found again: the one without which the complaint changes.

use murmur_graph::GraphModel;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};

use super::{GivenGraph, GraphConfig};

/// Reads a section so that an error about one of its keys names the key. Without a kind it is of the default one.
pub(super) fn named<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Serialize + Default,
{
    let mut table = toml::Table::deserialize(deserializer)?;
    if !table.contains_key("kind") {
        let mut default = toml::Table::try_from(T::default()).map_err(D::Error::custom)?;
        table.extend(default.remove_entry("kind"));
    }
    with_key(&table).map_err(D::Error::custom)
}

/// Reads a section that may be left out, and whose kind has to be given, likewise.
pub(super) fn maybe_named<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    given(deserializer).map(Some)
}

/// Reads a section that has to be given, kind and all, likewise.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    with_key(&toml::Table::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Reads a table, or says what is wrong with it, naming the key.
pub(super) fn with_key<T: DeserializeOwned>(table: &toml::Table) -> Result<T, String> {
    let complaint_about =
        |table: &toml::Table| T::deserialize(table.clone()).err().map(|e| e.message().to_owned());
    T::deserialize(table.clone()).map_err(|error| {
        let complaint = error.message();
        match culprit(table, &|table| complaint_about(table).as_deref() != Some(complaint)) {
            Some(key) => format!("`{key}`: {complaint}"),
            None => complaint.to_owned(),
        }
    })
}

/// The key, dotted, without which the complaint about `table` changes; the innermost one.
fn culprit(table: &toml::Table, changes: &dyn Fn(&toml::Table) -> bool) -> Option<String> {
    let with = |key: &str, value: Option<toml::Value>| {
        let mut other = table.clone();
        match value {
            Some(value) => other.insert(key.to_owned(), value),
            None => other.remove(key),
        };
        other
    };
    let key = table.keys().find(|key| *key != "kind" && changes(&with(key, None)))?;
    let inner = table[key]
        .as_table()
        .and_then(|inner| culprit(inner, &|inner| changes(&with(key, Some(inner.clone().into())))));
    Some(inner.map_or_else(|| key.clone(), |inner| format!("{key}.{inner}")))
}

impl<'de> Deserialize<'de> for GraphConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let kind = table.get("kind").and_then(toml::Value::as_str);
        if matches!(kind, Some("population" | "grown" | "file")) {
            return GivenGraph::deserialize(table).map(Self::Given).map_err(D::Error::custom);
        }
        GraphModel::deserialize(table).map(Self::Generated).map_err(|error| {
            let also = if error.message().starts_with("unknown variant") {
                ", `population`, `grown` or `file`"
            } else {
                ""
            };
            D::Error::custom(format!("{}{also}", error.message()))
        })
    }
}
