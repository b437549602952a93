//! The consumers' half of the queue, first part: whose turn it is, and what is waiting there.
//!
//! A lane is the pending jobs of one event, and its chores: what a worker has to do there although nobody registers. Holding the event's row is the claim: one worker at a time owns a lane, so
//! its jobs are decided in order, and when the worker dies the database frees the row with the connection.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
    event,
};

/// Walks from one busy event to the next in the index of pending jobs: the cost is one seek for each busy event,
/// however many jobs each has and however many events are idle.
pub(crate) const BUSY_EVENTS: &str = "WITH RECURSIVE lane (event_id) AS (
    SELECT * FROM (SELECT event_id FROM job WHERE state = 'pending' ORDER BY event_id LIMIT 1) AS first
    UNION ALL
    SELECT (SELECT job.event_id FROM job WHERE job.state = 'pending' AND job.event_id > lane.event_id
            ORDER BY job.event_id LIMIT 1)
    FROM lane WHERE lane.event_id IS NOT NULL)";

const HAS_DUE_JOB: &str = "EXISTS (SELECT 1 FROM job
    WHERE job.event_id = lane.event_id AND job.state = 'pending' AND job.run_at <= ?)";

/// Events that ask for a worker although nobody registers.
const CHORES: &str = "SELECT id FROM event WHERE chore_at <= ?";

/// Whether any job or chore is due.
///
/// # Errors
/// What the database answered.
pub async fn any_due(connection: &impl ConnectionTrait, now: Millis) -> Result<bool, Error> {
    let text = format!("{BUSY_EVENTS} SELECT event_id FROM lane WHERE {HAS_DUE_JOB} UNION ALL {CHORES} LIMIT 1");
    Ok(connection.query_one_raw(sql(connection, &text, values![now, now])).await?.is_some())
}

/// Claims the event that was served longest ago among those with a due job or chore and, on PostgreSQL, without a
/// worker. Returns it, locked.
///
/// # Errors
/// What the database answered.
pub async fn claim(tx: &Transaction, now: Millis) -> Result<Option<event::Model>, Error> {
    let lock = tx.try_lock_clause("event");
    let text = format!(
        "{BUSY_EVENTS} SELECT event.* FROM event
         WHERE id IN (SELECT event_id FROM lane WHERE {HAS_DUE_JOB} UNION ALL {CHORES})
         ORDER BY served_at, id LIMIT 1 {lock}"
    );
    Ok(event::Model::find_by_statement(sql(&**tx, &text, values![now, now])).one(&**tx).await?)
}

/// A pending job, as much of it as the decision and the ticket need.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pending {
    /// Order of arrival.
    pub seq: i64,
    /// The registration's id.
    pub id: Uuid,
    /// The person.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats wanted.
    pub party_size: i64,
    /// The request it came with.
    pub request_id: Option<String>,
}

/// The due jobs of a lane in order of arrival, at most `limit`.
///
/// # Errors
/// What the database answered.
pub async fn pending(tx: &Transaction, event_id: Uuid, now: Millis, limit: u32) -> Result<Vec<Pending>, Error> {
    let query = sql(
        &**tx,
        "SELECT seq, id, email, name, party_size, request_id FROM job
         WHERE event_id = ? AND state = 'pending' AND run_at <= ? ORDER BY seq LIMIT ?",
        values![event_id, now, i64::from(limit)],
    );
    Ok(Pending::find_by_statement(query).all(&**tx).await?)
}

/// When the next job that backs off becomes due, or the next chore.
///
/// # Errors
/// What the database answered.
pub async fn next_due_at(connection: &impl ConnectionTrait) -> Result<Option<Millis>, Error> {
    let query = sql(
        connection,
        "SELECT min(due_at) AS due_at FROM (
             SELECT min(run_at) AS due_at FROM job WHERE state = 'pending' AND attempt > 0
             UNION ALL SELECT min(chore_at) AS due_at FROM event WHERE chore_at IS NOT NULL) AS due",
        vec![],
    );
    let row = connection.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "due_at")).transpose()?.flatten())
}
