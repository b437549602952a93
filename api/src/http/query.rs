//! What lists are asked for in the query: a place to begin, a text to look for, values to choose by.

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromParameter, Type},
};
use uuid::Uuid;

use super::{
    parameters::{parameter, query_value, wrong_parameter},
    problem::{FieldErrorCode, Problem},
    time::Time,
};

/// The longest text that is looked for, and the longest value that things are chosen by, in characters.
const SEARCH_MAX: usize = 100;
const VALUE_MAX: usize = 200;

/// Where the page before ended: a place in an order of arrival. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeqCursor(pub(crate) Option<i64>);

/// A text to look for. Nothing if it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search(pub(crate) Option<String>);

/// A value that can stand in a query.
pub(crate) trait QueryValue: Type + ParseFromParameter {
    /// What a text must be to be one.
    const RULE: &'static str;

    /// The value that a text stands for.
    fn read(text: &str) -> Option<Self> {
        Self::parse_from_parameter(text).ok()
    }
}

impl QueryValue for Uuid {
    const RULE: &'static str = "must be a UUID";
}

impl QueryValue for Time {
    const RULE: &'static str = "must be a time such as 2026-11-21T08:30:00Z";
}

impl QueryValue for String {
    const RULE: &'static str = "must have 1 to 200 characters, and no control characters";

    fn read(text: &str) -> Option<Self> {
        let is_fit = (1..=VALUE_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        is_fit.then(|| text.to_owned())
    }
}

/// A query parameter that may be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted<T>(pub(crate) Option<T>);

impl SeqCursor {
    /// The text for `next_cursor`.
    pub(crate) fn write(seq: i64) -> String {
        seq.to_string()
    }

    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = query_value(query, "cursor") else { return Ok(Self(None)) };
        let wrong = || {
            wrong_parameter("?cursor", FieldErrorCode::Invalid, "must be a next_cursor of an earlier page".to_owned())
        };
        // What comes first in an order of arrival is 1.
        let seq = text.parse().ok().filter(|seq| *seq >= 1);
        seq.map(|seq| Self(Some(seq))).ok_or_else(wrong)
    }
}

impl Search {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let wrong = |code, detail: &str| wrong_parameter("?q", code, detail.to_owned());
        let text = query_value(query, "q").map(|text| text.trim().to_owned());
        match text.filter(|text| !text.is_empty()) {
            Some(text) if text.chars().any(char::is_control) => {
                Err(wrong(FieldErrorCode::Invalid, "must not have control characters"))
            }
            Some(text) if text.chars().count() > SEARCH_MAX => {
                Err(wrong(FieldErrorCode::OutOfRange, &format!("must have at most {SEARCH_MAX} characters")))
            }
            text => Ok(Self(text)),
        }
    }
}

parameter!(SeqCursor, in: Query, required: false,
    schema: MetaSchema::new("string"),
    read: |request| Self::read(request.uri().query()));
parameter!(Search, in: Query, required: false,
    schema: MetaSchema { max_length: Some(SEARCH_MAX), ..MetaSchema::new("string") },
    read: |request| Self::read(request.uri().query()));

impl<'a, T: QueryValue> ApiExtractor<'a> for Wanted<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = false;
    type ParamType = String;
    type ParamRawType = String;

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> Result<Self> {
        Ok(Self(read(request.uri().query(), options.name)?))
    }
}

fn read<T: QueryValue>(query: Option<&str>, name: &str) -> Result<Option<T>, Problem> {
    let Some(text) = query_value(query, name) else { return Ok(None) };
    let wrong = || wrong_parameter(&format!("?{name}"), FieldErrorCode::Invalid, T::RULE.to_owned());
    T::read(&text).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Result<Option<String>, Problem> {
        Search::read(Some(query)).map(|search| search.0)
    }

    #[test]
    fn texts_are_unescaped() {
        let found = |query: &str| search(query).unwrap();
        assert_eq!(found("a=1&q=J%C3%B6rg+%25_"), Some("Jörg %_".to_owned()));
        assert_eq!((found("q=+"), found("a=1")), (None, None));
        assert_eq!(found(&format!("q={}", "x".repeat(100))), Some("x".repeat(100)));
        assert!(search("q=%00").is_err() && search(&format!("q={}", "x".repeat(101))).is_err());
    }

    #[test]
    fn places_survive_the_journey() {
        let query = format!("cursor={}", SeqCursor::write(7));
        assert_eq!(SeqCursor::read(Some(&query)).unwrap(), SeqCursor(Some(7)));
        for wrong in ["x", "0", "-1", "-9223372036854775808", "9223372036854775808"] {
            assert!(SeqCursor::read(Some(&format!("cursor={wrong}"))).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_read_or_refused() {
        let id = Uuid::now_v7();
        assert_eq!(read::<Uuid>(Some(&format!("x=1&id={id}")), "id").unwrap(), Some(id));
        assert_eq!(read::<Uuid>(Some("x=1"), "id").unwrap(), None);
        assert!(read::<Uuid>(Some("id=5"), "id").is_err() && read::<Uuid>(Some("id="), "id").is_err());
        let who = |text: &str| read::<String>(Some(&format!("who={text}")), "who").ok().flatten();
        assert_eq!(who("a%40x.org").as_deref(), Some("a@x.org"));
        assert_eq!(who(&"%C3%A9".repeat(200)), Some("é".repeat(200)));
        for wrong in ["", "a%00", "a%0A", &"x".repeat(201)] {
            assert_eq!(who(wrong), None, "{wrong}");
        }
    }
}
