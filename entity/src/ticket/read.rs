//! Tickets as their viewers see them.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::Model;
use crate::{
    Database, Error, Transaction, Viewer,
    db::{one_of, sql, values},
    seen::{self, Seen},
    viewer::{AUDIENCE, Audience},
};

/// The ticket, if this viewer may see it.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid, viewer: &Viewer) -> Result<Option<Model>, Error> {
    find_visible(connection, id, viewer, "").await
}

/// The ticket, if this viewer may see it, locked until the end of the transaction.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid, viewer: &Viewer) -> Result<Option<Model>, Error> {
    find_visible(&**tx, id, viewer, &tx.lock_clause("ticket")).await
}

async fn find_visible(
    connection: &impl ConnectionTrait,
    id: Uuid,
    viewer: &Viewer,
    lock_clause: &str,
) -> Result<Option<Model>, Error> {
    let text = format!("{} WHERE ticket.id = ? {lock_clause}", select(""));
    let Some(row) = connection.query_one_raw(sql(connection, &text, values![id])).await? else { return Ok(None) };
    let is_visible = Audience::from_query_result(&row, AUDIENCE)?.admits(viewer);
    Ok(if is_visible { Some(Model::from_query_result(&row, "")?) } else { None })
}

/// These tickets, each with who may see it.
///
/// # Errors
/// What the database answered.
pub async fn look_up(database: &Database, ids: &[Uuid]) -> Result<HashMap<Uuid, Seen<Model>>, Error> {
    let (among, ids) = one_of(database.reader().get_database_backend(), ids.iter().copied());
    let text = format!("{} WHERE ticket.id {among}", select(&database.clock_column()));
    seen::read(database, &text, ids).await
}

fn select(more_columns: &str) -> String {
    format!("SELECT ticket.*, {}{more_columns} FROM ticket", Audience::columns("ticket", "NULL"))
}

/// Tickets by their ids, for somebody who has already been allowed to see them.
///
/// # Errors
/// What the database answered.
pub async fn find_many(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, Error> {
    find_all(connection, ids, "").await
}

/// These tickets, locked until the end of the transaction; for somebody who then finds out who may do what.
///
/// # Errors
/// What the database answered.
pub async fn lock_many(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Model>, Error> {
    find_all(&**tx, ids, &tx.lock_clause("ticket")).await
}

/// The same, without those that somebody else has locked.
///
/// # Errors
/// What the database answered.
pub async fn try_lock_many(tx: &Transaction, ids: &[Uuid]) -> Result<Vec<Model>, Error> {
    find_all(&**tx, ids, &tx.try_lock_clause("ticket")).await
}

/// In order of their ids, so that of several who lock tickets one after the other none waits for another in a circle.
async fn find_all(connection: &impl ConnectionTrait, ids: &[Uuid], lock_clause: &str) -> Result<Vec<Model>, Error> {
    let (among, ids) = one_of(connection.get_database_backend(), ids.iter().copied());
    let text = format!("SELECT * FROM ticket WHERE id {among} ORDER BY id {lock_clause}");
    Ok(Model::find_by_statement(sql(connection, &text, ids)).all(connection).await?)
}
