//! Rate limits, sizes, and what wrong requests are told.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Process, Setup, both_databases};

const SOMEWHERE: &str = "00000000-0000-7000-8000-000000000000";

/// Asserts that an answer is a problem, whole.
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!((answer.text("type").as_str(), answer.body["status"].as_u64()), ("about:blank", Some(status.into())));
    assert!(!answer.text("title").is_empty() && !answer.text("detail").is_empty(), "{answer:?}");
    assert!(!answer.text("request_id").is_empty());
    assert_eq!(answer.text("request_id"), answer.header("x-request-id"));
}

const LIMITED: Setup<'static> = Setup {
    apis: 1,
    embedded: 0,
    workers: 0,
    api_flags: &["--rate-limit=writes=5/10s,reads=100/10s"],
    worker_flags: &[],
};

both_databases! {
    async fn the_sixth_write_from_one_address_must_wait(world: &mut World) {
        // The gateway is elsewhere, so this address is a stranger's.
        let flags = ["--rate-limit=writes=5/10s,reads=100/10s", "--gateway-networks=10.9.9.9/32"];
        let client = world.start(&Setup { api_flags: &flags, ..LIMITED });
        let one = client.from_address("127.0.0.2");
        for n in 0..5 {
            let answer = one.register(SOMEWHERE, "k").await;
            assert_eq!(answer.status, 401);
            assert!(answer.header("ratelimit").starts_with(&format!("\"writes\";r={}", 4 - n)), "{answer:?}");
        }
        let sixth = one.register(SOMEWHERE, "k").await;
        assert_problem(&sixth, 429, "rate_limited");
        assert!(["1", "2"].contains(&sixth.header("retry-after").as_str()), "{sixth:?}");
        assert_eq!(sixth.header("ratelimit-policy"), "\"writes\";q=5;w=10");
        assert_eq!(client.from_address("127.0.0.3").register(SOMEWHERE, "k").await.status, 401);
        assert_eq!(one.get("/events").await.status, 200, "reads have their own bucket");
    }

    async fn a_gateway_forwards_addresses_or_people_are_counted(world: &mut World) {
        let client = world.start(&LIMITED);
        let statuses = async |caller: Client| {
            let mut statuses = vec![];
            for _ in 0..6 {
                statuses.push(caller.register(SOMEWHERE, "k").await.status);
            }
            statuses
        };
        let limited = [404, 404, 404, 404, 404, 429];
        assert_eq!(statuses(client.attendee("a@example.org").with("x-forwarded-for", "192.0.2.1")).await, limited);
        let other_person = client.attendee("b@example.org");
        assert_eq!(other_person.with("x-forwarded-for", "192.0.2.1").register(SOMEWHERE, "k").await.status, 429);
        assert_eq!(other_person.with("x-forwarded-for", "192.0.2.2").register(SOMEWHERE, "k").await.status, 404);
        // What stands left of the client's own address could be made up.
        let forged = other_person.with("x-forwarded-for", "192.0.2.77, 192.0.2.1");
        assert_eq!(forged.register(SOMEWHERE, "k").await.status, 429);
        assert_eq!(statuses(client.attendee("c@example.org")).await, limited);
        assert_eq!(client.attendee("d@example.org").register(SOMEWHERE, "k").await.status, 404);
    }

    async fn trusted_proxies_forward_addresses(world: &mut World) {
        let flags = ["--rate-limit=writes=5/10s", "--auth=bearer", "--trusted-proxies=127.0.0.1/32"];
        let client = world.start(&Setup { api_flags: &flags, ..LIMITED });
        for expected in [401, 401, 401, 401, 401, 429] {
            let answer = client.with("x-forwarded-for", "192.0.2.1").register(SOMEWHERE, "k").await;
            assert_eq!(answer.status, expected);
        }
        assert_eq!(client.with("x-forwarded-for", "192.0.2.2").register(SOMEWHERE, "k").await.status, 401);
        let stranger = client.from_address("127.0.0.2");
        for (n, expected) in [401, 401, 401, 401, 401, 429].into_iter().enumerate() {
            let answer = stranger.with("x-forwarded-for", &format!("192.0.2.{n}")).register(SOMEWHERE, "k").await;
            assert_eq!(answer.status, expected, "it is no proxy of ours");
        }
    }

    async fn organizers_are_limited_by_credential(world: &mut World) {
        let client = world.start(&LIMITED);
        for _ in 0..30 {
            assert_eq!(client.organizer().post("/events", json!({})).await.status, 422);
        }
        assert!(client.organizer().get("/events").await.header("ratelimit-policy").starts_with("\"staff\";q=100;w=10"));
    }

    async fn probes_are_never_limited(world: &mut World) {
        let client = world.start(&Setup { api_flags: &["--rate-limit=reads=1/60s"], ..LIMITED });
        for _ in 0..20 {
            assert_eq!(client.get("/livez").await.status, 200);
            assert_eq!(client.get("/readyz").await.status, 200);
        }
        assert_eq!(client.get("/events").await.status, 200);
        assert_problem(&client.get("/events").await, 429, "rate_limited");
    }

    async fn wrong_requests_are_told_what_is_wrong(world: &mut World) {
        let client = world.start(&Setup::default());
        let organizer = client.organizer();
        let send = async |method: Method, path: &str, content_type: &str, body: &str| {
            organizer.raw(method, path, Some((content_type, body))).await
        };
        assert_problem(&send(Method::POST, "/events", "application/json", "{\"name\": ").await, 400, "malformed_json");
        let two = send(Method::POST, "/events", "application/json; charset=utf-8",
            r#"{"name": 1, "starts_at": "2100-01-01T00:00:00Z", "capacity": "many"}"#).await;
        assert_problem(&two, 422, "invalid_request");
        let errors = two.body["errors"].as_array().unwrap().iter();
        let pointers: Vec<&str> = errors.map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/name", "/capacity"]);
        assert_problem(&send(Method::POST, "/events", "text/plain", "{}").await, 415, "unsupported_media_type");
        let large = format!("{{\"name\": \"{}\"}}", "x".repeat(17 * 1024));
        assert_problem(&send(Method::POST, "/events", "application/json", &large).await, 413, "body_too_large");
        let deep = "[".repeat(5000);
        assert_problem(&send(Method::POST, "/events", "application/json", &deep).await, 400, "malformed_json");
        assert_problem(&send(Method::POST, "/events", "application/json", "[]").await, 422, "invalid_request");

        let method = send(Method::DELETE, "/events", "application/json", "{}").await;
        assert_problem(&method, 405, "method_not_allowed");
        assert_eq!(method.header("allow"), "GET, POST");
        let method = organizer.get(&format!("/events/{SOMEWHERE}/register")).await;
        assert_problem(&method, 405, "method_not_allowed");
        assert_eq!(method.header("allow"), "POST");
        assert_problem(&organizer.get("/nowhere").await, 404, "not_found");
        assert_problem(&organizer.get("/events/a/b/c").await, 404, "not_found");
    }

    async fn checks_come_in_their_order(world: &mut World) {
        let client = world.start(&LIMITED);
        let path = format!("/events/{SOMEWHERE}/register");
        let wrong = json!({"colour": "red"});
        // Everything is wrong with this one; each cure uncovers the next problem.
        assert_problem(&client.post(&path, wrong.clone()).await, 401, "unauthenticated");
        let known = client.attendee("a@example.org");
        assert_problem(&known.post(&path, wrong.clone()).await, 400, "idempotency_key_required");
        assert_problem(&known.register_with(SOMEWHERE, "k", wrong.clone()).await, 422, "invalid_request");
        assert_problem(&known.register(SOMEWHERE, "k").await, 404, "not_found");
        assert_eq!(known.register("not-an-id", "k").await.status, 404);
        assert_eq!(known.register("not-an-id", "k").await.status, 404);
        // And none of them before the rate.
        assert_problem(&known.post(&path, wrong).await, 429, "rate_limited");
    }

    async fn request_ids_are_kept_if_they_are_fit(world: &mut World) {
        let client = world.start(&Setup::default());
        let kept = client.with("x-request-id", "my-request_42").get("/livez").await;
        assert_eq!(kept.header("x-request-id"), "my-request_42");
        let made = client.with("x-request-id", "<script>").get("/livez").await.header("x-request-id");
        assert_eq!(made.len(), 32);
    }

    async fn idle_connections_make_room(world: &mut World) {
        // 300 files less the 256 kept back are 44 connections.
        let flags = ["-c", "ulimit -n 300 && exec \"$0\" \"$@\"", world.programs().api];
        let url = format!("--database-url={}", world.url());
        let more = [url.as_str(), "--listen=127.0.0.1:0", "--auth=gateway", "--workers=0"];
        let flags: Vec<String> = flags.iter().chain(&more).map(ToString::to_string).collect();
        world.apis.push(Process::start("sh", &flags, &world.log()));
        let client = world.client(0);
        let address = client.base().trim_start_matches("http://").to_owned();
        let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
        for _ in 0..20 {
            assert_eq!(client.get("/livez").await.status, 200);
        }
        // The longest idle ones were closed, the last ones are still there.
        let is_open = |mut socket: &TcpStream| {
            socket.set_nonblocking(true).unwrap();
            socket.read(&mut [0; 1]).is_err()
        };
        assert!(!is_open(&idle[0]));
        assert!(is_open(&idle[199]));
        assert!(idle.iter().filter(|socket| is_open(socket)).count() <= 44);
    }

    async fn a_body_that_drips_is_cut_off(world: &mut World) {
        let client = world.start(&Setup::default());
        let address = client.base().trim_start_matches("http://").to_owned();
        let answer = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            let head = "POST /events HTTP/1.1\r\nHost: x\r\nX-User: o@x.org\r\nX-Role: organizer\r\n\
                        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
            socket.write_all(head.as_bytes()).unwrap();
            socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
            let mut answer = [0; 12];
            socket.read_exact(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        });
        assert_eq!(answer.await.unwrap(), "HTTP/1.1 408");
    }

    async fn every_request_is_one_line_of_log_without_secrets(world: &mut World) {
        world.start_api(1, &["--log-level=info"]);
        let client = world.client(0);
        let event = client.event(1, json!({})).await;
        let person = client.attendee("canary@example.org").with("x-request-id", "request-number-one");
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let person = person.with("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"));
        assert_eq!(person.waiting(20).register(&event, "canary-key").await.status, 201);
        let logged = world.logged();
        let lines: Vec<Value> = logged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let fields = lines.iter().map(|line| &line["fields"]);
        let of_request: Vec<&Value> = fields.filter(|fields| fields["request_id"] == "request-number-one").collect();
        assert_eq!(of_request.len(), 1, "{logged}");
        assert_eq!((&of_request[0]["trace_id"], &of_request[0]["status"]), (&json!(trace), &json!(201)));
        assert!(!logged.contains("canary"), "{logged}");
        let stored = format!("SELECT count(*) AS n FROM job WHERE trace_context LIKE '00-{trace}-%'");
        assert_eq!(world.number(&stored).await, 1);
    }

    async fn a_client_that_never_finishes_its_head_is_let_go(world: &mut World) {
        let client = world.start(&Setup::default());
        let address = client.base().trim_start_matches("http://").to_owned();
        let since = Instant::now();
        let closed = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            socket.read(&mut [0; 1]).is_ok_and(|bytes| bytes == 0)
        });
        assert!(closed.await.unwrap(), "the server closes it");
        assert!(since.elapsed() >= Duration::from_secs(9), "but not at once");
    }
}
