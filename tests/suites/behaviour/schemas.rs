//! The schemas of the published document: named, and with examples that they describe.

use serde_json::Value;

const COMMITTED: &str = include_str!("../../../openapi.json");

fn document() -> Value {
    serde_json::from_str(COMMITTED).unwrap()
}

/// What is wrong with a value, by a schema. Knows what our schemas use, and complains of anything else.
fn flaws(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).expect(reference);
        return flaws(document, schema, value, place);
    }
    let wrong = |what: &str| vec![format!("{place}: {value} {what}")];
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return wrong("is not among the values");
    }
    match schema["type"].as_str() {
        Some("object") => object_flaws(document, schema, value, place),
        Some("array") => {
            let Some(items) = value.as_array() else { return wrong("is no array") };
            let each = items.iter().enumerate();
            each.flat_map(|(n, item)| flaws(document, &schema["items"], item, &format!("{place}/{n}"))).collect()
        }
        Some("string") => match (value.as_str(), schema["format"].as_str()) {
            (None, _) => wrong("is no string"),
            (Some(text), Some("uuid")) if uuid::Uuid::try_parse(text).is_err() => wrong("is no UUID"),
            (Some(text), Some("date-time")) if chrono::DateTime::parse_from_rfc3339(text).is_err() => {
                wrong("is no time")
            }
            (Some(text), _) => {
                let length = text.chars().count() as u64;
                let is_within = schema["minLength"].as_u64().is_none_or(|min| length >= min)
                    && schema["maxLength"].as_u64().is_none_or(|max| length <= max);
                if is_within { vec![] } else { wrong("is too short or too long") }
            }
        },
        Some("integer" | "number") => {
            let Some(number) = value.as_f64() else { return wrong("is no number") };
            let is_whole = schema["type"] != "integer" || value.is_i64() || value.is_u64();
            let is_within = schema["minimum"].as_f64().is_none_or(|min| number >= min)
                && schema["maximum"].as_f64().is_none_or(|max| number <= max);
            if is_whole && is_within { vec![] } else { wrong("is not within bounds") }
        }
        Some("boolean") => {
            if value.is_boolean() {
                vec![]
            } else {
                wrong("is not true or false")
            }
        }
        other => vec![format!("{place}: a schema of type {other:?}")],
    }
}

fn object_flaws(document: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let Some(object) = value.as_object() else { return vec![format!("{place}: {value} is no object")] };
    let Some(properties) = schema["properties"].as_object() else { return vec![] };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required.filter(|name| !object.contains_key(*name)).map(|name| format!("{place}: {name} is missing"));
    let mut all: Vec<String> = missing.collect();
    for (name, value) in object {
        match properties.get(name) {
            Some(schema) => all.extend(flaws(document, schema, value, &format!("{place}/{name}"))),
            None => all.push(format!("{place}: {name} is unknown")),
        }
    }
    all
}

#[test]
fn examples_are_what_their_schemas_describe() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut examples = 0;
    let mut wrong = vec![];
    for (name, schema) in schemas {
        if let Some(example) = schema.get("example") {
            examples += 1;
            wrong.extend(flaws(&document, schema, example, name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples > 20, "{examples} examples");
}

/// Collects the places of objects that have fields but no name of their own.
fn anonymous(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if object.contains_key("properties") && object.get("type").is_some_and(|kind| kind == "object") {
                found.push(place.to_owned());
            }
            for (name, value) in object.iter().filter(|(name, _)| *name != "example") {
                anonymous(value, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| anonymous(item, place, found)),
        _ => {}
    }
}

#[test]
fn every_object_has_a_name_and_says_what_it_is() {
    let document = document();
    let mut found = vec![];
    anonymous(&document["paths"], "", &mut found);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            anonymous(schema, &format!("{name}/{property}"), &mut found);
        }
        assert!(schema["description"].is_string(), "{name} says nothing");
    }
    assert!(found.is_empty(), "{found:?}");
}

/// Fields called `status`, `state` or `code` that name one of a few things are enums.
#[test]
fn states_and_codes_are_enums() {
    let document = document();
    let mut free = vec![];
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            if ["status", "state", "code", "role", "outcome", "refusal"].contains(&property.as_str())
                && schema["type"] == "string"
                && schema["enum"].is_null()
            {
                free.push(format!("{name}.{property}"));
            }
        }
    }
    // What opens the door is a code of another kind.
    assert_eq!(free, ["Healthy.status", "NewCheckIn.code", "Ticket.code"]);
}
