//! The producers' half of the queue: intents go in, each key once.

use std::collections::HashSet;

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis, Transaction,
    db::{list, marks, sql, tuples, values},
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

/// Adds the jobs in order of arrival, leaving out those whose key is taken. Returns the ids of
/// those added.
///
/// # Errors
/// What the database answered.
pub async fn insert(tx: &Transaction, jobs: &[NewJob], now: Millis) -> Result<HashSet<Uuid>, Error> {
    const COLUMNS: usize = 13;
    if jobs.is_empty() {
        return Ok(HashSet::new());
    }
    let mut parameters = Vec::with_capacity(jobs.len() * COLUMNS);
    for job in jobs {
        parameters.extend(values![
            job.id,
            "register",
            job.event_id,
            job.email.as_str(),
            job.name.as_str(),
            job.party_size,
            job.key_scope.as_str(),
            job.idempotency_key.as_str(),
            job.fingerprint.as_str(),
            job.trace_context.clone(),
            job.request_id.clone(),
            DUE_AT_ONCE,
            now,
        ]);
    }
    let insert = sql(
        &**tx,
        &format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
             trace_context, request_id, run_at, created_at) VALUES {}
             ON CONFLICT (key_scope, idempotency_key) DO NOTHING",
            tuples(jobs.len(), COLUMNS)
        ),
        parameters,
    );
    if tx.execute_raw(insert).await?.rows_affected() == jobs.len() as u64 {
        return Ok(jobs.iter().map(|job| job.id).collect());
    }
    // Some keys were taken.
    let query = sql(
        &**tx,
        &format!("SELECT id FROM job WHERE id IN ({})", marks(jobs.len())),
        list(jobs.iter().map(|job| job.id)),
    );
    let rows = tx.query_all_raw(query).await?;
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
    let query = sql(
        connection,
        &format!(
            "WITH wanted (scope, word) AS (VALUES {})
             SELECT id, key_scope, idempotency_key, fingerprint, created_at FROM wanted
             JOIN job ON job.key_scope = wanted.scope AND job.idempotency_key = wanted.word",
            tuples(keys.len(), 2)
        ),
        list(keys.iter().flat_map(|(scope, key)| [*scope, *key])),
    );
    Ok(Taken::find_by_statement(query).all(connection).await?)
}
