//! The README's journeys, run as they stand there.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use tests::{Process, Setup, both_databases};

const README: &str = include_str!("../../../README.md");

/// A command and what it prints.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    prints: String,
}

/// The console transcripts of a chapter, in order.
fn transcripts(chapter: &str) -> Vec<&'static str> {
    let chapter = README.split("\n## ").find(|text| text.starts_with(chapter)).expect("the chapter");
    chapter.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// The commands of transcripts.
fn steps(transcripts: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    for line in transcripts.iter().flat_map(|text| text.lines()) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), prints: String::new() }),
            (None, Some(step)) => step.prints.extend([line, "\n"]),
            (None, None) => panic!("a transcript begins with a command: {line}"),
        }
    }
    steps
}

/// Runs the commands in one shell in this folder. Every one must print what stands there.
fn run(folder: &Path, steps: &[Step], environment: &[(&str, &str)]) {
    const MARK: &str = "---- that was it ----";
    // The binary that cargo would run.
    let mut script = "cargo() { while [ \"$1\" != -- ]; do shift; done; shift; \"$API\" \"$@\"; }\n".to_owned();
    for step in steps {
        script.extend([&step.command, "\necho '", MARK, "'\n"]);
    }
    let mut shell = Command::new("bash");
    shell.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.envs(environment.iter().copied()).spawn().expect("bash");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("the script is read");
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.is_empty(), "the journeys complain:\n{told}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let printed = printed.split(&format!("{MARK}\n")).collect::<Vec<_>>();
    let is_wrong = |(step, printed): &(&Step, &&str)| step.prints != **printed;
    let wrong = steps.iter().zip(&printed).filter(is_wrong);
    let told = wrong.map(|(step, printed)| format!("$ {}\n{printed}instead of\n{}", step.command, step.prints));
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

both_databases! {
    async fn the_journeys_run_as_they_stand(world: &mut World) {
        let steps = steps(&transcripts("Try it"));
        assert!(steps.len() > 30, "the transcripts were found");
        world.start(&Setup { api_flags: &["--auth=bearer", "--demo"], ..Setup::default() });
        let password = |who: &str| {
            let text = format!("log in as {who}@demo.example");
            let printed = world.apis[0].printed(&text);
            let line = printed.lines().find(|line| line.contains(&text)).unwrap_or_default();
            line.split_whitespace().last().unwrap_or_default().to_owned()
        };
        let (olive, ada) = (password("olive"), password("ada"));
        let client = world.client(0);
        let environment = [("URL", client.base()), ("OLIVE", &olive), ("ADA", &ada),
            ("API", world.programs().api), ("DATABASE_URL", world.url())];
        run(tempfile::tempdir().expect("a folder").path(), &steps, &environment);
    }
}

/// A backup is made while the service runs, and all of the database is lost and restored, as the README says.
#[test]
fn a_backup_is_made_and_restored_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path();
    let start = || {
        let script = format!("cd {} && exec {} --listen=127.0.0.1:0 --demo", place.display(), tests::programs!().api);
        Process::start("sh", &["-c".to_owned(), script], &place.join("log"))
    };
    let login = |process: &Process| {
        let printed = process.printed("log in as ada@demo.example");
        printed.lines().find(|line| line.contains("log in as ada@")).map(str::to_owned)
    };
    let [back_up, restore] = transcripts("Run it")[..] else { panic!("two transcripts: backup and restore") };
    let environment = [("API", tests::programs!().api)];
    let running = start();
    let before = login(&running);
    run(place, &steps(&[back_up]), &environment);
    drop(running);
    run(place, &steps(&[restore]), &environment);
    let database = rusqlite::Connection::open(place.join("turnout.db")).expect("the database");
    let events: i64 = database.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).expect("a number");
    assert_eq!(events, 3);
    // The demo's passwords follow from the secret, and it fills empty databases only.
    assert_eq!(login(&start()), before);
}

/// Every code of a problem has a row in the catalogue with its status, and every row is a code.
#[test]
fn the_catalogue_of_problems_is_whole() {
    let chapter = README.split("\n### ").find(|chapter| chapter.starts_with("Problems")).expect("the chapter");
    let rows: Vec<(&str, &str)> = chapter
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            Some((cells.next()?.strip_prefix('`')?.strip_suffix('`')?, cells.next()?))
        })
        .collect();
    let codes: Vec<(&str, String)> = api::problem_codes().map(|(code, status, _)| (code, status.to_string())).collect();
    let expected: Vec<(&str, &str)> = codes.iter().map(|(code, status)| (*code, status.as_str())).collect();
    assert_eq!(rows, expected);
}
