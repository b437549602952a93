//! What client generators need and the framework does not emit.
//!
//! - header names are spelled as people know them, not in capitals;
//! - request objects say that unknown fields are refused;
//! - a reference stands alone: beside it, generators ignore or choke on a description;
//! - ids in paths are UUIDs: the routes take any text, because one that does not parse is just not found;
//! - operations that anybody may call say so with an empty `security`, or an optional one if they tell some more;
//! - a request body that may be absent is not required.

use serde_json::{Map, Value, json};

/// Objects that are request bodies: the ones whose unknown fields are refused.
const REQUESTS: &[&str] = &[
    "AccountChange",
    "CheckInUndo",
    "Credentials",
    "EditEvent",
    "EditTicket",
    "LogOut",
    "NewAccount",
    "NewCheckIn",
    "NewEvent",
    "NewRegistration",
    "Nothing",
    "PasswordChange",
    "RefreshRequest",
];

/// Fields that `null` removes.
const NULLABLE: &[(&str, &[&str])] = &[("EditEvent", &["ends_at", "registration_opens_at", "registration_closes_at"])];

/// Operations that anybody may call and that show more to some: their clients should send a token if they have one.
const OPEN_TO_ALL_AND_MORE_TO_SOME: &[&str] = &["getEvent"];

/// Makes the framework's document fit for publishing.
pub(super) fn normalise(raw: &str) -> Value {
    let mut document: Value = serde_json::from_str(raw).unwrap_or_default();
    document["openapi"] = json!("3.0.3");
    refuse_unknown_fields(&mut document);
    allow_null(&mut document);
    let optional = bodies_without_required_fields(&document);
    for operations in children(&mut document["paths"]) {
        for operation in children(operations) {
            open_to_all(operation);
            allow_no_body(operation, &optional);
            name_path_ids(operation);
            for response in children(&mut operation["responses"]) {
                rename_headers(response);
            }
        }
    }
    unwrap_references(&mut document);
    join_lines(&mut document);
    document
}

/// Descriptions are wrapped where the source is; paragraphs stay.
fn join_lines(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == "description" => {
                        *text = text.split("\n\n").map(|text| text.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
                    }
                    _ => join_lines(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn children(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(|object| object.values_mut())
}

fn refuse_unknown_fields(document: &mut Value) {
    for name in REQUESTS {
        if let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}")) {
            schema["additionalProperties"] = json!(false);
        }
    }
}

/// Fields that may be null in requests, where that means something.
fn allow_null(document: &mut Value) {
    for (schema, fields) in NULLABLE {
        for field in *fields {
            if let Some(field) = document.pointer_mut(&format!("/components/schemas/{schema}/properties/{field}")) {
                field["nullable"] = json!(true);
            }
        }
    }
}

fn open_to_all(operation: &mut Value) {
    let is_open = operation.get("security").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if is_open {
        let more = OPEN_TO_ALL_AND_MORE_TO_SOME.contains(&operation["operationId"].as_str().unwrap_or_default());
        operation["security"] = if more { json!([{}, {"bearer": []}]) } else { json!([]) };
    }
}

/// References to schemas that `{}` satisfies.
fn bodies_without_required_fields(document: &Value) -> Vec<String> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let lenient = schemas.filter(|(_, schema)| schema["required"].as_array().is_none_or(Vec::is_empty));
    lenient.map(|(name, _)| format!("#/components/schemas/{name}")).collect()
}

/// An absent body counts as `{}`.
fn allow_no_body(operation: &mut Value, optional: &[String]) {
    let reference = operation.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str);
    if reference.is_some_and(|reference| optional.iter().any(|name| name == reference)) {
        operation["requestBody"]["required"] = json!(false);
    }
}

fn name_path_ids(operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let is_id = parameter["name"].as_str().is_some_and(|name| name == "id" || name.ends_with("_id"));
        if parameter["in"] == "path" && is_id {
            parameter["schema"] = json!({"type": "string", "format": "uuid"});
        }
    }
}

fn rename_headers(response: &mut Value) {
    if let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) {
        *headers = std::mem::take(headers).into_iter().map(|(name, header)| (canonical(&name), header)).collect();
    }
}

/// `RETRY-AFTER` → `Retry-After`; `ETAG` → `ETag`.
fn canonical(name: &str) -> String {
    if name.eq_ignore_ascii_case("etag") {
        return "ETag".to_owned();
    }
    let capitalise = |word: &str| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + &rest.to_lowercase()
    };
    name.split('-').map(capitalise).collect::<Vec<_>>().join("-")
}

/// `{"allOf": [{"$ref": …}, …]}` → `{"$ref": …}`
fn unwrap_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = wrapped_reference(object) {
                *value = json!({ "$ref": reference });
                return;
            }
            object.values_mut().for_each(unwrap_references);
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_references),
        _ => {}
    }
}

fn wrapped_reference(object: &Map<String, Value>) -> Option<String> {
    let parts = object.get("allOf")?.as_array()?;
    parts.iter().find_map(|part| part.get("$ref")?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_spelled_as_people_know_them() {
        assert_eq!(canonical("RETRY-AFTER"), "Retry-After");
        assert_eq!(canonical("ETAG"), "ETag");
    }

    #[test]
    fn lines_are_joined_and_paragraphs_are_not() {
        let mut value = json!([{"description": "a\nb\n\nc"}]);
        join_lines(&mut value);
        assert_eq!(value, json!([{"description": "a b\n\nc"}]));
    }

    #[test]
    fn references_stand_alone() {
        let mut value = json!({"a": {"allOf": [{"$ref": "#/x"}, {"description": "y"}]}});
        unwrap_references(&mut value);
        assert_eq!(value, json!({"a": {"$ref": "#/x"}}));
    }

    #[test]
    fn a_document_without_security_is_open() {
        let document = normalise(r#"{"paths": {"/a": {"get": {"responses": {"200": {"headers": {"X-A": {}}}}}}}}"#);
        assert_eq!(document["paths"]["/a"]["get"]["security"], json!([]));
    }
}
