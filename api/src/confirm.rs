//! Confirming a ticket: one row, locked, judged by the time at which the lock was had.

use entity::{
    Database, Error, Topic, Viewer, announce,
    audit::{self, Actor, Moved, Step},
    event::{self, EventStatus},
    ticket::{self, TicketStatus},
};
use uuid::Uuid;

use crate::{attempt::PATIENCE, http::problem::Code, views::Ticket};

/// Confirms a ticket for its owner. The inner error is a refusal.
pub(crate) async fn confirm(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
) -> Result<Result<Ticket, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    // The row first, then the time: what the lock's last holder did happened before this time.
    let Some(ticket) = ticket::lock(&tx, id, &viewer).await? else { return Ok(Err(Code::NotFound)) };
    let now = tx.now().await?;
    if ticket.email != viewer.email.as_str() {
        return Ok(Err(Code::Forbidden));
    }
    let event = event::find(&*tx, ticket.event_id).await?;
    let event = event.ok_or(Error::Guard { what: "event::find", expected: 1, actual: 0 })?;
    if event.status == EventStatus::Cancelled {
        return Ok(Err(Code::EventCancelled));
    }
    if !ticket::confirm(&tx, id, &viewer.email, now).await? {
        return Ok(already(ticket.status_at(now)).map(|()| Ticket::at(&ticket, now)));
    }
    let confirmed = ticket::lock(&tx, id, &viewer).await?.ok_or(Error::Guard {
        what: "ticket::confirm",
        expected: 1,
        actual: 0,
    })?;
    let step = Step::ticket("confirm", Some(TicketStatus::Reserved), TicketStatus::Confirmed);
    audit::record_of(&tx, &event, &actor, &step, &[Moved::plain(id)], now).await?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(Ok(Ticket::at(&confirmed, now)))
}

/// What confirming means for a ticket that is not reserved.
fn already(status: TicketStatus) -> Result<(), Code> {
    match status {
        TicketStatus::Confirmed | TicketStatus::CheckedIn => Ok(()),
        TicketStatus::Expired | TicketStatus::Reserved => Err(Code::HoldExpired),
        TicketStatus::Cancelled => Err(Code::TicketCancelled),
        TicketStatus::Waitlisted => Err(Code::TicketWaitlisted),
    }
}
