//! Accounts of our own: signing up, logging in, tokens, and what an account counts for.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use tests::{Answer, Client, PASSWORD, SECRET, Setup, World, both_databases, count, every};

const SOMEWHERE: &str = "00000000-0000-7000-8000-000000000000";

const BEARER: Setup<'static> =
    Setup { apis: 1, embedded: 1, workers: 0, api_flags: &["--auth=bearer"], worker_flags: &[] };

const FUTURE: &str = "2100-01-01T00:00:00Z";

fn seen(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn told(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Whether this client may write.
async fn writes(client: &Client) -> (u16, String) {
    seen(&client.post_empty(&format!("/tickets/{SOMEWHERE}/cancel")).await)
}

async fn refresh(client: &Client, token: &str) -> Answer {
    client.post("/auth/refresh", json!({"refresh_token": token})).await
}

async fn recorded(world: &World, action: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM audit WHERE entity = 'account' AND action = '{action}'");
    world.number(&sql).await
}

async fn account_id(client: &Client) -> String {
    client.get("/me").await.text("id")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// A token like this one with changes, signed with a key made from this secret.
pub(crate) fn forged(token: &str, secret: &str, change: impl Fn(&mut Value, &mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
    let (mut header, mut claims): (Value, Value) = (read(parts[0]), read(parts[1]));
    change(&mut header, &mut claims);
    let write = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", write(&header), write(&claims));
    let key = mac(secret.as_bytes(), b"tokens");
    let signature = match header["alg"].as_str().unwrap() {
        "none" => vec![],
        "HS512" => {
            let mut mac = Hmac::<Sha512>::new_from_slice(&key).unwrap();
            mac.update(message.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => mac(&key, message.as_bytes()),
    };
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

both_databases! {
    async fn whoever_signs_up_is_an_attendee(world: &mut World) {
        let client = world.start(&BEARER);
        let body = json!({"email": " Ada@Example.org ", "name": "Ada", "password": PASSWORD});
        let mut greedy = body.clone();
        greedy["role"] = json!("admin");
        let answer = client.post("/auth/register", greedy).await;
        assert_eq!(seen(&answer), told(422, "invalid_request"));
        assert_eq!((&answer.body["errors"][0]["pointer"], &answer.body["errors"][0]["code"]),
            (&json!("/role"), &json!("unknown")));
        assert_eq!(world.number("SELECT count(*) AS n FROM account").await, 0);

        // The same person several times at once: there is one account.
        let tries = every((0..4).map(|_| {
            let (client, body) = (client.clone(), body.clone());
            async move { client.post("/auth/register", body).await }
        })).await;
        assert_eq!(count(tries.iter().map(seen)), count([told(201, ""), told(409, "email_taken"),
            told(409, "email_taken"), told(409, "email_taken")]));
        let made = tries.iter().find(|answer| answer.status == 201).unwrap();
        assert_eq!((made.text("email"), made.text("role")), ("ada@example.org".to_owned(), "attendee".to_owned()));
        assert!(!made.body.to_string().contains("password"), "{made:?}");
        assert_eq!(seen(&client.post("/auth/register", body).await), told(409, "email_taken"));
        let ada = client.logged_in("ADA@example.org", PASSWORD).await;
        let me = ada.get("/me").await;
        assert_eq!((me.text("email"), me.text("role"), me.text("name")),
            ("ada@example.org".to_owned(), "attendee".to_owned(), "Ada".to_owned()));
        assert_eq!(seen(&ada.post("/events", json!({})).await), told(403, "forbidden"));
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
        assert_eq!(seen(&answers[0]), told(401, "wrong_credentials"));
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
            assert_eq!(seen(&answer), told(429, "too_many_attempts"));
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

    async fn tokens_that_are_not_ours_are_worth_nothing(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("a@example.org").await;
        let ours = client.log_in("a@example.org", PASSWORD).await.text("access_token");
        let ask = async |token: &str| client.bearer(token).get(&format!("/tickets/{SOMEWHERE}")).await;
        assert_eq!(ask(&forged(&ours, SECRET, |_, _| ())).await.status, 404, "the forger is able");
        let mut wrong = vec![
            forged(&ours, "another secret, that is long enough as well", |_, _| ()),
            forged(&ours, SECRET, |_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 31)),
            forged(&ours, SECRET, |_, claims| claims["nbf"] = json!(claims["exp"])),
            forged(&ours, SECRET, |header, _| header["kid"] = json!("other")),
            "nonsense".to_owned(),
        ];
        for algorithm in ["none", "HS512", "HS384", "RS256"] {
            wrong.push(forged(&ours, SECRET, |header, _| header["alg"] = json!(algorithm)));
        }
        for name in ["aud", "iss"] {
            wrong.push(forged(&ours, SECRET, |_, claims| claims[name] = json!("other")));
        }
        for token in &wrong {
            let answer = ask(token).await;
            assert_eq!(seen(&answer), told(401, "invalid_token"), "{token}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"turnout\", error=\"invalid_token\"");
        }
        // What a token claims counts for nothing where it matters.
        let grand = forged(&ours, SECRET, |_, claims| claims["role"] = json!("admin"));
        assert_eq!(seen(&client.bearer(&grand).get("/admin/accounts").await), told(403, "forbidden"));
        assert_eq!(client.get("/events").await.status, 200);
        assert_eq!(client.bearer("nonsense").get("/events").await.status, 200, "open to all");
    }

    async fn a_refresh_token_is_good_once(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("a@example.org").await;
        let first = client.log_in("a@example.org", PASSWORD).await;
        assert_eq!((first.text("token_type"), &first.body["expires_in"]), ("Bearer".to_owned(), &json!(600)));
        let first = first.text("refresh_token");
        let second = refresh(&client, &first).await;
        assert_eq!(second.status, 200, "{second:?}");
        assert_eq!(client.bearer(&second.text("access_token")).get("/me").await.status, 200);
        let third = refresh(&client, &second.text("refresh_token")).await.text("refresh_token");
        let elsewhere = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");

        let again = refresh(&client, &first).await;
        assert_eq!(seen(&again), told(401, "token_revoked"));
        assert_eq!(again.header("www-authenticate"), "Bearer realm=\"turnout\", error=\"invalid_token\"");
        assert_eq!(seen(&refresh(&client, &third).await), told(401, "token_revoked"), "the family is gone");
        assert_eq!(recorded(world, "revoke_session").await, 1);

        // Of two who use one at the same time one is late, and takes the other along.
        let both = every((0..2).map(|_| {
            let (client, token) = (client.clone(), elsewhere.clone());
            async move { refresh(&client, &token).await }
        })).await;
        assert_eq!(count(both.iter().map(|answer| answer.status)), count([200, 401]));
        let winner = both.iter().find(|answer| answer.status == 200).unwrap().text("refresh_token");
        assert_eq!(refresh(&client, &winner).await.status, 401);

        let old = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");
        world.execute("UPDATE session SET expires_at = 1").await;
        assert_eq!(refresh(&client, &old).await.status, 401);
        for nonsense in ["x", "x.y", &format!("{}.{}", SOMEWHERE.replace('-', ""), "0".repeat(64))] {
            assert_eq!(seen(&refresh(&client, nonsense).await), told(401, "token_revoked"));
        }
        assert_eq!(seen(&client.post_empty("/auth/refresh").await), told(401, "token_revoked"));
    }

    async fn logins_of_one_account_are_bounded(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("a@example.org").await;
        let id = if world.kind == tests::Kind::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        world.execute(&format!(
            "INSERT INTO session (id, account_id, token_hash, created_at, expires_at)
             SELECT {id}, account.id, 'h', n, CASE WHEN n > 10 THEN 9000000000000 ELSE 1 END
             FROM account, (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 70)
                            SELECT n FROM numbers) AS numbers"
        )).await;
        let newest = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");
        assert_eq!(world.number("SELECT count(*) AS n FROM session").await, 50);
        assert_eq!(world.number("SELECT min(created_at) AS n FROM session").await, 23, "the oldest are gone");
        assert_eq!(refresh(&client, &newest).await.status, 200);
    }

    async fn browsers_keep_the_refresh_token_in_a_cookie(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("a@example.org").await;
        let body = json!({"email": "a@example.org", "password": PASSWORD, "cookie": true});
        let answer = client.post("/auth/login", body).await;
        assert!(answer.body["refresh_token"].is_null() && answer.body["access_token"].is_string(), "{answer:?}");
        let cookie = answer.header("set-cookie");
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/auth/refresh; Max-Age=2592000; HttpOnly; SameSite=Strict");
        let page = client.with("cookie", pair);
        for stranger in [page.clone(), page.with("origin", "https://evil.example"), page.with("origin", "null")] {
            assert_eq!(seen(&stranger.post_empty("/auth/refresh").await), told(403, "forbidden"));
        }
        let own = page.with("origin", client.base());
        let fresh = own.post_empty("/auth/refresh").await;
        assert_eq!(fresh.status, 200, "{fresh:?}");
        assert!(fresh.body["refresh_token"].is_null() && fresh.header("set-cookie") != cookie);
        assert_eq!(seen(&own.post_empty("/auth/refresh").await), told(401, "token_revoked"), "it was used");
        let secure = client.with("host", "tickets.example.org");
        let body = json!({"email": "a@example.org", "password": PASSWORD, "cookie": true});
        assert!(secure.post("/auth/login", body).await.header("set-cookie").ends_with("; Secure"));
    }

    async fn logging_out_ends_one_login_or_all(world: &mut World) {
        let client = world.start(&BEARER);
        client.sign_up("a@example.org").await;
        client.sign_up("b@example.org").await;
        let logins = [client.log_in("a@example.org", PASSWORD).await, client.log_in("a@example.org", PASSWORD).await];
        let [one, two] = &logins.each_ref().map(|login| client.bearer(&login.text("access_token")));
        let [first, second] = logins.each_ref().map(|login| json!({"refresh_token": login.text("refresh_token")}));
        let stranger = client.logged_in("b@example.org", PASSWORD).await;
        assert_eq!(stranger.post("/auth/logout", first.clone()).await.status, 204, "but it is not theirs");
        assert_eq!(one.post("/auth/logout", second.clone()).await.status, 204);
        assert_eq!(client.post("/auth/refresh", second).await.status, 401);
        let answer = client.post("/auth/refresh", first).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(writes(two).await, told(404, "not_found"), "access tokens have their last minutes");

        assert_eq!(two.post_empty("/auth/logout").await.status, 204);
        for gone in [one, two] {
            assert_eq!(writes(gone).await, told(401, "invalid_token"));
            assert_eq!(seen(&gone.get("/me").await), told(401, "invalid_token"));
            assert_eq!(seen(&gone.register(SOMEWHERE, "k").await), told(401, "invalid_token"));
            let unknown = gone.get(&format!("/events/{SOMEWHERE}")).await;
            assert_eq!(seen(&unknown), told(404, "not_found"), "open to all");
        }
        assert_eq!(refresh(&client, &answer.text("refresh_token")).await.status, 401);
        assert_eq!(writes(&stranger).await.0, 404);
        assert_eq!(writes(&client.logged_in("a@example.org", PASSWORD).await).await.0, 404);
        assert_eq!((recorded(world, "log_out").await, recorded(world, "log_out_everywhere").await), (1, 1));
    }

    async fn sessions_that_ran_out_are_forgotten(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..BEARER });
        client.sign_up("a@example.org").await;
        let id = if world.kind == tests::Kind::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        world.execute(&format!(
            "INSERT INTO session (id, account_id, token_hash, created_at, expires_at)
             SELECT {id}, account.id, 'h', n, CASE WHEN n > 1200 THEN 9000000000000 ELSE n END
             FROM account, (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1210)
                            SELECT n FROM numbers) AS numbers"
        )).await;
        world.start_worker(&["--batch-max=500"]);
        let left = "SELECT count(*) AS n FROM session";
        assert_eq!(world.until(left, |left| left <= 11).await, 11, "the others, and the one of the login");
    }

    async fn a_new_password_ends_what_was(world: &mut World) {
        let client = world.start(&BEARER);
        let person = client.sign_up("a@example.org").await;
        let old = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");
        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        let wrong = person.post("/me/password", change("another one", "brand new one")).await;
        assert_eq!(seen(&wrong), told(403, "wrong_password"));
        assert_eq!(person.post("/me/password", change(PASSWORD, "short")).await.status, 422);
        let changed = person.post("/me/password", change(PASSWORD, "brand new one")).await;
        assert_eq!(changed.status, 200, "{changed:?}");

        assert_eq!(writes(&person).await, told(401, "invalid_token"));
        assert_eq!(refresh(&client, &old).await.status, 401);
        assert_eq!(seen(&client.log_in("a@example.org", PASSWORD).await), told(401, "wrong_credentials"));
        assert_eq!(writes(&client.bearer(&changed.text("access_token"))).await.0, 404, "the caller goes on");
        assert_eq!(refresh(&client, &changed.text("refresh_token")).await.status, 200);
        client.logged_in("a@example.org", "brand new one").await;
        assert_eq!(recorded(world, "change_password").await, 1);
    }

    async fn rights_change_with_the_next_request_that_writes(world: &mut World) {
        let client = world.start(&BEARER);
        let person = client.sign_up("olive@example.org").await;
        let admin = world.admin("root@example.org").await;
        let path = format!("/admin/accounts/{}", account_id(&person).await);
        let set = async |change: Value| {
            let answer = admin.raw(reqwest::Method::PATCH, &path, Some(("application/json", &change.to_string()))).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            answer
        };
        // The token is the same all the while.
        let event = json!({"name": "E", "starts_at": FUTURE, "capacity": 5, "status": "published"});
        assert_eq!(person.post("/events", event.clone()).await.status, 403);
        assert_eq!(set(json!({"role": "organizer"})).await.text("role"), "organizer");
        let made = person.post("/events", event.clone()).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.text("id");
        let guest = |key: &str| (key.to_owned(), json!({"email": format!("{key}@example.org"), "name": "G"}));
        let (key, body) = guest("first");
        assert_eq!(person.waiting(20).register_with(&made, &key, body).await.status, 201);

        set(json!({"role": "attendee"})).await;
        assert_eq!(person.post("/events", event).await.status, 403);
        let (key, body) = guest("second");
        assert_eq!(seen(&person.register_with(&made, &key, body).await), told(403, "forbidden"));
        assert_eq!(person.waiting(20).register(&made, "own").await.status, 201, "for oneself");

        set(json!({"is_active": false})).await;
        assert_eq!(seen(&person.register(&made, "another").await), told(401, "invalid_token"));
        assert_eq!(seen(&person.register(&made, "own").await), told(401, "invalid_token"), "not even a replay");
        assert_eq!(writes(&person).await, told(401, "invalid_token"));
        assert_eq!(client.log_in("olive@example.org", PASSWORD).await.status, 401);
        set(json!({"is_active": true})).await;
        assert_eq!(writes(&person).await.0, 401, "the old token stays dead");
        let person = client.logged_in("olive@example.org", PASSWORD).await;
        assert_eq!(person.register(&made, "own").await.header("idempotency-replayed"), "true");
        assert_eq!((recorded(world, "change_role").await, recorded(world, "deactivate").await,
            recorded(world, "activate").await), (2, 1, 1));
        let jobs = "SELECT count(*) AS n FROM job";
        assert_eq!(world.number(jobs).await, 2, "what was refused left nothing");
    }

    async fn somebody_always_administers(world: &mut World) {
        let client = world.start(&BEARER);
        let one = world.admin("one@example.org").await;
        let own = format!("/admin/accounts/{}", account_id(&one).await);
        let patch = async |client: &Client, path: &str, change: Value| {
            client.raw(reqwest::Method::PATCH, path, Some(("application/json", &change.to_string()))).await
        };
        for change in [json!({"role": "organizer"}), json!({"is_active": false})] {
            assert_eq!(seen(&patch(&one, &own, change).await), told(409, "last_admin"));
        }
        assert_eq!(patch(&one, &own, json!({"role": "admin"})).await.status, 200, "nothing changes");
        assert_eq!(patch(&one, "/admin/accounts/x", json!({"role": "admin"})).await.status, 404);
        assert_eq!(patch(&one, &own, json!({"role": "root", "name": "x"})).await.status, 422);
        let attendee = client.sign_up("a@example.org").await;
        assert_eq!(patch(&attendee, &own, json!({})).await.status, 403);

        let admins: Vec<Client> = vec![one.clone(), world.admin("two@example.org").await];
        let mut paths = vec![own];
        paths.push(format!("/admin/accounts/{}", account_id(&admins[1]).await));
        paths.reverse();
        for _ in 0..5 {
            // Each takes the other's rights away at the same time.
            let fight = admins.iter().cloned().zip(paths.clone()).map(|(client, path)| async move {
                let change = json!({"role": "attendee"}).to_string();
                client.raw(reqwest::Method::PATCH, &path, Some(("application/json", &change))).await.status
            });
            let ends = every(fight.collect::<Vec<_>>()).await;
            assert_eq!(ends.iter().filter(|status| **status == 200).count(), 1, "{ends:?}");
            world.until("SELECT count(*) AS n FROM account WHERE role = 'admin'", |admins| admins == 1).await;
            world.execute("UPDATE account SET role = 'admin' WHERE email <> 'a@example.org'").await;
        }
    }

    async fn administrators_find_accounts(world: &mut World) {
        let client = world.start(&BEARER);
        for email in ["ann@example.org", "ann+list@example.org", "bob@example.org", "anna@example.org"] {
            client.sign_up(email).await;
        }
        let admin = world.admin("root@example.org").await;
        let emails = |page: &Answer| -> Vec<String> {
            page.body["data"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect()
        };
        let all = admin.get("/admin/accounts").await;
        assert_eq!(emails(&all), ["ann@example.org", "ann+list@example.org", "bob@example.org", "anna@example.org",
            "root@example.org"]);
        let first = admin.get("/admin/accounts?limit=2&email=Ann").await;
        assert_eq!(emails(&first), ["ann@example.org", "ann+list@example.org"]);
        let next = first.header("link");
        let next = next.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        let last = admin.get(next).await;
        assert_eq!((emails(&last), last.header("link")), (vec!["anna@example.org".to_owned()], String::new()));
        assert_eq!(emails(&admin.get("/admin/accounts?email=ann%2B").await), ["ann+list@example.org"]);
        assert!(emails(&admin.get("/admin/accounts?email=_nn").await).is_empty(), "no pattern");
        client.sign_up("ann+two@example.org").await;
        let wrong = admin.get("/admin/accounts?email=ann%00").await;
        assert_eq!((wrong.status, &wrong.body["errors"][0]["pointer"]), (422, &json!("?email")));
        let page = admin.get("/admin/accounts?limit=1&email=ann%2B").await;
        let link = page.header("link");
        let next = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert_eq!(emails(&admin.get(next).await), ["ann+two@example.org"], "the link searches for the same");
        let one = all.body["data"][0].clone();
        let path = format!("/admin/accounts/{}", one["id"].as_str().unwrap());
        assert_eq!(admin.get(&path).await.body, one);
        assert_eq!(admin.get(&format!("/admin/accounts/{SOMEWHERE}")).await.status, 404);
        let attendee = client.logged_in("ann@example.org", PASSWORD).await;
        assert_eq!((attendee.get(&path).await.status, client.get(&path).await.status), (403, 401));
    }

    async fn the_first_administrator_is_made_at_the_command_line(world: &mut World) {
        let (url, program) = (format!("--database-url={}", world.url()), world.programs().api);
        let run = |flags: &[&str], variables: &[(&str, &str)]| {
            let mut command = std::process::Command::new(program);
            command.arg("create-admin").arg(&url).args(flags).envs(variables.iter().copied());
            let output = command.env_remove("DATABASE_URL").output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(),
                String::from_utf8_lossy(&output.stderr).into_owned())
        };
        // The database is not even there yet.
        let (code, told, _) = run(&["--email=Root@example.org"], &[]);
        assert_eq!(code, Some(0));
        let password = told.rsplit_once("shown once: ").unwrap().1.trim().to_owned();
        let client = world.start(&BEARER);
        let root = client.logged_in("root@example.org", &password).await;
        assert_eq!((root.get("/me").await.text("role"), root.get("/me").await.text("name")),
            ("admin".to_owned(), "root".to_owned()));

        // Whoever signed up first may be a stranger.
        let stranger = client.sign_up("a@example.org").await;
        let session = client.log_in("a@example.org", PASSWORD).await.text("refresh_token");
        let (code, told, _) = run(&["--email=a@example.org"], &[]);
        assert_eq!(code, Some(0));
        let password = told.rsplit_once("shown once: ").unwrap().1.trim().to_owned();
        assert_eq!(seen(&stranger.get("/admin/accounts").await), (401, "invalid_token".to_owned()));
        assert_eq!(refresh(&client, &session).await.status, 401);
        assert_eq!(client.log_in("a@example.org", PASSWORD).await.status, 401);
        let person = client.logged_in("a@example.org", &password).await;
        assert_eq!(person.get("/admin/accounts").await.status, 200);

        let session = client.log_in("a@example.org", &password).await.text("refresh_token");
        let file = world.log().with_file_name("password");
        std::fs::write(&file, "from a file\n").unwrap();
        let flag = format!("--password-file={}", file.display());
        assert_eq!(run(&["--email=a@example.org", &flag], &[]).0, Some(0));
        assert_eq!(writes(&person).await.0, 401, "a new password ends what was");
        assert_eq!(refresh(&client, &session).await.status, 401);
        client.logged_in("a@example.org", "from a file").await;

        let (code, _, told) = run(&["--email=nobody", "--password-file=/nowhere"], &[]);
        assert!(code == Some(2) && told.contains("--email: ") && told.contains("--password-file: "), "{told}");
        assert_eq!(run(&["--email=b@example.org"], &[("TURNOUT_ADMIN_PASSWORD", "short")]).0, Some(2));
        let operators = "SELECT count(*) AS n FROM audit WHERE entity = 'account' AND actor_kind = 'operator'";
        assert_eq!(world.number(operators).await, 4, "made, promoted, given a password twice");
    }

    async fn behind_a_gateway_there_are_no_accounts_to_log_in_to(world: &mut World) {
        let client = world.start(&Setup::default());
        let person = client.attendee("a@example.org");
        for path in ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout", "/me/password"] {
            let answer = person.post(path, json!({})).await;
            assert_eq!(seen(&answer), told(404, "not_found"), "{path}");
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
