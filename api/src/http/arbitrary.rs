//! What property tests send: what nobody would, and what comes close to what somebody would.

use poem::http::HeaderValue;
use proptest::{collection::vec, prelude::*, sample::select};

/// Up to 60 characters of these: close to what a parser of these looks for.
pub(crate) fn text_of(alphabet: &'static str) -> impl Strategy<Value = String> {
    let characters: Vec<char> = alphabet.chars().collect();
    vec(select(characters), 0..60).prop_map(|characters| characters.into_iter().collect())
}

/// Any text, or one of these characters.
pub(crate) fn any_text(alphabet: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), text_of(alphabet)]
}

/// Whatever a header can hold, text or not, or some of these characters.
pub(crate) fn header_value(alphabet: &'static str) -> impl Strategy<Value = HeaderValue> {
    let anything = vec(any::<u8>(), 0..80);
    let bytes = prop_oneof![anything, text_of(alphabet).prop_map(String::into_bytes)];
    bytes.prop_filter_map("no header holds that", |bytes| HeaderValue::from_bytes(&bytes).ok())
}
