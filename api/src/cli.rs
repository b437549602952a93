//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use entity::{Clock, Database, Durability, Error, Options};
use poem::{Response, endpoint::BoxEndpoint};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::sync::CancellationToken;
use worker::{Mistakes, arm_faults, process_clock};

use crate::{
    accounts::{CreateAdminArgs, NewAdmin, create_admin},
    backup::{BackupArgs, back_up},
    http::server,
    openapi_document,
    serve::{open, serve, serve_opened},
    settings::{ServeArgs, Settings},
    verify::{VerifyArgs, verify},
};

/// Turnout: event registration that cannot oversell.
#[derive(Debug, Parser)]
#[command(name = "api", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the OpenAPI document
    Openapi,
    /// Make an administrator, or make one of an account that is there and give it a new password
    CreateAdmin(CreateAdminArgs),
    /// Check the promises against the database, and name the rows that break one
    Verify(VerifyArgs),
    /// Copy an SQLite database into a new file, while everybody goes on working
    Backup(BackupArgs),
}

/// `verify` could not be made.
const NOT_VERIFIED: u8 = 2;

/// Runs the api binary. Returns 0 after SIGTERM or SIGINT, 2 for wrong settings, 1 for anything else. `verify` returns
/// 0 when every promise holds, 1 when one is broken, and 2 when that could not be found out.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let clock = process_clock();
    match args.command {
        Some(Command::Openapi) => {
            print!("{}", openapi_document());
            ExitCode::SUCCESS
        }
        Some(Command::CreateAdmin(args)) => checked(|mistakes| args.check(mistakes), |new| make_admin(new, clock), 1),
        Some(Command::Verify(args)) => checked(|mistakes| args.check(mistakes), |url| verify(url, clock), NOT_VERIFIED),
        Some(Command::Backup(args)) => checked(|mistakes| args.check(mistakes), |args| back_up(args, clock), 1),
        None => checked(
            |mistakes| args.serve.check(mistakes),
            |settings| {
                let log = tracing_subscriber::fmt().json().with_max_level(settings.log_level);
                log.with_writer(std::io::stderr).init();
                async { serve(settings, clock).await.map(|()| ExitCode::SUCCESS) }
            },
            1,
        ),
    }
}

/// Serves on a database and a listener that are open already, until `stop`, and then closes them: the service inside
/// another program, such as a test that looks at its statements. `flags` are those of the api; where the data is, the
/// address and the log are the caller's.
///
/// # Errors
/// [`Error::Unusable`] for wrong flags; otherwise what the database answered.
pub async fn serve_inside(
    flags: &[&str],
    database: Database,
    clock: Clock,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<(), Error> {
    let front = |app, stop| server::serve(listener, app, stop);
    serve_opened(settings_of(flags)?, clock, database, front, stop).await
}

/// The same without a listener: `ready` gets the whole HTTP side as a value, which has to be dropped before `stop`. For a
/// test that hands it one request after another.
///
/// # Errors
/// As [`serve_inside`].
#[doc(hidden)]
pub async fn answer_inside(
    flags: &[&str],
    database: Database,
    clock: Clock,
    ready: oneshot::Sender<BoxEndpoint<'static, Response>>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let front = |app, stop: CancellationToken| async move {
        // Whoever does not want it any more stops, too.
        let _ = ready.send(app);
        stop.cancelled().await;
    };
    serve_opened(settings_of(flags)?, clock, database, front, stop).await
}

fn settings_of(flags: &[&str]) -> Result<Settings, Error> {
    let args = Args::try_parse_from([&["api"], flags].concat()).map_err(|error| Error::Unusable(error.to_string()))?;
    let mut mistakes = Mistakes::default();
    let settings = args.serve.check(&mut mistakes);
    settings.ok_or_else(|| Error::Unusable(mistakes.report().unwrap_or_default()))
}

/// Runs work with its settings, or tells what is wrong with them. Returns `failure` when the work fails.
fn checked<S, W: Future<Output = Result<ExitCode, Error>>>(
    check: impl FnOnce(&mut Mistakes) -> Option<S>,
    work: impl FnOnce(S) -> W,
    failure: u8,
) -> ExitCode {
    let mut mistakes = Mistakes::default();
    let settings = check(&mut mistakes);
    arm_faults(&mut mistakes);
    if let Some(report) = mistakes.report() {
        eprintln!("api: these settings are wrong:\n{report}");
        return ExitCode::from(2);
    }
    let Some(settings) = settings else { return ExitCode::from(2) };
    let result = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(work(settings)).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("api: {error}");
            ExitCode::from(failure)
        }
    }
}

async fn make_admin(new: NewAdmin, clock: Clock) -> Result<ExitCode, Error> {
    let options = Options { url: new.database_url.clone(), durability: Durability::Full, create: true, clock };
    let database = open(options).await?;
    let email = new.email.clone();
    let made = create_admin(&database, new).await?;
    println!("{email} is an administrator, in {}", database.location());
    if let Some(password) = made.password {
        println!("the password, shown once: {password}");
    }
    database.close().await?;
    Ok(ExitCode::SUCCESS)
}
