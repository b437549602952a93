//! Tickets to take along: for the door and for the calendar.

use std::sync::Arc;

use entity::{event, ticket};
use poem::web::Data;
use poem_openapi::{OpenApi, param::Path};

use super::Tag;
use crate::{
    app::App,
    calendar,
    check_in::without_code,
    http::{
        caller::{As, Attendee},
        fields::path_id,
        files::{Calendar, Svg},
        problem::{Code, Problem},
    },
    qr,
};

pub(super) struct TicketFiles;

#[OpenApi(tag = "Tag::Tickets")]
impl TicketFiles {
    /// Draws a ticket's code
    ///
    /// A QR code for the door, as an image. For the ticket's owner, once it is confirmed.
    #[oai(path = "/tickets/:id/qr", method = "get", operation_id = "getTicketQr")]
    async fn qr(&self, app: Data<&Arc<App>>, caller: As<Attendee>, id: Path<String>) -> Result<Svg, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let viewer = caller.0.viewer();
        let ticket = ticket::find(app.database.reader(), id, &viewer).await?.ok_or(Code::NotFound)?;
        if ticket.email != viewer.email.as_str() {
            return Err(Problem::from(Code::Forbidden).detail("Only the owner of a ticket sees its code."));
        }
        if let Some(code) = without_code(ticket.status_at(app.database.now().await?)) {
            return Err(code.into());
        }
        let codes = app.codes.as_ref().ok_or(Code::NotConfigured)?;
        qr::draw(&codes.of(ticket.seq, ticket.id)).map(Svg).ok_or(Code::Internal.into())
    }

    /// Writes a ticket as a calendar file
    ///
    /// The event with its times and place, for whoever may read the ticket. It does not hold the ticket's code. The
    /// same ticket updates the same entry when it is imported again, also when it was cancelled.
    #[oai(path = "/tickets/:id/calendar", method = "get", operation_id = "getTicketCalendar")]
    async fn calendar(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        id: Path<String>,
    ) -> Result<Calendar, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let database = &app.database;
        let ticket = ticket::find(database.reader(), id, &caller.0.viewer()).await?.ok_or(Code::NotFound)?;
        let event = event::find_public(database.reader(), ticket.event_id).await?.ok_or(Code::NotFound)?.event;
        Ok(Calendar(calendar::write(&event, &ticket, database.now().await?)))
    }
}
