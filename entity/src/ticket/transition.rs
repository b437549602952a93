//! What people do with their tickets. Each returns whether the ticket moved, or which did; if not, somebody else was
//! first.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{ACTIVE, Model};
use crate::{
    Email, Error, Millis, Transaction,
    db::{one_of, sql, values},
};

/// True, before a time, for holds that last until after it; to be followed by that time. Not two conditions: for those
/// PostgreSQL would rather read every live hold there is, in the index of what lapses next, than these tickets.
const HOLDS_AFTER: &str = "CASE WHEN status = 'reserved' THEN expires_at ELSE 0 END >";

/// reserved → confirmed: those of these tickets whose hold lasts, as they are now. The caller has locked them and knows
/// that their owners ask. Touches the tickets' rows alone.
///
/// # Errors
/// What the database answered.
pub async fn confirm(tx: &Transaction, ids: &[Uuid], now: Millis) -> Result<Vec<Model>, Error> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let (among, ids) = one_of(tx.get_database_backend(), ids.iter().copied());
    let text = format!(
        "UPDATE ticket SET status = 'confirmed', confirmed_at = ?
         WHERE id {among} AND {HOLDS_AFTER} ? RETURNING *"
    );
    let mut parameters = values![now];
    parameters.extend(ids);
    parameters.extend(values![now]);
    Ok(Model::find_by_statement(sql(&**tx, &text, parameters)).all(&**tx).await?)
}

/// waitlisted, reserved (while the hold lasts) or confirmed → cancelled. Returns whether it did. The caller has locked the
/// event, expired its due holds, then locked this ticket, and returns its seats.
///
/// # Errors
/// What the database answered.
pub async fn cancel(tx: &Transaction, ticket: &Model, now: Millis) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'cancelled', cancelled_at = ?
         WHERE id = ? AND status = ? AND status IN ('waitlisted', 'reserved', 'confirmed')
         AND (status <> 'reserved' OR expires_at > ?)",
        values![now, ticket.id, ticket.status.to_value(), now],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// An event begins earlier than it did: its offers end by then. The caller has locked the event.
///
/// # Errors
/// What the database answered.
pub async fn cap_offers(tx: &Transaction, event_id: Uuid, starts_at: Millis) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET expires_at = ?
         WHERE event_id = ? AND status = 'reserved' AND expires_at > ? AND offered_at IS NOT NULL",
        values![starts_at, event_id, starts_at],
    );
    tx.execute_raw(update).await?;
    Ok(())
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
        &format!(
            "UPDATE ticket SET expires_at = ?, extensions = extensions + 1
             WHERE id = ? AND email = ? AND {HOLDS_AFTER} ? AND extensions < ?
             AND NOT EXISTS (SELECT 1 FROM ticket AS other
                 WHERE other.event_id = ticket.event_id AND other.status = 'waitlisted')"
        ),
        values![expires_at, id, owner.as_str(), now, i64::from(times_max)],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}
