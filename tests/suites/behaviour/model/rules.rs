//! What everybody may do with a few events, one thing after another, and what they are told.

use super::event::{Decision, Event, Job, Millis, Status};

/// More than there ever is to do.
pub(super) const ALL: usize = 500;

/// Seats of one ticket at most.
pub(super) const PARTY_MAX: i64 = 3;

/// How often a hold may be extended.
const EXTENSIONS_MAX: u32 = 2;

/// Something that is done. `job` is a place in the order of arrival.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Register { event: usize, person: usize, key: usize, party: i64 },
    Ticket { event: usize, job: usize, what: With },
    Resize { event: usize, capacity: i64 },
    Cancel { event: usize },
    Settle { worker: usize, jobs: usize, chores: usize, look: bool },
    Reap { worker: usize, event: usize, limit: usize },
    Advance(Millis),
}

/// What is done with a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    Look,
    Confirm,
    Cancel,
    Extend,
    CheckIn,
    Undo,
}

/// The status code, and the code of the problem or the status in the answer; which registration, if it is about one.
pub(super) type Told = (u16, &'static str, Option<(usize, usize)>);

const NOTHING: Told = (0, "", None);

#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) now: Millis,
    /// In order of their ids.
    pub(super) events: Vec<Event>,
    turn: u64,
}

impl Model {
    pub(super) fn new(now: Millis, events: Vec<Event>) -> Self {
        Self { now, events, turn: 0 }
    }

    pub(super) fn act(&mut self, act: &Act) -> Told {
        let now = self.now;
        match *act {
            Act::Register { event, person, key, party } => self.register(event, person, key, party),
            Act::Ticket { event, job, what } => self.ticket(event, job, what),
            Act::Resize { event, capacity } => self.resize(event, capacity),
            Act::Cancel { event } => self.cancel(event),
            Act::Settle { jobs, chores, .. } => self.settle(jobs, chores),
            Act::Reap { event, limit, .. } => {
                self.events[event].tend(now, limit);
                NOTHING
            }
            Act::Advance(millis) => {
                self.now += millis;
                NOTHING
            }
        }
    }

    /// The first with a key wins; with the same request everybody else has its registration.
    fn register(&mut self, event: usize, person: usize, key: usize, party: i64) -> Told {
        let of_key = |job: &Job| (job.person, job.key) == (person, key);
        for (place, other) in self.events.iter().enumerate() {
            let Some(at) = other.jobs.iter().position(of_key) else { continue };
            if (place, other.jobs[at].party) != (event, party) {
                return (422, "idempotency_key_reused", None);
            }
            let (code, status) = match other.jobs[at].decision {
                None => (202, "pending"),
                Some(Decision::Granted(status)) => (200, status.name()),
                Some(Decision::Refused(..)) => (200, "refused"),
            };
            return (code, status, Some((event, at)));
        }
        let Event { is_cancelled, starts_at, jobs, .. } = &mut self.events[event];
        if party > PARTY_MAX {
            return (422, "invalid_request", None);
        } else if *is_cancelled {
            return (409, "event_cancelled", None);
        } else if *starts_at <= self.now {
            return (409, "registration_closed", None);
        }
        jobs.push(Job { person, key, party, decision: None, ticket: None });
        (202, "pending", Some((event, jobs.len() - 1)))
    }

    fn ticket(&mut self, event: usize, job: usize, what: With) -> Told {
        let now = self.now;
        let event = &mut self.events[event];
        if what == With::Cancel {
            let (code, told) = give_up(event, job, now);
            return (code, told, None);
        }
        let (waits, is_cancelled) = (event.anybody_waits(), event.is_cancelled);
        let (hold_ends_at, offer_ends_at) = (now + event.hold, event.offer_ends_at(now));
        let ticket = event.jobs[job].ticket.as_mut().expect("a ticket");
        let status = ticket.status_at(now);
        if what == With::Look {
            return (200, status.name(), None);
        }
        let (code, told) = match (what, status) {
            (With::Undo, Status::CheckedIn) => ticket.turn(200, Status::Confirmed),
            (With::Undo, _) => (409, "not_checked_in"),
            _ if is_cancelled => (409, "event_cancelled"),
            (With::Confirm, Status::Reserved) => ticket.turn(200, Status::Confirmed),
            (With::Confirm, Status::Confirmed | Status::CheckedIn) => (200, status.name()),
            (With::CheckIn, Status::Confirmed) => ticket.turn(201, Status::CheckedIn),
            (With::CheckIn, Status::CheckedIn) => (409, "already_checked_in"),
            (With::CheckIn, Status::Reserved) => (409, "ticket_not_confirmed"),
            (With::CheckIn, Status::Expired) => (409, "ticket_expired"),
            (_, Status::Expired) => (410, "hold_expired"),
            (_, Status::Cancelled) => (409, "ticket_cancelled"),
            (_, Status::Waitlisted) => (409, "ticket_waitlisted"),
            (_, Status::Confirmed | Status::CheckedIn) => (409, "ticket_confirmed"),
            (_, Status::Reserved) if ticket.extensions >= EXTENSIONS_MAX => (409, "extended_too_often"),
            (_, Status::Reserved) if waits => (409, "people_waiting"),
            (_, Status::Reserved) => {
                let ends_at = if ticket.is_offer { offer_ends_at } else { hold_ends_at };
                ticket.expires_at = ticket.expires_at.max(Some(ends_at));
                ticket.extensions += 1;
                (200, "reserved")
            }
        };
        (code, told, None)
    }

