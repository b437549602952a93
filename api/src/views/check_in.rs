//! Check-ins on the wire.

use entity::ticket::Model;
use poem_openapi::{Object, types::Example};
use uuid::Uuid;

use crate::http::{
    fields::{self, Fields, FromFields},
    time::Time,
};

/// A ticket that was let in.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct CheckIn {
    /// The ticket.
    pub ticket_id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The person's name.
    pub name: String,
    /// How many people come in with it.
    pub party_size: i64,
    /// When it was let in.
    pub checked_in_at: Time,
    /// The e-mail of whoever let it in.
    pub checked_in_by: String,
}

impl CheckIn {
    /// What the ticket says about its being let in; nothing unless it was.
    pub(crate) fn of(ticket: &Model) -> Option<Self> {
        Some(Self {
            ticket_id: ticket.id,
            event_id: ticket.event_id,
            name: ticket.name.clone(),
            party_size: ticket.party_size,
            checked_in_at: Time(ticket.checked_in_at?),
            checked_in_by: ticket.checked_in_by.clone()?,
        })
    }
}

impl Example for CheckIn {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d00 + last);
        Self {
            ticket_id: id(1),
            event_id: id(2),
            name: "Ada Lovelace".to_owned(),
            party_size: 1,
            checked_in_at: Time(1_830_329_100_000),
            checked_in_by: "organizer@example.org".to_owned(),
        }
    }
}

/// A scan at the door.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct NewCheckIn {
    /// The code of the ticket, as it was scanned or typed: case, spaces and hyphens do not matter.
    #[oai(validator(min_length = 1, max_length = 100))]
    pub code: String,
    /// Something that no other scan has, such as a UUID: visible ASCII characters. Send it again when an answer was
    /// lost, and the first answer is repeated.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub nonce: Option<String>,
}

/// The longest code that is looked at: the shortest is 34, and people put spaces where they like.
const CODE_LENGTH_MAX: usize = 100;

impl FromFields for NewCheckIn {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let code = f.required("code", fields::text(1, CODE_LENGTH_MAX));
        let nonce = f.optional("nonce", fields::visible_ascii(1, 64));
        Some(Self { code: code?, nonce: nonce? })
    }
}

impl Example for NewCheckIn {
    fn example() -> Self {
        Self {
            code: "0000002Z5T8HWM1QKD4RNB7XE0VJ9CAG6M".to_owned(),
            nonce: Some("01a1fcc7c0b77243851597235745ee91".to_owned()),
        }
    }
}

/// Why a check-in is taken back.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct CheckInUndo {
    /// For the record.
    #[oai(validator(min_length = 1, max_length = 500))]
    pub reason: String,
}

impl FromFields for CheckInUndo {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        Some(Self { reason: f.required("reason", fields::text(1, 500))? })
    }
}

impl Example for CheckInUndo {
    fn example() -> Self {
        Self { reason: "Scanned at the wrong door.".to_owned() }
    }
}
