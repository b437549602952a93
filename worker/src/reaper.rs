//! Expires holds that ran out, so that their seats come back without anybody asking.
//!
//! Nothing depends on the reaper being on time: a lapsed hold reads as expired and cannot be confirmed whether or not
//! it has been reaped. It only returns seats.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use entity::{Database, Error, Millis, Topic, announce, event, ticket};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{Doorbells, Settings};

/// Holds made by other workers are noticed after this long at the latest.
const INTERVAL: Duration = Duration::from_secs(10);

/// A due hold whose event somebody else works on is looked at again after this long.
const TAKEN_PAUSE: Duration = Duration::from_millis(50);

const PATIENCE: Duration = Duration::from_secs(5);

/// When the reaper means to look next, and a way to tell it of holds that run out sooner.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    next: AtomicI64,
    sooner: Notify,
}

impl Agenda {
    /// A hold was made that runs out at `at`.
    pub(crate) fn note(&self, at: Millis) {
        if at < self.next.load(Ordering::Relaxed) {
            self.sooner.notify_one();
        }
    }

    fn plan(&self, at: Millis) {
        self.next.store(at, Ordering::Relaxed);
    }
}

pub(crate) async fn run(
    database: &Database,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        let pause = match reap(database, settings, doorbells, agenda).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "cannot reap now");
                INTERVAL
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = agenda.sooner.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

/// Reaps whatever is due and returns how long nothing will be.
async fn reap(
    database: &Database,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
) -> Result<Duration, Error> {
    loop {
        let now = database.now().await?;
        let next = ticket::next_expiry(database.reader()).await?;
        agenda.plan(next.unwrap_or(Millis::MAX));
        match next {
            None => return Ok(INTERVAL),
            Some(at) if at > now => return Ok(INTERVAL.min(Duration::from_millis(at.abs_diff(now)))),
            Some(_) => {
                let database = database.clone();
                // A task of its own: a panic must not end the reaper.
                let reaped = tokio::spawn(async move { reap_event(&database, settings.batch_max).await }).await;
                match reaped {
                    Ok(Ok(Some(seats))) => {
                        tracing::debug!(seats, "reaped");
                        doorbells.changes.notify_one();
                    }
                    Ok(Ok(None)) => return Ok(TAKEN_PAUSE),
                    Ok(Err(error)) => return Err(error),
                    Err(panic) => {
                        tracing::error!(%panic, "reaping panicked");
                        return Ok(INTERVAL);
                    }
                }
            }
        }
    }
}

/// Expires due holds of one event and returns their seats. `None`: nothing is due that nobody else works on.
async fn reap_event(database: &Database, limit: u32) -> Result<Option<i64>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(event_id) = ticket::lock_event_with_due(&tx, tx.now().await?).await? else {
        tx.rollback().await?;
        return Ok(None);
    };
    let seats = ticket::expire_due(&tx, event_id, tx.now().await?, limit).await?;
    event::return_seats(&tx, event_id, seats).await?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(Some(seats))
}
