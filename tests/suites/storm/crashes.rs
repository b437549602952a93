//! Workers that die or stand still while they hold a batch.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Client, Kind, Setup, Signal, World, both_databases, new_key};
use tokio::time::sleep;

use crate::alone::alone;

const PENDING: &str = "SELECT count(*) AS n FROM job WHERE state = 'pending'";
const PEOPLE: u32 = 20_000;

/// Starts a worker and interrupts it once some of the work is done, but not all.
async fn interrupt(world: &mut World, signal: Signal) {
    world.start_worker(&[]);
    let before = world.number(PENDING).await;
    let left = world.until(PENDING, |pending| pending < before).await;
    world.workers.last().expect("a worker").signal(signal);
    assert!(left > 0, "the signal came too late");
}

/// Whether the stopped worker holds what others need: on PostgreSQL a lane, on SQLite the file's lock.
async fn holds_a_lock(world: &World, client: &Client, event: &str) -> bool {
    match world.kind {
        Kind::Postgres => {
            // A statement that runs goes on without its client and then leaves the transaction idle.
            sleep(Duration::from_millis(100)).await;
            let idle = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()
                        AND application_name = 'turnout' AND state = 'idle in transaction'";
            world.number(idle).await > 0
        }
        Kind::Sqlite => {
            let answer = client.attendee("prober@example.org").register(event, &new_key()).await;
            assert!([202, 503].contains(&answer.status), "{answer:?}");
            if answer.status == 503 {
                assert_eq!((answer.code().as_str(), answer.header("retry-after").as_str()), ("busy", "1"));
            }
            answer.status == 503
        }
    }
}

both_databases! {
    /// P3: kill -9 at any instant, and others go on at once.
    async fn a_killed_worker_loses_nothing(world: &mut World) {
        let _alone = alone().await;
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        for _ in 0..20 {
            let event = client.event(PEOPLE / 2, json!({"hold_seconds": 3600})).await;
            world.enqueue(&event, PEOPLE).await;
            interrupt(world, Signal::KILL).await;
            world.workers.clear();
            let left = world.number(PENDING).await;
            assert!(left > 0 && left < PEOPLE.into(), "killed in mid-work: {left} left");
            world.start_worker(&[]);
            world.settled().await;
            world.workers.clear();
            assert_eq!(client.available(&event).await, 0);
        }
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket").await, i64::from(PEOPLE / 2) * 20);
    }

    /// P3: a worker that stands still. On PostgreSQL its lane is free within 5 s; on SQLite it holds the file's lock,
    /// and others are told so until it goes on.
    async fn a_stopped_worker_delays_no_more_than_promised(world: &mut World) {
        let _alone = alone().await;
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(1_000_000, json!({"hold_seconds": 3600})).await;
        let stopped = loop {
            world.enqueue(&event, PEOPLE).await;
            interrupt(world, Signal::STOP).await;
            let stopped_at = Instant::now();
            if holds_a_lock(world, &client, &event).await {
                break stopped_at;
            }
            // It stood between two batches. Try again.
            world.workers.clear();
        };
        if world.kind == Kind::Postgres {
            world.start_worker(&[]);
            let before = world.number(PENDING).await;
            world.until(PENDING, |pending| pending < before).await;
            assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
        }
        world.workers[0].signal(Signal::CONT);
        world.settled().await;
        let tickets = world.number("SELECT count(*) AS n FROM ticket").await;
        let jobs = world.number("SELECT count(*) AS n FROM job WHERE outcome = 'reserved'").await;
        assert_eq!((tickets, client.available(&event).await), (jobs, 1_000_000 - jobs));
        // It still works.
        world.workers.truncate(1);
        client.attendee("late@example.org").ticket(&event).await;
    }
}
