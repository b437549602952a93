//! The consumers' half of the queue, first part: whose turn it is, and what is waiting there.
//!
//! Holding the event's row is the claim: one worker at a time owns a lane, so its jobs are decided in order, and when
//! the worker dies the database frees the row with the connection.
//!
//! A transaction claims as many lanes as it takes to fill its batch, and no more, because others could serve the rest:
//! those served longest ago first, each with all its due jobs, until the batch is full. The last one may get only what
//! room is left. Then it keeps its place and is the first of the next batch, so that no lane is put off because of what
//! another had to do. The first one's turn is always over, also when it has more: each batch ends at least one turn, so
//! whoever waits behind n busy lanes waits for n batches at most.

use sea_orm::{DbBackend, FromQueryResult, QueryResult, entity::prelude::*};

use super::lane::{BUSY_EVENTS, due_events, is_due};
use crate::{
    Error, Millis, Transaction,
    db::{row, rows, sql},
    event,
    ticket::ACTIVE,
};

/// Lanes that this transaction owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The time for decisions, taken with the lanes locked.
    pub now: Millis,
    /// In order of their turns; at least one.
    pub lanes: Vec<Lane>,
    /// Whether they fill the batch: the last one may have more jobs than it has room for.
    pub is_full: bool,
}

/// A lane that this transaction owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The event, locked.
    pub event: event::Model,
    /// The last job that there is room for; 0 when no job is due.
    pub last_seq: i64,
    /// Whether something has to be done before its jobs are decided: holds ran out, or a chore is due.
    pub has_chores: bool,
}

/// Claims the lanes that were served longest ago among those with a due job or chore and, on PostgreSQL, without a
/// worker: as many as `limit` jobs are enough for, a lane without jobs counting as one. `None` if there are none.
///
/// # Errors
/// What the database answered.
pub async fn claim(tx: &Transaction, limit: u32) -> Result<Option<Claim>, Error> {
    let (turns, parameters) = turns(tx, limit);
    if tx.get_database_backend() != DbBackend::Postgres {
        return claimed(&tx.query_all_raw(sql(&**tx, &format!("{turns} {LANES}"), parameters)).await?, limit);
    }
    // What a statement sees may be older than the locks it took. The lanes are looked at in a second one.
    let text = format!("{turns} SELECT event_id, last_seq, job_count FROM turn");
    let locked = tx.query_all_raw(sql(&**tx, &text, parameters)).await?;
    if locked.is_empty() {
        return Ok(None);
    }
    let (clock, now) = tx.clock();
    let (turns, locked) = rows(tx.get_database_backend(), locked.iter().map(turn).collect::<Result<_, _>>()?);
    let parameters = now.into_iter().chain(locked).collect();
    let text = format!("WITH {clock}, turn (event_id, last_seq, job_count) AS ({turns}) {LANES}");
    claimed(&tx.query_all_raw(sql(&**tx, &text, parameters)).await?, limit)
}

/// The lanes of `turn`, as they are at the time of `clock`. (Here and below no EXISTS, for which PostgreSQL may read
/// every ticket there is.)
const LANES: &str = "SELECT event.*, turn.last_seq, turn.job_count, clock.now,
        (coalesce(event.chore_at <= clock.now, FALSE) OR (SELECT ticket.seq FROM ticket
            WHERE ticket.event_id = event.id AND ticket.status = 'reserved' AND ticket.expires_at <= clock.now
            LIMIT 1) IS NOT NULL) AS has_chores
    FROM clock CROSS JOIN turn JOIN event ON event.id = turn.event_id ORDER BY event.served_at, event.id";

/// CTEs with the `clock` and each `turn`. The lanes are sorted, then gone through only until the jobs are enough: the
/// join keeps their order, and PostgreSQL locks a lane when it is come to.
///
/// The limit stands in the text: SQLite plans a statement with `LIMIT ?` anew each time, which takes longer than to run it.
fn turns(tx: &Transaction, limit: u32) -> (String, Vec<Value>) {
    let is_due = is_due("(SELECT now FROM clock)");
    let due_events = due_events();
    let (is_one, jobs) = match tx.get_database_backend() {
        DbBackend::Postgres => (
            // As an array, of which the planner expects little: with a query it may compare each event with each of them.
            format!("= ANY (ARRAY ({due_events}))"),
            postgres_stretch("next.id", "9223372036854775807", &is_due, limit) + " ON TRUE",
        ),
        _ => {
            (format!("IN ({due_events})"), format!("job ON job.event_id = next.id AND state = 'pending' AND {is_due}"))
        }
    };
    let (clock, parameters) = tx.clock();
    let text = format!(
        "{BUSY_EVENTS}, {clock}, turn (event_id, last_seq, job_count) AS (
             SELECT id, coalesce(max(seq), 0), count(*) FROM (
                 SELECT next.id, job.seq FROM (
                     SELECT event.id FROM event WHERE id {is_one}
                     ORDER BY event.served_at, event.id LIMIT {limit} {lock}) AS next
                 LEFT JOIN {jobs} LIMIT {limit}) AS job
             GROUP BY id)",
        lock = tx.try_lock_clause("event"),
    );
    (text, parameters)
}

