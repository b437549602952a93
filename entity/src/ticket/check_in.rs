//! The door: tickets are let in once, and let out again when that was a mistake. All of it touches the ticket's row
//! alone.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::Model;
use crate::{
    Email, Error, Millis, Transaction,
    db::{sql, values},
};

/// The ticket with this place in the order of issue, whoever asks: for somebody who has yet to prove that they hold its
/// code.
///
/// # Errors
/// What the database answered.
pub async fn find_by_seq(connection: &impl ConnectionTrait, seq: i64) -> Result<Option<Model>, Error> {
    let query = sql(connection, "SELECT * FROM ticket WHERE seq = ?", values![seq]);
    Ok(Model::find_by_statement(query).one(connection).await?)
}

/// The ticket, whoever asks, locked until the end of the transaction: its event tells who may let it in.
///
/// # Errors
/// What the database answered.
pub async fn lock_for_door(tx: &Transaction, id: Uuid) -> Result<Option<Model>, Error> {
    let text = format!("SELECT * FROM ticket WHERE id = ? {}", tx.lock_clause("ticket"));
    Ok(Model::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// confirmed → checked in. Returns whether the ticket moved: of any number of scans exactly one moves it.
///
/// # Errors
/// What the database answered.
pub async fn check_in(tx: &Transaction, id: Uuid, by: &Email, nonce: &str, now: Millis) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'checked_in', checked_in_at = ?, checked_in_by = ?, check_in_nonce = ?
         WHERE id = ? AND status = 'confirmed'",
        values![now, by.as_str(), nonce, id],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// checked in → confirmed, as if it had never been scanned. Returns whether the ticket moved.
///
/// # Errors
/// What the database answered.
pub async fn undo_check_in(tx: &Transaction, id: Uuid) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'confirmed', checked_in_at = NULL, checked_in_by = NULL, check_in_nonce = NULL
         WHERE id = ? AND status = 'checked_in'",
        values![id],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}
