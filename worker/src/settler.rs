//! Settles for as long as there is work, then sleeps until there may be some again.

use std::{sync::Arc, time::Duration};

use entity::{
    Changes, Database, Error, Millis, Topic, announce, event, fault_point,
    job::{complete, lane},
};
use tokio::{
    task::JoinError,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Doorbells, LOCK_PATIENCE, Observer, Settings,
    fault::{Next, Split, sentence},
    reaper::Agenda,
    settle::{Limits, Pass, Suspect, settle},
};

/// Work that others have taken is looked at again after this long.
const TAKEN_PAUSE: Duration = Duration::from_millis(5);

/// Signals are hints: without any, look again after this long.
const SLOW_POLL: Duration = Duration::from_secs(1);

/// What follows a pass.
enum Then {
    /// The next pass, after a rest; at once if there is more to do than fits one batch.
    Again { expires_at: Option<Millis>, rest: Option<Duration> },
    /// The next pass, after a while.
    Pause(Duration),
    /// Nothing, until there may be work.
    Sleep,
}

pub(crate) async fn run(
    database: &Database,
    worker: Uuid,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
    observer: &dyn Observer,
    stop: &CancellationToken,
) {
    let mut split = Split::new(settings.batch_max);
    let mut changes = Changes::new(database.clone(), Topic::Intents);
    // Where there was work there may be more: then a look would be wasted.
    let mut look = true;
    while !stop.is_cancelled() {
        let then = pass(database, worker, settings, observer, &mut split, look).await;
        look = !matches!(then, Then::Again { rest: None, .. });
        match then {
            Then::Again { expires_at, rest } => {
                doorbells.changes.notify_one();
                expires_at.inspect(|at| agenda.note(*at));
                // On PostgreSQL nobody waits for a lock of the whole database. (A sleep of no time takes some.)
                if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
                    tokio::select! { () = stop.cancelled() => {}, () = sleep(rest) => {} }
                }
                // Signals that came in until now need no look of their own: the next pass is at once.
                changes.drain();
            }
            Then::Pause(pause) => {
                changes.drain();
                tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
            }
            Then::Sleep => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    // Whoever rings has just written some, as far as they know.
                    () = doorbells.intents.notified() => look = false,
                    () = next_signal(database, &mut changes) => agenda.hint(),
                }
            }
        }
    }
}

/// One pass and, if it went wrong, what has to be done about that.
async fn pass(
    database: &Database,
    worker: Uuid,
    settings: Settings,
    observer: &dyn Observer,
    split: &mut Split,
    look: bool,
) -> Then {
    let suspect = Arc::new(Suspect::default());
    let limits = Limits { jobs: split.limit(), chores: split.limit() };
    match guarded(database, worker, limits, &suspect, look).await {
        Ok(Pass::Idle) => Then::Sleep,
        Ok(Pass::Taken) => Then::Pause(TAKEN_PAUSE),
        Ok(Pass::Settled { is_stuck: true, .. }) => {
            split.batch_failed();
            Then::Pause(split.fault_pause())
        }
        Ok(Pass::Settled { batch, expires_at, locked, .. }) => {
            tracing::debug!(outcomes = ?batch.outcomes, "settled");
            observer.settled(&batch);
            split.succeeded(locked);
            Then::Again { expires_at, rest: rest(batch.jobs(), limits.jobs, locked) }
        }
        Err(Fault::Environment(error)) => {
            let pause = split.environment_failed();
            tracing::warn!(%error, ?pause, "cannot settle now");
            Then::Pause(pause)
        }
        Err(Fault::Batch(error)) => {
            tracing::warn!(%error, limit = limits.jobs, "a batch faulted");
            let next = split.batch_failed();
            let (database, suspect) = (database.clone(), Arc::clone(&suspect));
            // In a task of its own, too: a panic must not end the worker.
            let narrowed = tokio::spawn(async move { narrow_down(&database, settings, next, &suspect, &error).await });
            if let Err(error) = flat(narrowed.await) {
                tracing::warn!(error, "cannot record a fault");
                return Then::Pause(split.environment_failed());
            }
            Then::Pause(split.fault_pause())
        }
    }
}

/// A rest is no longer than this.
const REST_MAX: Duration = Duration::from_millis(20);

