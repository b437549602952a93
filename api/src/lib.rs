//! The HTTP side of Turnout: decides whether a caller may ask, and writes intents; what happens to them, workers
//! decide.
//!
//! - `http` is what HTTP needs before a request means anything: connections, limits, who is calling, bodies, problems;
//! - `routes` are the operations and `views` what clients see; `openapi` is the published document;
//! - `group` does for many at once what they ask for at the same time: `intake` makes intents durable, `confirm` confirms
//!   tickets, `reads` looks registrations and tickets up;
//! - `watch` and `progress` serve those who wait;
//! - `accounts` is who people are: signing up, logging in, tokens, roles;
//! - `lifecycle`, `own_ticket`, `cancel`, `check_in` and `operate` are use cases: guarded transactions;
//! - `simulation` rehearses a sale on a hidden copy of an event;
//! - `page` serves the web page, the files of `api/page/`, which is an ordinary client of all this;
//! - `queue` and `metrics` tell operators how the service is doing;
//! - `export` writes attendees as CSV, and `verify` prints what breaks a promise;
//! - `secret` is what tokens and the codes of tickets (`code`, `qr`) are made from; `calendar` writes calendar files;
//! - `settings`, `serve` and `cli` make a process of it; `backup` copies the database.

mod accounts;
mod app;
mod attempt;
mod backup;
mod baseline;
mod calendar;
mod cancel;
mod check_in;
mod cli;
mod code;
mod confirm;
mod export;
mod group;
mod http;
mod intake;
mod lifecycle;
mod long_reads;
mod metrics;
mod openapi;
mod operate;
mod own_ticket;
mod page;
mod progress;
mod qr;
mod queue;
mod readiness;
mod reads;
mod routes;
mod secret;
mod serve;
mod settings;
mod simulation;
#[cfg(test)]
mod unsynced;
mod verify;
mod views;
mod watch;

pub use baseline::{Baseline, serve_baseline};
pub use cli::{answer_inside, main, serve_inside};

/// The OpenAPI document, as `openapi.json` holds it.
pub fn openapi_document() -> String {
    openapi::document(&openapi::service(routes::operations()))
}

/// Every code of a problem, with its status and what it tells people: for the catalogue in the README.
pub fn problem_codes() -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    http::problem::Code::ALL.iter().map(|code| (code.as_str(), code.status().as_u16(), code.detail()))
}
