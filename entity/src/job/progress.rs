//! How far a lane is: what clients who wait are told.

use sea_orm::entity::prelude::*;

use crate::{
    Error,
    db::{sql, values},
};

/// The pending jobs of an event, in order: the place of each is its index.
///
/// # Errors
/// What the database answered.
pub async fn pending_seqs(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<i64>, Error> {
    let query =
        sql(connection, "SELECT seq FROM job WHERE event_id = ? AND state = 'pending' ORDER BY seq", values![event_id]);
    let rows = connection.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<_, _>>()?)
}
