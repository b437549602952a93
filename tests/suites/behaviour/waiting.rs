//! How many wait, as everybody who looks at an event is told.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Setup, both_databases, new_key};

/// Asks for seats and gets this. Returns the path of the ticket.
async fn gets(client: &Client, event: &str, who: &str, seats: u32, status: &str) -> String {
    let person = client.attendee(&format!("{who}@example.org")).waiting(20);
    let answer = person.register_with(event, &new_key(), json!({"party_size": seats})).await;
    assert_eq!(answer.text("status"), status, "{answer:?}");
    format!("/tickets/{}", answer.text("ticket_id"))
}

async fn give_up(client: &Client, who: &str, ticket: &str) {
    let person = client.attendee(&format!("{who}@example.org"));
    assert_eq!(person.post_empty(&format!("{ticket}/cancel")).await.status, 200);
}

/// Looks with what was known before: it is as many as this, and nobody is told that nothing changed.
async fn now_waiting(client: &Client, event: &str, before: &Answer, waiting: &Value) -> Answer {
    let answer = client.with("if-none-match", &before.header("etag")).get(&format!("/events/{event}")).await;
    assert_eq!((answer.status, &answer.body["waiting"]), (200, waiting), "{answer:?}");
    answer
}

/// Whether the organizer keeps a waitlist.
async fn keep_a_waitlist(client: &Client, event: &str, is_kept: bool) {
    let body = json!({"waitlist_enabled": is_kept}).to_string();
    let organizer = client.organizer().with("if-match", "*");
    let edited = organizer.raw(Method::PATCH, &format!("/events/{event}"), Some(("application/json", &body))).await;
    assert_eq!(edited.status, 200, "{edited:?}");
}

both_databases! {
    async fn an_event_tells_how_many_wait(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({"waitlist_enabled": true, "max_party_size": 2})).await;
        let first = client.get(&format!("/events/{event}")).await;
        assert_eq!((first.status, &first.body["waiting"]), (200, &json!(null)));
        let a = gets(&client, &event, "a", 1, "reserved").await;
        let b = gets(&client, &event, "b", 1, "reserved").await;
        let seen = now_waiting(&client, &event, &first, &json!(null)).await;
        let d = gets(&client, &event, "d", 1, "waitlisted").await;
        let seen = now_waiting(&client, &event, &seen, &json!(1)).await;
        give_up(&client, "d", &d).await;
        let seen = now_waiting(&client, &event, &seen, &json!(null)).await;
        gets(&client, &event, "two", 2, "waitlisted").await;
        let seen = now_waiting(&client, &event, &seen, &json!(1)).await;
        let c = gets(&client, &event, "c", 1, "waitlisted").await;
        let seen = now_waiting(&client, &event, &seen, &json!(2)).await;
        let known = client.with("if-none-match", &seen.header("etag"));
        assert_eq!(known.get(&format!("/events/{event}")).await.status, 304);
        let listed = client.get("/events").await;
        assert_eq!((&listed.body["data"][0]["id"], &listed.body["data"][0]["waiting"]), (&json!(event), &json!(null)));

        give_up(&client, "c", &c).await;
        let seen = now_waiting(&client, &event, &seen, &json!(1)).await;
        give_up(&client, "a", &a).await;
        let seen = now_waiting(&client, &event, &seen, &json!(1)).await;
        assert_eq!(seen.body["available_spots"], 1, "two do not fit into one seat");
        keep_a_waitlist(&client, &event, false).await;
        let seen = now_waiting(&client, &event, &seen, &json!(null)).await;
        keep_a_waitlist(&client, &event, true).await;
        let seen = now_waiting(&client, &event, &seen, &json!(1)).await;
        give_up(&client, "b", &b).await;
        now_waiting(&client, &event, &seen, &json!(null)).await;
    }

    async fn nobody_counts_beyond_a_thousand(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true})).await;
        let path = format!("/events/{event}");
        for (people, waiting) in [(1000, 999), (1, 1000), (1, 1000)] {
            world.enqueue(&event, people).await;
            world.settled().await;
            assert_eq!(client.get(&path).await.body["waiting"], waiting);
        }
    }
}
