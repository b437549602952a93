//! An event as simply as it can be told: who asked, in order, and what became of each. The README's rules and nothing else.

/// Milliseconds.
pub(super) type Millis = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Waitlisted,
    Reserved,
    Confirmed,
    CheckedIn,
    Cancelled,
    Expired,
}

use Status::{Cancelled, CheckedIn, Confirmed, Expired, Reserved, Waitlisted};

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Waitlisted => "waitlisted",
            Reserved => "reserved",
            Confirmed => "confirmed",
            CheckedIn => "checked_in",
            Cancelled => "cancelled",
            Expired => "expired",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) status: Status,
    pub(super) expires_at: Option<Millis>,
    pub(super) is_offer: bool,
    pub(super) extensions: u32,
}

impl Ticket {
    pub(super) fn status_at(&self, now: Millis) -> Status {
        let lapsed = self.status == Reserved && self.expires_at.is_some_and(|at| at <= now);
        if lapsed { Expired } else { self.status }
    }

    /// It moves; what its owner is told of that.
    pub(super) fn turn(&mut self, code: u16, status: Status) -> (u16, &'static str) {
        self.status = status;
        (code, status.name())
    }
}

/// What a worker decided: also whether seats may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Granted(Status),
    Refused(&'static str, bool),
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) person: usize,
    pub(super) key: usize,
    pub(super) party: i64,
    pub(super) decision: Option<Decision>,
    pub(super) ticket: Option<Ticket>,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) capacity: i64,
    pub(super) hold: Millis,
    pub(super) offer: Millis,
    pub(super) has_waitlist: bool,
    pub(super) starts_at: Millis,
    pub(super) is_cancelled: bool,
    /// In order of arrival, which is the order of the line, too.
    pub(super) jobs: Vec<Job>,
    /// The lower, the sooner it is served.
    pub(super) turn: u64,
    /// When a worker has to look although nobody registers.
    pub(super) chore_at: Option<Millis>,
}

const AT_ONCE: Millis = 0;

impl Event {
    pub(super) fn available(&self) -> i64 {
        self.capacity - self.seats(&[Reserved, Confirmed, CheckedIn])
    }

    fn seats(&self, statuses: &[Status]) -> i64 {
        let holds = |job: &&Job| job.ticket.as_ref().is_some_and(|ticket| statuses.contains(&ticket.status));
        self.jobs.iter().filter(holds).map(|job| job.party).sum()
    }

    pub(super) fn tickets(&mut self) -> impl Iterator<Item = &mut Ticket> {
        self.jobs.iter_mut().filter_map(|job| job.ticket.as_mut())
    }

    pub(super) fn is_open(&self, now: Millis) -> bool {
        !self.is_cancelled && self.starts_at > now
    }

    pub(super) fn offer_ends_at(&self, now: Millis) -> Millis {
        (now + self.offer).min(self.starts_at)
    }

    pub(super) fn pending(&self) -> usize {
        self.jobs.iter().filter(|job| job.decision.is_none()).count()
    }

    pub(super) fn anybody_waits(&self) -> bool {
        self.jobs.iter().any(|job| job.ticket.as_ref().is_some_and(|ticket| ticket.status == Waitlisted))
    }

    /// When the holds that ran out did.
    pub(super) fn lapsed(&self, now: Millis) -> Vec<Millis> {
        let tickets = self.jobs.iter().filter_map(|job| job.ticket.as_ref());
        let holds = tickets.filter(|ticket| ticket.status == Reserved).filter_map(|ticket| ticket.expires_at);
        let mut lapsed: Vec<Millis> = holds.filter(|at| *at <= now).collect();
        lapsed.sort_unstable();
        lapsed
    }

    pub(super) fn has_chores(&self, now: Millis) -> bool {
        self.chore_at.is_some_and(|at| at <= now) || !self.lapsed(now).is_empty()
    }

    /// Whether so many chores at a time lead to one state only. Of holds that ran out together, and of the tickets of a
    /// cancelled event, anyone may be the first.
    pub(super) fn is_determined(&self, now: Millis, limit: usize) -> bool {
        let lapsed = self.lapsed(now);
        let is_tie = lapsed.len() > limit && lapsed[limit - 1] == lapsed[limit];
        !is_tie && !self.is_cancelled
    }

