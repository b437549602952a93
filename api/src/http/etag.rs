//! Entity tags.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A weak tag of some text: the same for the same text.
pub(crate) fn weak(text: &str) -> String {
    format!("W/\"{}\"", &digest(text.as_bytes())[..22])
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
