//! An organizer's own events on the wire.

use entity::summary::Summary;
use poem_openapi::{Object, types::Example};

use super::Event;
use crate::http::parameters::Cursor;

/// What became of an event's seats: `capacity` is `available`, `held`, `confirmed` and `checked_in` together.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct EventCounts {
    /// Seats in all.
    pub capacity: i64,
    /// Seats that nobody holds.
    pub available: i64,
    /// Seats in holds that wait for their confirmation, those included that ran out a moment ago.
    pub held: i64,
    /// Seats that were confirmed.
    pub confirmed: i64,
    /// Seats that were used at the door.
    pub checked_in: i64,
    /// Tickets on the waitlist.
    pub waiting: i64,
    /// Seats that those on the waitlist want.
    pub waiting_seats: i64,
    /// Registrations that were accepted and not decided yet.
    pub pending_intents: i64,
}

/// One of the caller's own events.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct OwnEvent {
    #[oai(flatten)]
    pub event: Event,
    pub counts: EventCounts,
}

impl From<Summary> for OwnEvent {
    fn from(Summary { event, counts }: Summary) -> Self {
        let counts = EventCounts {
            capacity: event.capacity,
            available: event.available_spots,
            held: counts.held,
            confirmed: counts.confirmed,
            checked_in: counts.checked_in,
            waiting: counts.waiting,
            waiting_seats: counts.waiting_seats,
            pending_intents: counts.pending_intents,
        };
        Self { event: event.into(), counts }
    }
}

/// Some of the caller's own events, the newest first.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct OwnEventPage {
    /// The events of this page.
    pub data: Vec<OwnEvent>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for EventCounts {
    fn example() -> Self {
        let event = Event::example();
        let (capacity, available) = (event.capacity, event.available_spots);
        let held = capacity - available;
        Self {
            capacity,
            available,
            held,
            confirmed: 0,
            checked_in: 0,
            waiting: 0,
            waiting_seats: 0,
            pending_intents: 3,
        }
    }
}

impl Example for OwnEvent {
    fn example() -> Self {
        Self { event: Event::example(), counts: EventCounts::example() }
    }
}

impl Example for OwnEventPage {
    fn example() -> Self {
        let event = OwnEvent::example();
        let next_cursor = Some(Cursor::write(event.event.created_at.0, event.event.id));
        Self { data: vec![event], next_cursor }
    }
}
