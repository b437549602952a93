//! What a worker does soon, if there is one: what these find is late, and wrong only if it is still so at a second look
//! and workers have been there all the while. Events that are over, and those cancelled, are nobody's hurry.

use super::{Thing, check::Check};

pub(super) const CHECKS: &[Check] = &[
    Check::of(
        Thing::Ticket,
        "holds_end",
        "a hold that ran out a minute ago has given its seats back",
        "SELECT scope.id AS event_id, ticket.id, 'ran out ' || ((clock.now - ticket.expires_at) / 1000) || ' s ago'
             AS detail
         FROM scope CROSS JOIN clock JOIN ticket ON ticket.event_id = scope.id AND ticket.status = 'reserved'
             AND ticket.expires_at <= clock.now - 60000
         WHERE scope.status = 'published' AND coalesce(scope.ends_at, scope.starts_at) > clock.now",
    ),
    // The first in line that fits: after any pass it is served, and another one may be the first.
    Check::of(
        Thing::Ticket,
        "line_is_served",
        "no seat is free while a party waits that fits, beyond one pass",
        "SELECT open.id AS event_id, ticket.id, 'waits at ' || ticket.seq || ' with a party of ' || ticket.party_size
             || ', free ' || open.available_spots AS detail
         FROM (SELECT scope.*, (SELECT seq FROM ticket WHERE ticket.event_id = scope.id AND ticket.status = 'waitlisted'
                   AND ticket.party_size <= scope.available_spots ORDER BY seq LIMIT 1) AS seq
               FROM scope, clock WHERE scope.status = 'published' AND scope.available_spots > 0
               AND scope.starts_at > clock.now) AS open
         JOIN ticket ON ticket.seq = open.seq",
    ),
    Check::of(
        Thing::Event,
        "cancelled_is_drained",
        "an event that was cancelled a minute ago has no live ticket",
        "SELECT scope.id AS event_id, scope.id, 'cancelled ' || ((clock.now - scope.updated_at) / 1000)
             || ' s ago, with live tickets' AS detail
         FROM scope CROSS JOIN clock
         WHERE scope.status = 'cancelled' AND scope.shadow_of IS NULL AND scope.updated_at <= clock.now - 60000
         AND (SELECT seq FROM ticket WHERE ticket.event_id = scope.id
             AND ticket.status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in') LIMIT 1) IS NOT NULL",
    ),
];
