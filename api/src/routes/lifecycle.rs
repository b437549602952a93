//! Publishing and cancelling events.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{OpenApi, param::Path};

use super::{
    Tag,
    events::{Changed, changed},
};
use crate::{
    app::App,
    attempt::attempt,
    http::{
        caller::{As, Organizer},
        fields::path_id,
        json::{Body, Nothing},
        outer::Trace,
        parameters::DryRun,
        problem::{Code, Problem},
    },
    lifecycle,
};

pub(super) struct Lifecycle;

#[OpenApi(tag = "Tag::Events")]
impl Lifecycle {
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
        let published =
            attempt(move || lifecycle::publish(database.clone(), id, viewer.clone(), actor.clone())).await?;
        changed(published, false)
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
        let cancelled =
            attempt(move || lifecycle::cancel(database.clone(), id, viewer.clone(), actor.clone(), dry_run)).await?;
        changed(cancelled, dry_run)
    }
}
