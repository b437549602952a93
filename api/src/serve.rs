//! Puts the service together, runs it, and takes it apart again in order.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use entity::{Clock, Database, Error, Options};
use poem::{EndpointExt, Response, endpoint::BoxEndpoint};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use worker::Doorbells;

use crate::{
    accounts::{AccessTokens, Accounts, Login, demo},
    app::{self, App, Gate},
    code::Codes,
    confirm::{Confirmer, Confirms},
    http::{caller::Auth, server},
    intake::{Intake, Writer},
    long_reads::LongReads,
    metrics::Metrics,
    progress::Progress,
    queue::Readings,
    readiness::Readiness,
    reads::Reads,
    secret::Secret,
    settings::{AuthMode, Settings},
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
    let options = Options {
        url: settings.database_url.clone(),
        durability: settings.durability,
        create: true,
        clock: clock.clone(),
    };
    let database = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        opened = open(options) => opened?,
    };
    if let Some(warning) = database.exposure() {
        tracing::warn!("{warning}");
    }
    let people = people(&settings, &database, &clock).await?;
    let listener = server::listen(settings.listen)
        .map_err(|error| Error::Unusable(format!("cannot serve on {}: {error}", settings.listen)))?;
    greet(&settings.auth, &database, listener.local_addr().unwrap_or(settings.listen), &people.logins);
    if settings.worker.verify_minutes > 0 {
        tokio::spawn(worker::verify_at_start(database.clone(), stop.clone()));
    }
    let front = |app, stop| server::serve(listener, app, stop);
    run(settings, clock, database, people, front, stop).await;
    Ok(())
}

/// The whole HTTP side, whoever hands it requests.
pub(crate) type Whole = BoxEndpoint<'static, Response>;

/// Serves on a database that is open already, until `stop`, and then closes it. Requests come through `front`, which
/// ends when it was told to stop.
pub(crate) async fn serve_opened<F: Future<Output = ()>>(
    settings: Settings,
    clock: Clock,
    database: Database,
    front: impl FnOnce(Whole, CancellationToken) -> F,
    stop: CancellationToken,
) -> Result<(), Error> {
    let people = people(&settings, &database, &clock).await?;
    run(settings, clock, database, people, front, stop).await;
    Ok(())
}

async fn run<F: Future<Output = ()>>(
    settings: Settings,
    clock: Clock,
    database: Database,
    people: People,
    front: impl FnOnce(Whole, CancellationToken) -> F,
    stop: CancellationToken,
) {
    let People { secret, auth, accounts, .. } = people;
    let doorbells = Doorbells::default();
    let metrics = Arc::new(Metrics::default());
    let workers = start_workers(&settings, &database, &doorbells, &metrics, &stop);
    let ring = Arc::clone(&doorbells.intents);
    let count = Arc::clone(&metrics);
    let written = move |intents, any_new| {
        // Replays and refusals leave nothing to do, and a worker that is woken takes the write lock.
        if any_new {
            ring.notify_one();
        }
        count.took_in(intents);
    };
    let mut groups = JoinSet::new();
    let intake = Intake::start(Writer { database: database.clone(), written }, &mut groups);
    let reads = Reads::start(&database, &mut groups);
    let confirms = Confirms::start(Confirmer(database.clone()), &mut groups);
    let watch = Arc::new(Watch::default());
    let watcher = tokio::spawn(watch::run(watch.clone(), database.clone(), doorbells.changes.clone(), stop.clone()));
    // A set, whose tasks end with it, also when this is dropped.
    let mut folding = JoinSet::new();
    folding.spawn({
        let database = database.clone();
        async move { worker::keep_log_short(&database).await }
    });
    let app = Arc::new(App {
        database: database.clone(),
        intake,
        reads,
        confirms,
        watch,
        progress: Progress::default(),
        readings: Readings::default(),
        readiness: Readiness::default(),
        long_reads: LongReads::default(),
        metrics,
        intents: Arc::clone(&doorbells.intents),
        codes: secret.as_ref().map(Codes::new),
        extensions_max: settings.extensions_max,
        accounts,
        stop: stop.clone(),
    });

    let end = tokio::spawn({
        let stop = stop.clone();
        async move {
            stop.cancelled().await;
            Instant::now() + SHUTDOWN
        }
    });
    let gate = Gate { auth, trusted_proxies: settings.trusted_proxies.into(), limits: settings.limits, clock };
    front(app::endpoint(app, gate).boxed(), stop).await;

    // The endpoint is gone and with it every way into a group: what was taken in gets done.
    let end = end.await.unwrap_or_else(|_| Instant::now());
    let _ = timeout_at(end, all(groups)).await;
    watcher.abort();
    let _ = timeout_at(end, all(workers)).await;
    drop(folding);
    let _ = timeout(CLOSING, database.close()).await;
}

