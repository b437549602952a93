//! The promises, checked against the rows themselves: each check is a query that must find nothing.
//!
//! - [`Walk`] goes through all events, in short snapshots, and collects what the checks find.
//! - `seats`, `outcomes`, `order`, `line` and `record` hold what must be true after every commit, whoever works or does
//!   not: one row that is found means that a promise was broken. `late` holds what a worker has to do soon.
//! - [`runs`] is about when workers verify, and how much they have found.
//!
//! Nothing here writes but [`runs`], and no check trusts the total that it is about: seats are counted from the
//! tickets. What was pruned is gone with everything that could be said about it. A simulation's copy leaves no record,
//! so nothing of it is looked for there; the other checks hold for it too.

mod check;
mod late;
mod line;
mod order;
mod outcomes;
mod record;
pub mod runs;
mod seats;
mod walk;

use std::fmt;

use sea_orm::entity::prelude::*;

pub use walk::{Limits, Walk};

/// What kind of row a check names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An event.
    Event,
    /// A job.
    Job,
    /// A ticket.
    Ticket,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Job => "job",
            Self::Ticket => "ticket",
        })
    }
}

/// A row that a check found. It holds no e-mail and no key, so that it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// What it stands for, as a sentence that is not true of this row.
    pub promise: &'static str,
    /// The event that it is about.
    pub event_id: Uuid,
    /// What kind of row it is.
    pub thing: Thing,
    /// The row's id.
    pub id: Uuid,
    /// What is wrong with it, in numbers and states.
    pub detail: String,
}

impl Finding {
    /// Whether it is the same row, found by the same check.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.check, self.id) == (other.check, other.id)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, promise, event_id, thing, id, detail } = self;
        write!(f, "{check}: event {event_id}")?;
        if *thing != Thing::Event {
            write!(f, ", {thing} {id}")?;
        }
        write!(f, ": {detail} ({promise})")
    }
}

/// The names of all checks, in the order in which they are made on this kind of database.
pub fn checks(is_postgres: bool) -> Vec<&'static str> {
    let all = check::events().chain(check::jobs()).chain(late::CHECKS);
    all.filter(|check| check.is_for(is_postgres)).map(|check| check.name).collect()
}
