//! The codes of tickets: what opens the door.
//!
//! A code is the ticket's place in the order of issue and an HMAC of its id, in letters that people can read aloud. It
//! is derived from the installation's secret whenever it is needed and never stored, so whoever reads the database can
//! make none.

use std::{fmt, sync::LazyLock};

use data_encoding::{Encoding, Specification};
use uuid::Uuid;

use crate::secret::{Secret, is_start_of_mac, mac};

/// What the key for codes is called.
const PURPOSE: &str = "ticket codes";

/// Bytes of the order of issue: a trillion tickets.
const SEQ_BYTES: usize = 5;

/// Bytes of the HMAC: 128 bits cannot be guessed.
const TAG_BYTES: usize = 16;

/// Crockford's base32: no letter looks like a digit, and all are in a QR code's compact alphabet. Read as people type
/// it.
static ALPHABET: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    specification.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlL");
    specification.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    specification.ignore.push_str(" -");
    #[expect(clippy::expect_used, reason = "a test reads and writes with it")]
    specification.encoding().expect("a base32 alphabet")
});

/// Makes and checks the codes of an installation.
#[derive(Clone)]
pub(crate) struct Codes([u8; 32]);

/// What a code says, true or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The ticket's place in the order of issue.
    pub(crate) seq: i64,
    tag: [u8; TAG_BYTES],
}

impl Codes {
    /// The codes that follow from a secret.
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(secret.key(PURPOSE))
    }

    /// The code of a ticket: 34 letters and digits.
    pub(crate) fn of(&self, seq: i64, id: Uuid) -> String {
        let seq = seq.to_be_bytes();
        let tag = mac(&self.0, id.as_bytes());
        ALPHABET.encode(&[&seq[seq.len() - SEQ_BYTES..], &tag[..TAG_BYTES]].concat())
    }

    /// Whether the claim is true of this ticket. Takes the same time whatever is wrong with it.
    pub(crate) fn prove(&self, claim: &Claim, seq: i64, id: Uuid) -> bool {
        claim.seq == seq && is_start_of_mac(&self.0, id.as_bytes(), &claim.tag)
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes")
    }
}

impl Claim {
    /// Reads a code in letters of either case, with spaces and hyphens anywhere, and with O for 0, I and L for 1.
    /// Nothing if it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes = ALPHABET.decode(text.as_bytes()).ok()?;
        let (seq, tag) = bytes.split_at_checked(SEQ_BYTES)?;
        let seq = seq.iter().fold(0, |seq, byte| (seq << 8) | i64::from(*byte));
        Some(Self { seq, tag: tag.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::http::arbitrary::any_text;

    fn codes(secret: &str) -> Codes {
        Codes::new(&Secret::parse(&secret.repeat(32)).unwrap())
    }

    #[test]
    fn a_code_proves_its_ticket_and_no_other() {
        let (ours, theirs) = (codes("s"), codes("t"));
        let (id, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let code = ours.of(123_456_789_012, id);
        let claim = Claim::read(&code).unwrap();
        assert_eq!((code.len(), claim.seq), (34, 123_456_789_012));
        assert!(ours.prove(&claim, claim.seq, id));
        assert!(!ours.prove(&claim, claim.seq + 1, id));
        assert!(!ours.prove(&claim, claim.seq, other));
        assert!(!theirs.prove(&claim, claim.seq, id));
    }

    #[test]
    fn no_character_can_be_changed() {
        let (codes, id) = (codes("s"), Uuid::from_u128(7));
        let code = codes.of(5, id);
        for place in 0..code.len() {
            for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|c| !code[place..].starts_with(*c)) {
                let forged = format!("{}{other}{}", &code[..place], &code[place + 1..]);
                let claim = Claim::read(&forged);
                assert!(claim.is_none_or(|claim| !codes.prove(&claim, 5, id)), "{forged}");
            }
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let claim = Claim::read("0123456789ABCDEFGHJKMNPQRSTVWXYZ00").unwrap();
        assert_eq!(Claim::read(" oI234-56789 abcdefghjkmnpqrstvwxyzo0 "), Some(claim));
        assert_eq!(Claim::read("0L23456789ABCDEFGHJKMNPQRSTVWXYZ00"), Some(claim));
        for text in ["", "0", "0123456789ABCDEFGHJKMNPQRSTVWXYZ0", "0123456789ABCDEFGHJKMNPQRSTVWXYZ01", "hello!"] {
            assert_eq!(Claim::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_survives_being_typed(seq in 0i64..1 << 40, id in any::<u128>(), breaks in vec((0usize..34, select(vec![" ", "-"])), 0..6)) {
            let (codes, id) = (codes("s"), Uuid::from_u128(id));
            let mut typed = codes.of(seq, id).to_lowercase().replace('0', "o").replace('1', "l");
            for (place, gap) in breaks {
                typed.insert_str(place, gap);
            }
            prop_assert!(Claim::read(&typed).is_some_and(|claim| codes.prove(&claim, seq, id)), "{}", typed);
        }

        #[test]
        fn what_was_not_issued_proves_nothing(text in any_text("0123456789ABCDEFGHJKMNPQRSTVWXYZoil -")) {
            let codes = codes("s");
            prop_assert!(Claim::read(&text).is_none_or(|claim| !codes.prove(&claim, claim.seq, Uuid::from_u128(7))));
        }
    }
}
