//! Forgetting: settled jobs, and their tickets, of events that are long over.

use sea_orm::entity::prelude::*;

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
    event::{self, EventStatus},
};

/// An event that ended or was cancelled before `before` and still has settled jobs.
///
/// # Errors
/// What the database answered.
pub async fn event_to_prune(connection: &impl ConnectionTrait, before: Millis) -> Result<Option<Uuid>, Error> {
    // Not with EXISTS, for which PostgreSQL may read every job there is.
    let query = sql(
        connection,
        "SELECT event.id FROM event
         WHERE (coalesce(ends_at, starts_at) < ? OR (status = 'cancelled' AND updated_at < ?))
         AND (SELECT job.seq FROM job WHERE job.event_id = event.id AND job.state = 'settled' LIMIT 1) IS NOT NULL
         LIMIT 1",
        values![before, before],
    );
    let row = connection.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?)
}

/// Whether the event is still one to prune, now that it is locked.
pub fn is_over(event: &event::Model, before: Millis) -> bool {
    let is_cancelled = event.status == EventStatus::Cancelled && event.updated_at < before;
    event.ends_at.unwrap_or(event.starts_at) < before || is_cancelled
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Jobs, with their tickets.
    pub jobs: u64,
    /// Seats those tickets held. The caller has locked the event and returns them, so that the sum stays right.
    pub seats: i64,
}

/// Deletes settled jobs of an event with their tickets, oldest first, at most `limit`. Failed jobs stay.
///
/// # Errors
/// What the database answered.
pub async fn prune(tx: &Transaction, event_id: Uuid, limit: u32) -> Result<Pruned, Error> {
    remove(tx, "event_id = ? AND state = 'settled'", event_id, limit).await
}

/// Deletes jobs of an event with their tickets, whatever their state, oldest first, at most `limit`.
///
/// # Errors
/// What the database answered.
pub async fn remove_all(tx: &Transaction, event_id: Uuid, limit: u32) -> Result<Pruned, Error> {
    remove(tx, "event_id = ?", event_id, limit).await
}

async fn remove(tx: &Transaction, which: &str, event_id: Uuid, limit: u32) -> Result<Pruned, Error> {
    let oldest = format!("SELECT id FROM job WHERE {which} ORDER BY seq LIMIT ?");
    let parameters = || values![event_id, i64::from(limit)];
    let tickets = sql(
        &**tx,
        &format!("DELETE FROM ticket WHERE job_id IN ({oldest}) RETURNING status, party_size"),
        parameters(),
    );
    let mut seats = 0;
    for row in tx.query_all_raw(tickets).await? {
        let status: String = row.try_get("", "status")?;
        if ["reserved", "confirmed", "checked_in"].contains(&status.as_str()) {
            seats += row.try_get::<i64>("", "party_size")?;
        }
    }
    let jobs = sql(&**tx, &format!("DELETE FROM job WHERE id IN ({oldest})"), parameters());
    Ok(Pruned { jobs: tx.execute_raw(jobs).await?.rows_affected(), seats })
}
