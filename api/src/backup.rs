//! Copies the database from the command line.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use entity::{Clock, Database, Durability, Error, Kind, Options};
use worker::Mistakes;

/// What to copy, as flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct BackupArgs {
    /// The file to write, which must not be there yet
    file: PathBuf,
    /// Where the data is
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://turnout.db", hide_env_values = true)]
    database_url: String,
}

impl BackupArgs {
    /// The same, or `None` and every mistake noted.
    pub(crate) fn check(self, mistakes: &mut Mistakes) -> Option<Self> {
        match Kind::of_url(&self.database_url) {
            Some(Kind::Sqlite) => return Some(self),
            Some(Kind::Postgres) => {
                mistakes.note("--database-url", "PostgreSQL is backed up with its own tools: pg_dump, or archiving");
            }
            None => mistakes.note("--database-url", "must start with sqlite://"),
        }
        None
    }
}

/// Writes the copy. The database is opened as a worker does: nothing is made or migrated.
pub(crate) async fn back_up(args: BackupArgs, clock: Clock) -> Result<ExitCode, Error> {
    let BackupArgs { file, database_url: url } = args;
    let database = Database::open(Options { url, durability: Durability::Full, create: false, clock }).await?;
    let written = database.back_up(&file).await;
    database.close().await?;
    written?;
    println!("{} holds everything but the secret", file.display());
    Ok(ExitCode::SUCCESS)
}
