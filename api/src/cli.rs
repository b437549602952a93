//! The command line.

use std::process::ExitCode;

use chrono::Utc;
use clap::{Parser, Subcommand};
use entity::Clock;
use worker::Mistakes;

use crate::{openapi_document, serve::serve, settings::ServeArgs};

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
}

/// Runs the api binary. Returns 0 after SIGTERM or SIGINT, 2 for wrong settings, 1 for anything else.
pub fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Command::Openapi) = args.command {
        print!("{}", openapi_document());
        return ExitCode::SUCCESS;
    }
    let mut mistakes = Mistakes::default();
    let settings = args.serve.check(&mut mistakes);
    if let Some(report) = mistakes.report() {
        eprintln!("api: these settings are wrong:\n{report}");
        return ExitCode::from(2);
    }
    let Some(settings) = settings else { return ExitCode::from(2) };
    tracing_subscriber::fmt().json().with_max_level(settings.log_level).with_writer(std::io::stderr).init();
    #[expect(clippy::disallowed_methods, reason = "the one place where this process reads the time")]
    let clock = Clock::new(|| Utc::now().timestamp_millis());
    let runtime = tokio::runtime::Runtime::new();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(serve(settings, clock)).map_err(|error| error.to_string()),
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
