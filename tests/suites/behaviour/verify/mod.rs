//! Verifying: nothing is found where nothing is wrong, and what is wrong is named.

mod breaks;
mod scene;

use std::process::{Command, Output};

use entity::verify::{Limits, Walk, checks};
use serde_json::json;
use tests::{Client, Kind, Setup, World, both_databases};

use self::{
    breaks::{BREAKS, Break, lift_guards},
    scene::scene,
};

both_databases! {
    async fn every_check_names_the_row_that_breaks_its_promise(world: &mut World) {
        scene(world).await;
        lift_guards(world).await;
        let mut met = vec![];
        for case in BREAKS.iter().filter(|case| case.kind.is_none_or(|kind| kind == world.kind)) {
            let expected = case.rows(world).await;
            assert!(!expected.is_empty(), "{case:?} is about no row");
            case.make(world).await;
            assert_eq!(found(&world.walk(Limits::default()).await), expected, "{case:?}");
            case.mend(world).await;
            met.extend(case.checks());
        }
        let all = checks(world.kind == Kind::Postgres).into_iter();
        let missed: Vec<&str> = all.filter(|name| !met.contains(name)).collect();
        // SQLite lets nobody take a UNIQUE constraint away: that it holds is the schema's promise alone.
        let guarded: &[&str] = if world.kind == Kind::Sqlite { &["one_job_per_key"] } else { &[] };
        assert_eq!(missed, guarded, "checks that nothing was broken for");
    }

    async fn a_busy_service_keeps_its_promises(world: &mut World) {
        let client = world.start(&Setup { workers: 1, ..Setup::default() });
        let event = client.event(20, json!({"waitlist_enabled": true, "max_party_size": 3})).await;
        let plain = client.event(10, json!({})).await;
        let people = (0..40).map(|n| person(client.clone(), n, event.clone(), plain.clone()));
        let crowd = tests::every(people);
        // While they do, somebody looks: each snapshot is of one moment, whatever happens meanwhile.
        let looks = async {
            for _ in 0..5 {
                assert_eq!(world.broken(Limits { events: 1, jobs: 10, overlap: 5 }).await, []);
            }
        };
        tokio::join!(crowd, looks);
        world.settled().await;
    }

    async fn a_large_event_is_looked_at_in_stretches(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(300, json!({})).await;
        world.enqueue(&event, 301).await;
        world.settled().await;
        world.apis.clear();
        lift_guards(world).await;
        // As if all of them had been one batch.
        world.execute("UPDATE job SET settled_at = (SELECT max(settled_at) FROM job)").await;
        let small = Limits { events: 10, jobs: 50, overlap: 20 };
        assert_eq!(world.broken(small).await, []);
        // The last of a stretch and the first behind it.
        swap_tickets(world, 49, 50).await;
        let broken = world.broken(small).await;
        let checks: Vec<&str> = broken.iter().map(|finding| finding.check).collect();
        assert_eq!(checks, ["granted_in_order"], "seen, and told once, though stretches overlap");
        assert_eq!(world.broken(Limits::default()).await, broken);
        swap_tickets(world, 49, 50).await;
    }

    async fn the_program_tells_how_it_went_and_changes_nothing(world: &mut World) {
        assert_eq!(verify(world).status.code(), Some(2), "there is no schema yet");
        scene(world).await;
        let before = everything(world).await;
        let healthy = verify(world);
        let told = String::from_utf8_lossy(&healthy.stdout).into_owned();
        assert_eq!(healthy.status.code(), Some(0), "{healthy:?}");
        let count = checks(world.kind == Kind::Postgres).len();
        let last = format!("verify: 4 events, {count} checks: 0 rows break a promise\n");
        assert_eq!(told, last);
        let case = Break::of("never_oversold");
        let event = case.rows(world).await[0].1.clone();
        case.make(world).await;
        let broken = verify(world);
        let told = String::from_utf8_lossy(&broken.stdout).into_owned();
        assert_eq!(broken.status.code(), Some(1), "{broken:?}");
        let first = format!("broken: never_oversold: event {event}: capacity 3, free 0, held 2 (");
        assert!(told.starts_with(&first), "{told}");
        case.mend(world).await;
        assert_eq!(everything(world).await, before);
    }

    async fn what_is_late_is_wrong_once_a_worker_had_the_time(world: &mut World) {
        scene(world).await;
        let case = Break::of("holds_end");
        case.make(world).await;
        world.execute("DELETE FROM worker").await;
        let told = verify(world);
        assert_eq!(told.status.code(), Some(0), "nobody was there to do it: {told:?}");
        assert!(String::from_utf8_lossy(&told.stdout).starts_with("waits for a worker: holds_end: "), "{told:?}");
        let (id, now) = (world.id("00000000-0000-7000-8000-000000000000"), chrono::Local::now().timestamp_millis());
        let values = format!("({id}, {now} - 31000, {now} + 5000)");
        world.execute(&format!("INSERT INTO worker (id, started_at, seen_at) VALUES {values}")).await;
        let told = verify(world);
        assert_eq!(told.status.code(), Some(1), "{told:?}");
        assert!(String::from_utf8_lossy(&told.stdout).starts_with("broken: holds_end: "), "{told:?}");
        case.mend(world).await;
    }

    async fn workers_verify_now_and_then_and_count_what_they_find(world: &mut World) {
        scene(world).await;
        let case = Break::of("never_oversold");
        case.make(world).await;
        // At start,
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        world.until("SELECT failures AS n FROM verification", |failures| failures == 1).await;
        // and of several workers one, when it is time.
        world.execute("UPDATE verification SET begun_at = 0").await;
        world.start_worker(&[]);
        world.start_worker(&["--verify-minutes=0"]);
        world.start_worker(&[]);
        world.until("SELECT failures AS n FROM verification", |failures| failures >= 2).await;
        let event = &case.rows(world).await[0].1;
        let line = format!("never_oversold: event {event}: capacity 3, free 0, held 2");
        assert!(world.logged().contains("a promise is broken") && world.logged().contains(&line), "{}", world.logged());
        assert_eq!(counted(&client).await, 2);
        case.mend(world).await;
    }
}

