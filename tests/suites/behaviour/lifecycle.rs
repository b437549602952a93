//! The life of an event: drafts, publishing, editing, cancelling.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Setup, both_databases, count, every, new_key, said, told};

async fn draft(client: &Client, more: Value) -> String {
    let mut body = more;
    body["status"] = json!("draft");
    client.event(5, body).await
}

async fn edit(client: &Client, event: &str, tag: &str, query: &str, body: Value) -> Answer {
    let path = format!("/events/{event}{query}");
    client.with("if-match", tag).raw(Method::PATCH, &path, Some(("application/json", &body.to_string()))).await
}

async fn tell(client: &Client, event: &str, verb: &str) -> (u16, String) {
    let answer = client.post_empty(&format!("/events/{event}/{verb}")).await;
    said(&answer)
}

/// Everything that the database says of an event.
async fn rows(world: &tests::World, event: &str) -> Vec<String> {
    let id = world.id(event);
    let mut rows = vec![];
    for (table, column) in [("event", "id"), ("ticket", "event_id"), ("job", "event_id"), ("audit", "event_id")] {
        rows.extend(world.rows(table, &format!("{column} = {id}")).await);
    }
    rows
}

both_databases! {
    async fn a_draft_is_there_for_those_who_manage_it(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = draft(&client, json!({})).await;
        let (organizer, admin) = (client.organizer(), client.as_role("root@example.org", "admin"));
        let others = [client.clone(), client.attendee("a@example.org"), client.as_role("else@example.org", "organizer")];
        for other in &others {
            assert_eq!(other.get(&format!("/events/{event}")).await.status, 404);
        }
        for manager in [&organizer, &admin] {
            let read = manager.get(&format!("/events/{event}")).await;
            assert_eq!((read.status, read.text("status").as_str()), (200, "draft"));
        }
        assert_eq!(client.get("/events").await.body["data"], json!([]));
        assert_eq!(organizer.register(&event, "k").await.status, 404);
        assert_eq!(tell(&others[2], &event, "publish").await, told(404, "not_found"));
        assert_eq!(tell(&others[1], &event, "publish").await, told(403, "forbidden"));

        assert_eq!(tell(&organizer, &event, "publish").await, told(200, "published"));
        let published = client.get(&format!("/events/{event}")).await;
        assert_eq!((published.status, &published.body["version"]), (200, &json!(2)));
        assert_eq!(tell(&organizer, &event, "publish").await, told(200, "published"), "twice is the same as once");
        assert_eq!(client.get(&format!("/events/{event}")).await.body, published.body);
        client.attendee("a@example.org").ticket(&event).await;
        assert_eq!(tell(&others[2], &event, "cancel").await, told(403, "forbidden"));
    }

    async fn of_two_edits_of_one_version_the_second_is_refused(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({"ends_at": "2100-01-02T00:00:00Z"})).await;
        let organizer = client.organizer();
        let without = organizer.raw(Method::PATCH, &format!("/events/{event}"), Some(("application/json", "{}"))).await;
        assert_eq!((without.status, without.code().as_str()), (428, "precondition_required"));
        let tag = client.get(&format!("/events/{event}")).await.header("etag");
        // Seats come and go; that is nobody's edit.
        client.attendee("a@example.org").ticket(&event).await;
        let edited = edit(&organizer, &event, &tag, "", json!({"name": "New", "ends_at": null})).await;
        assert_eq!((edited.status, edited.text("name").as_str(), &edited.body["version"]), (200, "New", &json!(2)));
        assert_eq!((&edited.body["ends_at"], edited.header("etag").as_str()), (&json!(null), "\"2.4\""));
        let stale = edit(&organizer, &event, &tag, "", json!({"name": "Newer"})).await;
        assert_eq!((stale.status, stale.code().as_str()), (412, "precondition_failed"));
        assert_eq!(client.get(&format!("/events/{event}")).await.text("name"), "New");

        let wrong = edit(&organizer, &event, "*", "", json!({"capacity": 0, "status": "published", "name": null})).await;
        let pointers: Vec<&str> = wrong.body["errors"].as_array().unwrap().iter()
            .map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!((wrong.status, pointers), (422, vec!["/name", "/capacity", "/status"]));
        let reversed = edit(&organizer, &event, "*", "", json!({"ends_at": "2099-01-01T00:00:00Z"})).await;
        assert_eq!((reversed.status, &reversed.body["errors"][0]["pointer"]), (422, &json!("/ends_at")));
        let other = client.as_role("else@example.org", "organizer");
        assert_eq!(edit(&other, &event, "*", "", json!({})).await.status, 403);
        assert_eq!(edit(&client.attendee("a@example.org"), &event, "*", "", json!({})).await.status, 403);
        assert_eq!(edit(&organizer, "nowhere", "*", "", json!({})).await.status, 404);
    }

    async fn new_seats_go_to_the_line_at_once_and_held_ones_stay(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(2, json!({"waitlist_enabled": true})).await;
        for who in ["a", "b", "c", "d", "e"] {
            let answer = client.attendee(&format!("{who}@example.org")).waiting(20).register(&event, "k").await;
            assert_eq!(answer.status, 201);
        }
        // No worker: whatever happens now happens in the edit itself.
        world.workers.clear();
        let organizer = client.organizer();
        let before = rows(world, &event).await;
        let preview = edit(&organizer, &event, "*", "?dry_run=true", json!({"capacity": 4})).await;
        assert_eq!((preview.status, &preview.body["effect"]["offers"]), (200, &json!(2)));
        assert_eq!((&preview.body["capacity"], &preview.body["available_spots"]), (&json!(4), &json!(0)));
        assert_eq!(rows(world, &event).await, before, "a dry run changes nothing");
        let raised = edit(&organizer, &event, "*", "", json!({"capacity": 4})).await;
        assert_eq!((raised.status, &raised.body["effect"]["offers"]), (200, &json!(2)));
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket WHERE status = 'reserved'").await, 4);

        let below = edit(&organizer, &event, "*", "", json!({"capacity": 3})).await;
        assert_eq!((below.status, below.code().as_str(), &below.body["held"]), (409, "capacity_below_held", &json!(4)));
        assert_eq!(edit(&organizer, &event, "*", "", json!({"capacity": 9})).await.body["available_spots"], json!(4));
        let lowered = edit(&organizer, &event, "*", "", json!({"capacity": 5})).await;
        assert_eq!((lowered.status, &lowered.body["available_spots"]), (200, &json!(0)));
        assert_eq!(edit(&organizer, &event, "*", "?dry_run=maybe", json!({})).await.status, 422);
    }

    async fn cancelling_an_event_ends_everything_in_batches(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(300, json!({"waitlist_enabled": true, "hold_seconds": 600})).await;
        world.enqueue(&event, 700).await;
        world.settled().await;
        let confirmed = client.attendee("a@example.org");
        let ticket = confirmed.waiting(20).register(&event, "k").await.text("ticket_id");
        world.workers.clear();
        world.enqueue(&event, 150).await;
        let late = client.attendee("late@example.org").register(&event, "k").await.text("id");

        let organizer = client.organizer();
        let before = rows(world, &event).await;
        let preview = organizer.post_empty(&format!("/events/{event}/cancel?dry_run=true")).await;
        let effect = json!({"offers": 0, "tickets_cancelled": 701, "registrations_refused": 151});
        assert_eq!((preview.status, &preview.body["effect"]), (200, &effect));
        assert_eq!(rows(world, &event).await, before, "a dry run changes nothing");
        assert_eq!(tell(&organizer, &event, "cancel").await, told(200, "cancelled"));
        assert_eq!(tell(&organizer, &event, "cancel").await, told(200, "cancelled"), "twice is the same as once");
        assert_eq!(client.attendee("b@example.org").register(&event, "k").await.code(), "event_cancelled");
        assert_eq!(edit(&organizer, &event, "*", "", json!({})).await.code(), "event_cancelled");
        assert_eq!(tell(&organizer, &event, "publish").await, told(409, "event_cancelled"));

        // Workers that die in the middle of it leave it to the next.
        let live = "SELECT count(*) AS n FROM ticket WHERE status <> 'cancelled'";
        for left in [600, 400, 200] {
            world.start_worker(&["--batch-max=20"]);
            world.until(live, |n| n <= left).await;
            world.workers.clear();
        }
        world.start_worker(&["--batch-max=20"]);
        world.until(live, |n| n == 0).await;
        world.settled().await;
        assert_eq!(client.available(&event).await, 300);
        let decided = client.attendee("late@example.org").decision(&late).await;
        assert_eq!(decided.body["refusal"]["code"], "event_cancelled");
        assert_eq!(confirmed.post_empty(&format!("/tickets/{ticket}/confirm")).await.code(), "event_cancelled");
        let twice = "SELECT count(*) AS n FROM (SELECT entity_id FROM audit WHERE action = 'cancel'
            GROUP BY entity_id HAVING count(*) > 1) AS twice";
        assert_eq!(world.number(twice).await, 0, "each was cancelled once");
    }

    async fn nothing_can_be_done_about_an_event_that_is_over(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"starts_at": "2001-01-01T00:00:00Z"})).await;
        assert_eq!(tell(&client.organizer(), &event, "cancel").await, told(409, "event_ended"));
        assert_eq!(client.attendee("a@example.org").register(&event, "k").await.code(), "registration_closed");
    }

    async fn publishing_and_editing_while_people_register_moves_no_seat(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 2, ..Setup::default() });
        let event = draft(&client, json!({"capacity": 120})).await;
        let organizer = client.organizer();
        assert_eq!(tell(&organizer, &event, "publish").await, told(200, "published"));
        let people: Vec<_> = (0..200).map(|n| {
            let (person, event) = (client.attendee(&format!("p{n}@example.org")), event.clone());
            async move { person.waiting(25).register(&event, &new_key()).await.status }
        }).collect();
        let people = tokio::spawn(every(people));
        for n in 0..30 {
            assert_eq!(tell(&organizer, &event, "publish").await, told(200, "published"));
            let edited = edit(&organizer, &event, "*", "", json!({"name": format!("Edit {n}"), "location": "Hall"})).await;
            assert_eq!(edited.status, 200);
            let unchanged = edit(&organizer, &event, "*", "", json!({"capacity": 120})).await;
            assert_eq!(unchanged.status, 200);
        }
        assert_eq!(count(people.await.unwrap()), [(201, 120), (409, 80)].into());
        assert_eq!(client.available(&event).await, 0);
        assert_eq!(client.get(&format!("/events/{event}")).await.body["version"], json!(62));
    }

    async fn every_change_is_recorded_with_who_and_why(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = draft(&client, json!({"waitlist_enabled": true, "capacity": 1})).await;
        let organizer = client.organizer();
        tell(&organizer, &event, "publish").await;
        edit(&organizer.with("x-request-id", "request-edit"), &event, "*", "", json!({"name": "Other"})).await;
        let a = client.attendee("a@example.org");
        let first = a.with("x-request-id", "request-a").ticket(&event).await;
        let second = client.attendee("b@example.org").ticket(&event).await;
        a.post_empty(&format!("/tickets/{first}/cancel")).await;
        client.attendee("b@example.org").post_empty(&format!("/tickets/{second}/confirm")).await;
        tell(&organizer, &event, "cancel").await;
        world.until("SELECT count(*) AS n FROM ticket WHERE status <> 'cancelled'", |n| n == 0).await;

        let recorded = world.texts("SELECT actor_kind || ' ' || entity || ' ' || action || ' ' ||
            coalesce(from_state, '-') || ' ' || coalesce(to_state, '-') || ' ' ||
            CASE WHEN request_id LIKE 'request%' THEN request_id ELSE '' END AS row FROM audit ORDER BY seq").await;
        let expected = ["gateway account create - organizer ", "gateway event create - draft ",
            "gateway event publish draft published ",
            "gateway event edit published published request-edit", "worker ticket issue - reserved request-a",
            "worker ticket issue - waitlisted ", "gateway ticket cancel reserved cancelled ",
            "gateway ticket promote waitlisted reserved ", "gateway ticket confirm reserved confirmed ",
            "gateway event cancel published cancelled ", "worker ticket cancel confirmed cancelled "];
        assert_eq!(recorded, expected);
        let detail = "SELECT count(*) AS n FROM audit WHERE action = 'edit'
            AND detail = '{\"name\":{\"from\":\"A sale\",\"to\":\"Other\"}}'";
        assert_eq!(world.number(detail).await, 1);
        let refused = match world.kind {
            tests::Kind::Sqlite => "DELETE FROM audit",
            tests::Kind::Postgres => "UPDATE audit SET actor = 'nobody'",
        };
        assert!(world.try_execute(refused).await.is_err(), "what is recorded stays");
    }
}
