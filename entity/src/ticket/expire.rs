//! Holds that ran out give their seats back.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
};

/// A hold that was expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Expired {
    /// The ticket.
    pub id: Uuid,
    /// The seats that came free. The caller has locked the event and returns them.
    pub party_size: i64,
}

/// Expires holds of an event that have run out, oldest first, at most `limit`. Any number of reapers is safe: a hold
/// expires once.
///
/// # Errors
/// What the database answered.
pub async fn expire_due(tx: &Transaction, event_id: Uuid, now: Millis, limit: u32) -> Result<Vec<Expired>, Error> {
    // `+ 0` keeps SQLite from going through what has lapsed in other events too, `coalesce` PostgreSQL.
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'expired', expired_at = ?
         WHERE coalesce(status, '') = 'reserved' AND expires_at + 0 <= ? AND seq IN (
             SELECT seq FROM ticket WHERE event_id = ? AND status = 'reserved' AND expires_at <= ?
             ORDER BY expires_at LIMIT ?)
         RETURNING id, party_size",
        values![now, now, event_id, now, i64::from(limit)],
    );
    Ok(Expired::find_by_statement(update).all(&**tx).await?)
}

/// Events looked at in one round.
const EVENTS_MAX: i64 = 1000;

/// Events with holds that have run out. Walks from one event with holds to the next in their index: one seek each,
/// however many holds an event has.
///
/// # Errors
/// What the database answered.
pub async fn events_with_due(connection: &impl ConnectionTrait, now: Millis) -> Result<Vec<Uuid>, Error> {
    let query = sql(
        connection,
        "WITH RECURSIVE holding (event_id) AS (
             SELECT * FROM (SELECT event_id FROM ticket WHERE status = 'reserved' ORDER BY event_id LIMIT 1) AS first
             UNION ALL
             SELECT (SELECT ticket.event_id FROM ticket
                     WHERE ticket.status = 'reserved' AND ticket.event_id > holding.event_id
                     ORDER BY ticket.event_id LIMIT 1)
             FROM holding WHERE holding.event_id IS NOT NULL)
         SELECT event_id FROM holding WHERE (SELECT ticket.seq FROM ticket
             WHERE ticket.event_id = holding.event_id AND ticket.status = 'reserved' AND ticket.expires_at <= ?
             LIMIT 1) IS NOT NULL
         LIMIT ?",
        values![now, EVENTS_MAX],
    );
    let rows = connection.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "event_id")).collect::<Result<_, _>>()?)
}

/// When the next hold runs out, or ran out if nobody has reaped it yet.
///
/// # Errors
/// What the database answered.
pub async fn next_expiry(connection: &impl ConnectionTrait) -> Result<Option<Millis>, Error> {
    let query = sql(connection, "SELECT min(expires_at) AS expires_at FROM ticket WHERE status = 'reserved'", vec![]);
    let row = connection.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "expires_at")).transpose()?.flatten())
}