/// The first due jobs of a lane: a stretch of the index of pending jobs. Written so that PostgreSQL goes along the index
/// and stops when it has enough: for `event_id = …` it would expect an average lane, and read and sort all of a long one.
fn postgres_stretch(event_id: &str, last_seq: &str, is_due: &str, limit: u32) -> String {
    format!(
        "LATERAL (SELECT * FROM job WHERE state = 'pending' AND {is_due}
             AND (job.event_id, job.seq) >= ({event_id}, 0) AND (job.event_id, job.seq) <= ({event_id}, {last_seq})
             ORDER BY job.event_id, job.seq LIMIT {limit}) AS job"
    )
}

fn turn(row: &QueryResult) -> Result<[Value; 3], Error> {
    let event_id: Uuid = row.try_get("", "event_id")?;
    let (last_seq, job_count): (i64, i64) = (row.try_get("", "last_seq")?, row.try_get("", "job_count")?);
    Ok(row![event_id, last_seq, job_count])
}

fn claimed(rows: &[QueryResult], limit: u32) -> Result<Option<Claim>, Error> {
    let Some(first) = rows.first() else { return Ok(None) };
    let now = first.try_get("", "now")?;
    let mut lanes = Vec::with_capacity(rows.len());
    let mut room = i64::from(limit);
    for row in rows {
        room -= row.try_get::<i64>("", "job_count")?;
        lanes.push(Lane {
            event: event::Model::from_query_result(row, "")?,
            last_seq: row.try_get("", "last_seq")?,
            has_chores: row.try_get("", "has_chores")?,
        });
    }
    Ok(Some(Claim { now, lanes, is_full: room <= 0 }))
}

/// A pending job, as much of it as the decision needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Order of arrival.
    pub seq: i64,
    /// The person.
    pub email: String,
    /// Seats wanted.
    pub party_size: i64,
    /// Whether the person has an active ticket of the event.
    pub has_ticket: bool,
}

/// The due jobs of claimed lanes, given as event and last `seq`: for each lane, in this order, its jobs in order of
/// arrival; at most `limit` in all. Asked after holds were expired, because that says who has a ticket.
///
/// # Errors
/// What the database answered.
pub async fn pending(
    tx: &Transaction,
    lanes: &[(Uuid, i64)],
    now: Millis,
    limit: u32,
) -> Result<Vec<Vec<Pending>>, Error> {
    let mut jobs: Vec<Vec<Pending>> = vec![vec![]; lanes.len()];
    if lanes.is_empty() {
        return Ok(jobs);
    }
    let (text, parameters) = pending_of(tx.get_database_backend(), lanes, now, limit);
    for row in tx.query_all_raw(sql(&**tx, &text, parameters)).await? {
        // By place: there are many of these, and looking for each column by its name is work for each.
        let (place, seq, email, party_size, has_ticket): (i64, _, _, _, _) = row.try_get_many_by_index()?;
        if let Some(jobs) = usize::try_from(place).ok().and_then(|place| jobs.get_mut(place)) {
            jobs.push(Pending { seq, email, party_size, has_ticket });
        }
    }
    let mut room = limit as usize;
    for jobs in &mut jobs {
        jobs.sort_by_key(|job| job.seq);
        jobs.truncate(room);
        room -= jobs.len();
    }
    Ok(jobs)
}

fn pending_of(backend: DbBackend, lanes: &[(Uuid, i64)], now: Millis, limit: u32) -> (String, Vec<Value>) {
    let lanes = (0_i64..).zip(lanes).map(|(place, (id, last_seq))| row![place, *id, *last_seq]);
    let (lanes, mut parameters) = rows(backend, lanes.collect());
    parameters.push(Value::from(now));
    let jobs = match backend {
        DbBackend::Postgres => postgres_stretch("lane.event_id", "lane.last_seq", &is_due("?"), limit),
        _ => format!(
            "job WHERE job.event_id = lane.event_id AND state = 'pending' AND seq <= last_seq AND {}",
            is_due("?")
        ),
    };
    let text = format!(
        "WITH lane (place, event_id, last_seq) AS ({lanes})
         SELECT lane.place, job.seq, job.email, job.party_size,
             (SELECT ticket.seq FROM ticket
              WHERE ticket.event_id = job.event_id AND ticket.email = job.email AND {ACTIVE} LIMIT 1) IS NOT NULL
             AS has_ticket
         FROM lane CROSS JOIN {jobs}"
    );
    (text, parameters)
}
