//! Signing up, logging in, passwords; and installations that have no accounts, or come with some.

use serde_json::{Value, json};
use tests::{PASSWORD, SECRET, Setup, both_databases, count, every, said, told};

use super::{BEARER, recorded, refresh, writes};

both_databases! {
    async fn whoever_signs_up_is_an_attendee(world: &mut World) {
        let client = world.start(&BEARER);
        let body = json!({"email": " Ada@Example.org ", "name": "Ada", "password": PASSWORD});
        let mut greedy = body.clone();
        greedy["role"] = json!("admin");
        let answer = client.post("/auth/register", greedy).await;
        assert_eq!(said(&answer), told(422, "invalid_request"));
        assert_eq!((&answer.body["errors"][0]["pointer"], &answer.body["errors"][0]["code"]),
            (&json!("/role"), &json!("unknown")));
        assert_eq!(world.number("SELECT count(*) AS n FROM account").await, 0);

        // The same person several times at once: there is one account.
        let tries = every((0..4).map(|_| {
            let (client, body) = (client.clone(), body.clone());
            async move { client.post("/auth/register", body).await }
        })).await;
        assert_eq!(count(tries.iter().map(said)), count([told(201, ""), told(409, "email_taken"),
            told(409, "email_taken"), told(409, "email_taken")]));
        let made = tries.iter().find(|answer| answer.status == 201).unwrap();
        assert_eq!((made.text("email"), made.text("role")), ("ada@example.org".to_owned(), "attendee".to_owned()));
        assert!(!made.body.to_string().contains("password"), "{made:?}");
        assert_eq!(said(&client.post("/auth/register", body).await), told(409, "email_taken"));
        let ada = client.logged_in("ADA@example.org", PASSWORD).await;
        let me = ada.get("/me").await;
        assert_eq!((me.text("email"), me.text("role"), me.text("name")),
            ("ada@example.org".to_owned(), "attendee".to_owned(), "Ada".to_owned()));
        assert_eq!(said(&ada.post("/events", json!({})).await), told(403, "forbidden"));
        let wrong = json!({"email": "x", "name": "", "password": "7 chars"});
        assert_eq!(client.post("/auth/register", wrong).await.body["errors"].as_array().unwrap().len(), 3);
        assert_eq!(recorded(world, "sign_up").await, 1);
        let hashes = "SELECT count(*) AS n FROM account WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
        assert_eq!(world.number(hashes).await, 1);
    }

    async fn wrong_logins_are_answered_alike(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("known@example.org").await;
        client.sign_up("inactive@example.org").await;
        client.sign_up("gateway@example.org").await;
        world.execute(&format!("UPDATE account SET is_active = {} WHERE email LIKE 'inactive%'",
            if world.kind == tests::Kind::Sqlite { "0" } else { "FALSE" })).await;
        world.execute("UPDATE account SET password_hash = NULL WHERE email LIKE 'gateway%'").await;
        let mut answers = vec![];
        for (email, password) in [("unknown@example.org", PASSWORD), ("known@example.org", "wrong"),
            ("inactive@example.org", PASSWORD), ("gateway@example.org", PASSWORD), ("gateway@example.org", "")] {
            let mut answer = client.with("x-request-id", "the-same-one").log_in(email, password).await;
            answer.headers.remove("date");
            answers.push(answer);
        }
        assert_eq!(said(&answers[0]), told(401, "wrong_credentials"));
        assert_eq!(answers[0].header("www-authenticate"), "Bearer realm=\"turnout\"");
        for answer in &answers {
            assert_eq!((&answer.body, &answer.headers), (&answers[0].body, &answers[0].headers));
        }
        assert_eq!(client.log_in("known@example.org", PASSWORD).await.status, 200);
    }

    async fn guessing_gets_slow_and_tells_nothing(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("known@example.org").await;
        let mut refused = vec![];
        for email in ["known@example.org", "unknown@example.org"] {
            let mut tried = 0;
            // However slow this machine is, the waits soon outgrow it.
            let mut answer = loop {
                let answer = client.with("x-request-id", "the-same-one").log_in(email, "wrong").await;
                tried += 1;
                if answer.status != 401 {
                    break answer;
                }
            };
            assert_eq!(said(&answer), told(429, "too_many_attempts"));
            assert!(tried > 5, "{tried}: people mistype");
            assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{answer:?}");
            for name in ["date", "retry-after"] {
                answer.headers.remove(name);
            }
            refused.push((answer.body, answer.headers));
        }
        assert_eq!(refused[0], refused[1]);
        // Nor does anybody elsewhere keep a person from logging in where they did before.
        let (home, elsewhere) = (client.from_address("127.0.0.2"), client.from_address("127.0.0.3"));
        home.sign_up("safe@example.org").await;
        while elsewhere.log_in("safe@example.org", "wrong").await.status != 429 {}
        home.logged_in("safe@example.org", PASSWORD).await;
        // Others are not slowed down, and right passwords count for nothing.
        client.sign_up("other@example.org").await;
        for _ in 0..10 {
            client.logged_in("other@example.org", PASSWORD).await;
        }
    }

    async fn a_new_password_ends_what_was(world: &mut World) {
        let client = world.start(&BEARER);
        let person = client.sign_up("a@example.org").await;
        let old = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");
        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        let wrong = person.post("/me/password", change("another one", "brand new one")).await;
        assert_eq!(said(&wrong), told(403, "wrong_password"));
        assert_eq!(person.post("/me/password", change(PASSWORD, "short")).await.status, 422);
        let changed = person.post("/me/password", change(PASSWORD, "brand new one")).await;
        assert_eq!(changed.status, 200, "{changed:?}");

        assert_eq!(writes(&person).await, told(401, "invalid_token"));
        assert_eq!(refresh(&client, &old).await.status, 401);
        assert_eq!(said(&client.log_in("a@example.org", PASSWORD).await), told(401, "wrong_credentials"));
        assert_eq!(writes(&client.bearer(&changed.text("access_token"))).await.0, 404, "the caller goes on");
        assert_eq!(refresh(&client, &changed.text("refresh_token")).await.status, 200);
        client.logged_in("a@example.org", "brand new one").await;
        assert_eq!(recorded(world, "change_password").await, 1);
    }

    async fn behind_a_gateway_there_are_no_accounts_to_log_in_to(world: &mut World) {
        let client = world.start(&Setup::default());
        let person = client.attendee("a@example.org");
        for path in ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout", "/me/password"] {
            let answer = person.post(path, json!({})).await;
            assert_eq!(said(&answer), told(404, "not_found"), "{path}");
            assert!(answer.text("detail").contains("gateway"), "{answer:?}");
        }
        assert_eq!(person.get("/me").await.body, json!({"email": "a@example.org", "role": "attendee"}));
        assert_eq!(client.get("/me").await.status, 401);
        let admin = client.as_role("root@example.org", "admin");
        client.event(1, json!({})).await;
        let accounts = admin.get("/admin/accounts").await;
        assert_eq!(accounts.body["data"][0]["email"], "organizer@example.org");
        let path = format!("/admin/accounts/{}", accounts.body["data"][0]["id"].as_str().unwrap());
        let patch = (reqwest::Method::PATCH, Some(("application/json", "{\"role\": \"admin\"}")));
        assert_eq!(admin.raw(patch.0, &path, patch.1).await.status, 404);
    }

    async fn a_demo_has_people_and_events(world: &mut World) {
        let flags = ["--auth=bearer", "--demo"];
        let client = world.start(&Setup { api_flags: &flags, ..BEARER });
        let logins = |printed: &str| -> Vec<(String, String)> {
            let lines = printed.lines().filter_map(|line| line.strip_prefix("turnout: log in as "));
            lines.map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                (words[0].to_owned(), words[words.len() - 1].to_owned())
            }).collect()
        };
        let people = logins(&world.apis[0].printed("turnout: try"));
        let mut roles = vec![];
        for (email, password) in &people {
            roles.push(client.logged_in(email, password).await.get("/me").await.text("role"));
        }
        assert_eq!(roles, ["organizer", "attendee", "attendee", "admin"]);
        let events = client.get("/events").await;
        let seats: Vec<&Value> = events.body["data"].as_array().unwrap().iter().map(|one| &one["capacity"]).collect();
        assert_eq!(count(seats.iter().map(|seats| seats.as_i64())), count([Some(10), Some(5)]));
        assert_eq!(world.number("SELECT count(*) AS n FROM event WHERE status = 'draft'").await, 1);
        let event = events.body["data"][0]["id"].as_str().unwrap().to_owned();
        client.logged_in(&people[1].0, &people[1].1).await.ticket(&event).await;

        world.start_api(0, &flags);
        assert_eq!(logins(&world.apis[1].printed("turnout: try")), people, "the same again");
        assert_eq!(world.number("SELECT count(*) AS n FROM account").await, 4);
        world.execute("UPDATE account SET email = 'other-' || email").await;
        let more = [format!("--database-url={}", world.url()), format!("--secret={SECRET}")];
        // It must end by itself.
        let mut refused = std::process::Command::new("timeout");
        refused.args(["30", world.programs().api, "--listen=127.0.0.1:0", "--demo"]).args(more);
        let command = refused.output().unwrap();
        let told = String::from_utf8_lossy(&command.stderr).into_owned();
        assert!(command.status.code() == Some(1) && told.contains("--demo is for an empty database"), "{told}");
    }
}
