//! Headers and query parameters that routes ask for.

use std::time::Duration;

use poem::{
    Request, RequestBody, Result,
    http::{HeaderMap, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};

use entity::Millis;
use uuid::Uuid;

use super::problem::{Code, FieldError, FieldErrorCode, Problem};
use crate::simulation::USERS_MAX;

/// The longest that anybody waits for an answer, in seconds.
const WAIT_SECONDS_MAX: u64 = 25;

/// What a client tells its attempts at one request apart from other requests by: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub(crate) String);

/// The validators of what a client already has, as they stand in If-None-Match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IfNoneMatch(Option<String>);

/// The version that a client means to change, as it stands in If-Match: tags of events are `"<version>.<seats>"`, and
/// only the version counts, because seats come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(String);

/// Whether to tell only what would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DryRun(pub(crate) bool);

/// How long a client is willing to wait (RFC 7240). Other preferences are ignored, as the standard wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    /// In seconds, at most 25.
    pub(crate) wait: Option<u64>,
}

/// How many items a page may have.
const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 20;

/// How many items a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) u32);

/// Where the page before ended: a time and an id. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(pub(crate) Option<(Millis, Uuid)>);

impl Limit {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = query_value(query, "limit") else { return Ok(Self(LIMIT_DEFAULT)) };
        match text.parse() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(Self(limit)),
            Ok(_) => {
                Err(wrong_parameter("?limit", FieldErrorCode::OutOfRange, format!("must be from 1 to {LIMIT_MAX}")))
            }
            Err(_) => Err(wrong_parameter("?limit", FieldErrorCode::WrongType, "must be a whole number".to_owned())),
        }
    }
}

impl Cursor {
    /// The text for `next_cursor`.
    pub(crate) fn write(at: Millis, id: Uuid) -> String {
        format!("{at}.{}", id.simple())
    }

    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = query_value(query, "cursor") else { return Ok(Self(None)) };
        let parsed = text.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, Uuid::try_parse(id).ok()?)));
        let wrong = || {
            wrong_parameter("?cursor", FieldErrorCode::Invalid, "must be a next_cursor of an earlier page".to_owned())
        };
        parsed.map(|position| Self(Some(position))).ok_or_else(wrong)
    }
}

/// The first value of a query parameter. Those read with this never need escaping, so an escaped one is a wrong one.
pub(super) fn query_value<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// A query parameter, named as in `?limit`, is wrong.
pub(super) fn wrong_parameter(pointer: &str, code: FieldErrorCode, detail: String) -> Problem {
    Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}

impl IdempotencyKey {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut lines = headers.get_all("idempotency-key").iter();
        let line = lines.next().ok_or(Code::IdempotencyKeyRequired)?;
        let is_visible = line.as_bytes().iter().all(u8::is_ascii_graphic);
        match (line.to_str(), lines.next()) {
            (Ok(""), None) => Err(Code::IdempotencyKeyRequired.into()),
            (Ok(key), None) if is_visible && key.len() <= 255 => Ok(Self(key.to_owned())),
            _ => Err(Code::IdempotencyKeyInvalid.into()),
        }
    }
}

impl IfNoneMatch {
    fn read(headers: &HeaderMap) -> Self {
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

/// How many people a simulation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Users(pub(crate) u32);

impl Users {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let wrong = |code, detail: String| Err(wrong_parameter("?users", code, detail));
        let Some(text) = query_value(query, "users") else {
            return wrong(FieldErrorCode::Missing, "must be given".to_owned());
        };
        match text.parse() {
            Ok(users) if (1..=USERS_MAX).contains(&users) => Ok(Self(users)),
            Ok(_) => wrong(FieldErrorCode::OutOfRange, format!("must be from 1 to {USERS_MAX}")),
            Err(_) => wrong(FieldErrorCode::WrongType, "must be a whole number".to_owned()),
        }
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
        match query_value(query, "dry_run") {
            None | Some("false") => Ok(Self(false)),
            Some("true") => Ok(Self(true)),
            Some(_) => Err(wrong_parameter("?dry_run", FieldErrorCode::WrongType, "must be true or false".to_owned())),
        }
    }
}

impl Prefer {
    /// Reads the first `wait` with a number.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
        let wait = lines.flat_map(|line| line.split(',')).find_map(|preference| {
            let (name, value) = preference.split(';').next().unwrap_or_default().split_once('=')?;
            let is_wait = name.trim().eq_ignore_ascii_case("wait");
            if is_wait { value.trim().trim_matches('"').parse::<u64>().ok() } else { None }
        });
        Self { wait: wait.map(|seconds| seconds.min(WAIT_SECONDS_MAX)) }
    }

    /// How long to wait.
    pub(crate) fn duration(self) -> Option<Duration> {
        self.wait.map(Duration::from_secs)
    }

