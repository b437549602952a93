//! The HTTP side of Turnout: decides whether a caller may ask, and writes intents; what happens to them, workers
//! decide.
//!
//! - `http` is what HTTP needs before a request means anything: connections, limits, who is calling, bodies, problems;
//! - `routes` are the operations and `views` what clients see; `openapi` is the published document;
//! - `intake` makes intents durable, many in one transaction; `watch` and `progress` serve those who wait;
//! - `accounts` is who people are: signing up, logging in, tokens, roles;
//! - `lifecycle`, `own_ticket` and `cancel` are use cases: one guarded transaction each;
//! - `secret` is what tokens and ticket codes are made from;
//! - `settings`, `serve` and `cli` make a process of it.

mod accounts;
mod app;
mod attempt;
mod cancel;
mod cli;
mod http;
mod intake;
mod lifecycle;
mod openapi;
mod own_ticket;
mod progress;
mod routes;
mod secret;
mod serve;
mod settings;
mod views;
mod watch;

pub use cli::main;

/// The OpenAPI document, as `openapi.json` holds it.
pub fn openapi_document() -> String {
    openapi::document(&openapi::service(routes::operations()))
}
