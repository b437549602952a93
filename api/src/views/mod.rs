//! What clients see of the tables: the schemas of the OpenAPI document.

mod event;
mod registration;
mod ticket;

pub(crate) use event::{Event, EventPage, NewEvent};
pub(crate) use registration::{NewRegistration, Registration, Status as RegistrationStatus};
pub(crate) use ticket::Ticket;
