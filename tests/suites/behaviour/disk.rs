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

/// What people were told.
#[derive(Default)]
struct Told {
    acknowledged: Vec<String>,
    /// Whether it was not as it should be when a disk fails.
    is_odd: bool,
}

impl Told {
    /// Two at a time register, at most `limit`, until `is_enough` of what was acknowledged and refused in a row.
    async fn register(&mut self, client: &Client, event: &str, limit: usize, is_enough: impl Fn(&[bool]) -> bool) {
        let mut answers = vec![];
        while !is_enough(&answers) {
            if answers.len() >= limit {
                self.is_odd = true;
                return;
            }
            for id in every([(); 2].map(|()| register(client.clone(), event.to_owned()))).await {
                answers.push(id.is_some());
                self.acknowledged.extend(id);
            }
        }
    }
}

/// Refused at least once, and acknowledged again since then.
fn has_recovered(answers: &[bool]) -> bool {
    answers.contains(&false) && answers.iter().rev().take(6).filter(|is_there| **is_there).count() == 6
}

/// Everything that was acknowledged is there, and decided, once nothing fails any more.
async fn all_is_there(world: &mut World, told: Told) {
    world.apis.clear();
    let client = world.start(&Setup::default());
    world.settled().await;
    let admin = client.as_role("root@example.org", "admin");
    for id in &told.acknowledged {
        let read = admin.get(&format!("/registrations/{id}")).await;
        assert_eq!((read.status, read.text("status").as_str()), (200, "reserved"), "{id} was acknowledged: {read:?}");
    }
    assert!(!told.is_odd, "some were to be refused, and all others then acknowledged");
    assert!(told.acknowledged.len() > 100, "{}", told.acknowledged.len());
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
    let mut told = Told::default();
    // Calls are counted for each thread: all those of intake's statements are to be one thread's.
    world.environment.push(("TOKIO_WORKER_THREADS".to_owned(), "1".to_owned()));
    for (call, firsts) in FAILING {
        for error in ERRORS {
            for first in firsts {
                world.apis.clear();
                let inject = format!("inject={call}:error={error}:when={first}..{}", first + FAILURES - 1);
                // As a grandchild: what is killed must be the api.
                world.start_api_by("strace", &["-D", "-f", "-qq", "-o", "/dev/null", "-e", &inject]);
                let client = world.client(0);
                told.register(&client, &event, 500, has_recovered).await;
            }
        }
    }
    all_is_there(world, told).await;
}

/// An api that cannot sync what a worker wrote may have read what is gone after a power loss.
async fn fail_to_sync(world: &mut World) {
    if !can_trace() {
        return missing("a trace of a process (strace)");
    }
    let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
    let event = client.event(10, json!({})).await;
    let (person, key) = ("ada@example.org", new_key());
    let id = client.attendee(person).register(&event, &key).await.text("id");
    let ticket = client.attendee(person).decision(&id).await.text("ticket_id");
    world.apis.clear();
    world.start_api_by("strace", &["-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1+"]);
    let ada = world.client(0).attendee(person);
    for path in [format!("/registrations/{id}"), format!("/tickets/{ticket}"), format!("/events/{event}")] {
        let answer = ada.get(&path).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "busy"), "{path} tells {answer:?}");
    }
    for (event, key) in [(event.as_str(), key.as_str()), ("none", "other")] {
        let answer = ada.register(event, key).await;
        assert_eq!(answer.status, 503, "registering for {event} tells {answer:?}");
    }
    assert_eq!(ada.get("/livez").await.status, 200);
    world.apis.clear();
    world.start_api(0, &[]);
    let answer = world.client(0).attendee(person).get(&format!("/registrations/{id}")).await;
    assert_eq!((answer.status, answer.text("status").as_str()), (200, "reserved"));
}

async fn fill_up(world: &mut World) {
    if !world.move_to_own_disk(6) {
        return missing("a disk to fill up (root)");
    }
    let client = world.start(&Setup { embedded: 0, ..Setup::default() });
    let event = client.event(1_000_000, json!({})).await;
    let is_full = |answers: &[bool]| answers.iter().filter(|is_there| !**is_there).count() > 20;
    let mut told = Told::default();
    told.register(&client, &event, 6_000, is_full).await;
    world.resize_disk(64);
    told.register(&client, &event, 500, |answers| has_recovered(&[&[false], answers].concat())).await;
    all_is_there(world, told).await;
}

#[test]
fn calls_that_fail_make_nobody_a_false_promise() {
    run(Kind::Sqlite, programs!(), |world| Box::pin(fail_calls(world)));
}

#[test]
fn nobody_is_told_what_may_be_gone_after_a_power_loss() {
    run(Kind::Sqlite, programs!(), |world| Box::pin(fail_to_sync(world)));
}

#[test]
fn a_full_disk_makes_nobody_a_false_promise() {
    run(Kind::Sqlite, programs!(), |world| Box::pin(fill_up(world)));
}
