//! Reads a JSON object field by field and collects everything that is wrong with it.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    problem::{FieldError, FieldErrorCode},
    time::Time,
};

/// What is wrong with one value.
#[derive(Debug)]
pub(crate) struct Flaw {
    code: FieldErrorCode,
    detail: String,
}

/// A request body that can be read field by field.
pub(crate) trait FromFields: Sized {
    /// Reads it. `None` only if a flaw was noted.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// The fields of an object that nobody has asked for yet, and the flaws of those that were.
#[derive(Debug)]
pub(crate) struct Fields {
    left: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads a `T`, or tells every missing, mistyped, unknown and out-of-range field.
    pub(crate) fn read<T: FromFields>(body: Value) -> Result<T, Vec<FieldError>> {
        let Value::Object(left) = body else {
            let whole = error("", FieldErrorCode::WrongType, "must be an object");
            return Err(vec![whole]);
        };
        let mut fields = Self { left, errors: vec![] };
        let read = T::from_fields(&mut fields);
        let unknown =
            fields.left.keys().map(|name| error(name, FieldErrorCode::Unknown, "is no field of this request"));
        fields.errors.extend(unknown);
        match read {
            Some(read) if fields.errors.is_empty() => Ok(read),
            _ => Err(fields.errors),
        }
    }

    /// A field that may be absent. `Some(None)` if it is; `None` if it has a flaw.
    #[expect(clippy::option_option, reason = "the outer one is for ?, the inner one is the field")]
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        rule: impl FnOnce(&Value) -> Result<T, Flaw>,
    ) -> Option<Option<T>> {
        let Some(value) = self.left.remove(name) else { return Some(None) };
        match rule(&value) {
            Ok(value) => Some(Some(value)),
            Err(flaw) => {
                self.errors.push(error(name, flaw.code, &flaw.detail));
                None
            }
        }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, rule: impl FnOnce(&Value) -> Result<T, Flaw>) -> Option<T> {
        if !self.left.contains_key(name) {
            self.errors.push(error(name, FieldErrorCode::Missing, "must be given"));
        }
        self.optional(name, rule).flatten()
    }

    /// Where flaws that lie between fields are noted.
    pub(crate) fn errors(&mut self) -> &mut Vec<FieldError> {
        &mut self.errors
    }
}

/// What is wrong with a field of the body.
pub(crate) fn error(name: &str, code: FieldErrorCode, detail: &str) -> FieldError {
    // RFC 6901: ~ and / are escaped.
    let pointer =
        if name.is_empty() { String::new() } else { format!("/{}", name.replace('~', "~0").replace('/', "~1")) };
    FieldError { pointer, code, detail: detail.to_owned() }
}

fn flaw<T>(code: FieldErrorCode, detail: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw { code, detail: detail.into() })
}

/// Text of so many characters, without control characters other than line breaks and tabs.
pub(crate) fn text(min: usize, max: usize) -> impl Fn(&Value) -> Result<String, Flaw> {
    move |value| {
        let Value::String(text) = value else { return flaw(FieldErrorCode::WrongType, "must be a string") };
        let text = text.trim();
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return flaw(FieldErrorCode::Invalid, "must not have control characters");
        }
        if !(min..=max).contains(&text.chars().count()) {
            return flaw(FieldErrorCode::OutOfRange, format!("must have {min} to {max} characters"));
        }
        Ok(text.to_owned())
    }
}

/// So many visible ASCII characters: something that programs made up.
pub(crate) fn visible_ascii(min: usize, max: usize) -> impl Fn(&Value) -> Result<String, Flaw> {
    move |value| {
        let Value::String(text) = value else { return flaw(FieldErrorCode::WrongType, "must be a string") };
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return flaw(FieldErrorCode::Invalid, "must have visible ASCII characters only");
        }
        if !(min..=max).contains(&text.len()) {
            return flaw(FieldErrorCode::OutOfRange, format!("must have {min} to {max} characters"));
        }
        Ok(text.to_owned())
    }
}

/// A password: taken as it is, blanks at its ends and all.
pub(crate) fn password(min: usize, max: usize) -> impl Fn(&Value) -> Result<String, Flaw> {
    move |value| match value {
        Value::String(text) if (min..=max).contains(&text.chars().count()) => Ok(text.clone()),
        Value::String(_) => flaw(FieldErrorCode::OutOfRange, format!("must have {min} to {max} characters")),
        _ => flaw(FieldErrorCode::WrongType, "must be a string"),
    }
}

