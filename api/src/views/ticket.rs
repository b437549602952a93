//! Tickets on the wire.

use entity::{
    Millis, Viewer,
    ticket::{Model, TicketStatus},
};
use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    code::Codes,
    http::{
        etag,
        fields::{self, Fields, FromFields},
        query::QueryValue,
        time::Time,
    },
};

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize)]
#[oai(rename = "TicketStatus", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// In line for seats.
    Waitlisted,
    /// Holds seats until `expires_at`: confirm it before.
    Reserved,
    /// Holds seats.
    Confirmed,
    /// Used at the door.
    CheckedIn,
    /// Given up.
    Cancelled,
    /// Not confirmed in time.
    Expired,
}

impl From<TicketStatus> for Status {
    fn from(status: TicketStatus) -> Self {
        match status {
            TicketStatus::Waitlisted => Self::Waitlisted,
            TicketStatus::Reserved => Self::Reserved,
            TicketStatus::Confirmed => Self::Confirmed,
            TicketStatus::CheckedIn => Self::CheckedIn,
            TicketStatus::Cancelled => Self::Cancelled,
            TicketStatus::Expired => Self::Expired,
        }
    }
}

impl From<Status> for TicketStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Waitlisted => Self::Waitlisted,
            Status::Reserved => Self::Reserved,
            Status::Confirmed => Self::Confirmed,
            Status::CheckedIn => Self::CheckedIn,
            Status::Cancelled => Self::Cancelled,
            Status::Expired => Self::Expired,
        }
    }
}

impl QueryValue for Status {
    const RULE: &'static str = "must be a status of tickets";
}

/// Somebody's ticket for an event.
#[derive(Clone, Debug, Hash, Object, Serialize)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Ticket {
    /// Its id.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The registration it came from.
    pub registration_id: Uuid,
    pub status: Status,
    /// The person's name.
    pub name: String,
    /// The person; the ticket belongs to this address.
    pub email: String,
    /// Seats.
    pub party_size: i64,
    /// When the hold ends; on reserved tickets only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When seats were offered to somebody who waited for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Time>,
    /// The place on the waitlist; on waitlisted tickets only. 1 is served next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// When it was issued.
    pub created_at: Time,
    /// When it was confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Time>,
    /// When it was used at the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_in_at: Option<Time>,
    /// When it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Time>,
    /// What opens the door. Only its owner sees it, once the ticket is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its place in the order of issue, which the code is made from. Not shown.
    #[oai(skip)]
    #[serde(skip)]
    pub seq: i64,
}

/// What to change of a ticket.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct EditTicket {
    /// The person's new name.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
}

impl Example for EditTicket {
    fn example() -> Self {
        Self { name: "Grace Hopper".to_owned() }
    }
}

impl FromFields for EditTicket {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        Some(Self { name: f.required("name", fields::text(1, 200))? })
    }
}

impl Example for Ticket {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d00 + last);
        Self {
            id: id(1),
            event_id: id(2),
            registration_id: id(3),
            status: Status::Reserved,
            name: "Ada Lovelace".to_owned(),
            email: "ada@example.org".to_owned(),
            party_size: 1,
            expires_at: Some(Time(1_795_243_811_000)),
            offered_at: None,
            position: None,
            created_at: Time(1_795_243_511_000),
            confirmed_at: None,
            checked_in_at: None,
            cancelled_at: None,
            code: None,
            seq: 1,
        }
    }
}

impl Ticket {
    /// The ticket as it reads at a time: a hold that has run out is expired, reaped or not.
    pub(crate) fn at(ticket: &Model, now: Millis) -> Self {
        let status = ticket.status_at(now);
        Self {
            id: ticket.id,
            event_id: ticket.event_id,
            registration_id: ticket.job_id,
            status: status.into(),
            name: ticket.name.clone(),
            email: ticket.email.clone(),
            party_size: ticket.party_size,
            expires_at: ticket.expires_at.filter(|_| status == TicketStatus::Reserved).map(Time),
            offered_at: ticket.offered_at.map(Time),
            position: None,
            created_at: Time(ticket.created_at),
            confirmed_at: ticket.confirmed_at.map(Time),
            checked_in_at: ticket.checked_in_at.map(Time),
            cancelled_at: ticket.cancelled_at.map(Time),
            code: None,
            seq: ticket.seq,
        }
    }

    /// Adds its place on the waitlist.
    pub(crate) fn with_position(self, position: i64) -> Self {
        Self { position: Some(position), ..self }
    }

    /// Adds the code, if the viewer owns the ticket and it opens the door. Nobody else ever sees it.
    pub(crate) fn with_code(mut self, codes: Option<&Codes>, viewer: &Viewer) -> Self {
        let opens = matches!(self.status, Status::Confirmed | Status::CheckedIn);
        let codes = codes.filter(|_| opens && self.email == viewer.email.as_str());
        self.code = codes.map(|codes| codes.of(self.seq, self.id));
        self
    }

    /// Changes with everything but the place on the waitlist, which others change.
    pub(crate) fn etag(&self) -> String {
        etag::weak(&self.without_position())
    }

    pub(super) fn without_position(&self) -> Self {
        Self { position: None, ..self.clone() }
    }
}
