//! Stopping in order.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Process, Setup, Signal, both_databases, every};

both_databases! {
    async fn nothing_acknowledged_is_lost_when_everything_stops(world: &mut World) {
        let client = world.start(&Setup { embedded: 1, workers: 2, ..Setup::default() });
        let event = client.event(10_000, json!({})).await;
        let clients = (0..32).map(move |n| {
            let (client, event) = (client.clone(), event.clone());
            async move {
                let mut acknowledged = vec![];
                for i in 0.. {
                    let person = client.attendee(&format!("p{n}-{i}@example.org")).with("idempotency-key", "k");
                    let path = format!("/events/{event}/register");
                    match person.try_send(reqwest::Method::POST, &path, Some(json!({}))).await {
                        Ok(answer) if answer.status == 202 => acknowledged.push(answer.text("id")),
                        Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                        Err(_) => break,
                    }
                }
                acknowledged
            }
        });
        let clients = tokio::spawn(every(clients));
        world.until("SELECT count(*) AS n FROM job", |n| n > 300).await;
        let mut processes: Vec<_> = world.apis.drain(..).chain(world.workers.drain(..)).collect();
        let endings = tokio::task::spawn_blocking(move || Process::end_all(&mut processes, Signal::TERM));
        for (status, took) in endings.await.unwrap() {
            assert_eq!(status.code(), Some(0));
            assert!(took < Duration::from_secs(6), "{took:?}");
        }
        let acknowledged: Vec<String> = clients.await.unwrap().into_iter().flatten().collect();
        assert!(acknowledged.len() > 100, "there was load: {}", acknowledged.len());

        let client = world.start(&Setup::default());
        world.settled().await;
        assert!(world.number("SELECT count(*) AS n FROM job").await >= i64::try_from(acknowledged.len()).unwrap());
        let admin = client.as_role("root@example.org", "admin");
        for id in acknowledged {
            let read = admin.get(&format!("/registrations/{id}")).await;
            assert_eq!((read.status, read.text("status").as_str()), (200, "reserved"));
        }
    }

    async fn whoever_waits_is_answered_when_the_service_stops(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org").waiting(25);
        let waiting = tokio::spawn(async move { (person.register(&event, "k").await, Instant::now()) });
        world.until("SELECT count(*) AS n FROM job", |n| n == 1).await;
        let asked_to_stop = Instant::now();
        let mut apis = std::mem::take(&mut world.apis);
        let endings = tokio::task::spawn_blocking(move || Process::end_all(&mut apis, Signal::INT));
        let (answer, answered) = waiting.await.unwrap();
        assert_eq!((answer.status, answer.text("status").as_str()), (202, "pending"));
        assert!(answered - asked_to_stop < Duration::from_secs(3), "at once: {:?}", answered - asked_to_stop);
        let (status, took) = endings.await.unwrap().remove(0);
        assert_eq!(status.code(), Some(0));
        assert!(took < Duration::from_secs(6), "{took:?}");
    }
}
