//! A ticket as an entry in somebody's calendar (iCalendar, RFC 5545).

use chrono::{DateTime, Utc};
use entity::{
    Millis,
    event::{self, EventStatus},
    ticket::{self, TicketStatus},
};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus as Standing};

/// Who writes the file.
const PRODUCT: &str = "-//Turnout//Turnout//EN";

/// The file. Its entry is the ticket: an entry of the same ticket that is written later replaces this one.
pub(crate) fn write(event: &event::Model, ticket: &ticket::Model, now: Millis) -> String {
    let mut entry = Event::new();
    entry
        .uid(&ticket.id.to_string())
        .sequence(u32::try_from(event.version).unwrap_or(u32::MAX))
        .status(standing(event.status, ticket.status_at(now)))
        .timestamp(time(now))
        .starts(time(event.starts_at))
        .summary(&lines(&event.name));
    if let Some(ends_at) = event.ends_at {
        entry.ends(time(ends_at));
    }
    if !event.location.is_empty() {
        entry.location(&lines(&event.location));
    }
    if !event.description.is_empty() {
        entry.description(&lines(&event.description));
    }
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0")).append_property(("PRODID", PRODUCT)).push(entry.done());
    calendar.to_string()
}

/// Whether the person can count on it.
fn standing(event: EventStatus, ticket: TicketStatus) -> Standing {
    match (event, ticket) {
        (EventStatus::Cancelled, _) | (_, TicketStatus::Cancelled | TicketStatus::Expired) => Standing::Cancelled,
        (_, TicketStatus::Confirmed | TicketStatus::CheckedIn) => Standing::Confirmed,
        (_, TicketStatus::Reserved | TicketStatus::Waitlisted) => Standing::Tentative,
    }
}

/// Times beyond the year 262,000 are the end of time.
fn time(millis: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The text with every line break a line feed: the only one that a value can hold, escaped.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
