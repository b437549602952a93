//! Each change of state has its row in the record: each row begins where the one before ended, and the last one ends
//! where the ticket or the event stands.
//!
//! The record is asked for ticket by ticket: joined, PostgreSQL may read all of it for every stretch of an event.

use super::{Thing, check::Check};

pub(super) const OF_EVENTS: &[Check] = &[
    Check::of(
        Thing::Event,
        "event_record_ends",
        "the record of an event ends where it stands",
        "SELECT id AS event_id, id, 'stands ' || status || ', recorded ' || coalesce(recorded, 'nothing') AS detail
         FROM (SELECT scope.*, (SELECT to_state FROM audit WHERE audit.entity_id = scope.id ORDER BY audit.seq DESC
                   LIMIT 1) AS recorded FROM scope WHERE shadow_of IS NULL) AS ended
         WHERE recorded IS NULL OR status <> recorded",
    ),
    Check::of(
        Thing::Event,
        "event_record_whole",
        "the record of an event has no gap",
        "SELECT id AS event_id, id, (SELECT action || ' from ' || coalesce(from_state, 'nothing') FROM audit
             WHERE audit.seq = gap) || ' does not follow from what is recorded before it' AS detail
         FROM (SELECT scope.id, (SELECT min(step.seq) FROM (
                       SELECT seq, from_state, lag(to_state) OVER (ORDER BY seq) AS before
                       FROM audit WHERE audit.entity_id = scope.id) AS step
                   WHERE coalesce(from_state, '') <> coalesce(before, '')) AS gap
               FROM scope WHERE shadow_of IS NULL) AS recorded
         WHERE gap IS NOT NULL",
    ),
];

pub(super) const OF_TICKETS: &[Check] = &[
    Check::of(
        Thing::Ticket,
        "ticket_record_ends",
        "the record of a ticket ends where it stands",
        "SELECT event_id, id, 'stands ' || status || ', recorded ' || coalesce(recorded, 'nothing') AS detail
         FROM (SELECT intent.event_id, ticket.id, ticket.status, (SELECT to_state FROM audit
                   WHERE audit.entity_id = ticket.id ORDER BY audit.seq DESC LIMIT 1) AS recorded
               FROM intent JOIN ticket ON ticket.job_id = intent.id
               JOIN event ON event.id = intent.event_id WHERE event.shadow_of IS NULL) AS ended
         WHERE recorded IS NULL OR status <> recorded",
    ),
    Check::of(
        Thing::Ticket,
        "ticket_record_whole",
        "the record of a ticket has no gap",
        "SELECT event_id, id, (SELECT action || ' from ' || coalesce(from_state, 'nothing') FROM audit
             WHERE audit.seq = gap) || ' does not follow from what is recorded before it' AS detail
         FROM (SELECT intent.event_id, ticket.id, (SELECT min(step.seq) FROM (
                       SELECT seq, from_state, lag(to_state) OVER (ORDER BY seq) AS before
                       FROM audit WHERE audit.entity_id = ticket.id) AS step
                   WHERE coalesce(from_state, '') <> coalesce(before, '')) AS gap
               FROM intent JOIN ticket ON ticket.job_id = intent.id) AS recorded
         WHERE gap IS NOT NULL",
    ),
];
