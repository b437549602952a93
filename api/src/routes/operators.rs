//! How the service is doing, for whoever runs it: the queue, the record, the metrics.

use std::sync::Arc;

use entity::audit::read;
use poem::{http::Uri, web::Data};
use poem_openapi::OpenApi;
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    http::{
        caller::{Admin, As},
        files::OpenMetrics,
        json::Json,
        pages::Page,
        parameters::Limit,
        problem::Problem,
        query::{SeqCursor, Wanted},
        time::Time,
    },
    views::{AuditEntity, AuditEntry, AuditPage, Queue},
};

pub(super) struct Operators;

#[OpenApi(tag = "Tag::Operations")]
impl Operators {
    /// Tells how much waits to be decided
    ///
    /// For administrators.
    #[oai(path = "/admin/queue", method = "get", operation_id = "getQueue")]
    async fn queue(&self, app: Data<&Arc<App>>, _caller: As<Admin>) -> Result<Json<Queue>, Problem> {
        Ok(Json(app.readings.latest(&app.database).await?.view()))
    }

    /// Reads the record of changes
    ///
    /// Every change of the state of a ticket, an event or an account, newest first. What a request did can be found by
    /// the time, the actor and the thing; `request_id` is that of the log. For administrators.
    #[oai(path = "/admin/audit", method = "get", operation_id = "listAudit")]
    #[expect(clippy::too_many_arguments, reason = "each parameter is an argument")]
    async fn audit(
        &self,
        app: Data<&Arc<App>>,
        _caller: As<Admin>,
        /// Only what changed things of this kind.
        entity: Wanted<AuditEntity>,
        /// Only what changed this ticket, event or account.
        entity_id: Wanted<Uuid>,
        /// Only what changed this event or its tickets.
        event_id: Wanted<Uuid>,
        /// Only what this account or worker (an id), this person behind a gateway (an e-mail) or the `command line` did.
        actor: Wanted<String>,
        /// Only this action.
        action: Wanted<String>,
        /// Not before this time.
        since: Wanted<Time>,
        /// Before this time.
        until: Wanted<Time>,
        limit: Limit,
        cursor: SeqCursor,
        uri: &Uri,
    ) -> Result<Page<AuditPage>, Problem> {
        let filter = read::Filter {
            entity: entity.0.map(Into::into),
            entity_id: entity_id.0,
            event_id: event_id.0,
            actor: actor.0,
            action: action.0,
            since: since.0.map(|time| time.0),
            until: until.0.map(|time| time.0),
        };
        let database = app.database.clone();
        let read = async move { read::list(database.reader(), &filter, cursor.0, limit.0).await };
        let page = app.long_reads.soon(read).await?;
        let next_cursor = page.next.map(SeqCursor::write);
        let data = page.entries.into_iter().map(AuditEntry::from).collect();
        Ok(Page::new(uri, next_cursor.clone(), AuditPage { data, next_cursor }))
    }

    /// Tells numbers about the service
    ///
    /// In the text format of OpenMetrics, for Prometheus.
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    async fn metrics(&self, app: Data<&Arc<App>>) -> Result<OpenMetrics, Problem> {
        Ok(OpenMetrics(app.metrics.text(&app.database, &app.readings).await))
    }
}
