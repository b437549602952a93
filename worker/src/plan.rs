//! Decisions about a batch, sorted by the statements that apply them.

use std::collections::BTreeMap;

use entity::{
    Error, Millis, Seats, Writes,
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

    /// What applies it, but for the seats: a handful of statements, each of which moves exactly the rows that were
    /// decided or fails.
    pub(crate) fn apply(&self, writes: &mut Writes<'_>, actor: &Actor, now: Millis) {
        ticket::insert(writes, &self.grants, now);
        settle_granted(writes, &self.reserved, Outcome::Reserved, now);
        settle_granted(writes, &self.waitlisted, Outcome::Waitlisted, now);
        for ((refusal, may_return), seqs) in &self.refused {
            settle_refused(writes, seqs, *refusal, *may_return, now);
        }
        audit::record_issued(writes, actor, &self.records, now);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use entity::{Clock, Database, Durability, Options, audit::Who, event};

    use super::*;

    const NOW: Millis = 1_800_000_000_123;

    /// Ten seats, of which two are free.
    fn event() -> event::Model {
        event::Model {
            id: Uuid::from_u128(1),
            organizer_id: Uuid::from_u128(2),
            name: String::new(),
            description: String::new(),
            location: String::new(),
            starts_at: NOW + 1,
            ends_at: None,
            time_zone: "UTC".to_owned(),
            registration_opens_at: None,
            registration_closes_at: None,
            capacity: 10,
            available_spots: 2,
            hold_seconds: 300,
            offer_seconds: 43_200,
            waitlist_enabled: false,
            max_party_size: 10,
            status: EventStatus::Published,
            version: 1,
            served_at: 0,
            chore_at: None,
            shadow_of: None,
            created_at: 0,
            updated_at: 0,
            published_at: None,
            sold_out_at: None,
        }
    }

    /// Seats belong to a transaction, which nothing is asked of here.
    async fn with_seats<T>(event: event::Model, work: impl FnOnce(Seats<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("t.db").display());
        let options = Options { url, durability: Durability::Normal, create: true, clock: Clock::new(|| NOW) };
        let database = Database::open(options).await.unwrap();
        let tx = database.begin(Duration::from_secs(2)).await.unwrap();
        let actor = Actor { who: Who::Operator, request_id: None };
        let result = work(Seats::of(&tx, event, &actor, NOW));
        tx.rollback().await.unwrap();
        result
    }

    /// People who ask for so many seats each.
    fn jobs(party_sizes: &[i64]) -> Vec<Pending> {
        let job = |(seq, party_size): (i64, &i64)| Pending {
            seq,
            email: format!("p{seq}@x.org"),
            party_size: *party_size,
            has_ticket: false,
        };
        (1..).zip(party_sizes).map(job).collect()
    }

    async fn planned(event: event::Model, jobs: Vec<Pending>) -> (Plan, i64) {
        with_seats(event, |mut seats| {
            let mut plan = Plan::default();
            plan.decide(&mut seats, jobs, 0, NOW).unwrap();
            (plan, seats.available())
        })
        .await
    }

    #[tokio::test]
    async fn decisions_are_sorted_by_what_becomes_of_their_jobs() {
        let mut jobs = jobs(&[1, 1, 1, 1, 3]);
        jobs[1].has_ticket = true;
        let (plan, available) = planned(event(), jobs).await;
        assert_eq!((&plan.reserved[..], &plan.waitlisted[..], available), (&[1, 3][..], &[][..], 0));
        let refused = |refusal| (Outcome::Refused, Some(refusal), 1);
        let outcomes = plan.outcomes();
        assert_eq!(outcomes.len(), 4, "one sold out for good, one not: {outcomes:?}");
        assert!(outcomes.contains(&(Outcome::Reserved, None, 2)));
        assert!(outcomes.contains(&refused(Refusal::AlreadyRegistered)));
        assert!(outcomes.contains(&refused(Refusal::SoldOut)));
        assert_eq!(plan.refused[&(Refusal::SoldOut, true)], [4]);
        assert_eq!(plan.refused[&(Refusal::SoldOut, false)], [5]);
    }

    #[tokio::test]
    async fn a_reservation_is_a_hold_from_now_with_an_id_of_now() {
        let (plan, _) = planned(event(), jobs(&[2])).await;
        let [grant] = plan.grants[..] else { panic!("one grant") };
        assert_eq!((grant.seq, grant.status), (1, TicketStatus::Reserved));
        assert_eq!((grant.expires_at, plan.expires_at), (Some(NOW + 300_000), Some(NOW + 300_000)));
        assert_eq!(grant.id.get_timestamp().unwrap().to_unix(), (1_800_000_000, 123_000_000));
        assert_eq!(plan.records.len(), 1);

        let (plan, _) = planned(event::Model { shadow_of: Some(Uuid::from_u128(3)), ..event() }, jobs(&[2])).await;
        assert_eq!((plan.grants.len(), plan.records.len()), (1, 0), "a simulation leaves no record");
    }

    #[tokio::test]
    async fn people_wait_while_there_is_a_line_to_wait_in() {
        let waitlist = event::Model { waitlist_enabled: true, ..event() };
        let (plan, available) = planned(waitlist.clone(), jobs(&[3])).await;
        assert_eq!((&plan.waitlisted[..], available, plan.expires_at), (&[1][..], 2, None));
        assert_eq!((plan.grants[0].status, plan.grants[0].expires_at), (TicketStatus::Waitlisted, None));
        let (plan, _) = planned(event::Model { starts_at: NOW, ..waitlist.clone() }, jobs(&[3])).await;
        assert_eq!(plan.outcomes(), [(Outcome::Refused, Some(Refusal::NotEnoughSeats), 1)]);
        let cancelled = event::Model { status: EventStatus::Cancelled, ..waitlist };
        let (plan, _) = planned(cancelled, jobs(&[1])).await;
        assert_eq!(plan.outcomes(), [(Outcome::Refused, Some(Refusal::EventCancelled), 1)]);
    }

    #[tokio::test]
    async fn holds_matter_only_where_somebody_may_be_refused_for_them() {
        let largest =
            async |event, sizes: &[i64]| with_seats(event, |seats| largest_unseated(&seats, &jobs(sizes))).await;
        assert_eq!(largest(event(), &[1, 1]).await, None, "all fit");
        assert_eq!(largest(event(), &[2, 4, 1]).await, Some(4));
        assert_eq!(largest(event::Model { waitlist_enabled: true, ..event() }, &[4]).await, None);
        assert_eq!(largest(event::Model { status: EventStatus::Cancelled, ..event() }, &[4]).await, None);
    }
}
