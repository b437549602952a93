//! Order: within an event by arrival, between events in turns.

use serde_json::json;
use tests::{Client, Setup, World, both_databases};

use crate::faults::poison;

/// Events with three jobs each, to be served in the reverse order of their making: the turn counts, nothing else.
async fn many_small_events(world: &World, client: &Client, count: usize) -> Vec<String> {
    let mut events = vec![];
    for place in (1..=count).rev() {
        let event = client.event(5, json!({})).await;
        world.enqueue(&event, 3).await;
        world.execute(&format!("UPDATE event SET served_at = {place} WHERE id = {}", world.id(&event))).await;
        events.push(event);
    }
    events
}

/// All that one transaction settled has the same time.
const TRANSACTIONS: &str = "SELECT count(DISTINCT settled_at) AS n FROM job WHERE state = 'settled'";

both_databases! {
    async fn a_small_event_does_not_wait_for_a_large_one(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let (large, small) = (client.event(5000, json!({})).await, client.event(1, json!({})).await);
        world.enqueue(&large, 5000).await;
        let single = client.attendee("a@example.org").register(&small, "k").await.text("id");
        world.start_worker(&["--batch-max=500"]);
        world.settled().await;
        let before = world.number(
            "SELECT count(*) AS n FROM job AS other JOIN job AS single ON single.email = 'a@example.org'
             WHERE other.event_id <> single.event_id AND other.settled_at <= single.settled_at",
        ).await;
        assert!(before <= 1000, "{before} settled before the single one, {single}");
    }

    async fn many_events_are_served_in_few_transactions_and_in_turn(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        many_small_events(world, &client, 100).await;
        // 36 whole lanes and a part of another one fill a batch.
        world.start_worker(&["--batch-max=110"]);
        world.settled().await;
        assert!((3..=4).contains(&world.number(TRANSACTIONS).await), "300 jobs, 110 at a time");
        let pairs = "SELECT count(*) AS n FROM event AS late JOIN event AS early ON early.id > late.id";
        let overtaken = format!(
            "{pairs} JOIN job AS a ON a.event_id = early.id JOIN job AS b ON b.event_id = late.id
             WHERE b.settled_at < a.settled_at"
        );
        assert_eq!(world.number(&overtaken).await, 0, "who waits longest is served first");
        // Whoever came last in a full batch keeps its place, also when it happened to need no more room.
        let ended = world.number("SELECT count(*) AS n FROM event WHERE served_at > 100").await;
        assert!(ended >= 97, "{ended} turns ended");
        let out_of_turn = format!("{pairs} WHERE late.served_at <= early.served_at AND late.served_at > 100");
        assert_eq!(world.number(&out_of_turn).await, 0);
        assert_eq!(world.number("SELECT count(*) AS n FROM event WHERE available_spots = 2").await, 100);
    }

    async fn a_poisoned_intent_stops_no_other_lane(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let events = many_small_events(world, &client, 10).await;
        let unlucky = client.attendee("unlucky@example.org").register(&events[5], "k").await.text("id");
        poison(world, "unlucky@example.org").await;
        for _ in 0..2 {
            world.start_worker(&["--attempts-max=1"]);
        }
        world.settled().await;
        let decided = client.attendee("unlucky@example.org").get(&format!("/registrations/{unlucky}")).await;
        assert_eq!(decided.text("status"), "failed");
        assert_eq!(world.number("SELECT count(*) AS n FROM job WHERE outcome = 'reserved' AND attempt = 0").await, 30);
    }

    async fn chores_that_fault_take_no_other_lane_along(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let broken = client.event(2, json!({"hold_seconds": 1})).await;
        let ticket = client.attendee("a@example.org").ticket(&broken).await;
        world.workers.clear();
        while client.attendee("a@example.org").get(&format!("/tickets/{ticket}")).await.text("status") != "expired" {}
        // Its lapsed hold cannot give its seat back: there is no room for it.
        world.execute(&format!("UPDATE event SET available_spots = 2 WHERE id = {}", world.id(&broken))).await;
        let stuck = client.attendee("b@example.org").register(&broken, "k").await.text("id");
        world.execute("UPDATE event SET served_at = 0").await;
        many_small_events(world, &client, 10).await;
        world.start_worker(&[]);
        world.until("SELECT count(*) AS n FROM job WHERE state = 'pending'", |pending| pending == 1).await;
        assert_eq!(world.number(TRANSACTIONS).await, 2, "that of the lapsed hold, and all the others together");
        world.execute(&format!("UPDATE event SET available_spots = 1 WHERE id = {}", world.id(&broken))).await;
        assert_eq!(client.attendee("b@example.org").decision(&stuck).await.text("status"), "reserved");
    }

    async fn registrations_of_long_past_events_are_forgotten(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let (past, recent) = (client.event(5, json!({})).await, client.event(5, json!({})).await);
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&past).await;
        assert_eq!(person.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200);
        client.attendee("b@example.org").ticket(&past).await;
        person.ticket(&recent).await;
        world.workers.clear();
        let failed = client.attendee("c@example.org").register(&past, "k").await.text("id");
        world.execute("UPDATE job SET state = 'failed', last_error = 'x' WHERE email = 'c@example.org'").await;
        let day = 24 * 60 * 60 * 1000_i64;
        let created_at = client.get(&format!("/events/{past}")).await.text("created_at");
        let now = chrono::DateTime::parse_from_rfc3339(&created_at).unwrap();
        for (event, days) in [(&past, 31), (&recent, 29)] {
            let starts_at = now.timestamp_millis() - days * day;
            world.execute(&format!("UPDATE event SET starts_at = {starts_at} WHERE id = {}", world.id(event))).await;
        }
        world.start_worker(&["--retention-days=30"]);
        world.until("SELECT count(*) AS n FROM job WHERE state = 'settled'", |n| n == 1).await;
        assert_eq!(person.get(&format!("/tickets/{ticket}")).await.status, 404);
        assert_eq!(client.available(&past).await, 5, "its seats are nobody's now");
        let failed = client.attendee("c@example.org").get(&format!("/registrations/{failed}")).await;
        assert_eq!((failed.status, failed.text("status").as_str()), (200, "failed"));
    }

    async fn an_event_is_served_in_order_of_arrival(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(700, json!({})).await;
        world.enqueue(&event, 2000).await;
        for _ in 0..3 {
            world.start_worker(&["--batch-max=100"]);
        }
        world.settled().await;
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket").await, 700);
        // The first 700 got the seats, in that order.
        let span = "SELECT max(job.seq) - min(job.seq) AS n FROM ticket JOIN job ON job.id = ticket.job_id";
        assert_eq!(world.number(span).await, 699);
        let inversions = "SELECT count(*) AS n FROM job AS a JOIN job AS b ON b.seq = a.seq + 1
                          WHERE b.settled_at < a.settled_at";
        assert_eq!(world.number(inversions).await, 0);
    }
}
