//! Making events, finding and editing them. (One path stands in one place: the framework would publish it twice.)

use std::sync::Arc;

use entity::event::{self, Managed};
use poem::{http::Uri, web::Data};
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    http::{
        caller::{As, Identity, Organizer, look_up},
        etag,
        fields::path_id,
        json::{Body, Json},
        outer::Trace,
        pages::{cut, link, rows_for},
        parameters::{Cursor, DryRun, IfMatch, IfNoneMatch, Limit},
        problem::{Code, Problem},
    },
    lifecycle::{self, Edit, Ids, Outcome, create},
    views::{EditEvent, Event, EventPage, NewEvent},
};

pub(super) struct Events;

#[derive(ApiResponse)]
enum Created {
    /// It is there.
    #[oai(status = 201)]
    Event(Json<Event>, #[oai(header = "Location")] String, #[oai(header = "ETag")] String),
}

#[derive(ApiResponse)]
enum Found {
    /// Here it is.
    #[oai(status = 200)]
    Event(Json<Event>, #[oai(header = "ETag")] String),
    /// It is still as you have it.
    #[oai(status = 304)]
    Same(#[oai(header = "ETag")] String),
}

#[derive(ApiResponse)]
enum Page {
    /// Here they are.
    #[oai(status = 200)]
    Events(Json<EventPage>, #[oai(header = "ETag")] String, #[oai(header = "Link")] Option<String>),
    /// They are still as you have them.
    #[oai(status = 304)]
    Same(#[oai(header = "ETag")] String),
}

#[derive(ApiResponse)]
pub(super) enum Changed {
    /// So it is now or, with `dry_run`, would be.
    #[oai(status = 200)]
    Event(Json<Event>, #[oai(header = "ETag")] Option<String>),
}

/// The answer to a change of an event. A dry run has no tag: there is no such version.
pub(super) fn changed(outcome: Outcome, dry_run: bool) -> Result<Changed, Problem> {
    outcome.map(|event| {
        let etag = (!dry_run).then(|| event.etag());
        Changed::Event(Json(event), etag)
    })
}

#[OpenApi(tag = "Tag::Events")]
impl Events {
    /// Makes an event
    ///
    /// As a draft that only its organizer and administrators see, unless it says `"status": "published"`. For organizers
    /// and administrators.
    #[oai(path = "/events", method = "post", operation_id = "createEvent")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        body: Body<NewEvent>,
        trace: Data<&Trace>,
    ) -> Result<Created, Problem> {
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        let ids = Ids { event: Uuid::now_v7(), account: Uuid::now_v7() };
        let event =
            attempt(move || create(database.clone(), ids, caller.0.clone(), actor.clone(), body.0.clone())).await?;
        let etag = event.etag();
        Ok(Created::Event(Json(event.clone()), format!("/events/{}", event.id), etag))
    }

    /// Lists events
    ///
    /// Those that people can look forward to: published and not begun, in the order in which they begin.
    #[oai(path = "/events", method = "get", operation_id = "listEvents")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        limit: Limit,
        cursor: Cursor,
        #[oai(name = "If-None-Match")] known: IfNoneMatch,
        uri: &Uri,
    ) -> Result<Page, Problem> {
        let (reader, now) = (app.database.reader(), app.database.now().await?);
        let mut events = event::list_upcoming(reader, now, cursor.0, rows_for(limit)).await?;
        let next_cursor = cut(&mut events, limit, |event| Cursor::write(event.starts_at, event.id));
        let link = next_cursor.as_deref().map(|cursor| link(uri, cursor));
        let page = EventPage { data: events.into_iter().map(Event::from).collect(), next_cursor };
        let tags: Vec<String> = page.data.iter().map(|event| format!("{}{}", event.id, event.etag())).collect();
        let etag = etag::weak(&format!("{tags:?}{link:?}"));
        if known.has(&etag) { Ok(Page::Same(etag)) } else { Ok(Page::Events(Json(page), etag, link)) }
    }

    /// Reads an event
    ///
    /// A draft is there for its organizer and for administrators only.
    #[oai(path = "/events/:id", method = "get", operation_id = "getEvent")]
    async fn read(
        &self,
        app: Data<&Arc<App>>,
        id: Path<String>,
        #[oai(name = "If-None-Match")] known: IfNoneMatch,
        identity: Data<&Identity>,
    ) -> Result<Found, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let event = match event::find_public(app.database.reader(), id).await? {
            Some(event) => Event::from(event),
            None => own_draft(&app, id, &identity).await?.into(),
        };
        let etag = event.etag();
        if known.has(&etag) { Ok(Found::Same(etag)) } else { Ok(Found::Event(Json(event), etag)) }
    }

    /// Edits an event
    ///
    /// Send the `ETag` of what you read as `If-Match`: of two edits of the same version the second is refused, whatever
    /// happened to the seats meanwhile. New seats are offered to those who wait, first come, first served; a capacity below
    /// the seats that are held is refused. With `dry_run=true` nothing changes and the answer tells what would.
    #[oai(path = "/events/:id", method = "patch", operation_id = "editEvent")]
    async fn edit(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        #[oai(name = "If-Match")] known: IfMatch,
        dry_run: DryRun,
        id: Path<String>,
        body: Body<EditEvent>,
        trace: Data<&Trace>,
    ) -> Result<Changed, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        let edit = Edit { known, changes: body.0, dry_run: dry_run.0 };
        let viewer = caller.0.viewer();
        let edited =
            attempt(move || lifecycle::edit(database.clone(), id, viewer.clone(), actor.clone(), edit.clone())).await?;
        changed(edited, dry_run.0)
    }
}

/// A draft, for a caller who manages it.
async fn own_draft(app: &App, id: Uuid, Identity(identity): &Identity) -> Result<event::Model, Problem> {
    // Who cannot be told is anybody, whether the token is wrong, expired or revoked.
    let claimed = identity.as_ref().map_err(|_| Code::NotFound)?;
    let viewer = look_up(app, claimed).await?.ok_or(Code::NotFound)?.viewer();
    match event::find_for_manager(app.database.reader(), id, &viewer).await? {
        Managed::Yours(event) => Ok(event),
        Managed::Others | Managed::Hidden => Err(Code::NotFound.into()),
    }
}
