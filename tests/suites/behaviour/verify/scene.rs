//! A little of everything, at rest: a sale that sold out, a waitlist that was served, parties, a cancelled event.

use serde_json::{Value, json};
use tests::{Client, Setup, World};

/// Makes it, and stops whoever would move it on.
///
/// - "sale", two seats: `s1` confirmed, `s2` holds, `s3` was refused;
/// - "line", two seats: `l1` and `l2` gave theirs up, which went to `l3` and `l4`; `l5` waits, `l6` left the line;
/// - "order", one seat: `o1` wanted two, `o2` got it;
/// - "gone": `g1` had a ticket when it was cancelled.
pub(super) async fn scene(world: &mut World) {
    let client = world.start(&Setup { api_flags: &["--verify-minutes=0"], ..Setup::default() });
    sale(&client).await;
    line(&client).await;
    let order = client.event(1, json!({"name": "order", "max_party_size": 2})).await;
    register(&client, &order, "o1", 2).await;
    register(&client, &order, "o2", 1).await;
    let gone = client.event(1, json!({"name": "gone"})).await;
    register(&client, &gone, "g1", 1).await;
    assert_eq!(client.organizer().post_empty(&format!("/events/{gone}/cancel")).await.status, 200);
    world.until("SELECT count(*) AS n FROM ticket WHERE email LIKE 'g1@%' AND status = 'cancelled'", |n| n == 1).await;
    world.apis.clear();
}

async fn sale(client: &Client) {
    let sale = client.event(2, json!({"name": "sale"})).await;
    let first = register(client, &sale, "s1", 1).await;
    act(client, "s1", &first, "confirm").await;
    register(client, &sale, "s2", 1).await;
    register(client, &sale, "s3", 1).await;
}

async fn line(client: &Client) {
    let line = client.event(2, json!({"name": "line", "waitlist_enabled": true})).await;
    let mut tickets = vec![];
    for who in ["l1", "l2", "l3", "l4", "l5", "l6"] {
        tickets.push(register(client, &line, who, 1).await);
    }
    for (who, ticket) in [("l1", &tickets[0]), ("l2", &tickets[1]), ("l6", &tickets[5])] {
        act(client, who, ticket, "cancel").await;
    }
}

async fn register(client: &Client, event: &str, who: &str, party_size: u32) -> Value {
    let person = client.attendee(&format!("{who}@example.org")).waiting(20);
    let answer = person.register_with(event, who, json!({"party_size": party_size})).await;
    assert!([201, 409].contains(&answer.status), "{answer:?}");
    answer.body
}

async fn act(client: &Client, who: &str, registration: &Value, verb: &str) {
    let ticket = registration["ticket_id"].as_str().unwrap();
    let path = format!("/tickets/{ticket}/{verb}");
    assert_eq!(client.attendee(&format!("{who}@example.org")).post_empty(&path).await.status, 200);
}
