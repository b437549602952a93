//! Learning what became of a registration: polling, waiting, validators.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Setup, both_databases, every};
use tokio::time::sleep;

/// An api alone: whatever is asked for stays pending.
fn nobody_works() -> Setup<'static> {
    Setup { embedded: 0, ..Setup::default() }
}

both_databases! {
    async fn a_pending_registration_tells_its_place(world: &mut World) {
        let client = world.start(&nobody_works());
        let event = client.event(5, json!({})).await;
        let mut ids = vec![];
        for n in 0..4 {
            let accepted = client.attendee(&format!("p{n}@example.org")).register(&event, "k").await;
            assert_eq!((accepted.status, accepted.header("retry-after").as_str()), (202, "1"));
            ids.push(accepted.text("id"));
        }
        let last = client.attendee("p3@example.org");
        let read = last.get(&format!("/registrations/{}", ids[3])).await;
        assert_eq!((read.status, read.text("status").as_str()), (200, "pending"));
        assert_eq!(read.body["ahead"], 3);
        assert!(read.body["estimate_seconds"].is_null(), "nothing is made up while nothing moves");
        assert_eq!(read.header("retry-after"), "1");
        let known = last.with("if-none-match", &read.header("etag"));
        let same = known.get(&format!("/registrations/{}", ids[3])).await;
        assert_eq!((same.status, same.header("etag")), (304, read.header("etag")));
    }

    async fn waiting_ends_when_time_is_up(world: &mut World) {
        let client = world.start(&nobody_works());
        let event = client.event(5, json!({})).await;
        let person = client.attendee("a@example.org").waiting(1);
        let since = Instant::now();
        let accepted = person.register(&event, "k").await;
        assert!(since.elapsed() >= Duration::from_millis(990));
        assert_eq!((accepted.status, accepted.header("preference-applied").as_str()), (202, "wait=1"));
        let path = format!("/registrations/{}", accepted.text("id"));
        let read = person.get(&path).await;
        assert_eq!((read.status, read.header("preference-applied").as_str()), (200, "wait=1"));
        let same = person.with("if-none-match", &read.header("etag")).get(&path).await;
        assert_eq!((same.status, same.header("preference-applied").as_str()), (304, "wait=1"));
    }

    async fn waiting_longer_than_allowed_is_capped(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({})).await;
        let answer = client.attendee("a@example.org").waiting(3600).register(&event, "k").await;
        assert_eq!((answer.status, answer.header("preference-applied").as_str()), (201, "wait=25"));
        assert_eq!(answer.header("location"), format!("/registrations/{}", answer.text("id")));
        assert_eq!(answer.text("status"), "reserved");
        assert_eq!(answer.body["ticket_id"], answer.body["ticket"]["id"]);
    }

    async fn readers_are_woken_by_the_decision(world: &mut World) {
        let client = world.start(&nobody_works());
        let event = client.event(5, json!({})).await;
        let person = client.attendee("a@example.org");
        let id = person.register(&event, "k").await.text("id");
        let path = format!("/registrations/{id}");
        let tag = person.get(&path).await.header("etag");
        let readers = every((0..20).map(|n| {
            let mut reader = person.waiting(25);
            if n % 2 == 0 {
                reader = reader.with("if-none-match", &tag);
            }
            let path = path.clone();
            async move { reader.get(&path).await }
        }));
        let (readings, ()) = tokio::join!(readers, async {
            sleep(Duration::from_millis(300)).await;
            world.start_worker(&[]);
        });
        for reading in readings {
            assert_eq!((reading.status, reading.text("status").as_str()), (200, "reserved"), "{reading:?}");
            assert_ne!(reading.header("etag"), tag);
        }
    }

    async fn a_reader_with_an_old_version_does_not_wait(world: &mut World) {
        let client = world.start(&nobody_works());
        let event = client.event(5, json!({})).await;
        let person = client.attendee("a@example.org");
        let id = person.register(&event, "k").await.text("id");
        let old = person.waiting(25).with("if-none-match", "\"something-else\"");
        let since = Instant::now();
        assert_eq!(old.get(&format!("/registrations/{id}")).await.status, 200);
        assert!(since.elapsed() < Duration::from_secs(20));
    }

    async fn a_ticket_wakes_its_readers_on_any_change(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        let path = format!("/tickets/{ticket}");
        let read = person.get(&path).await;
        assert_eq!((read.status, read.text("status").as_str()), (200, "reserved"));
        let tag = read.header("etag");
        assert_eq!(person.with("if-none-match", &tag).get(&path).await.status, 304);

        let with_tag = person.waiting(25).with("if-none-match", &tag);
        let registration = format!("/registrations/{}", read.text("registration_id"));
        let known = person.waiting(25).with("if-none-match", &person.get(&registration).await.header("etag"));
        let without_tag = person.waiting(25);
        let (first, second, third, _) = tokio::join!(
            with_tag.get(&path),
            without_tag.get(&path),
            known.get(&registration),
            async {
                sleep(Duration::from_millis(300)).await;
                person.post_empty(&format!("{path}/confirm")).await
            },
        );
        assert_eq!((first.status, first.text("status").as_str()), (200, "confirmed"));
        assert_eq!((second.status, second.text("status").as_str()), (200, "confirmed"));
        assert_eq!(third.body["ticket"]["status"], "confirmed");
        assert_eq!(third.text("status"), "reserved", "the decision never changes again");
    }

    async fn a_hold_that_runs_out_wakes_its_readers(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(5, json!({"hold_seconds": 1})).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        // Nobody reaps: the time alone changes it.
        world.workers.clear();
        let path = format!("/tickets/{ticket}");
        let tag = person.get(&path).await.header("etag");
        let lapsed = person.waiting(25).with("if-none-match", &tag).get(&path).await;
        assert_eq!((lapsed.status, lapsed.text("status").as_str()), (200, "expired"));
        assert!(lapsed.body["expires_at"].is_null());
    }

    async fn a_thousand_people_wait_at_once(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(1000, json!({})).await;
        let answers = every((0..1000).map(|n| {
            let (person, event) = (client.attendee(&format!("p{n}@example.org")).waiting(25), event.clone());
            async move { person.register(&event, "k").await.status }
        }))
        .await;
        assert!(answers.iter().all(|status| *status == 201), "{:?}", tests::count(answers));
    }
}
