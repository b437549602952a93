//! What people do with their tickets. Each returns whether the ticket moved; if not, somebody else was first.

use sea_orm::entity::prelude::*;

use crate::{
    Email, Error, Millis, Transaction,
    db::{sql, values},
};

/// reserved → confirmed, by its owner, while the hold lasts. Touches the ticket's row alone.
///
/// # Errors
/// What the database answered.
pub async fn confirm(tx: &Transaction, id: Uuid, owner: &Email, now: Millis) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'confirmed', confirmed_at = ?
         WHERE id = ? AND email = ? AND status = 'reserved' AND expires_at > ?",
        values![now, id, owner.as_str(), now],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// waitlisted, reserved (while the hold lasts) or confirmed → cancelled. Returns the seats that came free, or nothing
/// if it did not move. The caller has locked the event, expired its due holds, and returns the seats.
///
/// # Errors
/// What the database answered.
pub async fn cancel(tx: &Transaction, id: Uuid, now: Millis) -> Result<Option<i64>, Error> {
    for (status, holds_seats) in [("waitlisted", false), ("reserved", true), ("confirmed", true)] {
        let update = sql(
            &**tx,
            "UPDATE ticket SET status = 'cancelled', cancelled_at = ?
             WHERE id = ? AND status = ? AND (status <> 'reserved' OR expires_at > ?) RETURNING party_size",
            values![now, id, status, now],
        );
        if let Some(row) = tx.query_one_raw(update).await? {
            let seats: i64 = row.try_get("", "party_size")?;
            return Ok(Some(if holds_seats { seats } else { 0 }));
        }
    }
    Ok(None)
}
