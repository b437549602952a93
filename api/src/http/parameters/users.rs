//! How many people a simulation has.

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};

use super::{parameter, query_value, wrong_parameter};
use crate::{
    http::problem::{FieldErrorCode, Problem},
    simulation::USERS_MAX,
};

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

parameter!(Users, in: Query, required: true,
    schema: MetaSchema { minimum: Some(1.0), maximum: Some(f64::from(USERS_MAX)), ..MetaSchema::new("integer") },
    read: |request| Self::read(request.uri().query()));
