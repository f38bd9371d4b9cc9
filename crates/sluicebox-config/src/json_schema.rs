use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::pointer;
use crate::sections::Config;

/// The JSON Schema (draft 2020-12) of the config file: what editors complete and check by, and
/// what [`crate::load`] checks by first. Keywords with `x-` are this crate's own: `x-expected`
/// (for messages), `x-minimum` and `x-maximum` (of durations and sizes), `x-unsupported` (known
/// words that this build has nothing for).
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    simplify(&mut schema);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), json!("Sluicebox pipeline"));
    }
    schema
}

/// Keywords whose members are named by people: a property may well be called `default`.
const NAMES: [&str; 2] = ["properties", "$defs"];

/// Takes out what says nothing to people: an absent key is how an option is not used, so null is
/// no value of its own; and defaults of whole sections are the sum of those of their keys.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(simplify),
        Value::Object(keywords) => {
            drop_null(keywords);
            let section = |default: &Value| match default {
                Value::Null | Value::Object(_) => true,
                Value::Array(elements) => elements.is_empty(),
                _ => false,
            };
            if keywords.get("default").is_some_and(section) {
                keywords.shift_remove("default");
            }
            for (keyword, value) in keywords {
                match value {
                    Value::Object(named) if NAMES.contains(&keyword.as_str()) => {
                        named.values_mut().for_each(simplify);
                    }
                    value => simplify(value),
                }
            }
        }
        _ => {}
    }
}

fn drop_null(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keywords.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = keywords.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(branches)) = keywords.get_mut("anyOf") {
        branches.retain(|branch| *branch != json!({ "type": "null" }));
        if let [Value::Object(only)] = branches.as_mut_slice() {
            let only = std::mem::take(only);
            keywords.shift_remove("anyOf");
            for (keyword, value) in only {
                keywords.entry(keyword).or_insert(value);
            }
        }
    }
}

/// The pointers of everything in a schema that is of the type [`crate::Secret`]; `*` stands for any
/// member of a list.
pub(crate) fn secret_places(schema: &Value) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    add_secret_places(schema, schema, "", &mut Vec::new(), &mut places);
    places
}

/// `open` are the definitions that this one is inside of: columns have columns.
fn add_secret_places<'a>(
    root: &'a Value,
    schema: &'a Value,
    at: &str,
    open: &mut Vec<&'a str>,
    places: &mut BTreeSet<String>,
) {
    if schema.get("writeOnly").is_some_and(|it| it == true) {
        places.insert(at.to_owned());
        return;
    }
    let definition = schema.get("$ref").and_then(Value::as_str);
    if let Some(name) = definition.filter(|name| !open.contains(name)) {
        let definition = root.pointer(name.trim_start_matches('#'));
        open.push(name);
        add_secret_places(root, definition.unwrap_or(&Value::Null), at, open, places);
        open.pop();
    }
    let branches = ["anyOf", "oneOf"].map(|keyword| schema.get(keyword).and_then(Value::as_array));
    for branch in branches.into_iter().flatten().flatten() {
        add_secret_places(root, branch, at, open, places);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        add_secret_places(root, property, &pointer::child(at, name), open, places);
    }
    if let Some(items) = schema.get("items") {
        add_secret_places(root, items, &pointer::child(at, "*"), open, places);
    }
}
