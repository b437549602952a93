//! `api verify`: checks the promises against the rows and says what breaks them. It changes nothing.

use std::process::ExitCode;

use clap::Args;
use entity::{Clock, Database, Durability, Error, Kind, Options, verify::checks};
use tokio_util::sync::CancellationToken;
use worker::{Mistakes, Pace, Report, verify as walk};

/// Which database.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://turnout.db", hide_env_values = true)]
    database_url: String,
}

impl VerifyArgs {
    /// The database's URL, or `None` and the mistake noted.
    pub(crate) fn check(self, mistakes: &mut Mistakes) -> Option<String> {
        if Kind::of_url(&self.database_url).is_none() {
            mistakes.note("--database-url", "must start with sqlite:// or postgres://");
            return None;
        }
        Some(self.database_url)
    }
}

/// Prints a line for each row that breaks a promise, and a last one with how much was checked. Returns 0 if there are
/// none, and 1 otherwise.
///
/// # Errors
/// [`Error::Unusable`] when the schema is another one; otherwise what the database answered.
pub(crate) async fn verify(url: String, clock: Clock) -> Result<ExitCode, Error> {
    let database = Database::open(Options { url, durability: Durability::Full, create: false, clock }).await?;
    if !migration::is_current(database.reader()).await? {
        return Err(Error::Unusable(format!("{} has not the schema of this program", database.location())));
    }
    let report = walk(&database, Pace::AT_ONCE, &CancellationToken::new()).await?;
    // Nothing is open while it is written, however slowly somebody reads.
    print(&report, checks(database.is_postgres()).len());
    database.close().await?;
    Ok(if report.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report, checks: usize) {
    for finding in &report.broken {
        println!("broken: {finding}");
    }
    let word = if report.had_worker { "broken" } else { "waits for a worker" };
    for finding in &report.late {
        println!("{word}: {finding}");
    }
    let failures = report.failures();
    println!("verify: {} events, {checks} checks: {failures} rows break a promise", report.events);
}
