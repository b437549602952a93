//! One pass: claim a lane, decide it, apply the decisions. One transaction, a handful of set-based statements.

use std::{
    collections::BTreeMap,
    sync::OnceLock,
    time::{Duration, Instant},
};

use entity::{
    Database, Error, Millis, Topic, Transaction, announce, event,
    event::EventStatus,
    job::{
        Outcome, Refusal,
        complete::{settle_granted, settle_refused},
        lane::{self, Pending},
    },
    ticket::{self, NewTicket, TicketStatus},
};
use uuid::{NoContext, Timestamp, Uuid};

use crate::{
    LOCK_PATIENCE,
    allocate::{Decision, Intent, Situation, allocate},
};

/// What a pass found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// No job is due.
    Idle,
    /// Jobs are due, but other workers have their lanes.
    Taken,
    /// A lane was served.
    Settled {
        /// How many jobs were settled; none if there were holds to expire first.
        jobs: usize,
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
    /// Holds expired at most.
    pub(crate) holds: u32,
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

/// Settles the next lane.
pub(crate) async fn settle_lane(database: &Database, limits: Limits, suspect: &Suspect) -> Result<Pass, Error> {
    // A look costs no lock; most looks of an idle worker end here.
    if !lane::any_due(database.reader(), database.now().await?).await? {
        return Ok(Pass::Idle);
    }
    let tx = database.begin(LOCK_PATIENCE).await?;
    let since = Instant::now();
    let Some(event) = lane::claim(&tx, tx.now().await?).await? else {
        tx.rollback().await?;
        return Ok(Pass::Taken);
    };
    suspect.event_id.get_or_init(|| event.id);
    let now = tx.now().await?;
    let expired = ticket::expire_due(&tx, event.id, now, limits.holds).await?;
    event::return_seats(&tx, event.id, expired.seats).await?;
    let (mut jobs, mut expires_at) = (vec![], None);
    if expired.more {
        // While lapsed holds are left, people and seats look taken that are not. That was this lane's turn.
        event::serve(&tx, event.id, 0).await?;
    } else {
        jobs = lane::pending(&tx, event.id, now, limits.jobs).await?;
        jobs.first().inspect(|job| _ = suspect.seq.set(job.seq));
        expires_at = decide_and_apply(&tx, &event, event.available_spots + expired.seats, &jobs, now).await?;
    }
    announce(&tx, Topic::Changes).await?;
    // Without the commit, whose sync takes its time however small the batch is.
    let locked = if database.is_postgres() { Duration::ZERO } else { since.elapsed() };
    tx.commit().await?;
    Ok(Pass::Settled { jobs: jobs.len(), expires_at, locked })
}

async fn decide_and_apply(
    tx: &Transaction,
    event: &event::Model,
    available: i64,
    jobs: &[Pending],
    now: Millis,
) -> Result<Option<Millis>, Error> {
    if jobs.is_empty() {
        // Another worker settled them between our look and our lock.
        return Ok(None);
    }
    let emails: Vec<&str> = jobs.iter().map(|job| job.email.as_str()).collect();
    let registered = ticket::people_with_active(tx, event.id, &emails).await?;
    let situation = Situation {
        is_cancelled: event.status == EventStatus::Cancelled,
        available,
        held: held_if_it_matters(tx, event, available, jobs).await?,
    };
    let intents: Vec<Intent<'_>> =
        jobs.iter().map(|job| Intent { email: &job.email, party_size: job.party_size }).collect();
    let decisions = allocate(situation, &registered, &intents);
    let expires_at = now + event.hold_seconds * 1000;
    let plan = Plan::new(jobs, &decisions, expires_at, now);
    plan.apply(tx, event.id, now).await?;
    Ok((!plan.tickets.is_empty()).then_some(expires_at))
}

/// Seats in holds are asked for only when somebody may have to be refused.
async fn held_if_it_matters(
    tx: &Transaction,
    event: &event::Model,
    available: i64,
    jobs: &[Pending],
) -> Result<i64, Error> {
    let wanted: i64 = jobs.iter().map(|job| job.party_size).sum();
    if wanted <= available {
        return Ok(0);
    }
    let largest = jobs.iter().map(|job| job.party_size).max().unwrap_or(0);
    ticket::held_seats(tx, event.id, largest).await
}

/// Decisions, sorted by the statements that apply them.
#[derive(Debug)]
struct Plan {
    tickets: Vec<NewTicket>,
    granted: Vec<i64>,
    refused: BTreeMap<(Refusal, bool), Vec<i64>>,
    seats: i64,
}

impl Plan {
    fn new(jobs: &[Pending], decisions: &[Decision], expires_at: Millis, now: Millis) -> Self {
        let mut plan = Self { tickets: vec![], granted: vec![], refused: BTreeMap::new(), seats: 0 };
        for (job, decision) in jobs.iter().zip(decisions) {
            match *decision {
                Decision::Reserve => plan.reserve(job, expires_at, now),
                Decision::Refuse { refusal, may_return } => {
                    plan.refused.entry((refusal, may_return)).or_default().push(job.seq);
                }
            }
        }
        plan
    }

    fn reserve(&mut self, job: &Pending, expires_at: Millis, now: Millis) {
        self.granted.push(job.seq);
        self.seats += job.party_size;
        self.tickets.push(NewTicket {
            id: new_id(now),
            job_id: job.id,
            email: job.email.clone(),
            name: job.name.clone(),
            party_size: job.party_size,
            status: TicketStatus::Reserved,
            expires_at: Some(expires_at),
        });
    }

    async fn apply(&self, tx: &Transaction, event_id: Uuid, now: Millis) -> Result<(), Error> {
        ticket::insert(tx, event_id, &self.tickets, now).await?;
        settle_granted(tx, &self.granted, Outcome::Reserved, now).await?;
        for ((refusal, may_return), seqs) in &self.refused {
            settle_refused(tx, seqs, *refusal, *may_return, now).await?;
        }
        event::serve(tx, event_id, self.seats).await
    }
}

/// A UUID v7 of the transaction's time.
fn new_id(now: Millis) -> Uuid {
    let millis = u64::try_from(now).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1000, nanos))
}
