//! What happened to an event, in numbers: over time, and in all.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis,
    db::{sql, values},
    job::{JobState, Outcome, Refusal},
};

/// Everything that happened to an event, and when. Jobs are read state by state, because that is how they are indexed. A
/// hold ends when it runs out, whenever somebody notices; who was still waiting at the start ends then.
const HAPPENED: &str = "WITH happened (at, what) AS (
    SELECT created_at, 'registration' FROM job WHERE event_id = ? AND state = 'pending'
    UNION ALL SELECT created_at, 'registration' FROM job WHERE event_id = ? AND state = 'settled'
    UNION ALL SELECT created_at, 'registration' FROM job WHERE event_id = ? AND state = 'failed'
    UNION ALL SELECT confirmed_at, 'confirmation' FROM ticket WHERE event_id = ? AND confirmed_at IS NOT NULL
    UNION ALL SELECT cancelled_at, 'cancellation' FROM ticket WHERE event_id = ? AND cancelled_at IS NOT NULL
    UNION ALL SELECT coalesce(expires_at, expired_at), 'expiry' FROM ticket
        WHERE event_id = ? AND (status = 'expired' OR (status = 'reserved' AND expires_at <= ?)))";

fn happened(event_id: Uuid, now: Millis) -> Vec<Value> {
    values![event_id, event_id, event_id, event_id, event_id, event_id, now]
}

/// When the first and the last thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Span {
    /// The first, if anything did.
    pub first: Option<Millis>,
    /// The last.
    pub last: Option<Millis>,
}

/// When the first and the last thing happened to the event.
///
/// # Errors
/// What the database answered.
pub async fn span(connection: &impl ConnectionTrait, event_id: Uuid, now: Millis) -> Result<Span, Error> {
    let text = format!("{HAPPENED} SELECT min(at) AS first, max(at) AS last FROM happened");
    let found = Span::find_by_statement(sql(connection, &text, happened(event_id, now))).one(connection).await?;
    found.ok_or(Error::Guard { what: "analytics::span", expected: 1, actual: 0 })
}

/// What happened in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Point {
    /// Which stretch: the time of its start, divided by its length.
    pub stretch: i64,
    /// Intents accepted.
    pub registrations: i64,
    /// Tickets confirmed.
    pub confirmations: i64,
    /// Tickets given up.
    pub cancellations: i64,
    /// Tickets that ran out.
    pub expiries: i64,
}

/// The latest `limit` stretches, each `length` milliseconds, in which anything happened to the event; the latest first.
///
/// # Errors
/// What the database answered.
pub async fn points(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
    length: Millis,
    now: Millis,
    limit: u32,
) -> Result<Vec<Point>, Error> {
    let text = format!(
        "{HAPPENED} SELECT at / ? AS stretch,
             count(*) FILTER (WHERE what = 'registration') AS registrations,
             count(*) FILTER (WHERE what = 'confirmation') AS confirmations,
             count(*) FILTER (WHERE what = 'cancellation') AS cancellations,
             count(*) FILTER (WHERE what = 'expiry') AS expiries
         FROM happened GROUP BY stretch ORDER BY stretch DESC LIMIT ?"
    );
    let mut parameters = happened(event_id, now);
    parameters.extend(values![length, i64::from(limit)]);
    Ok(Point::find_by_statement(sql(connection, &text, parameters)).all(connection).await?)
}

/// How many jobs came to the same end, or to none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Tally {
    /// Where the jobs stand.
    pub state: JobState,
    /// The decision, once there is one.
    pub outcome: Option<Outcome>,
    /// Why not, if refused.
    pub refusal: Option<Refusal>,
    /// How many.
    pub jobs: i64,
}

/// What became of the event's jobs.
///
/// # Errors
/// What the database answered.
pub async fn outcomes(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<Tally>, Error> {
    let of_state = |state: &str| {
        format!(
            "SELECT state, outcome, refusal, count(*) AS jobs FROM job WHERE event_id = ? AND state = '{state}'
             GROUP BY state, outcome, refusal"
        )
    };
    let text = ["pending", "settled", "failed"].map(of_state).join(" UNION ALL ");
    let query = sql(connection, &text, values![event_id, event_id, event_id]);
    Ok(Tally::find_by_statement(query).all(connection).await?)
}

/// How many of the event's tickets had seats for a while, and how many of them are confirmed or checked in now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Seated {
    /// Tickets that were held.
    pub held: i64,
    /// Those of them that are confirmed or checked in.
    pub confirmed: i64,
}

/// How many of the event's tickets got seats, and what they made of them. Whoever got seats has a time until which they
/// were held.
///
/// # Errors
/// What the database answered.
pub async fn seated(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Seated, Error> {
    let query = sql(
        connection,
        "SELECT count(*) AS held, count(*) FILTER (WHERE status IN ('confirmed', 'checked_in')) AS confirmed
         FROM ticket WHERE event_id = ? AND expires_at IS NOT NULL",
        values![event_id],
    );
    let found = Seated::find_by_statement(query).one(connection).await?;
    found.ok_or(Error::Guard { what: "analytics::seated", expected: 1, actual: 0 })
}
