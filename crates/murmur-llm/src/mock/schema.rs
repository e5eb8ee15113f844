//! Values that are valid under a JSON schema.
//!
//! Understood: `type` (one or several), `enum`, `const`, bounds and `multipleOf` of numbers, lengths of strings,
//! `items`, `prefixItems`, `minItems`, `maxItems`, `uniqueItems`, `properties`, `required`, `$ref` within the schema,
//! `allOf`, `anyOf`, `oneOf` (of which one is chosen; that no other fits is not checked). `format`,
//! `additionalProperties` and annotations are passed over. Keywords that say more, such as `pattern`, are an error, so
//! that no reply is taken for valid that may not be.

use std::borrow::Cow;

use murmur_core::Stream;
use serde_json::{Map, Number, Value, json};

use super::draws::pick;
use super::words::Words;

/// From this nesting on values are as small as may be, so that recursive schemas come to an end.
const DEEP: usize = 5;
/// Deepest nesting.
const DEEPEST: usize = 24;
/// Most values within a value.
const MOST_VALUES: usize = 20_000;
/// Longest string that a schema may ask for, in characters.
const LONGEST_STRING: u64 = 65_536;
/// Most items that a schema may ask for.
const MOST_ITEMS: u64 = 4_096;
/// How often another item is tried when items must differ.
const TRIES: usize = 50;

/// Keywords that join other schemas to the one they stand in.
const JOINING: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

const UNSUPPORTED: [&str; 17] = [
    "not",
    "if",
    "then",
    "else",
    "pattern",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$dynamicRef",
    "additionalItems",
];

/// A value that a schema allows, or one that it does not.
pub(crate) struct Filled {
    pub(crate) value: Value,
    /// Whether it holds an integer to which the schema gives a maximum.
    pub(crate) has_bounded_integers: bool,
}

/// A value that is valid under `schema`; with `out_of_range`, but for integers, which are above their maximum.
///
/// # Errors
/// When the schema allows nothing, or says what is not understood: the reason, with the place.
pub(crate) fn fill(
    schema: &Value,
    words: Words<'_>,
    draws: &mut Stream,
    out_of_range: bool,
) -> Result<Filled, String> {
    let mut filler =
        Filler { root: schema, words, draws, out_of_range, has_bounded_integers: false, values: 0 };
    let value = filler.value(schema, 0).map_err(|fault| format!("schema{fault}"))?;
    Ok(Filled { value, has_bounded_integers: filler.has_bounded_integers })
}

struct Filler<'a> {
    root: &'a Value,
    words: Words<'a>,
    draws: &'a mut Stream,
    out_of_range: bool,
    has_bounded_integers: bool,
    values: usize,
}

/// A place within the schema, as a pointer, and what is wrong there.
type Fault = String;

