//! Forgets registrations of events that are long over, and sessions that ran out, a batch at a time and in no hurry.

use std::time::Duration;

use entity::{Database, Error, Millis, Seats, audit::Actor, event, job::prune, session};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{LOCK_PATIENCE, Settings};

/// Between two looks for something to forget.
const INTERVAL: Duration = Duration::from_mins(10);

/// Between two batches: whoever registers comes first.
const BREATH: Duration = Duration::from_millis(50);

const DAY: Millis = 24 * 60 * 60 * 1000;

pub(crate) async fn run(database: &Database, worker: Uuid, settings: Settings, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match pass(database, worker, settings).await {
            Ok(true) => BREATH,
            Ok(false) => INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "cannot prune now");
                INTERVAL
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// A batch of each kind. Returns whether there may be more.
async fn pass(database: &Database, worker: Uuid, settings: Settings) -> Result<bool, Error> {
    let now = database.now().await?;
    let sessions = forget_sessions(database, settings.batch_max, now).await;
    let registrations = forget_registrations(database, worker, settings, now).await;
    Ok(sessions? | registrations?)
}

async fn forget_sessions(database: &Database, limit: u32, now: Millis) -> Result<bool, Error> {
    if !session::any_expired(database.reader(), now).await? {
        return Ok(false);
    }
    let database = database.clone();
    let removed = undisturbed(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        let removed = session::remove_expired(&tx, now, limit).await?;
        tx.commit().await?;
        Ok(removed)
    });
    // When somebody has locked those that are left, there is no hurry.
    Ok(removed.await?.is_some_and(|removed| removed > 0))
}

async fn forget_registrations(
    database: &Database,
    worker: Uuid,
    settings: Settings,
    now: Millis,
) -> Result<bool, Error> {
    let before = now - Millis::from(settings.retention_days) * DAY;
    let Some(event_id) = prune::event_to_prune(database.reader(), before).await? else { return Ok(false) };
    let database = database.clone();
    let pruned = undisturbed(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        let event = event::lock(&tx, event_id).await?;
        let event = event.ok_or(Error::Guard { what: "event::lock", expected: 1, actual: 0 })?;
        if !prune::is_over(&event, before) {
            return Ok(prune::Pruned::default());
        }
        let actor = Actor::worker(worker);
        let mut seats = Seats::of(&tx, event, &actor, tx.now().await?);
        let pruned = prune::prune(&tx, event_id, settings.batch_max).await?;
        seats.give_back(pruned.seats)?;
        seats.save().await?;
        tx.commit().await?;
        Ok(pruned)
    });
    let Some(pruned) = pruned.await? else { return Ok(false) };
    tracing::info!(jobs = pruned.jobs, "forgot registrations of a past event");
    Ok(true)
}

/// Works in a task of its own, so that neither a panic nor the end of the worker cuts it off. Nothing after a panic.
async fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<Option<T>, Error> {
    match tokio::spawn(work).await {
        Ok(result) => result.map(Some),
        Err(panic) => {
            tracing::error!(%panic, "pruning panicked");
            Ok(None)
        }
    }
}
