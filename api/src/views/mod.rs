//! What clients see of the tables: the schemas of the OpenAPI document.

mod account;
mod analytics;
mod attendee;
mod audit_entry;
mod check_in;
mod edit_event;
mod event;
mod job;
mod login;
mod mine;
mod new_event;
mod queue;
mod registration;
mod simulation;
mod summary;
mod ticket;

pub(crate) use account::{Account, AccountChange, AccountPage, Me, NewAccount, is_fit_password};
pub(crate) use analytics::{Analytics, AnalyticsPoint, Interval, OutcomeCounts};
pub(crate) use attendee::{Attendee, AttendeePage, WaitingAttendee, WaitlistPage};
pub(crate) use audit_entry::{AuditEntity, AuditEntry, AuditPage};
pub(crate) use check_in::{CheckIn, CheckInUndo, NewCheckIn};
pub(crate) use edit_event::EditEvent;
pub(crate) use event::{Event, EventEffect, EventPage};
pub(crate) use job::{Job, JobPage, JobState, Retried};
pub(crate) use login::{Credentials, LogOut, PasswordChange, RefreshRequest, Tokens};
pub(crate) use mine::{RegistrationPage, TicketPage};
pub(crate) use new_event::{NewEvent, NewEventStatus};
pub(crate) use queue::{Queue, QueuedEvent};
pub(crate) use registration::{NewRegistration, RefusalCode, Registration, Status as RegistrationStatus};
pub(crate) use simulation::Simulation;
pub(crate) use summary::{OwnEvent, OwnEventPage};
pub(crate) use ticket::{EditTicket, Status as TicketStatus, Ticket};
