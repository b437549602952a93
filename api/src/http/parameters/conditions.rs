//! What a request depends on: what its client already has, or means to change.

use poem::{
    Request, RequestBody, Result,
    http::{HeaderMap, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};

use super::{parameter, query_value, wrong_parameter};
use crate::http::problem::{Code, FieldErrorCode, Problem};

/// The validators of what a client already has, as they stand in If-None-Match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IfNoneMatch(Option<String>);

/// The version that a client means to change, as it stands in If-Match: tags of events are `"<version>.<seats>"`, with
/// `.<waiting>` where somebody waits, and only the version counts, because seats and people come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(String);

/// Whether to tell only what would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DryRun(pub(crate) bool);

impl IfNoneMatch {
    /// What the headers say.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let lines: Vec<&str> =
            headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok()).collect();
        Self((!lines.is_empty()).then(|| lines.join(",")))
    }

    /// Whether the client has anything.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the client has this. The comparison is the weak one (RFC 9110, 13.1.2).
    pub(crate) fn has(&self, etag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.0.as_ref().is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag)))
    }
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines = headers.get_all(header::IF_MATCH).iter().map(|line| line.to_str().unwrap_or_default());
        let tags = lines.collect::<Vec<_>>().join(",");
        if tags.trim().is_empty() { Err(Code::PreconditionRequired.into()) } else { Ok(Self(tags)) }
    }

    /// Whether the client has seen this version.
    pub(crate) fn has_version(&self, version: i64) -> bool {
        let version = version.to_string();
        let is_it = |tag: &str| {
            let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            tag == "*" || opaque.and_then(|tag| tag.split('.').next()) == Some(&version)
        };
        self.0.split(',').any(|tag| is_it(tag.trim()))
    }
}

impl DryRun {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        match query_value(query, "dry_run").as_deref() {
            None | Some("false") => Ok(Self(false)),
            Some("true") => Ok(Self(true)),
            Some(_) => Err(wrong_parameter("?dry_run", FieldErrorCode::WrongType, "must be true or false".to_owned())),
        }
    }
}

parameter!(IfNoneMatch, in: Header, required: false,
    schema: MetaSchema::new("string"),
    read: |request| Ok(Self::read(request.headers())));
parameter!(IfMatch, in: Header, required: true,
    schema: MetaSchema { example: Some("\"1.50\"".into()), ..MetaSchema::new("string") },
    read: |request| Self::read(request.headers()));
parameter!(DryRun, in: Query, required: false,
    schema: MetaSchema { default: Some(false.into()), ..MetaSchema::new("boolean") },
    read: |request| Self::read(request.uri().query()));

#[cfg(test)]
mod tests {
    use super::{super::headers, *};

    #[test]
    fn validators_match_weakly() {
        let tags = IfNoneMatch::read(&headers(&[("if-none-match", "\"a\", W/\"b\"")]));
        assert!(tags.has("W/\"a\"") && tags.has("\"b\""));
        assert!(!tags.has("\"c\""));
        assert!(IfNoneMatch::read(&headers(&[("if-none-match", "*")])).has("\"c\""));
        assert!(!IfNoneMatch::default().has("\"c\""));
    }

    #[test]
    fn only_the_version_of_a_tag_counts() {
        let read = |tags: &str| IfMatch::read(&headers(&[("if-match", tags)])).unwrap();
        assert!(read("\"7.50\"").has_version(7) && read("\"7.49\"").has_version(7));
        assert!(read("\"7.0.12\"").has_version(7));
        assert!(read("\"1.1\", \"7.1\"").has_version(7) && read("*").has_version(7));
        assert!(!read("\"7.50\"").has_version(8) && !read("\"77.1\"").has_version(7));
        assert!(!read("W/\"7.50\"").has_version(7), "the comparison is the strong one (RFC 9110, 13.1.1)");
        assert!(!read("7.50").has_version(7));
        assert!(IfMatch::read(&headers(&[])).is_err());
    }

    #[test]
    fn a_dry_run_is_asked_for_clearly() {
        assert_eq!(DryRun::read(Some("dry_run=true")).unwrap(), DryRun(true));
        assert_eq!(DryRun::read(Some("x=1")).unwrap(), DryRun(false));
        assert!(DryRun::read(Some("dry_run=yes")).is_err());
    }
}
