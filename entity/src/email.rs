//! The e-mail address: who a person is, everywhere in Turnout.

use std::fmt;

/// The longest address that mail can be delivered to (RFC 5321, 4.5.3.1.3, less the angle brackets).
const LENGTH_MAX: usize = 254;

/// A normalised e-mail address: trimmed and lower-cased, with exactly one `@`. Two spellings of one person compare
/// equal; nothing else is folded (`a.b@x.org` and `ab@x.org` are two people).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

/// The text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Reads an address as people type it.
    ///
    /// # Errors
    /// [`InvalidEmail`] unless something stands on both sides of exactly one `@`, without white space or control
    /// characters, in at most 254 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.split_once('@').ok_or(InvalidEmail)?;
        let malformed = local.is_empty()
            || domain.is_empty()
            || domain.contains('@')
            || address.chars().count() > LENGTH_MAX
            || address.chars().any(|c| c.is_whitespace() || c.is_control());
        if malformed { Err(InvalidEmail) } else { Ok(Self(address)) }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`: a name for somebody who gave none.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_are_one_person() {
        assert_eq!(Email::parse("A@x.org"), Email::parse(" a@X.org "));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@x.org", "a".repeat(LENGTH_MAX));
        for text in ["", "@", "a@", "@b", "a@b@c", "a b@c.org", "a\u{0}@b.org", "plain", &long] {
            assert_eq!(Email::parse(text), Err(InvalidEmail), "{text:?}");
        }
    }

    #[test]
    fn the_longest_address_is_accepted() {
        let longest = format!("{}@x.org", "a".repeat(LENGTH_MAX - "@x.org".len()));
        assert!(Email::parse(&longest).is_ok());
    }
}
