//! The operations, one file for each kind of thing. Arguments are read in order, so the caller comes first, then
//! headers, then the body: who may not ask learns nothing about the rest of a request.

mod accounts;
mod auth;
mod check_ins;
mod events;
mod health;
mod jobs;
mod lifecycle;
mod me;
mod mine;
mod operators;
mod organizer;
pub(crate) mod registrations;
mod simulations;
mod ticket_files;
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
    /// Letting people in.
    #[oai(rename = "Check-ins")]
    CheckIns,
    /// Who people are.
    Accounts,
    /// For whoever runs the service.
    Operations,
}

/// Every operation. They find the `App` in the request.
pub(crate) fn operations() -> impl OpenApi {
    (
        (events::Events, lifecycle::Lifecycle, organizer::Organizers),
        (registrations::Registrations, tickets::Tickets, ticket_files::TicketFiles, mine::Mine),
        check_ins::CheckIns,
        (auth::Auth, me::Mine, accounts::Accounts),
        (simulations::Simulations, jobs::Jobs, operators::Operators, health::Health),
    )
}
