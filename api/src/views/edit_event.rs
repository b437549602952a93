//! Edits of events on the wire: what may change, and what must still hold afterwards.

use entity::event::Model;
use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};

use super::new_event::{CAPACITY_MAX, note_reversed};
use crate::http::{
    fields::{self, Fields, FromFields},
    problem::FieldError,
    time::Time,
};

/// What to change of an event. Absent fields stay as they are; `null` removes `ends_at`, `registration_opens_at` or
/// `registration_closes_at`.
#[derive(Clone, Debug, Default, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct EditEvent {
    /// What people call it.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: Option<String>,
    /// Free text.
    #[oai(validator(max_length = 5000))]
    pub description: Option<String>,
    /// Free text.
    #[oai(validator(max_length = 500))]
    pub location: Option<String>,
    /// When it begins.
    pub starts_at: Option<Time>,
    /// When it is over: after it began.
    pub ends_at: MaybeUndefined<Time>,
    /// The IANA name of the zone its times are meant in.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub time_zone: Option<String>,
    /// Nobody can register before this.
    pub registration_opens_at: MaybeUndefined<Time>,
    /// Nobody can register from this on; from the start on, if removed.
    pub registration_closes_at: MaybeUndefined<Time>,
    /// Seats. New ones are offered to those who wait; no fewer than are held.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
    pub capacity: Option<i64>,
    /// Seconds that a reserved ticket waits for its confirmation; for holds to come.
    #[oai(validator(minimum(value = "1"), maximum(value = "86400")))]
    pub hold_seconds: Option<i64>,
    /// Seconds that an offer to a waiting person waits for its confirmation; for offers to come.
    #[oai(validator(minimum(value = "1"), maximum(value = "2592000")))]
    pub offer_seconds: Option<i64>,
    /// Whether people who get no seats are put on a waiting list. Whoever waits already goes on waiting.
    pub waitlist_enabled: Option<bool>,
    /// Seats that one ticket may take; for tickets to come.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000000")))]
    pub max_party_size: Option<i64>,
}

impl Example for EditEvent {
    fn example() -> Self {
        Self { capacity: Some(60), location: Some("Berlin, Great Hall".to_owned()), ..Self::default() }
    }
}

/// A field that may be absent or null, as the schema types have it.
#[expect(clippy::option_option, reason = "the outer one is for absent, the inner one for null")]
fn maybe(field: Option<Option<Time>>) -> MaybeUndefined<Time> {
    match field {
        None => MaybeUndefined::Undefined,
        Some(None) => MaybeUndefined::Null,
        Some(Some(time)) => MaybeUndefined::Value(time),
    }
}

impl FromFields for EditEvent {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let name = f.optional("name", fields::text(1, 200));
        let description = f.optional("description", fields::text(0, 5000));
        let location = f.optional("location", fields::text(0, 500));
        let starts_at = f.optional("starts_at", fields::time);
        let ends_at = f.optional("ends_at", fields::nullable(fields::time));
        let time_zone = f.optional("time_zone", fields::time_zone);
        let registration_opens_at = f.optional("registration_opens_at", fields::nullable(fields::time));
        let registration_closes_at = f.optional("registration_closes_at", fields::nullable(fields::time));
        let capacity = f.optional("capacity", fields::integer(1, CAPACITY_MAX));
        let hold_seconds = f.optional("hold_seconds", fields::integer(1, 86_400));
        let offer_seconds = f.optional("offer_seconds", fields::integer(1, 2_592_000));
        let waitlist_enabled = f.optional("waitlist_enabled", fields::boolean);
        let max_party_size = f.optional("max_party_size", fields::integer(1, CAPACITY_MAX));
        Some(Self {
            name: name?,
            description: description?,
            location: location?,
            starts_at: starts_at?,
            ends_at: maybe(ends_at?),
            time_zone: time_zone?,
            registration_opens_at: maybe(registration_opens_at?),
            registration_closes_at: maybe(registration_closes_at?),
            capacity: capacity?,
            hold_seconds: hold_seconds?,
            offer_seconds: offer_seconds?,
            waitlist_enabled: waitlist_enabled?,
            max_party_size: max_party_size?,
        })
    }
}

impl EditEvent {
    /// The event after the edit, or what would be wrong with it.
    pub(crate) fn applied_to(self, event: Model) -> Result<Model, Vec<FieldError>> {
        let removable = |new: MaybeUndefined<Time>, old: Option<i64>| match new {
            MaybeUndefined::Undefined => old,
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(time) => Some(time.0),
        };
        let edited = Model {
            name: self.name.unwrap_or(event.name),
            description: self.description.unwrap_or(event.description),
            location: self.location.unwrap_or(event.location),
            starts_at: self.starts_at.map_or(event.starts_at, |time| time.0),
            ends_at: removable(self.ends_at, event.ends_at),
            time_zone: self.time_zone.unwrap_or(event.time_zone),
            registration_opens_at: removable(self.registration_opens_at, event.registration_opens_at),
            registration_closes_at: removable(self.registration_closes_at, event.registration_closes_at),
            capacity: self.capacity.unwrap_or(event.capacity),
            hold_seconds: self.hold_seconds.unwrap_or(event.hold_seconds),
            offer_seconds: self.offer_seconds.unwrap_or(event.offer_seconds),
            waitlist_enabled: self.waitlist_enabled.unwrap_or(event.waitlist_enabled),
            max_party_size: self.max_party_size.unwrap_or(event.max_party_size),
            ..event
        };
        let mut errors = vec![];
        note_reversed(&mut errors, ("ends_at", "starts_at"), Some(edited.starts_at), edited.ends_at);
        let (opens, closes) = (edited.registration_opens_at, edited.registration_closes_at);
        note_reversed(&mut errors, ("registration_closes_at", "registration_opens_at"), opens, closes);
        if errors.is_empty() { Ok(edited) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::views::NewEvent;

    fn edited(body: serde_json::Value) -> Result<Model, Vec<FieldError>> {
        let event = NewEvent::example().into_model(Uuid::nil(), Uuid::nil(), 1);
        let event = Model { ends_at: Some(event.starts_at + 1), ..event };
        Fields::read::<EditEvent>(body)?.applied_to(event)
    }

    #[test]
    fn absent_fields_stay_and_null_removes() {
        let before = edited(json!({})).unwrap();
        assert_eq!(before.ends_at, Some(before.starts_at + 1));
        let after = edited(json!({"ends_at": null, "capacity": 7})).unwrap();
        assert_eq!(after, Model { ends_at: None, capacity: 7, ..before });
    }

    #[test]
    fn what_an_edit_leaves_behind_must_hold_together() {
        let pointers = |body| edited(body).unwrap_err().into_iter().map(|e| e.pointer).collect::<Vec<_>>();
        assert_eq!(pointers(json!({"starts_at": "2100-01-01T00:00:00Z"})), ["/ends_at"]);
        assert_eq!(
            pointers(json!({"name": null, "status": "published", "capacity": 0})),
            ["/name", "/capacity", "/status"]
        );
    }
}
