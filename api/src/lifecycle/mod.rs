//! The life of an event: made, published, edited, cancelled. Each is one transaction that holds the event's row.

mod cancel;
mod create;
mod edit;
mod publish;

pub(crate) use cancel::cancel;
pub(crate) use create::{Ids, create};
pub(crate) use edit::{Edit, edit};
pub(crate) use publish::publish;

use entity::{
    Error, Millis, Transaction, Viewer,
    audit::{self, Actor, Moved, Step},
    event::{self, EventStatus, Managed},
};
use uuid::Uuid;

use crate::{
    http::problem::{Code, Problem},
    views::{Event, EventEffect},
};

/// What became of an event, or why nothing did.
pub(crate) type Outcome = Result<Event, Problem>;

/// The event, locked, if this viewer may manage it; the inner error says why not.
async fn lock(tx: &Transaction, id: Uuid, viewer: &Viewer) -> Result<Result<event::Model, Problem>, Error> {
    event::lock(tx, id).await?;
    Ok(match event::find_for_manager(&**tx, id, viewer).await? {
        Managed::Yours(event) => Ok(event),
        Managed::Others => Err(Code::Forbidden.into()),
        Managed::Hidden => Err(Code::NotFound.into()),
    })
}

/// The event as it is now, with what the change meant for other people.
async fn read_back(tx: &Transaction, id: Uuid, effect: Option<EventEffect>) -> Result<Event, Error> {
    let event = event::find(&**tx, id).await?;
    let event = event.ok_or(Error::Guard { what: "event::find", expected: 1, actual: 0 })?;
    Ok(Event { effect, ..event.into() })
}

async fn record(
    tx: &Transaction,
    event: &event::Model,
    actor: &Actor,
    (action, to): (&'static str, EventStatus),
    detail: Option<String>,
    now: Millis,
) -> Result<(), Error> {
    let step = Step::event(action, Some(event.status), to);
    audit::record_of(tx, event, actor, &step, &[Moved { detail, ..Moved::plain(event.id) }], now).await
}