/// Whoever did not fill a batch leaves the lock to others for three times as long as they held it: intake has its turns,
/// and the next batch, which pays for one commit however large it is, is a larger one.
fn rest(jobs: u64, limit: u32, locked: Duration) -> Option<Duration> {
    let is_partial = 0 < jobs && jobs < u64::from(limit);
    is_partial.then(|| (3 * locked).min(REST_MAX))
}

enum Fault {
    Environment(Error),
    Batch(String),
}

/// A pass in a task of its own, so that a panic ends the batch and not the worker.
async fn guarded(
    database: &Database,
    worker: Uuid,
    limits: Limits,
    suspect: &Arc<Suspect>,
    look: bool,
) -> Result<Pass, Fault> {
    let (database, suspect) = (database.clone(), Arc::clone(suspect));
    match tokio::spawn(async move { settle(&database, worker, limits, &suspect, look).await }).await {
        Ok(Ok(pass)) => Ok(pass),
        Ok(Err(error)) if error.is_environmental() => Err(Fault::Environment(error)),
        Ok(Err(error)) => Err(Fault::Batch(error.to_string())),
        Err(panic) => Err(Fault::Batch(panic.to_string())),
    }
}

/// After a fault of the batch: a smaller one next time, or the blame for the one job that is left. A lane that faults
/// before its jobs are even read has nobody to blame; it goes behind the others, which must not wait for it.
async fn narrow_down(
    database: &Database,
    settings: Settings,
    next: Next,
    suspect: &Suspect,
    error: &str,
) -> Result<(), Error> {
    fault_point!("settle.before_split");
    match (next, suspect.seq(), suspect.event_id()) {
        (Next::Blame, Some(seq), _) => {
            tracing::error!(seq, error, "a job faulted");
            count_attempt(database, settings, seq, error).await
        }
        (_, None, Some(event_id)) => put_behind(database, event_id).await,
        _ => Ok(()),
    }
}

/// What a task of its own came to. A panic is an error like others.
fn flat<T>(ended: Result<Result<T, Error>, JoinError>) -> Result<T, String> {
    ended.map_err(|panic| panic.to_string())?.map_err(|error| error.to_string())
}

/// Counts a failed attempt against one job, in a transaction of its own.
async fn count_attempt(database: &Database, settings: Settings, seq: i64, error: &str) -> Result<(), Error> {
    let tx = database.begin(LOCK_PATIENCE).await?;
    let Some(attempts) = complete::attempts(&tx, seq).await? else {
        return tx.rollback().await;
    };
    let attempt = u32::try_from(attempts + 1).unwrap_or(u32::MAX);
    let (state, run_at) = sentence(attempt, settings.attempts_max, tx.now().await?);
    complete::record_fault(&tx, seq, attempts + 1, state, run_at, error).await?;
    announce(&tx, Topic::Changes).await?;
    fault_point!("blame.before_commit");
    tx.commit().await
}

async fn put_behind(database: &Database, event_id: Uuid) -> Result<(), Error> {
    let tx = database.begin(LOCK_PATIENCE).await?;
    event::put_behind(&tx, event_id).await?;
    tx.commit().await
}

/// Returns when there may be work: somebody committed, a job that backs off is due, or it is time for a slow poll.
async fn next_signal(database: &Database, changes: &mut Changes) {
    let deadline = Instant::now() + until_next_run(database).await.unwrap_or(SLOW_POLL);
    while let Ok(Err(error)) = timeout_at(deadline, changes.changed()).await {
        tracing::warn!(%error, "cannot listen for intents");
    }
}

async fn until_next_run(database: &Database) -> Result<Duration, Error> {
    let Some(run_at) = lane::next_due_at(database.reader()).await? else { return Ok(SLOW_POLL) };
    let millis = u64::try_from(run_at - database.now().await?).unwrap_or(0);
    Ok(Duration::from_millis(millis).min(SLOW_POLL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_did_not_fill_a_batch_rests() {
        let locked = Duration::from_millis(3);
        assert_eq!(rest(0, 500, locked), None, "nothing was locked for jobs");
        assert_eq!(rest(1, 500, locked), Some(Duration::from_millis(9)));
        assert_eq!(rest(499, 500, Duration::from_millis(8)), Some(REST_MAX));
        assert_eq!(rest(500, 500, locked), None, "there is more to do");
        assert_eq!(rest(501, 500, locked), None);
    }
}
