//! What callers have: tickets, registrations, events.

use std::sync::Arc;

use entity::{mine, registration, summary};
use poem::{http::Uri, web::Data};
use poem_openapi::OpenApi;

use super::{Tag, registrations::with_place};
use crate::{
    app::App,
    http::{
        caller::{As, Attendee, Organizer},
        pages::{Page, cut, rows_for},
        parameters::{Cursor, Limit},
        problem::Problem,
        query::{SeqCursor, Wanted},
    },
    views::{OwnEvent, OwnEventPage, Registration, RegistrationPage, Ticket, TicketPage, TicketStatus},
};

pub(super) struct Mine;

#[OpenApi]
impl Mine {
    /// Lists your tickets
    ///
    /// Those for your e-mail, whoever asked for them, the newest first. With `status`, those that are in this state now.
    #[oai(path = "/tickets", method = "get", operation_id = "listTickets", tag = "Tag::Tickets")]
    async fn tickets(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        /// What the ticket reads as now.
        status: Wanted<TicketStatus>,
        limit: Limit,
        cursor: SeqCursor,
        uri: &Uri,
    ) -> Result<Page<TicketPage>, Problem> {
        let now = app.database.now().await?;
        let (reader, status) = (app.database.reader(), status.0.map(Into::into));
        let mut tickets = mine::tickets(reader, &caller.0.email, status, now, cursor.0, rows_for(limit)).await?;
        let next_cursor = cut(&mut tickets, limit, |ticket| SeqCursor::write(ticket.seq));
        let mut data = Vec::with_capacity(tickets.len());
        let viewer = caller.0.viewer();
        for ticket in &tickets {
            // At most one read for each event on the page, however many poll it: see `Progress`. One after the other,
            // so that a page has one connection at a time.
            let position = app.position(ticket).await?;
            let view = Ticket::at(ticket, now).with_code(app.codes.as_ref(), &viewer);
            data.push(position.into_iter().fold(view, Ticket::with_position));
        }
        Ok(Page::new(uri, next_cursor.clone(), TicketPage { data, next_cursor }))
    }

    /// Lists your registrations
    ///
    /// Those that you submitted, for yourself or for others, the newest first.
    #[oai(path = "/registrations", method = "get", operation_id = "listRegistrations", tag = "Tag::Registrations")]
    async fn registrations(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        limit: Limit,
        cursor: SeqCursor,
        uri: &Uri,
    ) -> Result<Page<RegistrationPage>, Problem> {
        let (database, email) = (&app.database, &caller.0.email);
        let mut found = registration::list_submitted(database.reader(), email, cursor.0, rows_for(limit)).await?;
        let next_cursor = cut(&mut found, limit, |registration| SeqCursor::write(registration.seq));
        let (now, viewer) = (database.now().await?, caller.0.viewer());
        let mut data = Vec::with_capacity(found.len());
        for stored in found {
            let view = Registration::at(&stored, now).with_code(app.codes.as_ref(), &viewer);
            // Bounded as in the list of tickets.
            data.push(with_place(&app, &stored, view).await?);
        }
        Ok(Page::new(uri, next_cursor.clone(), RegistrationPage { data, next_cursor }))
    }

    /// Lists your events
    ///
    /// Those that you organize, drafts and cancelled ones too, the newest first, each with what became of its seats. For
    /// organizers and administrators.
    #[oai(path = "/me/events", method = "get", operation_id = "listOwnEvents", tag = "Tag::Events")]
    async fn events(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        limit: Limit,
        cursor: Cursor,
        uri: &Uri,
    ) -> Result<Page<OwnEventPage>, Problem> {
        let (database, email, rows) = (app.database.clone(), caller.0.email, rows_for(limit));
        let read = async move { summary::list(database.reader(), &email, cursor.0, rows).await };
        let mut found = app.long_reads.soon(read).await?;
        let next_cursor = cut(&mut found, limit, |found| Cursor::write(found.event.created_at, found.event.id));
        let data = found.into_iter().map(OwnEvent::from).collect();
        Ok(Page::new(uri, next_cursor.clone(), OwnEventPage { data, next_cursor }))
    }
}
