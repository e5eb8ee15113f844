//! The reference page of all configuration keys, generated from the JSON schema of [`Config`].
//!
//! Every table of the file becomes a section with a row for each key. A table whose keys depend on its `kind` gets a
//! section for each kind, and neighbouring tables of one type share a section with a column of defaults for each.

use std::cell::RefCell;

use serde_json::Value;

use murmur_recsys::{FeedConfig, Preset};

use super::{ClassicConfig, Config};

const INTRODUCTION: &str = "# Configuration

<!-- Generated: `murmur keys > docs/configuration.md` -->

A run is described by one TOML file; `configs/` has ready-made ones. A key that is left out has its default, one that is
not listed here is refused. `murmur run FILE --set section.key=value` changes a key for a single run; of a list of tables,
`[[…]]`, the one with that name: `--set model.NAME.key=value`. `--set section.kind=…` with another kind empties the section first, and so does
`--set feed.preset=…`. Paths in the file are relative to its folder, paths given with `--set` to the working directory.

Sections and keys are in alphabetical order.
";

/// The page, in Markdown.
pub fn markdown() -> String {
    let schema = schemars::schema_for!(Config).to_value();
    let defaults = serde_json::to_value(Config::default()).expect("a configuration has a JSON form");
    let reference = Reference { definitions: &schema["$defs"], defaults, described: RefCell::default() };
    let mut page = INTRODUCTION.to_owned();
    reference.add_tables(&mut page, 2, "", &schema);
    page += PRESETS;
    for preset in Preset::ALL {
        let feed = toml::Table::try_from(FeedConfig::spelled_out(preset)).expect("a feed has a TOML form");
        page += &format!("\n### `{}`\n\n```toml\n", preset.name());
        add_feed(&mut page, &feed);
        page += "```\n";
    }
    page += CLASSICAL;
    let schema = schemars::schema_for!(ClassicConfig).to_value();
    let mut defaults = serde_json::to_value(classic_defaults()).expect("a configuration has a JSON form");
    defaults["model"].take();
    Reference { definitions: &schema["$defs"], defaults, described: RefCell::default() }
        .add_tables(&mut page, 3, "", &schema);
    page
}

/// Defaults of all but the model, which has none.
fn classic_defaults() -> ClassicConfig {
    toml::from_str("[model]\nkind = \"voter\"").expect("the model is all that has to be given")
}

/// A feed as somebody would write it: stages in braces, one a line.
fn add_feed(page: &mut String, feed: &toml::Table) {
    let list = |page: &mut String, key: &str, stages: &toml::Value| {
        *page += &format!("{key} = [\n");
        for stage in stages.as_array().into_iter().flatten() {
            *page += &format!("    {stage},\n");
        }
        *page += "]\n";
    };
    *page += &format!("[feed]\nmax_age = {}\n", feed["max_age"]);
    list(page, "filter", &feed["filter"]);
    for pipeline in feed["pipeline"].as_array().into_iter().flatten() {
        *page += &format!("\n[[feed.pipeline]]\nslots = {}\n", pipeline["slots"]);
        list(page, "source", &pipeline["source"]);
        list(page, "scorer", &pipeline["scorer"]);
        *page += &format!("selector = {}\n", pipeline["selector"]);
    }
}

const PRESETS: &str = "
## Presets of `[feed]`

What `feed.preset` stands for. A list given in a configuration takes the place of the preset's list of that name.
";

const CLASSICAL: &str = "
## Classical models

The keys of `murmur classic FILE`, which runs a model without a platform ([models.md](models.md)); `configs/classic/` has
ready-made files. They are a file of their own: none of the keys above belongs in it. `--set` works as above.
";

/// What the sections are made from.
struct Reference<'a> {
    definitions: &'a Value,
    defaults: Value,
    /// The types that have a section already, by where they are defined, with what the section is called.
    described: RefCell<Vec<(*const Value, String)>>,
}

/// A key whose value is a table, or a list of tables.
struct Table<'a> {
    path: String,
    is_list: bool,
    description: String,
    schema: &'a Value,
}

impl<'a> Reference<'a> {
    /// A section for each table among the keys of `object`, which is at `path`.
    fn add_tables(&self, page: &mut String, depth: usize, path: &str, object: &'a Value) {
        let tables: Vec<Table<'a>> =
            properties(object).filter_map(|(key, schema)| self.table(&join(path, key), schema)).collect();
        for alike in tables.chunk_by(|a, b| std::ptr::eq(a.schema, b.schema)) {
            self.add_section(page, depth, alike);
        }
    }

