//! Looking at accounts.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{Model, Standing};
use crate::{
    Email, Error,
    db::{one_of, sql, values},
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
    let (among, ids) = one_of(connection.get_database_backend(), ids.iter().copied());
    let text = format!("SELECT id, role, is_active, token_version FROM account WHERE id {among}");
    let query = sql(connection, &text, ids);
    let standings = Standing::find_by_statement(query).all(connection).await?;
    Ok(standings.into_iter().map(|standing| (standing.id, standing)).collect())
}

/// Whether there is any account.
///
/// # Errors
/// What the database answered.
pub async fn any(connection: &impl ConnectionTrait) -> Result<bool, Error> {
    let query = sql(connection, "SELECT 1 AS one FROM account LIMIT 1", vec![]);
    Ok(connection.query_one_raw(query).await?.is_some())
}
