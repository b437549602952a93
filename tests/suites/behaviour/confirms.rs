//! Confirming, many at once: everybody gets the answer to their own request, and the record says who it was.

use std::time::{Duration, Instant};

use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tests::{Answer, Client, Kind, Process, Setup, Signal, World, both_databases, every, new_key, said};

use crate::mine::run_out;

fn email(n: usize) -> String {
    format!("p{n}@example.org")
}

/// Gives a ticket to each of so many people, all at once, and then ends the workers: nobody reaps. Returns the tickets.
async fn tickets(world: &mut World, client: &Client, events: &[String], people: usize) -> Vec<String> {
    world.start_worker(&[]);
    let tickets = every((0..people).map(|n| {
        let (person, event) = (client.attendee(&email(n)), events[n % events.len()].clone());
        async move { person.ticket(&event).await }
    }))
    .await;
    world.workers.clear();
    tickets
}

async fn confirm(person: &Client, ticket: &str) -> Answer {
    person.post_empty(&format!("/tickets/{ticket}/confirm")).await
}

/// Makes the database refuse to confirm one person's ticket, as nothing that people can send does.
async fn poison(world: &World, person: &str) {
    let statement = match world.kind {
        Kind::Sqlite => format!(
            "CREATE TRIGGER poison BEFORE UPDATE ON ticket WHEN NEW.email = '{person}' \
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
        ),
        Kind::Postgres => format!(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.email = '{person}' THEN RAISE EXCEPTION 'poisoned'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER poison BEFORE UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION poison()"
        ),
    };
    world.execute(&statement).await;
}

