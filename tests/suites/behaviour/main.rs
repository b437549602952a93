//! What Turnout does, seen from outside, on both databases. Every test starts the real programs.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod accounts;
mod answers;
mod callers;
mod canary;
mod clocks;
mod confirms;
mod disk;
mod door;
mod edge;
mod events;
mod fault_points;
mod faults;
mod fuzz;
mod guarded;
mod holds;
mod journeys;
mod keys;
mod lanes;
mod lifecycle;
mod limits;
mod mine;
mod model;
mod openapi;
mod operators;
mod organizer;
mod page;
mod plans;
mod reads;
mod sale;
mod schemas;
mod settings;
mod shutdown;
mod simulation;
mod upkeep;
mod verify;
mod waiting;
mod waitlist;
