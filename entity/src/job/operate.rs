//! What operators do with jobs: look at them, and decide about those that failed.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{JobState, Outcome, Refusal};
use crate::{
    Error, Millis, Transaction,
    db::{sql, values},
    error::guard,
};

/// A job as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Job {
    /// Order of arrival.
    pub seq: i64,
    /// The registration's id.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The person.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats wanted.
    pub party_size: i64,
    /// Where it stands.
    pub state: JobState,
    /// What it led to.
    pub outcome: Option<Outcome>,
    /// Why not, if refused.
    pub refusal: Option<Refusal>,
    /// How often it faulted.
    pub attempt: i64,
    /// Before this it is not tried again.
    pub run_at: Millis,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it was decided.
    pub settled_at: Option<Millis>,
}

const COLUMNS: &str = "seq, id, event_id, email, name, party_size, state, outcome, refusal, attempt, run_at, last_error, \
                       created_at, settled_at";

/// Which jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in this state only.
    pub state: Option<JobState>,
    /// Those of this event only.
    pub event_id: Option<Uuid>,
}

/// Jobs, newest first, from behind `before` on. No list reads the whole table: each state has an index of its own, and
/// jobs of any state are found from the end of the table.
///
/// # Errors
/// What the database answered.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: Filter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Job>, Error> {
    let (before, limit) = (before.unwrap_or(i64::MAX), i64::from(limit));
    let mut parameters = vec![];
    let condition = match (filter.event_id, filter.state) {
        (None, None) => "seq < ?".to_owned(),
        // The last ones decided are near the end of the table, before those that wait.
        (None, Some(JobState::Settled)) => "state = 'settled' AND seq < ?".to_owned(),
        // The plus keeps the databases from walking the table in this order, which finds the few jobs among millions
        // of others: the index holds these jobs alone.
        (None, Some(state)) => {
            parameters.extend(values![before, limit]);
            format!("seq IN ({}) AND seq < ?", newest(&format!("state = '{}'", state.to_value()), "+seq"))
        }
        (Some(event_id), state) => {
            let states = [JobState::Pending, JobState::Settled, JobState::Failed];
            let wanted = states.into_iter().filter(|each| state.is_none_or(|state| state == *each));
            let parts: Vec<String> = wanted
                .map(|state| {
                    parameters.extend(values![event_id, before, limit]);
                    newest(&format!("event_id = ? AND state = '{}'", state.to_value()), "seq")
                })
                .map(|text| format!("SELECT seq FROM ({text}) AS newest"))
                .collect();
            format!("seq IN ({}) AND seq < ?", parts.join(" UNION ALL "))
        }
    };
    parameters.extend(values![before, limit]);
    let text = format!("SELECT {COLUMNS} FROM job WHERE {condition} ORDER BY seq DESC LIMIT ?");
    Ok(Job::find_by_statement(sql(connection, &text, parameters)).all(connection).await?)
}

fn newest(condition: &str, seq: &str) -> String {
    format!("SELECT seq FROM job WHERE {condition} AND {seq} < ? ORDER BY {seq} DESC LIMIT ?")
}

/// The job.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Job>, Error> {
    let query = sql(connection, &format!("SELECT {COLUMNS} FROM job WHERE id = ?"), values![id]);
    Ok(Job::find_by_statement(query).one(connection).await?)
}

/// The job, locked until the end of the transaction.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid) -> Result<Option<Job>, Error> {
    let text = format!("SELECT {COLUMNS} FROM job WHERE id = ? {}", tx.lock_clause("job"));
    Ok(Job::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// What a retry makes of a job: claimable from now on. It has lost its turn, which is what an `attempt` above 0 says,
/// and gets its other attempts again.
const RETRIED: &str = "state = 'pending', attempt = 1, run_at = ?";

/// failed → pending. The caller has locked the job and seen that it failed.
///
/// # Errors
/// [`Error::Guard`] unless it failed; otherwise what the database answered.
pub async fn retry(tx: &Transaction, id: Uuid, now: Millis) -> Result<(), Error> {
    let update = sql(&**tx, &format!("UPDATE job SET {RETRIED} WHERE id = ? AND state = 'failed'"), values![now, id]);
    guard("job::retry", 1, tx.execute_raw(update).await?.rows_affected())
}

/// failed → settled, refused as `discarded`. The caller has locked the job and seen that it failed.
///
/// # Errors
/// [`Error::Guard`] unless it failed; otherwise what the database answered.
pub async fn discard(tx: &Transaction, id: Uuid, now: Millis) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE job SET state = 'settled', outcome = ?, refusal = ?, settled_at = ? WHERE id = ? AND state = 'failed'",
        values![Outcome::Refused.to_value(), Refusal::Discarded.to_value(), now, id],
    );
    guard("job::discard", 1, tx.execute_raw(update).await?.rows_affected())
}

/// Where a walk over failed jobs is: behind this event's job of this `seq`.
pub type Step = (Uuid, i64);

/// failed → pending for failed jobs, of one event or of all, from behind `after` on and at most `limit`. Returns how many
/// moved, and where to go on: a walk does not meet a job again that fails meanwhile.
///
/// The jobs are locked where they are counted, so that those which somebody else retries at this moment do not make a
/// batch look like the last one.
///
/// # Errors
/// What the database answered.
pub async fn retry_many(
    tx: &Transaction,
    event_id: Option<Uuid>,
    after: Step,
    limit: u32,
    now: Millis,
) -> Result<(i64, Option<Step>), Error> {
    let of_event = if event_id.is_some() { "AND event_id = ?" } else { "" };
    let mut parameters = values![now, after.0, after.1];
    parameters.extend(event_id.map(Value::from));
    parameters.extend(values![i64::from(limit)]);
    let update = sql(
        &**tx,
        &format!(
            "UPDATE job SET {RETRIED} WHERE state = 'failed' AND seq IN (
                 SELECT seq FROM job WHERE state = 'failed' AND (event_id, seq) > (?, ?) {of_event}
                 ORDER BY event_id, seq LIMIT ? {})
             RETURNING event_id, seq",
            tx.lock_clause("job")
        ),
        parameters,
    );
    let mut last = None;
    let rows = tx.query_all_raw(update).await?;
    for row in &rows {
        last = last.max(Some((row.try_get("", "event_id")?, row.try_get("", "seq")?)));
    }
    let moved = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    Ok((moved, last.filter(|_| moved >= i64::from(limit))))
}
