//! Cancelling a ticket: the event first, then the ticket, and its seats are free.

use entity::{Database, Error, Topic, Viewer, announce, event, ticket, ticket::TicketStatus};
use uuid::Uuid;

use crate::{attempt::PATIENCE, http::problem::Code, views::Ticket};

/// Holds expired along with a cancellation at most; the reaper takes care of the rest.
const EXPIRED_MAX: u32 = 500;

/// Cancels a ticket for whoever may see it. The inner error is a refusal.
pub(crate) async fn cancel(database: Database, id: Uuid, viewer: Viewer) -> Result<Result<Ticket, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(seen) = ticket::find(&*tx, id, &viewer).await? else { return Ok(Err(Code::NotFound)) };
    let event = event::lock(&tx, seen.event_id).await?;
    let event = event.ok_or(Error::Guard { what: "event::lock", expected: 1, actual: 0 })?;
    let now = tx.now().await?;
    let expired = ticket::expire_due(&tx, event.id, now, EXPIRED_MAX).await?;
    let cancelled = ticket::cancel(&tx, id, now).await?;
    event::return_seats(&tx, event.id, expired.seats + cancelled.unwrap_or(0)).await?;
    let ticket = ticket::find(&*tx, id, &viewer).await?;
    let ticket = ticket.ok_or(Error::Guard { what: "ticket::cancel", expected: 1, actual: 0 })?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(already(ticket.status_at(now)).map(|()| Ticket::at(&ticket, now)))
}

/// What cancelling led to.
fn already(status: TicketStatus) -> Result<(), Code> {
    match status {
        TicketStatus::Cancelled => Ok(()),
        TicketStatus::CheckedIn => Err(Code::AlreadyCheckedIn),
        // Others are cancelled by the statement unless they lapsed.
        _ => Err(Code::TicketExpired),
    }
}
