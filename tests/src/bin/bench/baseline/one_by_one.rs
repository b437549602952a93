//! A backlog settled in the ordinary way: one job, one transaction. It is spared the record and the waitlist.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement, TransactionTrait};
use uuid::Uuid;

use super::naive::run;

/// Settles pending jobs for so long, on PostgreSQL. Returns how many in a second.
pub(crate) async fn settle(connection: &DatabaseConnection, patience: Duration) -> Result<f64, DbErr> {
    let since = Instant::now();
    let mut settled = 0_u32;
    while since.elapsed() < patience && settle_next(connection, i64::from(settled)).await? {
        settled += 1;
    }
    Ok(f64::from(settled) / since.elapsed().as_secs_f64())
}

async fn settle_next(connection: &DatabaseConnection, now: i64) -> Result<bool, DbErr> {
    #[expect(clippy::disallowed_methods, reason = "the ordinary way")]
    let tx = connection.begin().await?;
    let next = "SELECT seq, id, event_id, email FROM job WHERE state = 'pending' ORDER BY event_id, seq LIMIT 1
                FOR UPDATE SKIP LOCKED";
    let Some(job) = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), next)).await? else {
        return Ok(false);
    };
    let (seq, id, event_id): (i64, Uuid, Uuid) =
        (job.try_get("", "seq")?, job.try_get("", "id")?, job.try_get("", "event_id")?);
    let email: String = job.try_get("", "email")?;
    let take = "UPDATE event SET available_spots = available_spots - 1 WHERE id = $1 AND available_spots >= 1";
    run(&tx, take, vec![event_id.into()]).await?;
    let insert = "INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at)
                  VALUES ($1, $2, $3, $4, 'P', 1, 'reserved', $5, $6)";
    let values = vec![Uuid::now_v7().into(), event_id.into(), id.into(), email.into(), i64::MAX.into(), now.into()];
    run(&tx, insert, values).await?;
    let settle = "UPDATE job SET state = 'settled', outcome = 'reserved', settled_at = $1 WHERE seq = $2";
    run(&tx, settle, vec![now.into(), seq.into()]).await?;
    tx.commit().await?;
    Ok(true)
}
