//! Expires holds that ran out, so that their seats come back without anybody asking.
//!
//! Nothing depends on the reaper being on time: a lapsed hold reads as expired and cannot be confirmed whether or not
//! it has been reaped. It returns the seats, and offers them to whoever waits.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use entity::{Database, Error, Millis, Seats, Topic, announce, audit::Actor, event, fault_point, ticket};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Doorbells, LOCK_PATIENCE, Settings};

/// Holds made by other workers are noticed after this long at the latest.
const INTERVAL: Duration = Duration::from_secs(10);

/// However much is committed, the reaper looks for holds of others no more often than this.
const HINT_PAUSE: Duration = Duration::from_millis(500);

/// A due hold whose event somebody else works on is looked at again after this long.
const TAKEN_PAUSE: Duration = Duration::from_millis(50);

/// After a fault of one event, or of all.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

/// When the reaper means to look next, and a way to tell it of holds that run out sooner.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    next: AtomicI64,
    sooner: Notify,
    looked_at: Mutex<Option<Instant>>,
}

impl Agenda {
    /// A hold was made that runs out at `at`.
    pub(crate) fn note(&self, at: Millis) {
        if at < self.next.load(Ordering::Relaxed) {
            self.sooner.notify_one();
        }
    }

    /// Somebody committed something: there may be holds that this process did not make.
    pub(crate) fn hint(&self) {
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if looked_at.is_none_or(|at| at.elapsed() >= HINT_PAUSE) {
            self.sooner.notify_one();
        }
    }

    fn plan(&self, at: Millis) {
        self.next.store(at, Ordering::Relaxed);
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

pub(crate) async fn run(
    database: &Database,
    worker: Uuid,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        let pause = match round(database, worker, settings, doorbells, agenda, stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(%error, "cannot reap now");
                FAULT_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = agenda.sooner.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

/// One batch for each event with due holds. Returns when to look again.
async fn round(
    database: &Database,
    worker: Uuid,
    settings: Settings,
    doorbells: &Doorbells,
    agenda: &Agenda,
    stop: &CancellationToken,
) -> Result<Duration, Error> {
    let now = database.now().await?;
    let next = ticket::next_expiry(database.reader()).await?;
    agenda.plan(next.unwrap_or(Millis::MAX));
    if let Some(later) = next.filter(|at| *at > now) {
        return Ok(INTERVAL.min(Duration::from_millis(later.abs_diff(now))));
    }
    let (mut progress, mut faults) = (false, false);
    for event_id in ticket::events_with_due(database.reader(), now).await? {
        if stop.is_cancelled() {
            break;
        }
        match guarded(database, worker, event_id, settings.batch_max).await {
            Ok(false) => {}
            Ok(true) => {
                doorbells.changes.notify_one();
                progress = true;
            }
            // The other events must not wait for this one.
            Err(error) => {
                tracing::warn!(%error, %event_id, "cannot reap an event");
                faults = true;
            }
        }
    }
    Ok(match (progress, faults) {
        (true, _) => Duration::ZERO,
        (false, true) => FAULT_PAUSE,
        (false, false) if next.is_some() => TAKEN_PAUSE,
        (false, false) => INTERVAL,
    })
}

/// Reaps in a task of its own, so that a panic does not end the reaper.
async fn guarded(database: &Database, worker: Uuid, event_id: Uuid, limit: u32) -> Result<bool, String> {
    let database = database.clone();
    match tokio::spawn(async move { reap_event(&database, worker, event_id, limit).await }).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(panic.to_string()),
    }
}

/// Expires due holds of one event and offers their seats to whoever waits for them. Returns false if somebody else works
/// on the event.
pub(crate) async fn reap_event(database: &Database, worker: Uuid, event_id: Uuid, limit: u32) -> Result<bool, Error> {
    let tx = database.begin(LOCK_PATIENCE).await?;
    let Some(event) = event::try_lock(&tx, event_id).await? else {
        tx.rollback().await?;
        return Ok(false);
    };
    let actor = Actor::worker(worker);
    let mut seats = Seats::of(&tx, event, &actor, tx.now().await?);
    seats.tend(limit).await?;
    seats.save().await?;
    announce(&tx, Topic::Changes).await?;
    fault_point!("reap.before_commit");
    tx.commit().await?;
    fault_point!("reap.after_commit");
    Ok(true)
}
