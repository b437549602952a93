//! How many are ahead: of a pending intent, and how long that may take; of somebody on the waitlist.
//!
//! One ordered read for each event and tick serves all clients that poll it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use entity::{Database, Error, job::progress::pending_seqs, waitlist};
use tokio::sync::Mutex;
use uuid::Uuid;

/// The oldest that an answer may be.
const TICK: Duration = Duration::from_secs(1);

/// Two reads this far apart or more say nothing about how fast the queue drains now.
const RECENT: Duration = Duration::from_secs(10);

/// Lines remembered at most.
const LINES_MAX: usize = 1000;

/// What people stand in line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Line {
    /// A decision.
    Intents,
    /// Seats.
    Waitlist,
}

/// Where a pending registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Intents of the same event that will be decided before it.
    pub(crate) ahead: i64,
    /// Seconds until it is decided, if the queue goes on draining as it did lately. Unknown at first, and when nothing
    /// moves.
    pub(crate) estimate_seconds: Option<i64>,
}

/// The queues that somebody asked about lately.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<HashMap<(Uuid, Line), Slot>>);

/// One line of an event. Its lock is held while the line is read, so that of many who ask at once one reads, and those
/// who ask about other events do not wait.
type Slot = Arc<Mutex<Option<Queue>>>;

/// One line, in order, as it was at some time.
#[derive(Debug)]
struct Queue {
    read_at: Instant,
    seqs: Vec<i64>,
    drained_per_second: Option<f64>,
}

impl Progress {
    /// Where the job stands in its event's queue.
    pub(crate) async fn place(&self, database: &Database, event_id: Uuid, seq: i64) -> Result<Place, Error> {
        self.look(database, event_id, Line::Intents, seq).await
    }

    /// The position of a ticket on its event's waitlist: 1 is served next.
    pub(crate) async fn position(&self, database: &Database, event_id: Uuid, seq: i64) -> Result<i64, Error> {
        Ok(self.look(database, event_id, Line::Waitlist, seq).await?.ahead + 1)
    }

    async fn look(&self, database: &Database, event_id: Uuid, line: Line, seq: i64) -> Result<Place, Error> {
        let slot = self.slot(event_id, line).await;
        let mut known = slot.lock().await;
        let recent = known.as_ref().filter(|queue| queue.read_at.elapsed() < TICK);
        // Somebody who joined the waitlist since is in no earlier reading: all who did would be given one position.
        if let Some(queue) = recent.filter(|queue| line == Line::Intents || queue.knows(seq)) {
            return Ok(queue.place(seq));
        }
        let seqs = match line {
            Line::Intents => pending_seqs(database.reader(), event_id).await?,
            Line::Waitlist => waitlist::seqs(database.reader(), event_id).await?,
        };
        database.seen_is_durable().await?;
        let queue = Queue::new(Instant::now(), seqs, known.as_ref());
        let place = queue.place(seq);
        *known = Some(queue);
        Ok(place)
    }

    async fn slot(&self, event_id: Uuid, line: Line) -> Slot {
        let mut slots = self.0.lock().await;
        if slots.len() >= LINES_MAX {
            // Nobody is reading these; whoever asks about one of them again starts anew.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry((event_id, line)).or_default())
    }
}

impl Queue {
    fn new(read_at: Instant, seqs: Vec<i64>, before: Option<&Self>) -> Self {
        let drained_per_second = before.and_then(|before| before.drained_until(read_at, &seqs));
        Self { read_at, seqs, drained_per_second }
    }

    /// How fast it drained between this reading and a later one.
    fn drained_until(&self, read_at: Instant, seqs: &[i64]) -> Option<f64> {
        let elapsed = read_at.duration_since(self.read_at);
        let last = self.seqs.last()?;
        if elapsed > RECENT {
            return None;
        }
        let left = seqs.partition_point(|seq| seq <= last);
        #[expect(clippy::cast_precision_loss, reason = "an estimate of some seconds")]
        let drained = self.seqs.len().saturating_sub(left) as f64;
        Some(drained / elapsed.as_secs_f64()).filter(|rate| rate.is_normal())
    }

    fn knows(&self, seq: i64) -> bool {
        self.seqs.binary_search(&seq).is_ok()
    }

    fn place(&self, seq: i64) -> Place {
        let ahead = self.seqs.partition_point(|other| *other < seq);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an estimate of some seconds")]
        let estimate_seconds = self.drained_per_second.map(|rate| ((ahead + 1) as f64 / rate).ceil() as i64);
        Place { ahead: i64::try_from(ahead).unwrap_or(i64::MAX), estimate_seconds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unsynced;

    #[tokio::test]
    async fn nobody_is_told_a_place_that_is_not_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = unsynced::database(directory.path()).await;
        assert!(Progress::default().place(&database, Uuid::nil(), 1).await.is_err());
    }

    #[test]
    fn the_place_counts_those_ahead() {
        let queue = Queue::new(Instant::now(), vec![3, 5, 9], None);
        assert_eq!(queue.place(3), Place { ahead: 0, estimate_seconds: None });
        assert_eq!(queue.place(9).ahead, 2);
        assert_eq!(queue.place(100).ahead, 3);
    }

    #[test]
    fn the_estimate_follows_the_recent_rate() {
        let start = Instant::now();
        let first = Queue::new(start, (0..100).collect(), None);
        // In two seconds 40 left and 10 came: 20 a second, and the hundredth has 59 ahead of it.
        let second = Queue::new(start + Duration::from_secs(2), (40..110).collect(), Some(&first));
        assert_eq!(second.place(99), Place { ahead: 59, estimate_seconds: Some(3) });
    }

    #[test]
    fn nothing_is_made_up_when_the_rate_is_unknown() {
        let start = Instant::now();
        let first = Queue::new(start, vec![1, 2], None);
        let stuck = Queue::new(start + Duration::from_secs(1), vec![1, 2], Some(&first));
        assert_eq!(stuck.place(2).estimate_seconds, None);
        let late = Queue::new(start + Duration::from_mins(1), vec![2], Some(&first));
        assert_eq!(late.place(2).estimate_seconds, None);
    }
}