impl Filler<'_> {
    fn value(&mut self, schema: &Value, depth: usize) -> Result<Value, Fault> {
        self.values += 1;
        if depth > DEEPEST || self.values > MOST_VALUES {
            return Err(": it has no end".to_owned());
        }
        let schema = match schema {
            Value::Bool(true) => return Ok(self.words.word(self.draws).into()),
            Value::Bool(false) => return Err(": nothing is valid under `false`".to_owned()),
            Value::Object(schema) => self.plain(schema, depth)?,
            _ => return Err(": expected an object".to_owned()),
        };
        if let Some(keyword) = UNSUPPORTED.iter().find(|&&keyword| schema.contains_key(keyword)) {
            return Err(format!("/{keyword}: the mock model does not understand this keyword"));
        }
        if let Some(value) = schema.get("const") {
            return Ok(value.clone());
        }
        if let Some(values) = schema.get("enum") {
            return self.choice(values);
        }
        match self.kind(&schema, depth)? {
            "null" => Ok(Value::Null),
            "boolean" => Ok((self.draws.below(2) == 0).into()),
            "integer" => self.integer(&schema),
            "number" => self.number(&schema),
            "string" => self.string(&schema),
            "array" => self.array(&schema, depth),
            "object" => self.object(&schema, depth),
            other => Err(format!("/type: there is no type {other:?}")),
        }
    }

    /// `schema` without `$ref`, `allOf`, `anyOf` and `oneOf`.
    fn plain<'s>(
        &mut self,
        schema: &'s Map<String, Value>,
        depth: usize,
    ) -> Result<Cow<'s, Map<String, Value>>, Fault> {
        let mut plain = Cow::Borrowed(schema);
        for _ in 0..DEEPEST {
            if !JOINING.iter().any(|&keyword| plain.contains_key(keyword)) {
                return Ok(plain);
            }
            let joined = plain.to_mut();
            for part in self.parts(joined, depth)? {
                match part {
                    Value::Object(part) => merge(joined, part)?,
                    Value::Bool(true) => {}
                    _ => return Err(": nothing is valid under one of its parts".to_owned()),
                }
            }
        }
        Err("/$ref: it has no end".to_owned())
    }

    /// Takes what `schema` joins to itself out of it.
    fn parts(&mut self, schema: &mut Map<String, Value>, depth: usize) -> Result<Vec<Value>, Fault> {
        let mut parts = Vec::new();
        if let Some(target) = schema.remove("$ref") {
            parts.push(self.referred(&target)?);
        }
        if let Some(all) = schema.remove("allOf") {
            parts.extend(all.as_array().ok_or("/allOf: expected a list")?.iter().cloned());
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(alternatives) = schema.remove(keyword) {
                let one = self.alternative(&alternatives, depth);
                parts.push(one.map_err(|fault| format!("/{keyword}{fault}"))?);
            }
        }
        Ok(parts)
    }

    fn referred(&self, target: &Value) -> Result<Value, Fault> {
        let pointer = target.as_str().and_then(|target| target.strip_prefix('#'));
        let found = pointer.and_then(|pointer| self.root.pointer(pointer));
        found.cloned().ok_or_else(|| format!("/$ref: {target} is not in the schema"))
    }

    /// One of several schemas; deep down one that does not lead deeper, if there is one.
    fn alternative(&mut self, alternatives: &Value, depth: usize) -> Result<Value, Fault> {
        let alternatives = alternatives.as_array().ok_or(": expected a list")?;
        let is_leaf = |schema: &&Value| {
            let leading = JOINING.iter().chain(&["properties", "items"]);
            !leading.into_iter().any(|&keyword| schema.get(keyword).is_some())
        };
        let leaf = (depth >= DEEP).then(|| alternatives.iter().find(is_leaf)).flatten();
        leaf.or_else(|| pick(alternatives, self.draws)).cloned().ok_or_else(|| ": it is empty".to_owned())
    }

    fn choice(&mut self, values: &Value) -> Result<Value, Fault> {
        let values = values.as_array().ok_or("/enum: expected a list")?;
        let value = pick(values, self.draws).ok_or("/enum: it is empty")?;
        let greatest = values.iter().map(Value::as_i64).collect::<Option<Vec<_>>>();
        Ok(match greatest.and_then(|values| values.into_iter().max()) {
            Some(greatest) => self.or_above(value.clone(), Some(greatest)),
            None => value.clone(),
        })
    }

    /// The type of the value to be, which a schema may state, give several of, or leave to its other keywords.
    fn kind<'s>(&mut self, schema: &'s Map<String, Value>, depth: usize) -> Result<&'s str, Fault> {
        let is_leaf = |kind: &&Value| *kind != "object" && *kind != "array";
        let stated = match schema.get("type") {
            Some(Value::Array(kinds)) => (depth >= DEEP)
                .then(|| kinds.iter().find(is_leaf))
                .flatten()
                .or_else(|| pick(kinds, self.draws)),
            stated => stated,
        };
        if let Some(stated) = stated {
            return stated.as_str().ok_or_else(|| "/type: expected a name".to_owned());
        }
        let implied = [
            ("properties", "object"),
            ("required", "object"),
            ("items", "array"),
            ("prefixItems", "array"),
            ("minItems", "array"),
            ("minimum", "number"),
            ("maximum", "number"),
        ];
        let implied = implied.into_iter().find(|&(keyword, _)| schema.contains_key(keyword));
        Ok(implied.map_or("string", |(_, kind)| kind))
    }

    fn integer(&mut self, schema: &Map<String, Value>) -> Result<Value, Fault> {
        const SPAN: i64 = 100;
        let step = match schema.get("multipleOf").map(Value::as_f64) {
            None => 1,
            Some(Some(step)) if step >= 1.0 && step.fract() == 0.0 && step < 1e15 => step as i64,
            Some(_) => return Err("/multipleOf: expected a whole number of at least 1".to_owned()),
        };
        let least =
            bound(schema, "minimum", f64::ceil)?.max(bound(schema, "exclusiveMinimum", |x| x.floor() + 1.0)?);
        let most = smaller(
            bound(schema, "maximum", f64::floor)?,
            bound(schema, "exclusiveMaximum", |x| x.ceil() - 1.0)?,
        );
        let span = SPAN.saturating_mul(step);
        let low = least.unwrap_or_else(|| most.map_or(0, |most| most.saturating_sub(span).max(0).min(most)));
        let high = most.unwrap_or_else(|| low.saturating_add(span));
        let (low, high) = (low.div_euclid(step) + i64::from(low.rem_euclid(step) > 0), high.div_euclid(step));
        // A number that the prompt lists means more than any other.
        let high = self
            .words
            .listed()
            .filter(|&listed| step == 1 && listed >= low)
            .map_or(high, |listed| high.min(listed));
        if low > high {
            return Err(": no integer is within its bounds".to_owned());
        }
        let count = u32::try_from(high.abs_diff(low)).unwrap_or(u32::MAX).saturating_add(1);
        let value = (low + i64::from(self.draws.below(count))) * step;
        Ok(self.or_above(value.into(), most))
    }

    /// `value`, or an integer above `most` if that is wanted.
    fn or_above(&mut self, value: Value, most: Option<i64>) -> Value {
        let Some(most) = most else { return value };
        self.has_bounded_integers = true;
        if !self.out_of_range {
            return value;
        }
        most.saturating_add(1 + i64::from(self.draws.below(1000))).into()
    }

    fn number(&mut self, schema: &Map<String, Value>) -> Result<Value, Fault> {
        let get = |keyword: &str| real(schema, keyword);
        let (open_low, open_high) = (get("exclusiveMinimum")?, get("exclusiveMaximum")?);
        let low = get("minimum")?.into_iter().chain(open_low).reduce(f64::max);
        let high = get("maximum")?.into_iter().chain(open_high).reduce(f64::min);
        let low = low.unwrap_or_else(|| high.map_or(0.0, |high| (high - 100.0).max(0.0).min(high)));
        let high = high.unwrap_or(low + 100.0);
        let is_within = |x: f64| {
            x >= low
                && x <= high
                && open_low.is_none_or(|open| x > open)
                && open_high.is_none_or(|open| x < open)
        };
        let exact = low + self.draws.uniform() * (high - low);
        let rounded = (exact * 100.0).round() / 100.0;
        let candidates = match get("multipleOf")? {
            None => [rounded, exact, low + (high - low) / 2.0],
            Some(step) if step > 0.0 => {
                [(exact / step).round(), (exact / step).floor(), (exact / step).ceil()]
                    .map(|multiple| multiple * step)
            }
            Some(_) => return Err("/multipleOf: expected a number above 0".to_owned()),
        };
        let found = candidates.into_iter().find(|&x| is_within(x)).and_then(Number::from_f64);
        found.map(Value::Number).ok_or_else(|| ": no number is within its bounds".to_owned())
    }

    fn string(&mut self, schema: &Map<String, Value>) -> Result<Value, Fault> {
        let (least, most) = size(schema, "minLength", "maxLength", LONGEST_STRING)?;
        Ok(self.words.text(least, most.unwrap_or(usize::MAX), self.draws).into())
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: usize) -> Result<Value, Fault> {
        let (least, most) = size(schema, "minItems", "maxItems", MOST_ITEMS)?;
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let other = schema.get("items").unwrap_or(&Value::Bool(true));
        let usual = if depth >= DEEP { least } else { least.max(1) + self.draws.below(3) as usize };
        let closed = if other == &Value::Bool(false) { first.len() } else { usize::MAX };
        let count = usual.max(first.len()).min(most.unwrap_or(usize::MAX)).min(closed);
        if count < least {
            return Err("/minItems: there are fewer items than that".to_owned());
        }
        let must_differ = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let mut items: Vec<Value> = Vec::with_capacity(count);
        for place in 0..count {
            let (schema, name) = match first.get(place) {
                Some(schema) => (schema, "prefixItems"),
                None => (other, "items"),
            };
            let tries = if must_differ { TRIES } else { 1 };
            let mut found = None;
            for _ in 0..tries {
                let item = self.value(schema, depth + 1).map_err(|fault| format!("/{name}{fault}"))?;
                if !must_differ || !items.contains(&item) {
                    found = Some(item);
                    break;
                }
            }
            match found {
                Some(item) => items.push(item),
                None if items.len() >= least => break,
                None => return Err("/uniqueItems: there are not enough different items".to_owned()),
            }
        }
        Ok(items.into())
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Result<Value, Fault> {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required: Vec<&str> = match schema.get("required") {
            None => Vec::new(),
            Some(names) => names
                .as_array()
                .and_then(|names| names.iter().map(Value::as_str).collect())
                .ok_or("/required: expected a list of names")?,
        };
        let mut object = Map::new();
        for (name, property) in properties {
            if required.contains(&name.as_str()) || (depth < DEEP && self.draws.below(2) == 0) {
                let value =
                    self.value(property, depth + 1).map_err(|fault| format!("/properties/{name}{fault}"))?;
                object.insert(name.clone(), value);
            }
        }
        let other = schema.get("additionalProperties").unwrap_or(&Value::Bool(true));
        for name in required {
            if !object.contains_key(name) {
                let value =
                    self.value(other, depth + 1).map_err(|fault| format!("/required/{name}{fault}"))?;
                object.insert(name.to_owned(), value);
            }
        }
        Ok(object.into())
    }
}

