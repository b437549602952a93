//! The trace that a request belongs to.

use poem::http::HeaderMap;

/// Text that came with a request as `traceparent`, if it has the shape of one (W3C Trace Context, version 00).
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let is_well_formed = *version == "00" && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    is_well_formed.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{super::headers, *};

    #[test]
    fn trace_parents_have_their_shape() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&headers(&[("traceparent", good)])), Some(good));
        assert_eq!(traceparent(&headers(&[("traceparent", "00-xyz")])), None);
    }
}
