//! The honest baselines: what the front end, the storage, and the ordinary way of doing it can do on this machine.
//!
//! - `null`: the same request through the same front end, and nothing behind it: the ceiling of HTTP;
//! - `naive`: one transaction for each request;
//! - `raw`: settlement by hand-written SQL, without any of our code: the ceiling of storage;
//! - `constant`: a fixed body (`GET /constant` of either server): the ceiling of reading.

mod naive;
pub(crate) mod one_by_one;
pub(crate) mod raw;

use std::sync::Arc;

use api::{Baseline, serve_baseline};
use chrono::Utc;
use clap::{Args, ValueEnum};
use entity::{Clock, Database, Durability, Error, Options};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use crate::site::LIMITS;

/// Which baseline to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// Nothing behind the front end.
    Null,
    /// One transaction for each request.
    Naive,
}

/// How to serve a baseline.
#[derive(Args, Clone, Debug)]
pub(crate) struct BaselineArgs {
    which: Which,
    database_url: String,
    /// Whether the last moments may be lost with the power
    #[arg(long)]
    normal: bool,
}

/// Serves a baseline until the process is killed.
pub(crate) async fn serve(args: BaselineArgs) -> Result<(), Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place where this process reads the time")]
    let clock = Clock::new(|| Utc::now().timestamp_millis());
    // In the ordinary way a commit syncs. Ours do not; they would wait for a sync together.
    let durability = Durability::Normal;
    let database =
        Database::open(Options { url: args.database_url, durability, create: true, clock: clock.clone() }).await?;
    migration::migrate(database.writer()).await?;
    if !args.normal && !database.is_postgres() {
        database.writer().execute_unprepared("PRAGMA synchronous = FULL").await?;
    }
    let baseline = match args.which {
        Which::Null => null(),
        Which::Naive => naive::baseline(database.clone()).await?,
    };
    serve_baseline(database, clock, LIMITS, baseline, CancellationToken::new()).await
}

fn null() -> Baseline {
    Baseline {
        register: Arc::new(|_| Box::pin(std::future::ready(true))),
        confirm: Arc::new(|_, _| Box::pin(std::future::ready(true))),
    }
}
