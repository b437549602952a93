//! What the processes of Turnout must agree on: tables, states, rules and statements.
//!
//! - [`Database`] opens SQLite or PostgreSQL and begins the transactions; [`Changes`] tells when somebody committed.
//! - [`event`], [`job`] and [`ticket`] hold one table each: its row, its states and every statement on it, noun first
//!   (`ticket::expire_due`). The queue's two halves, [`job::enqueue`] and [`job::claim`]/[`job::complete`], stand side
//!   by side. [`registration`] is the client's view of a job and the ticket it led to.
//! - [`Seats`] is the only way in which seats move; [`waitlist`] decides who gets those that come free.
//! - [`simulation`] and [`rehearsal`] are about hidden copies of events on which a sale is tried out.
//! - [`summary`], [`attendees`] and [`analytics`] are what an organizer sees of an event; [`mine`] is what anybody sees
//!   of their own.
//! - [`account`] and [`session`] are who people are and where they are logged in.
//! - [`audit`] is the record of every change of state, written with it.
//! - [`verify`] checks the promises against the rows themselves.
//! - [`queue`] and [`worker`] tell operators how much waits and who is at work.
//! - [`fault`] is how tests make a process fail where it hurts.
//! - [`Viewer`] and [`Audience`] decide who may see what; [`Seen`] is a row that was read for several viewers at once.
//! - Use cases (`submit`, `settle`, `confirm`) live in the crates above and put these statements together.
//!
//! This crate knows no HTTP, reads no clock and no environment, and spawns nothing but two threads that wait for the
//! system, one for locks and one for the disk. Statements that change rows take a
//! [`Transaction`], because only that holds SQLite's write lock from its start; statements that read take any
//! connection. All of them return a count or the rows that really moved, and callers check it.

pub mod account;
pub mod analytics;
pub mod attendees;
pub mod audit;
mod backup;
mod clock;
mod db;
mod email;
mod error;
pub mod event;
pub mod fault;
pub mod job;
mod manage;
pub mod mine;
mod public;
pub mod queue;
pub mod registration;
pub mod rehearsal;
pub mod seats;
mod seen;
pub mod session;
pub mod simulation;
pub mod summary;
pub mod ticket;
pub mod verify;
mod viewer;
pub mod waitlist;
mod wake;
pub mod worker;

pub use clock::{Clock, Millis};
pub use db::{Database, Durability, Kind, Options, Snapshot, Transaction, Turn, Writes};
pub use email::{Email, InvalidEmail};
pub use error::Error;
pub use seats::Seats;
pub use seen::Seen;
pub use viewer::{Audience, Viewer};
pub use wake::{Changes, Topic, announce};
