//! Settlement by hand-written SQL: no row leaves the database, nothing is decided, everybody gets a seat. Same schema,
//! same durability, same batches, same cache and log, the record written as well. (The index is named because SQLite
//! would rather walk all jobs there ever were.)

use std::{path::Path, time::Instant};

use rusqlite::{Connection, Result, params};

/// Settles every pending job of the one event that has any. Returns how many in a second.
pub(crate) fn settle_all(file: &Path, batch: u32) -> Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000;
         PRAGMA cache_size = -16384; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;
         PRAGMA temp_store = MEMORY",
    )?;
    let event: Vec<u8> =
        connection.query_row("SELECT event_id FROM job WHERE state = 'pending' LIMIT 1", [], |row| row.get(0))?;
    let since = Instant::now();
    let (mut settled, mut now) = (0_u32, 1);
    loop {
        let batch = settle(&mut connection, &event, batch, now)?;
        if batch == 0 {
            return Ok(f64::from(settled) / since.elapsed().as_secs_f64());
        }
        settled += batch;
        now += 1;
    }
}

fn settle(connection: &mut Connection, event: &[u8], batch: u32, now: i64) -> Result<u32> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let (jobs, last): (u32, Option<i64>) = tx
        .prepare_cached(
            "SELECT count(*), max(seq) FROM (SELECT seq FROM job INDEXED BY job_lane WHERE event_id = ? AND state = 'pending'
             ORDER BY seq LIMIT ?)",
        )?
        .query_row(params![event, batch], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(last) = last else { return Ok(0) };
    let before: i64 = tx.prepare_cached("SELECT coalesce(max(seq), 0) FROM ticket")?.query_row([], |row| row.get(0))?;
    tx.prepare_cached(
        "INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at)
         SELECT unhex(printf('%032x', seq)), event_id, id, email, name, party_size, 'reserved', ?, ?
         FROM job INDEXED BY job_lane WHERE event_id = ? AND state = 'pending' AND seq <= ? ORDER BY seq",
    )?
    .execute(params![i64::MAX, now, event, last])?;
    tx.prepare_cached(
        "INSERT INTO audit (at, actor_kind, actor, action, entity, entity_id, event_id, to_state)
         SELECT ?, 'worker', 'raw', 'issue', 'ticket', id, event_id, status FROM ticket WHERE seq > ?",
    )?
    .execute(params![now, before])?;
    tx.prepare_cached(
        "UPDATE job INDEXED BY job_lane SET state = 'settled', outcome = 'reserved', settled_at = ?
         WHERE event_id = ? AND state = 'pending' AND seq <= ?",
    )?
    .execute(params![now, event, last])?;
    tx.prepare_cached("UPDATE event SET available_spots = available_spots - ? WHERE id = ? AND available_spots >= ?")?
        .execute(params![jobs, event, jobs])?;
    tx.commit()?;
    Ok(jobs)
}
