//! Entity tags.

use std::hash::{DefaultHasher, Hash, Hasher};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A weak tag of something: the same for the same, in every process. (Another build may make another, which costs whoever
/// has the old one an answer.)
pub(crate) fn weak(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
