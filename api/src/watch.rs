//! The watcher: completes those who wait for an answer, all of them with few queries.
//!
//! One task per process. When something was committed it asks for the ids that wait, in bounded lists: never by a time
//! or a position in the queue, which late commits would slip behind. A thousand waiting clients cost a query or two for
//! each change, not one each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::{
    Changes, Database, Error, Millis, Topic,
    registration::{self, Registration},
    ticket,
};
use tokio::{
    sync::{Notify, oneshot},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Ids in one query.
const IDS_MAX: usize = 500;

/// Signals are hints: without any, look again after this long.
const SLOW_POLL: Duration = Duration::from_millis(500);

/// Those who wait.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    decisions: HashMap<Uuid, Vec<oneshot::Sender<(Registration, Millis)>>>,
    changes: HashMap<Uuid, Vec<(ticket::Model, oneshot::Sender<ticket::Model>)>>,
}

impl Waiting {
    /// Forgets clients that went away.
    fn prune(&mut self) {
        self.decisions.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.changes.retain(|_, senders| {
            senders.retain(|(_, sender)| !sender.is_closed());
            !senders.is_empty()
        });
    }

    fn is_empty(&self) -> bool {
        self.decisions.is_empty() && self.changes.is_empty()
    }
}

impl Watch {
    /// Waits until the registration is decided, for at most `patience`. Returns it with the time at which it was read.
    /// `None` if it is not decided by then, or if the service stops.
    pub(crate) async fn decision(&self, id: Uuid, patience: Duration) -> Option<(Registration, Millis)> {
        let (sender, receiver) = oneshot::channel();
        self.lock().decisions.entry(id).or_default().push(sender);
        self.wait(receiver, patience).await
    }

    /// Waits until the ticket is no longer as `known`, for at most `patience`. `None` if it still is by then, or if the
    /// service stops.
    pub(crate) async fn change(&self, known: &ticket::Model, patience: Duration) -> Option<ticket::Model> {
        let (sender, receiver) = oneshot::channel();
        self.lock().changes.entry(known.id).or_default().push((known.clone(), sender));
        self.wait(receiver, patience).await
    }

    async fn wait<T>(&self, receiver: oneshot::Receiver<T>, patience: Duration) -> Option<T> {
        // What happened before we stood in the list is found by the look that our arrival causes.
        self.arrived.notify_one();
        timeout(patience, receiver).await.ok()?.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // The lists are whole whatever a panicking holder was doing.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let mut waiting = self.lock();
        waiting.prune();
        waiting.is_empty()
    }

    /// Looks once for everybody who waits.
    async fn look(&self, database: &Database) -> Result<(), Error> {
        let now = database.now().await?;
        let ids: Vec<Uuid> = self.lock().decisions.keys().copied().collect();
        for ids in ids.chunks(IDS_MAX) {
            for registration in registration::find_decided(database.by_key(), ids).await? {
                let senders = self.lock().decisions.remove(&registration.id).unwrap_or_default();
                for sender in senders {
                    _ = sender.send((registration.clone(), now));
                }
            }
        }
        let ids: Vec<Uuid> = self.lock().changes.keys().copied().collect();
        for ids in ids.chunks(IDS_MAX) {
            for ticket in ticket::find_many(database.reader(), ids).await? {
                self.tell_change(&ticket);
            }
        }
        Ok(())
    }

    fn tell_change(&self, ticket: &ticket::Model) {
        let mut waiting = self.lock();
        let Some(senders) = waiting.changes.remove(&ticket.id) else { return };
        let (same, changed): (Vec<_>, Vec<_>) = senders.into_iter().partition(|(known, _)| known == ticket);
        if !same.is_empty() {
            waiting.changes.insert(ticket.id, same);
        }
        drop(waiting);
        for (_, sender) in changed {
            _ = sender.send(ticket.clone());
        }
    }

    /// Lets everybody go with what is known.
    fn release(&self) {
        *self.lock() = Waiting::default();
    }
}

/// The watcher's task. `doorbell` is rung by workers of this process.
pub(crate) async fn run(watch: Arc<Watch>, database: Database, doorbell: Arc<Notify>, stop: CancellationToken) {
    let mut changes = Changes::new(database.clone(), Topic::Changes);
    while !stop.is_cancelled() {
        // PostgreSQL's signals are heard also while nobody waits: unread, they would pile up in the server.
        let listens = database.is_postgres() || !watch.is_idle();
        tokio::select! {
            () = stop.cancelled() => break,
            () = watch.arrived.notified() => {}
            () = doorbell.notified() => {}
            () = heard(&mut changes), if listens => {}
            () = sleep(SLOW_POLL) => {}
        }
        if watch.is_idle() {
            continue;
        }
        if let Err(error) = watch.look(&database).await {
            tracing::warn!(%error, "cannot look for those who wait");
            sleep(SLOW_POLL).await;
        }
    }
    // Everybody who comes from now on is let go at once as well.
    loop {
        watch.release();
        watch.arrived.notified().await;
    }
}

/// Returns when another process committed something.
async fn heard(changes: &mut Changes) {
    while let Err(error) = changes.changed().await {
        tracing::warn!(%error, "cannot listen for changes");
    }
}
