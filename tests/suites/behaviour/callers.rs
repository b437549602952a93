//! Who may do what.

use serde_json::json;
use tests::{Client, Setup, both_databases};

const SOMEWHERE: &str = "00000000-0000-7000-8000-000000000000";

/// Every route that wants to know its caller.
async fn bound_routes(client: &Client) -> Vec<(u16, String, String)> {
    let mut answers = vec![
        client.post("/events", json!({"name": 1})).await,
        client.register(SOMEWHERE, "k").await,
        client.get(&format!("/registrations/{SOMEWHERE}")).await,
        client.get(&format!("/tickets/{SOMEWHERE}")).await,
    ];
    for verb in ["confirm", "cancel"] {
        answers.push(client.post_empty(&format!("/tickets/{SOMEWHERE}/{verb}")).await);
    }
    answers.iter().map(|answer| (answer.status, answer.code(), answer.header("www-authenticate"))).collect()
}

both_databases! {
    async fn without_a_gateway_its_headers_mean_nothing(world: &mut World) {
        let client = world.start(&Setup { api_flags: &["--auth=bearer"], ..Setup::default() });
        for answer in bound_routes(&client.as_role("root@example.org", "admin")).await {
            assert_eq!(answer, (401, "unauthenticated".to_owned(), "Bearer realm=\"turnout\"".to_owned()));
        }
        let told = client.organizer().post("/events", json!({})).await;
        assert!(told.text("detail").contains("Authorization: Bearer"), "{told:?}");
        assert_eq!(client.get("/events").await.status, 200);
        assert_eq!(client.get("/livez").await.status, 200);
        assert_eq!(client.get("/readyz").await.status, 200);
    }

    async fn a_gateway_must_name_the_caller_well(world: &mut World) {
        let client = world.start(&Setup::default());
        let strangers = [
            client.clone(),
            client.with("x-user", "a@example.org"),
            client.with("x-role", "admin"),
            client.as_role("not an address", "attendee"),
            client.as_role("a@example.org", "owner"),
        ];
        for stranger in strangers {
            for answer in bound_routes(&stranger).await {
                assert_eq!(answer, (401, "unauthenticated".to_owned(), "Gateway realm=\"turnout\"".to_owned()));
            }
        }
        for role in ["attendee", "user", "organizer", "admin"] {
            let answer = client.as_role("a@example.org", role).get(&format!("/tickets/{SOMEWHERE}")).await;
            assert_eq!(answer.status, 404, "{role}");
        }
    }

    async fn only_the_listed_networks_are_the_gateway(world: &mut World) {
        let flags = ["--gateway-networks=127.0.0.5/32"];
        let client = world.start(&Setup { api_flags: &flags, ..Setup::default() });
        let forged = client.as_role("a@example.org", "admin");
        assert_eq!(forged.get(&format!("/tickets/{SOMEWHERE}")).await.status, 401);
        assert_eq!(forged.from_address("127.0.0.5").get(&format!("/tickets/{SOMEWHERE}")).await.status, 404);
    }

    async fn attendees_make_no_events(world: &mut World) {
        let client = world.start(&Setup::default());
        // Even a request that is wrong in every other way: who may not ask learns nothing else.
        let answer = client.attendee("a@example.org").post("/events", json!({"nonsense": true})).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"));
        let admin = client.as_role("root@example.org", "admin");
        let made = admin.post("/events", json!({"name": "E", "starts_at": "2100-01-01T00:00:00Z", "capacity": 1})).await;
        assert_eq!(made.status, 201);
    }

    async fn another_persons_things_are_not_found(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        let owner = client.attendee("owner@example.org");
        let granted = owner.waiting(20).register(&event, "k").await;
        let (registration, ticket) = (granted.text("id"), granted.text("ticket_id"));
        let paths = [format!("/registrations/{registration}"), format!("/tickets/{ticket}")];

        let others = [client.attendee("other@example.org"), client.as_role("other@example.org", "organizer")];
        for other in others {
            for path in &paths {
                assert_eq!(other.get(path).await.status, 404);
            }
            for verb in ["confirm", "cancel"] {
                let answer = other.post_empty(&format!("/tickets/{ticket}/{verb}")).await;
                assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
            }
        }
        for manager in [client.organizer(), client.as_role("root@example.org", "admin")] {
            for path in &paths {
                assert_eq!(manager.get(path).await.status, 200);
            }
            let answer = manager.post_empty(&format!("/tickets/{ticket}/confirm")).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden"), "managers cannot confirm");
        }
        assert_eq!(owner.get(&paths[1]).await.text("status"), "reserved", "nobody changed it");
        assert_eq!(client.organizer().post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        assert_eq!(owner.get(&paths[1]).await.text("status"), "cancelled");
        // The organizer's address, but not as an organizer.
        assert_eq!(client.attendee("organizer@example.org").get(&paths[1]).await.status, 404);
    }

    async fn organizers_register_other_people_for_their_events(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(5, json!({})).await;
        let ask = async |caller: Client, who: &str| {
            caller.waiting(20).register_with(&event, who, json!({"email": who, "name": "Guest"})).await
        };
        let attendee = ask(client.attendee("a@example.org"), "b@example.org").await;
        assert_eq!((attendee.status, attendee.code().as_str()), (403, "forbidden"));
        let stranger = ask(client.as_role("else@example.org", "organizer"), "b@example.org").await;
        assert_eq!((stranger.status, stranger.code().as_str()), (403, "forbidden"));
        assert_eq!(ask(client.attendee("a@example.org"), " A@example.org ").await.status, 201, "one's own address");

        let granted = ask(client.organizer(), "b@example.org").await;
        assert_eq!((granted.status, &granted.body["ticket"]["email"]), (201, &json!("b@example.org")));
        let ticket = granted.text("ticket_id");
        let guest = client.attendee("b@example.org");
        assert_eq!(guest.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200, "it belongs to the guest");
        assert_eq!(ask(client.as_role("root@example.org", "admin"), "c@example.org").await.status, 201);
    }
}
