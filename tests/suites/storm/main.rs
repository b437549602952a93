//! Load, crashes and races: the promises under fire. One test at a time has the machine.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod abuse;
mod alone;
mod crash;
mod crashes;
mod fire;
mod load;
