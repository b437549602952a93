//! Puts the service together, runs it, and takes it apart again in order.

use std::{sync::Arc, time::Duration};

use entity::{Clock, Database, Error, Options};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use worker::Doorbells;

use crate::{
    app::{self, App},
    code::Codes,
    http::{caller::Auth, server},
    intake::Intake,
    metrics::Metrics,
    progress::Progress,
    queue::Readings,
    secret::Secret,
    settings::Settings,
    watch::{self, Watch},
};

/// How often, and how far apart, migrating is tried while others migrate or write.
const MIGRATION_TRIES: u32 = 200;
const MIGRATION_PAUSE: Duration = Duration::from_millis(50);

/// After being told to stop, how long requests, the writer and the embedded workers may take to finish, all together; and
/// then the database to close.
const SHUTDOWN: Duration = Duration::from_millis(5500);
const CLOSING: Duration = Duration::from_millis(250);

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn serve(settings: Settings, clock: Clock) -> Result<(), Error> {
    let stop = worker::stop_on_signal()?;
    let options = Options { url: settings.database_url.clone(), durability: settings.durability, create: true, clock };
    let database = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        opened = open(options) => opened?,
    };
    let secret = secret(&settings, &database)?;
    let listener = server::listen(settings.listen)
        .await
        .map_err(|error| Error::Unusable(format!("cannot serve on {}: {error}", settings.listen)))?;

    let doorbells = Doorbells::default();
    let metrics = Arc::new(Metrics::default());
    let mut workers = JoinSet::new();
    for _ in 0..settings.workers {
        let observer = Arc::clone(&metrics);
        workers.spawn(worker::run(database.clone(), settings.worker, doorbells.clone(), observer, stop.clone()));
    }
    let ring = Arc::clone(&doorbells.intents);
    let count = Arc::clone(&metrics);
    let (intake, writer) = Intake::start(database.clone(), move |intents| {
        ring.notify_one();
        count.took_in(intents);
    });
    let watch = Arc::new(Watch::default());
    let watcher = tokio::spawn(watch::run(watch.clone(), database.clone(), doorbells.changes.clone(), stop.clone()));
    let app = Arc::new(App {
        database: database.clone(),
        intake,
        watch,
        progress: Progress::default(),
        readings: Readings::default(),
        metrics,
        intents: Arc::clone(&doorbells.intents),
        codes: secret.as_ref().map(Codes::new),
        secret,
        extensions_max: settings.extensions_max,
        stop: stop.clone(),
    });

    let end = tokio::spawn({
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            Instant::now() + SHUTDOWN
        }
    });
    greet(&settings, &database, listener.local_addr().unwrap_or(settings.listen));
    server::serve(listener, app::endpoint(app, settings.gate), stop).await;

    // The endpoint is gone and with it every way into intake: what was taken in gets written.
    let end = end.await.unwrap_or_else(|_| Instant::now());
    let _ = timeout_at(end, writer).await;
    watcher.abort();
    let _ = timeout_at(end, async { while workers.join_next().await.is_some() {} }).await;
    let _ = timeout(CLOSING, database.close()).await;
    Ok(())
}

/// The secret that was set, or the one in the file beside the SQLite database. Machines that share a PostgreSQL server
/// share no folder, so there it has to be set.
fn secret(settings: &Settings, database: &Database) -> Result<Option<Secret>, Error> {
    if let Some(secret) = &settings.secret {
        return Ok(Some(secret.clone()));
    }
    if database.is_postgres() {
        tracing::warn!("TURNOUT_SECRET is not set: tickets have no codes, and nobody can be checked in");
        return Ok(None);
    }
    let path = format!("{}.secret", database.location());
    Secret::of_file(path.as_ref()).map(Some).map_err(Error::Unusable)
}

/// Opens and migrates the database, waiting for others who do the same.
async fn open(options: Options) -> Result<Database, Error> {
    let database = Database::open(options).await?;
    let mut tries = MIGRATION_TRIES;
    loop {
        tries -= 1;
        match migration::migrate(database.writer()).await.map_err(Error::from) {
            Err(error) if error.is_environmental() && tries > 0 => sleep(MIGRATION_PAUSE).await,
            result => return result.map(|()| database),
        }
    }
}

/// Tells whoever started it where to go from here.
fn greet(settings: &Settings, database: &Database, address: std::net::SocketAddr) {
    println!("turnout: serving on http://{address}, data in {}", database.location());
    println!("turnout: the interface is described at http://{address}/docs");
    match settings.gate.auth {
        Auth::Bearer => println!("turnout: try  curl http://{address}/events"),
        Auth::Gateway(_) => println!(
            "turnout: try  curl -i http://{address}/events -H 'X-User: you@example.org' -H 'X-Role: organizer' \
             -H 'Content-Type: application/json' \
             -d '{{\"name\": \"First\", \"starts_at\": \"2030-01-01T18:00:00Z\", \"capacity\": 2, \"status\": \"published\"}}'"
        ),
    }
}