/// Adds the keywords of `part` to `schema`: what is valid under the result is valid under both.
fn merge(schema: &mut Map<String, Value>, part: Map<String, Value>) -> Result<(), Fault> {
    for (keyword, value) in part {
        if schema.contains_key(&keyword) && JOINING.contains(&keyword.as_str()) {
            let all = schema.entry("allOf").or_insert_with(|| json!([]));
            all.as_array_mut().ok_or("/allOf: expected a list")?.push(json!({ keyword: value }));
            continue;
        }
        match (schema.get_mut(&keyword), value) {
            (None, value) => {
                schema.insert(keyword, value);
            }
            (Some(Value::Object(ours)), Value::Object(theirs)) if keyword == "properties" => {
                for (name, property) in theirs {
                    let both = match ours.remove(&name) {
                        Some(own) if own != property => json!({ "allOf": [own, property] }),
                        _ => property,
                    };
                    ours.insert(name, both);
                }
            }
            (Some(Value::Array(ours)), Value::Array(theirs)) if keyword == "required" => ours.extend(theirs),
            (Some(ours), theirs) if *ours == theirs || is_annotation(&keyword) => {}
            _ => return Err(format!("/{keyword}: the mock model cannot join two of this keyword")),
        }
    }
    Ok(())
}

fn is_annotation(keyword: &str) -> bool {
    [
        "title",
        "description",
        "default",
        "examples",
        "$comment",
        "$schema",
        "$id",
        "$defs",
        "definitions",
        "format",
    ]
    .contains(&keyword)
}

