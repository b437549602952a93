//! The waitlist: who is served when seats come free.
//!
//! [`choose`] is the rule, a pure function: the first in line whose party fits. [`line`] reads who waits and moves those
//! who are served; [`crate::Seats`] puts both together with the seats.

mod choose;
mod line;

pub use choose::{Chosen, Waiting, choose};
pub use line::{Line, behind, expire, promote, read, seqs};
