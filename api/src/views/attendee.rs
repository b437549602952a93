//! An event's attendees on the wire.

use entity::{
    Millis,
    attendees::Waiting,
    ticket::{Model, TicketStatus as Stored},
};
use poem_openapi::{Object, types::Example};
use uuid::Uuid;

use super::{Ticket, TicketStatus};
use crate::http::{query::SeqCursor, time::Time};

/// Somebody with a ticket for an event, as its organizer sees them.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Attendee {
    /// Their ticket.
    pub ticket_id: Uuid,
    /// The registration it came from.
    pub registration_id: Uuid,
    pub status: TicketStatus,
    /// The person's name.
    pub name: String,
    /// The person's e-mail.
    pub email: String,
    /// Seats.
    pub party_size: i64,
    /// When the ticket was issued.
    pub created_at: Time,
    /// When it was confirmed.
    pub confirmed_at: Option<Time>,
    /// When it was used at the door.
    pub checked_in_at: Option<Time>,
    /// When it was cancelled.
    pub cancelled_at: Option<Time>,
    /// When its hold ran out.
    pub expired_at: Option<Time>,
}

impl Attendee {
    /// The ticket as it reads at a time.
    pub(crate) fn at(ticket: &Model, now: Millis) -> Self {
        let status = ticket.status_at(now);
        // Nobody may have noticed yet.
        let lapsed_at = ticket.expires_at.filter(|_| status == Stored::Expired);
        Self {
            ticket_id: ticket.id,
            registration_id: ticket.job_id,
            status: status.into(),
            name: ticket.name.clone(),
            email: ticket.email.clone(),
            party_size: ticket.party_size,
            created_at: Time(ticket.created_at),
            confirmed_at: ticket.confirmed_at.map(Time),
            checked_in_at: ticket.checked_in_at.map(Time),
            cancelled_at: ticket.cancelled_at.map(Time),
            expired_at: ticket.expired_at.or(lapsed_at).map(Time),
        }
    }
}

impl Example for Attendee {
    fn example() -> Self {
        let ticket = Ticket::example();
        Self {
            ticket_id: ticket.id,
            registration_id: ticket.registration_id,
            status: TicketStatus::Confirmed,
            name: ticket.name,
            email: ticket.email,
            party_size: ticket.party_size,
            created_at: ticket.created_at,
            confirmed_at: Some(Time(ticket.created_at.0 + 60_000)),
            checked_in_at: None,
            cancelled_at: None,
            expired_at: None,
        }
    }
}

/// Some attendees, in the order in which their tickets were issued.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct AttendeePage {
    /// The attendees of this page.
    pub data: Vec<Attendee>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for AttendeePage {
    fn example() -> Self {
        Self { data: vec![Attendee::example()], next_cursor: Some(SeqCursor::write(42)) }
    }
}

/// Somebody in line for seats of an event.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct WaitingAttendee {
    /// 1 for the first in line. Who comes behind is served before if only they fit into the free seats.
    pub position: i64,
    /// Their ticket.
    pub ticket_id: Uuid,
    /// The person's name.
    pub name: String,
    /// The person's e-mail.
    pub email: String,
    /// Seats that they want.
    pub party_size: i64,
    /// When they joined the line.
    pub created_at: Time,
}

impl From<Waiting> for WaitingAttendee {
    fn from(Waiting { position, ticket }: Waiting) -> Self {
        Self {
            position,
            ticket_id: ticket.id,
            name: ticket.name,
            email: ticket.email,
            party_size: ticket.party_size,
            created_at: Time(ticket.created_at),
        }
    }
}

impl Example for WaitingAttendee {
    fn example() -> Self {
        let Ticket { id: ticket_id, name, email, party_size, created_at, .. } = Ticket::example();
        Self { position: 1, ticket_id, name, email, party_size, created_at }
    }
}

/// Some of those who wait, the first in line first.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct WaitlistPage {
    /// Those on this page.
    pub data: Vec<WaitingAttendee>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for WaitlistPage {
    fn example() -> Self {
        Self { data: vec![WaitingAttendee::example()], next_cursor: Some(SeqCursor::write(42)) }
    }
}
