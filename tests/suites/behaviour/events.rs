//! Making events and finding them.

use serde_json::{Value, json};
use tests::{Setup, both_databases, said};

fn body(name: &str, starts_at: &str) -> Value {
    json!({"name": name, "starts_at": starts_at, "capacity": 3, "status": "published"})
}

both_databases! {
    async fn an_event_reads_as_it_was_made(world: &mut World) {
        let client = world.start(&Setup::default());
        let whole = json!({
            "name": "RustConf", "description": "All of it.", "location": "Berlin",
            "starts_at": "2100-01-01T10:00:00+01:00",
            "ends_at": "2100-01-02T00:00:00Z", "time_zone": "Europe/Berlin", "capacity": 7, "hold_seconds": 60,
            "offer_seconds": 600, "max_party_size": 3, "waitlist_enabled": true,
            "status": "published",
            "registration_opens_at": "2000-01-01T00:00:00Z", "registration_closes_at": "2099-01-01T00:00:00.5Z",
        });
        let made = client.organizer().post("/events", whole.clone()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.text("id");
        assert_eq!((made.header("location"), made.header("etag")), (format!("/events/{id}"), "\"1.7\"".to_owned()));
        let read = client.get(&format!("/events/{id}")).await;
        assert_eq!(read.body, made.body);
        for (name, value) in whole.as_object().unwrap() {
            let expected = if name == "starts_at" { &json!("2100-01-01T09:00:00Z") } else { value };
            let expected = if name == "registration_closes_at" { &json!("2099-01-01T00:00:00.500Z") } else { expected };
            assert_eq!(&read.body[name], expected, "{name}");
        }
        assert_eq!((&read.body["available_spots"], &read.body["version"]), (&json!(7), &json!(1)));
        assert_eq!(read.text("status"), "published");
        let same = client.with("if-none-match", &read.header("etag")).get(&format!("/events/{id}")).await;
        assert_eq!(same.status, 304);
    }

    async fn the_tag_of_an_event_follows_its_seats(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(3, json!({})).await;
        client.attendee("a@example.org").ticket(&event).await;
        assert_eq!(client.get(&format!("/events/{event}")).await.header("etag"), "\"1.2\"");
    }

    async fn every_wrong_field_is_named(world: &mut World) {
        let client = world.start(&Setup::default());
        let wrong = json!({"name": "", "starts_at": "soon", "capacity": 0, "hold_seconds": 86_401, "colour": "red",
            "waitlist_enabled": 1, "offer_seconds": "long", "status": "cancelled"});
        let answer = client.organizer().post("/events", wrong).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_request"));
        let errors: Vec<(&str, &str)> = answer.body["errors"].as_array().unwrap().iter()
            .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
        let expected = [("/name", "out_of_range"), ("/starts_at", "invalid"), ("/capacity", "out_of_range"),
            ("/hold_seconds", "out_of_range"), ("/offer_seconds", "wrong_type"), ("/waitlist_enabled", "wrong_type"),
            ("/status", "invalid"), ("/colour", "unknown")];
        assert_eq!(errors, expected);
    }

    async fn the_list_has_pages_in_order(world: &mut World) {
        let client = world.start(&Setup::default());
        let organizer = client.organizer();
        for (name, year) in [("c", 2103), ("a", 2101), ("past", 2001), ("b", 2102), ("b", 2102)] {
            assert_eq!(organizer.post("/events", body(name, &format!("{year}-01-01T00:00:00Z"))).await.status, 201);
        }
        let mut path = "/events?limit=2".to_owned();
        let mut names = vec![];
        let mut ids = std::collections::BTreeSet::new();
        loop {
            let page = client.get(&path).await;
            assert_eq!(page.status, 200);
            for event in page.body["data"].as_array().unwrap() {
                names.push(event["name"].as_str().unwrap().to_owned());
                ids.insert(event["id"].as_str().unwrap().to_owned());
            }
            let same = client.with("if-none-match", &page.header("etag")).get(&path).await;
            assert_eq!(same.status, 304);
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                assert_eq!(page.header("link"), "");
                break;
            };
            path = format!("/events?limit=2&cursor={cursor}");
            assert_eq!(page.header("link"), format!("<{path}>; rel=\"next\""));
        }
        assert_eq!(names, ["a", "b", "b", "c"]);
        assert_eq!(ids.len(), 4);
        let wrong = [("limit=0", "?limit"), ("limit=101", "?limit"), ("limit=x", "?limit"), ("cursor=x", "?cursor")];
        for (query, pointer) in wrong {
            let answer = client.get(&format!("/events?{query}")).await;
            assert_eq!((answer.status, answer.body["errors"][0]["pointer"].as_str().unwrap()), (422, pointer));
        }
    }

    async fn events_that_are_not_there_are_not_found(world: &mut World) {
        let client = world.start(&Setup::default());
        for id in ["00000000-0000-7000-8000-000000000000", "not-an-id", "5"] {
            let answer = client.get(&format!("/events/{id}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{id}");
        }
        let event = client.event(1, json!({})).await;
        world.execute("UPDATE event SET status = 'draft'").await;
        assert_eq!(client.get(&format!("/events/{event}")).await.status, 404);
        assert_eq!(client.attendee("a@example.org").register(&event, "k").await.status, 404);
        assert_eq!(client.get("/events").await.body["data"], json!([]));
        world.execute("UPDATE event SET status = 'cancelled'").await;
        assert_eq!(client.get(&format!("/events/{event}")).await.text("status"), "cancelled");
        assert_eq!(client.get("/events").await.body["data"], json!([]));
        // As its record has it.
        world.execute("UPDATE event SET status = 'published'").await;
    }

    async fn registration_has_a_window(world: &mut World) {
        let client = world.start(&Setup::default());
        let person = client.attendee("a@example.org");
        let refused = async |more: Value| {
            let event = client.event(1, more).await;
            said(&person.register(&event, "k").await)
        };
        let early = json!({"registration_opens_at": "2099-01-01T00:00:00Z"});
        assert_eq!(refused(early).await, (409, "registration_not_open".to_owned()));
        let late = json!({"registration_closes_at": "2001-01-01T00:00:00Z"});
        assert_eq!(refused(late).await, (409, "registration_closed".to_owned()));
        let begun = json!({"starts_at": "2001-01-01T00:00:00Z", "registration_closes_at": "2099-01-01T00:00:00Z"});
        assert_eq!(refused(begun).await, (409, "registration_closed".to_owned()));
        assert_eq!(world.number("SELECT count(*) AS n FROM job").await, 0, "refusals at intake are not stored");
    }
}
