//! Order: within an event by arrival, between events in turns.

use serde_json::json;
use tests::{Setup, both_databases};

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
