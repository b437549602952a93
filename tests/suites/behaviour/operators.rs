//! What administrators see of the machinery, and what they can do about it.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Answer, Client, Kind, Process, Setup, Signal, World, both_databases};

use crate::faults::{cure, poison};

fn admin(client: &Client) -> Client {
    client.as_role("root@example.org", "admin")
}

/// The items of a list, page by page, as `Link` leads through it. Every page is as long as `limit` says, or the last.
async fn walk(client: &Client, path: &str) -> Vec<Value> {
    let (mut items, mut next) = (vec![], Some(path.to_owned()));
    while let Some(path) = next {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        items.extend(page.body["data"].as_array().unwrap().clone());
        let link = page.header("link");
        next = link.strip_prefix('<').and_then(|link| link.split_once('>')).map(|(path, _)| path.to_owned());
        let cursor = page.text("next_cursor");
        assert_eq!(next.is_some(), !cursor.is_empty(), "{page:?}");
        assert!(next.as_ref().is_none_or(|next| next.ends_with(&format!("cursor={cursor}"))), "{page:?}");
    }
    items
}

/// Asks until the answer is as it has to become. What is told about the queue is up to a second old.
async fn until(client: &Client, path: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    let since = Instant::now();
    loop {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if is_there(&answer.body) {
            return answer.body;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{path}: still {}", answer.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until this many jobs failed.
async fn failed(world: &World, jobs: i64) {
    world.until("SELECT count(*) AS n FROM job WHERE state = 'failed'", |n| n == jobs).await;
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn told(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Sessions on PostgreSQL that wait for a lock. (The server's own upkeep may wait for one, too, and is nobody's business here.)
pub(crate) const WAITING: &str = "SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'";

async fn metrics(client: &Client) -> String {
    let answer = reqwest::get(format!("{}/metrics", client.base())).await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.text().await.unwrap()
}

both_databases! {
    async fn a_failed_job_is_retried_when_its_cause_is_mended(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, worker_flags: &["--attempts-max=1"], ..Setup::default() });
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        poison(world, "unlucky@example.org").await;
        let unlucky = client.attendee("unlucky@example.org");
        let id = unlucky.register(&event, "k").await.text("id");
        failed(world, 1).await;
        let listed = admin.get("/admin/jobs?state=failed").await.body["data"][0].clone();
        let known = [("id", json!(id)), ("event_id", json!(event)), ("state", json!("failed")), ("attempt", json!(1))];
        assert!(known.iter().all(|(name, value)| listed[name] == *value), "{listed}");
        assert!(listed["last_error"].as_str().unwrap().contains("poisoned"), "{listed}");
        assert!(listed["run_at"].is_null() && listed["settled_at"].is_null() && listed["outcome"].is_null(), "{listed}");

        let retry = format!("/admin/jobs/{id}/retry");
        let again = admin.post_empty(&retry).await;
        assert_eq!((again.status, again.text("state").as_str(), &again.body["attempt"]), (200, "pending", &json!(1)));
        world.until("SELECT count(*) AS n FROM job WHERE state = 'failed' AND attempt = 2", |n| n == 1).await;
        cure(world).await;
        assert_eq!(admin.post_empty(&retry).await.status, 200);
        assert_eq!(unlucky.decision(&id).await.text("status"), "reserved");

        // Decided is decided.
        for verb in ["retry", "discard"] {
            assert_eq!(refusal(&admin.post_empty(&format!("/admin/jobs/{id}/{verb}")).await), told(409, "job_not_failed"));
            for nobody in ["01a1fcc7-c0a2-702a-a886-1204f2372d03", "5"] {
                let answer = admin.post_empty(&format!("/admin/jobs/{nobody}/{verb}")).await;
                assert_eq!(refusal(&answer), told(404, "not_found"));
            }
        }
    }

    async fn a_discarded_job_is_a_refusal(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, worker_flags: &["--attempts-max=1"], ..Setup::default() });
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        poison(world, "doomed@example.org").await;
        let doomed = client.attendee("doomed@example.org");
        let id = doomed.register(&event, "k").await.text("id");
        failed(world, 1).await;
        let discarded = admin.post_empty(&format!("/admin/jobs/{id}/discard")).await;
        let named = ["state", "outcome", "refusal"].map(|name| discarded.text(name));
        assert_eq!((discarded.status, named), (200, ["settled", "refused", "discarded"].map(str::to_owned)));
        assert!(discarded.body["settled_at"].is_string());
        let read = doomed.get(&format!("/registrations/{id}")).await;
        assert_eq!((read.text("status").as_str(), &read.body["refusal"]["code"]), ("refused", &json!("discarded")));
        let waited = doomed.waiting(20).register(&event, "k").await;
        assert_eq!((refusal(&waited), waited.text("registration_id")), (told(409, "discarded"), id.clone()));
        assert_eq!(refusal(&admin.post_empty(&format!("/admin/jobs/{id}/retry")).await), told(409, "job_not_failed"));
        cure(world).await;
        assert_eq!(doomed.waiting(20).register(&event, "another").await.status, 201, "the person is free to ask again");
    }

    async fn the_log_tells_who_decided_about_jobs(world: &mut World) {
        let quiet = Setup { embedded: 0, api_flags: &["--log-level=info"], ..Setup::default() };
        let gateway = world.start(&quiet);
        let event = gateway.event(5, json!({})).await;
        let id = gateway.attendee("a@example.org").register(&event, "k").await.text("id");
        world.start_api(0, &["--auth=bearer", "--log-level=info"]);
        world.apis.rotate_left(1);
        let root = world.admin("root@example.org").await;
        let account = root.get("/me").await.text("id");
        let mut expected = vec![];
        for (caller, actor) in [(admin(&gateway), "gateway"), (root, account.as_str())] {
            for (path, job) in [(format!("{id}/retry"), true), ("retry".to_owned(), false), (format!("{id}/discard"), true)] {
                world.execute("UPDATE job SET state = 'failed', outcome = NULL, refusal = NULL, settled_at = NULL").await;
                let answer = caller.post_empty(&format!("/admin/jobs/{path}")).await;
                assert_eq!(answer.status, 200, "{answer:?}");
                expected.push((actor.to_owned(), answer.header("x-request-id"), job.then(|| id.clone())));
            }
        }
        let logged = world.logged();
        let lines = logged.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone());
        let text = |line: &Value, name: &str| line[name].as_str().map(str::to_owned);
        let told = lines.filter_map(|line| Some((text(&line, "actor")?, text(&line, "request_id")?, text(&line, "job_id"))));
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert!(!logged.contains("@example.org"), "{logged}");
    }

    async fn many_failed_jobs_are_retried_at_once(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let admin = admin(&client);
        let (large, small) = (client.event(2000, json!({})).await, client.event(5, json!({})).await);
        world.enqueue(&large, 1200).await;
        world.enqueue(&small, 3).await;
        world.execute("UPDATE job SET state = 'failed', attempt = 7, last_error = 'x'").await;
        for wrong in ["state=pending", "state=settled", "state=any", "event_id=5"] {
            let answer = admin.post_empty(&format!("/admin/jobs/retry?{wrong}")).await;
            let pointer = format!("?{}", wrong.split('=').next().unwrap());
            assert_eq!((refusal(&answer), answer.body["errors"][0]["pointer"].clone()),
                (told(422, "invalid_request"), json!(pointer)));
        }
        let retry = async |query: &str| admin.post_empty(&format!("/admin/jobs/retry{query}")).await.body["retried"].clone();
        assert_eq!(retry(&format!("?state=failed&event_id={large}")).await, json!(1200));
        let waiting = "SELECT count(*) AS n FROM job WHERE state = 'pending' AND attempt = 1";
        assert_eq!(world.number(waiting).await, 1200);
        failed(world, 3).await;
        assert_eq!((retry("").await, retry("").await), (json!(3), json!(0)));
        world.start_worker(&[]);
        world.settled().await;
        assert_eq!(world.number("SELECT count(*) AS n FROM job WHERE outcome = 'reserved'").await, 1203);
    }

    async fn jobs_that_somebody_else_retries_end_no_walk(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        if world.kind == Kind::Sqlite {
            return; // Nobody else writes there meanwhile.
        }
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        world.enqueue(&event, 1200).await;
        world.execute("UPDATE job SET state = 'failed', attempt = 7, last_error = 'x'").await;
        let other = world.connect().await;
        let retry_first = "UPDATE job SET state = 'pending' WHERE seq = (SELECT min(seq) FROM job)";
        other.execute_unprepared(&format!("BEGIN; {retry_first}")).await.unwrap();
        let retrying = tokio::spawn(async move { admin.post_empty("/admin/jobs/retry").await });
        world.until(WAITING, |n| n == 1).await;
        other.execute_unprepared("COMMIT").await.unwrap();
        assert_eq!(retrying.await.unwrap().body["retried"], json!(1199));
        failed(world, 0).await;
        other.close().await.unwrap();
    }

    async fn jobs_are_listed_by_state_and_event(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let admin = admin(&client);
        let events = [client.event(100, json!({})).await, client.event(100, json!({})).await];
        for _ in 0..3 {
            world.enqueue(&events[0], 4).await;
            world.enqueue(&events[1], 3).await;
        }
        world.execute("UPDATE job SET state = 'failed' WHERE seq % 3 = 1").await;
        let settled = "UPDATE job SET state = 'settled', outcome = 'refused', refusal = 'sold_out', settled_at = 1";
        world.execute(&format!("{settled} WHERE seq % 3 = 2")).await;
        // Those that are left were passed over, as if somebody had retried them.
        world.execute("UPDATE job SET attempt = 1 WHERE state = 'pending'").await;
        let all = walk(&admin, "/admin/jobs?limit=100").await;
        assert_eq!(all.len(), 21);
        assert!(all.is_sorted_by(|a, b| a["seq"].as_i64() > b["seq"].as_i64()), "newest first");
        for state in [None, Some("pending"), Some("settled"), Some("failed")] {
            for event in [None, Some(&events[0]), Some(&events[1])] {
                let of_state = state.map(|state| format!("&state={state}")).unwrap_or_default();
                let of_event = event.map(|event| format!("&event_id={event}")).unwrap_or_default();
                let found = walk(&admin, &format!("/admin/jobs?limit=2{of_state}{of_event}")).await;
                let is_wanted = |job: &&Value| {
                    state.is_none_or(|state| job["state"] == state) && event.is_none_or(|event| job["event_id"] == **event)
                };
                let wanted: Vec<Value> = all.iter().filter(is_wanted).cloned().collect();
                assert!(wanted.len() > 2 && found == wanted, "{state:?} {event:?}: {found:?}");
            }
        }
        for wrong in ["state=lost", "event_id=5", "limit=0", "cursor=x"] {
            assert_eq!(refusal(&admin.get(&format!("/admin/jobs?{wrong}")).await), told(422, "invalid_request"), "{wrong}");
        }
    }

    async fn the_queue_tells_how_much_waits_and_who_works(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let admin = admin(&client);
        let empty = admin.get("/admin/queue").await.body;
        assert_eq!(empty, json!({"depth": 0, "workers_seen": 0, "events": [], "failed": 0}), "nothing is made up");
        let (large, small) = (client.event(5, json!({"name": "Large"})).await, client.event(5, json!({})).await);
        for (event, people) in [(&small, 1), (&large, 3)] {
            for n in 0..people {
                client.attendee(&format!("p{n}@example.org")).register(event, event).await;
            }
        }
        let waiting = until(&admin, "/admin/queue", |queue| queue["depth"] == 4).await;
        let events = [(&large, "Large", 3), (&small, "A sale", 1)];
        let told = events.map(|(id, name, depth)| json!({"event_id": id, "name": name, "depth": depth}));
        assert_eq!(waiting["events"], json!(told), "the deepest first; how fast is not known");
        let age = |queue: &Value| queue["oldest_claimable_age_seconds"].as_f64().unwrap();
        let before = age(&waiting);
        assert!((0.0..30.0).contains(&before), "{waiting}");
        let stuck = until(&admin, "/admin/queue", |queue| age(queue) > before && queue["drained_per_second"] == 0.0).await;
        assert!(stuck["events"][0]["estimate_seconds"].is_null(), "nobody knows when, if ever: {stuck}");
        world.execute("UPDATE job SET state = 'failed' WHERE email = 'p1@example.org'").await;
        until(&admin, "/admin/queue", |queue| queue["depth"] == 3 && queue["failed"] == 1).await;

        world.start_worker(&[]);
        let drained = |queue: &Value| queue["depth"] == 0 && queue["drained_per_second"].as_f64() > Some(0.0);
        let done = until(&admin, "/admin/queue", drained).await;
        assert!(done["oldest_claimable_age_seconds"].is_null(), "{done}");
        until(&admin, "/admin/queue", |queue| queue["workers_seen"] == 1).await;
    }

    async fn only_workers_that_live_are_seen(world: &mut World) {
        let client = world.start(&Setup { embedded: 2, ..Setup::default() });
        let admin = admin(&client);
        let rows = "SELECT count(*) AS n FROM worker";
        world.start_worker(&[]);
        until(&admin, "/admin/queue", |queue| queue["workers_seen"] == 3).await;
        let mut workers: Vec<Process> = world.workers.drain(..).collect();
        tokio::task::spawn_blocking(move || Process::end_all(&mut workers, Signal::TERM)).await.unwrap();
        assert_eq!(world.number(rows).await, 2, "one that stops says so");

        world.start_worker(&[]);
        world.until(rows, |n| n == 3).await;
        world.workers[0].kill();
        // As if the dead one's last heartbeat were half a minute ago; the others' soon come.
        world.execute("UPDATE worker SET seen_at = seen_at - 30001").await;
        assert_eq!(world.number(rows).await, 3);
        until(&admin, "/admin/queue", |queue| queue["workers_seen"] == 2).await;
        world.execute("UPDATE worker SET seen_at = seen_at - 600000 WHERE seen_at = (SELECT min(seen_at) FROM worker)").await;
        world.start_worker(&[]);
        until(&admin, "/admin/queue", |queue| queue["workers_seen"] == 3).await;
        assert_eq!(world.number(rows).await, 3, "the dead one is forgotten");
    }

    async fn metrics_count_a_sale(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        for n in 0..3 {
            let answer = client.attendee(&format!("p{n}@example.org")).waiting(20).register(&event, "k").await;
            assert_eq!(answer.status, if n < 2 { 201 } else { 409 });
        }
        client.get("/no/such/page").await;
        // A worker counts after its commit, so whoever waited may be here before.
        let since = Instant::now();
        let mut text = metrics(&client).await;
        while !text.contains("refusal=\"sold_out\"") || !text.contains("turnout_workers_seen 1") {
            assert!(since.elapsed() < Duration::from_secs(30), "{text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            text = metrics(&client).await;
        }
        for line in [
            "# TYPE turnout_jobs_settled counter",
            "turnout_jobs_settled_total{outcome=\"reserved\",refusal=\"\"} 2",
            "turnout_jobs_settled_total{outcome=\"refused\",refusal=\"sold_out\"} 1",
            "turnout_http_requests_total{method=\"POST\",route=\"/events/{id}/register\",status=\"201\"} 2",
            "turnout_http_requests_total{method=\"POST\",route=\"/events/{id}/register\",status=\"409\"} 1",
            "turnout_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1",
            "turnout_http_request_duration_seconds_count{method=\"POST\",route=\"/events\"} 1",
            "turnout_intake_batch_intents_sum 3.0",
            "turnout_intake_batch_intents_count 3",
            "turnout_settle_duration_seconds_count 3",
            "turnout_settle_lock_wait_seconds_count 3",
            "turnout_queue_depth 0",
            "turnout_jobs_failed 0",
            "turnout_queue_oldest_claimable_age_seconds 0.0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        let log = text.lines().find_map(|line| line.strip_prefix("turnout_sqlite_wal_size_bytes "));
        assert_eq!(log.is_some_and(|bytes| bytes.parse::<u64>().unwrap() > 0), world.kind == Kind::Sqlite, "{text}");
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "{text}");
    }

    async fn the_record_is_read_by_what_is_looked_for(world: &mut World) {
        let client = world.start(&Setup::default());
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        let (ada, bob) = (client.attendee("ada@example.org"), client.attendee("bob@example.org"));
        let (ticket, other) = (ada.ticket(&event).await, bob.ticket(&event).await);
        let confirmed = ada.post_empty(&format!("/tickets/{ticket}/confirm")).await;
        assert_eq!(client.organizer().post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        let steps = walk(&admin, &format!("/admin/audit?entity_id={ticket}&limit=2")).await;
        let names = ["action", "actor_kind", "from", "to"];
        let step = |entry: &Value| names.map(|name| entry[name].as_str().unwrap_or_default().to_owned());
        let expected = [
            ["cancel", "gateway", "confirmed", "cancelled"],
            ["confirm", "gateway", "reserved", "confirmed"],
            ["issue", "worker", "", "reserved"],
        ];
        assert_eq!(steps.iter().map(step).collect::<Vec<_>>(), expected.map(|step| step.map(str::to_owned)));
        assert!(steps.iter().all(|entry| entry["entity"] == "ticket" && entry["event_id"] == *event));
        assert_eq!(steps[1]["actor"], "ada@example.org");
        assert_eq!(steps[1]["request_id"], confirmed.header("x-request-id"));

        let count = async |query: String| walk(&admin, &format!("/admin/audit?{query}")).await.len();
        assert_eq!(count("actor=ada%40example.org".to_owned()).await, 1);
        assert_eq!(count(format!("action=issue&event_id={event}&entity=ticket&limit=1")).await, 2);
        assert_eq!(count(format!("entity_id={other}&action=cancel")).await, 0);
        let at = steps[1]["at"].as_str().unwrap();
        assert_eq!(count(format!("entity_id={ticket}&until={at}")).await, 1, "until is not included");
        assert_eq!(count(format!("entity_id={ticket}&since={at}")).await, 2, "since is");
        let long = format!("actor={}", "a".repeat(201));
        for wrong in ["entity=seat", "entity_id=5", "event_id=", "since=yesterday", "actor=", "actor=%00",
            "action=%00", &long, "cursor=x", "cursor=0", "cursor=-9223372036854775808", "limit=101"] {
            assert_eq!(refusal(&admin.get(&format!("/admin/audit?{wrong}")).await), told(422, "invalid_request"), "{wrong}");
        }
    }

    async fn a_rare_entry_is_found_behind_many_others(world: &mut World) {
        let client = world.start(&Setup::default());
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        client.attendee("ada@example.org").ticket(&event).await;
        // As if hundreds of thousands had been written since, the last one about an event that is gone.
        let gone = world.id("00000000-0000-7000-8000-000000000000");
        let columns = "at, actor_kind, actor, action, entity, entity_id, detail";
        let entry = format!("1, 'operator', 'x', 'x', 'event', {gone}, '{{\"why\": {{\"seats\": 2}}}}'");
        world.execute(&match world.kind {
            Kind::Sqlite => format!("INSERT INTO audit (seq, {columns}) VALUES (250000, {entry})"),
            Kind::Postgres => format!("INSERT INTO audit (seq, {columns}) OVERRIDING SYSTEM VALUE VALUES (250000, {entry})"),
        })
        .await;
        let newest = admin.get("/admin/audit?limit=1").await.body["data"][0].clone();
        assert_eq!((&newest["actor_kind"], &newest["detail"]), (&json!("operator"), &json!({"why": {"seats": 2}})));
        let first = admin.get("/admin/audit?action=issue").await;
        assert_eq!((first.status, &first.body["data"]), (200, &json!([])), "a look has an end");
        let found = walk(&admin, "/admin/audit?action=issue").await;
        assert_eq!((found.len(), &found[0]["entity"]), (1, &json!("ticket")));
        assert_eq!(walk(&admin, "/admin/audit?action=nothing").await.len(), 0);
    }

    async fn all_this_is_for_administrators(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let id = "01a1fcc7-c0a2-702a-a886-1204f2372d03";
        let reads = ["/admin/jobs", "/admin/jobs?state=lost", "/admin/queue", "/admin/audit"];
        let writes = [format!("/admin/jobs/{id}/retry"), format!("/admin/jobs/{id}/discard"), "/admin/jobs/retry".to_owned()];
        for (caller, expected) in [
            (client.attendee("a@example.org"), told(403, "forbidden")),
            (client.organizer(), told(403, "forbidden")),
            (client.clone(), told(401, "unauthenticated")),
        ] {
            for path in reads {
                assert_eq!(refusal(&caller.get(path).await), expected, "{path}");
            }
            for path in &writes {
                assert_eq!(refusal(&caller.post_empty(path).await), expected, "{path}");
            }
        }
        assert!(metrics(&client).await.ends_with("# EOF\n"), "whoever scrapes is nobody");
    }
}
