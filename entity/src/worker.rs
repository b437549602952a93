//! Workers that were seen lately. Nothing is decided by this table: it tells operators who is at work.

use sea_orm::entity::prelude::*;

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
};

/// A worker counts as seen for so many milliseconds after its last heartbeat.
pub const SEEN_FOR: Millis = 30_000;

/// The worker is there.
///
/// # Errors
/// What the database answered.
pub async fn saw(tx: &Transaction, id: Uuid, now: Millis) -> Result<(), Error> {
    let upsert = sql(
        &**tx,
        "INSERT INTO worker (id, started_at, seen_at) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        values![id, now, now],
    );
    tx.execute_raw(upsert).await?;
    Ok(())
}

/// The worker has stopped.
///
/// # Errors
/// What the database answered.
pub async fn forget(tx: &Transaction, id: Uuid) -> Result<(), Error> {
    tx.execute_raw(sql(&**tx, "DELETE FROM worker WHERE id = ?", values![id])).await?;
    Ok(())
}

/// Forgets workers that nobody saw since `before`: they died.
///
/// # Errors
/// What the database answered.
pub async fn prune(tx: &Transaction, before: Millis) -> Result<(), Error> {
    tx.execute_raw(sql(&**tx, "DELETE FROM worker WHERE seen_at < ?", values![before])).await?;
    Ok(())
}

/// How many workers were seen lately.
///
/// # Errors
/// What the database answered.
pub async fn count_seen(connection: &impl ConnectionTrait, now: Millis) -> Result<i64, Error> {
    let query = sql(connection, "SELECT count(*) AS seen FROM worker WHERE seen_at > ?", values![now - SEEN_FOR]);
    let row = connection.query_one_raw(query).await?.ok_or(Error::Guard { what: "worker", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "seen")?)
}

/// A worker that was seen lately and has been there for so many milliseconds has done what was due when it came.
const SETTLED_IN: Millis = 30_000;

/// Whether a worker has been there long enough to have done what was due.
///
/// # Errors
/// What the database answered.
pub async fn any_settled_in(connection: &impl ConnectionTrait, now: Millis) -> Result<bool, Error> {
    let query = sql(
        connection,
        "SELECT id FROM worker WHERE seen_at > ? AND started_at <= ? LIMIT 1",
        values![now - SEEN_FOR, now - SETTLED_IN],
    );
    Ok(connection.query_one_raw(query).await?.is_some())
}
