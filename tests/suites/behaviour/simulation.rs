//! Rehearsing a sale: the real pipeline, and nothing real changes.

use serde_json::{Value, json};
use tests::{Client, Setup, World, both_databases, said};

fn admin(client: &Client) -> Client {
    client.as_role("root@example.org", "admin")
}

/// Everything in the database that is not the simulation's.
async fn everything(world: &World) -> Vec<String> {
    let mut rows = vec![];
    for table in ["account", "event", "job", "ticket", "audit"] {
        rows.extend(world.rows(table, "1 = 1").await);
    }
    rows
}

const SHADOWS: &str = "SELECT count(*) AS n FROM event WHERE shadow_of IS NOT NULL";

both_databases! {
    async fn a_simulation_tells_how_a_sale_would_go_and_changes_nothing(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 2, ..Setup::default() });
        let event = client.event(10, json!({})).await;
        client.attendee("a@example.org").ticket(&event).await;
        world.until("SELECT count(*) AS n FROM worker", |n| n == 2).await;
        let before = everything(world).await;
        let answer = admin(&client).waiting(25).post_empty(&format!("/admin/events/{event}/simulate?users=1000")).await;
        assert_eq!((answer.status, answer.text("status").as_str()), (200, "finished"), "{answer:?}");
        let report = &answer.body["report"];
        for (name, expected) in [("reserved", 10), ("waitlisted", 0), ("refused", 990), ("failed", 0), ("pending", 0),
            ("turned_away", 0), ("final_available", 0)] {
            assert_eq!(report[name], json!(expected), "{name}: {report}");
        }
        assert_eq!(report["promises_held"], json!(true), "{report}");
        assert!(report["p50_ms"].as_i64() <= report["p99_ms"].as_i64() && report["duration_ms"].as_i64() > Some(0));
        assert_eq!(report["checks"].as_array().unwrap().len(), 5);
        let read = admin(&client).get(&answer.header("location")).await;
        assert_eq!(read.body, answer.body);

        world.until(SHADOWS, |n| n == 0).await;
        world.until("SELECT count(*) AS n FROM simulation WHERE shadow_id IS NOT NULL", |n| n == 0).await;
        assert_eq!(everything(world).await, before, "the rest of the database is as it was, byte for byte");
    }

    async fn a_simulation_with_a_waitlist_fills_it(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(10, json!({"waitlist_enabled": true})).await;
        let begun = admin(&client).post_empty(&format!("/admin/events/{event}/simulate?users=100")).await;
        assert_eq!((begun.status, begun.text("status").as_str()), (202, "running"));
        assert_eq!(begun.header("retry-after"), "1");
        let over = admin(&client).waiting(25).get(&begun.header("location")).await;
        assert_eq!((&over.body["report"]["reserved"], &over.body["report"]["waitlisted"]), (&json!(10), &json!(90)));
        assert_eq!(over.body["report"]["promises_held"], json!(true));
    }

    async fn simulations_have_bounds_and_want_a_worker(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(10, json!({})).await;
        let simulate = async |who: &Client, query: &str| {
            said(&who.post_empty(&format!("/admin/events/{event}/simulate{query}")).await)
        };
        assert_eq!(simulate(&admin(&client), "?users=5").await, (503, "no_worker".to_owned()));
        world.start_worker(&[]);
        world.until("SELECT count(*) AS n FROM worker", |n| n == 1).await;
        for query in ["", "?users=0", "?users=20001", "?users=many"] {
            assert_eq!(simulate(&admin(&client), query).await, (422, "invalid_request".to_owned()), "{query}");
        }
        assert_eq!(simulate(&client.organizer(), "?users=5").await.0, 403);
        let nowhere = admin(&client).post_empty("/admin/events/nowhere/simulate?users=5").await;
        assert_eq!(nowhere.status, 404);
        assert_eq!(admin(&client).get("/admin/simulations/nowhere").await.status, 404);
        // Nobody decides, so the first two go on.
        world.workers.clear();
        assert_eq!(simulate(&admin(&client), "?users=5").await.0, 202);
        assert_eq!(simulate(&admin(&client), "?users=5").await.0, 202);
        assert_eq!(simulate(&admin(&client), "?users=5").await, (409, "too_many_simulations".to_owned()));
        let shadows = world.texts(match world.kind {
            tests::Kind::Sqlite => "SELECT lower(hex(id)) AS row FROM event WHERE shadow_of IS NOT NULL",
            tests::Kind::Postgres => "SELECT cast(id AS TEXT) AS row FROM event WHERE shadow_of IS NOT NULL",
        }).await;
        for shadow in shadows {
            assert_eq!(admin(&client).get(&format!("/events/{shadow}")).await.status, 404, "shadows are hidden");
            assert_eq!(client.attendee("a@example.org").register(&shadow, "k").await.status, 404);
        }
        assert_eq!(client.get("/events").await.body["data"].as_array().map(Vec::len), Some(1));
    }

    async fn what_a_dead_process_left_behind_is_removed_by_a_worker(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(10, json!({})).await;
        world.until("SELECT count(*) AS n FROM worker", |n| n == 1).await;
        let begun = admin(&client).post_empty(&format!("/admin/events/{event}/simulate?users=20000")).await;
        assert_eq!(begun.status, 202);
        world.until("SELECT count(*) AS n FROM job", |n| n > 500).await;
        world.apis[0].kill();
        world.workers.clear();
        // As if a minute had gone by.
        world.execute("UPDATE simulation SET touched_at = 0").await;
        world.start_worker(&[]);
        world.until(SHADOWS, |n| n == 0).await;
        assert_eq!(world.number("SELECT count(*) AS n FROM job").await, 0);
        assert_eq!(world.number("SELECT count(*) AS n FROM simulation WHERE state = 'abandoned'").await, 1);
        world.start_api(0, &[]);
        let read = admin(&world.client(1)).get(&begun.header("location")).await;
        assert_eq!((read.status, read.text("status").as_str(), &read.body["report"]), (200, "abandoned", &Value::Null));
    }
}
