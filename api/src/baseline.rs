//! What the benchmark compares with: the same front end, and something else behind it.
//!
//! A request to register or to confirm is parsed, limited, authenticated and validated as ever, and answered as ever.
//! Only what is done about it is given by the benchmark: nothing, or the work in the ordinary way.

use std::{net::SocketAddr, sync::Arc};

use entity::{Clock, Database, Email, Error, job::enqueue::NewJob};
use futures_util::future::BoxFuture;
use poem::{EndpointExt, web::Data};
use poem_openapi::{OpenApi, param::Path, payload::PlainText};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    app::{self, App, Gate},
    confirm::{Confirmer, Confirms},
    http::{
        caller::{As, Attendee, Auth, Registrant},
        fields::path_id,
        json::Body,
        outer::Trace,
        parameters::{IdempotencyKey, Prefer},
        problem::{Code, Problem},
        rate, server,
    },
    intake::{Intake, Writer},
    long_reads::LongReads,
    progress::Progress,
    queue::Readings,
    readiness::Readiness,
    reads::Reads,
    routes::registrations::{Registered, answer, intent},
    views::{NewRegistration, Registration},
};

/// What stands in for the pipeline. Each returns whether it was done.
#[derive(Clone)]
pub struct Baseline {
    /// A valid request to register.
    pub register: Arc<dyn Fn(NewJob) -> BoxFuture<'static, bool> + Send + Sync>,
    /// A valid request to confirm a ticket: its id, and who asks.
    pub confirm: Arc<dyn Fn(Uuid, Email) -> BoxFuture<'static, bool> + Send + Sync>,
}

/// Serves a baseline, behind a gateway on this machine, until `stop`. Prints its address. `GET /constant` answers with
/// a fixed body.
///
/// # Errors
/// When it cannot listen.
pub async fn serve_baseline(
    database: Database,
    clock: Clock,
    limits: &str,
    baseline: Baseline,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut idle = JoinSet::new();
    let app = Arc::new(App {
        intake: Intake::start(Writer { database: database.clone(), written: |_, _| () }, &mut idle),
        reads: Reads::start(&database, &mut idle),
        confirms: Confirms::start(Confirmer(database.clone()), &mut idle),
        database,
        watch: Arc::default(),
        progress: Progress::default(),
        readings: Readings::default(),
        readiness: Readiness::default(),
        long_reads: LongReads::default(),
        metrics: Arc::default(),
        intents: Arc::default(),
        codes: None,
        extensions_max: 0,
        accounts: None,
        stop: stop.clone(),
    });
    let limits = rate::parse(limits).map_err(Error::Unusable)?;
    let loopback = ipnet::IpNet::from(std::net::IpAddr::from([127, 0, 0, 1]));
    let gate = Gate { auth: Auth::Gateway(vec![loopback]), trusted_proxies: Arc::new([]), limits, clock };
    let unusable = |error: std::io::Error| Error::Unusable(error.to_string());
    let listener = server::listen(SocketAddr::from(([127, 0, 0, 1], 0))).map_err(unusable)?;
    println!("baseline: serving on http://{}", listener.local_addr().map_err(unusable)?);
    server::serve(listener, app::front(Operations(baseline), app, gate).boxed(), stop).await;
    Ok(())
}

/// A registration as somebody reads it who has a ticket.
const CONSTANT: &str = r#"{"id":"01900000-0000-7000-8000-000000000001","event_id":"01900000-0000-7000-8000-000000000002","status":"reserved","ticket_id":"01900000-0000-7000-8000-000000000003","ticket":{"id":"01900000-0000-7000-8000-000000000003","event_id":"01900000-0000-7000-8000-000000000002","registration_id":"01900000-0000-7000-8000-000000000001","status":"reserved","name":"Ada","email":"ada@example.org","party_size":1,"expires_at":"2100-01-01T00:05:00.000Z","extensions":0,"created_at":"2100-01-01T00:00:00.000Z"},"created_at":"2100-01-01T00:00:00.000Z","settled_at":"2100-01-01T00:00:00.000Z"}"#;

struct Operations(Baseline);

#[OpenApi]
impl Operations {
    #[oai(path = "/events/:id/register", method = "post")]
    async fn register(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Registrant>,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        #[oai(name = "Prefer")] prefer: Prefer,
        id: Path<String>,
        body: Body<NewRegistration>,
        trace: Data<&Trace>,
    ) -> Result<Registered, Problem> {
        let job = intent(&caller.0, key, &id, body.0, &trace)?.job;
        let accepted = Registration::accepted(job.id, job.event_id, app.database.now().await?);
        if !(self.0.register)(job).await {
            return Err(Problem::busy());
        }
        answer(&app, &caller.0.viewer(), accepted, prefer, false).await
    }

    #[oai(path = "/tickets/:id/confirm", method = "post")]
    async fn confirm(&self, caller: As<Attendee>, id: Path<String>) -> Result<PlainText<&'static str>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let is_done = (self.0.confirm)(id, caller.0.email).await;
        if is_done { Ok(PlainText(CONSTANT)) } else { Err(Code::NotFound.into()) }
    }

    #[oai(path = "/constant", method = "get")]
    #[expect(clippy::unused_async, reason = "operations are")]
    async fn constant(&self) -> PlainText<&'static str> {
        PlainText(CONSTANT)
    }
}
