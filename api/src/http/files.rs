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

/// Makes a type that holds a text an answer with a media type of its own.
macro_rules! file {
    ($type:ty, $media_type:literal, sent as $content_type:literal) => {
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
