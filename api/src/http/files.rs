//! Answers that are files rather than JSON.

use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};

/// An SVG image.
#[derive(Debug)]
pub(crate) struct Svg(pub(crate) String);

/// An iCalendar file (RFC 5545).
#[derive(Debug)]
pub(crate) struct Calendar(pub(crate) String);

/// Metrics in the text format of OpenMetrics.
#[derive(Debug)]
pub(crate) struct OpenMetrics(pub(crate) String);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Makes a type that holds a text an answer with a media type of its own.
macro_rules! file {
    ($type:ty, $media_type:expr, sent as $content_type:expr) => {
        impl Payload for $type {
            const CONTENT_TYPE: &'static str = $media_type;

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")))
            }
        }

        impl IntoResponse for $type {
            fn into_response(self) -> Response {
                Response::builder().content_type($content_type).body(self.0)
            }
        }

        impl ApiResponse for $type {
            fn meta() -> MetaResponses {
                let content = vec![MetaMediaType { content_type: $media_type, schema: Self::schema_ref() }];
                let response = MetaResponse {
                    description: "Here it is.",
                    status: Some(200),
                    status_range: None,
                    content,
                    headers: vec![],
                };
                MetaResponses { responses: vec![response] }
            }

            fn register(_: &mut Registry) {}
        }
    };
}

file!(Svg, "image/svg+xml", sent as "image/svg+xml");
file!(Calendar, "text/calendar", sent as "text/calendar; charset=utf-8");
file!(OpenMetrics, OPEN_METRICS, sent as OPEN_METRICS);
