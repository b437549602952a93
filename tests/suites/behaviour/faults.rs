//! An intent that cannot be settled harms nobody else.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use serde_json::json;
use tests::{Client, Kind, Process, Setup, World, both_databases, every, new_key};

/// Makes the database refuse a ticket for one person, as nothing that people can send does.
pub(crate) async fn poison(world: &World, person: &str) {
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

/// Ends what [`poison`] began.
pub(crate) async fn cure(world: &World) {
    world
        .execute(match world.kind {
            Kind::Sqlite => "DROP TRIGGER poison",
            Kind::Postgres => "DROP TRIGGER poison ON ticket; DROP FUNCTION poison()",
        })
        .await;
}

/// Registers one new person; the id of what was acknowledged, if it was.
async fn register(client: &Client, event: &str) -> Option<String> {
    let key = new_key();
    let answer = client.attendee(&format!("{key}@example.org")).register(event, &key).await;
    assert!([202, 503].contains(&answer.status), "{answer:?}");
    (answer.status == 202).then(|| answer.text("id"))
}

/// A disk that fills up and is cleared again, as the api sees it. Returns what was acknowledged before, during and after.
async fn fill_the_disk(world: &mut World) -> Vec<String> {
    // The limit is a file's: 3 MB, which the write-ahead log reaches before it is folded in for the first time.
    let script = "trap '' XFSZ; ulimit -S -f 6000; exec \"$0\" \"$@\"";
    let url = format!("--database-url={}", world.url());
    let flags = [
        "-c",
        script,
        world.programs().api,
        &url,
        "--listen=127.0.0.1:0",
        "--auth=gateway",
        "--rate-limit=off",
        "--log-level=error",
    ];
    let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
    world.apis.push(Process::start("sh", &flags, &world.log()));
    let client = world.client(0);
    let event = client.event(100_000, json!({})).await;
    let mut acknowledged = vec![];
    let mut refused = 0;
    while refused < 30 {
        assert!(acknowledged.len() < 20_000, "the disk never fills");
        match register(&client, &event).await {
            Some(id) => acknowledged.push(id),
            None => refused += 1,
        }
    }
    world.apis[0].lift_file_limit();
    let before = acknowledged.len();
    while acknowledged.len() < before + 30 {
        acknowledged.extend(register(&client, &event).await);
    }
    acknowledged
}

/// A server that cuts every connection again and again. Returns what was acknowledged meanwhile.
async fn cut_connections(world: &mut World) -> Vec<String> {
    let client = world.start(&Setup::default());
    let event = client.event(100_000, json!({})).await;
    let end = Instant::now() + Duration::from_secs(5);
    let clients = tokio::spawn(every((0..8).map(move |_| {
        let (client, event) = (client.clone(), event.clone());
        async move {
            let mut acknowledged = vec![];
            while Instant::now() < end {
                acknowledged.extend(register(&client, &event).await);
            }
            acknowledged
        }
    })));
    while Instant::now() < end {
        let cut = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'turnout'";
        world.number(cut).await;
    }
    clients.await.unwrap().concat()
}

both_databases! {
    /// P2, when the database fails: a full disk, cut connections. Never a 202 for what is not there.
    async fn what_is_acknowledged_is_there_after_the_database_failed(world: &mut World) {
        let acknowledged = match world.kind {
            Kind::Sqlite => fill_the_disk(world).await,
            Kind::Postgres => cut_connections(world).await,
        };
        assert!(acknowledged.len() > 50, "{}", acknowledged.len());
        // Others can write: no lock was left behind.
        world.execute("UPDATE event SET version = version").await;
        world.apis.clear();
        let client = world.start(&Setup::default());
        world.settled().await;
        let admin = client.as_role("root@example.org", "admin");
        for id in acknowledged {
            let read = admin.get(&format!("/registrations/{id}")).await;
            assert_eq!((read.status, read.text("status").as_str()), (200, "reserved"), "{id}");
        }
    }

    async fn intake_sheds_load_while_the_database_is_locked(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(1000, json!({})).await;
        let db = world.connect().await;
        // One connection in the pool, so both statements run on it.
        let lock = match world.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN; LOCK TABLE job IN EXCLUSIVE MODE",
        };
        db.execute_unprepared(lock).await.unwrap();
        let answers = every((0..100).map(|n| {
            let (person, event) = (client.attendee(&format!("p{n}@example.org")), event.clone());
            async move { (person.register(&event, "k").await, Instant::now()) }
        }));
        let since = Instant::now();
        for (answer, at) in answers.await {
            assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
            assert_eq!(answer.header("retry-after"), "1");
            assert!(at - since < Duration::from_secs(8), "each waits 2 s, not one behind the other: {:?}", at - since);
        }
        db.execute_unprepared("ROLLBACK").await.unwrap();
        db.close().await.unwrap();
        assert_eq!(client.attendee("p0@example.org").register(&event, "k").await.status, 202, "and then goes on");
    }

    async fn an_event_that_cannot_be_served_delays_no_other(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let (broken, sound) = (client.event(2, json!({"hold_seconds": 1})).await, client.event(2, json!({})).await);
        let ticket = client.attendee("a@example.org").ticket(&broken).await;
        // Now it is the broken one's turn before the sound one's.
        client.attendee("a@example.org").ticket(&sound).await;
        world.workers.clear();
        while client.attendee("a@example.org").get(&format!("/tickets/{ticket}")).await.text("status") != "expired" {}
        // Now its lapsed hold cannot give its seat back: there is no room for it.
        world.execute(&format!("UPDATE event SET available_spots = 2 WHERE id = {}", world.id(&broken))).await;
        let stuck = client.attendee("b@example.org").register(&broken, "k").await.text("id");
        world.start_worker(&[]);
        client.attendee("c@example.org").ticket(&sound).await;
        let read = client.attendee("b@example.org").get(&format!("/registrations/{stuck}")).await;
        assert_eq!(read.text("status"), "pending");
        world.execute(&format!("UPDATE event SET available_spots = 1 WHERE id = {}", world.id(&broken))).await;
        assert_eq!(client.attendee("b@example.org").decision(&stuck).await.text("status"), "reserved");
    }

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
