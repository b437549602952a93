//! How long a client is willing to wait.

use std::time::Duration;

use poem::{Request, RequestBody, Result, http::HeaderMap};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};

use super::parameter;
use crate::http::problem::Problem;

/// The longest that anybody waits for an answer, in seconds.
const WAIT_SECONDS_MAX: u64 = 25;

/// How long a client is willing to wait (RFC 7240). Other preferences are ignored, as the standard wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    /// In seconds, at most 25.
    pub(crate) wait: Option<u64>,
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

parameter!(Prefer, in: Header, required: false,
    schema: MetaSchema { example: Some("wait=10".into()), ..MetaSchema::new("string") },
    read: |request| Ok(Self::read(request.headers())));

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{super::headers, *};
    use crate::http::arbitrary::{header_value, text_of};

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

    proptest! {
        #[test]
        fn nobody_waits_longer_than_the_cap(lines in vec(header_value("wait=0123456789,; \"WAIT-+"), 0..4)) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("prefer", line);
            }
            prop_assert!(Prefer::read(&headers).wait.is_none_or(|seconds| seconds <= WAIT_SECONDS_MAX));
        }

        #[test]
        fn other_preferences_hide_none(others in text_of("abcdef=0123456789, ;"), seconds in any::<u64>()) {
            let line = format!("{others}, wait={seconds}");
            prop_assert_eq!(Prefer::read(&headers(&[("prefer", &line)])).wait, Some(seconds.min(WAIT_SECONDS_MAX)));
        }
    }
}
