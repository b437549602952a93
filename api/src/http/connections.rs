//! The open connections: bounded, and when there are too many the longest idle one makes room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio_util::sync::CancellationToken;

/// Every open connection of this process.
#[derive(Debug)]
pub(crate) struct Connections {
    max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    entries: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Since when no request is in flight.
    idle_since: Option<Instant>,
    close: CancellationToken,
}

/// One open connection; it leaves the list when this is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    id: u64,
    list: Arc<Connections>,
    /// Cancelled when the connection has to make room.
    pub(crate) close: CancellationToken,
}

impl Connections {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, open: Mutex::default() })
    }

    /// Takes a new connection in. `None` if there are as many as there may be and all have requests in flight.
    pub(crate) fn admit(self: &Arc<Self>, now: Instant) -> Option<Connection> {
        let mut open = self.lock();
        if open.entries.len() >= self.max {
            let idlest = open.entries.iter().filter_map(|(id, entry)| Some((entry.idle_since?, *id))).min()?.1;
            open.entries.remove(&idlest)?.close.cancel();
        }
        let (id, close) = (open.next_id, CancellationToken::new());
        open.next_id += 1;
        open.entries.insert(id, Entry { idle_since: Some(now), close: close.clone() });
        Some(Connection { id, list: Arc::clone(self), close })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // The map is whole whatever a panicking holder was doing.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// A request came in.
    pub(crate) fn busy(&self) {
        self.set(None);
    }

    /// Its answer is ready.
    pub(crate) fn idle(&self, now: Instant) {
        self.set(Some(now));
    }

    fn set(&self, idle_since: Option<Instant>) {
        if let Some(entry) = self.list.lock().entries.get_mut(&self.id) {
            entry.idle_since = idle_since;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.list.lock().entries.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_longest_idle_one_makes_room() {
        let list = Connections::new(2);
        let start = Instant::now();
        let first = list.admit(start).unwrap();
        let second = list.admit(start + Duration::from_secs(1)).unwrap();
        let third = list.admit(start + Duration::from_secs(2)).unwrap();
        assert!(first.close.is_cancelled());
        assert!(!second.close.is_cancelled() && !third.close.is_cancelled());
    }

    #[test]
    fn a_connection_at_work_is_never_closed() {
        let list = Connections::new(1);
        let only = list.admit(Instant::now()).unwrap();
        only.busy();
        assert!(list.admit(Instant::now()).is_none());
        assert!(!only.close.is_cancelled());
        only.idle(Instant::now());
        assert!(list.admit(Instant::now()).is_some());
    }

    #[test]
    fn a_dropped_connection_leaves_its_place() {
        let list = Connections::new(1);
        let first = list.admit(Instant::now()).unwrap();
        first.busy();
        drop(first);
        assert!(list.admit(Instant::now()).is_some());
    }
}