    /// The value of Preference-Applied.
    pub(crate) fn applied(self) -> Option<String> {
        self.wait.map(|seconds| format!("wait={seconds}"))
    }
}

/// Makes a type a parameter of routes: in a header or in the query.
macro_rules! parameter {
    ($type:ty, in: $place:ident, required: $required:literal, schema: $schema:expr, read: $read:expr) => {
        impl<'a> ApiExtractor<'a> for $type {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = $required;
            type ParamType = String;
            type ParamRawType = String;

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::$place)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(MetaSchemaRef::Inline(Box::new($schema)))
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<String>,
            ) -> Result<Self> {
                let read: fn(&Request) -> Result<Self, Problem> = $read;
                Ok(read(request)?)
            }
        }
    };
}
pub(super) use parameter;

parameter!(IdempotencyKey, in: Header, required: true,
    schema: MetaSchema { min_length: Some(1), max_length: Some(255), ..MetaSchema::new("string") },
    read: |request| Self::read(request.headers()));
parameter!(IfNoneMatch, in: Header, required: false,
    schema: MetaSchema::new("string"),
    read: |request| Ok(Self::read(request.headers())));
parameter!(IfMatch, in: Header, required: true,
    schema: MetaSchema { example: Some("\"1.50\"".into()), ..MetaSchema::new("string") },
    read: |request| Self::read(request.headers()));
parameter!(DryRun, in: Query, required: false,
    schema: MetaSchema { default: Some(false.into()), ..MetaSchema::new("boolean") },
    read: |request| Self::read(request.uri().query()));
parameter!(Users, in: Query, required: true,
    schema: MetaSchema { minimum: Some(1.0), maximum: Some(f64::from(USERS_MAX)), ..MetaSchema::new("integer") },
    read: |request| Self::read(request.uri().query()));
parameter!(Prefer, in: Header, required: false,
    schema: MetaSchema { example: Some("wait=10".into()), ..MetaSchema::new("string") },
    read: |request| Ok(Self::read(request.headers())));
parameter!(Limit, in: Query, required: false,
    schema: MetaSchema {
        minimum: Some(1.0),
        maximum: Some(f64::from(LIMIT_MAX)),
        default: Some(LIMIT_DEFAULT.into()),
        ..MetaSchema::new("integer")
    },
    read: |request| Self::read(request.uri().query()));
parameter!(Cursor, in: Query, required: false,
    schema: MetaSchema::new("string"),
    read: |request| Self::read(request.uri().query()));
/// Text that came with a request as `traceparent`, if it has the shape of one (W3C Trace Context, version 00).
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let is_well_formed = *version == "00" && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    is_well_formed.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn keys_are_visible_ascii() {
        let read = |key: &str| IdempotencyKey::read(&headers(&[("idempotency-key", key)])).is_ok();
        assert!(read("a"));
        assert!(read(&"k".repeat(255)));
        assert!(!read(""));
        assert!(!read("a b"));
        assert!(!read("\u{e9}"));
        assert!(!read(&"k".repeat(256)));
        assert!(IdempotencyKey::read(&headers(&[])).is_err());
        assert!(IdempotencyKey::read(&headers(&[("idempotency-key", "a"), ("idempotency-key", "b")])).is_err());
    }

    #[test]
    fn waiting_is_capped_and_other_preferences_are_ignored() {
        let read = |text: &str| Prefer::read(&headers(&[("prefer", text)])).wait;
        assert_eq!(read("wait=10"), Some(10));
        assert_eq!(read("respond-async, wait=100"), Some(25));
        assert_eq!(read("WAIT = 3; foo=bar"), Some(3));
        assert_eq!(read("wait=soon"), None);
        assert_eq!(read("wait=-1"), None);
        assert_eq!(read("return=minimal"), None);
        assert_eq!(Prefer::read(&headers(&[])).wait, None);
    }

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

    #[test]
    fn pages_have_bounds() {
        let limit = |query| Limit::read(Some(query)).ok().map(|limit| limit.0);
        assert_eq!(limit("limit=100&x=1"), Some(100));
        assert_eq!(limit("x=1"), Some(20));
        assert_eq!((limit("limit=0"), limit("limit=101"), limit("limit=x")), (None, None, None));
    }

    #[test]
    fn cursors_survive_the_journey() {
        let id = Uuid::now_v7();
        let query = format!("cursor={}", Cursor::write(-5, id));
        assert_eq!(Cursor::read(Some(&query)).unwrap(), Cursor(Some((-5, id))));
        assert!(Cursor::read(Some("cursor=5")).is_err());
        assert_eq!(Cursor::read(None).unwrap(), Cursor(None));
    }

    #[test]
    fn trace_parents_have_their_shape() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&headers(&[("traceparent", good)])), Some(good));
        assert_eq!(traceparent(&headers(&[("traceparent", "00-xyz")])), None);
    }
}
