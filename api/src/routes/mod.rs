//! The operations, one file for each kind of thing. Arguments are read in order, so the caller comes first, then
//! headers, then the body: who may not ask learns nothing about the rest of a request.

mod accounts;
mod auth;
mod events;
mod health;
mod lifecycle;
mod me;
mod registrations;
mod tickets;

use poem_openapi::{OpenApi, Tags};

/// How the operations are grouped in the document.
#[derive(Tags)]
enum Tag {
    /// What people register for.
    Events,
    /// Asking for seats.
    Registrations,
    /// Holding seats.
    Tickets,
    /// Who people are.
    Accounts,
    /// For whoever runs the service.
    Operations,
}

/// Every operation. They find the `App` in the request.
pub(crate) fn operations() -> impl OpenApi {
    (
        events::Events,
        lifecycle::Lifecycle,
        registrations::Registrations,
        tickets::Tickets,
        auth::Auth,
        me::Mine,
        accounts::Accounts,
        health::Health,
    )
}
