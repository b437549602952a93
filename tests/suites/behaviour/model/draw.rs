//! What happens next, drawn by chance.

use fastrand::Rng;

use super::{
    event::{Event, Millis, Status},
    rules::{ALL, Act, Model, PARTY_MAX, With},
};

/// How often each kind of act is drawn, relative to the others.
const WEIGHTS: &[(u32, Kind)] = &[
    (30, Kind::Register),
    (18, Kind::Settle),
    (5, Kind::Reap),
    (12, Kind::Ticket(With::Confirm)),
    (10, Kind::Ticket(With::Cancel)),
    (8, Kind::Ticket(With::Extend)),
    (3, Kind::Ticket(With::CheckIn)),
    (2, Kind::Ticket(With::Undo)),
    (4, Kind::Ticket(With::Look)),
    (5, Kind::Resize),
    (1, Kind::Cancel),
    (6, Kind::Advance),
    (6, Kind::ToBoundary),
];

/// One act in so many is cut off by a crash after one of its first statements.
pub(super) const CRASH_EVERY: u32 = 8;
pub(super) const CRASH_STATEMENTS_MAX: i64 = 16;

/// One act in so many is done at the same time as another.
pub(super) const PAIR_EVERY: u32 = 16;

const EVENTS: usize = 3;
const PEOPLE: usize = 6;
const KEYS: usize = 6;
pub(super) const WORKERS: usize = 3;

#[derive(Clone, Copy)]
enum Kind {
    Register,
    Settle,
    Reap,
    Ticket(With),
    Resize,
    Cancel,
    Advance,
    /// To about when a hold ends or an event begins.
    ToBoundary,
}

/// Small events, so that little has to happen until they are full.
pub(super) fn events(rng: &mut Rng, round: u64, now: Millis) -> Vec<Event> {
    let event = |n| Event {
        name: format!("{round}.{n}"),
        capacity: rng.i64(1..=6),
        hold: rng.i64(1..=4) * 1000,
        offer: rng.i64(1..=4) * 1000,
        has_waitlist: rng.u8(..3) > 0,
        starts_at: now + rng.i64(10..60) * 1000,
        is_cancelled: false,
        jobs: vec![],
        turn: 0,
        chore_at: None,
    };
    (0..EVENTS).map(event).collect()
}

pub(super) fn act(rng: &mut Rng, model: &Model) -> Act {
    let event = rng.usize(..model.events.len());
    match kind(rng) {
        Kind::Register => Act::Register {
            event,
            person: rng.usize(..PEOPLE),
            key: rng.usize(..KEYS),
            party: if rng.u8(..2) == 0 { 1 } else { rng.i64(1..=PARTY_MAX + 1) },
        },
        Kind::Settle => {
            let (worker, jobs, look) = (rng.usize(..WORKERS), limit(rng), rng.bool());
            let limit = limit(rng);
            let is_determined = model.events.iter().all(|event| event.is_determined(model.now, limit));
            Act::Settle { worker, jobs, chores: if is_determined { limit } else { ALL }, look }
        }
        Kind::Reap => {
            let (worker, limit) = (rng.usize(..WORKERS), limit(rng));
            let is_determined = model.events[event].is_determined(model.now, limit);
            Act::Reap { worker, event, limit: if is_determined { limit } else { ALL } }
        }
        Kind::Ticket(what) => on_ticket(rng, model, event, what).unwrap_or(Act::Advance(1)),
        Kind::Resize => Act::Resize { event, capacity: rng.i64(1..=8) },
        Kind::Cancel => Act::Cancel { event },
        Kind::Advance => Act::Advance(rng.i64(1..1500)),
        Kind::ToBoundary => Act::Advance(to_boundary(rng, model)),
    }
}

/// The same with nothing cut off half-way, for when the order of two acts is open.
pub(super) fn whole(act: Act) -> Act {
    match act {
        Act::Settle { worker, look, .. } => Act::Settle { worker, jobs: ALL, chores: ALL, look },
        Act::Reap { worker, event, .. } => Act::Reap { worker, event, limit: ALL },
        other => other,
    }
}

fn kind(rng: &mut Rng) -> Kind {
    let total = WEIGHTS.iter().map(|(weight, _)| *weight).sum();
    let mut left = rng.u32(0..total);
    for (weight, kind) in WEIGHTS {
        if left < *weight {
            return *kind;
        }
        left -= weight;
    }
    Kind::Advance
}

fn limit(rng: &mut Rng) -> usize {
    rng.choice([1, 2, 3, 5, ALL]).unwrap_or(ALL)
}

/// Rather one that is alive.
fn on_ticket(rng: &mut Rng, model: &Model, event: usize, what: With) -> Option<Act> {
    let jobs = &model.events[event].jobs;
    let is_live = |status| ![Status::Cancelled, Status::Expired].contains(&status);
    let any = rng.u8(..4) == 0;
    let wanted = |at: &usize| jobs[*at].ticket.as_ref().is_some_and(|ticket| any || is_live(ticket.status));
    let wanted: Vec<usize> = (0..jobs.len()).filter(wanted).collect();
    let extended = |at: &usize| jobs[*at].ticket.as_ref().map_or(0, |ticket| ticket.extensions);
    // One is seldom extended again by chance.
    let again = wanted.iter().copied().max_by_key(extended).filter(|_| what == With::Extend && rng.bool());
    let job = again.or_else(|| rng.choice(wanted))?;
    Some(Act::Ticket { event, job, what })
}

fn to_boundary(rng: &mut Rng, model: &Model) -> Millis {
    let holds = model.events.iter().flat_map(|event| &event.jobs).filter_map(|job| job.ticket.as_ref());
    let ends = holds.filter(|ticket| ticket.status == Status::Reserved).filter_map(|ticket| ticket.expires_at);
    let starts = model.events.iter().map(|event| event.starts_at);
    let next = ends.chain(starts).filter(|at| *at > model.now).min().unwrap_or(model.now + 1);
    // Time goes on by 1 before the next act, so that this is before, at and after it.
    (next - model.now - rng.i64(0..3)).max(1)
}
