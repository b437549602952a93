//! Idempotency keys, and one ticket for each person.

use serde_json::json;
use tests::{Answer, Setup, both_databases, count, every, new_key, said};

/// What must not differ between two answers to the same key.
fn essence(answer: &Answer) -> (u16, String, String, String) {
    (answer.status, answer.text("id"), answer.text("ticket_id"), answer.header("location"))
}

both_databases! {
    async fn fifty_requests_with_one_key_are_one_registration(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 3, ..Setup::default() });
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org").waiting(25);
        let answers = every((0..50).map(|_| {
            let (person, event) = (person.clone(), event.clone());
            async move { person.register(&event, "the-key").await }
        }))
        .await;
        assert_eq!(answers[0].status, 201, "{:?}", answers[0]);
        assert_eq!(count(answers.iter().map(essence)).len(), 1, "the answers differ");
        let replays = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
        assert_eq!(replays, 49);
        assert_eq!(world.number("SELECT count(*) AS n FROM job").await, 1);

        // Sold out since, and still the same answer.
        let other = client.attendee("b@example.org").waiting(25).register(&event, "k").await;
        assert_eq!((other.status, other.code().as_str()), (409, "sold_out"));
        let again = person.register(&event, "the-key").await;
        assert_eq!(essence(&again), essence(&answers[0]));
        assert_eq!(again.header("idempotency-replayed"), "true");

        let another_body = person.register_with(&event, "the-key", json!({"name": "Other"})).await;
        assert_eq!((another_body.status, another_body.code().as_str()), (422, "idempotency_key_reused"));
        let another_event = client.event(1, json!({})).await;
        let another_event = person.register(&another_event, "the-key").await;
        assert_eq!((another_event.status, another_event.code().as_str()), (422, "idempotency_key_reused"));
    }

    async fn a_refusal_replays_too(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        client.attendee("a@example.org").ticket(&event).await;
        let late = client.attendee("b@example.org");
        let refused = late.waiting(20).register(&event, "k").await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "sold_out"));
        let registration = refused.text("registration_id");
        assert_eq!(refused.header("location"), format!("/registrations/{registration}"));

        let without_wait = late.register(&event, "k").await;
        assert_eq!((without_wait.status, without_wait.text("status").as_str()), (200, "refused"));
        assert_eq!(without_wait.text("id"), registration);
        assert_eq!(without_wait.body["refusal"]["may_return"], true, "one unconfirmed hold is in the way");
        let with_wait = late.waiting(20).register(&event, "k").await;
        assert_eq!((with_wait.status, with_wait.header("idempotency-replayed").as_str()), (409, "true"));
        assert_eq!(with_wait.header("preference-applied"), "wait=20");
    }

    async fn twenty_keys_of_one_person_are_one_ticket(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 3, ..Setup::default() });
        let event = client.event(50, json!({})).await;
        let answers = every((0..20).map(|n| {
            // Two spellings of one address.
            let person = client.attendee(if n % 2 == 0 { "A@x.org" } else { " a@X.org " }).waiting(25);
            let event = event.clone();
            async move { person.register(&event, &new_key()).await }
        }))
        .await;
        let told = count(answers.iter().map(said));
        let expected = [((201, String::new()), 1), ((409, "already_registered".to_owned()), 19)];
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(client.available(&event).await, 49);
    }

    async fn keys_belong_to_their_callers(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({})).await;
        let first = client.attendee("a@example.org").waiting(20).register(&event, "k").await;
        let second = client.attendee("b@example.org").waiting(20).register(&event, "k").await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_ne!(first.text("id"), second.text("id"));
    }

    async fn a_refused_request_leaves_its_key_free(world: &mut World) {
        let client = world.start(&Setup::default());
        let person = client.attendee("a@example.org");
        let nowhere = person.register("00000000-0000-7000-8000-000000000000", "k").await;
        assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "not_found"));
        assert_eq!(person.register("no-id", "k").await.status, 404);
        let closed = client.event(5, json!({"registration_closes_at": "2001-01-01T00:00:00Z"})).await;
        let closed = person.register(&closed, "k").await;
        assert_eq!((closed.status, closed.code().as_str()), (409, "registration_closed"));
        let event = client.event(5, json!({})).await;
        assert_eq!(person.waiting(20).register(&event, "k").await.status, 201);
    }

    async fn a_key_is_required_and_visible(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({})).await;
        let person = client.attendee("a@example.org");
        let missing = person.post(&format!("/events/{event}/register"), json!({})).await;
        assert_eq!((missing.status, missing.code().as_str()), (400, "idempotency_key_required"));
        let invisible = person.register(&event, "a b").await;
        assert_eq!((invisible.status, invisible.code().as_str()), (400, "idempotency_key_invalid"));
        assert_eq!(person.register(&event, &"k".repeat(256)).await.status, 400);
        assert_eq!(person.register(&event, &"k".repeat(255)).await.status, 202);
    }
}
