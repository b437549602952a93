//! Which page of a list is wanted.

use entity::Millis;
use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use uuid::Uuid;

use super::{parameter, query_value, wrong_parameter};
use crate::http::problem::{FieldErrorCode, Problem};

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

parameter!(Limit, in: Query, required: false,
    schema: MetaSchema {
        description: Some("Items on a page."),
        minimum: Some(1.0),
        maximum: Some(f64::from(LIMIT_MAX)),
        default: Some(LIMIT_DEFAULT.into()),
        ..MetaSchema::new("integer")
    },
    read: |request| Self::read(request.uri().query()));
parameter!(Cursor, in: Query, required: false,
    schema: MetaSchema { description: Some("The `next_cursor` of the page before."), ..MetaSchema::new("string") },
    read: |request| Self::read(request.uri().query()));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::arbitrary::any_text;

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

    proptest! {
        #[test]
        fn every_cursor_of_ours_is_read(at in any::<Millis>(), id in any::<u128>()) {
            let id = Uuid::from_u128(id);
            let query = format!("cursor={}", Cursor::write(at, id));
            prop_assert_eq!(Cursor::read(Some(&query)).ok(), Some(Cursor(Some((at, id)))));
        }

        #[test]
        fn what_is_read_is_a_place(query in any_text("cursor=&%0123456789abcdef.-+{}limit")) {
            if let Ok(Cursor(Some((at, id)))) = Cursor::read(Some(&query)) {
                let again = format!("cursor={}", Cursor::write(at, id));
                prop_assert_eq!(Cursor::read(Some(&again)).ok(), Some(Cursor(Some((at, id)))));
            }
            if let Ok(limit) = Limit::read(Some(&query)) {
                prop_assert!((1..=LIMIT_MAX).contains(&limit.0));
            }
        }
    }
}