/// A whole number within bounds.
pub(crate) fn integer(min: i64, max: i64) -> impl Fn(&Value) -> Result<i64, Flaw> {
    move |value| match (value.as_i64(), value) {
        (Some(number), _) if (min..=max).contains(&number) => Ok(number),
        (Some(_), _) => flaw(FieldErrorCode::OutOfRange, format!("must be from {min} to {max}")),
        // A whole number too large for 64 bits is a number all the same.
        (None, Value::Number(number)) if !number.is_f64() || number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
            flaw(FieldErrorCode::OutOfRange, format!("must be from {min} to {max}"))
        }
        _ => flaw(FieldErrorCode::WrongType, "must be a whole number"),
    }
}

/// true or false.
pub(crate) fn boolean(value: &Value) -> Result<bool, Flaw> {
    value.as_bool().map_or_else(|| flaw(FieldErrorCode::WrongType, "must be true or false"), Ok)
}

/// One of these words.
pub(crate) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Result<T, Flaw> {
    move |value| {
        let Value::String(text) = value else { return flaw(FieldErrorCode::WrongType, "must be a string") };
        let found = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
        let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map_or_else(|| flaw(FieldErrorCode::Invalid, format!("must be one of: {}", all())), Ok)
    }
}

/// `null` for nothing, or whatever the rule asks for.
pub(crate) fn nullable<T>(rule: impl Fn(&Value) -> Result<T, Flaw>) -> impl Fn(&Value) -> Result<Option<T>, Flaw> {
    move |value| if value.is_null() { Ok(None) } else { rule(value).map(Some) }
}

/// RFC 3339.
pub(crate) fn time(value: &Value) -> Result<Time, Flaw> {
    let Value::String(text) = value else { return flaw(FieldErrorCode::WrongType, "must be a string") };
    Time::parse(text).map_or_else(|| flaw(FieldErrorCode::Invalid, "must be a time such as 2026-11-21T08:30:00Z"), Ok)
}

/// An e-mail address.
pub(crate) fn email(value: &Value) -> Result<entity::Email, Flaw> {
    let Value::String(text) = value else { return flaw(FieldErrorCode::WrongType, "must be a string") };
    entity::Email::parse(text)
        .or_else(|_| flaw(FieldErrorCode::Invalid, "must be an e-mail address of at most 254 characters"))
}

/// The name of a time zone, by its shape: letters, digits and `_+-/`.
pub(crate) fn time_zone(value: &Value) -> Result<String, Flaw> {
    let zone = text(1, 64)(value)?;
    let is_plain = zone.chars().all(|c| c.is_ascii_alphanumeric() || "_+-/".contains(c));
    if is_plain { Ok(zone) } else { flaw(FieldErrorCode::Invalid, "must be an IANA time zone such as Europe/Berlin") }
}

/// An id in a path. One that does not parse names nothing, so it is not found rather than wrong.
pub(crate) fn path_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Both(String, Option<i64>);

    impl FromFields for Both {
        fn from_fields(fields: &mut Fields) -> Option<Self> {
            let name = fields.required("name", text(1, 5));
            let number = fields.optional("number", integer(1, 9));
            Some(Self(name?, number?))
        }
    }

    fn flaws(body: Value) -> Vec<(String, FieldErrorCode)> {
        let errors = Fields::read::<Both>(body).unwrap_err();
        errors.into_iter().map(|e| (e.pointer, e.code)).collect()
    }

    #[test]
    fn good_bodies_are_read() {
        assert_eq!(Fields::read(json!({"name": " a ", "number": 9})), Ok(Both("a".to_owned(), Some(9))));
        assert_eq!(Fields::read(json!({"name": "b"})), Ok(Both("b".to_owned(), None)));
    }

    #[test]
    fn every_flaw_is_told() {
        let told = flaws(json!({"number": 10, "a/b": 1}));
        let expected = [
            ("/name", FieldErrorCode::Missing),
            ("/number", FieldErrorCode::OutOfRange),
            ("/a~1b", FieldErrorCode::Unknown),
        ];
        assert_eq!(told, expected.map(|(p, c)| (p.to_owned(), c)));
        assert_eq!(flaws(json!({"name": 1, "number": "x"})).len(), 2);
        assert_eq!(flaws(json!([]))[0].1, FieldErrorCode::WrongType);
    }

    #[test]
    fn numbers_are_told_from_other_things() {
        let code = |value: Value| integer(1, 9)(&value).unwrap_err().code;
        assert_eq!(code(json!(0)), FieldErrorCode::OutOfRange);
        assert_eq!(code(json!(u64::MAX)), FieldErrorCode::OutOfRange);
        assert_eq!(code(json!(1e30)), FieldErrorCode::OutOfRange);
        assert_eq!(code(json!(1.5)), FieldErrorCode::WrongType);
        assert_eq!(code(json!(null)), FieldErrorCode::WrongType);
        assert!(text(1, 5)(&json!("a\u{0}")).is_err());
    }
}
