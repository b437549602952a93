//! Making accounts and changing them.
//!
//! Whoever changes an account's password, rights or tokens locks its row first, and its sessions after it. Several rows
//! are locked in the order of their ids.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{Model, Role};
use crate::{
    Email, Error, Millis, Transaction,
    audit::{self, Actor, Moved, Step},
    db::{sql, values},
    error::guard,
};

/// Adds an account, unless there is one with its e-mail. Returns whether it was added.
///
/// # Errors
/// What the database answered.
pub async fn insert(tx: &Transaction, account: &Model) -> Result<bool, Error> {
    let insert = sql(
        &**tx,
        "INSERT INTO account (id, email, name, password_hash, role, is_active, token_version, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING",
        values![
            account.id,
            account.email.as_str(),
            account.name.as_str(),
            account.password_hash.clone(),
            account.role.to_value(),
            account.is_active,
            account.token_version,
            account.created_at,
        ],
    );
    Ok(tx.execute_raw(insert).await?.rows_affected() == 1)
}

/// The account of this e-mail, made and recorded now as an organizer's when there is none: an authenticating gateway
/// vouches for people whom this database has not met. Returns its id, which is `id` when it is new.
///
/// # Errors
/// What the database answered.
pub async fn ensure_organizer(
    tx: &Transaction,
    id: Uuid,
    email: &Email,
    actor: &Actor,
    now: Millis,
) -> Result<Uuid, Error> {
    let account = Model {
        id,
        email: email.to_string(),
        name: email.local_part().to_owned(),
        password_hash: None,
        role: Role::Organizer,
        is_active: true,
        token_version: 0,
        created_at: now,
    };
    if insert(tx, &account).await? {
        let step = Step { to: Some(account.role.to_value()), ..Step::account("create") };
        audit::record(tx, None, actor, &step, &[Moved::plain(id)], now).await?;
        return Ok(id);
    }
    let found = super::find_by_email(&**tx, email).await?;
    Ok(found.ok_or(Error::Guard { what: "account", expected: 1, actual: 0 })?.id)
}

/// The account, locked until the end of the transaction.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid) -> Result<Option<Model>, Error> {
    let text = format!("SELECT * FROM account WHERE id = ? {}", tx.lock_clause("account"));
    Ok(Model::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// The ids of the active administrators, locked until the end of the transaction: of two who take away each other's
/// rights, the second sees what the first did.
///
/// # Errors
/// What the database answered.
pub async fn lock_admins(tx: &Transaction) -> Result<Vec<Uuid>, Error> {
    let text = format!(
        "SELECT id FROM account WHERE role = 'admin' AND is_active = ? ORDER BY id {}",
        tx.lock_clause("account")
    );
    let rows = tx.query_all_raw(sql(&**tx, &text, values![true])).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// Sets a new password. Tokens made before are no longer good.
///
/// # Errors
/// [`Error::Guard`] unless the account is as it was given; otherwise what the database answered.
pub async fn set_password(tx: &Transaction, account: &Model, password_hash: &str) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE account SET password_hash = ?, token_version = token_version + 1 WHERE id = ? AND token_version = ?",
        values![password_hash, account.id, account.token_version],
    );
    guard("account::set_password", 1, tx.execute_raw(update).await?.rows_affected())
}

/// Tokens made before are no longer good.
///
/// # Errors
/// [`Error::Guard`] unless the account is as it was given; otherwise what the database answered.
pub async fn end_tokens(tx: &Transaction, account: &Model) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE account SET token_version = token_version + 1 WHERE id = ? AND token_version = ?",
        values![account.id, account.token_version],
    );
    guard("account::end_tokens", 1, tx.execute_raw(update).await?.rows_affected())
}

/// Sets what the account's owner may do.
///
/// # Errors
/// [`Error::Guard`] unless the account is as it was given; otherwise what the database answered.
pub async fn set_rights(tx: &Transaction, account: &Model, role: Role, is_active: bool) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE account SET role = ?, is_active = ? WHERE id = ? AND role = ? AND is_active = ?",
        values![role.to_value(), is_active, account.id, account.role.to_value(), account.is_active],
    );
    guard("account::set_rights", 1, tx.execute_raw(update).await?.rows_affected())
}
