//! Headers and query parameters that routes ask for.

mod conditions;
mod key;
mod pages;
mod prefer;
mod trace;
mod users;

pub(crate) use conditions::{DryRun, IfMatch, IfNoneMatch};
pub(crate) use key::IdempotencyKey;
pub(crate) use pages::{Cursor, Limit};
pub(crate) use prefer::Prefer;
pub(crate) use trace::traceparent;
pub(crate) use users::Users;

use std::borrow::Cow;

use super::problem::{FieldError, FieldErrorCode, Problem};

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
pub(in crate::http) use parameter;

/// The first value of a query parameter, unescaped.
pub(in crate::http) fn query_value<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query?.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A query parameter, named as in `?limit`, is wrong.
pub(in crate::http) fn wrong_parameter(pointer: &str, code: FieldErrorCode, detail: String) -> Problem {
    Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), code, detail }])
}

/// Headers as a test writes them.
#[cfg(test)]
fn headers(lines: &[(&'static str, &str)]) -> poem::http::HeaderMap {
    let mut headers = poem::http::HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}
