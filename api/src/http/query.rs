//! What lists are asked for in the query: a place to begin, a text to look for, one of several values.

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromParameter, Type},
};

use super::{
    parameters::{parameter, query_value, wrong_parameter},
    problem::Problem,
};

/// The longest text that is looked for, in characters.
const SEARCH_MAX: usize = 100;

/// Where the page before ended: a place in an order of arrival. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeqCursor(pub(crate) Option<i64>);

/// A text to look for. Nothing if it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search(pub(crate) Option<String>);

/// One of several values, if it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice<T>(pub(crate) Option<T>);

impl SeqCursor {
    /// The text for `next_cursor`.
    pub(crate) fn write(seq: i64) -> String {
        seq.to_string()
    }

    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = query_value(query, "cursor") else { return Ok(Self(None)) };
        let wrong = || wrong_parameter("?cursor", "invalid", "must be a next_cursor of an earlier page".to_owned());
        text.parse().map(|seq| Self(Some(seq))).map_err(|_| wrong())
    }
}

impl Search {
    fn read(request: &Request) -> Result<Self, Problem> {
        let wrong = |code, detail: &str| wrong_parameter("?q", code, detail.to_owned());
        let pairs = request.params::<Vec<(String, String)>>().map_err(|_| wrong("invalid", "cannot be read"))?;
        let text = pairs.into_iter().find(|(name, _)| name == "q").map(|(_, text)| text.trim().to_owned());
        match text.filter(|text| !text.is_empty()) {
            Some(text) if text.chars().any(char::is_control) => {
                Err(wrong("invalid", "must not have control characters"))
            }
            Some(text) if text.chars().count() > SEARCH_MAX => {
                Err(wrong("out_of_range", &format!("must have at most {SEARCH_MAX} characters")))
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
    read: Self::read);

impl<'a, T: Type + ParseFromParameter> ApiExtractor<'a> for Choice<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = T;
    type ParamRawType = T::RawValueType;

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(T::schema_ref())
    }

    async fn from_request(request: &'a Request, _: &mut RequestBody, options: ExtractParamOptions<T>) -> Result<Self> {
        let Some(text) = query_value(request.uri().query(), options.name) else { return Ok(Self(None)) };
        let wrong = || {
            let detail = format!("must be a value of {}", T::name());
            wrong_parameter(&format!("?{}", options.name), "invalid", detail)
        };
        Ok(Self(Some(T::parse_from_parameter(text).map_err(|_| wrong())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Result<Option<String>, Problem> {
        let request = Request::builder().uri(format!("/x?{query}").parse().unwrap()).finish();
        Search::read(&request).map(|search| search.0)
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
        assert!(SeqCursor::read(Some("cursor=x")).is_err());
    }
}
