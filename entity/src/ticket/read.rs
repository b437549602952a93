//! Tickets as their viewers see them.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{COLUMNS, Model};
use crate::{
    Database, Error, Transaction, Viewer,
    db::{InPlaces, Places, one_of, sql, values},
    seen::{self, Seen},
    viewer::Audience,
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
    let text = format!("{} WHERE ticket.id = ? {lock_clause}", select(viewer.is_organizer, ""));
    let Some(row) = connection.query_one_raw(sql(connection, &text, values![id])).await? else { return Ok(None) };
    let mut columns = Places::of(&row);
    let (ticket, audience) = (Model::next_in(&mut columns)?, Audience::next_in(&mut columns)?);
    Ok(audience.admits(viewer).then_some(ticket))
}

/// These tickets, each with who may see it, organizers only if `some_organize`.
///
/// # Errors
/// What the database answered.
pub async fn look_up(
    database: &Database,
    ids: &[Uuid],
    some_organize: bool,
) -> Result<HashMap<Uuid, Seen<Model>>, Error> {
    let (among, ids) = one_of(database.reader().get_database_backend(), ids.iter().copied());
    let text = format!("{} WHERE ticket.id {among}", select(some_organize, &database.clock_column()));
    seen::read(database, &text, ids, |ticket: &Model| ticket.id).await
}

fn select(some_organize: bool, more_columns: &str) -> String {
    let audience = Audience::columns("ticket", "CAST(NULL AS TEXT)", some_organize);
    format!("SELECT {}, {audience}{more_columns} FROM ticket", *COLUMNS)
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
