//! New events on the wire: what may be asked for, its bounds and defaults.

use entity::{
    Millis,
    event::{EventStatus, Model},
};
use poem_openapi::{Enum, Object, types::Example};
use serde_json::Value;
use uuid::Uuid;

use crate::http::{
    fields::{self, Fields, Flaw, FromFields},
    problem::{FieldError, FieldErrorCode},
    time::Time,
};

/// A new event. Only `name`, `starts_at` and `capacity` are required.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct NewEvent {
    /// What people call it.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
    /// Free text.
    #[oai(validator(max_length = 5000))]
    pub description: Option<String>,
    /// Free text.
    #[oai(validator(max_length = 500))]
    pub location: Option<String>,
    /// When it begins.
    pub starts_at: Time,
    /// When it is over: after it began.
    pub ends_at: Option<Time>,
    /// The IANA name of the zone its times are meant in. UTC if absent.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub time_zone: Option<String>,
    /// Nobody can register before this.
    pub registration_opens_at: Option<Time>,
    /// Nobody can register from this on; from the start on, if absent.
    pub registration_closes_at: Option<Time>,
    /// Seats.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
    pub capacity: i64,
    /// Seconds that a reserved ticket waits for its confirmation. 300 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub hold_seconds: Option<i64>,
    /// Seconds that an offer to a waiting person waits for its confirmation. 43,200 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "2592000")))]
    pub offer_seconds: Option<i64>,
    /// Whether people who get no seats are put on a waiting list. false if absent.
    pub waitlist_enabled: Option<bool>,
    /// Seats that one ticket may take. 1 if absent.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
    pub max_party_size: Option<i64>,
    /// Whether everybody sees it at once. `draft` if absent.
    pub status: Option<NewEventStatus>,
}

/// Where an event may begin its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "NewEventStatus", rename_all = "snake_case")]
pub(crate) enum NewEventStatus {
    /// Only its organizer and administrators see it, until it is published.
    Draft,
    /// Everybody sees it and may register.
    Published,
}

fn new_status(value: &Value) -> Result<NewEventStatus, Flaw> {
    fields::one_of(&[("draft", NewEventStatus::Draft), ("published", NewEventStatus::Published)])(value)
}

impl Example for NewEvent {
    fn example() -> Self {
        Self {
            name: "RustConf".to_owned(),
            description: None,
            location: Some("Berlin".to_owned()),
            starts_at: Time(1_830_330_000_000),
            ends_at: None,
            time_zone: Some("Europe/Berlin".to_owned()),
            registration_opens_at: None,
            registration_closes_at: None,
            capacity: 50,
            hold_seconds: None,
            offer_seconds: None,
            waitlist_enabled: None,
            max_party_size: None,
            status: None,
        }
    }
}

/// The largest event.
pub(super) const CAPACITY_MAX: i64 = 1_000_000;

impl FromFields for NewEvent {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let name = f.required("name", fields::text(1, 200));
        let description = f.optional("description", fields::text(0, 5000));
        let location = f.optional("location", fields::text(0, 500));
        let starts_at = f.required("starts_at", fields::time);
        let ends_at = f.optional("ends_at", fields::time);
        let time_zone = f.optional("time_zone", fields::time_zone);
        let registration_opens_at = f.optional("registration_opens_at", fields::time);
        let registration_closes_at = f.optional("registration_closes_at", fields::time);
        let capacity = f.required("capacity", fields::integer(1, CAPACITY_MAX));
        let hold_seconds = f.optional("hold_seconds", fields::integer(1, 86_400));
        let offer_seconds = f.optional("offer_seconds", fields::integer(1, 2_592_000));
        let waitlist_enabled = f.optional("waitlist_enabled", fields::boolean);
        let max_party_size = f.optional("max_party_size", fields::integer(1, CAPACITY_MAX));
        let status = f.optional("status", new_status);
        let millis = |time: Option<Option<Time>>| time.flatten().map(|time| time.0);
        note_reversed(f.errors(), ("ends_at", "starts_at"), starts_at.map(|time| time.0), millis(ends_at));
        let (opens, closes) = (millis(registration_opens_at), millis(registration_closes_at));
        note_reversed(f.errors(), ("registration_closes_at", "registration_opens_at"), opens, closes);
        Some(Self {
            name: name?,
            description: description?,
            location: location?,
            starts_at: starts_at?,
            ends_at: ends_at?,
            time_zone: time_zone?,
            registration_opens_at: registration_opens_at?,
            registration_closes_at: registration_closes_at?,
            capacity: capacity?,
            hold_seconds: hold_seconds?,
            offer_seconds: offer_seconds?,
            waitlist_enabled: waitlist_enabled?,
            max_party_size: max_party_size?,
            status: status?,
        })
    }
}

