//! What happens on the hot paths, each once or a few times.

use tests::{Client, World, every, new_key};

use super::population::{FULL, LAST_SEAT, QUIET, event};

/// What people do while no worker runs.
pub(super) async fn requests(person: &Client) {
    let asked = every((0..8).map(|n| {
        let person = person.clone();
        async move { person.register(&event(QUIET + n), &new_key()).await }
    }));
    let pending = asked.await[0].text("id");
    for _ in 0..2 {
        assert_eq!(person.register(&event(QUIET + 9), "again").await.status, 202);
    }
    assert_eq!(person.get(&format!("/registrations/{pending}")).await.text("status"), "pending");
    assert_eq!(person.get(&format!("/events/{}", event(QUIET))).await.status, 200);
    assert_eq!(person.get(&format!("/events/{}", event(FULL))).await.body["waiting"], 300);
    let page = person.get("/events?limit=20").await;
    let next = person.get(&format!("/events?limit=20&cursor={}", page.text("next_cursor"))).await;
    assert_eq!(next.status, 200);
}

/// What becomes of it all, and of what people do with their tickets, while a worker runs.
pub(super) async fn decisions(world: &World, person: &Client) {
    let ticket = person.ticket(&event(QUIET + 10)).await;
    let path = format!("/tickets/{ticket}");
    let tag = person.get(&path).await.header("etag");
    let waits = tokio::spawn({
        let (person, path) = (person.waiting(20).with("if-none-match", &tag), path.clone());
        async move { person.get(&path).await }
    });
    assert_eq!(person.post_empty(&format!("{path}/confirm")).await.status, 200);
    assert_eq!(waits.await.unwrap().status, 200);

    let waiting = person.waiting(20).register(&event(FULL), &new_key()).await.text("ticket_id");
    assert!(person.get(&format!("/tickets/{waiting}")).await.body["position"].as_i64().unwrap() > 300);

    let last = person.ticket(&event(LAST_SEAT)).await;
    world.enqueue(&event(LAST_SEAT), 3).await;
    world.settled().await;
    assert_eq!(person.post_empty(&format!("/tickets/{last}/cancel")).await.status, 200);
    world.until("SELECT count(*) AS n FROM ticket WHERE status = 'reserved' AND expires_at = 1", |n| n == 0).await;
}
