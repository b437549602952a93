//! Tickets as their viewers see them.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::Model;
use crate::{
    Error, Transaction, Viewer,
    db::{list, marks, sql, values},
    viewer::SEES_TICKET,
};

/// The ticket, if this viewer may see it.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid, viewer: &Viewer) -> Result<Option<Model>, Error> {
    let (text, parameters) = visible(id, viewer);
    Ok(Model::find_by_statement(sql(connection, &text, parameters)).one(connection).await?)
}

/// The ticket, if this viewer may see it, locked until the end of the transaction.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid, viewer: &Viewer) -> Result<Option<Model>, Error> {
    let (text, parameters) = visible(id, viewer);
    let text = format!("{text} {}", tx.lock_clause("ticket"));
    Ok(Model::find_by_statement(sql(&**tx, &text, parameters)).one(&**tx).await?)
}

fn visible(id: Uuid, viewer: &Viewer) -> (String, Vec<Value>) {
    let mut parameters = values![id];
    parameters.extend(viewer.ticket_values());
    (format!("SELECT * FROM ticket WHERE id = ? AND {SEES_TICKET}"), parameters)
}

/// Tickets by their ids, for somebody who has already been allowed to see them.
///
/// # Errors
/// What the database answered.
pub async fn find_many(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, Error> {
    let text = format!("SELECT * FROM ticket WHERE id IN ({})", marks(ids.len()));
    Ok(Model::find_by_statement(sql(connection, &text, list(ids.iter().copied()))).all(connection).await?)
}
