//! OASIS's population of Reddit: a JSON array of objects.
//!
//! `username` and `persona` are required; `realname`, `bio` and `interested_topics` are read where present. A text may
//! be written as a number, and `null` is an empty one. The format has no place for follows or hourly frequencies.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Account, PopulationFile, no_such_label};
use crate::csv_file::quoted;
use crate::loading::Counted;
use crate::{DataError, input};

/// Reads OASIS's population JSON of Reddit, account by account. `label_field` may be any field that holds a text,
/// number or truth value.
///
/// # Errors
/// When the file cannot be read, is no JSON array of objects or is cut short, an account lacks a required field, a
/// field has the wrong type, no account has the label field, or there is no account.
pub fn read_oasis_reddit(path: &Path, label_field: Option<&str>) -> Result<PopulationFile, DataError> {
    let mut json = serde_json::Deserializer::from_reader(input::open(path)?);
    let counted = Counted::new(path, "accounts");
    let mut users = Users { label: label_field, fields: BTreeSet::new(), accounts: Vec::new(), counted };
    (&mut json)
        .deserialize_seq(&mut users)
        .and_then(|()| json.end())
        .map_err(|error| DataError::of_json(path, error))?;
    let Users { fields, accounts, .. } = users;
    if let Some(label) = label_field.filter(|label| !accounts.is_empty() && !fields.contains(*label)) {
        return Err(no_such_label(path, label, &quoted(&Vec::from_iter(fields))));
    }
    PopulationFile::complete(path, accounts, None, Vec::new())
}

/// The array of users, as far as it has been read.
struct Users<'l> {
    counted: Counted<'l>,
    label: Option<&'l str>,
    /// The names of all fields met.
    fields: BTreeSet<String>,
    accounts: Vec<Account>,
}

impl<'de> Visitor<'de> for &mut Users<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut users: A) -> Result<(), A::Error> {
        while let Some(account) = users.next_element_seed(User(self))? {
            self.accounts.push(account);
            self.counted.add();
        }
        Ok(())
    }
}

/// The next object of the array.
struct User<'u, 'l>(&'u mut Users<'l>);

impl<'de> DeserializeSeed<'de> for User<'_, '_> {
    type Value = Account;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Account, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for User<'_, '_> {
    type Value = Account;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Account, A::Error> {
        let Users { label, fields, accounts, counted: _ } = self.0;
        let mut account = Account::default();
        let (mut user_name, mut persona) = (None, None);
        while let Some(field) = map.next_key::<String>()? {
            let is_label = *label == Some(field.as_str());
            match field.as_str() {
                "interested_topics" if !is_label => account.interests = map.next_value()?,
                "username" | "persona" | "realname" | "bio" => {
                    let text = map.next_value_seed(Scalar { field: &field })?;
                    if is_label {
                        account.label.clone_from(&text);
                    }
                    let text = text.unwrap_or_default();
                    match field.as_str() {
                        "username" => user_name = Some(text),
                        "persona" => persona = Some(text),
                        "realname" => account.name = text,
                        _ => account.bio = text,
                    }
                }
                _ if is_label => account.label = map.next_value_seed(Scalar { field: &field })?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if !fields.contains(&field) {
                fields.insert(field);
            }
        }
        let missing = |field| A::Error::custom(format!("agent {} has no `{field}`", accounts.len()));
        account.user_name = user_name.ok_or_else(|| missing("username"))?;
        account.persona = persona.ok_or_else(|| missing("persona"))?;
        if account.name.is_empty() {
            account.name.clone_from(&account.user_name);
        }
        Ok(account)
    }
}

/// A text, or a number or truth value written as one; `None` for `null`.
struct Scalar<'f> {
    field: &'f str,
}

impl<'de> DeserializeSeed<'de> for Scalar<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text or number for `{}`", self.field)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(truth.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
