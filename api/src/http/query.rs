//! Query parameters that choose what a list shows, and the link to its next page.

use poem::{Request, RequestBody, Result, http::Uri};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchemaRef, Registry},
    types::{ParseFromParameter, Type},
};
use uuid::Uuid;

use super::{
    problem::{FieldError, Problem},
    time::Time,
};

/// A value that can stand in a query.
pub(crate) trait QueryValue: Type + ParseFromParameter {
    /// What a text must be to be one.
    const RULE: &'static str;
}

impl QueryValue for Uuid {
    const RULE: &'static str = "must be a UUID";
}

impl QueryValue for Time {
    const RULE: &'static str = "must be a time such as 2026-11-21T08:30:00Z";
}

impl QueryValue for String {
    const RULE: &'static str = "must not be empty";
}

/// A query parameter that may be absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted<T>(pub(crate) Option<T>);

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
        Ok(Self(read(request, options.name)?))
    }
}

fn read<T: QueryValue>(request: &Request, name: &str) -> Result<Option<T>, Problem> {
    let pairs: Vec<(String, String)> = request.params().unwrap_or_default();
    let Some((_, text)) = pairs.into_iter().find(|(key, _)| key == name) else { return Ok(None) };
    let value = if text.is_empty() { None } else { T::parse_from_parameter(&text).ok() };
    let pointer = format!("?{name}");
    let wrong = FieldError { pointer, code: "invalid".to_owned(), detail: T::RULE.to_owned() };
    value.map(Some).ok_or_else(|| Problem::invalid(vec![wrong]))
}

/// The value of `Link` for the page that begins at this cursor: the same request with another cursor.
pub(crate) fn next_link(uri: &Uri, cursor: &str) -> String {
    let query = uri.query().unwrap_or_default();
    // Named in full: `Type`, which is in scope, has an `is_empty` of its own.
    let kept = query.split('&').filter(|pair| !str::is_empty(pair) && pair.split('=').next() != Some("cursor"));
    let pairs: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: QueryValue>(uri: &str, name: &str) -> Result<Option<T>, Problem> {
        super::read(&Request::builder().uri(uri.parse().unwrap()).finish(), name)
    }

    #[test]
    fn values_are_read_or_refused() {
        let id = Uuid::now_v7();
        assert_eq!(read::<Uuid>(&format!("/a?x=1&id={id}"), "id").unwrap(), Some(id));
        assert_eq!(read::<Uuid>("/a?x=1", "id").unwrap(), None);
        assert_eq!(read::<String>("/a?who=a%40x.org", "who").unwrap().as_deref(), Some("a@x.org"));
        assert!(read::<Uuid>("/a?id=5", "id").is_err());
        assert!(read::<String>("/a?who=", "who").is_err());
    }

    #[test]
    fn the_next_page_is_of_the_same_list() {
        let link = |uri: &str| next_link(&uri.parse().unwrap(), "7");
        assert_eq!(link("/a?state=failed&cursor=9&limit=2"), "</a?state=failed&limit=2&cursor=7>; rel=\"next\"");
        assert_eq!(link("/a"), "</a?cursor=7>; rel=\"next\"");
    }
}
