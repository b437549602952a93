//! The consumers' half of the queue, second part: a job leaves `pending`, or waits for its next attempt.

use sea_orm::entity::prelude::*;

use super::{JobState, Outcome, Refusal};
use crate::{
    Error, Millis, Transaction, Writes,
    db::{one_of, sql, values},
};

/// These jobs led to a ticket. It fails unless all of them are pending.
pub fn settle_granted(writes: &mut Writes<'_>, seqs: &[i64], outcome: Outcome, now: Millis) {
    settle(writes, seqs, "outcome = ?", values![outcome.to_value()], now);
}

/// These jobs were refused, for this reason. `may_return`: only unconfirmed holds are in the way. It fails unless all of
/// them are pending.
pub fn settle_refused(writes: &mut Writes<'_>, seqs: &[i64], refusal: Refusal, may_return: bool, now: Millis) {
    let values = values![Outcome::Refused.to_value(), refusal.to_value(), may_return];
    settle(writes, seqs, "outcome = ?, refusal = ?, may_return = ?", values, now);
}

fn settle(writes: &mut Writes<'_>, seqs: &[i64], assignments: &str, mut parameters: Vec<Value>, now: Millis) {
    if seqs.is_empty() {
        return;
    }
    let (one_of_them, listed) = one_of(writes.backend(), seqs.iter().copied());
    // The state is not compared bare, here and below: the databases may rather read the index of all pending jobs.
    parameters.extend(values![now]);
    parameters.extend(listed);
    let update = format!(
        "UPDATE job SET state = 'settled', {assignments}, settled_at = ?
         WHERE coalesce(state, '') = 'pending' AND seq {one_of_them}"
    );
    writes.add("job::settle", seqs.len(), &update, parameters);
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
         WHERE seq = ? AND coalesce(state, '') = 'pending' AND attempt = ?",
        values![state.to_value(), attempt, run_at, last_error, seq, attempt - 1],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// How often a job was tried, if it is still pending.
///
/// # Errors
/// What the database answered.
pub async fn attempts(tx: &Transaction, seq: i64) -> Result<Option<i64>, Error> {
    let query = sql(&**tx, "SELECT attempt FROM job WHERE seq = ? AND coalesce(state, '') = 'pending'", values![seq]);
    let row = tx.query_one_raw(query).await?;
    Ok(row.map(|row| row.try_get("", "attempt")).transpose()?)
}