both_databases! {
    async fn everybody_gets_the_answer_to_their_own_request(world: &mut World) {
        const PEOPLE: usize = 200;
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = [client.event(150, json!({})).await, client.event(150, json!({})).await];
        let tickets = tickets(world, &client, &events, PEOPLE).await;
        for n in (0..PEOPLE).filter(|n| n % 8 == 1) {
            run_out(world, &email(n)).await;
        }
        every((0..PEOPLE).filter(|n| n % 8 == 2).map(|n| {
            let (person, path) = (client.attendee(&email(n)), format!("/tickets/{}/cancel", tickets[n]));
            async move { assert_eq!(person.post_empty(&path).await.status, 200) }
        }))
        .await;

        let somewhere = "01a1fcc7-c0a2-702a-a886-1204f2372d03";
        let answers = every((0..PEOPLE).flat_map(|n| {
            let (caller, ticket, expected) = match n % 8 {
                1 => (client.attendee(&email(n)), tickets[n].as_str(), (410, "hold_expired")),
                2 => (client.attendee(&email(n)), tickets[n].as_str(), (409, "ticket_cancelled")),
                3 => (client.attendee(&email(n)), tickets[n - 3].as_str(), (404, "not_found")),
                4 => (client.attendee(&email(n)), somewhere, (404, "not_found")),
                5 => (client.organizer(), tickets[n].as_str(), (403, "forbidden")),
                _ => (client.attendee(&email(n)), tickets[n].as_str(), (200, "confirmed")),
            };
            // Some ask twice, at the same time.
            (0..=usize::from(n % 8 == 6)).map(move |time| {
                let caller = caller.with("x-request-id", &format!("request-{n}-{time}"));
                let ticket = ticket.to_owned();
                async move { (n, confirm(&caller, &ticket).await, expected) }
            })
        }))
        .await;
        let mut confirmed = vec![];
        for (n, answer, expected) in answers {
            assert_eq!(said(&answer), (expected.0, expected.1.to_owned()), "{n}: {answer:?}");
            if answer.status == 200 {
                assert_eq!([answer.text("id"), answer.text("email")], [tickets[n].clone(), email(n)]);
                confirmed.push(format!("{n} {n}"));
            }
        }
        confirmed.sort();
        confirmed.dedup();
        // Each once, with the person and the request whose doing it was.
        let mut recorded = world
            .texts(
                "SELECT ticket.email || ' ' || audit.request_id || ' ' || audit.actor AS row
                 FROM audit JOIN ticket ON ticket.id = audit.entity_id AND ticket.event_id = audit.event_id
                 WHERE audit.action = 'confirm' AND audit.from_state = 'reserved' AND audit.to_state = 'confirmed'
                 AND audit.at = ticket.confirmed_at AND audit.actor = ticket.email AND ticket.status = 'confirmed'",
            )
            .await;
        for row in &mut recorded {
            let number = |prefix: &str| row.split(prefix).nth(1)?.split(['@', '-']).next();
            *row = format!("{} {}", number("p").unwrap(), number("request-").unwrap());
        }
        recorded.sort();
        assert_eq!(recorded, confirmed);
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket WHERE status = 'confirmed'").await, 75);
        assert_eq!(world.number("SELECT count(*) AS n FROM audit WHERE action = 'confirm'").await, 75);
    }

    /// On PostgreSQL a ticket that somebody is at work on is waited for in nobody's way. (SQLite has one lock for all.)
    async fn a_ticket_that_is_taken_delays_no_other(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = [client.event(2, json!({})).await];
        let tickets = tickets(world, &client, &events, 2).await;
        let (first, second) = (client.attendee(&email(0)), client.attendee(&email(1)));
        let db = world.connect().await;
        if world.kind == Kind::Postgres {
            let lock = format!("BEGIN; SELECT 1 FROM ticket WHERE id = {} FOR UPDATE", world.id(&tickets[0]));
            db.execute_unprepared(&lock).await.unwrap();
        }
        let ticket = tickets[0].clone();
        let waiting = tokio::spawn(async move { confirm(&first, &ticket).await });
        if world.kind == Kind::Postgres {
            let waiters = "SELECT count(*) AS n FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'";
            world.until(waiters, |n| n == 1).await;
            assert_eq!(confirm(&second, &tickets[1]).await.status, 200);
            assert!(!waiting.is_finished());
            db.execute_unprepared("ROLLBACK").await.unwrap();
        }
        db.close().await.unwrap();
        let answer = waiting.await.unwrap();
        assert_eq!(said(&answer), (200, "confirmed".to_owned()), "{answer:?}");
    }

    async fn one_that_faults_harms_no_other(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = [client.event(100, json!({})).await];
        let tickets = tickets(world, &client, &events, 100).await;
        poison(world, &email(20)).await;
        let answers = every(tickets.into_iter().enumerate().map(|(n, ticket)| {
            let person = client.attendee(&email(n));
            async move { (n, confirm(&person, &ticket).await) }
        }));
        for (n, answer) in answers.await {
            let expected = if n == 20 { (500, "internal_error") } else { (200, "confirmed") };
            assert_eq!(said(&answer), (expected.0, expected.1.to_owned()), "{n}: {answer:?}");
        }
    }

    async fn confirming_sheds_load_while_the_database_is_locked(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = [client.event(40, json!({})).await];
        let tickets = tickets(world, &client, &events, 40).await;
        let db = world.connect().await;
        // One connection in the pool, so both statements run on it.
        let lock = match world.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN; LOCK TABLE ticket IN EXCLUSIVE MODE",
        };
        db.execute_unprepared(lock).await.unwrap();
        let since = Instant::now();
        let answers = every(tickets.clone().into_iter().enumerate().map(|(n, ticket)| {
            let person = client.attendee(&email(n));
            async move { (confirm(&person, &ticket).await, Instant::now()) }
        }));
        for (answer, at) in answers.await {
            assert_eq!(said(&answer), (503, "busy".to_owned()));
            assert_eq!(answer.header("retry-after"), "1");
            assert!(at - since < Duration::from_secs(8), "each waits 2 s, not one behind the other: {:?}", at - since);
        }
        db.execute_unprepared("ROLLBACK").await.unwrap();
        db.close().await.unwrap();
        assert_eq!(confirm(&client.attendee(&email(0)), &tickets[0]).await.status, 200, "and then goes on");
    }

    async fn nothing_confirmed_is_lost_when_everything_stops(world: &mut World) {
        const PEOPLE: usize = 600;
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = [client.event(1000, json!({"hold_seconds": 3600})).await];
        let tickets = tickets(world, &client, &events, PEOPLE).await;
        // A few at a time, so that the stop comes between.
        let held = tickets.clone();
        let clients = (0..20).map(move |first| {
            let (client, tickets) = (client.clone(), held.clone());
            async move {
                let mut acknowledged = vec![];
                for n in (first..PEOPLE).step_by(20) {
                    let person = client.attendee(&email(n)).with("x-request-id", &new_key());
                    match person.try_send(Method::POST, &format!("/tickets/{}/confirm", tickets[n]), None).await {
                        Ok(answer) if answer.status == 200 => acknowledged.push(n),
                        Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                        Err(_) => break,
                    }
                }
                acknowledged
            }
        });
        let clients = tokio::spawn(every(clients));
        world.until("SELECT count(*) AS n FROM ticket WHERE status = 'confirmed'", |n| n > 100).await;
        let mut apis = std::mem::take(&mut world.apis);
        let endings = tokio::task::spawn_blocking(move || Process::end_all(&mut apis, Signal::TERM));
        for (status, took) in endings.await.unwrap() {
            assert_eq!(status.code(), Some(0));
            assert!(took < Duration::from_secs(6), "{took:?}");
        }
        let acknowledged = clients.await.unwrap().concat();
        assert!(acknowledged.len() > 50, "there was load: {}", acknowledged.len());
        let client = world.start(&Setup::default());
        for n in acknowledged {
            let read = client.attendee(&email(n)).get(&format!("/tickets/{}", tickets[n])).await;
            assert_eq!((read.status, read.text("status").as_str()), (200, "confirmed"), "{n}");
        }
    }
}
