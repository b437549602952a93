//! Everything that locks rows, at once, on a few events: the lock order holds.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::{Client, Kind, Setup, both_databases, every, new_key};
use tokio::time::sleep;

use crate::alone::alone;

const EVENTS: usize = 5;
const CLIENTS: usize = 32;

/// What was asked and what came back, counted.
type Table = BTreeMap<(&'static str, u16, String), usize>;

/// One person after another registers and then confirms, cancels, does both at once or does nothing, until `end`.
async fn play(client: Client, events: Vec<String>, name: usize, end: Instant) -> Table {
    let mut table = Table::new();
    let mut note = |what, answer: &tests::Answer| *table.entry((what, answer.status, answer.code())).or_default() += 1;
    // A few names only, so that people come back while their last ticket lives.
    while Instant::now() < end {
        let person = client.attendee(&format!("p{}@example.org", (name * 3 + fastrand::usize(..3)) % (CLIENTS * 2)));
        let event = &events[fastrand::usize(..EVENTS)];
        let granted = person.waiting(5).register(event, &new_key()).await;
        note("register", &granted);
        let ticket = granted.text("ticket_id");
        if ticket.is_empty() {
            continue;
        }
        let (confirm, cancel) = (format!("/tickets/{ticket}/confirm"), format!("/tickets/{ticket}/cancel"));
        match fastrand::u8(..5) {
            0 => note("confirm", &person.post_empty(&confirm).await),
            1 => note("cancel", &person.post_empty(&cancel).await),
            2 => {
                let (first, second) = tokio::join!(person.post_empty(&confirm), person.post_empty(&cancel));
                note("confirm", &first);
                note("cancel", &second);
            }
            3 => {
                sleep(Duration::from_millis(fastrand::u64(900..1100))).await;
                note("confirm", &person.post_empty(&confirm).await);
                note("cancel", &person.post_empty(&cancel).await);
            }
            _ => {}
        }
    }
    table
}

both_databases! {
    async fn locks_are_taken_in_one_order(world: &mut World) {
        let _alone = alone().await;
        let client = world.start(&Setup { apis: 2, embedded: 0, workers: 3, ..Setup::default() });
        let mut events = vec![];
        for _ in 0..EVENTS {
            events.push(client.event(6, json!({"hold_seconds": 1})).await);
        }
        // PostgreSQL is where rows are locked one by one; SQLite has one lock, and less to show.
        let seconds = if world.kind == Kind::Postgres { 60 } else { 20 };
        let end = Instant::now() + Duration::from_secs(seconds);
        let apis = [world.client(0), world.client(1)];
        let tables = every((0..CLIENTS).map(|n| play(apis[n % 2].clone(), events.clone(), n, end))).await;
        let mut total = Table::new();
        for (what, times) in tables.into_iter().flatten() {
            *total.entry(what).or_default() += times;
        }
        let expected = [200, 201, 202, 409, 410];
        assert!(total.keys().all(|(_, status, _)| expected.contains(status)), "{total:#?}");
        for (what, status) in [("register", 201), ("confirm", 200), ("confirm", 410), ("cancel", 200), ("cancel", 409)] {
            assert!(total.keys().any(|key| (key.0, key.1) == (what, status)), "no {what} led to {status}: {total:#?}");
        }
        if world.kind == Kind::Postgres {
            let deadlocks = "SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()";
            assert_eq!(world.number(deadlocks).await, 0);
        }
    }
}
