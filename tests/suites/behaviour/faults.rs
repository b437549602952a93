//! An intent that cannot be settled harms nobody else.

use serde_json::json;
use tests::{Kind, Setup, World, both_databases};

/// Makes the database refuse a ticket for one person, as nothing that people can send does.
async fn poison(world: &World, person: &str) {
    let statements = match world.kind {
        Kind::Sqlite => vec![format!(
            "CREATE TRIGGER poison BEFORE INSERT ON ticket WHEN NEW.email = '{person}' \
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
        )],
        Kind::Postgres => vec![
            format!(
                "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.email = '{person}' THEN RAISE EXCEPTION 'poisoned'; END IF; RETURN NEW; END $$"
            ),
            "CREATE TRIGGER poison BEFORE INSERT ON ticket FOR EACH ROW EXECUTE FUNCTION poison()".to_owned(),
        ],
    };
    for statement in statements {
        world.execute(&statement).await;
    }
}

both_databases! {
    async fn a_poisoned_intent_fails_alone(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(300, json!({})).await;
        world.enqueue(&event, 100).await;
        let unlucky = client.attendee("unlucky@example.org");
        let id = unlucky.register(&event, "k").await.text("id");
        world.enqueue(&event, 100).await;
        poison(world, "unlucky@example.org").await;
        for _ in 0..2 {
            world.start_worker(&["--attempts-max=2"]);
        }
        world.until("SELECT count(*) AS n FROM job WHERE state = 'settled'", |n| n == 200).await;
        let decided = unlucky.decision(&id).await;
        assert_eq!((decided.text("status").as_str(), &decided.body["ticket_id"]), ("failed", &json!(null)));
        assert_eq!(world.number("SELECT attempt AS n FROM job WHERE state = 'failed'").await, 2);
        assert_eq!(world.number("SELECT count(*) AS n FROM job WHERE last_error LIKE '%poisoned%'").await, 1);
        let others = "SELECT max(attempt) AS n FROM job WHERE state = 'settled'";
        assert_eq!(world.number(others).await, 0, "nobody else is blamed");
        assert_eq!(client.available(&event).await, 100);
        // It failed before: with or without waiting that is what its key leads to.
        assert_eq!(unlucky.register(&event, "k").await.status, 200);
        assert_eq!(unlucky.waiting(5).register(&event, "k").await.status, 200);
    }
}
