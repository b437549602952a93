//! One pass: claim a lane, decide it, apply the decisions. One transaction, a handful of set-based statements.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
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

use crate::allocate::{Decision, Situation, Wish, allocate};

/// How long a pass waits for the write lock before it lets go and starts over.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a pass found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// No job is due.
    Idle,
    /// Jobs are due, but other workers have their lanes.
    Taken,
    /// Jobs were settled.
    Settled {
        /// How many.
        jobs: usize,
        /// When the holds made in this pass run out, if any were made.
        expires_at: Option<Millis>,
    },
}

/// The first job of the batch in hand: whom to blame when a batch of one faults. It outlives a panic.
#[derive(Debug, Default)]
pub(crate) struct Suspect(AtomicI64);

impl Suspect {
    fn set(&self, seq: Option<i64>) {
        self.0.store(seq.unwrap_or(0), Ordering::Relaxed);
    }

    /// Its `seq`, if the pass got so far.
    pub(crate) fn seq(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seq| *seq != 0)
    }
}

/// Settles the next lane, at most `limit` jobs of it.
pub(crate) async fn settle_lane(database: &Database, limit: u32, suspect: &Suspect) -> Result<Pass, Error> {
    suspect.set(None);
    // A look costs no lock; most looks of an idle worker end here.
    if !lane::any_due(database.reader(), database.now().await?).await? {
        return Ok(Pass::Idle);
    }
    let tx = database.begin(PATIENCE).await?;
    let Some(event) = lane::take(&tx, tx.now().await?).await? else {
        tx.rollback().await?;
        return Ok(Pass::Taken);
    };
    let now = tx.now().await?;
    let freed = ticket::expire_due(&tx, event.id, now, limit).await?;
    event::return_seats(&tx, event.id, freed).await?;
    let jobs = lane::pending(&tx, event.id, now, limit).await?;
    suspect.set(jobs.first().map(|job| job.seq));
    let expires_at = decide_and_apply(&tx, &event, event.available_spots + freed, &jobs, now).await?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(Pass::Settled { jobs: jobs.len(), expires_at })
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
    let wishes: Vec<Wish<'_>> = jobs.iter().map(|job| Wish { email: &job.email, party_size: job.party_size }).collect();
    let decisions = allocate(situation, &registered, &wishes);
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
