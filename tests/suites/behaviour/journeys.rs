//! The README's journeys, run as they stand there.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tests::{Setup, both_databases};

const README: &str = include_str!("../../../README.md");

/// A command and what it prints.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    prints: String,
}

/// The console transcripts of "Try it", in order.
fn steps() -> Vec<Step> {
    let chapter = README.split("\n## ").find(|chapter| chapter.starts_with("Try it")).expect("the chapter");
    let blocks = chapter.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let mut steps: Vec<Step> = vec![];
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), prints: String::new() }),
            (None, Some(step)) => step.prints.extend([line, "\n"]),
            (None, None) => panic!("a transcript begins with a command: {line}"),
        }
    }
    steps
}

/// Runs the commands in one shell. Returns what each printed.
fn run(steps: &[Step], environment: &[(&str, &str)]) -> Vec<String> {
    const MARK: &str = "---- that was it ----";
    let folder = tempfile::tempdir().expect("a folder");
    // The binary that cargo would run.
    let mut script = "cargo() { while [ \"$1\" != -- ]; do shift; done; shift; \"$API\" \"$@\"; }\n".to_owned();
    for step in steps {
        script.extend([&step.command, "\necho '", MARK, "'\n"]);
    }
    let mut shell = Command::new("bash");
    shell.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.envs(environment.iter().copied()).spawn().expect("bash");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("the script is read");
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.is_empty(), "the journeys complain:\n{told}");
    let printed = String::from_utf8_lossy(&output.stdout);
    printed.split(&format!("{MARK}\n")).map(str::to_owned).take(steps.len()).collect()
}

both_databases! {
    async fn the_journeys_run_as_they_stand(world: &mut World) {
        let steps = steps();
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
        let printed = run(&steps, &environment);
        let wrong: Vec<String> = steps.iter().zip(&printed).filter(|(step, printed)| step.prints != **printed)
            .map(|(step, printed)| format!("$ {}\n{printed}instead of\n{}", step.command, step.prints)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
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
