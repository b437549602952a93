//! No log tells who somebody is or lets anybody be somebody else, whatever goes wrong.

use reqwest::Method;
use serde_json::json;
use tests::{Client, PASSWORD, World, both_databases};

const MAIL: &str = "canary-mail@example.net";
const WORD: &str = "canary-password-of-hers";
const NAME: &str = "Canary Name";
const KEY: &str = "canary-key";
const NONCE: &str = "canary-nonce";

/// Signs up, and logs in by every way that works and some that do not. Returns a client that is logged in, and the
/// tokens that came by.
async fn log_in(client: &Client) -> (Client, Vec<String>) {
    let account = json!({"email": MAIL, "name": NAME, "password": WORD});
    assert_eq!(client.post("/auth/register", account.clone()).await.status, 201);
    assert_eq!(client.post("/auth/register", account).await.code(), "email_taken");
    assert_eq!(client.log_in(MAIL, "canary-password-that-is-wrong").await.status, 401);
    let first = client.log_in(MAIL, WORD).await;
    let again = json!({"refresh_token": first.text("refresh_token")});
    let second = client.post("/auth/refresh", again.clone()).await;
    assert_eq!(client.post("/auth/refresh", again).await.code(), "token_revoked");
    let third = client.log_in(MAIL, WORD).await;
    let answers = [first, second, third];
    let tokens = answers.iter().flat_map(|answer| ["access_token", "refresh_token"].map(|name| answer.text(name)));
    let tokens: Vec<String> = tokens.collect();
    assert!(tokens.iter().all(|token| token.len() > 60), "{tokens:?}");
    (client.bearer(&tokens[4]), tokens)
}

/// Gets a ticket, confirms it and shows its code at the door. Returns the code.
async fn go_in(person: &Client, organizer: &Client, event: &str) -> String {
    let granted = person.waiting(20).register_with(event, KEY, json!({"name": NAME})).await;
    assert_eq!(granted.status, 201, "{granted:?}");
    let confirmed = person.post_empty(&format!("/tickets/{}/confirm", granted.text("ticket_id"))).await;
    let code = confirmed.text("code");
    assert_eq!(code.len(), 34, "{confirmed:?}");
    for status in [201, 201] {
        let scan = organizer.post("/check-ins", json!({"code": code, "nonce": NONCE})).await;
        assert_eq!(scan.status, status, "{scan:?}");
    }
    assert_eq!(organizer.post("/check-ins", json!({"code": code})).await.code(), "already_checked_in");
    code
}

/// Puts everything where it does not belong.
async fn misplace(person: &Client, organizer: &Client, secrets: &[&str]) {
    for secret in secrets {
        for path in
            ["/events/", "/tickets/", "/registrations/", "/check-ins/", "/", "/events?cursor=", "/events?limit="]
        {
            organizer.get(&format!("{path}{secret}")).await;
            organizer.post_empty(&format!("{path}{secret}")).await;
        }
        for body in
            [format!("{{\"code\": \"{secret}"), format!("{{\"{secret}\": \"{secret}\", \"code\": \"{secret}x\"}}")]
        {
            for path in ["/check-ins", "/events", "/auth/login", "/auth/register", "/auth/refresh", "/me/password"] {
                person.raw(Method::POST, path, Some(("application/json", &body))).await;
                organizer.raw(Method::POST, path, Some((secret, &body))).await;
            }
        }
        for header in ["idempotency-key", "prefer", "traceparent", "x-request-id", "x-user", "if-match", "accept"] {
            let value = format!("{secret}, {secret} {secret}");
            person.with(header, &value).post(&format!("/events/{secret}/register"), json!({})).await;
            person.with(header, &value).get("/tickets").await;
        }
        person.bearer(&format!("{secret}x")).get("/me").await;
    }
}

/// Lets statements fail that hold the person's values.
async fn fail(world: &World, person: &Client, event: &str) {
    for table in ["ticket", "session", "job"] {
        world.execute(&format!("ALTER TABLE {table} RENAME TO {table}_gone")).await;
        person.register_with(event, "canary-key-two", json!({"name": NAME})).await;
        person.log_in(MAIL, WORD).await;
        person.get("/tickets").await;
        let since = world.logged().len();
        while !world.logged()[since..].contains("_gone") && !world.logged()[since..].contains(table) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            person.log_in(MAIL, WORD).await;
        }
        world.execute(&format!("ALTER TABLE {table}_gone RENAME TO {table}")).await;
    }
}

both_databases! {
    async fn logs_tell_nobodys_secrets(world: &mut World) {
        world.start_api(0, &["--auth=bearer", "--log-level=debug"]);
        world.start_worker(&[]);
        let (client, admin) = (world.client(0), world.admin("canary-admin@example.net").await);
        let new = json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": 5, "status": "published"});
        let event = admin.post("/events", new).await.text("id");
        let (person, tokens) = log_in(&client).await;
        let code = go_in(&person, &admin, &event).await;
        let mut secrets = vec![MAIL, "canary-admin@example.net", WORD, PASSWORD, NAME, KEY, NONCE, "canary", &code];
        secrets.extend(tokens.iter().map(String::as_str));
        // What a token says can be read out of its middle.
        secrets.extend(tokens.iter().filter(|token| token.starts_with("eyJ")).flat_map(|token| token.split('.').skip(1)));
        misplace(&person, &admin, &[MAIL, WORD, &code, &tokens[4], &tokens[5]]).await;
        fail(world, &person, &event).await;

        let logged = world.logged();
        assert!(logged.lines().count() > 100 && logged.contains("\"ERROR\""), "there is something to search: {logged}");
        let lines: Vec<String> = logged.lines().map(str::to_lowercase).collect();
        for secret in secrets.into_iter().map(str::to_lowercase) {
            let told: Vec<&String> = lines.iter().filter(|line| line.contains(&secret)).take(5).collect();
            assert!(told.is_empty(), "{secret} in {told:#?}");
        }
    }
}
