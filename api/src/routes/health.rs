//! Is it alive, is it ready?

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::{Object, OpenApi};

use super::Tag;
use crate::{
    app::App,
    http::{
        json::Json,
        problem::{Code, Problem},
    },
};

pub(super) struct Health;

/// All is well.
#[derive(Debug, Object)]
struct Healthy {
    /// Always `ok`.
    status: String,
}

fn not_ready() -> Problem {
    Problem::from(Code::NotReady).header("Retry-After", "1")
}

fn ok() -> Json<Healthy> {
    Json(Healthy { status: "ok".to_owned() })
}

#[OpenApi(tag = "Tag::Operations")]
impl Health {
    /// Tells that the process lives
    ///
    /// A process that does not answer this should be restarted.
    #[expect(clippy::unused_async, reason = "operations are async")]
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    async fn livez(&self) -> Result<Json<Healthy>, Problem> {
        Ok(ok())
    }

    /// Tells whether the service can work
    ///
    /// It can when the database answers and has the current schema. Send no requests while this is 503.
    /// Anybody may ask, and the answer may be a second old.
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, app: Data<&Arc<App>>) -> Result<Json<Healthy>, Problem> {
        let is_ready = app.readiness.latest(&app.database).await;
        // Only looked at now: a stop shows at once.
        if is_ready && !app.stop.is_cancelled() { Ok(ok()) } else { Err(not_ready()) }
    }
}
