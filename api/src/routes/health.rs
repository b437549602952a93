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
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, app: Data<&Arc<App>>) -> Result<Json<Healthy>, Problem> {
        match migration::is_current(app.database.reader()).await {
            Ok(true) if !app.stop.is_cancelled() => Ok(ok()),
            Ok(_) => Err(not_ready()),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                Err(not_ready())
            }
        }
    }
}
