//! Random JSON schemas, and a plain checker of values against them.

use murmur_core::Stream;
use serde_json::{Map, Value, json};

/// A random schema that something satisfies, with the subschemas that it may refer to under `$defs`.
pub(crate) fn random_schema(draws: &mut Stream) -> Value {
    let mut schema = object(draws, 3);
    let leaf = schema_of(draws, 0);
    schema["$defs"] = json!({
        "leaf": leaf,
        "tree": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "maxLength": 9 },
                "left": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/tree" }] },
                "rest": { "type": "array", "items": { "$ref": "#/$defs/tree" } }
            },
            "required": ["name", "left", "rest"],
            "additionalProperties": false
        }
    });
    schema
}

fn schema_of(draws: &mut Stream, depth: u32) -> Value {
    let nested = if depth == 0 { 0 } else { 6 };
    match draws.below(10 + nested) {
        0 => json!({ "type": "boolean" }),
        1 => json!({ "enum": ["like", "repost", null, 3] }),
        2 => json!({ "const": { "a": [1] } }),
        3 => json!({ "type": ["string", "null"], "minLength": draws.below(30) }),
        4 => {
            let least = draws.below(40);
            json!({ "type": "string", "minLength": least, "maxLength": least + draws.below(3) })
        }
        5 => {
            let least = i64::from(draws.below(100)) - 50;
            json!({ "type": "integer", "minimum": least, "maximum": least + i64::from(draws.below(4)) })
        }
        6 => json!({ "type": "integer", "exclusiveMinimum": 2.5, "exclusiveMaximum": 30, "multipleOf": 7 }),
        7 => json!({ "type": "integer", "maximum": i64::from(draws.below(9)) - 4 }),
        8 => {
            let least = draws.normal();
            json!({ "type": "number", "minimum": least, "exclusiveMaximum": least + draws.uniform() + 0.001 })
        }
        9 => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
        10 | 11 => object(draws, depth - 1),
        12 => {
            let least = draws.below(4);
            json!({
                "type": "array", "items": schema_of(draws, depth - 1),
                "minItems": least, "maxItems": least + draws.below(3)
            })
        }
        13 => json!({
            "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 5 },
            "uniqueItems": true, "minItems": 3
        }),
        14 => json!({ "oneOf": [schema_of(draws, depth - 1), { "type": "boolean" }], "description": "one" }),
        _ => {
            let refers = ["#/$defs/leaf", "#/$defs/tree"][draws.below(2) as usize];
            json!({ "allOf": [{ "$ref": refers }], "title": "referred" })
        }
    }
}

fn object(draws: &mut Stream, depth: u32) -> Value {
    let names = ["post", "text", "why", "count"];
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in &names[..1 + draws.below(4) as usize] {
        properties.insert((*name).to_owned(), schema_of(draws, depth));
        if draws.below(2) == 0 {
            required.push(*name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Whether `value` is valid under `schema`, a part of `root`, by the keywords that [`random_schema`] uses.
pub(crate) fn is_valid(value: &Value, schema: &Value, root: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema == &Value::Bool(true) };
    schema.iter().all(|(keyword, rule)| keeps(value, keyword, rule, schema, root))
}

fn keeps(value: &Value, keyword: &str, rule: &Value, schema: &Map<String, Value>, root: &Value) -> bool {
    let is = |schema: &Value| is_valid(value, schema, root);
    let number = value.as_f64();
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let items = value.as_array();
    match keyword {
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is_of_kind(value, kind.as_str().unwrap())),
            kind => is_of_kind(value, kind.as_str().unwrap()),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "minimum" => number.is_none_or(|x| x >= rule.as_f64().unwrap()),
        "maximum" => number.is_none_or(|x| x <= rule.as_f64().unwrap()),
        "exclusiveMinimum" => number.is_none_or(|x| x > rule.as_f64().unwrap()),
        "exclusiveMaximum" => number.is_none_or(|x| x < rule.as_f64().unwrap()),
        "multipleOf" => number.is_none_or(|x| x % rule.as_f64().unwrap() == 0.0),
        "minLength" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
        "maxLength" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
        "minItems" => items.is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => items.is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "items" => items.is_none_or(|items| items.iter().all(|item| is_valid(item, rule, root))),
        "uniqueItems" => items.is_none_or(|items| (1..items.len()).all(|i| !items[..i].contains(&items[i]))),
        "required" => value.as_object().is_none_or(|object| {
            rule.as_array().unwrap().iter().all(|n| object.contains_key(n.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            let known = |(name, value): (&String, &Value)| {
                rule.get(name).is_none_or(|property| is_valid(value, property, root))
            };
            object.iter().all(known)
        }),
        "additionalProperties" => value
            .as_object()
            .is_none_or(|object| object.keys().all(|name| schema["properties"].get(name).is_some())),
        "anyOf" | "oneOf" => rule.as_array().unwrap().iter().any(is),
        "allOf" => rule.as_array().unwrap().iter().all(is),
        "$ref" => is(root.pointer(&rule.as_str().unwrap()[1..]).unwrap()),
        "$defs" | "title" | "description" => true,
        _ => panic!("the checker does not know {keyword}"),
    }
}

fn is_of_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("there is no type {kind}"),
    }
}
