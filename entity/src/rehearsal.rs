//! What a simulation showed: counts, times and whether the promises held, read from its shadow.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis,
    db::{sql, values},
    job::{JobState, Outcome, Refusal},
};

/// How many jobs of the shadow stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Tally {
    /// Where they stand.
    pub state: JobState,
    /// What they led to.
    pub outcome: Option<Outcome>,
    /// Why not.
    pub refusal: Option<Refusal>,
    /// How many.
    pub count: i64,
}

/// Counts the shadow's jobs by what became of them.
///
/// # Errors
/// What the database answered.
pub async fn tally(connection: &impl ConnectionTrait, shadow_id: Uuid) -> Result<Vec<Tally>, Error> {
    let query = sql(
        connection,
        "SELECT state, outcome, refusal, count(*) AS count FROM job WHERE event_id = ?
         GROUP BY state, outcome, refusal ORDER BY state, outcome, refusal",
        values![shadow_id],
    );
    Ok(Tally::find_by_statement(query).all(connection).await?)
}

/// When a job was accepted and decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Times {
    /// Accepted.
    pub created_at: Millis,
    /// Decided.
    pub settled_at: Millis,
}

/// The times of all decided jobs of the shadow, in order of arrival.
///
/// # Errors
/// What the database answered.
pub async fn times(connection: &impl ConnectionTrait, shadow_id: Uuid) -> Result<Vec<Times>, Error> {
    let query = sql(
        connection,
        "SELECT created_at, settled_at FROM job WHERE event_id = ? AND state = 'settled' ORDER BY seq",
        values![shadow_id],
    );
    Ok(Times::find_by_statement(query).all(connection).await?)
}

/// Each promise that can be seen in the shadow's rows, and a query for what breaks it.
const PROMISES: &[(&str, &str)] = &[
    (
        "never_oversold",
        "SELECT 1 AS broken FROM event WHERE id = ? AND (available_spots NOT BETWEEN 0 AND capacity
         OR capacity <> available_spots + (SELECT coalesce(sum(party_size), 0) FROM ticket
             WHERE ticket.event_id = event.id AND ticket.status IN ('reserved', 'confirmed', 'checked_in')))",
    ),
    (
        "one_outcome_each",
        "SELECT 1 AS broken FROM job WHERE event_id = ? AND state = 'settled'
         AND (outcome IN ('reserved', 'waitlisted')) <> EXISTS (SELECT 1 FROM ticket WHERE ticket.job_id = job.id)",
    ),
    (
        "first_come_first_served",
        "SELECT 1 AS broken FROM job WHERE event_id = ? AND state = 'settled' AND attempt = 0 GROUP BY settled_at
         HAVING min(CASE WHEN outcome <> 'reserved' THEN seq END) < max(CASE WHEN outcome = 'reserved' THEN seq END)",
    ),
    (
        "one_ticket_per_person",
        "SELECT 1 AS broken FROM ticket WHERE event_id = ? AND status IN ('waitlisted', 'reserved')
         GROUP BY email HAVING count(*) > 1",
    ),
    (
        "no_seat_is_free_while_somebody_waits",
        "SELECT 1 AS broken FROM event WHERE id = ? AND available_spots > 0
         AND EXISTS (SELECT 1 FROM ticket WHERE ticket.event_id = event.id AND status = 'waitlisted')",
    ),
];

/// Checks the promises on the shadow. Returns each one's name and whether it held.
///
/// # Errors
/// What the database answered.
pub async fn check(connection: &impl ConnectionTrait, shadow_id: Uuid) -> Result<Vec<(&'static str, bool)>, Error> {
    let mut checked = Vec::with_capacity(PROMISES.len());
    for (name, broken) in PROMISES {
        let query = sql(connection, &format!("{broken} LIMIT 1"), values![shadow_id]);
        checked.push((*name, connection.query_one_raw(query).await?.is_none()));
    }
    Ok(checked)
}
