//! Times on the wire: RFC 3339, UTC when they go out.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use entity::Millis;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A point in time. It has milliseconds; digits beyond them are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Time(pub(crate) Millis);

impl Time {
    /// Reads RFC 3339 with any offset.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_millis()))
    }

    /// `2026-11-21T08:30:00Z`
    pub(crate) fn to_rfc3339(self) -> String {
        DateTime::from_timestamp_millis(self.0)
            .map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            .unwrap_or_default()
    }
}

impl Type for Time {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_date-time".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "date-time")))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ToJSON for Time {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(self.to_rfc3339()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl ParseFromJSON for Time {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        value.as_str().and_then(Self::parse).ok_or_else(|| ParseError::expected_type(value))
    }
}

impl ParseFromParameter for Time {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        Self::parse(text).ok_or_else(|| ParseError::custom("not a time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_out_in_utc() {
        let time = Time::parse("2026-11-21T09:30:00.5+01:00").unwrap();
        assert_eq!(time.to_rfc3339(), "2026-11-21T08:30:00.500Z");
        assert_eq!(Time(0).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Time::parse("2026-11-21"), None);
        assert_eq!(Time::parse("tomorrow"), None);
    }
}
