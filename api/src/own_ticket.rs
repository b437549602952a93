//! What the owner of a ticket does with it, besides confirming it: extend, rename. One row, locked, judged by the time at
//! which the lock was had; the event's row is only read.

use entity::{
    Database, Error, Millis, Topic, Transaction, Viewer, announce,
    audit::{self, Actor, Moved, Step},
    event::{self, EventStatus},
    ticket::{self, TicketStatus},
};
use uuid::Uuid;

use crate::{attempt::PATIENCE, http::problem::Code, views::Ticket};

/// A ticket of the caller's, locked.
struct Own {
    tx: Transaction,
    ticket: ticket::Model,
    event: event::Model,
    now: Millis,
}

/// Locks the ticket, if it is there and the viewer owns it.
async fn lock(database: &Database, id: Uuid, viewer: &Viewer) -> Result<Result<Own, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    // The row first, then the time: what the lock's last holder did happened before this time.
    let Some(ticket) = ticket::lock(&tx, id, viewer).await? else { return Ok(Err(Code::NotFound)) };
    let now = tx.now().await?;
    if ticket.email != viewer.email.as_str() {
        return Ok(Err(Code::Forbidden));
    }
    let event = event::find(&*tx, ticket.event_id).await?;
    let event = event.ok_or(Error::Guard { what: "event::find", expected: 1, actual: 0 })?;
    Ok(Ok(Own { tx, ticket, event, now }))
}

impl Own {
    /// Records what was done, makes it durable, and reads the ticket as it is now.
    async fn finish(self, action: &'static str, actor: &Actor, detail: Option<String>) -> Result<Ticket, Error> {
        let Self { tx, ticket: before, event, now } = self;
        let changed = ticket::find_many(&*tx, &[before.id]).await?.pop();
        let changed = changed.ok_or(Error::Guard { what: "ticket::find", expected: 1, actual: 0 })?;
        let step = Step::ticket(action, Some(before.status), changed.status);
        audit::record_of(&tx, &event, actor, &step, &[Moved { detail, ..Moved::plain(changed.id) }], now).await?;
        announce(&tx, Topic::Changes).await?;
        tx.commit().await?;
        Ok(Ticket::at(&changed, now))
    }

    fn status(&self) -> TicketStatus {
        self.ticket.status_at(self.now)
    }
}

/// Lets a hold last as long again as it did at first, from now on, at most `times_max` times and not while anybody waits
/// for seats. The inner error is a refusal.
pub(crate) async fn extend(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
    times_max: u32,
) -> Result<Result<Ticket, Code>, Error> {
    let own = match lock(&database, id, &viewer).await? {
        Ok(own) => own,
        Err(code) => return Ok(Err(code)),
    };
    if own.event.status == EventStatus::Cancelled {
        return Ok(Err(Code::EventCancelled));
    }
    let is_offer = own.ticket.offered_at.is_some();
    let ends_at = if is_offer { own.event.offer_ends_at(own.now) } else { own.event.hold_ends_at(own.now) };
    // The event may have been edited since: nobody loses time by asking for more.
    let ends_at = ends_at.max(own.ticket.expires_at.unwrap_or(ends_at));
    if ticket::extend(&own.tx, id, &viewer.email, ends_at, times_max, own.now).await? {
        let detail = format!("{{\"extension\":{}}}", own.ticket.extensions + 1);
        return own.finish("extend", &actor, Some(detail)).await.map(Ok);
    }
    Ok(Err(match own.status() {
        TicketStatus::Expired => Code::HoldExpired,
        TicketStatus::Cancelled => Code::TicketCancelled,
        TicketStatus::Waitlisted => Code::TicketWaitlisted,
        TicketStatus::Confirmed | TicketStatus::CheckedIn => Code::TicketConfirmed,
        TicketStatus::Reserved if own.ticket.extensions >= i64::from(times_max) => Code::ExtendedTooOften,
        TicketStatus::Reserved => Code::PeopleWaiting,
    }))
}

/// Gives the person on a live ticket another name. The inner error is a refusal.
pub(crate) async fn rename(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
    name: String,
) -> Result<Result<Ticket, Code>, Error> {
    let own = match lock(&database, id, &viewer).await? {
        Ok(own) => own,
        Err(code) => return Ok(Err(code)),
    };
    let is_live = !matches!(own.status(), TicketStatus::Expired | TicketStatus::Cancelled);
    if is_live && ticket::rename(&own.tx, id, &viewer.email, &name).await? {
        return own.finish("rename", &actor, None).await.map(Ok);
    }
    Ok(Err(if own.status() == TicketStatus::Cancelled { Code::TicketCancelled } else { Code::TicketExpired }))
}
