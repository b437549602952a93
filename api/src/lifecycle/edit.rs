//! Editing an event. More seats go to those who wait in the same transaction; fewer than are held is refused.

use entity::{
    Database, Error, Seats, Topic, Transaction, Viewer, announce,
    audit::Actor,
    event::{self, EventStatus},
    ticket,
};
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Outcome, lock, read_back, record};
use crate::{
    attempt::PATIENCE,
    cancel::CHORES_MAX,
    http::{
        parameters::IfMatch,
        problem::{Code, Problem},
    },
    views::{EditEvent, Event, EventEffect},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) known: IfMatch,
    pub(crate) changes: EditEvent,
    /// Nothing changes; the answer tells what would.
    pub(crate) dry_run: bool,
}

/// Edits an event.
pub(crate) async fn edit(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
    edit: Edit,
) -> Result<Outcome, Error> {
    let tx = database.begin(PATIENCE).await?;
    let event = match lock(&tx, id, &viewer).await? {
        Ok(event) => event,
        Err(problem) => return Ok(Err(problem)),
    };
    let edited = match check(&event, &edit.known, edit.changes) {
        Ok(edited) => edited,
        Err(problem) => return Ok(Err(problem)),
    };
    let effect = match apply(&tx, &event, edited, &actor).await? {
        Ok(effect) => effect,
        Err(problem) => return Ok(Err(problem)),
    };
    let after = read_back(&tx, id, Some(effect)).await?;
    let detail = differences(&event.clone().into(), &after);
    record(&tx, &event, &actor, ("edit", event.status), Some(detail), after.updated_at.0).await?;
    if edit.dry_run {
        tx.rollback().await?;
    } else {
        announce(&tx, Topic::Changes).await?;
        tx.commit().await?;
    }
    Ok(Ok(after))
}

/// The event as it should be, if it may become so.
fn check(event: &event::Model, known: &IfMatch, changes: EditEvent) -> Result<event::Model, Problem> {
    if event.status == EventStatus::Cancelled {
        return Err(Code::EventCancelled.into());
    }
    if !known.has_version(event.version) {
        return Err(Problem::from(Code::PreconditionFailed).header("ETag", Event::from(event.clone()).etag()));
    }
    changes.applied_to(event.clone()).map_err(Problem::invalid)
}

async fn apply(
    tx: &Transaction,
    event: &event::Model,
    edited: event::Model,
    actor: &Actor,
) -> Result<Result<EventEffect, Problem>, Error> {
    let now = tx.now().await?;
    event::update(tx, &edited, now).await?;
    if edited.starts_at < event.starts_at {
        ticket::cap_offers(tx, event.id, edited.starts_at).await?;
    }
    let capacity = edited.capacity;
    // Everything as it should be, but for the seats, which follow now.
    let mut seats = Seats::of(tx, event::Model { capacity: event.capacity, ..edited }, actor, now);
    let more = seats.expire_due(CHORES_MAX).await?;
    if let Err(held) = seats.set_capacity(capacity) {
        let detail =
            format!("{held} seats are held by reserved, confirmed and checked-in tickets: keep at least as many.");
        return Ok(Err(Problem::from(Code::CapacityBelowHeld).detail(detail).member("held", json!(held))));
    }
    let offers = seats.count_promotable().await?;
    if more || seats.has_line() {
        // What it waits for may have moved, its start for one; serving the line tells anew.
        seats.leave_to_workers();
    }
    if !more {
        seats.promote(CHORES_MAX).await?;
    }
    seats.save().await?;
    Ok(Ok(EventEffect { offers, ..EventEffect::default() }))
}

/// What an edit changed, for the record: each field's value before and after.
fn differences(before: &Event, after: &Event) -> String {
    let (before, after) = (before.to_json(), after.to_json());
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else { return String::new() };
    let mut changed = Map::new();
    for name in before.keys().chain(after.keys()) {
        let is_ours = !["effect", "version", "updated_at", "available_spots"].contains(&name.as_str());
        if is_ours && before.get(name) != after.get(name) {
            changed.insert(name.clone(), json!({"from": before.get(name), "to": after.get(name)}));
        }
    }
    Value::Object(changed).to_string()
}