/// Two registrations, by their places in order of arrival, change tickets. The one at 300 was refused and has none.
async fn swap_tickets(world: &World, one: u32, other: u32) {
    let job = |place: u32| format!("(SELECT id FROM job ORDER BY seq LIMIT 1 OFFSET {place})");
    for (from, to) in [(one, 300), (other, one), (300, other)] {
        world.execute(&format!("UPDATE ticket SET job_id = {} WHERE job_id = {}", job(to), job(from))).await;
    }
    world.execute("UPDATE ticket SET email = (SELECT email FROM job WHERE job.id = job_id)").await;
}

/// What verifying found, broken or late: names and ids, in order.
fn found(walk: &Walk) -> Vec<(&'static str, String)> {
    let mut found: Vec<_> =
        walk.broken.iter().chain(&walk.late).map(|finding| (finding.check, finding.id.to_string())).collect();
    found.sort_unstable();
    found
}

/// Somebody who registers twice, confirms or gives up.
async fn person(client: Client, n: usize, event: String, plain: String) {
    let person = client.attendee(&format!("p{n}@example.org")).waiting(20);
    let first = person.register_with(&event, "k", json!({"party_size": 1 + n % 3})).await;
    assert_eq!(first.status, 201, "{first:?}");
    let ticket = first.text("ticket_id");
    let verb = if n.is_multiple_of(4) { "cancel" } else { "confirm" };
    let done = person.post_empty(&format!("/tickets/{ticket}/{verb}")).await.status;
    assert!([200, 409].contains(&done), "those in line cannot confirm");
    let second = person.register(&plain, "other").await.status;
    assert!([201, 409].contains(&second), "it sells out");
}

/// Runs `api verify`.
fn verify(world: &World) -> Output {
    let flags = ["verify".to_owned(), format!("--database-url={}", world.url())];
    Command::new(world.programs().api).args(flags).env_remove("DATABASE_URL").output().unwrap()
}

async fn everything(world: &World) -> Vec<Vec<String>> {
    let mut all = vec![];
    for table in ["account", "audit", "event", "job", "simulation", "ticket", "verification", "worker"] {
        all.push(world.rows(table, "1 = 1").await);
    }
    all
}

/// What the metric says, once it says anything new: it is read once a second.
async fn counted(client: &Client) -> u64 {
    let since = std::time::Instant::now();
    loop {
        let text = client.text("/metrics").await.1;
        let line = text.lines().find_map(|line| line.strip_prefix("turnout_verify_failures_total "));
        let failures = line.expect("it is told").parse().unwrap();
        if failures > 1 || since.elapsed().as_secs() > 20 {
            return failures;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
