//! Making events and finding them.

use std::sync::Arc;

use entity::{Database, Error, account, event};
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::{PATIENCE, attempt},
    http::{
        caller::{As, Caller, Organizer},
        etag,
        fields::path_id,
        json::{Body, Json},
        parameters::{Cursor, IfNoneMatch, Limit},
        problem::{Code, Problem},
    },
    views::{Event, EventPage, NewEvent},
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

#[OpenApi(tag = "Tag::Events")]
impl Events {
    /// Makes an event
    ///
    /// It is published at once. For organizers and administrators.
    #[oai(path = "/events", method = "post", operation_id = "createEvent")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        body: Body<NewEvent>,
    ) -> Result<Created, Problem> {
        let database = app.database.clone();
        // Drawn once: a transaction that is tried again must not make another event.
        let ids = (Uuid::now_v7(), Uuid::now_v7());
        let event = attempt(move || create(database.clone(), ids, caller.0.clone(), body.0.clone())).await?;
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
    ) -> Result<Page, Problem> {
        let database = &app.database;
        // One more than asked for tells whether there is another page.
        let mut events = event::list_upcoming(database.reader(), database.now().await?, cursor.0, limit.0 + 1).await?;
        let has_more = events.len() > limit.0 as usize;
        events.truncate(limit.0 as usize);
        let last = events.last().filter(|_| has_more);
        let next_cursor = last.map(|event| Cursor::write(event.starts_at, event.id));
        let link =
            next_cursor.as_ref().map(|cursor| format!("</events?limit={}&cursor={cursor}>; rel=\"next\"", limit.0));
        let page = EventPage { data: events.into_iter().map(Event::from).collect(), next_cursor };
        let tags: Vec<String> = page.data.iter().map(|event| format!("{}{}", event.id, event.etag())).collect();
        let etag = etag::weak(&format!("{tags:?}{link:?}"));
        if known.has(&etag) { Ok(Page::Same(etag)) } else { Ok(Page::Events(Json(page), etag, link)) }
    }

    /// Reads an event
    #[oai(path = "/events/:id", method = "get", operation_id = "getEvent")]
    async fn read(
        &self,
        app: Data<&Arc<App>>,
        id: Path<String>,
        #[oai(name = "If-None-Match")] known: IfNoneMatch,
    ) -> Result<Found, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let event = event::find_public(app.database.reader(), id).await?.ok_or(Code::NotFound)?;
        let event = Event::from(event);
        let etag = event.etag();
        if known.has(&etag) { Ok(Found::Same(etag)) } else { Ok(Found::Event(Json(event), etag)) }
    }
}

async fn create(
    database: Database,
    (event_id, account_id): (Uuid, Uuid),
    caller: Caller,
    new: NewEvent,
) -> Result<Event, Error> {
    let tx = database.begin(PATIENCE).await?;
    if let Some(event) = event::lock(&tx, event_id).await? {
        // An earlier try got through, and only its answer was lost.
        return Ok(event.into());
    }
    let now = tx.now().await?;
    let organizer_id = account::ensure_organizer(&tx, account_id, &caller.email, now).await?;
    let event = new.into_model(event_id, organizer_id, now);
    event::insert(&tx, &event).await?;
    tx.commit().await?;
    Ok(event.into())
}
