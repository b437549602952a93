//! Looking at accounts.

use std::collections::HashMap;

use sea_orm::{DbBackend, FromQueryResult, entity::prelude::*};

use super::{Model, Standing};
use crate::{
    Database, Email, Error, Millis,
    db::{FromColumns, one_of, sql, values},
};

/// The account with this id.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, Error> {
    let query = sql(connection, "SELECT * FROM account WHERE id = ?", values![id]);
    Ok(Model::find_by_statement(query).one(connection).await?)
}

/// The account of this person.
///
/// # Errors
/// What the database answered.
pub async fn find_by_email(connection: &impl ConnectionTrait, email: &Email) -> Result<Option<Model>, Error> {
    let query = sql(connection, "SELECT * FROM account WHERE email = ?", values![email.as_str()]);
    Ok(Model::find_by_statement(query).one(connection).await?)
}

/// Accounts by age, from behind `after` on: those whose e-mail begins with `prefix`.
///
/// # Errors
/// What the database answered.
pub async fn list(
    connection: &impl ConnectionTrait,
    prefix: &str,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Model>, Error> {
    let characters = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
    let query = sql(
        connection,
        "SELECT * FROM account WHERE id > ? AND substr(email, 1, cast(? AS integer)) = ? ORDER BY id LIMIT ?",
        values![after.unwrap_or(Uuid::nil()), characters, prefix, i64::from(limit)],
    );
    Ok(Model::find_by_statement(query).all(connection).await?)
}

/// What these accounts may do now; an unknown id may nothing and is left out.
///
/// # Errors
/// What the database answered.
pub async fn standings(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Standing>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (text, ids) = select_standings(connection.get_database_backend(), ids, "");
    let found = connection.query_all_raw(sql(connection, &text, ids)).await?;
    let standings = found.iter().map(|row| Ok(Standing::from_columns(row)?));
    standings.map(|standing: Result<_, Error>| standing.map(|standing| (standing.id, standing))).collect()
}

/// The same for whoever has a turn to write: on SQLite without a walk to another thread.
///
/// # Errors
/// What the database answered.
pub async fn standings_alone(database: &Database, ids: &[Uuid]) -> Result<HashMap<Uuid, Standing>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let reader = database.by_key();
    let (text, ids) = select_standings(reader.get_database_backend(), ids, &database.clock_column());
    let found: Vec<(Standing, Millis)> = database.query_alone(sql(reader, &text, ids)).await?;
    Ok(found.into_iter().map(|(standing, _)| (standing.id, standing)).collect())
}

fn select_standings(backend: DbBackend, ids: &[Uuid], more_columns: &str) -> (String, Vec<Value>) {
    let (among, ids) = one_of(backend, ids.iter().copied());
    (format!("SELECT id, role, is_active, token_version{more_columns} FROM account WHERE id {among}"), ids)
}

/// Whether there is any account.
///
/// # Errors
/// What the database answered.
pub async fn any(connection: &impl ConnectionTrait) -> Result<bool, Error> {
    let query = sql(connection, "SELECT 1 AS one FROM account LIMIT 1", vec![]);
    Ok(connection.query_one_raw(query).await?.is_some())
}
