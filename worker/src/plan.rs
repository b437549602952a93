//! Decisions, sorted by the statements that apply them.

use std::collections::BTreeMap;

use entity::{
    Error, Millis, Seats, Transaction,
    audit::{self, Actor, Moved, Step},
    job::{
        Outcome, Refusal,
        complete::{settle_granted, settle_refused},
        lane::Pending,
    },
    ticket::{self, NewTicket, TicketStatus},
};
use uuid::{NoContext, Timestamp, Uuid};

use crate::allocate::Decision;

/// What a batch of decisions asks of the database.
#[derive(Debug)]
pub(crate) struct Plan {
    /// When the holds run out, if there are any.
    pub(crate) expires_at: Option<Millis>,
    reserved: Granted,
    waitlisted: Granted,
    refused: BTreeMap<(Refusal, bool), Vec<i64>>,
    /// Seats that the reserved tickets take.
    seats: i64,
}

/// Jobs that led to tickets of one status.
#[derive(Debug, Default)]
struct Granted {
    seqs: Vec<i64>,
    tickets: Vec<NewTicket>,
    records: Vec<Moved>,
}

impl Granted {
    fn add(&mut self, job: &Pending, status: TicketStatus, expires_at: Option<Millis>, now: Millis) {
        let id = new_id(now);
        self.seqs.push(job.seq);
        self.records.push(Moved { id, request_id: job.request_id.clone(), detail: None });
        self.tickets.push(NewTicket {
            id,
            job_id: job.id,
            email: job.email.clone(),
            name: job.name.clone(),
            party_size: job.party_size,
            status,
            expires_at,
        });
    }
}

impl Plan {
    /// Sorts decisions. Reserved tickets are held until `hold_ends_at`.
    pub(crate) fn new(jobs: &[Pending], decisions: &[Decision], hold_ends_at: Millis, now: Millis) -> Self {
        let mut plan = Self {
            expires_at: None,
            reserved: Granted::default(),
            waitlisted: Granted::default(),
            refused: BTreeMap::new(),
            seats: 0,
        };
        for (job, decision) in jobs.iter().zip(decisions) {
            match *decision {
                Decision::Reserve => {
                    plan.reserved.add(job, TicketStatus::Reserved, Some(hold_ends_at), now);
                    plan.expires_at = Some(hold_ends_at);
                    plan.seats += job.party_size;
                }
                Decision::Wait => plan.waitlisted.add(job, TicketStatus::Waitlisted, None, now),
                Decision::Refuse { refusal, may_return } => {
                    plan.refused.entry((refusal, may_return)).or_default().push(job.seq);
                }
            }
        }
        plan
    }

    /// What was decided, each as often as it was.
    pub(crate) fn outcomes(&self) -> Vec<(Outcome, Option<Refusal>, u64)> {
        let granted = [(&self.reserved, Outcome::Reserved), (&self.waitlisted, Outcome::Waitlisted)];
        let granted = granted.into_iter().map(|(granted, outcome)| (outcome, None, granted.seqs.len() as u64));
        let refused = self.refused.iter();
        let refused = refused.map(|((refusal, _), seqs)| (Outcome::Refused, Some(*refusal), seqs.len() as u64));
        granted.chain(refused).filter(|(_, _, jobs)| *jobs > 0).collect()
    }

    /// Applies it: a handful of statements, each of which moves exactly the rows that were decided or fails.
    pub(crate) async fn apply(
        &self,
        tx: &Transaction,
        seats: &mut Seats<'_>,
        actor: &Actor,
        now: Millis,
    ) -> Result<(), Error> {
        let both = [
            (&self.reserved, Outcome::Reserved, TicketStatus::Reserved),
            (&self.waitlisted, Outcome::Waitlisted, TicketStatus::Waitlisted),
        ];
        for (granted, outcome, status) in both {
            ticket::insert(tx, seats.event().id, &granted.tickets, now).await?;
            settle_granted(tx, &granted.seqs, outcome, now).await?;
            let step = Step::ticket("issue", None, status);
            audit::record_of(tx, seats.event(), actor, &step, &granted.records, now).await?;
        }
        for ((refusal, may_return), seqs) in &self.refused {
            settle_refused(tx, seqs, *refusal, *may_return, now).await?;
        }
        seats.take(self.seats)?;
        if !self.waitlisted.tickets.is_empty() {
            seats.note_waiting();
        }
        Ok(())
    }
}

/// A UUID v7 of the transaction's time.
fn new_id(now: Millis) -> Uuid {
    let millis = u64::try_from(now).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1000, nanos))
}
