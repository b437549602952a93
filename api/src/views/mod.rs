//! What clients see of the tables: the schemas of the OpenAPI document.

mod audit_entry;
mod event;
mod job;
mod new_event;
mod queue;
mod registration;
mod ticket;

pub(crate) use audit_entry::{AuditEntity, AuditEntry, AuditPage};
pub(crate) use event::{Event, EventPage};
pub(crate) use job::{Job, JobPage, JobState, Retried};
pub(crate) use new_event::NewEvent;
pub(crate) use queue::{Queue, QueuedEvent};
pub(crate) use registration::{NewRegistration, RefusalCode, Registration, Status as RegistrationStatus};
pub(crate) use ticket::Ticket;
