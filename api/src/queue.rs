//! How much waits and how fast it drains, for operators and for metrics.
//!
//! One reading a second at most serves everybody who asks. The drain rate is what is gone of the jobs that an earlier
//! reading found, so it needs two readings and is not known at first.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use entity::{
    Database, Error, Millis,
    queue::{self, Lane, Totals},
    verify::runs,
    worker,
};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::views;

/// The oldest that an answer may be.
const TICK: Duration = Duration::from_secs(1);

/// Readings farther apart than this say nothing about how fast the queue drains now.
const RECENT: Duration = Duration::from_mins(1);

/// Events told at most: the deepest ones.
const EVENTS_MAX: u32 = 100;

/// The queue as it was found last.
#[derive(Debug, Default)]
pub(crate) struct Readings(Mutex<Option<Arc<Reading>>>);

/// The queue at some time.
#[derive(Debug)]
pub(crate) struct Reading {
    at: Instant,
    now: Millis,
    pub(crate) totals: Totals,
    lanes: Vec<Lane>,
    pub(crate) workers_seen: i64,
    /// Rows that broke a promise, found by all runs of verifying.
    pub(crate) verify_failures: i64,
    drained_per_second: Option<f64>,
    lanes_drained_per_second: HashMap<Uuid, f64>,
}

impl Readings {
    /// The queue now, or as it was a moment ago.
    pub(crate) async fn latest(&self, database: &Database) -> Result<Arc<Reading>, Error> {
        // Held while reading, so that of many who ask at once one reads.
        let mut known = self.0.lock().await;
        if let Some(reading) = known.as_ref().filter(|reading| reading.at.elapsed() < TICK) {
            return Ok(Arc::clone(reading));
        }
        let reading = Arc::new(Reading::take(database, known.as_deref()).await?);
        *known = Some(Arc::clone(&reading));
        Ok(reading)
    }
}

impl Reading {
    async fn take(database: &Database, before: Option<&Self>) -> Result<Self, Error> {
        let now = database.now().await?;
        let snapshot = database.snapshot().await?;
        let mark = before.and_then(|before| before.totals.mark);
        let totals = queue::totals(&*snapshot, mark, now).await?;
        let lanes = queue::deepest(&*snapshot, mark, EVENTS_MAX).await?;
        let workers_seen = worker::count_seen(&*snapshot, now).await?;
        let verify_failures = runs::failures(&*snapshot).await?;
        snapshot.end().await?;
        Ok(Self { verify_failures, ..Self::new(Instant::now(), now, totals, lanes, workers_seen, before) })
    }

    fn new(
        at: Instant,
        now: Millis,
        totals: Totals,
        lanes: Vec<Lane>,
        workers_seen: i64,
        before: Option<&Self>,
    ) -> Self {
        let elapsed = before.map(|before| at.duration_since(before.at)).filter(|elapsed| *elapsed <= RECENT);
        let rate = |depth: i64, remaining: i64| elapsed.and_then(|elapsed| drained(depth, remaining, elapsed));
        let drained_per_second = before.and_then(|before| rate(before.totals.depth, totals.remaining));
        let depths: HashMap<Uuid, i64> =
            before.into_iter().flat_map(|before| &before.lanes).map(|lane| (lane.event_id, lane.depth)).collect();
        let lanes_drained_per_second = lanes
            .iter()
            .filter_map(|lane| Some((lane.event_id, rate(*depths.get(&lane.event_id)?, lane.remaining)?)))
            .collect();
        Self { at, now, totals, lanes, workers_seen, verify_failures: 0, drained_per_second, lanes_drained_per_second }
    }

    /// How long the job that waits longest could have been claimed.
    pub(crate) fn oldest_claimable_age_seconds(&self) -> Option<f64> {
        let since = self.totals.claimable_since?;
        #[expect(clippy::cast_precision_loss, reason = "an age of some seconds")]
        let millis = self.now.saturating_sub(since).max(0) as f64;
        Some(millis / 1000.0)
    }

    /// As operators see it.
    pub(crate) fn view(&self) -> views::Queue {
        let event = |lane: &Lane| {
            let drained_per_second = self.lanes_drained_per_second.get(&lane.event_id).copied();
            views::QueuedEvent {
                event_id: lane.event_id,
                name: lane.name.clone(),
                depth: lane.depth,
                drained_per_second,
                estimate_seconds: drained_per_second.and_then(|rate| estimate_seconds(lane.depth, rate)),
            }
        };
        views::Queue {
            depth: self.totals.depth,
            oldest_claimable_age_seconds: self.oldest_claimable_age_seconds(),
            workers_seen: self.workers_seen,
            drained_per_second: self.drained_per_second,
            events: self.lanes.iter().map(event).collect(),
            failed: self.totals.failed,
        }
    }
}

/// How many of `depth` jobs went each second when `remaining` of them are left. When there was nothing to drain nobody
/// knows.
fn drained(depth: i64, remaining: i64, elapsed: Duration) -> Option<f64> {
    // Jobs that an operator retried join those that were there before.
    let gone = depth.saturating_sub(remaining).max(0);
    #[expect(clippy::cast_precision_loss, reason = "a rate, not a count")]
    let rate = gone as f64 / elapsed.as_secs_f64();
    (depth > 0 && rate.is_finite()).then_some(rate)
}

fn estimate_seconds(depth: i64, rate: f64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an estimate of some seconds")]
    let seconds = (depth as f64 / rate).ceil() as i64;
    (rate > 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Uuid = Uuid::from_u128(1);

    fn reading(at: Instant, depth: i64, remaining: i64, before: Option<&Reading>) -> Reading {
        let totals = Totals { depth, remaining, mark: Some(9), claimable_since: Some(500), failed: 0 };
        let lane = Lane { event_id: EVENT, name: String::new(), depth, remaining };
        Reading::new(at, 2000, totals, vec![lane], 1, before)
    }

    #[test]
    fn the_rate_is_what_is_gone_between_two_readings() {
        let start = Instant::now();
        let first = reading(start, 100, 0, None);
        let view = first.view();
        assert_eq!((view.drained_per_second, view.events[0].estimate_seconds), (None, None), "not known yet");
        assert_eq!(view.oldest_claimable_age_seconds, Some(1.5));
        // 40 of the 100 are left, and 20 have come since.
        let view = reading(start + Duration::from_secs(2), 60, 40, Some(&first)).view();
        assert_eq!((view.drained_per_second, view.events[0].drained_per_second), (Some(30.0), Some(30.0)));
        assert_eq!(view.events[0].estimate_seconds, Some(2));
    }

    #[test]
    fn a_queue_that_stands_still_has_a_rate_and_no_estimate() {
        let start = Instant::now();
        let first = reading(start, 5, 0, None);
        let view = reading(start + Duration::from_secs(1), 5, 5, Some(&first)).view();
        assert_eq!((view.drained_per_second, view.events[0].estimate_seconds), (Some(0.0), None));
    }

    #[test]
    fn old_readings_and_empty_queues_tell_nothing() {
        let start = Instant::now();
        let rate = |first: Reading, after| {
            reading(start + Duration::from_secs(after), 5, 5, Some(&first)).view().drained_per_second
        };
        assert_eq!(rate(reading(start, 10, 0, None), 61), None);
        assert_eq!(rate(reading(start, 0, 0, None), 1), None);
        assert_eq!(rate(reading(start, 2, 0, None), 1), Some(0.0), "retried jobs are no negative rate");
    }
}
