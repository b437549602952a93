//! The same job in the ordinary way: each request does its own work in a transaction of its own, and is answered when
//! that is committed. It is spared what Turnout does besides: jobs, the record, the waitlist.

use std::{sync::Arc, time::Duration};

use api::Baseline;
use entity::{Database, Email, Error, job::enqueue::NewJob};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use uuid::Uuid;

/// How long a request waits for the lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// Its tickets: no jobs, so the key stands here.
const TICKETS: &str = "CREATE TABLE IF NOT EXISTS naive_ticket (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, event_id BLOB NOT NULL REFERENCES event (id), email TEXT NOT NULL,
    name TEXT NOT NULL, party_size INTEGER NOT NULL, status TEXT NOT NULL, expires_at INTEGER, created_at INTEGER NOT NULL,
    key_scope TEXT NOT NULL, idempotency_key TEXT NOT NULL,
    UNIQUE (key_scope, idempotency_key), UNIQUE (event_id, email)) STRICT";

/// The ordinary way, on a database that has our schema.
pub(crate) async fn baseline(database: Database) -> Result<Baseline, Error> {
    database.writer().execute_unprepared(TICKETS).await?;
    let other = database.clone();
    Ok(Baseline {
        register: Arc::new(move |job| {
            let database = database.clone();
            Box::pin(async move { register(&database, job).await.is_ok_and(|is_done| is_done) })
        }),
        confirm: Arc::new(move |id, email| {
            let database = other.clone();
            Box::pin(async move { confirm(&database, id, email).await.is_ok_and(|is_done| is_done) })
        }),
    })
}

/// A conditional decrement and an insert.
async fn register(database: &Database, job: NewJob) -> Result<bool, Error> {
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let take = "UPDATE event SET available_spots = available_spots - $1 WHERE id = $2 AND available_spots >= $1";
    if run(&*tx, take, vec![job.party_size.into(), job.event_id.into()]).await? == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    let insert = "INSERT INTO naive_ticket (id, event_id, email, name, party_size, status, expires_at, created_at,
                      key_scope, idempotency_key) VALUES ($1, $2, $3, $4, $5, 'reserved', $6, $7, $8, $9)";
    let values: Vec<Value> = vec![
        job.id.into(),
        job.event_id.into(),
        job.email.into(),
        job.name.into(),
        job.party_size.into(),
        (now + 300_000).into(),
        now.into(),
        job.key_scope.into(),
        job.idempotency_key.into(),
    ];
    run(&*tx, insert, values).await?;
    tx.commit().await?;
    Ok(true)
}

/// A guarded update of our own table of tickets.
async fn confirm(database: &Database, id: Uuid, email: Email) -> Result<bool, Error> {
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let update = "UPDATE ticket SET status = 'confirmed', confirmed_at = $1, expires_at = NULL
                  WHERE id = $2 AND email = $3 AND status = 'reserved' AND expires_at > $1";
    let moved = run(&*tx, update, vec![now.into(), id.into(), email.to_string().into()]).await?;
    tx.commit().await?;
    Ok(moved == 1)
}

/// Executes a statement. Returns how many rows it changed.
pub(super) async fn run(connection: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), text, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}
