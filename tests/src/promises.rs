//! The promises as queries that must find nothing.

/// Each promise that can be seen in the tables at rest, and the query for rows that break it.
pub(crate) const PROMISES: &[(&str, &str)] = &[
    (
        "P1: capacity = available_spots + the seats of reserved, confirmed and checked-in tickets",
        "SELECT event.id FROM event WHERE capacity <> available_spots + (
             SELECT coalesce(sum(party_size), 0) FROM ticket
             WHERE ticket.event_id = event.id AND ticket.status IN ('reserved', 'confirmed', 'checked_in'))",
    ),
    (
        "P1: 0 <= available_spots <= capacity",
        "SELECT id FROM event WHERE available_spots < 0 OR available_spots > capacity",
    ),
    (
        "P2: a granted job has its ticket",
        "SELECT job.id FROM job WHERE outcome IN ('reserved', 'waitlisted')
         AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.job_id = job.id)",
    ),
    (
        "P2: a ticket comes from a granted job of its event and person",
        "SELECT ticket.id FROM ticket JOIN job ON job.id = ticket.job_id
         WHERE coalesce(job.outcome, 'none') NOT IN ('reserved', 'waitlisted')
         OR job.event_id <> ticket.event_id OR job.email <> ticket.email OR job.party_size <> ticket.party_size",
    ),
    (
        "P5: one job for each key",
        "SELECT min(id) AS id FROM (SELECT cast(id AS TEXT) AS id, key_scope, idempotency_key FROM job) AS keyed
         GROUP BY key_scope, idempotency_key HAVING count(*) > 1",
    ),
    (
        "P6: no free seat while a party that fits waits, unless a worker is told to look",
        "SELECT event.id FROM event WHERE status = 'published' AND coalesce(chore_at, 1) > 0 AND EXISTS (
             SELECT 1 FROM ticket WHERE ticket.event_id = event.id AND ticket.status = 'waitlisted'
             AND ticket.party_size <= event.available_spots)",
    ),
    (
        "P6: of one size nobody has got seats from the line before somebody who still waits and came earlier",
        "SELECT early.id FROM ticket AS early JOIN ticket AS late
             ON late.event_id = early.event_id AND late.seq > early.seq AND late.party_size >= early.party_size
         WHERE early.status = 'waitlisted' AND late.offered_at IS NOT NULL",
    ),
    (
        "the record ends where the ticket stands",
        "SELECT ticket.id FROM ticket WHERE ticket.status <> (
             SELECT to_state FROM audit WHERE audit.entity_id = ticket.id ORDER BY seq DESC LIMIT 1)",
    ),
    (
        "P8: one active ticket for each person and event",
        "SELECT min(id) AS id FROM (SELECT cast(id AS TEXT) AS id, event_id, email FROM ticket
             WHERE status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in')) AS active
         GROUP BY event_id, email HAVING count(*) > 1",
    ),
    (
        "P4: among first attempts of one batch, nobody is refused for want of seats before somebody who gets one seat",
        "SELECT event_id, settled_at FROM job WHERE state = 'settled' AND attempt = 0 GROUP BY event_id, settled_at
         HAVING min(seq) FILTER (WHERE refusal = 'sold_out' AND party_size = 1)
             < max(seq) FILTER (WHERE outcome = 'reserved')",
    ),
];