/// Waits until all of them have ended. Those that have not when this is given up are cut off.
async fn all(mut tasks: JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Who may call, and how they prove it.
struct People {
    secret: Option<Secret>,
    auth: Auth,
    accounts: Option<Arc<Accounts>>,
    /// Those of a demo.
    logins: Vec<Login>,
}

async fn people(settings: &Settings, database: &Database, clock: &Clock) -> Result<People, Error> {
    let secret = secret(settings, database)?;
    let auth = auth(settings, secret.as_ref())?;
    let accounts = match &auth {
        Auth::Bearer(tokens) => Some(Arc::new(Accounts::new(Arc::clone(tokens), clock.clone()))),
        Auth::Gateway(_) => None,
    };
    let logins = match secret.as_ref().filter(|_| settings.demo) {
        Some(secret) => demo(database, secret).await?,
        None => vec![],
    };
    Ok(People { secret, auth, accounts, logins })
}

fn start_workers(
    settings: &Settings,
    database: &Database,
    doorbells: &Doorbells,
    metrics: &Arc<Metrics>,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for _ in 0..settings.workers {
        let observer = Arc::clone(metrics);
        workers.spawn(worker::run(database.clone(), settings.worker, doorbells.clone(), observer, stop.clone()));
    }
    workers
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

/// How callers prove who they are.
fn auth(settings: &Settings, secret: Option<&Secret>) -> Result<Auth, Error> {
    match &settings.auth {
        AuthMode::Gateway(networks) => Ok(Auth::Gateway(networks.clone())),
        AuthMode::Bearer => {
            let secret =
                secret.ok_or_else(|| Error::Unusable("tokens need a secret: set TURNOUT_SECRET".to_owned()))?;
            Ok(Auth::Bearer(Arc::new(AccessTokens::new(secret))))
        }
    }
}

/// Opens and migrates the database, waiting for others who do the same.
pub(crate) async fn open(options: Options) -> Result<Database, Error> {
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
fn greet(auth: &AuthMode, database: &Database, address: SocketAddr, logins: &[Login]) {
    println!("turnout: serving on http://{address}, data in {}", database.location());
    println!("turnout: open http://{address}/ in a browser");
    println!("turnout: the interface is described at http://{address}/docs");
    for Login { email, role, password } in logins {
        println!("turnout: log in as {email} ({role}) with the password {password}");
    }
    for Login { email, role, password } in logins {
        println!("turnout: {role} in a browser: http://{address}/#/log-in?email={email}&password={password}");
    }
    match (auth, logins.first()) {
        (AuthMode::Bearer, Some(Login { email, password, .. })) => println!(
            "turnout: try  curl http://{address}/auth/login -H 'Content-Type: application/json' \
             -d '{{\"email\": \"{email}\", \"password\": \"{password}\"}}'"
        ),
        (AuthMode::Bearer, None) => println!(
            "turnout: try  curl -i http://{address}/auth/register -H 'Content-Type: application/json' \
             -d '{{\"email\": \"you@example.org\", \"name\": \"You\", \"password\": \"choose one of your own\"}}'"
        ),
        (AuthMode::Gateway(_), _) => println!(
            "turnout: try  curl -i http://{address}/events -H 'X-User: you@example.org' -H 'X-Role: organizer' \
             -H 'Content-Type: application/json' \
             -d '{{\"name\": \"First\", \"starts_at\": \"2030-01-01T18:00:00Z\", \"capacity\": 2, \"status\": \"published\"}}'"
        ),
    }
}
