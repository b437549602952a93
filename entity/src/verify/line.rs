//! The waitlist comes first, in order; and where something is left to be done, workers are told of it.

use super::{Thing, check::Check};

pub(super) const CHECKS: &[Check] = &[
    // Of each size that waits the first in line is enough. Whoever has, or had, an expiry got seats.
    Check::of(
        Thing::Ticket,
        "line_comes_first",
        "nobody who came later got seats that a waiting party would have fitted into",
        "SELECT waiting.event_id, waiting.id, 'waits at ' || waiting.seq || ' with a party of ' || waiting.party_size
             || ', seats went to one of ' || overtaking.party_size || ' at ' || overtaking.seq AS detail
         FROM (SELECT waiting.*, (SELECT late.seq FROM ticket AS late WHERE late.event_id = waiting.event_id
                   AND late.seq > waiting.seq AND late.expires_at IS NOT NULL AND late.party_size >= waiting.party_size
                   ORDER BY late.seq LIMIT 1) AS late
               FROM (SELECT min(ticket.seq) AS seq FROM scope JOIN ticket ON ticket.event_id = scope.id
                         AND ticket.status = 'waitlisted' GROUP BY scope.id, ticket.party_size) AS first
               JOIN ticket AS waiting ON waiting.seq = first.seq) AS waiting
         JOIN ticket AS overtaking ON overtaking.seq = waiting.late",
    ),
    // By the order of the record, which no clock has a part in.
    Check::of(
        Thing::Ticket,
        "line_in_order",
        "parties of one size are served in the order in which they stand in line",
        "SELECT event_id, id, 'stood in line at ' || seq || ', served after ' || before AS detail
         FROM (SELECT ticket.event_id, ticket.id, ticket.seq,
                   lag(ticket.seq) OVER (PARTITION BY ticket.event_id, ticket.party_size ORDER BY audit.seq) AS before
               FROM scope JOIN ticket ON ticket.event_id = scope.id AND ticket.offered_at IS NOT NULL
               JOIN audit ON audit.entity_id = ticket.id AND audit.action = 'promote') AS promoted
         WHERE seq < before",
    ),
    Check::of(
        Thing::Ticket,
        "line_is_told_of",
        "where a party waits that fits into the free seats, workers are told to look",
        "SELECT told.id AS event_id, ticket.id, 'waits at ' || ticket.seq || ' with a party of ' || ticket.party_size
             || ', free ' || told.available_spots || ', to be looked at '
             || coalesce(cast(told.chore_at AS TEXT), 'never')
             AS detail
         FROM (SELECT scope.*, (SELECT seq FROM ticket WHERE ticket.event_id = scope.id AND ticket.status = 'waitlisted'
                   AND (scope.chore_at IS NULL OR ticket.party_size <= scope.available_spots)
                   ORDER BY seq LIMIT 1) AS seq
               FROM scope, clock WHERE scope.status = 'published'
               AND (scope.chore_at IS NULL OR (scope.chore_at > clock.now AND scope.starts_at > clock.now))) AS told
         JOIN ticket ON ticket.seq = told.seq",
    ),
    Check::of(
        Thing::Event,
        "cancelled_is_told_of",
        "where a cancelled event has live tickets, workers are told to cancel them",
        "SELECT id AS event_id, id, 'cancelled, with live tickets, to be looked at never' AS detail FROM scope
         WHERE status = 'cancelled' AND chore_at IS NULL AND shadow_of IS NULL
         AND (SELECT seq FROM ticket WHERE ticket.event_id = scope.id
             AND ticket.status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in') LIMIT 1) IS NOT NULL",
    ),
];
