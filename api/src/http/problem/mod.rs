//! Problems: every answer that is not a success (RFC 9457).

mod code;

use std::fmt;

pub(crate) use code::Code;
use poem::{Response, error::ResponseError, http::StatusCode};
use poem_openapi::{
    ApiResponse, Enum, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{Example, ToJSON, Type},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::time::Time;
use crate::group::Unserved;

/// The media type of problems.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "FieldErrorCode", rename_all = "snake_case")]
pub(crate) enum FieldErrorCode {
    /// It must be given.
    Missing,
    /// Another type of value is wanted.
    WrongType,
    /// The request has no such field.
    Unknown,
    /// Too small, too large, too short, too long, too early or too late.
    OutOfRange,
    /// It does not have the form that is wanted.
    Invalid,
}

/// One wrong value.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "FieldError")]
pub(crate) struct FieldError {
    /// Where: a JSON pointer into the body (`/party_size`; empty for all of it), or `?name` for a query parameter.
    pub pointer: String,
    pub code: FieldErrorCode,
    /// The same for people.
    pub detail: String,
}

/// Why a request was not granted (RFC 9457).
#[derive(Object)]
#[oai(rename = "Problem", example)]
struct ProblemSchema {
    /// Always `about:blank`: the code says more.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: i32,
    /// What happened, for people.
    detail: String,
    code: Code,
    /// Tell this to whoever runs the service.
    request_id: String,
    /// Every wrong value, with `invalid_request`.
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<FieldError>>,
    /// The registration that was refused.
    #[oai(skip_serializing_if_is_none)]
    registration_id: Option<Uuid>,
    /// With `capacity_below_held`: the seats that are held.
    #[oai(skip_serializing_if_is_none)]
    held: Option<i64>,
    /// The ticket, with `already_checked_in` at the door.
    #[oai(skip_serializing_if_is_none)]
    ticket_id: Option<Uuid>,
    /// When it was let in.
    #[oai(skip_serializing_if_is_none)]
    checked_in_at: Option<Time>,
    /// The e-mail of whoever let it in.
    #[oai(skip_serializing_if_is_none)]
    checked_in_by: Option<String>,
}

impl Example for ProblemSchema {
    fn example() -> Self {
        let code = Code::SoldOut;
        Self {
            r#type: "about:blank".to_owned(),
            title: "Conflict".to_owned(),
            status: 409,
            detail: code.detail().to_owned(),
            code,
            request_id: "01a1fcc7c0b77243851597235745ee91".to_owned(),
            errors: None,
            registration_id: Some(Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d03)),
            held: None,
            ticket_id: None,
            checked_in_at: None,
            checked_in_by: None,
        }
    }
}

/// An answer that is not a success.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Option<String>,
    errors: Vec<FieldError>,
    registration_id: Option<Uuid>,
    /// Further members that some codes have.
    members: Vec<(&'static str, Value)>,
    headers: Vec<(&'static str, String)>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, detail: None, errors: vec![], registration_id: None, members: vec![], headers: vec![] }
    }
}

impl Problem {
    /// Says more than the code's own sentence.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the registration that was refused.
    pub(crate) fn registration(mut self, id: Uuid) -> Self {
        self.registration_id = Some(id);
        self
    }

    /// Adds a member to the body.
    pub(crate) fn member(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }

    /// The ticket was let in before, then and by them.
    pub(crate) fn already_checked_in(ticket_id: Uuid, at: Time, by: &str) -> Self {
        let at = at.to_rfc3339();
        Self::from(Code::AlreadyCheckedIn)
            .detail(format!("The ticket was used at the door at {at}, let in by {by}."))
            .member("ticket_id", json!(ticket_id.to_string()))
            .member("checked_in_at", json!(at))
            .member("checked_in_by", json!(by))
    }

    /// Adds a response header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says in which way to prove who is calling, and whether what came was not good (RFC 6750, 3). Every 401 must.
    pub(crate) fn challenge(self, scheme: &str) -> Self {
        let error = match self.code {
            Code::InvalidToken | Code::TokenRevoked => ", error=\"invalid_token\"",
            _ => "",
        };
        self.header("WWW-Authenticate", format!("{scheme} realm=\"turnout\"{error}"))
    }

    /// Names every wrong value.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Code::InvalidRequest.into() }
    }

    /// The service cannot take this now.
    pub(crate) fn busy() -> Self {
        Self::from(Code::Busy).header("Retry-After", "1")
    }

    /// The answer, complete.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let status = self.code.status();
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("type", json!("about:blank"));
        put("title", json!(status.canonical_reason()));
        put("status", json!(status.as_u16()));
        put("detail", json!(self.detail.as_deref().unwrap_or(self.code.detail())));
        put("code", json!(self.code.as_str()));
        put("request_id", json!(request_id));
        if !self.errors.is_empty() {
            let errors = self.errors.iter();
            put(
                "errors",
                errors.map(|e| json!({"pointer": e.pointer, "code": e.code.to_json(), "detail": e.detail})).collect(),
            );
        }
        if let Some(id) = self.registration_id {
            put("registration_id", json!(id.to_string()));
        }
        for (name, value) in &self.members {
            put(name, value.clone());
        }
        let mut response = Response::builder().status(status).content_type(CONTENT_TYPE);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        response.body(Value::Object(body).to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl std::error::Error for Problem {}

/// The outermost middleware finds it in the framework's error and renders it, because only there the request id is
/// known.
impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.code.status()
    }
}

impl From<entity::Error> for Problem {
    /// The one place where faults become answers.
    fn from(error: entity::Error) -> Self {
        if matches!(error, entity::Error::Uncertain(_)) {
            tracing::warn!(%error, "not known whether it was done");
            return Self::busy().detail("It is not known whether this was done. Look before you ask again.");
        }
        if error.is_environmental() {
            tracing::warn!(%error, "busy");
            return Self::busy();
        }
        tracing::error!(%error, "fault");
        Code::Internal.into()
    }
}

impl From<Unserved> for Problem {
    fn from(unserved: Unserved) -> Self {
        match unserved {
            Unserved::Busy => Self::busy(),
            Unserved::Fault => Code::Internal.into(),
        }
    }
}

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        let range = |status_range: &str, description| MetaResponse {
            description,
            status: None,
            status_range: Some(status_range.to_owned()),
            content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: ProblemSchema::schema_ref() }],
            headers: vec![],
        };
        let client = range("4XX", "The request cannot be granted as it is; `code` says why.");
        let server = range(
            "5XX",
            "The service cannot answer now. Whether it did what was asked, a repetition with the same key tells.",
        );
        MetaResponses { responses: vec![client, server] }
    }

    fn register(registry: &mut Registry) {
        ProblemSchema::register(registry);
    }
}