    fn table(&self, path: &str, schema: &'a Value) -> Option<Table<'a>> {
        let is_list = schema["items"].is_object();
        let inner = self.resolve(if is_list { &schema["items"] } else { schema });
        let is_table = inner["properties"].is_object() || !self.kinds(inner).is_empty();
        let (of_key, of_type) = (description(schema), description(inner));
        is_table.then(|| Table {
            path: path.to_owned(),
            is_list,
            description: match of_type.starts_with(&of_key) {
                true => of_type,
                false => format!("{of_key}\n\n{of_type}"),
            },
            schema: inner,
        })
    }

    /// The section of tables of one type.
    fn add_section(&self, page: &mut String, depth: usize, tables: &[Table<'a>]) {
        let names: Vec<String> = tables.iter().map(name_of).collect();
        add_heading(page, depth, &names.join(", "));
        let first = &tables[0];
        // What was said of the keys one by one does not hold for all.
        let said = if tables.len() == 1 { first.description.clone() } else { description(first.schema) };
        *page += &format!("\n{said}\n");
        if let Some(earlier) = self.described_as(first) {
            *page += &format!("\nIts keys are those of {earlier}.\n");
            return;
        }
        let paths: Vec<&str> = tables.iter().map(|table| table.path.as_str()).collect();
        let kinds = self.kinds(first.schema);
        // Where there are kinds, the keys that all of them have.
        self.add_object(page, depth, &paths, first.schema);
        let default_kind = self.default_at(first.path.as_str(), "kind");
        for kind in kinds {
            let value = &kind["properties"]["kind"]["const"];
            let mark = if default_kind == Some(value) { ", the default" } else { "" };
            add_heading(page, depth + 1, &format!("{} of kind `{value}`{mark}", name_of(first)));
            *page += &format!("\n{}\n", description(kind));
            self.add_object(page, depth + 1, &paths, kind);
        }
    }

    /// What the section is called in which the type of `table` is described already; if there is none, its own will be.
    fn described_as(&self, table: &Table<'_>) -> Option<String> {
        let mut described = self.described.borrow_mut();
        let earlier = described.iter().find(|(of_type, _)| std::ptr::eq(*of_type, table.schema));
        let earlier = earlier.map(|(_, name)| name.clone());
        if earlier.is_none() {
            described.push((table.schema, name_of(table)));
        }
        earlier
    }

    /// The rows of the keys of `object`, which is at all of `paths`, then sections for the tables among them.
    fn add_object(&self, page: &mut String, depth: usize, paths: &[&str], object: &'a Value) {
        let rows: String = properties(object)
            .filter(|(_, schema)| schema.get("const").is_none() && self.table("", schema).is_none())
            .map(|(key, schema)| self.row(paths, object, key, schema))
            .collect();
        if !rows.is_empty() {
            let columns: String = match paths {
                [_] => "default | ".to_owned(),
                _ => paths.iter().map(|path| format!("`{}` | ", last_part(path))).collect(),
            };
            let rule = "---|".repeat(paths.len() + 3);
            *page += &format!("\n| key | type | {columns}meaning |\n|{rule}\n{rows}");
        }
        self.add_tables(page, depth + 1, paths[0], object);
    }

    fn row(&self, paths: &[&str], object: &Value, key: &str, schema: &Value) -> String {
        let required = object["required"].as_array().is_some_and(|keys| keys.iter().any(|name| name == key));
        let default = |path: &&str| match schema.get("default").or_else(|| self.default_at(path, key)) {
            _ if required => "required".to_owned(),
            Some(value) if !value.is_null() => format!("`{}`", literal(schema, value)),
            _ => "–".to_owned(),
        };
        let defaults: Vec<String> = paths.iter().map(default).collect();
        let choices = self.choices(schema);
        let meaning = format!("{}{choices}", description(schema)).replace('\n', " ").replace('|', "\\|");
        format!("| `{key}` | {} | {} | {meaning} |\n", self.type_name(schema), defaults.join(" | "))
    }

    /// The value of `key` in the default configuration's table at `path`, if it has one.
    fn default_at(&self, path: &str, key: &str) -> Option<&Value> {
        path.split('.').chain([key]).try_fold(&self.defaults, |table, part| table.get(part))
    }

    fn type_name(&self, schema: &Value) -> String {
        let inner = self.resolve(schema);
        // A key that may be left out allows `null` besides; a choice of texts has no type of its own.
        let name = inner["type"].as_str().or(inner["type"][0].as_str()).unwrap_or("string");
        let range = match (inner.get("minimum"), inner.get("maximum")) {
            (Some(least), Some(most)) => format!(", {least} to {most}"),
            _ => String::new(),
        };
        match name {
            "integer" => format!("whole number{range}"),
            "string" => "text".to_owned(),
            "array" => format!("list of {}s", self.type_name(&inner["items"])),
            other => format!("{other}{range}"),
        }
    }

    /// The texts that a key is restricted to, with what each means; empty where it is not.
    fn choices(&self, schema: &Value) -> String {
        let options = self.resolve(schema)["oneOf"].as_array();
        let choice = |option: &Value| format!(" `{}`: {}", option["const"], description(option));
        options.into_iter().flatten().map(choice).collect()
    }

    /// The tables that a tagged enum allows, one for each kind.
    fn kinds(&self, schema: &'a Value) -> Vec<&'a Value> {
        let options = ["oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
        let kinds = options.flat_map(|option| match option["properties"]["kind"].is_object() {
            true => vec![option],
            false => self.kinds(self.resolve(option)),
        });
        kinds.collect()
    }

    /// The definition that `schema` refers to, or itself.
    fn resolve<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        // A table that may be left out allows `null` besides.
        let schema = match schema["anyOf"].as_array().map(Vec::as_slice) {
            Some([table, null]) if null["type"] == "null" => table,
            _ => schema,
        };
        match schema["$ref"].as_str() {
            Some(reference) => &self.definitions[last_part(reference)],
            None => schema,
        }
    }
}

/// What the section of a table is called.
fn name_of(table: &Table<'_>) -> String {
    match table.is_list {
        true => format!("`[[{}]]`", table.path),
        false => format!("`[{}]`", table.path),
    }
}

/// The keys of `object` with their schemas.
fn properties(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object["properties"].as_object().into_iter().flatten().map(|(key, schema)| (key.as_str(), schema))
}

/// The description of `schema`, each paragraph in one line.
fn description(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}

/// `value` as a TOML file has it.
fn literal(schema: &Value, value: &Value) -> String {
    match value.as_f64() {
        // A 32-bit number is shown with the digits that it was written with.
        Some(number) if schema["format"] == "float" => (number as f32).to_string(),
        _ => value.to_string(),
    }
}

fn add_heading(page: &mut String, depth: usize, text: &str) {
    *page += &format!("\n{} {text}\n", "#".repeat(depth));
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What follows the last dot of a path or the last slash of a reference.
fn last_part(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str) -> String {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");
        std::fs::read_to_string(format!("{docs}{name}")).unwrap()
    }

    #[test]
    fn the_page_in_docs_is_the_one_generated() {
        assert!(
            page("configuration.md") == markdown(),
            "docs/configuration.md is out of date; renew it with: murmur keys > docs/configuration.md"
        );
    }

    /// Every key of `table` has a row, or a heading if it is a table itself.
    fn check_listed(page: &str, path: &str, table: &Value) {
        for (key, value) in table.as_object().unwrap() {
            let path = join(path, key);
            let listed = match value {
                Value::Object(_) => format!("`[{path}]`"),
                Value::Array(entries) if entries.is_empty() => format!("`[[{path}]]`"),
                _ if key == "kind" => format!("of kind `{value}`, the default\n"),
                _ => format!("\n| `{key}` | "),
            };
            assert!(page.contains(&listed), "{path}: expected {listed:?} on the page");
            if value.is_object() {
                check_listed(page, &path, value);
            }
        }
    }

    #[test]
    fn every_key_of_the_default_configuration_is_listed() {
        check_listed(&markdown(), "", &serde_json::to_value(Config::default()).unwrap());
    }

    #[test]
    fn the_coefficients_in_the_models_description_are_the_defaults() {
        let description = page("model.md");
        let defaults = serde_json::to_value(Config::default()).unwrap();
        let is_utility = |(_, value): &(&String, &Value)| value.is_object();
        for (section, utility) in defaults["behaviour"].as_object().unwrap().iter().filter(is_utility) {
            let names = [
                "constant",
                "interest",
                "agreement",
                "social_proof",
                "popularity",
                "age",
                "follows",
                "fatigue",
                "arousal",
                "valence",
                "belief",
                "flagged",
                "friction",
                "score",
            ];
            let cells: String = names.map(|name| format!(" {} |", utility[name].as_f64().unwrap())).concat();
            let row = format!("\n| {section} |{cells}\n");
            assert!(description.contains(&row), "docs/model.md: expected the row {row}");
        }
    }
}
