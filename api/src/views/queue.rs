//! The queue on the wire.

use poem_openapi::{Object, types::Example};
use uuid::Uuid;

/// What waits to be decided, and how fast that goes. At most 1 s old.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Queue {
    /// Jobs that are pending.
    pub depth: i64,
    /// How long the one that waits longest could have been claimed; absent when none can be claimed.
    pub oldest_claimable_age_seconds: Option<f64>,
    /// Workers that were seen in the last 30 s.
    pub workers_seen: i64,
    /// How many of the jobs that were waiting left the queue each second, of late. Absent when that is not known: nobody
    /// looked in the last minute, or nothing was waiting then.
    pub drained_per_second: Option<f64>,
    /// The events with the most pending jobs, at most 100.
    pub events: Vec<QueuedEvent>,
    /// Jobs that wait for an operator.
    pub failed: i64,
}

/// What waits to be decided for one event.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct QueuedEvent {
    /// The event.
    pub event_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its jobs that are pending.
    pub depth: i64,
    /// As for the whole queue.
    pub drained_per_second: Option<f64>,
    /// Seconds until all of them are decided, if it goes on like that.
    pub estimate_seconds: Option<i64>,
}

impl Example for Queue {
    fn example() -> Self {
        let event = QueuedEvent {
            event_id: Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d02),
            name: "Midsummer concert".to_owned(),
            depth: 1200,
            drained_per_second: Some(800.0),
            estimate_seconds: Some(2),
        };
        Self {
            depth: 1200,
            oldest_claimable_age_seconds: Some(0.42),
            workers_seen: 2,
            drained_per_second: Some(800.0),
            events: vec![event],
            failed: 0,
        }
    }
}
