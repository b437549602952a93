//! When workers verify, and how much they have found. One row for all processes: of any number of workers one verifies
//! each time, and what was found stays known when that worker is gone.

use sea_orm::entity::prelude::*;

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
};

/// When the last run began; 0 before the first one.
///
/// # Errors
/// What the database answered.
pub async fn last_begun_at(connection: &impl ConnectionTrait) -> Result<Millis, Error> {
    number(connection, "SELECT begun_at AS number FROM verification").await
}

/// Rows found by all runs so far, each as often as it was.
///
/// # Errors
/// What the database answered.
pub async fn failures(connection: &impl ConnectionTrait) -> Result<i64, Error> {
    number(connection, "SELECT failures AS number FROM verification").await
}

async fn number(connection: &impl ConnectionTrait, text: &str) -> Result<i64, Error> {
    let row = connection.query_one_raw(sql(connection, text, vec![])).await?;
    let row = row.ok_or(Error::Guard { what: "verification", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "number")?)
}

/// Begins a run now, unless one began after `before`. Returns whether it is the caller's to make.
///
/// # Errors
/// What the database answered.
pub async fn begin(tx: &Transaction, before: Millis, now: Millis) -> Result<bool, Error> {
    let update = sql(&**tx, "UPDATE verification SET begun_at = ? WHERE begun_at <= ?", values![now, before]);
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// A run found so many rows.
///
/// # Errors
/// What the database answered.
pub async fn count(tx: &Transaction, found: i64) -> Result<(), Error> {
    tx.execute_raw(sql(&**tx, "UPDATE verification SET failures = failures + ?", values![found])).await?;
    Ok(())
}
