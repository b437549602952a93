//! Cancelling a ticket: the event first, then the ticket; its seats go to whoever waits for them, or are free.

use entity::{
    Database, Error, Millis, Seats, Topic, Transaction, Viewer, announce,
    audit::{self, Actor, Moved, Step},
    event, ticket,
    ticket::TicketStatus,
};
use uuid::Uuid;

use crate::{attempt::PATIENCE, http::problem::Code, views::Ticket};

/// Holds expired, and people in line served, along with a cancellation at most; workers take care of the rest.
pub(crate) const CHORES_MAX: u32 = 500;

/// Cancels a ticket for whoever may see it. The inner error is a refusal.
pub(crate) async fn cancel(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
) -> Result<Result<Ticket, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(seen) = ticket::find(&*tx, id, &viewer).await? else { return Ok(Err(Code::NotFound)) };
    let event = event::lock(&tx, seen.event_id).await?;
    let event = event.ok_or(Error::Guard { what: "event::lock", expected: 1, actual: 0 })?;
    let now = tx.now().await?;
    let has_begun = event.starts_at <= now;
    let mut seats = Seats::of(&tx, event, &actor, now);
    let more = seats.expire_due(CHORES_MAX).await?;
    if !has_begun {
        give_up(&tx, &mut seats, id, &viewer, &actor, now).await?;
    }
    if !more {
        seats.promote(CHORES_MAX).await?;
    }
    seats.save().await?;
    let ticket = ticket::find(&*tx, id, &viewer).await?;
    let ticket = ticket.ok_or(Error::Guard { what: "ticket::cancel", expected: 1, actual: 0 })?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(already(ticket.status_at(now), has_begun).map(|()| Ticket::at(&ticket, now)))
}

/// Cancels the ticket if it can be, and frees its seats.
async fn give_up(
    tx: &Transaction,
    seats: &mut Seats<'_>,
    id: Uuid,
    viewer: &Viewer,
    actor: &Actor,
    now: Millis,
) -> Result<(), Error> {
    let Some(was) = ticket::lock(tx, id, viewer).await? else { return Ok(()) };
    if !ticket::cancel(tx, &was, now).await? {
        return Ok(());
    }
    if was.status != TicketStatus::Waitlisted {
        seats.give_back(was.party_size)?;
    }
    let step = Step::ticket("cancel", Some(was.status), TicketStatus::Cancelled);
    audit::record_of(tx, seats.event(), actor, &step, &[Moved::plain(id)], now).await
}

/// What cancelling led to.
fn already(status: TicketStatus, has_begun: bool) -> Result<(), Code> {
    match status {
        TicketStatus::Cancelled => Ok(()),
        TicketStatus::CheckedIn => Err(Code::AlreadyCheckedIn),
        TicketStatus::Expired => Err(Code::TicketExpired),
        _ if has_begun => Err(Code::EventBegan),
        // Others are cancelled by the statement unless they lapsed.
        _ => Err(Code::TicketExpired),
    }
}
