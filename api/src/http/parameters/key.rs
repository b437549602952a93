//! The idempotency key.

use poem::{Request, RequestBody, Result, http::HeaderMap};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};

use super::parameter;
use crate::http::problem::{Code, Problem};

/// What a client tells its attempts at one request apart from other requests by: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub(crate) String);

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

parameter!(IdempotencyKey, in: Header, required: true,
    schema: MetaSchema { min_length: Some(1), max_length: Some(255), ..MetaSchema::new("string") },
    read: |request| Self::read(request.headers()));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::headers, *};
    use crate::http::arbitrary::header_value;

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

    proptest! {
        #[test]
        fn a_key_is_taken_as_it_is_or_not_at_all(line in header_value("abcXYZ0123-_~!\t ")) {
            let mut headers = HeaderMap::new();
            headers.append("idempotency-key", line.clone());
            let bytes = line.as_bytes();
            let is_key = (1..=255).contains(&bytes.len()) && bytes.iter().all(|byte| (0x21..=0x7e).contains(byte));
            let read = IdempotencyKey::read(&headers).ok();
            prop_assert_eq!(read.map(|key| key.0.into_bytes()), is_key.then(|| bytes.to_vec()));
        }
    }
}
