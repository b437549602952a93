//! Forgets registrations of events that are long over, a batch at a time and in no hurry.

use std::time::Duration;

use entity::{Database, Error, Millis, Seats, audit::Actor, event, job::prune};
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

/// One batch, in a task of its own so that neither a panic nor the end of the worker cuts it off. Returns whether there
/// may be more.
async fn pass(database: &Database, worker: Uuid, settings: Settings) -> Result<bool, Error> {
    let before = database.now().await? - Millis::from(settings.retention_days) * DAY;
    let Some(event_id) = prune::event_to_prune(database.reader(), before).await? else { return Ok(false) };
    let database = database.clone();
    let pruned = tokio::spawn(async move {
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
        Ok::<_, Error>(pruned)
    });
    match pruned.await {
        Ok(result) => {
            tracing::info!(jobs = result?.jobs, "forgot registrations of a past event");
            Ok(true)
        }
        Err(panic) => {
            tracing::error!(%panic, "pruning panicked");
            Ok(false)
        }
    }
}
