//! Looking at registrations as jobs, and deciding about those that failed.

use std::sync::Arc;

use entity::job::operate;
use poem::{http::Uri, web::Data};
use poem_openapi::{OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    http::{
        caller::{Admin, As},
        fields::path_id,
        json::{Body, Json, Nothing},
        outer::Trace,
        pages::{Page, cut, rows_for},
        parameters::Limit,
        problem::{Code, FieldError, FieldErrorCode, Problem},
        query::{SeqCursor, Wanted},
    },
    operate::{discard, retry, retry_all},
    views::{Job, JobPage, JobState, Retried},
};

pub(super) struct Jobs;

#[OpenApi(tag = "Tag::Operations")]
impl Jobs {
    /// Lists jobs
    ///
    /// A job is a registration as whoever runs the service sees it. Newest first; all of them, or those in one state or
    /// of one event. For administrators.
    #[oai(path = "/admin/jobs", method = "get", operation_id = "listJobs")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        _caller: As<Admin>,
        /// Only those in this state.
        state: Wanted<JobState>,
        /// Only those of this event.
        event_id: Wanted<Uuid>,
        limit: Limit,
        cursor: SeqCursor,
        uri: &Uri,
    ) -> Result<Page<JobPage>, Problem> {
        let filter = operate::Filter { state: state.0.map(Into::into), event_id: event_id.0 };
        let mut jobs = operate::list(app.database.reader(), filter, cursor.0, rows_for(limit)).await?;
        let next_cursor = cut(&mut jobs, limit, |job| SeqCursor::write(job.seq));
        let data = jobs.into_iter().map(Job::from).collect();
        Ok(Page::new(uri, next_cursor.clone(), JobPage { data, next_cursor }))
    }

    /// Retries a failed job
    ///
    /// It is pending again and has its attempts anew, but has lost its turn: jobs that came later may have been decided.
    /// For administrators.
    #[oai(path = "/admin/jobs/:id/retry", method = "post", operation_id = "retryJob")]
    async fn retry(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Admin>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Job>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        let job = attempt(move || retry(database.clone(), id, actor.clone())).await??;
        app.intents.notify_one();
        Ok(Json(job))
    }

    /// Discards a failed job
    ///
    /// Its registration is refused as `discarded`, for good. For administrators.
    #[oai(path = "/admin/jobs/:id/discard", method = "post", operation_id = "discardJob")]
    async fn discard(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Admin>,
        id: Path<String>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Job>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        Ok(Json(attempt(move || discard(database.clone(), id, actor.clone())).await??))
    }

    /// Retries all failed jobs
    ///
    /// Those of one event, or all there are. They are retried in batches; when this does not answer in time, asking
    /// again goes on with the rest. For administrators.
    #[oai(path = "/admin/jobs/retry", method = "post", operation_id = "retryJobs")]
    async fn retry_all(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Admin>,
        /// Only `failed` makes sense, and is meant when absent.
        state: Wanted<JobState>,
        /// Only those of this event.
        event_id: Wanted<Uuid>,
        _body: Body<Nothing>,
        trace: Data<&Trace>,
    ) -> Result<Json<Retried>, Problem> {
        if state.0.is_some_and(|state| state != JobState::Failed) {
            let detail = "must be failed: only failed jobs can be retried".to_owned();
            let error = FieldError { pointer: "?state".to_owned(), code: FieldErrorCode::OutOfRange, detail };
            return Err(Problem::invalid(vec![error]));
        }
        let actor = caller.0.actor(&trace);
        let retried = retry_all(&app.database, event_id.0, &actor, || app.intents.notify_one()).await?;
        Ok(Json(Retried { retried }))
    }
}
