//! The benchmark: `cargo run --release -p tests --bin bench` measures this machine, side by side.
//!
//! It builds the real programs, starts them on fresh databases on loopback, and compares them with honest baselines, the
//! sides of each comparison in turn, over several rounds. Nothing is asserted but correctness: a figure is printed with
//! what we want it to be. It ends by itself.

#![expect(clippy::expect_used, reason = "a benchmark that cannot measure has nothing to say but why")]

mod backlog;
mod baseline;
mod chart;
mod connection;
mod figures;
mod load;
mod log;
mod report;
mod request;
mod scenario;
mod site;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::Command,
};

use baseline::BaselineArgs;
use clap::{Parser, Subcommand, ValueEnum};
use report::Report;
use scenario::Scenario;
use site::Site;
use tests::Programs;

/// The baselines have the allocator that the real programs have.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Turnout on this machine.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    baseline: Option<Mode>,
    /// Takes two minutes instead of half an hour: shorter, fewer, smaller
    #[arg(long)]
    quick: bool,
    /// Rounds of each comparison
    #[arg(long)]
    rounds: Option<usize>,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// The profile to build the programs with
    #[arg(long, default_value = "release")]
    profile: String,
    /// Where the JSON and the chart go; by default nowhere
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Serve a baseline
    #[command(hide = true)]
    Baseline(BaselineArgs),
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let Some(Mode::Baseline(args)) = args.baseline {
        // As many threads as the real programs have.
        tokio::runtime::Runtime::new()?.block_on(baseline::serve(args))?;
        return Ok(());
    }
    // One thread for the load: the cores belong to what is measured.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure(args))
}

async fn measure(args: Args) -> Result<(), Box<dyn Error>> {
    // Before anything is measured: a folder that cannot be made must not be found out about later.
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)?;
    }
    let exe = std::env::current_exe()?;
    let programs = build(&args.profile, &exe)?;
    let rounds = args.rounds.unwrap_or(if args.quick { 1 } else { 5 });
    let exe = exe.to_string_lossy().into_owned();
    let site = Site::new(programs, exe, args.quick, rounds);
    let mut report = Report {
        cores: std::thread::available_parallelism()?.get(),
        sync_millis: report::sync_millis(&std::env::temp_dir())?,
        profile: args.profile,
        rounds,
        is_quick: args.quick,
        figures: vec![],
    };
    println!(
        "{} cores, the load generator among them; a sync takes {:.3} ms; profile {}, {rounds} rounds; median [min – max]",
        report.cores, report.sync_millis, report.profile
    );
    let wanted = if args.only.is_empty() { Scenario::value_variants().to_vec() } else { args.only };
    for scenario in wanted {
        for figure in scenario.run(&site).await {
            println!("{}", report::line(&figure));
            report.figures.push(figure);
        }
        // Each time: who breaks it off keeps what there is.
        if let Some(folder) = &args.out {
            report.save(&folder.join("figures.json"))?;
            chart::draw(&folder.join("ratios.svg"), &report.figures)?;
        }
    }
    Ok(())
}

/// Builds the programs that people run.
fn build(profile: &str, exe: &Path) -> Result<Programs, Box<dyn Error>> {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // All of the workspace, as people build it: part of it could get other features.
    build.args(["build", "--locked", "--profile", profile, "--workspace", "--bins"]);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    if !build.current_dir(workspace).status()?.success() {
        return Err("the programs do not build".into());
    }
    // target/<profile>/bench: the programs stand beside the folder that this one stands in.
    let target = exe.ancestors().nth(2).ok_or("no target folder")?.join(profile);
    let program = |name: &str| -> &'static str { target.join(name).to_string_lossy().into_owned().leak() };
    Ok(Programs { api: program("api"), worker: program("worker") })
}
