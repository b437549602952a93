//! Lanes: where something has to be done.
//!
//! A lane is the pending jobs of one event, and its chores: what a worker has to do there although nobody registers.
//! Whoever works on one has claimed it ([`super::claim`]).

use sea_orm::entity::prelude::*;

use crate::{Database, Error, Millis, db::sql};

/// No job waits for its next attempt for longer, in milliseconds.
pub const BACK_OFF_MAX: Millis = 60_000;

/// Whether a job is to be run at the time that `now` stands for. One that would have to wait for longer than any job
/// backs off was put off by a clock that has been set back since, and is due.
pub(super) fn is_due(now: &str) -> String {
    format!("job.run_at - {now} NOT BETWEEN 1 AND {BACK_OFF_MAX}")
}

/// Walks from one busy event to the next in the index of pending jobs: the cost is one seek for each busy event,
/// however many jobs each has and however many events are idle.
pub(crate) const BUSY_EVENTS: &str = "WITH RECURSIVE lane (event_id) AS (
    SELECT * FROM (SELECT event_id FROM job WHERE state = 'pending' ORDER BY event_id LIMIT 1) AS first
    UNION ALL
    SELECT (SELECT job.event_id FROM job WHERE job.state = 'pending' AND job.event_id > lane.event_id
            ORDER BY job.event_id LIMIT 1)
    FROM lane WHERE lane.event_id IS NOT NULL)";

/// Events with a due job, or that ask for a worker although nobody registers; to be put behind [`BUSY_EVENTS`] and a
/// `clock`. Only jobs that back off are ever not due, so it suffices to ask for due ones where there are such. (Not with
/// EXISTS, for which PostgreSQL may read every pending job.)
pub(super) fn due_events() -> String {
    let is_due = is_due("(SELECT now FROM clock)");
    format!(
        "SELECT event_id FROM lane WHERE event_id IS NOT NULL
            AND (event_id NOT IN (SELECT event_id FROM job
                    WHERE state = 'pending' AND attempt > 0 AND run_at > (SELECT now FROM clock))
                OR (SELECT job.seq FROM job
                    WHERE job.event_id = lane.event_id AND job.state = 'pending' AND {is_due}
                    ORDER BY job.seq LIMIT 1) IS NOT NULL)
         UNION ALL SELECT id FROM event WHERE chore_at <= (SELECT now FROM clock)"
    )
}

/// Whether any job or chore is due.
///
/// # Errors
/// What the database answered.
pub async fn any_due(database: &Database) -> Result<bool, Error> {
    let (clock, values) = database.clock();
    let text = format!("{BUSY_EVENTS}, {clock} {} LIMIT 1", due_events());
    Ok(database.reader().query_one_raw(sql(database.reader(), &text, values)).await?.is_some())
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
