//! Registrations on the wire.

use entity::{
    Millis, Viewer,
    job::{self, JobState, Outcome},
    registration,
};
use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;
use uuid::Uuid;

use super::Ticket;
use crate::{
    code::Codes,
    http::{
        etag,
        fields::{self, Fields, FromFields},
        problem::Code,
        time::Time,
    },
    progress::Place,
};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize)]
#[oai(rename = "RegistrationStatus", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Nothing yet.
    Pending,
    /// There is a ticket; confirm it in time.
    Reserved,
    /// There is a ticket, waiting for seats.
    Waitlisted,
    /// There is no ticket; `refusal` says why.
    Refused,
    /// It could not be decided; an operator will look at it.
    Failed,
}

/// Why there is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize)]
#[oai(rename = "RefusalCode", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusalCode {
    /// The event was cancelled.
    EventCancelled,
    /// This person has a ticket for the event.
    AlreadyRegistered,
    /// Some seats are free, but fewer than the party needs.
    NotEnoughSeats,
    /// No seat is free.
    SoldOut,
    /// An operator gave up on it.
    Discarded,
}

/// Why there is no ticket, and whether it is worth coming back.
#[derive(Clone, Debug, Hash, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Refusal {
    pub code: RefusalCode,
    /// The same for people.
    pub detail: String,
    /// Only unconfirmed holds are in the way: seats may come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_return: Option<bool>,
}

/// A request for seats and what became of it.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Registration {
    /// Its id.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    pub status: Status,
    /// The ticket it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// While pending: how many of the event will be decided before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<i64>,
    /// While pending: seconds until it is decided, if that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_seconds: Option<i64>,
    /// When it was accepted.
    pub created_at: Time,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Time>,
}

impl Example for Registration {
    fn example() -> Self {
        let ticket = Ticket::example();
        Self {
            status: Status::Reserved,
            ticket_id: Some(ticket.id),
            settled_at: Some(ticket.created_at),
            ticket: Some(ticket.clone()),
            ..Self::accepted(ticket.registration_id, ticket.event_id, ticket.created_at.0)
        }
    }
}

impl Registration {
    /// A registration that was accepted this moment.
    pub(crate) fn accepted(id: Uuid, event_id: Uuid, created_at: Millis) -> Self {
        Self {
            id,
            event_id,
            status: Status::Pending,
            ticket_id: None,
            ticket: None,
            refusal: None,
            ahead: None,
            estimate_seconds: None,
            created_at: Time(created_at),
            settled_at: None,
        }
    }

    /// The registration as it reads at a time.
    pub(crate) fn at(registration: &registration::Registration, now: Millis) -> Self {
        let ticket = registration.ticket.as_ref();
        Self {
            status: status(registration),
            ticket_id: ticket.map(|ticket| ticket.id),
            ticket: ticket.map(|ticket| Ticket::at(ticket, now)),
            refusal: registration.refusal.map(|refusal| Refusal::new(refusal, registration.may_return)),
            settled_at: registration.settled_at.map(Time),
            ..Self::accepted(registration.id, registration.event_id, registration.created_at)
        }
    }

    /// Adds the ticket's code, if the viewer owns the ticket and it opens the door.
    pub(crate) fn with_code(self, codes: Option<&Codes>, viewer: &Viewer) -> Self {
        Self { ticket: self.ticket.map(|ticket| ticket.with_code(codes, viewer)), ..self }
    }

    /// Adds where it stands in the queue.
    pub(crate) fn with_place(self, place: Place) -> Self {
        Self { ahead: Some(place.ahead), estimate_seconds: place.estimate_seconds, ..self }
    }

    /// Adds where its ticket stands on the waitlist.
    pub(crate) fn with_position(self, position: i64) -> Self {
        Self { ticket: self.ticket.map(|ticket| ticket.with_position(position)), ..self }
    }

