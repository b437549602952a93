//! What clients see of the tables: the schemas of the OpenAPI document.

mod edit_event;
mod event;
mod new_event;
mod registration;
mod ticket;

pub(crate) use edit_event::EditEvent;
pub(crate) use event::{Event, EventEffect, EventPage};
pub(crate) use new_event::NewEvent;
pub(crate) use registration::{NewRegistration, Registration, Status as RegistrationStatus};
pub(crate) use ticket::{EditTicket, Ticket};
