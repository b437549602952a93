//! Refresh tokens: the session's id and a secret that changes with every use.

use std::fmt;

use entity::Millis;
use uuid::Uuid;

use crate::{http::etag::digest, secret::random_text};

/// How long a refresh token is good: 30 days from its making, in milliseconds and in seconds.
pub(crate) const LIFE: Millis = LIFE_SECONDS * 1000;
pub(crate) const LIFE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A refresh token. Its text goes to the client and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    /// The session it belongs to.
    pub(crate) session_id: Uuid,
    text: String,
}

impl RefreshToken {
    /// A new token of a session.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(crate) fn draw(session_id: Uuid) -> std::io::Result<Self> {
        Ok(Self { session_id, text: format!("{}.{}", session_id.simple(), random_text()?) })
    }

    /// Reads what a client sent. Whether it is good, the session knows.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (session_id, secret) = text.split_once('.')?;
        let session_id = Uuid::try_parse(session_id).ok().filter(|_| secret.len() == 64)?;
        Some(Self { session_id, text: text.to_owned() })
    }

    /// What clients get.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> String {
        digest(self.text.as_bytes())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken")
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::http::arbitrary::any_text;

    #[test]
    fn tokens_survive_the_journey_and_differ() {
        let token = RefreshToken::draw(Uuid::now_v7()).unwrap();
        assert_eq!(RefreshToken::parse(token.as_str()), Some(token.clone()));
        assert_ne!(RefreshToken::draw(token.session_id).unwrap().hash(), token.hash());
        for wrong in ["", "x", "x.y", &token.as_str()[..40], &token.as_str().replace('.', "")] {
            assert_eq!(RefreshToken::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_sent(text in any_text("0123456789abcdef.-{}")) {
            if let Some(token) = RefreshToken::parse(&text) {
                prop_assert_eq!(token.as_str(), text);
            }
        }

        #[test]
        fn a_token_is_a_session_and_sixty_four_bytes(id in any::<u128>(), secret in vec(any::<char>(), 0..70)) {
            let (id, secret) = (Uuid::from_u128(id), secret.into_iter().collect::<String>());
            let read = RefreshToken::parse(&format!("{}.{secret}", id.simple()));
            prop_assert_eq!(read.map(|token| token.session_id), (secret.len() == 64).then_some(id));
        }
    }
}
