//! One outcome for each job, and one ticket for each that was granted.
//!
//! A ticket is reached through its job: that there is one, and that no two tickets share it, is the schema's to refuse.

use super::{Thing, check::Check};

pub(super) const CHECKS: &[Check] = &[
    // The schema refuses this too.
    Check::of(
        Thing::Job,
        "one_outcome",
        "a settled job has one outcome, and a reason if that is a refusal",
        "SELECT event_id, id, 'settled, outcome ' || coalesce(outcome, 'none') || ', refusal '
             || coalesce(refusal, 'none') || ', decided at ' || coalesce(cast(settled_at AS TEXT), 'no time') AS detail
         FROM intent WHERE state = 'settled'
         AND (outcome IS NULL OR settled_at IS NULL OR (outcome = 'refused') <> (refusal IS NOT NULL))",
    ),
    Check::of(
        Thing::Job,
        "undecided_is_open",
        "a job that can be claimed, or waits for an operator, has led to nothing yet",
        "SELECT intent.event_id, intent.id, intent.state || ', outcome ' || coalesce(intent.outcome, 'none')
             || ', ticket ' || coalesce(ticket.status, 'none') AS detail
         FROM intent LEFT JOIN ticket ON ticket.job_id = intent.id
         WHERE intent.state <> 'settled' AND (intent.outcome IS NOT NULL OR intent.refusal IS NOT NULL
             OR intent.settled_at IS NOT NULL OR ticket.id IS NOT NULL)",
    ),
    Check::of(
        Thing::Job,
        "one_ticket_per_grant",
        "a settled job has exactly one ticket if it was granted, and otherwise none",
        "SELECT event_id, id, coalesce(outcome, 'no outcome') || ', tickets ' || tickets AS detail
         FROM (SELECT intent.*, (SELECT count(*) FROM ticket WHERE ticket.job_id = intent.id) AS tickets FROM intent
               WHERE state = 'settled') AS counted
         WHERE tickets <> CASE WHEN outcome IN ('reserved', 'waitlisted') THEN 1 ELSE 0 END",
    ),
    Check::of(
        Thing::Ticket,
        "ticket_as_asked_for",
        "a ticket is of the event, the person and the party that its registration asked for",
        "SELECT intent.event_id, ticket.id, 'party ' || ticket.party_size || ', asked for ' || intent.party_size
             || CASE WHEN ticket.event_id = intent.event_id THEN '' ELSE ', of another event' END
             || CASE WHEN ticket.email = intent.email THEN '' ELSE ', of another person' END AS detail
         FROM intent JOIN ticket ON ticket.job_id = intent.id
         WHERE ticket.event_id <> intent.event_id OR ticket.email <> intent.email
         OR ticket.party_size <> intent.party_size",
    ),
    // The schema refuses this too.
    Check::of(
        Thing::Job,
        "one_job_per_key",
        "an Idempotency-Key of a caller belongs to one registration",
        "SELECT event_id, id, 'registrations with its key ' || sharing AS detail
         FROM (SELECT intent.*, (SELECT count(*) FROM job AS other WHERE other.key_scope = intent.key_scope
                   AND other.idempotency_key = intent.idempotency_key) AS sharing FROM intent) AS counted
         WHERE sharing > 1",
    ),
];
