//! The secret that every api process of an installation shares: tokens are signed, and the codes of tickets derived,
//! with keys made from it. It is never in the database: whoever reads that can forge neither.

use std::{
    fmt,
    fs::OpenOptions,
    io::{ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The fewest characters of a secret that somebody chose.
const LENGTH_MIN: usize = 32;

/// Bytes of randomness in a secret that is made here.
const BYTES: usize = 32;

/// The secret of an installation.
#[derive(Clone)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// A secret that an operator chose.
    ///
    /// # Errors
    /// A sentence, when it is too short to be one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() < LENGTH_MIN {
            return Err(format!("must have at least {LENGTH_MIN} characters, such as those of: openssl rand -hex 32"));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }

    /// The secret in a file that only its owner can read; made now if there is none. Of several processes that start at
    /// once one makes it and the others read it.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub(crate) fn of_file(path: &Path) -> Result<Self, String> {
        let trouble = |what: &str, error: &dyn fmt::Display| format!("cannot {what} {}: {error}", path.display());
        match Self::create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(trouble("make", &error)),
        }
        let mut text = String::new();
        let read = OpenOptions::new().read(true).open(path).and_then(|mut file| file.read_to_string(&mut text));
        read.map_err(|error| trouble("read", &error))?;
        Self::parse(&text).map_err(|error| trouble("use", &error))
    }

    /// Writes a new secret beside its place and links it there: nobody ever reads half of it.
    fn create(path: &Path) -> std::io::Result<()> {
        if path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let text = random_text()?;
        let draft = PathBuf::from(format!("{}.{}", path.display(), &text[..16]));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let linked = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::hard_link(&draft, path));
        std::fs::remove_file(&draft)?;
        linked
    }

    /// The key for one purpose. Keys of different purposes tell nothing about each other.
    pub(crate) fn key(&self, purpose: &str) -> [u8; 32] {
        mac(&self.0, purpose.as_bytes())
    }
}

/// HMAC-SHA256.
pub(crate) fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac(key, message).finalize().into_bytes().into()
}

/// Whether an HMAC-SHA256 begins with `start`. Takes the same time wherever they differ.
pub(crate) fn is_start_of_mac(key: &[u8], message: &[u8], start: &[u8]) -> bool {
    hmac(key, message).verify_truncated_left(start).is_ok()
}

fn hmac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac
}

/// New randomness from the system, in hexadecimal.
pub(crate) fn random_text() -> std::io::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(HEXLOWER.encode(&bytes))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turnout.db.secret");
        let first = Secret::of_file(&path).unwrap();
        assert_eq!(Secret::of_file(&path).unwrap().0, first.0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn short_secrets_are_refused() {
        assert!(Secret::parse("secret").is_err());
        assert!(Secret::parse(&"s".repeat(32)).is_ok());
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let secret = Secret::parse(&"s".repeat(32)).unwrap();
        assert_ne!(secret.key("tokens"), secret.key("tickets"));
        assert_eq!(secret.key("tokens"), secret.key("tokens"));
    }
}
