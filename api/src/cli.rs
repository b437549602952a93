//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use entity::{Clock, Database, Durability, Error, Options};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use worker::{Mistakes, arm_faults, process_clock};

use crate::{
    accounts::{CreateAdminArgs, NewAdmin, create_admin},
    openapi_document,
    serve::{open, serve, serve_opened},
    settings::ServeArgs,
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
}

/// Runs the api binary. Returns 0 after SIGTERM or SIGINT, 2 for wrong settings, 1 for anything else.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let clock = process_clock();
    match args.command {
        Some(Command::Openapi) => {
            print!("{}", openapi_document());
            ExitCode::SUCCESS
        }
        Some(Command::CreateAdmin(args)) => checked(|mistakes| args.check(mistakes), |new| make_admin(new, clock)),
        None => checked(
            |mistakes| args.serve.check(mistakes),
            |settings| {
                let log = tracing_subscriber::fmt().json().with_max_level(settings.log_level);
                log.with_writer(std::io::stderr).init();
                serve(settings, clock)
            },
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
    let args = Args::try_parse_from([&["api"], flags].concat()).map_err(|error| Error::Unusable(error.to_string()))?;
    let mut mistakes = Mistakes::default();
    let settings = args.serve.check(&mut mistakes);
    let settings = settings.ok_or_else(|| Error::Unusable(mistakes.report().unwrap_or_default()))?;
    serve_opened(settings, clock, database, listener, stop).await
}

/// Runs work with its settings, or tells what is wrong with them.
fn checked<S, W: Future<Output = Result<(), Error>>>(
    check: impl FnOnce(&mut Mistakes) -> Option<S>,
    work: impl FnOnce(S) -> W,
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
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("api: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn make_admin(new: NewAdmin, clock: Clock) -> Result<(), Error> {
    let options = Options { url: new.database_url.clone(), durability: Durability::Full, create: true, clock };
    let database = open(options).await?;
    let email = new.email.clone();
    let made = create_admin(&database, new).await?;
    println!("{email} is an administrator, in {}", database.location());
    if let Some(password) = made.password {
        println!("the password, shown once: {password}");
    }
    database.close().await
}
