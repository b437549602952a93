//! What callers have, and nobody else sees.

use serde_json::{Value, json};
use tests::{Client, Setup, World, both_databases};

/// Everything on a list, page by page, following `Link`.
pub(crate) async fn all_pages(client: &Client, first: &str) -> Vec<Value> {
    let (mut path, mut found) = (first.to_owned(), vec![]);
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        found.extend(page.body["data"].as_array().unwrap().clone());
        let link = page.header("link");
        let Some(next) = page.body["next_cursor"].as_str() else {
            assert_eq!(link, "");
            return found;
        };
        path = link.replace('<', "").replace(">; rel=\"next\"", "");
        assert!(path.ends_with(&format!("cursor={next}")), "{link}");
    }
}

pub(crate) fn texts(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// Joins an event's line for so many seats.
pub(crate) async fn wait_in_line(client: &Client, event: &str, who: &str, party_size: u32) {
    let person = client.attendee(&format!("{who}@example.org"));
    let joined = person.waiting(20).register_with(event, "k", json!({"party_size": party_size})).await;
    assert_eq!((joined.status, joined.text("status").as_str()), (201, "waitlisted"), "{joined:?}");
}

/// Runs a hold out that nobody reaps.
pub(crate) async fn run_out(world: &World, email: &str) {
    world.execute(&format!("UPDATE ticket SET expires_at = created_at WHERE email = '{email}'")).await;
}

both_databases! {
    async fn tickets_are_listed_for_their_person_alone(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let (person, other) = (client.attendee("a@example.org"), client.attendee("b@example.org"));
        let mut tickets = vec![];
        for _ in 0..5 {
            let event = client.event(5, json!({})).await;
            tickets.push(person.ticket(&event).await);
            other.ticket(&event).await;
        }
        assert_eq!(person.post_empty(&format!("/tickets/{}/confirm", tickets[1])).await.status, 200);
        assert_eq!(person.post_empty(&format!("/tickets/{}/cancel", tickets[3])).await.status, 200);
        tickets.reverse();
        let found = all_pages(&person, "/tickets?limit=2").await;
        assert_eq!(texts(&found, "id"), tickets);
        assert_eq!(texts(&found, "status"), ["reserved", "cancelled", "reserved", "confirmed", "reserved"]);
        assert!(found.iter().all(|ticket| ticket["email"] == "a@example.org"));
        assert_eq!(found[0], person.get(&format!("/tickets/{}", tickets[0])).await.body, "as it is read alone");
        assert_eq!(texts(&all_pages(&person, "/tickets?limit=1&status=confirmed").await, "id"), [tickets[3].clone()]);
        assert_eq!(all_pages(&person, "/tickets?status=reserved&limit=2").await.len(), 3);

        // Nobody reaps any more: the time alone tells that these holds ran out.
        world.workers.clear();
        run_out(world, "a@example.org").await;
        assert_eq!(all_pages(&person, "/tickets?status=reserved").await.len(), 0);
        let expired = all_pages(&person, "/tickets?status=expired&limit=2").await;
        assert_eq!(texts(&expired, "status"), ["expired", "expired", "expired"]);
        assert_eq!(all_pages(&other, "/tickets?status=reserved").await.len(), 5);
    }

    async fn registrations_are_listed_for_whoever_submitted_them(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(2, json!({})).await;
        let (organizer, guest) = (client.organizer(), client.attendee("guest@example.org"));
        let ask = async |who: &str| {
            let body = json!({"email": who});
            organizer.waiting(20).register_with(&event, who, body).await.text("id")
        };
        let of_guest = ask("guest@example.org").await;
        let of_second = ask("second@example.org").await;
        let refused = organizer.register_with(&event, "third", json!({"email": "third@example.org"})).await.text("id");
        assert_eq!(organizer.decision(&refused).await.text("status"), "refused");
        world.workers.clear();
        let pending = organizer.register(&event, "own").await.text("id");

        let found = all_pages(&organizer, "/registrations?limit=2").await;
        assert_eq!(texts(&found, "id"), [pending, refused.clone(), of_second, of_guest.clone()]);
        assert_eq!(texts(&found, "status"), ["pending", "refused", "reserved", "reserved"]);
        assert_eq!(found[1], organizer.get(&format!("/registrations/{refused}")).await.body, "as it is read alone");
        assert_eq!(found[3]["ticket"]["email"], "guest@example.org");
        // The guest did not ask, but has the ticket.
        assert_eq!(all_pages(&guest, "/registrations").await, Vec::<Value>::new());
        assert_eq!(texts(&all_pages(&guest, "/tickets").await, "registration_id"), [of_guest]);
    }

    async fn those_who_wait_see_their_place(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true})).await;
        client.attendee("seated@example.org").ticket(&event).await;
        for who in ["first", "second"] {
            wait_in_line(&client, &event, who, 1).await;
        }
        let second = client.attendee("second@example.org");
        assert_eq!(second.get("/tickets?status=waitlisted").await.body["data"][0]["position"], 2);
        assert_eq!(second.get("/registrations").await.body["data"][0]["ticket"]["position"], 2);
    }

    async fn own_events_come_with_their_counts(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let full = client.event(8, json!({"max_party_size": 4, "waitlist_enabled": true})).await;
        let draft = client.event(3, json!({"status": "draft"})).await;
        let cancelled = client.event(4, json!({})).await;
        let shadow = client.event(5, json!({})).await;
        let others = client.as_role("else@example.org", "organizer");
        let body = json!({"name": "Other", "starts_at": "2100-01-01T00:00:00Z", "capacity": 1});
        assert_eq!(others.post("/events", body).await.status, 201);

        for (who, size) in [("held", 1), ("confirmed", 3), ("in", 2)] {
            let person = client.attendee(&format!("{who}@example.org"));
            let granted = person.waiting(20).register_with(&full, "k", json!({"party_size": size})).await;
            if who != "held" {
                let path = format!("/tickets/{}/confirm", granted.text("ticket_id"));
                assert_eq!(person.post_empty(&path).await.status, 200);
            }
        }
        let gone = client.attendee("gone@example.org");
        let ticket = gone.ticket(&full).await;
        assert_eq!(gone.post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        for who in ["waits", "waits-too"] {
            wait_in_line(&client, &full, who, 3).await;
        }
        world.workers.clear();
        let event = world.id(&full);
        world.execute("UPDATE ticket SET status = 'checked_in', checked_in_at = 1 WHERE email = 'in@example.org'").await;
        world.enqueue(&full, 7).await;
        world.execute(&format!("UPDATE event SET status = 'cancelled' WHERE id = {}", world.id(&cancelled))).await;
        world.execute(&format!("UPDATE event SET shadow_of = {event} WHERE id = {}", world.id(&shadow))).await;

        let found = all_pages(&client.organizer(), "/me/events?limit=2").await;
        assert_eq!(texts(&found, "id"), [cancelled, draft, full]);
        assert_eq!(texts(&found, "status"), ["cancelled", "draft", "published"]);
        let counts = json!({"capacity": 8, "available": 2, "held": 1, "confirmed": 3, "checked_in": 2, "waiting": 2,
            "waiting_seats": 6, "pending_intents": 7});
        assert_eq!(found[2]["counts"], counts);
        let empty = json!({"capacity": 3, "available": 3, "held": 0, "confirmed": 0, "checked_in": 0, "waiting": 0,
            "waiting_seats": 0, "pending_intents": 0});
        assert_eq!(found[1]["counts"], empty);
        let mut alone = client.get(&format!("/events/{}", found[2]["id"].as_str().unwrap())).await.body;
        // Lists do not count who waits for each event.
        assert_eq!(alone.as_object_mut().unwrap().remove("waiting"), Some(json!(2)));
        alone["counts"] = counts;
        assert_eq!(found[2], alone, "the event as everybody reads it, and its counts");

        assert_eq!(texts(&all_pages(&others, "/me/events").await, "name"), ["Other"]);
        assert_eq!(all_pages(&client.as_role("root@example.org", "admin"), "/me/events").await, Vec::<Value>::new());
        // As its record has it.
        world.execute("UPDATE ticket SET status = 'confirmed' WHERE email = 'in@example.org'").await;
        world.execute("UPDATE event SET status = 'published' WHERE status = 'cancelled'").await;
    }

    async fn lists_are_for_callers_who_ask_well(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        for path in ["/tickets", "/registrations", "/me/events"] {
            assert_eq!(client.get(path).await.status, 401, "{path}");
            let organizer = client.organizer();
            assert_eq!(organizer.get(path).await.body, json!({"data": []}), "{path}");
            for wrong in ["limit=0", "limit=101", "limit=x", "cursor=x"] {
                let answer = organizer.get(&format!("{path}?{wrong}")).await;
                assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_request"), "{path}?{wrong}");
            }
        }
        let answer = client.attendee("a@example.org").get("/me/events").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
        let answer = client.organizer().get("/tickets?status=active").await;
        assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &json!("?status")));
    }
}
