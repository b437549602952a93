//! One pass: claim a lane, decide it, apply the decisions. One transaction, a handful of set-based statements.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use entity::{
    Database, Error, Millis, Seats, Topic, Transaction, announce,
    audit::Actor,
    event::EventStatus,
    job::lane::{self, Pending},
    ticket,
};
use uuid::Uuid;

use crate::{
    LOCK_PATIENCE, Settled,
    allocate::{Intent, Situation, allocate},
    plan::Plan,
};

/// What a pass found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// No job is due.
    Idle,
    /// Jobs are due, but other workers have their lanes.
    Taken,
    /// A lane was served.
    Settled {
        /// What was decided; nothing if there were holds to expire first.
        batch: Settled,
        /// When the holds made in this pass run out, if any were made.
        expires_at: Option<Millis>,
        /// How long others could not write, the commit aside.
        locked: Duration,
    },
}

/// How much one pass may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Jobs settled at most.
    pub(crate) jobs: u32,
    /// Holds expired, people served from the waitlist, and tickets of a cancelled event cancelled, at most.
    pub(crate) chores: u32,
}

/// What a pass was working on: whom to blame if it faults. It outlives a panic.
#[derive(Debug, Default)]
pub(crate) struct Suspect {
    event_id: OnceLock<Uuid>,
    seq: OnceLock<i64>,
}

impl Suspect {
    /// The lane, if the pass got so far.
    pub(crate) fn event_id(&self) -> Option<Uuid> {
        self.event_id.get().copied()
    }

    /// The first job of the batch, if the pass got so far.
    pub(crate) fn seq(&self) -> Option<i64> {
        self.seq.get().copied()
    }
}

/// Settles the next lane, as the worker with this id.
pub(crate) async fn settle_lane(
    database: &Database,
    worker: Uuid,
    limits: Limits,
    suspect: &Suspect,
) -> Result<Pass, Error> {
    // A look costs no lock; most looks of an idle worker end here.
    if !lane::any_due(database.reader(), database.now().await?).await? {
        return Ok(Pass::Idle);
    }
    let asked = Instant::now();
    let tx = database.begin(LOCK_PATIENCE).await?;
    let since = Instant::now();
    let Some(event) = lane::claim(&tx, tx.now().await?).await? else {
        tx.rollback().await?;
        return Ok(Pass::Taken);
    };
    suspect.event_id.get_or_init(|| event.id);
    let now = tx.now().await?;
    let actor = Actor::worker(worker);
    let event_id = event.id;
    let mut seats = Seats::of(&tx, event, &actor, now);
    let mut jobs = vec![];
    // While there are lapsed holds, or people in line who fit, nothing new can be decided. That was this lane's turn.
    if !seats.tend(limits.chores).await? {
        jobs = lane::pending(&tx, event_id, now, limits.jobs).await?;
        jobs.first().inspect(|job| _ = suspect.seq.set(job.seq));
    }
    let plan = decide_and_apply(&tx, &mut seats, &actor, &jobs, now).await?;
    let held_until = plan.as_ref().and_then(|plan| plan.expires_at);
    let expires_at = held_until.into_iter().chain(seats.next_expiry()).min();
    seats.end_turn().await?;
    announce(&tx, Topic::Changes).await?;
    // Without the commit, whose sync takes its time however small the batch is.
    let locked = if database.is_postgres() { Duration::ZERO } else { since.elapsed() };
    tx.commit().await?;
    let outcomes = plan.map(|plan| plan.outcomes()).unwrap_or_default();
    let batch = Settled { outcomes, waited: since - asked, took: since.elapsed() };
    Ok(Pass::Settled { batch, expires_at, locked })
}

/// Returns what was decided, if there was anything to decide.
async fn decide_and_apply(
    tx: &Transaction,
    seats: &mut Seats<'_>,
    actor: &Actor,
    jobs: &[Pending],
    now: Millis,
) -> Result<Option<Plan>, Error> {
    if jobs.is_empty() {
        // There were only chores, or another worker was here between our look and our lock.
        return Ok(None);
    }
    let event = seats.event();
    let emails: Vec<&str> = jobs.iter().map(|job| job.email.as_str()).collect();
    let registered = ticket::people_with_active(tx, event.id, &emails).await?;
    let has_waitlist = event.waitlist_enabled && seats.is_open();
    let situation = Situation {
        is_cancelled: event.status == EventStatus::Cancelled,
        capacity: event.capacity,
        available: seats.available(),
        has_waitlist,
        held: if has_waitlist { 0 } else { held_if_it_matters(tx, seats, jobs).await? },
    };
    let intents: Vec<Intent<'_>> =
        jobs.iter().map(|job| Intent { email: &job.email, party_size: job.party_size }).collect();
    let decisions = allocate(situation, &registered, &intents);
    let plan = Plan::new(jobs, &decisions, event.hold_ends_at(now), now);
    plan.apply(tx, seats, actor, now).await?;
    Ok(Some(plan))
}

/// Seats in holds are asked for only when somebody may have to be refused.
async fn held_if_it_matters(tx: &Transaction, seats: &Seats<'_>, jobs: &[Pending]) -> Result<i64, Error> {
    let wanted: i64 = jobs.iter().map(|job| job.party_size).sum();
    if wanted <= seats.available() {
        return Ok(0);
    }
    let largest = jobs.iter().map(|job| job.party_size).max().unwrap_or(0);
    ticket::held_seats(tx, seats.event().id, largest).await
}
