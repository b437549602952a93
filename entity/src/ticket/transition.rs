//! What people do with their tickets. Each returns whether the ticket moved; if not, somebody else was first.

use sea_orm::entity::prelude::*;

use super::{ACTIVE, TicketStatus};
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

/// What a ticket was before it was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Was {
    /// Where it stood.
    pub status: TicketStatus,
    /// Its seats; a waitlisted one held none.
    pub party_size: i64,
}

/// waitlisted, reserved (while the hold lasts) or confirmed → cancelled. Returns what it was, or nothing if it did not
/// move. The caller has locked the event, expired its due holds, and returns the seats.
///
/// # Errors
/// What the database answered.
pub async fn cancel(tx: &Transaction, id: Uuid, now: Millis) -> Result<Option<Was>, Error> {
    for status in [TicketStatus::Waitlisted, TicketStatus::Reserved, TicketStatus::Confirmed] {
        let update = sql(
            &**tx,
            "UPDATE ticket SET status = 'cancelled', cancelled_at = ?
             WHERE id = ? AND status = ? AND (status <> 'reserved' OR expires_at > ?) RETURNING party_size",
            values![now, id, status.to_value(), now],
        );
        if let Some(row) = tx.query_one_raw(update).await? {
            return Ok(Some(Was { status, party_size: row.try_get("", "party_size")? }));
        }
    }
    Ok(None)
}

/// Gives the ticket another name, if it is the owner's and live.
///
/// # Errors
/// What the database answered.
pub async fn rename(tx: &Transaction, id: Uuid, owner: &Email, name: &str) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        &format!("UPDATE ticket SET name = ? WHERE id = ? AND email = ? AND {ACTIVE}"),
        values![name, id, owner.as_str()],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// Lets the hold end later, if it still lasts, was not extended too often, and nobody waits for seats of the event.
///
/// # Errors
/// What the database answered.
pub async fn extend(
    tx: &Transaction,
    id: Uuid,
    owner: &Email,
    expires_at: Millis,
    times_max: u32,
    now: Millis,
) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET expires_at = ?, extensions = extensions + 1
         WHERE id = ? AND email = ? AND status = 'reserved' AND expires_at > ? AND extensions < ?
         AND NOT EXISTS (SELECT 1 FROM ticket AS other
             WHERE other.event_id = ticket.event_id AND other.status = 'waitlisted')",
        values![expires_at, id, owner.as_str(), now, i64::from(times_max)],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}
