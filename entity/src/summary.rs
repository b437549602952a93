//! An organizer's events, each with what became of its seats.

use sea_orm::{FromQueryResult, QueryResult, entity::prelude::*};

use crate::{
    Email, Error, Millis,
    db::{sql, values},
    event::Model,
    ticket::ACTIVE,
};

/// What became of an event's seats. Always: capacity = available + held + confirmed + checked in, because the counts are
/// read in one statement, and a hold that ran out counts as held until its seats went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Counts {
    /// Seats in unconfirmed holds.
    pub held: i64,
    /// Seats that were confirmed.
    pub confirmed: i64,
    /// Seats used at the door.
    pub checked_in: i64,
    /// Parties in line.
    pub waiting: i64,
    /// Seats that those in line want.
    pub waiting_seats: i64,
    /// Intents that nobody has decided yet.
    pub pending_intents: i64,
}

/// An event and its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The event.
    pub event: Model,
    /// What became of its seats.
    pub counts: Counts,
}

impl FromQueryResult for Summary {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = Model::from_query_result(row, prefix)?;
        Ok(Self { event, counts: Counts::from_query_result(row, prefix)? })
    }
}

/// The events of the account with this e-mail, whatever their state, the newest first, from behind `before` on.
///
/// # Errors
/// What the database answered.
pub async fn list(
    connection: &impl ConnectionTrait,
    organizer: &Email,
    before: Option<(Millis, Uuid)>,
    limit: u32,
) -> Result<Vec<Summary>, Error> {
    let (created_at, id) = before.unwrap_or((Millis::MAX, Uuid::max()));
    let query = sql(
        connection,
        &format!(
            "WITH page AS (
                 SELECT event.* FROM event JOIN account ON account.id = event.organizer_id
                 WHERE account.email = ? AND event.shadow_of IS NULL AND (event.created_at, event.id) < (?, ?)
                 ORDER BY event.created_at DESC, event.id DESC LIMIT ?),
             tally AS (
                 SELECT event_id, sum(party_size) FILTER (WHERE status = 'reserved') AS held,
                     sum(party_size) FILTER (WHERE status = 'confirmed') AS confirmed,
                     sum(party_size) FILTER (WHERE status = 'checked_in') AS checked_in,
                     count(*) FILTER (WHERE status = 'waitlisted') AS waiting,
                     sum(party_size) FILTER (WHERE status = 'waitlisted') AS waiting_seats
                 FROM ticket WHERE event_id IN (SELECT id FROM page) AND {ACTIVE} GROUP BY event_id)
             SELECT page.*, {},
                 (SELECT count(*) FROM job WHERE job.event_id = page.id AND job.state = 'pending') AS pending_intents
             FROM page LEFT JOIN tally ON tally.event_id = page.id ORDER BY page.created_at DESC, page.id DESC",
            ["held", "confirmed", "checked_in", "waiting", "waiting_seats"]
                .map(|name| format!("cast(coalesce(tally.{name}, 0) AS BIGINT) AS {name}"))
                .join(", ")
        ),
        values![organizer.as_str(), created_at, id, i64::from(limit)],
    );
    Ok(Summary::find_by_statement(query).all(connection).await?)
}