fn real(schema: &Map<String, Value>, keyword: &str) -> Result<Option<f64>, Fault> {
    let number = schema.get(keyword).map(|value| value.as_f64().ok_or(value)).transpose();
    number.map_err(|found| format!("/{keyword}: expected a number, found {found}"))
}

/// A bound of an integer, made whole by `round`.
fn bound(
    schema: &Map<String, Value>,
    keyword: &str,
    round: impl Fn(f64) -> f64,
) -> Result<Option<i64>, Fault> {
    Ok(real(schema, keyword)?.map(|bound| round(bound) as i64))
}

fn smaller(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

/// The bounds of a length, of which the lower one is at most `limit`.
fn size(
    schema: &Map<String, Value>,
    least: &str,
    most: &str,
    limit: u64,
) -> Result<(usize, Option<usize>), Fault> {
    let get = |keyword: &str| {
        let value = schema.get(keyword).map(|value| value.as_u64().ok_or(value)).transpose();
        value.map_err(|found| format!("/{keyword}: expected a whole number, found {found}"))
    };
    let (low, high) = (get(least)?.unwrap_or(0), get(most)?);
    if low > limit {
        return Err(format!("/{least}: the mock model goes to {limit}"));
    }
    if high.is_some_and(|high| high < low) {
        return Err(format!("/{most}: it is below {least}"));
    }
    Ok((low as usize, high.map(|high| usize::try_from(high).unwrap_or(usize::MAX))))
}
