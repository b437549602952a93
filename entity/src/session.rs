//! Sessions: a login and the family of refresh tokens that followed from it. Only the newest of them is good, and only
//! its hash is stored.

use std::fmt;

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
    error::guard,
};

/// Sessions of one account at most; a further login ends the oldest.
const SESSIONS_MAX: i64 = 50;

/// A session.
#[derive(Clone, PartialEq, Eq, FromQueryResult)]
pub struct Model {
    /// UUID v7; part of its refresh tokens.
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// SHA-256 of the newest refresh token, in hexadecimal.
    pub token_hash: String,
    /// When the login was.
    pub created_at: Millis,
    /// The newest refresh token is good until then.
    pub expires_at: Millis,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("session::Model").field("account_id", &self.account_id).finish_non_exhaustive()
    }
}

/// Adds a session, and removes those of its account that ran out or are too many. The account must be locked.
///
/// # Errors
/// What the database answered.
pub async fn insert(tx: &Transaction, session: &Model) -> Result<(), Error> {
    let delete = sql(
        &**tx,
        "DELETE FROM session WHERE account_id = ? AND (expires_at <= ? OR id NOT IN (
             SELECT id FROM session WHERE account_id = ? ORDER BY created_at DESC, id DESC LIMIT ?))",
        values![session.account_id, session.created_at, session.account_id, SESSIONS_MAX - 1],
    );
    tx.execute_raw(delete).await?;
    let insert = sql(
        &**tx,
        "INSERT INTO session (id, account_id, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        values![session.id, session.account_id, session.token_hash.as_str(), session.created_at, session.expires_at],
    );
    guard("session::insert", 1, tx.execute_raw(insert).await?.rows_affected())
}

/// The session, locked until the end of the transaction.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid) -> Result<Option<Model>, Error> {
    let text = format!("SELECT * FROM session WHERE id = ? {}", tx.lock_clause("session"));
    Ok(Model::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// Puts a new refresh token in the place of the one that was used.
///
/// # Errors
/// [`Error::Guard`] unless the session is as it was given; otherwise what the database answered.
pub async fn rotate(tx: &Transaction, used: &Model, token_hash: &str, expires_at: Millis) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE session SET token_hash = ?, expires_at = ? WHERE id = ? AND token_hash = ?",
        values![token_hash, expires_at, used.id, used.token_hash.as_str()],
    );
    guard("session::rotate", 1, tx.execute_raw(update).await?.rows_affected())
}

/// Ends one session of an account. Returns whether there was one.
///
/// # Errors
/// What the database answered.
pub async fn remove(tx: &Transaction, account_id: Uuid, id: Uuid) -> Result<bool, Error> {
    let delete = sql(&**tx, "DELETE FROM session WHERE id = ? AND account_id = ?", values![id, account_id]);
    Ok(tx.execute_raw(delete).await?.rows_affected() == 1)
}

/// Ends all sessions of an account.
///
/// # Errors
/// What the database answered.
pub async fn remove_all(tx: &Transaction, account_id: Uuid) -> Result<(), Error> {
    let delete = sql(&**tx, "DELETE FROM session WHERE account_id = ?", values![account_id]);
    tx.execute_raw(delete).await?;
    Ok(())
}

/// Whether there are sessions that ran out.
///
/// # Errors
/// What the database answered.
pub async fn any_expired(connection: &impl ConnectionTrait, now: Millis) -> Result<bool, Error> {
    let query = sql(connection, "SELECT 1 AS one FROM session WHERE expires_at <= ? LIMIT 1", values![now]);
    Ok(connection.query_one_raw(query).await?.is_some())
}

/// Removes sessions that ran out, oldest first, at most `limit`; those that somebody has locked stay. Returns how many.
///
/// # Errors
/// What the database answered.
pub async fn remove_expired(tx: &Transaction, now: Millis, limit: u32) -> Result<u64, Error> {
    let text = format!(
        "DELETE FROM session WHERE id IN (
             SELECT id FROM session WHERE expires_at <= ? ORDER BY expires_at LIMIT ? {})",
        tx.try_lock_clause("session")
    );
    Ok(tx.execute_raw(sql(&**tx, &text, values![now, i64::from(limit)])).await?.rows_affected())
}