/// Notes that the first field's time is not after the second one's.
pub(super) fn note_reversed(
    errors: &mut Vec<FieldError>,
    (late_name, early_name): (&str, &str),
    early: Option<Millis>,
    late: Option<Millis>,
) {
    if let (Some(early), Some(late)) = (early, late)
        && late <= early
    {
        errors.push(fields::error(late_name, FieldErrorCode::OutOfRange, &format!("must be after {early_name}")));
    }
}

impl NewEvent {
    /// The event as it is stored, with every seat free.
    pub(crate) fn into_model(self, id: Uuid, organizer_id: Uuid, now: Millis) -> Model {
        let is_published = self.status == Some(NewEventStatus::Published);
        let millis = |time: Option<Time>| time.map(|time| time.0);
        Model {
            id,
            organizer_id,
            name: self.name,
            description: self.description.unwrap_or_default(),
            location: self.location.unwrap_or_default(),
            starts_at: self.starts_at.0,
            ends_at: millis(self.ends_at),
            time_zone: self.time_zone.unwrap_or_else(|| "UTC".to_owned()),
            registration_opens_at: millis(self.registration_opens_at),
            registration_closes_at: millis(self.registration_closes_at),
            capacity: self.capacity,
            available_spots: self.capacity,
            hold_seconds: self.hold_seconds.unwrap_or(300),
            offer_seconds: self.offer_seconds.unwrap_or(43_200),
            waitlist_enabled: self.waitlist_enabled.unwrap_or(false),
            max_party_size: self.max_party_size.unwrap_or(1),
            status: if is_published { EventStatus::Published } else { EventStatus::Draft },
            version: 1,
            served_at: 0,
            chore_at: None,
            shadow_of: None,
            created_at: now,
            updated_at: now,
            published_at: is_published.then_some(now),
            sold_out_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(body: serde_json::Value) -> Vec<String> {
        let errors = Fields::read::<NewEvent>(body).unwrap_err();
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn a_short_event_gets_every_default() {
        let body = json!({"name": "E", "starts_at": "2030-01-01T00:00:00Z", "capacity": 5});
        let event = Fields::read::<NewEvent>(body).unwrap().into_model(Uuid::nil(), Uuid::nil(), 7);
        assert_eq!((event.capacity, event.available_spots, event.hold_seconds), (5, 5, 300));
        assert_eq!((event.offer_seconds, event.max_party_size, event.waitlist_enabled), (43_200, 1, false));
        assert_eq!((event.time_zone.as_str(), event.version, event.created_at), ("UTC", 1, 7));
        assert_eq!((event.status, event.published_at), (EventStatus::Draft, None));
    }

    #[test]
    fn bounds_hold_between_fields_too() {
        let start = "2030-01-01T00:00:00Z";
        assert_eq!(pointers(json!({})), ["/name", "/starts_at", "/capacity"]);
        let reversed = json!({"name": "E", "starts_at": start, "ends_at": start, "capacity": 1_000_001,
            "registration_opens_at": start, "registration_closes_at": start, "status": "cancelled"});
        assert_eq!(pointers(reversed), ["/capacity", "/status", "/ends_at", "/registration_closes_at"]);
    }
}
