//! Decisions about a batch, sorted by the statements that apply them.

use std::collections::BTreeMap;

use entity::{
    Error, Millis, Seats, Transaction,
    audit::{self, Actor},
    event::EventStatus,
    job::{
        Outcome, Refusal,
        claim::Pending,
        complete::{settle_granted, settle_refused},
    },
    ticket::{self, Grant, TicketStatus},
};
use uuid::{NoContext, Timestamp, Uuid};

use crate::allocate::{Decision, Intent, Situation, allocate};

/// What a batch of decisions asks of the database.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// When the first of the holds runs out, if there are any.
    pub(crate) expires_at: Option<Millis>,
    reserved: Vec<i64>,
    waitlisted: Vec<i64>,
    refused: BTreeMap<(Refusal, bool), Vec<i64>>,
    grants: Vec<Grant>,
    records: Vec<Grant>,
}

impl Plan {
    /// Decides the jobs of one event and takes their seats. `held`: its seats in unconfirmed holds, unless
    /// [`largest_unseated`] says that nobody has to know.
    pub(crate) fn decide(
        &mut self,
        seats: &mut Seats<'_>,
        jobs: Vec<Pending>,
        held: i64,
        now: Millis,
    ) -> Result<(), Error> {
        let decisions = allocate(situation(seats, held), &intents(&jobs));
        for (job, decision) in jobs.into_iter().zip(decisions) {
            match decision {
                Decision::Reserve => {
                    let expires_at = seats.event().hold_ends_at(now);
                    self.expires_at = self.expires_at.into_iter().chain([expires_at]).min();
                    seats.take(job.party_size)?;
                    self.reserved.push(job.seq);
                    self.issue(seats, &job, TicketStatus::Reserved, Some(expires_at), now);
                }
                Decision::Wait => {
                    seats.note_waiting();
                    self.waitlisted.push(job.seq);
                    self.issue(seats, &job, TicketStatus::Waitlisted, None, now);
                }
                Decision::Refuse { refusal, may_return } => {
                    self.refused.entry((refusal, may_return)).or_default().push(job.seq);
                }
            }
        }
        Ok(())
    }

    fn issue(
        &mut self,
        seats: &Seats<'_>,
        job: &Pending,
        status: TicketStatus,
        expires_at: Option<Millis>,
        now: Millis,
    ) {
        let grant = Grant { seq: job.seq, id: new_id(now), status, expires_at };
        self.grants.push(grant);
        // A simulation's copy leaves no record.
        if seats.event().shadow_of.is_none() {
            self.records.push(grant);
        }
    }

    /// What was decided, each as often as it was.
    pub(crate) fn outcomes(&self) -> Vec<(Outcome, Option<Refusal>, u64)> {
        let granted = [(&self.reserved, Outcome::Reserved), (&self.waitlisted, Outcome::Waitlisted)];
        let granted = granted.into_iter().map(|(seqs, outcome)| (outcome, None, seqs.len() as u64));
        let refused = self.refused.iter();
        let refused = refused.map(|((refusal, _), seqs)| (Outcome::Refused, Some(*refusal), seqs.len() as u64));
        granted.chain(refused).filter(|(_, _, jobs)| *jobs > 0).collect()
    }

    /// Applies it, but for the seats: a handful of statements, each of which moves exactly the rows that were decided
    /// or fails.
    pub(crate) async fn apply(&self, tx: &Transaction, actor: &Actor, now: Millis) -> Result<(), Error> {
        ticket::insert(tx, &self.grants, now).await?;
        settle_granted(tx, &self.reserved, Outcome::Reserved, now).await?;
        settle_granted(tx, &self.waitlisted, Outcome::Waitlisted, now).await?;
        for ((refusal, may_return), seqs) in &self.refused {
            settle_refused(tx, seqs, *refusal, *may_return, now).await?;
        }
        audit::record_issued(tx, actor, &self.records, now).await
    }
}

fn situation(seats: &Seats<'_>, held: i64) -> Situation {
    let event = seats.event();
    Situation {
        is_cancelled: event.status == EventStatus::Cancelled,
        capacity: event.capacity,
        available: seats.available(),
        has_waitlist: event.waitlist_enabled && seats.is_open(),
        held,
    }
}

fn intents(jobs: &[Pending]) -> Vec<Intent<'_>> {
    let mut intents = Vec::with_capacity(jobs.len());
    for Pending { email, party_size, has_ticket, .. } in jobs {
        intents.push(Intent { email, party_size: *party_size, has_ticket: *has_ticket });
    }
    intents
}

/// The largest party, if it matters how many seats are in unconfirmed holds: somebody may have to be refused, and is
/// told whether seats may return.
pub(crate) fn largest_unseated(seats: &Seats<'_>, jobs: &[Pending]) -> Option<i64> {
    let Situation { is_cancelled, available, has_waitlist, .. } = situation(seats, 0);
    let wanted: i64 = jobs.iter().map(|job| job.party_size).sum();
    let is_short = wanted > available && !has_waitlist && !is_cancelled;
    jobs.iter().map(|job| job.party_size).max().filter(|_| is_short)
}

/// A UUID v7 of the transaction's time.
fn new_id(now: Millis) -> Uuid {
    let millis = u64::try_from(now).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1000, nanos))
}
