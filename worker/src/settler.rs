//! Settles for as long as there is work, then sleeps until there may be some again.

use std::{sync::Arc, time::Duration};

use entity::{
    Changes, Database, Error, Topic, announce,
    job::{complete, lane},
};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{
    Doorbells, Settings,
    fault::{Next, Split, sentence},
    reaper::Agenda,
    settle::{Pass, Suspect, settle_lane},
};

/// Work that others have taken is looked at again after this long.
const TAKEN_PAUSE: Duration = Duration::from_millis(5);

/// Signals are hints: without any, look again after this long.
const SLOW_POLL: Duration = Duration::from_secs(1);

/// How long the blame of a single intent waits for the write lock.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn run(
    database: &Database,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
    stop: &CancellationToken,
) {
    let mut split = Split::new(settings.batch_max);
    let mut changes = None;
    while !stop.is_cancelled() {
        match pass(database, settings, &mut split).await {
            Some(Pass::Settled { jobs, expires_at }) => {
                tracing::debug!(jobs, "settled");
                doorbells.changes.notify_one();
                expires_at.inspect(|at| agenda.note(*at));
            }
            Some(Pass::Taken) => sleep(TAKEN_PAUSE).await,
            Some(Pass::Idle) => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = doorbells.intents.notified() => {}
                    () = next_signal(database, &mut changes) => {}
                }
            }
            None => {}
        }
    }
}

/// One pass and, if it went wrong, what follows; `None` then.
async fn pass(database: &Database, settings: Settings, split: &mut Split) -> Option<Pass> {
    let suspect = Arc::new(Suspect::default());
    match guarded(database, split.limit(), &suspect).await {
        Ok(pass) => {
            split.succeeded();
            return Some(pass);
        }
        Err(Fault::Environment(error)) => {
            let pause = split.environment_failed();
            tracing::warn!(%error, ?pause, "cannot settle now");
            sleep(pause).await;
        }
        Err(Fault::Batch(error)) => {
            tracing::warn!(%error, limit = split.limit(), "a batch faulted");
            if split.batch_failed() == Next::Blame {
                blame(database, settings, suspect.seq(), &error).await;
            }
        }
    }
    None
}

enum Fault {
    Environment(Error),
    Batch(String),
}

/// A pass in a task of its own, so that a panic ends the batch and not the worker.
async fn guarded(database: &Database, limit: u32, suspect: &Arc<Suspect>) -> Result<Pass, Fault> {
    let (database, suspect) = (database.clone(), Arc::clone(suspect));
    match tokio::spawn(async move { settle_lane(&database, limit, &suspect).await }).await {
        Ok(Ok(pass)) => Ok(pass),
        Ok(Err(error)) if error.is_environmental() => Err(Fault::Environment(error)),
        Ok(Err(error)) => Err(Fault::Batch(error.to_string())),
        Err(panic) => Err(Fault::Batch(panic.to_string())),
    }
}

/// Counts a failed attempt against one job, in a transaction of its own. If that fails too, the surroundings are at
/// fault after all, and the next pass starts over.
async fn blame(database: &Database, settings: Settings, seq: Option<i64>, error: &str) {
    let Some(seq) = seq else {
        // The pass did not get as far as a job, so there is nobody to blame.
        sleep(SLOW_POLL).await;
        return;
    };
    match count_attempt(database, settings, seq, error).await {
        Ok(()) => tracing::error!(seq, error, "a job faulted"),
        Err(blaming) => {
            tracing::warn!(seq, error = %blaming, "cannot record a fault");
            sleep(SLOW_POLL).await;
        }
    }
}

async fn count_attempt(database: &Database, settings: Settings, seq: i64, error: &str) -> Result<(), Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(attempts) = complete::attempts(&tx, seq).await? else {
        return tx.rollback().await;
    };
    let attempt = u32::try_from(attempts + 1).unwrap_or(u32::MAX);
    let (state, run_at) = sentence(attempt, settings.attempts_max, tx.now().await?);
    complete::record_fault(&tx, seq, state, run_at, error).await?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await
}

/// Returns when there may be work: somebody committed, a job that backs off is due, or it is time for a slow poll.
async fn next_signal(database: &Database, changes: &mut Option<Changes>) {
    let deadline = Instant::now() + until_next_run(database).await.unwrap_or(SLOW_POLL);
    if changes.is_none() {
        *changes = open(database).await;
    }
    match changes {
        None => sleep_until(deadline).await,
        Some(listener) => {
            if let Ok(Err(error)) = timeout_at(deadline, listener.changed()).await {
                tracing::warn!(%error, "cannot listen");
                *changes = None;
                sleep_until(deadline).await;
            }
        }
    }
}

async fn open(database: &Database) -> Option<Changes> {
    let opened = Changes::open(database, Topic::Intents).await;
    opened.inspect_err(|error| tracing::warn!(%error, "cannot listen")).ok()
}

async fn until_next_run(database: &Database) -> Result<Duration, Error> {
    let Some(run_at) = lane::next_run_at(database.reader()).await? else { return Ok(SLOW_POLL) };
    let millis = u64::try_from(run_at - database.now().await?).unwrap_or(0);
    Ok(Duration::from_millis(millis).min(SLOW_POLL))
}
