//! The consumers' half of the queue, second part: a job leaves `pending`, or waits for its next attempt.

use sea_orm::entity::prelude::*;

use super::{JobState, Outcome, Refusal};
use crate::{
    Error, Millis, Transaction,
    db::{one_of, sql, values},
    error::guard,
};

/// These jobs led to a ticket.
///
/// # Errors
/// [`Error::Guard`] unless all of them were pending; otherwise what the database answered.
pub async fn settle_granted(tx: &Transaction, seqs: &[i64], outcome: Outcome, now: Millis) -> Result<(), Error> {
    settle(tx, seqs, "outcome = ?", values![outcome.to_value()], now).await
}

/// These jobs were refused, for this reason. `may_return`: only unconfirmed holds are in the way.
///
/// # Errors
/// [`Error::Guard`] unless all of them were pending; otherwise what the database answered.
pub async fn settle_refused(
    tx: &Transaction,
    seqs: &[i64],
    refusal: Refusal,
    may_return: bool,
    now: Millis,
) -> Result<(), Error> {
    let values = values![Outcome::Refused.to_value(), refusal.to_value(), may_return];
    settle(tx, seqs, "outcome = ?, refusal = ?, may_return = ?", values, now).await
}

async fn settle(
    tx: &Transaction,
    seqs: &[i64],
    assignments: &str,
    mut parameters: Vec<Value>,
    now: Millis,
) -> Result<(), Error> {
    if seqs.is_empty() {
        return Ok(());
    }
    let (one_of_them, listed) = one_of(tx.get_database_backend(), seqs.iter().copied());
    // The state is not compared bare: for a long list SQLite would rather read the index of all pending jobs.
    parameters.extend(values![now]);
    parameters.extend(listed);
    let update = sql(
        &**tx,
        &format!(
            "UPDATE job SET state = 'settled', {assignments}, settled_at = ?
             WHERE coalesce(state, '') = 'pending' AND seq {one_of_them}"
        ),
        parameters,
    );
    guard("job::settle", seqs.len(), tx.execute_raw(update).await?.rows_affected())
}

/// A job whose own settlement faulted for the `attempt`-th time: it waits until `run_at` for its next attempt or, with
/// `JobState::Failed`, for an operator. Returns whether that was so: of two workers that counted at the same time one did.
///
/// # Errors
/// What the database answered.
pub async fn record_fault(
    tx: &Transaction,
    seq: i64,
    attempt: i64,
    state: JobState,
    run_at: Millis,
    last_error: &str,
) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE job SET state = ?, attempt = ?, run_at = ?, last_error = ?
         WHERE seq = ? AND state = 'pending' AND attempt = ?",
        values![state.to_value(), attempt, run_at, last_error, seq, attempt - 1],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// How often a job was tried, if it is still pending.
///
/// # Errors
/// What the database answered.
pub async fn attempts(tx: &Transaction, seq: i64) -> Result<Option<i64>, Error> {
    let query = sql(&**tx, "SELECT attempt FROM job WHERE seq = ? AND state = 'pending'", values![seq]);
    let row = tx.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "attempt")).transpose()?)
}
