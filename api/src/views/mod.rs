//! What clients see of the tables: the schemas of the OpenAPI document.

mod event;
mod new_event;
mod registration;
mod ticket;

pub(crate) use event::{Event, EventPage};
pub(crate) use new_event::NewEvent;
pub(crate) use registration::{NewRegistration, Registration, Status as RegistrationStatus};
pub(crate) use ticket::Ticket;
