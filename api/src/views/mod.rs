//! What clients see of the tables: the schemas of the OpenAPI document.

mod account;
mod edit_event;
mod event;
mod login;
mod new_event;
mod registration;
mod ticket;

pub(crate) use account::{Account, AccountChange, AccountPage, Me, NewAccount, is_fit_password};
pub(crate) use edit_event::EditEvent;
pub(crate) use event::{Event, EventEffect, EventPage};
pub(crate) use login::{Credentials, LogOut, PasswordChange, RefreshRequest, Tokens};
pub(crate) use new_event::{NewEvent, NewEventStatus};
pub(crate) use registration::{NewRegistration, Registration, Status as RegistrationStatus};
pub(crate) use ticket::{EditTicket, Ticket};
