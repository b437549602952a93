//! The door: letting a ticket in, once, and taking that back. One row, locked, whose state decides.

use entity::{
    Database, Error, Topic, Transaction, Viewer, announce,
    audit::{self, Actor, Moved, Step},
    event::{self, EventStatus, Managed},
    ticket::{self, TicketStatus},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    attempt::PATIENCE,
    http::problem::{Code, Problem},
    views::{CheckIn, Ticket},
};

/// A ticket whose code was shown at the door, and who stands there.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) ticket_id: Uuid,
    /// What tells this scan from others of the ticket.
    pub(crate) nonce: String,
    pub(crate) viewer: Viewer,
    pub(crate) actor: Actor,
}

/// Lets a ticket in. The inner error is a refusal.
pub(crate) async fn check_in(database: Database, scan: Scan) -> Result<Result<CheckIn, Problem>, Error> {
    let Scan { ticket_id: id, nonce, viewer, actor } = scan;
    let tx = database.begin(PATIENCE).await?;
    let Some((ticket, event)) = lock(&tx, id, &viewer).await? else { return Ok(Err(Code::NotFound.into())) };
    let now = tx.now().await?;
    if is_repeated(&ticket, &nonce, &viewer) {
        return Ok(CheckIn::of(&ticket).ok_or(Code::Internal.into()));
    }
    if event.status == EventStatus::Cancelled {
        return Ok(Err(Code::EventCancelled.into()));
    }
    if !ticket::check_in(&tx, id, &viewer.email, &nonce, now).await? {
        return Ok(Err(not_admitted(&ticket, ticket.status_at(now))));
    }
    let step = Step::ticket("check_in", Some(TicketStatus::Confirmed), TicketStatus::CheckedIn);
    audit::record_of(&tx, &event, &actor, &step, &[Moved::plain(id)], now).await?;
    let ticket = ticket::lock_for_door(&tx, id).await?;
    let admitted = ticket.as_ref().and_then(CheckIn::of);
    let admitted = admitted.ok_or(Error::Guard { what: "ticket::check_in", expected: 1, actual: 0 })?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(Ok(admitted))
}

/// The ticket, locked, and its event, if the viewer manages that.
async fn lock(tx: &Transaction, id: Uuid, viewer: &Viewer) -> Result<Option<(ticket::Model, event::Model)>, Error> {
    let Some(ticket) = ticket::lock_for_door(tx, id).await? else { return Ok(None) };
    Ok(match event::find_for_manager(&**tx, ticket.event_id, viewer).await? {
        Managed::Yours(event) => Some((ticket, event)),
        // A stranger learns nothing about tickets of other people's events, not even that there is one.
        Managed::Others | Managed::Hidden => None,
    })
}

/// Whether this very scan let the ticket in, and only its answer was lost.
fn is_repeated(ticket: &ticket::Model, nonce: &str, viewer: &Viewer) -> bool {
    ticket.status == TicketStatus::CheckedIn
        && ticket.check_in_nonce.as_deref() == Some(nonce)
        && ticket.checked_in_by.as_deref() == Some(viewer.email.as_str())
}

/// Why a ticket stays outside.
fn not_admitted(ticket: &ticket::Model, status: TicketStatus) -> Problem {
    match (without_code(status), CheckIn::of(ticket)) {
        (Some(code), _) => code.into(),
        (None, Some(first)) => Problem::already_checked_in(first.ticket_id, first.checked_in_at, &first.checked_in_by),
        (None, None) => Code::Internal.into(),
    }
}

/// Why a ticket in this state has no code that opens the door; nothing if it has one.
pub(crate) fn without_code(status: TicketStatus) -> Option<Code> {
    match status {
        TicketStatus::Confirmed | TicketStatus::CheckedIn => None,
        TicketStatus::Reserved => Some(Code::TicketNotConfirmed),
        TicketStatus::Waitlisted => Some(Code::TicketWaitlisted),
        TicketStatus::Cancelled => Some(Code::TicketCancelled),
        TicketStatus::Expired => Some(Code::TicketExpired),
    }
}

/// A check-in that was a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) ticket_id: Uuid,
    pub(crate) reason: String,
    pub(crate) viewer: Viewer,
    pub(crate) actor: Actor,
}

/// Takes a check-in back. The inner error is a refusal.
pub(crate) async fn undo(database: Database, mistake: Mistake) -> Result<Result<Ticket, Code>, Error> {
    let Mistake { ticket_id: id, reason, viewer, actor } = mistake;
    let tx = database.begin(PATIENCE).await?;
    let Some((_, event)) = lock(&tx, id, &viewer).await? else { return Ok(Err(Code::NotFound)) };
    let now = tx.now().await?;
    if !ticket::undo_check_in(&tx, id).await? {
        return Ok(Err(Code::NotCheckedIn));
    }
    let step = Step::ticket("undo_check_in", Some(TicketStatus::CheckedIn), TicketStatus::Confirmed);
    let moved = Moved { detail: Some(json!({ "reason": reason }).to_string()), ..Moved::plain(id) };
    audit::record_of(&tx, &event, &actor, &step, &[moved], now).await?;
    let ticket = ticket::lock_for_door(&tx, id).await?;
    let ticket = ticket.ok_or(Error::Guard { what: "ticket::undo_check_in", expected: 1, actual: 0 })?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    Ok(Ok(Ticket::at(&ticket, now)))
}
