//! Whether each guard is needed: `cargo run -p tests --bin guards` takes one after the other out of a copy of the source,
//! and shows the test that fails without it.
//!
//! A guard that can be taken out unnoticed is one that somebody will take out. The list (`list.rs`) names the file, the
//! text, what stands there instead and the test; a text that is not found exactly once, an edit that does not compile, and
//! a test that passes all the same are errors. First the tests run on the source as it is, and have to pass.

#![expect(clippy::expect_used, reason = "what cannot be tried says why")]

mod list;
mod tree;

use std::{
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use clap::Parser;
use list::{GUARDS, Guard, Test};
use tree::Tree;

/// Steps and histories of the model: enough for each guard, few enough for many guards.
const STEPS: &str = "6000";
const HISTORIES: &str = "200";

/// Shows that tests fail without the guards.
#[derive(Debug, Parser)]
struct Args {
    /// Only these guards
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Do not run the tests on the source as it is first
    #[arg(long)]
    skip_base: bool,
    /// Only print the names
    #[arg(long)]
    list: bool,
}

/// What became of a test.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    /// It was not built.
    Broken,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let wanted = |guard: &&Guard| args.only.is_empty() || args.only.iter().any(|name| name == guard.name);
    let guards: Vec<&Guard> = GUARDS.iter().filter(wanted).collect();
    assert!(args.only.is_empty() || guards.len() == args.only.len(), "no guards of some of these names");
    if args.list {
        println!("{}", guards.iter().map(|guard| guard.name).collect::<Vec<_>>().join("\n"));
        return ExitCode::SUCCESS;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let tree = Tree::copy(source).expect("the source is copied");
    if !args.skip_base && !all_pass(&tree, &guards) {
        return ExitCode::FAILURE;
    }
    let survivors = guards.iter().filter(|guard| !is_needed(&tree, guard)).count();
    println!("{} guards, {survivors} of them not shown to be needed", guards.len());
    if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The tests on the source as it is.
fn all_pass(tree: &Tree, guards: &[&Guard]) -> bool {
    let mut tests: Vec<Test> = vec![];
    for guard in guards {
        if !tests.contains(&guard.test) {
            tests.push(guard.test);
        }
    }
    tests.iter().all(|test| {
        let (outcome, took) = run(tree, *test);
        println!("{:<34} {:<29} {outcome:?} in {} s", "(nothing taken out)", test.name, took.as_secs());
        outcome == Outcome::Passed
    })
}

/// Takes a guard out, and tells whether its test fails.
fn is_needed(tree: &Tree, guard: &Guard) -> bool {
    let tried = tree.edited(guard.file, guard.find, guard.replace, || run(tree, guard.test));
    let (told, is_needed) = match tried {
        Ok((Outcome::Failed, took)) => (format!("fails in {} s", took.as_secs()), true),
        Ok((Outcome::Passed, _)) => ("PASSES without it".to_owned(), false),
        Ok((Outcome::Broken, _)) => ("DOES NOT COMPILE".to_owned(), false),
        Err(problem) => (format!("IS NOT THERE: {problem}"), false),
    };
    println!("{:<34} {:<29} {told}", guard.name, guard.test.name);
    is_needed
}

/// Builds a test, then runs it.
fn run(tree: &Tree, test: Test) -> (Outcome, Duration) {
    let mut build = cargo(tree, test);
    if !build.arg("--no-run").output().expect("cargo runs").status.success() {
        return (Outcome::Broken, Duration::ZERO);
    }
    let since = Instant::now();
    let output = cargo(tree, test).arg(test.name).output().expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stdout);
    // A name that nothing has is no test that passes.
    let ran = !told.contains("running 0 tests");
    assert!(ran, "{test:?}: no such test");
    let outcome = if output.status.success() { Outcome::Passed } else { Outcome::Failed };
    (outcome, since.elapsed())
}

fn cargo(tree: &Tree, test: Test) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&tree.root).args(["test", "--quiet", "--locked"]).args(test.of);
    cargo.env("CARGO_TARGET_DIR", &tree.target).env("TURNOUT_STEPS", STEPS).env("TURNOUT_HISTORIES", HISTORIES);
    cargo.env("CI", "true");
    cargo
}
