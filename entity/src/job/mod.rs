//! The queue: intents as jobs.
//!
//! A job is `pending` until one transaction claims it, decides it and completes it; there is no "running" state to get
//! stuck in. [`enqueue`] is the producers' half; [`lane`], [`claim`] and [`complete`] are the consumers'; [`operate`] is
//! for people.

pub mod claim;
pub mod complete;
pub mod enqueue;
pub mod lane;
pub mod operate;
pub mod progress;
pub mod prune;

use sea_orm::{DbBackend, entity::prelude::*};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum JobState {
    /// Acknowledged, not decided.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Decided, for good.
    #[sea_orm(string_value = "settled")]
    Settled,
    /// Not decided and not tried any more: an operator retries or discards it.
    #[sea_orm(string_value = "failed")]
    Failed,
}

/// What a settled job led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Outcome {
    /// A ticket with seats, to be confirmed in time.
    #[sea_orm(string_value = "reserved")]
    Reserved,
    /// A ticket without seats, in line for some.
    #[sea_orm(string_value = "waitlisted")]
    Waitlisted,
    /// No ticket; the refusal says why.
    #[sea_orm(string_value = "refused")]
    Refused,
}

/// Why somebody got no ticket, in the order in which the reasons are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Refusal {
    /// The event was cancelled after the intent was accepted.
    #[sea_orm(string_value = "event_cancelled")]
    EventCancelled,
    /// The person has an active ticket of this event.
    #[sea_orm(string_value = "already_registered")]
    AlreadyRegistered,
    /// Some seats are free, but fewer than the party needs.
    #[sea_orm(string_value = "not_enough_seats")]
    NotEnoughSeats,
    /// No seat is free.
    #[sea_orm(string_value = "sold_out")]
    SoldOut,
    /// An operator gave up on a failed job.
    #[sea_orm(string_value = "discarded")]
    Discarded,
}

/// A FROM clause of the rows named `of`, each with the job that has its `seq`. It goes from the rows to the jobs, never the
/// other way, which would be through all jobs: SQLite takes a CROSS JOIN as it is written, and PostgreSQL cannot turn
/// around what is limited.
pub(crate) fn with_jobs(backend: DbBackend, of: &str) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("{of} CROSS JOIN LATERAL (SELECT * FROM job WHERE job.seq = {of}.seq LIMIT 1) AS job")
        }
        _ => format!("{of} CROSS JOIN job WHERE job.seq = {of}.seq"),
    }
}
