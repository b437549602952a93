//! The worker process: settings, logs, signals.

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use entity::{Database, Durability, Error, Options};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Doorbells, Mistakes, Settings, SettingsArgs, arm_faults, keep_log_short, process_clock, run, stop_on_signal,
};

/// Settles registrations. Start as many as you like on one database.
#[derive(Debug, Parser)]
#[command(name = "worker", version)]
struct Args {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// How often a worker looks whether the database is there and current.
const SCHEMA_POLL: Duration = Duration::from_millis(100);

/// After being told to stop, how long a worker may take to finish the batch in hand, and then to close the database.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
const CLOSING: Duration = Duration::from_millis(500);

/// Runs the worker binary. Returns 0 after SIGTERM or SIGINT, 2 for wrong settings, 1 for anything else.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut mistakes = Mistakes::default();
    let checked = args.settings.check(&mut mistakes);
    arm_faults(&mut mistakes);
    if let Some(report) = mistakes.report() {
        eprintln!("worker: these settings are wrong:\n{report}");
        return ExitCode::from(2);
    }
    let Some((settings, durability)) = checked else { return ExitCode::from(2) };
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
    match start(args.settings.database_url, settings, durability) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn start(url: String, settings: Settings, durability: Durability) -> Result<(), Error> {
    let stop = stop_on_signal()?;
    let options = Options { url, durability, create: false, clock: process_clock() };
    let Some(database) = wait_for_schema(options, &stop).await? else { return Ok(()) };
    if let Some(warning) = database.exposure() {
        tracing::warn!("{warning}");
    }
    println!("worker: working on {}", database.location());
    tokio::select! {
        () = run(database.clone(), settings, Doorbells::default(), Arc::new(()), stop.clone()) => {}
        () = overdue(&stop) => tracing::warn!("a batch did not finish in time; it is rolled back"),
        never = keep_log_short(&database) => match never {},
    }
    let _ = timeout(CLOSING, database.close()).await;
    Ok(())
}

/// Returns when the worker should have ended long ago.
async fn overdue(stop: &CancellationToken) {
    stop.cancelled().await;
    sleep(SHUTDOWN_GRACE).await;
}

/// Opens the database once it exists with the schema that this program knows; the api makes both. `None` when stopped
/// before.
async fn wait_for_schema(options: Options, stop: &CancellationToken) -> Result<Option<Database>, Error> {
    let mut told = false;
    loop {
        let opened = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            opened = open_current(&options) => opened,
        };
        match opened {
            Ok(Some(database)) => return Ok(Some(database)),
            Err(error) if !error.is_environmental() => return Err(error),
            Ok(None) | Err(_) => {}
        }
        if !told {
            tracing::info!("waiting for a database with the current schema; the api makes it");
            told = true;
        }
        sleep(SCHEMA_POLL).await;
    }
}

async fn open_current(options: &Options) -> Result<Option<Database>, Error> {
    let database = Database::open(options.clone()).await?;
    if migration::is_current(database.reader()).await? {
        return Ok(Some(database));
    }
    database.close().await?;
    Ok(None)
}
