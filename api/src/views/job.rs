//! Jobs on the wire: what operators see of registrations.

use entity::job::{self, operate};
use poem_openapi::{Enum, Object, types::Example};
use uuid::Uuid;

use super::RefusalCode;
use crate::http::{query::QueryValue, time::Time};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "JobState", rename_all = "snake_case")]
pub(crate) enum JobState {
    /// Accepted and not decided.
    Pending,
    /// Decided, for good.
    Settled,
    /// Not decided and not tried any more: retry or discard it.
    Failed,
}

impl QueryValue for JobState {
    const RULE: &'static str = "must be pending, settled or failed";
}

impl From<job::JobState> for JobState {
    fn from(state: job::JobState) -> Self {
        match state {
            job::JobState::Pending => Self::Pending,
            job::JobState::Settled => Self::Settled,
            job::JobState::Failed => Self::Failed,
        }
    }
}

impl From<JobState> for job::JobState {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Pending => Self::Pending,
            JobState::Settled => Self::Settled,
            JobState::Failed => Self::Failed,
        }
    }
}

/// What a settled job led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "JobOutcome", rename_all = "snake_case")]
pub(crate) enum JobOutcome {
    /// A ticket with seats.
    Reserved,
    /// A ticket that waits for seats.
    Waitlisted,
    /// No ticket; `refusal` says why.
    Refused,
}

impl From<job::Outcome> for JobOutcome {
    fn from(outcome: job::Outcome) -> Self {
        match outcome {
            job::Outcome::Reserved => Self::Reserved,
            job::Outcome::Waitlisted => Self::Waitlisted,
            job::Outcome::Refused => Self::Refused,
        }
    }
}

/// A registration as whoever runs the service sees it.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Job {
    /// The registration's id.
    pub id: Uuid,
    /// Order of arrival.
    pub seq: i64,
    /// What for.
    pub event_id: Uuid,
    pub state: JobState,
    /// The person.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats wanted.
    pub party_size: i64,
    /// What it led to; on settled jobs only.
    pub outcome: Option<JobOutcome>,
    /// Why there is no ticket; on refused ones only.
    pub refusal: Option<RefusalCode>,
    /// How often it faulted. One that was retried begins with 1.
    pub attempt: i64,
    /// When it is tried next, or was to be; on pending jobs that were tried before only.
    pub run_at: Option<Time>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was accepted.
    pub created_at: Time,
    /// When it was decided.
    pub settled_at: Option<Time>,
}

/// Jobs, newest first.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct JobPage {
    pub data: Vec<Job>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

/// How many jobs are pending again.
#[derive(Clone, Debug, Object)]
pub(crate) struct Retried {
    /// So many.
    pub retried: i64,
}

impl Example for Job {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d00 + last);
        Self {
            id: id(3),
            seq: 4711,
            event_id: id(2),
            state: JobState::Failed,
            email: "ada@example.org".to_owned(),
            name: "Ada Lovelace".to_owned(),
            party_size: 1,
            outcome: None,
            refusal: None,
            attempt: 5,
            run_at: None,
            last_error: Some("event::serve: 0 rows moved instead of 1".to_owned()),
            created_at: Time(1_795_243_511_000),
            settled_at: None,
        }
    }
}

impl From<operate::Job> for Job {
    fn from(job: operate::Job) -> Self {
        let is_retry = job.state == job::JobState::Pending && job.attempt > 0;
        Self {
            id: job.id,
            seq: job.seq,
            event_id: job.event_id,
            state: job.state.into(),
            email: job.email,
            name: job.name,
            party_size: job.party_size,
            outcome: job.outcome.map(JobOutcome::from),
            refusal: job.refusal.map(RefusalCode::from),
            attempt: job.attempt,
            run_at: is_retry.then_some(Time(job.run_at)),
            last_error: job.last_error,
            created_at: Time(job.created_at),
            settled_at: job.settled_at.map(Time),
        }
    }
}
