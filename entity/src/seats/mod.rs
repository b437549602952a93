//! The seats of one event while a transaction moves them: the one way in which `available_spots` changes.
//!
//! Whoever holds the event's row takes [`Seats`], expires what has lapsed, frees or takes seats, promotes whoever fits
//! into what is free, and saves: one guarded UPDATE with the sum of it all, which the schema checks once more. Workers,
//! who serve several events in one transaction, save them together: [`end_turns`].

mod turn;

pub use turn::{Served, end_turns};

use sea_orm::entity::prelude::*;

use crate::{
    Error, Millis, Topic, Transaction, announce,
    audit::{self, Actor, Moved, Step},
    db::{sql, values},
    error::guard,
    event::{self, EventStatus},
    ticket::{self, TicketStatus},
    waitlist::{self, Chosen},
};

/// The seats of a locked event.
#[derive(Debug)]
pub struct Seats<'a> {
    tx: &'a Transaction,
    actor: &'a Actor,
    now: Millis,
    /// As it was when it was locked.
    event: event::Model,
    /// All its seats, as of now.
    capacity: i64,
    /// Seats that nobody holds, as of now.
    available: i64,
    chore_at: Option<Millis>,
    next_expiry: Option<Millis>,
}

/// At once.
const NOW: Millis = 0;

/// Nobody has to know more exactly than this how many offers will go out.
const COUNTED_MAX: u32 = 10_000;

impl<'a> Seats<'a> {
    /// The seats of an event that this transaction has locked, at a time taken after that.
    pub fn of(tx: &'a Transaction, event: event::Model, actor: &'a Actor, now: Millis) -> Self {
        Self {
            tx,
            actor,
            now,
            capacity: event.capacity,
            available: event.available_spots,
            chore_at: event.chore_at,
            next_expiry: None,
            event,
        }
    }

    /// As they were when the event was locked: what was done since then has been undone.
    pub fn undone(self) -> Self {
        Self::of(self.tx, self.event, self.actor, self.now)
    }

    /// The event as it was when it was locked.
    pub fn event(&self) -> &event::Model {
        &self.event
    }

    /// Seats that nobody holds.
    pub fn available(&self) -> i64 {
        self.available
    }

    /// When the first of the offers made here runs out.
    pub fn next_expiry(&self) -> Option<Millis> {
        self.next_expiry
    }

    /// Whether people can be put on the waitlist, and be served from it.
    pub fn is_open(&self) -> bool {
        self.event.status == EventStatus::Published && self.event.starts_at > self.now
    }

    /// Seats came free.
    ///
    /// # Errors
    /// [`Error::Guard`] when there are not so many.
    pub fn give_back(&mut self, seats: i64) -> Result<(), Error> {
        self.change("seats::give_back", seats)
    }

    /// Seats were taken.
    ///
    /// # Errors
    /// [`Error::Guard`] when fewer are free.
    pub fn take(&mut self, seats: i64) -> Result<(), Error> {
        self.change("seats::take", -seats)
    }

    /// Every step is checked, not only their sum: two mistakes must not make up for each other.
    fn change(&mut self, what: &'static str, gain: i64) -> Result<(), Error> {
        self.available += gain;
        let is_sound = (0..=self.capacity).contains(&self.available);
        if is_sound { Ok(()) } else { Err(Error::Guard { what, expected: 1, actual: 0 }) }
    }

    /// The event gets another size; new seats are free at first. Refused, with the seats that are held, if they would no
    /// longer fit.
    ///
    /// # Errors
    /// The seats that are held.
    pub fn set_capacity(&mut self, capacity: i64) -> Result<(), i64> {
        let held = self.capacity - self.available;
        if capacity < held {
            return Err(held);
        }
        (self.capacity, self.available) = (capacity, capacity - held);
        Ok(())
    }

    /// Whether somebody may be waiting.
    pub fn has_line(&self) -> bool {
        self.chore_at.is_some()
    }

