//! The producers' half of the queue: intents go in, each key once.

use std::{collections::HashSet, time::Duration};

use sea_orm::{DbBackend, FromQueryResult, Statement, entity::prelude::*};

use crate::{
    Database, Error, Millis, Topic, Turn,
    db::{one_of, row, rows, sql, values},
    wake::announcement,
};

/// An intent to register, validated, with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// UUID v7; the registration's id.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The person's e-mail, normalised.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats wanted, at least 1.
    pub party_size: i64,
    /// Whose keys: the caller's e-mail.
    pub key_scope: String,
    /// The client's Idempotency-Key.
    pub idempotency_key: String,
    /// What the request asked for, condensed: the same key with another fingerprint is a client's mistake.
    pub fingerprint: String,
    /// The `traceparent` of the request, so that the worker's work can be linked to it.
    pub trace_context: Option<String>,
    /// The id of the request, for the record of what came of it.
    pub request_id: Option<String>,
}

/// A job that already has a key.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Taken {
    /// The registration made with the key.
    pub id: Uuid,
    /// Whose key.
    pub key_scope: String,
    /// The key.
    pub idempotency_key: String,
    /// What was asked for with it.
    pub fingerprint: String,
    /// When it was accepted.
    pub created_at: Millis,
}

/// When a new job is to be run: earlier than any clock says, so that clocks that jump or differ delay nobody.
const DUE_AT_ONCE: Millis = 0;

/// Adds the jobs in order of arrival, leaving out those whose key is taken, in a transaction of its own, for which this is
/// the turn (see [`Database::turn`]); workers hear of it. Returns the ids of those that are stored: the same jobs may be added
/// again when it is not known whether they were.
///
/// # Errors
/// [`Error::Busy`] when somebody who knows of no turns kept the lock for longer than `patience`; otherwise what the database
/// answered.
pub async fn insert(
    database: &Database,
    turn: Option<Turn>,
    jobs: &[&NewJob],
    now: Millis,
    patience: Duration,
) -> Result<HashSet<Uuid>, Error> {
    if jobs.is_empty() {
        return Ok(HashSet::new());
    }
    let added = database.execute_alone(turn, || insertion(database, jobs, now), patience).await?;
    let ids = jobs.iter().map(|job| job.id).collect();
    // Rows that come back cost more than rows that go in: they are asked for only if some were left out.
    if added == jobs.len() as u64 { Ok(ids) } else { only_stored(database, ids).await }
}

fn insertion(database: &Database, jobs: &[&NewJob], now: Millis) -> Statement {
    let backend = database.writer().get_database_backend();
    let (jobs, mut parameters) = rows(backend, jobs.iter().map(|job| values_of(job)).collect());
    parameters.extend(values![DUE_AT_ONCE, now]);
    let intents = format!(
        "WITH intent (id, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint, trace_context,
             request_id) AS ({jobs})"
    );
    let text = match backend {
        DbBackend::Postgres => format!(
            "{intents}, stored AS ({INSERT} RETURNING 1) SELECT count(*) AS moved, {} FROM stored",
            announcement(Topic::Intents)
        ),
        _ => format!("{intents} {INSERT}"),
    };
    sql(database.writer(), &text, parameters)
}

const INSERT: &str =
    "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
        trace_context, request_id, run_at, created_at)
    SELECT id, 'register', event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
        nullif(trace_context, ''), nullif(request_id, ''), ?, ?
    FROM intent WHERE id IS NOT NULL
    ON CONFLICT (key_scope, idempotency_key) DO NOTHING";

/// What is absent is written as an empty text, which means nothing else.
fn values_of(job: &NewJob) -> [Value; 10] {
    row![
        job.id,
        job.event_id,
        job.email.as_str(),
        job.name.as_str(),
        job.party_size,
        job.key_scope.as_str(),
        job.idempotency_key.as_str(),
        job.fingerprint.as_str(),
        job.trace_context.as_deref().unwrap_or_default(),
        job.request_id.as_deref().unwrap_or_default(),
    ]
}

async fn only_stored(database: &Database, ids: HashSet<Uuid>) -> Result<HashSet<Uuid>, Error> {
    let reader = database.reader();
    let (among, ids) = one_of(reader.get_database_backend(), ids);
    let query = sql(reader, &format!("SELECT id FROM job WHERE id {among}"), ids);
    let rows = reader.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// The jobs that these (scope, key) pairs belong to. (A join, because for `(a, b) IN (VALUES …)` SQLite reads the whole
/// table.)
///
/// # Errors
/// What the database answered.
pub async fn find_by_keys(connection: &impl ConnectionTrait, keys: &[(&str, &str)]) -> Result<Vec<Taken>, Error> {
    if keys.is_empty() {
        return Ok(vec![]);
    }
    let keys = keys.iter().map(|(scope, key)| row![*scope, *key]).collect();
    let (keys, parameters) = rows(connection.get_database_backend(), keys);
    let query = sql(
        connection,
        &format!(
            "WITH wanted (scope, word) AS ({keys})
             SELECT id, key_scope, idempotency_key, fingerprint, created_at FROM wanted
             JOIN job ON job.key_scope = wanted.scope AND job.idempotency_key = wanted.word"
        ),
        parameters,
    );
    Ok(Taken::find_by_statement(query).all(connection).await?)
}
