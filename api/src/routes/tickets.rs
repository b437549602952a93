//! Holding seats: reading, confirming and cancelling tickets.

use std::sync::Arc;

use entity::{Millis, Viewer, ticket};
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    cancel::cancel,
    confirm::{Confirmation, confirm},
    http::{
        caller::{As, Attendee},
        fields::path_id,
        json::{Body, Direct, Json, Nothing},
        outer::Trace,
        parameters::{IfNoneMatch, Prefer},
        problem::{Code, Problem},
    },
    own_ticket::{extend, rename},
    views::{EditTicket, Ticket},
};

pub(super) struct Tickets;

#[derive(ApiResponse)]
enum Found {
    /// Here it is.
    #[oai(status = 200)]
    Ticket(Direct<Ticket>, #[oai(header = "ETag")] String, #[oai(header = "Preference-Applied")] Option<String>),
    /// It is still as you have it.
    #[oai(status = 304)]
    Same(#[oai(header = "ETag")] String, #[oai(header = "Preference-Applied")] Option<String>),
}

#[OpenApi(tag = "Tag::Tickets")]
impl Tickets {
    /// Reads a ticket
    ///
    /// With `Prefer: wait=N` it answers as soon as the ticket changes or, with `If-None-Match`, is no longer as you
    /// have it, after N seconds at the latest.
    #[oai(path = "/tickets/:id", method = "get", operation_id = "getTicket")]
    async fn read(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        #[oai(name = "Prefer")] prefer: Prefer,
        #[oai(name = "If-None-Match")] known: IfNoneMatch,
        id: Path<String>,
    ) -> Result<Found, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let viewer = caller.0.viewer();
        let (mut stored, now, mut view) = find(&app, id, &viewer).await?;
        let patience = prefer.duration().filter(|_| !known.is_given() || known.has(&view.etag()));
        if let Some(patience) = patience {
            app.ticket_change(&stored, now, patience).await;
            (stored, _, view) = find(&app, id, &viewer).await?;
        }
        if let Some(position) = app.position(&stored).await? {
            view = view.with_position(position);
        }
        let etag = view.etag();
        if known.has(&etag) {
            return Ok(Found::Same(etag, prefer.applied()));
        }
        Ok(Found::Ticket(Direct(view), etag, prefer.applied()))
    }

    /// Confirms a ticket
    ///
    /// Its owner can, until `expires_at`. Confirming twice is the same as once.
    #[oai(path = "/tickets/:id/confirm", method = "post", operation_id = "confirmTicket")]
    async fn confirm(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Ticket>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (owner, actor) = (caller.0.viewer(), caller.0.actor(&trace));
        let wanted = Confirmation { id, viewer: owner.clone(), actor };
        let outcome = confirm(&app.confirms, &app.database, wanted).await?;
        outcome.map(|ticket| Json(ticket.with_code(app.codes.as_ref(), &owner))).map_err(Problem::from)
    }

    /// Renames the person on a ticket
    ///
    /// Its owner can, for as long as the ticket is neither cancelled nor expired.
    #[oai(path = "/tickets/:id", method = "patch", operation_id = "renameTicket")]
    async fn rename(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        id: Path<String>,
        body: Body<EditTicket>,
        trace: Data<&Trace>,
    ) -> Result<Json<Ticket>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, viewer, actor) = (app.database.clone(), caller.0.viewer(), caller.0.actor(&trace));
        let (owner, name) = (viewer.clone(), body.0.name);
        let outcome =
            attempt(move || rename(database.clone(), id, viewer.clone(), actor.clone(), name.clone())).await?;
        outcome.map(|ticket| Json(ticket.with_code(app.codes.as_ref(), &owner))).map_err(Problem::from)
    }

    /// Extends a hold
    ///
    /// From now on it lasts as long as it did at first. Its owner can, a few times, and not while others wait for seats.
    #[oai(path = "/tickets/:id/extend", method = "post", operation_id = "extendTicket")]
    async fn extend(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Ticket>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, viewer, actor) = (app.database.clone(), caller.0.viewer(), caller.0.actor(&trace));
        let times_max = app.extensions_max;
        let outcome = attempt(move || extend(database.clone(), id, viewer.clone(), actor.clone(), times_max)).await?;
        outcome.map(Json).map_err(Problem::from)
    }

    /// Cancels a ticket
    ///
    /// Its owner, the event's organizer and administrators can, until the event begins. Its seats go to whoever waits for
    /// them, or are free. On the waitlist this is leaving it. Cancelling twice is the same as once.
    #[oai(path = "/tickets/:id/cancel", method = "post", operation_id = "cancelTicket")]
    async fn cancel(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Ticket>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        let outcome = attempt(move || cancel(database.clone(), id, caller.0.viewer(), actor.clone())).await?;
        outcome.map(Json).map_err(Problem::from)
    }
}

/// The ticket as it is stored, the time now, and how it reads.
async fn find(app: &App, id: Uuid, viewer: &Viewer) -> Result<(ticket::Model, Millis, Ticket), Problem> {
    let (stored, now) = app.reads.ticket(id, viewer).await?;
    let view = Ticket::at(&stored, now).with_code(app.codes.as_ref(), viewer);
    Ok((stored, now, view))
}
