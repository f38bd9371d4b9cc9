use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Map, Value, json};

use crate::event::{DATA_MEDIA_TYPE, EventType, SPEC_VERSION, Structured};
use crate::files_committed::FilesCommitted;
use crate::sealed::Sealed;

/// The JSON Schema (draft 2020-12) of an event in structured mode.
#[must_use]
pub fn json_schema(event_type: EventType) -> Value {
    match event_type {
        EventType::FilesCommitted => structured::<FilesCommitted>(event_type),
        EventType::Sealed => structured::<Sealed>(event_type),
    }
}

/// One JSON Schema for an event of any type in structured mode.
#[must_use]
pub fn json_schema_of_all() -> Value {
    let mut definitions = Map::new();
    let mut types = Vec::new();
    for event_type in EventType::ALL {
        let mut schema = json_schema(event_type);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
            // What both types use is defined alike.
            if let Some(Value::Object(own)) = schema.remove("$defs") {
                definitions.extend(own);
            }
        }
        types.push(schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events of Sluicebox",
        "oneOf": types,
        "$defs": definitions,
    })
}

fn structured<D: JsonSchema>(event_type: EventType) -> Value {
    let mut schema = schema_for!(Structured<'_, D>);
    schema.insert("title".to_owned(), event_type.as_str().into());
    restrict(&mut schema, "specversion", json!({"const": SPEC_VERSION}));
    restrict(&mut schema, "type", json!({"const": event_type.as_str()}));
    restrict(
        &mut schema,
        "datacontenttype",
        json!({"const": DATA_MEDIA_TYPE}),
    );
    restrict(&mut schema, "id", json!({"format": "uuid"}));
    restrict(
        &mut schema,
        "source",
        json!({"format": "uri-reference", "minLength": 1}),
    );
    restrict(&mut schema, "time", json!({"format": "date-time"}));
    restrict(&mut schema, "sequence", json!({"pattern": "^[0-9]{20}$"}));
    schema.to_value()
}

/// Adds what the types cannot say.
fn restrict(schema: &mut Schema, property: &str, restriction: Value) {
    let pointer = format!("/properties/{property}");
    let property = schema.pointer_mut(&pointer).and_then(Value::as_object_mut);
    if let (Some(property), Value::Object(restriction)) = (property, restriction) {
        property.extend(restriction);
    }
}
