//! JSON bodies, in and out.

use poem::{IntoResponse, Request, RequestBody, Response, Result, error::ReadBodyError, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions,
    payload::Payload,
    registry::{MetaMediaType, MetaRequest, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::{ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    fields::{Fields, FromFields},
    problem::{Code, Problem},
};

const CONTENT_TYPE: &str = "application/json";

/// The largest body that is read.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ToJSON> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type(CONTENT_TYPE).body(self.0.to_json_string())
    }
}

impl<T: ToJSON> ApiResponse for Json<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema: T::schema_ref() }];
        let response = MetaResponse {
            description: "Here it is.",
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// A JSON answer for what is asked for most. It is written straight away; the framework makes a tree of it first, which is
/// twice the work. The text is the same.
#[derive(Debug)]
pub(crate) struct Direct<T>(pub(crate) T);

impl<T: Type> Payload for Direct<T> {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Serialize + Send> IntoResponse for Direct<T> {
    fn into_response(self) -> Response {
        let text = serde_json::to_vec(&self.0).unwrap_or_default();
        Response::builder().content_type(CONTENT_TYPE).body(text)
    }
}

/// A JSON request body, checked as a whole: every flaw is told at once. An absent body counts as `{}`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<'a, T: FromFields + Type> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: T::IS_REQUIRED })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        let bytes = read_bytes(body).await?;
        let value = if bytes.is_empty() { json!({}) } else { parse(request, &bytes)? };
        Ok(Self(Fields::read(value).map_err(Problem::invalid)?))
    }
}

async fn read_bytes(body: &mut RequestBody) -> Result<Vec<u8>> {
    match body.take()?.into_bytes_limit(BODY_BYTES_MAX).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(ReadBodyError::PayloadTooLarge) => Err(Problem::from(Code::BodyTooLarge).into()),
        Err(error) => Err(error.into()),
    }
}

fn parse(request: &Request, bytes: &[u8]) -> Result<Value, Problem> {
    if !is_json(request) {
        return Err(Code::UnsupportedMediaType.into());
    }
    serde_json::from_slice(bytes).map_err(|error| Problem::from(Code::MalformedJson).detail(format!("{error}.")))
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(CONTENT_TYPE)
}

/// No body, or an empty object.
#[derive(Debug, poem_openapi::Object)]
#[oai(rename = "Nothing")]
pub(crate) struct Nothing {}

impl FromFields for Nothing {
    fn from_fields(_: &mut Fields) -> Option<Self> {
        Some(Self {})
    }
}
