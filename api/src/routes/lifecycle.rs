//! Editing, publishing and cancelling events.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    http::{
        caller::{As, Organizer},
        fields::path_id,
        json::{Body, Json, Nothing},
        outer::Trace,
        parameters::{DryRun, IfMatch},
        problem::{Code, Problem},
    },
    lifecycle::{self, Edit, Outcome},
    views::{EditEvent, Event},
};

pub(super) struct Lifecycle;

#[derive(ApiResponse)]
enum Changed {
    /// So it is now or, with `dry_run`, would be.
    #[oai(status = 200)]
    Event(Json<Event>, #[oai(header = "ETag")] String),
}

fn changed(outcome: Outcome) -> Result<Changed, Problem> {
    outcome.map(|event| {
        let etag = event.etag();
        Changed::Event(Json(event), etag)
    })
}

#[OpenApi(tag = "Tag::Events")]
impl Lifecycle {
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
        changed(
            attempt(move || lifecycle::edit(database.clone(), id, viewer.clone(), actor.clone(), edit.clone())).await?,
        )
    }

    /// Publishes a draft
    ///
    /// From now on everybody sees it and may register. Publishing twice is the same as once.
    #[oai(path = "/events/:id/publish", method = "post", operation_id = "publishEvent")]
    async fn publish(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Changed, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, viewer, actor) = (app.database.clone(), caller.0.viewer(), caller.0.actor(&trace));
        changed(attempt(move || lifecycle::publish(database.clone(), id, viewer.clone(), actor.clone())).await?)
    }

    /// Cancels an event
    ///
    /// Nobody can register or confirm any more. Its tickets are cancelled and its undecided registrations refused within
    /// moments. With `dry_run=true` nothing changes and `effect` tells how many that would be. Cancelling twice is the same
    /// as once.
    #[oai(path = "/events/:id/cancel", method = "post", operation_id = "cancelEvent")]
    async fn cancel(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        dry_run: DryRun,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Changed, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, viewer, actor) = (app.database.clone(), caller.0.viewer(), caller.0.actor(&trace));
        let dry_run = dry_run.0;
        changed(attempt(move || lifecycle::cancel(database.clone(), id, viewer.clone(), actor.clone(), dry_run)).await?)
    }
}
