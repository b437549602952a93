//! What every operation works with, and how requests reach them.

use std::{sync::Arc, time::Duration};

use entity::{
    Clock, Database, Error, Millis,
    ticket::{self, TicketStatus},
};
use ipnet::IpNet;
use poem::{Endpoint, EndpointExt, Response, Route};
use poem_openapi::OpenApi;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::Accounts,
    code::Codes,
    confirm::Confirms,
    http::{
        caller::Auth,
        outer::Outer,
        rate::{Limits, Rate},
    },
    intake::Intake,
    long_reads::LongReads,
    metrics::Metrics,
    openapi::{self, Methods},
    page,
    progress::Progress,
    queue::Readings,
    readiness::Readiness,
    reads::Reads,
    routes,
    watch::Watch,
};

/// What every operation works with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) intake: Intake,
    pub(crate) reads: Reads,
    pub(crate) confirms: Confirms,
    pub(crate) watch: Arc<Watch>,
    pub(crate) progress: Progress,
    pub(crate) readings: Readings,
    pub(crate) readiness: Readiness,
    /// Reads that take long wait here for their turn.
    pub(crate) long_reads: LongReads,
    pub(crate) metrics: Arc<Metrics>,
    /// Rung when there are jobs to be decided that did not come through intake.
    pub(crate) intents: Arc<Notify>,
    /// Absent when nobody chose a secret for PostgreSQL.
    pub(crate) codes: Option<Codes>,
    /// How often a hold may be extended.
    pub(crate) extensions_max: u32,
    /// Absent behind a gateway, which has accounts of its own.
    pub(crate) accounts: Option<Arc<Accounts>>,
    /// Cancelled when the service begins to stop.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// The ticket's place on the waitlist, if it is on it.
    pub(crate) async fn position(&self, ticket: &ticket::Model) -> Result<Option<i64>, Error> {
        if ticket.status != TicketStatus::Waitlisted {
            return Ok(None);
        }
        self.progress.position(&self.database, ticket.event_id, ticket.seq).await.map(Some)
    }

    /// Waits until the ticket, read at `now`, changes, if only by its hold running out, for at most `patience`.
    pub(crate) async fn ticket_change(&self, ticket: &ticket::Model, now: Millis, patience: Duration) {
        if matches!(ticket.status_at(now), TicketStatus::Cancelled | TicketStatus::Expired) {
            // Nothing can change any more.
            return;
        }
        let lapses = ticket.expires_at.filter(|at| ticket.status == TicketStatus::Reserved && *at > now);
        let patience = lapses.map_or(patience, |at| patience.min(Duration::from_millis(at.abs_diff(now))));
        self.watch.change(ticket, patience).await;
    }
}

/// Who may ask how much.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) auth: Auth,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) limits: Option<Limits>,
    pub(crate) clock: Clock,
}

/// The whole HTTP side as one endpoint.
pub(crate) fn endpoint(app: Arc<App>, gate: Gate) -> impl Endpoint<Output = Response> + 'static {
    front(routes::operations(), app, gate)
}

/// These operations behind everything that every request goes through.
pub(crate) fn front<T: OpenApi + 'static>(
    operations: T,
    app: Arc<App>,
    gate: Gate,
) -> impl Endpoint<Output = Response> + 'static {
    let service = openapi::service(operations);
    let outer = Outer {
        auth: gate.auth.clone(),
        trusted_proxies: gate.trusted_proxies,
        rate: gate.limits.map(Rate::new),
        metrics: Arc::clone(&app.metrics),
        database: app.database.clone(),
        methods: Arc::new(Methods::new(&openapi::document(&service))),
        clock: gate.clock,
    };
    let routes = openapi::routes(Route::new(), &service);
    let routes = page::routes(routes, &gate.auth, service);
    routes.data(app).around(move |inner, request| outer.clone().answer(inner, request)).map_to_response()
}
