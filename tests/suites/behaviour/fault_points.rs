//! Faults inside, at the worst places: an error, a panic or the end of the process there. What was acknowledged survives, and
//! the system goes on.

use std::time::{Duration, Instant};

use entity::fault::POINTS;
use reqwest::Method;
use serde_json::json;
use tests::{Answer, World, both_databases};

/// What else has to go wrong for a point to be reached at all, after the fault there.
fn before(point: &str) -> &'static str {
    match point {
        "settle.before_split" => ",settle.before_commit=error",
        // The second fault of a batch of one is its job's.
        "blame.before_commit" => ",settle.before_commit=error:1,settle.before_commit=error:2",
        _ => "",
    }
}

/// An api and a worker; whichever ended is started again, without faults.
fn look_after(world: &mut World) {
    let ended = |processes: &mut Vec<tests::Process>| {
        let before = processes.len();
        processes.retain_mut(tests::Process::is_running);
        processes.len() < before
    };
    if ended(&mut world.apis) {
        world.environment.clear();
        world.start_api(0, &[]);
    }
    if ended(&mut world.workers) {
        world.environment.clear();
        world.start_worker(&["--batch-max=1"]);
    }
}

/// Asks until there is an answer. None, or a 5xx, says nothing about what was done.
async fn insist(world: &mut World, person: &str, path: &str, key: Option<&str>) -> Answer {
    let since = Instant::now();
    loop {
        look_after(world);
        let client = world.client(0).attendee(&format!("{person}@example.org"));
        let client = key.map_or_else(|| client.waiting(1), |key| client.with("idempotency-key", key));
        let method = if path.starts_with("/reg") { Method::GET } else { Method::POST };
        match client.try_send(method, path, None).await {
            Ok(answer) if answer.status < 500 => return answer,
            answer => assert!(since.elapsed() < Duration::from_secs(30), "{path}: {answer:?}\n{}", world.logged()),
        }
    }
}

/// The registration that this person is told of, the same every time.
async fn register(world: &mut World, event: &str, person: &str) -> String {
    let path = format!("/events/{event}/register");
    let first = insist(world, person, &path, Some(event)).await;
    assert!([200, 202].contains(&first.status), "{first:?}");
    first.text("id")
}

async fn decision(world: &mut World, person: &str, id: &str) -> Answer {
    let since = Instant::now();
    loop {
        let answer = insist(world, person, &format!("/registrations/{id}"), None).await;
        if answer.text("status") != "pending" {
            return answer;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{answer:?}\n{}", world.logged());
    }
}

/// Waits until whoever waited in line has been served.
async fn serve_the_line(world: &mut World, event: &str) {
    let waiting =
        format!("SELECT count(*) AS n FROM ticket WHERE event_id = {} AND status = 'waitlisted'", world.id(event));
    let since = Instant::now();
    while world.number(&waiting).await > 0 {
        assert!(since.elapsed() < Duration::from_secs(30), "{}", world.logged());
        look_after(world);
    }
}

/// One confirms, one lets the hold lapse, and one waits for that seat: that leads through every point.
async fn live_through(world: &mut World, point: &str, effect: &str) {
    world.environment = vec![("TURNOUT_FAULTS".to_owned(), format!("{point}={effect}{}", before(point)))];
    world.start_api(0, &[]);
    world.start_worker(&["--batch-max=1"]);
    let event = world.client(0).event(2, json!({"hold_seconds": 1, "waitlist_enabled": true})).await;
    let mut ids = vec![];
    for (person, expected) in [("a", "reserved"), ("b", "reserved"), ("c", "waitlisted")] {
        let id = register(world, &event, person).await;
        let decided = decision(world, person, &id).await;
        // A fault may take longer than a hold: then there is a seat for whoever would have waited.
        let is_expected =
            decided.text("status") == expected || (person, decided.text("status").as_str()) == ("c", "reserved");
        assert!(is_expected, "{point}: {decided:?}");
        if person == "a" {
            let confirm = format!("/tickets/{}/confirm", decided.text("ticket_id"));
            let confirmed = insist(world, person, &confirm, None).await;
            assert!([200, 410].contains(&confirmed.status), "{point}: {confirmed:?}");
        }
        ids.push(id);
    }
    serve_the_line(world, &event).await;
    for (person, id) in ["a", "b", "c"].iter().zip(&ids) {
        assert_eq!(register(world, &event, person).await, *id, "{point}: the same key");
    }
    let happened = format!("a fault on purpose: {point}");
    assert!(world.logged().contains(&happened), "{point} was not reached\n{}", world.logged());
    // Whoever looks after them clears what is armed when a process ended.
    assert_eq!(world.environment.is_empty(), effect == "abort", "{point}: {effect} and nothing else ends a process");
    world.apis.clear();
    world.workers.clear();
}

both_databases! {
    async fn an_error_at_any_point_loses_nothing(world: &mut World) {
        for point in POINTS {
            live_through(world, point, "error").await;
        }
    }

    async fn a_panic_at_any_point_loses_nothing(world: &mut World) {
        for point in POINTS {
            live_through(world, point, "panic").await;
        }
    }

    async fn the_end_of_a_process_at_any_point_loses_nothing(world: &mut World) {
        for point in POINTS {
            live_through(world, point, "abort").await;
        }
    }
}
