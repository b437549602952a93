//! The queue as a whole: how much waits, and for how long. The statements read the indexes of pending and failed jobs, so
//! their cost follows what is left to do and not what was ever done.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis,
    db::{sql, values},
    job::lane::BUSY_EVENTS,
};

/// What waits in all lanes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Totals {
    /// Pending jobs.
    pub depth: i64,
    /// Those of them that were pending at the reading before, if all of that reading's are told by `mark`.
    pub remaining: i64,
    /// The highest `seq` of a pending job.
    pub mark: Option<i64>,
    /// Since when the first of the jobs that could be claimed now could be claimed.
    pub claimable_since: Option<Millis>,
    /// Jobs that wait for an operator.
    pub failed: i64,
}

/// Counts what waits. `mark` is the highest `seq` of a reading before this one.
///
/// A job that was never tried is claimable from its arrival on, any other one from `run_at` on. The first are asked for
/// lane by lane, as the oldest in order of arrival is the one that waits longest.
///
/// # Errors
/// What the database answered.
pub async fn totals(connection: &impl ConnectionTrait, mark: Option<i64>, now: Millis) -> Result<Totals, Error> {
    let query = sql(
        connection,
        &format!(
            "{BUSY_EVENTS}, claimable (since) AS (
                 SELECT (SELECT created_at FROM job WHERE job.event_id = lane.event_id AND job.state = 'pending'
                         AND job.attempt = 0 AND job.run_at <= ? ORDER BY job.seq LIMIT 1) FROM lane
                 UNION ALL
                 SELECT min(run_at) FROM job WHERE state = 'pending' AND attempt > 0 AND run_at <= ?)
             SELECT waiting.*, (SELECT min(since) FROM claimable) AS claimable_since,
                 (SELECT count(*) FROM job WHERE state = 'failed') AS failed
             FROM (SELECT count(*) AS depth, count(*) FILTER (WHERE seq <= ?) AS remaining, max(seq) AS mark
                   FROM job WHERE state = 'pending') AS waiting"
        ),
        values![now, now, mark.unwrap_or(0)],
    );
    let totals = Totals::find_by_statement(query).one(connection).await?;
    totals.ok_or(Error::Guard { what: "queue::totals", expected: 1, actual: 0 })
}

/// What waits in one lane.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Lane {
    /// The event.
    pub event_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Pending jobs.
    pub depth: i64,
    /// Those of them that `mark` tells to have been pending at the reading before.
    pub remaining: i64,
}

/// The deepest lanes, at most `limit`. `mark` is the highest `seq` of a reading before this one.
///
/// # Errors
/// What the database answered.
pub async fn deepest(connection: &impl ConnectionTrait, mark: Option<i64>, limit: u32) -> Result<Vec<Lane>, Error> {
    let query = sql(
        connection,
        "SELECT lane.*, event.name FROM (
             SELECT event_id, count(*) AS depth, count(*) FILTER (WHERE seq <= ?) AS remaining FROM job
             WHERE state = 'pending' GROUP BY event_id ORDER BY depth DESC, event_id LIMIT ?) AS lane
         JOIN event ON event.id = lane.event_id ORDER BY lane.depth DESC, lane.event_id",
        values![mark.unwrap_or(0), i64::from(limit)],
    );
    Ok(Lane::find_by_statement(query).all(connection).await?)
}
