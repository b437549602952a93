//! What Turnout does, seen from outside, on both databases. Every test starts the real programs.

mod answers;
mod callers;
mod events;
mod faults;
mod holds;
mod keys;
mod lanes;
mod limits;
mod openapi;
mod sale;
mod settings;
mod shutdown;
