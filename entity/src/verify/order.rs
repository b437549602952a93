//! First come, first served: jobs are decided in order of arrival.
//!
//! Only first attempts count, because a job that faulted or was retried has lost its turn. On SQLite that is the order
//! of a whole event. On PostgreSQL a job with a lower `seq` may be committed after one with a higher, so the order
//! holds within a batch; which jobs were one batch is not stored, and is told by the time, in milliseconds, that all of
//! a batch have in common. What two batches of one event decided within the same millisecond counts as one batch here.

use super::{Thing, check::Check};

pub(super) const OF_EVENTS: &[Check] = &[Check::of(
    Thing::Job,
    "nobody_left_behind",
    "nobody waits for a first attempt whose successors were decided",
    "SELECT first.event_id, job.id, 'pending at ' || job.seq || ', decided up to ' || decided AS detail
         FROM (SELECT id AS event_id,
                   (SELECT min(seq) FROM job WHERE job.event_id = scope.id AND state = 'pending' AND attempt = 0)
                       AS seq,
                   (SELECT max(seq) FROM job WHERE job.event_id = scope.id AND state = 'settled' AND attempt = 0
                       AND coalesce(refusal, '') <> 'discarded') AS decided
               FROM scope) AS first
         JOIN job ON job.seq = first.seq WHERE first.seq < decided",
)
.on_sqlite()];

pub(super) const OF_JOBS: &[Check] = &[
    // By the order of issue, which no clock has a part in.
    Check::of(
        Thing::Job,
        "granted_in_order",
        "tickets are issued in the order in which their registrations came",
        "SELECT event_id, id, 'arrived at ' || seq || ', ticket ' || issued || ' issued before ' || before AS detail
         FROM (SELECT intent.event_id, intent.id, intent.seq, ticket.seq AS issued,
                   lag(ticket.seq) OVER (PARTITION BY {run} ORDER BY intent.seq) AS before
               FROM intent JOIN ticket ON ticket.job_id = intent.id
               WHERE intent.state = 'settled' AND intent.attempt = 0) AS granted
         WHERE issued < before",
    ),
    // A clock that was set back while an event sold shows here as well: the system's log tells which it was.
    Check::of(
        Thing::Job,
        "decided_in_order",
        "registrations are decided in the order in which they came",
        "SELECT event_id, id, 'arrived at ' || seq || ', decided ' || (before - settled_at)
             || ' ms before its predecessor' AS detail
         FROM (SELECT intent.*, lag(settled_at) OVER (PARTITION BY event_id ORDER BY seq) AS before
               FROM intent WHERE state = 'settled' AND attempt = 0 AND coalesce(refusal, '') <> 'discarded') AS decided
         WHERE settled_at < before",
    )
    .on_sqlite(),
    // Seats only become fewer within a batch.
    Check::of(
        Thing::Job,
        "seats_in_order",
        "within a batch nobody gets seats after a party no larger went without",
        "SELECT event_id, id, 'arrived at ' || seq || ', seats ' || party_size || ', a party of ' || smallest
             || ' before it got none' AS detail
         FROM (SELECT intent.*, min(CASE WHEN outcome = 'waitlisted' OR refusal IN ('sold_out', 'not_enough_seats')
                   THEN party_size END) OVER (PARTITION BY event_id, settled_at ORDER BY seq) AS smallest
               FROM intent WHERE state = 'settled' AND attempt = 0) AS decided
         WHERE outcome = 'reserved' AND party_size >= smallest",
    ),
];
