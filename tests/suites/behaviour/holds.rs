//! Holds: confirming, cancelling, running out, and races between them.

use std::time::Duration;

use chrono::DateTime;
use serde_json::json;
use tests::{Client, Setup, both_databases, count, every, said, told};
use tokio::time::sleep;

/// Reads a ticket until it reads so.
async fn until(person: &Client, ticket: &str, status: &str) {
    person.until(&format!("/tickets/{ticket}"), |ticket| ticket.text("status") == status).await;
}

async fn confirm(person: &Client, ticket: &str) -> (u16, String) {
    let answer = person.post_empty(&format!("/tickets/{ticket}/confirm")).await;
    said(&answer)
}

async fn cancel(person: &Client, ticket: &str) -> (u16, String) {
    let answer = person.post_empty(&format!("/tickets/{ticket}/cancel")).await;
    said(&answer)
}

both_databases! {
    async fn a_lapsed_hold_gives_its_seat_back_once(world: &mut World) {
        // Three reapers, and the seat comes back once.
        let client = world.start(&Setup { embedded: 0, workers: 3, ..Setup::default() });
        let event = client.event(2, json!({"hold_seconds": 1})).await;
        let (first, second) = (client.attendee("a@example.org"), client.attendee("b@example.org"));
        let ticket = first.ticket(&event).await;
        let kept = second.ticket(&event).await;
        assert_eq!(confirm(&second, &kept).await, told(200, "confirmed"));
        assert_eq!(client.available(&event).await, 0);
        until(&first, &ticket, "expired").await;
        world.until("SELECT count(*) AS n FROM ticket WHERE status = 'expired'", |n| n == 1).await;
        assert_eq!(client.available(&event).await, 1);
        let again = first.ticket(&event).await;
        assert_ne!(again, ticket);
        assert_eq!(client.available(&event).await, 0);
    }

    async fn a_lapsed_hold_cannot_be_confirmed_even_if_nobody_reaps(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(1, json!({"hold_seconds": 1})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        world.workers.clear();
        until(&person, &ticket, "expired").await;
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket WHERE status = 'reserved'").await, 1, "not reaped");
        assert_eq!(confirm(&person, &ticket).await, told(410, "hold_expired"));
        assert_eq!(cancel(&person, &ticket).await, told(409, "ticket_expired"));
        assert_eq!(client.available(&event).await, 1, "cancelling expired it and returned its seat");
        assert_eq!(cancel(&person, &ticket).await, told(409, "ticket_expired"));
        assert_eq!(client.available(&event).await, 1);
    }

    async fn many_lapsed_holds_are_in_nobodys_way(world: &mut World) {
        // More than are expired in one transaction, and the last of them is the person's.
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(701, json!({"hold_seconds": 1})).await;
        world.enqueue(&event, 700).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        world.workers.clear();
        until(&person, &ticket, "expired").await;
        assert_eq!(cancel(&person, &ticket).await, told(409, "ticket_expired"));
        let again = person.register(&event, "again").await.text("id");
        world.start_worker(&["--batch-max=100"]);
        assert_eq!(person.decision(&again).await.text("status"), "reserved");
    }

    async fn of_confirm_and_expiry_exactly_one_wins(world: &mut World) {
        const RACES: usize = 200;
        let client = world.start(&Setup { embedded: 0, workers: 3, ..Setup::default() });
        let event = client.event(200, json!({"hold_seconds": 3})).await;
        let outcomes = every((0..RACES).map(|n| {
            let person = client.attendee(&format!("p{n}@example.org"));
            let event = event.clone();
            async move {
                let answer = person.waiting(25).register(&event, "k").await;
                assert_eq!(answer.status, 201, "{answer:?}");
                let ticket = answer.text("ticket_id");
                // Around the end of the hold: some just before it, some just after.
                let ends = DateTime::parse_from_rfc3339(answer.body["ticket"]["expires_at"].as_str().unwrap()).unwrap();
                let left = ends.timestamp_millis() - chrono::Local::now().timestamp_millis();
                sleep(Duration::from_millis(u64::try_from(left - 200 + i64::try_from(n % 40).unwrap() * 10).unwrap_or(0))).await;
                // A service that is busy says so, and a client asks again: what counts is who wins.
                let mut outcome = confirm(&person, &ticket).await;
                while outcome.0 == 503 {
                    outcome = confirm(&person, &ticket).await;
                }
                let reads = person.get(&format!("/tickets/{ticket}")).await.text("status");
                (outcome, reads)
            }
        }))
        .await;
        let outcomes = count(outcomes);
        let won = outcomes.get(&(told(200, "confirmed"), "confirmed".to_owned())).copied().unwrap_or(0);
        let lost = outcomes.get(&(told(410, "hold_expired"), "expired".to_owned())).copied().unwrap_or(0);
        assert_eq!(won + lost, RACES, "{outcomes:?}");
        assert!(won > 0 && lost > 0, "there were races: {outcomes:?}");
        world.until("SELECT count(*) AS n FROM ticket WHERE status = 'reserved'", |n| n == 0).await;
        assert_eq!(client.available(&event).await, i64::try_from(lost).unwrap());
    }

    async fn confirming_twice_is_confirming_once(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        let first = person.post_empty(&format!("/tickets/{ticket}/confirm")).await;
        assert_eq!((first.status, first.text("status").as_str()), (200, "confirmed"));
        assert!(first.body["expires_at"].is_null(), "a confirmed ticket has no end");
        let second = person.post(&format!("/tickets/{ticket}/confirm"), json!({})).await;
        assert_eq!(second.body, first.body);
        let with_fields = person.post(&format!("/tickets/{ticket}/confirm"), json!({"a": 1})).await;
        assert_eq!(with_fields.status, 422);
    }

    async fn a_cancelled_ticket_gives_its_seat_back_once(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        let cancelled = every((0..10).map(|_| {
            let (person, ticket) = (person.clone(), ticket.clone());
            async move { cancel(&person, &ticket).await }
        }))
        .await;
        assert_eq!(count(cancelled), [(told(200, "cancelled"), 10)].into());
        assert_eq!(client.available(&event).await, 1);
        assert_eq!(confirm(&person, &ticket).await, told(409, "ticket_cancelled"));
        let again = person.ticket(&event).await;
        assert_eq!(confirm(&person, &again).await, told(200, "confirmed"));
        assert_eq!(cancel(&person, &again).await, told(200, "cancelled"), "a confirmed one can be given up too");
        assert_eq!(client.available(&event).await, 1);
    }

    async fn of_confirm_and_cancel_the_last_word_is_cancel(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(40, json!({})).await;
        let outcomes = every((0..40).map(|n| {
            let (person, event) = (client.attendee(&format!("p{n}@example.org")), event.clone());
            async move {
                let ticket = person.ticket(&event).await;
                let (confirmed, cancelled) = tokio::join!(confirm(&person, &ticket), cancel(&person, &ticket));
                assert!(confirmed == told(200, "confirmed") || confirmed == told(409, "ticket_cancelled"));
                cancelled
            }
        }))
        .await;
        assert_eq!(count(outcomes), [(told(200, "cancelled"), 40)].into());
        assert_eq!(client.available(&event).await, 40);
    }

    async fn nobody_confirms_for_a_cancelled_event(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        world.execute("UPDATE event SET status = 'cancelled'").await;
        assert_eq!(confirm(&person, &ticket).await, told(409, "event_cancelled"));
        let late = client.attendee("b@example.org").register(&event, "k").await;
        assert_eq!((late.status, late.code().as_str()), (409, "event_cancelled"));
        // As its record has it.
        world.execute("UPDATE event SET status = 'published'").await;
    }

    async fn an_intent_whose_event_is_cancelled_meanwhile_is_refused(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(2, json!({})).await;
        let person = client.attendee("a@example.org");
        let pending = person.register(&event, "k").await.text("id");
        world.execute("UPDATE event SET status = 'cancelled'").await;
        world.start_worker(&[]);
        let decided = person.decision(&pending).await;
        assert_eq!(decided.body["refusal"]["code"], "event_cancelled");
        // As its record has it.
        world.execute("UPDATE event SET status = 'published'").await;
    }

    async fn parties_are_all_or_nothing(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({"max_party_size": 4})).await;
        let ask = async |who: &str, seats: u32| {
            let answer = client.attendee(who).waiting(20).register_with(&event, "k", json!({"party_size": seats})).await;
            (answer.status, answer.code(), answer.body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
        };
        let plain = |status: u16, code: &str| (status, code.to_owned(), String::new());
        assert_eq!(ask("a@example.org", 3).await, plain(201, ""));
        assert_eq!(ask("b@example.org", 3).await, plain(409, "not_enough_seats"));
        assert_eq!(ask("c@example.org", 5).await, (422, "invalid_request".to_owned(), "/party_size".to_owned()));
        assert_eq!(ask("d@example.org", 2).await, plain(201, ""));
        assert_eq!(ask("e@example.org", 1).await, plain(409, "sold_out"));
        assert_eq!(client.available(&event).await, 0);
    }
}
