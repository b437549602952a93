//! A disk that fails or is full: never a 202 for what is not there, a clear 503, and on it goes when the disk does.

use serde_json::json;
use tests::{Client, Kind, Setup, World, every, missing, new_key, programs, run};

/// What fails and how, and which calls are the first to: SQLite writes pages with the one and syncs them with the other.
const FAILING: [(&str, &[u32]); 2] = [("pwrite64", &[1, 2, 3, 5, 8, 13, 21, 55]), ("fdatasync", &[1, 2, 3, 5, 8])];
const ERRORS: [&str; 2] = ["EIO", "ENOSPC"];

/// So many calls fail, one after the other: more than a request is tried again.
const FAILURES: u32 = 15;

/// Asks for one seat; the id of what was acknowledged. Anything but that is a 503 that says when to come back.
async fn register(client: Client, event: String) -> Option<String> {
    let key = new_key();
    let answer = client.attendee(&format!("{key}@example.org")).register(&event, &key).await;
    if answer.status == 503 {
        assert_eq!((answer.code().as_str(), answer.header("retry-after").as_str()), ("busy", "1"), "{answer:?}");
        return None;
    }
    assert_eq!(answer.status, 202, "{answer:?}");
    Some(answer.text("id"))
}

/// Two at a time register until `is_enough` of what was acknowledged and refused in a row. Returns what was acknowledged.
async fn register_until(client: &Client, event: &str, is_enough: impl Fn(&[bool]) -> bool) -> Vec<String> {
    let (mut acknowledged, mut answers) = (vec![], vec![]);
    while !is_enough(&answers) {
        assert!(answers.len() < 30_000, "{} acknowledged, and no end", acknowledged.len());
        for id in every([(); 2].map(|()| register(client.clone(), event.to_owned()))).await {
            answers.push(id.is_some());
            acknowledged.extend(id);
        }
    }
    acknowledged
}

/// Refused at least once, and acknowledged again since then.
fn has_recovered(answers: &[bool]) -> bool {
    answers.contains(&false) && answers.iter().rev().take(6).filter(|is_there| **is_there).count() == 6
}

/// Everything that was acknowledged is there, and decided, once nothing fails any more.
async fn all_is_there(world: &mut World, acknowledged: Vec<String>) {
    world.apis.clear();
    let client = world.start(&Setup::default());
    world.settled().await;
    let admin = client.as_role("root@example.org", "admin");
    for id in acknowledged {
        let read = admin.get(&format!("/registrations/{id}")).await;
        assert_eq!((read.status, read.text("status").as_str()), (200, "reserved"), "{id}");
    }
    let check = world.texts("SELECT integrity_check AS row FROM pragma_integrity_check").await;
    assert_eq!(check, ["ok"]);
}

/// Whether the system lets one process look into another.
fn can_trace() -> bool {
    std::process::Command::new("strace")
        .args(["-qq", "-o/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success())
}

async fn fail_calls(world: &mut World) {
    if !can_trace() {
        return missing("a trace of a process (strace)");
    }
    // The worker's disk is sound, and it keeps the log open: what fails are the api's requests, not its start.
    let event = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() }).event(1_000_000, json!({})).await;
    let mut acknowledged = vec![];
    for (call, firsts) in FAILING {
        for error in ERRORS {
            for first in firsts {
                world.apis.clear();
                let inject = format!("inject={call}:error={error}:when={first}..{}", first + FAILURES - 1);
                // As a grandchild: what is killed must be the api.
                world.start_api_by("strace", &["-D", "-f", "-qq", "-o", "/dev/null", "-e", &inject]);
                let client = world.client(0);
                acknowledged.extend(register_until(&client, &event, has_recovered).await);
            }
        }
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    all_is_there(world, acknowledged).await;
}

async fn fill_up(world: &mut World) {
    if !world.move_to_own_disk(6) {
        return missing("a disk to fill up (root)");
    }
    let client = world.start(&Setup { embedded: 0, ..Setup::default() });
    let event = client.event(1_000_000, json!({})).await;
    let is_full = |answers: &[bool]| answers.iter().filter(|is_there| !**is_there).count() > 20;
    let mut acknowledged = register_until(&client, &event, is_full).await;
    world.resize_disk(64);
    acknowledged.extend(register_until(&client, &event, |answers| has_recovered(&[&[false], answers].concat())).await);
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    all_is_there(world, acknowledged).await;
}

#[test]
fn calls_that_fail_make_nobody_a_false_promise() {
    run(Kind::Sqlite, programs!(), |world| Box::pin(fail_calls(world)));
}

#[test]
fn a_full_disk_makes_nobody_a_false_promise() {
    run(Kind::Sqlite, programs!(), |world| Box::pin(fill_up(world)));
}
