//! Lists of a caller's own things on the wire.

use poem_openapi::{Object, types::Example};

use super::{Registration, Ticket};
use crate::http::query::SeqCursor;

/// Some tickets, the newest first.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct TicketPage {
    /// The tickets of this page.
    pub data: Vec<Ticket>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for TicketPage {
    fn example() -> Self {
        Self { data: vec![Ticket::example()], next_cursor: Some(SeqCursor::write(42)) }
    }
}

/// Some registrations, the newest first.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct RegistrationPage {
    /// The registrations of this page.
    pub data: Vec<Registration>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for RegistrationPage {
    fn example() -> Self {
        Self { data: vec![Registration::example()], next_cursor: Some(SeqCursor::write(42)) }
    }
}