    /// A worker has to look at the event at once.
    pub fn leave_to_workers(&mut self) {
        self.chore_at = Some(NOW);
    }

    /// How many in line the free seats suffice for; of each party size at most [`COUNTED_MAX`] are looked at.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn count_promotable(&self) -> Result<usize, Error> {
        if self.chore_at.is_none() || !self.is_open() || self.available == 0 {
            return Ok(0);
        }
        let line = waitlist::read(self.tx, self.event.id, self.available, COUNTED_MAX).await?;
        Ok(waitlist::choose(self.available, &line.who).len())
    }

    /// Somebody was put on the waitlist.
    pub fn note_waiting(&mut self) {
        let starts_at = self.event.starts_at;
        self.chore_at = Some(self.chore_at.map_or(starts_at, |at| at.min(starts_at)));
    }

    /// What has to be done before anything new is decided, at most `limit` of each: expires lapsed holds; then cancels the
    /// tickets of a cancelled event, sends the waitlist of one that began home, or else serves the waitlist. Returns
    /// whether there may be more.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn tend(&mut self, limit: u32) -> Result<bool, Error> {
        if self.expire_due(limit).await? {
            return Ok(true);
        }
        match self.chore_at {
            None => Ok(false),
            Some(_) if self.event.status == EventStatus::Cancelled => self.drain(limit).await,
            Some(_) if self.event.starts_at <= self.now => self.send_home(limit).await,
            Some(_) => self.promote(limit).await,
        }
    }

    /// Expires holds that have run out, at most `limit`. Returns whether there may be more: then nothing else can be
    /// decided yet.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn expire_due(&mut self, limit: u32) -> Result<bool, Error> {
        let expired = ticket::expire_due(self.tx, self.event.id, self.now, limit).await?;
        self.give_back(expired.iter().map(|ticket| ticket.party_size).sum())?;
        let ids = expired.iter().map(|ticket| ticket.id);
        self.record("expire", Some(TicketStatus::Reserved), TicketStatus::Expired, ids).await?;
        let more = expired.len() >= limit as usize;
        if more && self.chore_at.is_some() {
            // Nobody in line has been served yet, and perhaps no hold is left that would make anybody look again.
            self.leave_to_workers();
        }
        Ok(more)
    }

    /// Offers free seats to those in line, at most `limit` of them. Returns whether there may be more to serve: a worker
    /// goes on with it, before any newcomer.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn promote(&mut self, limit: u32) -> Result<bool, Error> {
        if self.chore_at.is_none() || !self.is_open() {
            return Ok(false);
        }
        if self.available == 0 {
            self.chore_at = Some(self.event.starts_at);
            return Ok(false);
        }
        let line = waitlist::read(self.tx, self.event.id, self.available, limit).await?;
        let mut chosen = waitlist::choose(self.available, &line.who);
        chosen.truncate(limit as usize);
        // One that was cut off, or a stretch that was: whoever comes next may fit as well.
        let more = chosen.len() >= limit as usize;
        self.chore_at = match (more, line.waits) {
            (true, _) => Some(NOW),
            (false, true) => Some(self.event.starts_at),
            (false, false) => None,
        };
        if !chosen.is_empty() {
            self.offer(&chosen).await?;
        }
        Ok(more)
    }

    async fn offer(&mut self, chosen: &[Chosen]) -> Result<(), Error> {
        let line = waitlist::behind(self.tx, self.event.id, chosen).await?;
        let expires_at = self.event.offer_ends_at(self.now);
        waitlist::promote(self.tx, chosen, expires_at, self.now).await?;
        crate::fault_point!("promote.before_seats");
        self.take(chosen.iter().map(|chosen| chosen.who.party_size).sum())?;
        self.next_expiry = Some(expires_at);
        let moved: Vec<Moved> = chosen.iter().map(|chosen| reason(chosen, &line)).collect();
        let step = Step::ticket("promote", Some(TicketStatus::Waitlisted), TicketStatus::Reserved);
        audit::record_of(self.tx, &self.event, self.actor, &step, &moved, self.now).await
    }

    /// The event began: nobody in line will be served any more.
    async fn send_home(&mut self, limit: u32) -> Result<bool, Error> {
        let ids = waitlist::expire(self.tx, self.event.id, self.now, limit).await?;
        let more = ids.len() >= limit as usize;
        self.chore_at = more.then_some(NOW);
        self.record("expire", Some(TicketStatus::Waitlisted), TicketStatus::Expired, ids).await?;
        Ok(more)
    }

    /// The event was cancelled: its live tickets are.
    async fn drain(&mut self, limit: u32) -> Result<bool, Error> {
        let live = ticket::live(self.tx, self.event.id, limit).await?;
        ticket::cancel_all(self.tx, &live, self.now).await?;
        for status in
            [TicketStatus::Waitlisted, TicketStatus::Reserved, TicketStatus::Confirmed, TicketStatus::CheckedIn]
        {
            let those = live.iter().filter(|ticket| ticket.status == status);
            if status != TicketStatus::Waitlisted {
                self.give_back(those.clone().map(|ticket| ticket.party_size).sum())?;
            }
            self.record("cancel", Some(status), TicketStatus::Cancelled, those.map(|ticket| ticket.id)).await?;
        }
        let more = live.len() >= limit as usize;
        self.chore_at = more.then_some(NOW);
        Ok(more)
    }

    async fn record(
        &self,
        action: &'static str,
        from: Option<TicketStatus>,
        to: TicketStatus,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<(), Error> {
        let moved: Vec<Moved> = ids.into_iter().map(Moved::plain).collect();
        audit::record_of(self.tx, &self.event, self.actor, &Step::ticket(action, from, to), &moved, self.now).await
    }

    /// Writes the sum of it all, if anything changed.
    ///
    /// # Errors
    /// [`Error::Guard`] when more seats would be free than there are, or fewer than none; otherwise what the database
    /// answered.
    pub async fn save(self) -> Result<(), Error> {
        let now = (self.capacity, self.available, self.chore_at);
        let is_same = now == (self.event.capacity, self.event.available_spots, self.event.chore_at);
        if is_same {
            return Ok(());
        }
        let (gain, capacity) = (self.available - self.event.available_spots, self.capacity);
        let sold_out_at = (self.available == 0).then_some(self.now);
        let update = sql(
            &**self.tx,
            "UPDATE event SET capacity = ?, available_spots = available_spots + ?, chore_at = ?,
             sold_out_at = coalesce(sold_out_at, ?)
             WHERE id = ? AND capacity = ? AND available_spots + ? BETWEEN 0 AND ?",
            values![capacity, gain, self.chore_at, sold_out_at, self.event.id, self.event.capacity, gain, capacity],
        );
        guard("seats::save", 1, self.tx.execute_raw(update).await?.rows_affected())?;
        // Only workers go on with what is left.
        if self.chore_at == Some(NOW) { announce(self.tx, Topic::Intents).await } else { Ok(()) }
    }
}

/// Why this one was served before the next in line: it came first, or the other's party did not fit.
fn reason(chosen: &Chosen, line: &[waitlist::Waiting]) -> Moved {
    let next = line.iter().find(|waiting| waiting.seq > chosen.who.seq);
    let next = next.map_or_else(String::new, |next| {
        format!(",\"next\":{{\"seq\":{},\"party_size\":{}}}", next.seq, next.party_size)
    });
    let detail = format!(
        "{{\"seq\":{},\"party_size\":{},\"free_seats\":{}{next}}}",
        chosen.who.seq, chosen.who.party_size, chosen.free
    );
    Moved { detail: Some(detail), ..Moved::plain(chosen.who.id) }
}