    /// What comes before new decisions. Returns whether there may be more of it.
    pub(super) fn tend(&mut self, now: Millis, limit: usize) -> bool {
        if self.expire_due(now, limit) {
            return true;
        }
        match self.chore_at {
            None => false,
            Some(_) if self.is_cancelled => {
                let more = self.end(&[Waitlisted, Reserved, Confirmed, CheckedIn], Cancelled, limit);
                self.chore_at = more.then_some(AT_ONCE);
                more
            }
            Some(_) if self.starts_at <= now => {
                let more = self.end(&[Waitlisted], Expired, limit);
                self.chore_at = more.then_some(AT_ONCE);
                more
            }
            Some(_) => self.promote(now, limit),
        }
    }

    /// The first so many tickets in these states end.
    fn end(&mut self, from: &[Status], to: Status, limit: usize) -> bool {
        let ended = self.tickets().filter(|ticket| from.contains(&ticket.status)).take(limit);
        ended.map(|ticket| ticket.status = to).count() >= limit
    }

    pub(super) fn expire_due(&mut self, now: Millis, limit: usize) -> bool {
        let lapsed = self.lapsed(now);
        let Some(last) = lapsed.get(..limit.min(lapsed.len())).and_then(|due| due.last()).copied() else {
            return false;
        };
        let due = |ticket: &&mut Ticket| ticket.status == Reserved && ticket.expires_at.is_some_and(|at| at <= last);
        let more = self.tickets().filter(due).map(|ticket| ticket.status = Expired).count() >= limit;
        if more && self.chore_at.is_some() {
            self.chore_at = Some(AT_ONCE);
        }
        more
    }

    /// Seats go to the first in line who fit.
    pub(super) fn promote(&mut self, now: Millis, limit: usize) -> bool {
        if self.chore_at.is_none() || !self.is_open(now) {
            return false;
        }
        let (mut free, mut served, waits) = (self.available(), 0, self.anybody_waits());
        if free == 0 {
            self.chore_at = Some(self.starts_at);
            return false;
        }
        let offer_ends_at = self.offer_ends_at(now);
        for job in &mut self.jobs {
            let Some(ticket) = job.ticket.as_mut().filter(|ticket| ticket.status == Waitlisted) else { continue };
            if served < limit && job.party <= free {
                (free, served) = (free - job.party, served + 1);
                *ticket = Ticket { status: Reserved, expires_at: Some(offer_ends_at), is_offer: true, extensions: 0 };
            }
        }
        let more = served >= limit;
        self.chore_at = if more { Some(AT_ONCE) } else { waits.then_some(self.starts_at) };
        more
    }

    /// The first so many pending jobs are decided.
    pub(super) fn decide(&mut self, now: Millis, count: usize) {
        for _ in 0..count {
            let Some(at) = self.jobs.iter().position(|job| job.decision.is_none()) else { return };
            let decision = self.decision(&self.jobs[at], now);
            if let Decision::Granted(status) = decision {
                let expires_at = (status == Reserved).then_some(now + self.hold);
                self.jobs[at].ticket = Some(Ticket { status, expires_at, is_offer: false, extensions: 0 });
                if status == Waitlisted {
                    self.chore_at = Some(self.chore_at.map_or(self.starts_at, |at| at.min(self.starts_at)));
                }
            }
            self.jobs[at].decision = Some(decision);
        }
    }

    fn decision(&self, job: &Job, now: Millis) -> Decision {
        let mut tickets = self.jobs.iter().filter(|other| other.person == job.person);
        let live = |other: &Job| other.ticket.as_ref().is_some_and(|t| ![Cancelled, Expired].contains(&t.status));
        let free = self.available();
        if self.is_cancelled {
            Decision::Refused("event_cancelled", false)
        } else if tickets.any(live) {
            Decision::Refused("already_registered", false)
        } else if job.party <= free {
            Decision::Granted(Reserved)
        } else if self.has_waitlist && self.is_open(now) && job.party <= self.capacity {
            Decision::Granted(Waitlisted)
        } else if free > 0 || job.party > self.capacity {
            Decision::Refused("not_enough_seats", false)
        } else {
            Decision::Refused("sold_out", job.party <= self.seats(&[Reserved]))
        }
    }
}
