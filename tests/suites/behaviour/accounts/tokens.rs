//! Access tokens, refresh tokens, and how both end.

use serde_json::json;
use tests::{PASSWORD, SECRET, Setup, both_databases, count, every, said, told};

use super::{BEARER, SOMEWHERE, forged, recorded, refresh, writes};

both_databases! {
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
            assert_eq!(said(&answer), told(401, "invalid_token"), "{token}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"turnout\", error=\"invalid_token\"");
        }
        // What a token claims counts for nothing where it matters.
        let grand = forged(&ours, SECRET, |_, claims| claims["role"] = json!("admin"));
        assert_eq!(said(&client.bearer(&grand).get("/admin/accounts").await), told(403, "forbidden"));
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
        assert_eq!(said(&again), told(401, "token_revoked"));
        assert_eq!(again.header("www-authenticate"), "Bearer realm=\"turnout\", error=\"invalid_token\"");
        assert_eq!(said(&refresh(&client, &third).await), told(401, "token_revoked"), "the family is gone");
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
            assert_eq!(said(&refresh(&client, nonsense).await), told(401, "token_revoked"));
        }
        assert_eq!(said(&client.post_empty("/auth/refresh").await), told(401, "token_revoked"));
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
            assert_eq!(said(&stranger.post_empty("/auth/refresh").await), told(403, "forbidden"));
        }
        let own = page.with("origin", client.base());
        let fresh = own.post_empty("/auth/refresh").await;
        assert_eq!(fresh.status, 200, "{fresh:?}");
        assert!(fresh.body["refresh_token"].is_null() && fresh.header("set-cookie") != cookie);
        assert_eq!(said(&own.post_empty("/auth/refresh").await), told(401, "token_revoked"), "it was used");
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
            assert_eq!(said(&gone.get("/me").await), told(401, "invalid_token"));
            assert_eq!(said(&gone.register(SOMEWHERE, "k").await), told(401, "invalid_token"));
            let unknown = gone.get(&format!("/events/{SOMEWHERE}")).await;
            assert_eq!(said(&unknown), told(404, "not_found"), "open to all");
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
}
