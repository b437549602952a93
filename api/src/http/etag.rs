//! Entity tags.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A weak tag of some text: the same for the same text.
pub(crate) fn weak(text: &str) -> String {
    format!("W/\"{}\"", &digest(text.as_bytes())[..22])
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
