//! Holds that ran out give their seats back.

use sea_orm::{DbBackend, entity::prelude::*};

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
};

/// Expires holds of an event that have run out, oldest first, at most `limit`. Returns the seats that really came free;
/// the caller has locked the event and returns them. Any number of reapers is safe: a hold expires once.
///
/// # Errors
/// What the database answered.
pub async fn expire_due(tx: &Transaction, event_id: Uuid, now: Millis, limit: u32) -> Result<i64, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'expired', expired_at = ?
         WHERE status = 'reserved' AND expires_at <= ? AND seq IN (
             SELECT seq FROM ticket WHERE event_id = ? AND status = 'reserved' AND expires_at <= ?
             ORDER BY expires_at LIMIT ?)
         RETURNING party_size",
        values![now, now, event_id, now, i64::from(limit)],
    );
    let mut seats = 0;
    for row in tx.query_all_raw(update).await? {
        seats += row.try_get::<i64>("", "party_size")?;
    }
    Ok(seats)
}

/// An event with a hold that has run out, locked; on PostgreSQL one that nobody else works on.
///
/// # Errors
/// What the database answered.
pub async fn lock_event_with_due(tx: &Transaction, now: Millis) -> Result<Option<Uuid>, Error> {
    let lock = match tx.get_database_backend() {
        DbBackend::Postgres => "FOR NO KEY UPDATE OF event SKIP LOCKED",
        _ => "",
    };
    let query = sql(
        &**tx,
        &format!(
            "SELECT event.id FROM event WHERE event.id IN (
                 SELECT event_id FROM ticket WHERE status = 'reserved' AND expires_at <= ?
                 ORDER BY expires_at LIMIT 100)
             LIMIT 1 {lock}"
        ),
        values![now],
    );
    let row = tx.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?)
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
