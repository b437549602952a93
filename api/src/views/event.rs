//! Events on the wire.

use entity::event::{EventStatus, LiveCounts, Model, Public};
use poem_openapi::{Enum, Object, types::Example};
use uuid::Uuid;

use super::NewEvent;
use crate::http::{parameters::Cursor, time::Time};

/// Whether people can register for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "EventStatus", rename_all = "snake_case")]
pub(crate) enum Status {
    /// Only its organizer and administrators see it.
    Draft,
    /// Everybody sees it and may register.
    Published,
    /// It will not take place.
    Cancelled,
}

/// Something that people register for.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Event {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Free text.
    pub location: String,
    /// When it begins.
    pub starts_at: Time,
    /// When it is over.
    pub ends_at: Option<Time>,
    /// The IANA name of the zone its times are meant in.
    pub time_zone: String,
    /// Nobody can register before this.
    pub registration_opens_at: Option<Time>,
    /// Nobody can register from this on; from the start on, if absent.
    pub registration_closes_at: Option<Time>,
    /// Seats.
    pub capacity: i64,
    /// Seats that nobody holds.
    pub available_spots: i64,
    /// Parties on its waitlist, in the answer to a look at this one event. Nobody counts beyond 1,000: that means as many
    /// or more. Absent where nobody waits or there is no waitlist.
    pub waiting: Option<i64>,
    /// Seconds that a reserved ticket waits for its confirmation.
    pub hold_seconds: i64,
    /// Seconds that an offer to a waiting person waits for its confirmation.
    pub offer_seconds: i64,
    /// Whether people are put on a waiting list when it is full.
    pub waitlist_enabled: bool,
    /// Seats that one ticket may take.
    pub max_party_size: i64,
    pub status: Status,
    /// Raised by each edit of the organizer.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last edited.
    pub updated_at: Time,
    /// In the answer to an edit or a cancellation: what it means for other people. With `dry_run`: what it would mean.
    pub effect: Option<EventEffect>,
}

/// What a change of an event means for other people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Object)]
#[oai(rename = "EventEffect")]
pub(crate) struct EventEffect {
    /// Waiting people who are offered seats.
    pub offers: usize,
    /// Tickets that are cancelled.
    pub tickets_cancelled: i64,
    /// Undecided registrations that are refused.
    pub registrations_refused: i64,
}

impl EventEffect {
    /// Cancelling ends everything that is going on.
    pub(crate) fn of_cancelling(live: LiveCounts) -> Self {
        Self { offers: 0, tickets_cancelled: live.tickets, registrations_refused: live.intents }
    }
}

impl From<Model> for Event {
    fn from(event: Model) -> Self {
        Self {
            id: event.id,
            name: event.name,
            description: event.description,
            location: event.location,
            starts_at: Time(event.starts_at),
            ends_at: event.ends_at.map(Time),
            time_zone: event.time_zone,
            registration_opens_at: event.registration_opens_at.map(Time),
            registration_closes_at: event.registration_closes_at.map(Time),
            capacity: event.capacity,
            available_spots: event.available_spots,
            waiting: None,
            hold_seconds: event.hold_seconds,
            offer_seconds: event.offer_seconds,
            waitlist_enabled: event.waitlist_enabled,
            max_party_size: event.max_party_size,
            status: match event.status {
                EventStatus::Draft => Status::Draft,
                EventStatus::Published => Status::Published,
                EventStatus::Cancelled => Status::Cancelled,
            },
            version: event.version,
            created_at: Time(event.created_at),
            updated_at: Time(event.updated_at),
            effect: None,
        }
    }
}

impl From<Public> for Event {
    fn from(Public { event, waiting }: Public) -> Self {
        Self { waiting, ..event.into() }
    }
}

impl Event {
    /// Changes with every edit, with every seat, and with everybody who joins or leaves the waitlist, as far as they are
    /// counted.
    pub(crate) fn etag(&self) -> String {
        let waiting = self.waiting.map(|waiting| format!(".{waiting}")).unwrap_or_default();
        format!("\"{}.{}{waiting}\"", self.version, self.available_spots)
    }
}

/// Some events, in the order in which they begin.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct EventPage {
    /// The events of this page.
    pub data: Vec<Event>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for Event {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c01f_763d_9119_875f_2eb1_2e00 + last);
        let event = NewEvent::example().into_model(id(1), id(2), 1_795_243_511_000);
        Model { available_spots: 12, ..event }.into()
    }
}

impl Example for EventPage {
    fn example() -> Self {
        let event = Event::example();
        let next_cursor = Some(Cursor::write(event.starts_at.0, event.id));
        Self { data: vec![event], next_cursor }
    }
}
