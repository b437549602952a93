//! What clients see of the tables: the schemas of the OpenAPI document.

mod analytics;
mod attendee;
mod edit_event;
mod event;
mod mine;
mod new_event;
mod registration;
mod summary;
mod ticket;

pub(crate) use analytics::{Analytics, AnalyticsPoint, Interval, OutcomeCounts};
pub(crate) use attendee::{Attendee, AttendeePage, WaitingAttendee, WaitlistPage};
pub(crate) use edit_event::EditEvent;
pub(crate) use event::{Event, EventEffect, EventPage};
pub(crate) use mine::{RegistrationPage, TicketPage};
pub(crate) use new_event::NewEvent;
pub(crate) use registration::{NewRegistration, RefusalCode, Registration, Status as RegistrationStatus};
pub(crate) use summary::{OwnEvent, OwnEventPage};
pub(crate) use ticket::{EditTicket, Status as TicketStatus, Ticket};
