//! Clocks that jump by an hour, and clocks that differ. On SQLite a jump moves the end of a hold by as much, and touches
//! nothing else; on PostgreSQL the server's clock decides, whatever those of api and worker machines say.

use std::path::{Path, PathBuf};

use serde_json::json;
use tests::{Client, Kind, Setup, World, both_databases, every, new_key};

use crate::faults::{cure, poison};

const HOUR: i64 = 3_600_000;
const PEOPLE: u32 = 24;

/// Lets the clocks of processes that are started from now on follow a file of this name; returns it.
fn clock(world: &mut World, name: &str) -> PathBuf {
    let file = world.log().with_file_name(name);
    world.environment = vec![("TURNOUT_CLOCK_SHIFT".to_owned(), file.display().to_string())];
    file
}

/// Lets a clock jump to so many milliseconds from the true time. A rename, so that nobody reads half a number.
fn jump(clock: &Path, shift: i64) {
    let new = clock.with_extension("new");
    std::fs::write(&new, shift.to_string()).unwrap();
    std::fs::rename(&new, clock).unwrap();
}

fn person(client: &Client, n: u32) -> Client {
    client.attendee(&format!("p{n}@example.org"))
}

async fn confirm(person: Client, ticket: String) -> u16 {
    person.post_empty(&format!("/tickets/{ticket}/confirm")).await.status
}

/// Everybody confirms while the clock jumps over the end of their holds: each is told one thing, and that is how it is.
async fn confirm_during(world: &World, client: &Client, leap: impl FnOnce()) {
    let event = client.event(PEOPLE, json!({"hold_seconds": 1800, "waitlist_enabled": true})).await;
    let tickets = every((0..PEOPLE).map(|n| {
        let (person, event) = (person(client, n), event.clone());
        async move { person.ticket(&event).await }
    }));
    let tickets = tickets.await;
    let halves = tickets.split_at(tickets.len() / 2);
    let ask = |from: u32, tickets: &[String]| {
        let asked: Vec<_> =
            (from..).zip(tickets).map(|(n, ticket)| confirm(person(client, n), ticket.clone())).collect();
        tokio::spawn(every(asked))
    };
    let first = ask(0, halves.0);
    leap();
    let second = ask(PEOPLE / 2, halves.1);
    let told = [first.await.unwrap(), second.await.unwrap()].concat();
    let in_time = told.iter().filter(|status| **status == 200).count();
    assert!(told[tickets.len() / 2..].iter().all(|status| *status == 410), "after the jump: {told:?}");
    world.until("SELECT count(*) AS n FROM ticket WHERE status = 'reserved'", |n| n == 0).await;
    for ((n, ticket), told) in (0..).zip(&tickets).zip(&told) {
        let status = person(client, n).get(&format!("/tickets/{ticket}")).await.text("status");
        assert_eq!(status, if *told == 200 { "confirmed" } else { "expired" }, "told {told}");
    }
    assert_eq!(client.available(&event).await, i64::from(PEOPLE) - i64::try_from(in_time).unwrap());
}

async fn jumps(world: &mut World) {
    let file = clock(world, "clock");
    let client = world.start(&Setup::default());
    confirm_during(world, &client, || jump(&file, HOUR)).await;

    // An hour of a hold of two is gone, and no more.
    jump(&file, 0);
    let long = client.event(10, json!({"hold_seconds": 7200})).await;
    let (a, b) = (person(&client, 0), person(&client, 1));
    let (first, second) = (a.ticket(&long).await, b.ticket(&long).await);
    let ends_at = b.get(&format!("/tickets/{second}")).await.text("expires_at");
    jump(&file, HOUR);
    assert_eq!(confirm(a, first).await, 200);
    assert_eq!(b.get(&format!("/tickets/{second}")).await.text("expires_at"), ends_at);
    jump(&file, 2 * HOUR + 1000);
    assert_eq!(confirm(b, second).await, 410);

    // Back by an hour: a hold of a second lasts for longer, and the next one does not.
    jump(&file, 0);
    // What is decided after a clock was set back bears an earlier time than what was decided before: `verify`, which has
    // nothing else to tell the order of decisions by, takes that for a queue-jumper, and its report says that it may be this.
    world.was_set_back = true;
    let short = client.event(10, json!({"hold_seconds": 1})).await;
    let (c, d) = (person(&client, 2), person(&client, 3));
    let third = c.ticket(&short).await;
    jump(&file, -HOUR);
    let fourth = d.ticket(&short).await;
    d.until(&format!("/tickets/{fourth}"), |ticket| ticket.text("status") == "expired").await;
    assert_eq!(confirm(c, third).await, 200);
}

/// An api an hour ahead, workers an hour behind, and the other way round: holds last as long as they should.
async fn differ(world: &mut World) {
    let ahead = clock(world, "ahead");
    jump(&ahead, HOUR);
    let client = world.start(&Setup { embedded: 0, ..Setup::default() });
    let behind = clock(world, "behind");
    jump(&behind, -HOUR);
    world.start_worker(&[]);
    for _ in 0..2 {
        let long = client.event(10, json!({"hold_seconds": 1800})).await;
        let short = client.event(10, json!({"hold_seconds": 2})).await;
        let (a, b) = (person(&client, 0), person(&client, 1));
        let (first, second) = (a.ticket(&long).await, b.ticket(&short).await);
        let left = format!(
            "SELECT max(expires_at) - cast(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS n FROM ticket
             WHERE event_id = {}",
            world.id(&short)
        );
        assert!((0..=2000).contains(&world.number(&left).await), "as long as it should");
        b.until(&format!("/tickets/{second}"), |ticket| ticket.text("status") == "expired").await;
        assert!(world.number(&left).await <= 0, "not a moment less");
        jump(&ahead, -HOUR);
        jump(&behind, HOUR);
        world.until("SELECT count(*) AS n FROM ticket WHERE status = 'expired'", |n| n > 0).await;
        assert_eq!(confirm(b, second).await, 410);
        assert_eq!(confirm(a, first).await, 200);
    }
}

/// A job that would run again soon, by a clock that is now set back by an hour.
async fn set_back_while_it_waits(world: &mut World) {
    let file = clock(world, "clock");
    let client = world.start(&Setup::default());
    let event = client.event(10, json!({})).await;
    poison(world, "p0@example.org").await;
    let job = person(&client, 0).register(&event, &new_key()).await.text("id");
    world.until("SELECT attempt AS n FROM job", |attempt| attempt == 2).await;
    cure(world).await;
    match world.kind {
        Kind::Sqlite => jump(&file, -HOUR),
        // The server's clock cannot be set: rather than set back, it was ahead.
        Kind::Postgres => world.execute(&format!("UPDATE job SET run_at = run_at + {HOUR}")).await,
    }
    world.settled().await;
    let decided = person(&client, 0).get(&format!("/registrations/{job}")).await;
    assert_eq!(decided.text("status"), "reserved", "{decided:?}");
}

both_databases! {
    async fn a_clock_touches_nothing_but_the_length_of_a_hold(world: &mut World) {
        match world.kind {
            Kind::Sqlite => jumps(world).await,
            Kind::Postgres => differ(world).await,
        }
    }

    async fn a_clock_that_is_set_back_puts_off_no_retry(world: &mut World) {
        set_back_while_it_waits(world).await;
    }
}
