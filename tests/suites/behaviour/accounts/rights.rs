//! Roles: who gives them, who finds whom, and when they count.

use serde_json::{Value, json};
use tests::{Answer, Client, PASSWORD, both_databases, every, said, told};

use super::{BEARER, SOMEWHERE, account_id, recorded, refresh, writes};

const FUTURE: &str = "2100-01-01T00:00:00Z";

both_databases! {
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
        assert_eq!(said(&person.register_with(&made, &key, body).await), told(403, "forbidden"));
        assert_eq!(person.waiting(20).register(&made, "own").await.status, 201, "for oneself");

        set(json!({"is_active": false})).await;
        assert_eq!(said(&person.register(&made, "another").await), told(401, "invalid_token"));
        assert_eq!(said(&person.register(&made, "own").await), told(401, "invalid_token"), "not even a replay");
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
            assert_eq!(said(&patch(&one, &own, change).await), told(409, "last_admin"));
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
        assert_eq!(said(&stranger.get("/admin/accounts").await), (401, "invalid_token".to_owned()));
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
}
