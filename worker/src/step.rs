//! One pass at a time: for a test that says itself who does what, and when.

use entity::{Database, Error};
use uuid::Uuid;

use crate::{
    reaper,
    settle::{self, Limits, Suspect},
};

/// Settles the next lanes, as the worker with this id: at most so many jobs, and so many chores of each event. With `look`
/// it looks first whether there is anything to do.
///
/// # Errors
/// What the database answered.
pub async fn settle(database: &Database, worker: Uuid, jobs: u32, chores: u32, look: bool) -> Result<(), Error> {
    settle::settle(database, worker, Limits { jobs, chores }, &Suspect::default(), look).await.map(|_| ())
}

/// Reaps an event, as the worker with this id: at most so many holds.
///
/// # Errors
/// What the database answered.
pub async fn reap(database: &Database, worker: Uuid, event_id: Uuid, limit: u32) -> Result<(), Error> {
    reaper::reap_event(database, worker, event_id, limit).await.map(|_| ())
}
