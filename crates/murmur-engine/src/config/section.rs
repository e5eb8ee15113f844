//! Sections whose keys depend on their `kind`, with errors that name the key.
//!
//! A tagged enum is read into a buffer before its variant is known, so serde's own errors name only the section. Here
//! the key to blame is found again: the one without which the complaint changes.

use murmur_graph::GraphModel;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::{GivenGraph, GraphConfig};

/// Reads a section so that an error about one of its keys names the key.
pub(super) fn named<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let table = toml::Table::deserialize(deserializer)?;
    let read =
        |table: &toml::Table| T::deserialize(table.clone()).map_err(|error| error.message().to_owned());
    read(&table).map_err(|complaint| {
        let culprit = table.keys().find(|key| {
            let mut rest = table.clone();
            rest.remove(*key);
            *key != "kind" && read(&rest).err().as_ref() != Some(&complaint)
        });
        match culprit {
            Some(key) => D::Error::custom(format!("`{key}`: {complaint}")),
            None => D::Error::custom(complaint),
        }
    })
}

impl<'de> Deserialize<'de> for GraphConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let kind = table.get("kind").and_then(toml::Value::as_str);
        if matches!(kind, Some("population" | "file")) {
            return GivenGraph::deserialize(table).map(Self::Given).map_err(D::Error::custom);
        }
        GraphModel::deserialize(table).map(Self::Generated).map_err(|error| {
            let also =
                if error.message().starts_with("unknown variant") { ", `population` or `file`" } else { "" };
            D::Error::custom(format!("{}{also}", error.message()))
        })
    }
}
