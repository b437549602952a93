//! Never oversold, and one ticket for each person.

use super::{Thing, check::Check};

pub(super) const CHECKS: &[Check] = &[
    Check::of(
        Thing::Event,
        "never_oversold",
        "capacity is the free seats and those of reserved, confirmed and checked-in tickets",
        "SELECT id AS event_id, id,
             'capacity ' || capacity || ', free ' || available_spots || ', held ' || held AS detail
         FROM (SELECT scope.*, (SELECT coalesce(sum(party_size), 0) FROM ticket
                   WHERE ticket.event_id = scope.id AND ticket.status IN ('reserved', 'confirmed', 'checked_in'))
                   AS held FROM scope) AS counted
         WHERE capacity <> available_spots + held",
    ),
    // The schema refuses this too.
    Check::of(
        Thing::Event,
        "seats_within_capacity",
        "there are no fewer free seats than none, and no more than there are seats",
        "SELECT id AS event_id, id, 'capacity ' || capacity || ', free ' || available_spots AS detail
         FROM scope WHERE available_spots < 0 OR available_spots > capacity",
    ),
    // The schema refuses this too. Counted, and not looked up, because the index that refuses it may be the broken
    // part.
    Check::of(
        Thing::Ticket,
        "one_ticket_per_person",
        "a person has one active ticket of an event at most",
        "SELECT event_id, id, 'the person''s active ticket number ' || nth AS detail
         FROM (SELECT ticket.event_id, ticket.id,
                   row_number() OVER (PARTITION BY ticket.event_id, ticket.email ORDER BY ticket.seq) AS nth
               FROM scope JOIN ticket ON ticket.event_id = scope.id
                   AND ticket.status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in')) AS numbered
         WHERE nth > 1",
    ),
];
