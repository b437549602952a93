//! One pass: claim lanes, decide their jobs, apply the decisions. One transaction, a handful of set-based statements,
//! however many lanes there are.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use entity::{
    Database, Error, Millis, Transaction,
    audit::Actor,
    fault_point,
    job::{
        claim::{self, Claim, Pending},
        lane,
    },
    seats::{Served, end_turns},
    ticket,
};
use uuid::Uuid;

use crate::{
    LOCK_PATIENCE, Settled,
    chores::{Tended, tend},
    plan::{Plan, largest_unseated},
};

/// What a pass found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// No job is due.
    Idle,
    /// Jobs are due, but other workers have their lanes.
    Taken,
    /// Lanes were served.
    Settled {
        /// What was decided; nothing if there were only chores.
        batch: Settled,
        /// When the first of the holds made in this pass runs out, if any were made.
        expires_at: Option<Millis>,
        /// How long others could not write, the commit aside.
        locked: Duration,
        /// Whether all there was to do faulted.
        is_stuck: bool,
    },
}

/// How much one pass may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Jobs settled at most.
    pub(crate) jobs: u32,
    /// Holds of one event expired, people served from its waitlist, and tickets cancelled with it, at most.
    pub(crate) chores: u32,
}

/// What a pass was working on: whom to blame if it faults. It outlives a panic.
#[derive(Debug, Default)]
pub(crate) struct Suspect {
    event_id: Mutex<Option<Uuid>>,
    seq: OnceLock<i64>,
}

impl Suspect {
    /// The lane whose chores were being done; otherwise the first one, which in the smallest batch is the only one.
    pub(crate) fn event_id(&self) -> Option<Uuid> {
        *self.event_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_event_id(&self, event_id: Uuid) {
        *self.event_id.lock().unwrap_or_else(PoisonError::into_inner) = Some(event_id);
    }

    /// The first job of the batch, if the pass got so far.
    pub(crate) fn seq(&self) -> Option<i64> {
        self.seq.get().copied()
    }
}

/// Settles the next lanes, as the worker with this id. With `look` it looks first whether there is anything to do,
/// which costs no lock; most looks of an idle worker end there.
pub(crate) async fn settle(
    database: &Database,
    worker: Uuid,
    limits: Limits,
    suspect: &Suspect,
    look: bool,
) -> Result<Pass, Error> {
    if look && !lane::any_due(database).await? {
        return Ok(Pass::Idle);
    }
    let asked = Instant::now();
    let tx = database.begin(LOCK_PATIENCE).await?;
    let since = Instant::now();
    let Some(claim) = claim::claim(&tx, limits.jobs).await? else {
        tx.rollback().await?;
        return Ok(if lane::any_due(database).await? { Pass::Taken } else { Pass::Idle });
    };
    let done = serve(&tx, claim, &Actor::worker(worker), limits, suspect).await?;
    // Without the commit: the sync it waits for takes its time and is in nobody's way.
    let locked = if database.is_postgres() { Duration::ZERO } else { since.elapsed() };
    fault_point!("settle.before_commit");
    tx.commit().await?;
    fault_point!("settle.after_commit");
    let batch = Settled { outcomes: done.plan.outcomes(), waited: since - asked, took: since.elapsed() };
    Ok(Pass::Settled { batch, expires_at: done.expires_at, locked, is_stuck: done.is_stuck })
}

/// What was done in a transaction.
struct Done {
    plan: Plan,
    expires_at: Option<Millis>,
    is_stuck: bool,
}

async fn serve(
    tx: &Transaction,
    claim: Claim,
    actor: &Actor,
    limits: Limits,
    suspect: &Suspect,
) -> Result<Done, Error> {
    let now = claim.now;
    let mut lanes = tend(tx, claim, actor, limits.chores, suspect).await?;
    lanes.first().inspect(|lane| suspect.set_event_id(lane.served.seats.event().id));
    let plan = decide(tx, &mut lanes, now, limits.jobs, suspect).await?;
    let mut writes = tx.writes();
    plan.apply(&mut writes, actor, now);
    let offers = lanes.iter().filter_map(|lane| lane.served.seats.next_expiry());
    let expires_at = offers.chain(plan.expires_at).min();
    let is_stuck = lanes.iter().all(|lane| lane.is_faulty);
    let served: Vec<Served<'_>> = lanes.into_iter().map(|lane| lane.served).collect();
    end_turns(writes, &served).await?;
    Ok(Done { plan, expires_at, is_stuck })
}

/// Decides the jobs of the lanes that have no chores left.
async fn decide(
    tx: &Transaction,
    lanes: &mut [Tended<'_>],
    now: Millis,
    limit: u32,
    suspect: &Suspect,
) -> Result<Plan, Error> {
    let mut ready: Vec<&mut Tended<'_>> = lanes.iter_mut().filter(|lane| lane.last_seq > 0).collect();
    let wanted: Vec<(Uuid, i64)> = ready.iter().map(|lane| (lane.served.seats.event().id, lane.last_seq)).collect();
    let jobs = claim::pending(tx, &wanted, now, limit).await?;
    jobs.iter().flatten().next().inspect(|job| _ = suspect.seq.set(job.seq));
    let held = held_where_it_matters(tx, &ready, &jobs).await?;
    let mut plan = Plan::default();
    for (lane, jobs) in ready.iter_mut().zip(jobs) {
        let seats = &mut lane.served.seats;
        let held = held.get(&seats.event().id).copied().unwrap_or(0);
        plan.decide(seats, jobs, held, now)?;
    }
    Ok(plan)
}

/// Seats in holds are asked for only where somebody may have to be refused.
async fn held_where_it_matters(
    tx: &Transaction,
    lanes: &[&mut Tended<'_>],
    jobs: &[Vec<Pending>],
) -> Result<HashMap<Uuid, i64>, Error> {
    let short = lanes.iter().zip(jobs).filter_map(|(lane, jobs)| {
        let seats = &lane.served.seats;
        Some((seats.event().id, largest_unseated(seats, jobs)?))
    });
    let (event_ids, parties): (Vec<Uuid>, Vec<i64>) = short.unzip();
    ticket::held_seats(tx, &event_ids, parties.into_iter().max().unwrap_or(0)).await
}
