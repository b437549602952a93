//! The queue, the workers, metrics, and who may see them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Client, Kind, Process, Setup, Signal, both_databases, said, told};

use super::admin;

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

async fn metrics(client: &Client) -> String {
    let answer = reqwest::get(format!("{}/metrics", client.base())).await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.text().await.unwrap()
}

both_databases! {
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
                assert_eq!(said(&caller.get(path).await), expected, "{path}");
            }
            for path in &writes {
                assert_eq!(said(&caller.post_empty(path).await), expected, "{path}");
            }
        }
        assert!(metrics(&client).await.ends_with("# EOF\n"), "whoever scrapes is nobody");
    }
}