    /// Changes with everything but the place in line, which others change.
    pub(crate) fn etag(&self) -> String {
        let Self {
            id,
            event_id,
            status,
            ticket_id,
            ticket,
            refusal,
            ahead: _,
            estimate_seconds: _,
            created_at,
            settled_at,
        } = self;
        let ticket = ticket.as_ref().map(Ticket::without_position);
        etag::weak(&(id, event_id, status, ticket_id, ticket, refusal, created_at, settled_at))
    }
}

fn status(registration: &registration::Registration) -> Status {
    match (registration.state, registration.outcome) {
        (JobState::Failed, _) => Status::Failed,
        (_, Some(Outcome::Reserved)) => Status::Reserved,
        (_, Some(Outcome::Waitlisted)) => Status::Waitlisted,
        (_, Some(Outcome::Refused)) => Status::Refused,
        (JobState::Pending | JobState::Settled, None) => Status::Pending,
    }
}

impl Refusal {
    fn new(refusal: job::Refusal, may_return: bool) -> Self {
        let code = RefusalCode::from(refusal);
        Self { code, detail: Code::from(code).detail().to_owned(), may_return: may_return.then_some(true) }
    }
}

impl From<job::Refusal> for RefusalCode {
    fn from(refusal: job::Refusal) -> Self {
        match refusal {
            job::Refusal::EventCancelled => Self::EventCancelled,
            job::Refusal::AlreadyRegistered => Self::AlreadyRegistered,
            job::Refusal::NotEnoughSeats => Self::NotEnoughSeats,
            job::Refusal::SoldOut => Self::SoldOut,
            job::Refusal::Discarded => Self::Discarded,
        }
    }
}

impl From<RefusalCode> for Code {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::EventCancelled => Self::EventCancelled,
            RefusalCode::AlreadyRegistered => Self::AlreadyRegistered,
            RefusalCode::NotEnoughSeats => Self::NotEnoughSeats,
            RefusalCode::SoldOut => Self::SoldOut,
            RefusalCode::Discarded => Self::Discarded,
        }
    }
}

/// A request for seats. Everything is optional: without an e-mail it is for the caller.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct NewRegistration {
    /// The person's name. The part of the e-mail before the `@` if absent.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: Option<String>,
    /// The person's e-mail. Only the event's organizer and administrators may name another than their own.
    #[oai(validator(max_length = 254))]
    pub email: Option<String>,
    /// Seats, all or none. 1 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
    pub party_size: Option<i64>,
}

impl Example for NewRegistration {
    fn example() -> Self {
        Self { name: Some("Ada Lovelace".to_owned()), email: None, party_size: Some(1) }
    }
}

impl FromFields for NewRegistration {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let name = f.optional("name", fields::text(1, 200));
        let email = f.optional("email", fields::email);
        let party_size = f.optional("party_size", fields::integer(1, 1_000_000));
        Some(Self { name: name?, email: email?.map(|email| email.to_string()), party_size: party_size? })
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ToJSON;

    use super::*;

    #[test]
    fn what_is_written_directly_is_what_the_framework_would_write() {
        let full = Registration::example();
        let refusal = Refusal::new(job::Refusal::NotEnoughSeats, true);
        let refused = Registration {
            status: Status::Refused,
            ticket: None,
            ticket_id: None,
            refusal: Some(refusal),
            ..full.clone()
        };
        let ticket = full.ticket.clone().map(|ticket| Ticket {
            name: "\"Ada\"\n\u{1F980} \u{7}</script>".to_owned(),
            status: super::super::TicketStatus::CheckedIn,
            offered_at: Some(Time(1)),
            position: Some(7),
            confirmed_at: Some(Time(2)),
            checked_in_at: Some(Time(1_795_243_511_250)),
            cancelled_at: Some(Time(4)),
            code: Some("code".to_owned()),
            ..ticket
        });
        let used = Registration { ticket, ahead: Some(1), estimate_seconds: Some(2), ..full.clone() };
        for view in [full, refused, used] {
            assert_eq!(serde_json::to_string(&view).unwrap(), view.to_json_string());
        }
    }
}