    fn resize(&mut self, event: usize, capacity: i64) -> Told {
        let now = self.now;
        if self.events[event].is_cancelled {
            return (409, "event_cancelled", None);
        }
        let mut resized = self.events[event].clone();
        resized.expire_due(now, ALL);
        resized.capacity = capacity;
        if resized.available() < 0 {
            return (409, "capacity_below_held", None);
        }
        resized.chore_at = resized.chore_at.map(|_| 0);
        resized.promote(now, ALL);
        self.events[event] = resized;
        (200, "published", None)
    }

    fn cancel(&mut self, event: usize) -> Told {
        let event = &mut self.events[event];
        if !event.is_cancelled {
            if event.starts_at <= self.now {
                return (409, "event_ended", None);
            }
            (event.is_cancelled, event.chore_at) = (true, Some(0));
        }
        (200, "cancelled", None)
    }

    /// A pass: those served longest ago first, as many as fill the batch. The last of a full batch keeps its turn.
    fn settle(&mut self, jobs: usize, chores: usize) -> Told {
        let now = self.now;
        let is_due = |event: &Event| event.pending() > 0 || event.chore_at.is_some_and(|at| at <= now);
        let mut due: Vec<usize> = (0..self.events.len()).filter(|at| is_due(&self.events[*at])).collect();
        due.sort_by_key(|at| (self.events[*at].turn, *at));
        let (mut room, mut lanes) = (jobs, vec![]);
        for event in due {
            let count = self.events[event].pending().min(room);
            if room > 0 {
                lanes.push((event, count));
            }
            room = room.saturating_sub(count.max(1));
        }
        let mut is_busy = false;
        for (place, (event, count)) in lanes.iter().enumerate() {
            let event = &mut self.events[*event];
            let (has_chores, mut more) = (event.has_chores(now), false);
            if has_chores && is_busy {
                continue;
            }
            if has_chores {
                more = event.tend(now, chores);
                is_busy |= more;
            }
            if !more {
                event.decide(now, *count);
            }
            if place == 0 || place + 1 < lanes.len() || room > 0 {
                self.turn += 1;
                event.turn = self.turn;
            }
        }
        NOTHING
    }

    /// What nobody sees but workers, as the tables have it: whose turn it is, and when there are chores.
    pub(super) fn take_turns(&mut self, turns: Vec<(String, Option<Millis>)>) {
        for (name, chore_at) in turns {
            self.turn += 1;
            for event in self.events.iter_mut().filter(|event| event.name == name) {
                (event.turn, event.chore_at) = (self.turn, chore_at);
            }
        }
    }
}

/// Somebody gives a ticket up, as long as the event has not begun. Its seats go to whoever waits.
fn give_up(event: &mut Event, job: usize, now: Millis) -> (u16, &'static str) {
    event.expire_due(now, ALL);
    let has_begun = event.starts_at <= now;
    let ticket = event.jobs[job].ticket.as_mut().expect("a ticket");
    if !has_begun && [Status::Waitlisted, Status::Reserved, Status::Confirmed].contains(&ticket.status) {
        ticket.status = Status::Cancelled;
    }
    let status = ticket.status;
    event.promote(now, ALL);
    match status {
        Status::Cancelled => (200, "cancelled"),
        Status::CheckedIn => (409, "already_checked_in"),
        Status::Expired => (409, "ticket_expired"),
        _ => (409, "event_began"),
    }
}
