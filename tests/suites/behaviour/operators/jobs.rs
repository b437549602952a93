//! Jobs that failed: finding them, and deciding about them.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Kind, Setup, World, both_databases, said, told};

use super::{WAITING, admin, walk};
use crate::faults::{cure, poison};

/// Waits until this many jobs failed.
async fn failed(world: &World, jobs: i64) {
    world.until("SELECT count(*) AS n FROM job WHERE state = 'failed'", |n| n == jobs).await;
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
            assert_eq!(said(&admin.post_empty(&format!("/admin/jobs/{id}/{verb}")).await), told(409, "job_not_failed"));
            for nobody in ["01a1fcc7-c0a2-702a-a886-1204f2372d03", "5"] {
                let answer = admin.post_empty(&format!("/admin/jobs/{nobody}/{verb}")).await;
                assert_eq!(said(&answer), told(404, "not_found"));
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
        assert_eq!((said(&waited), waited.text("registration_id")), (told(409, "discarded"), id.clone()));
        assert_eq!(said(&admin.post_empty(&format!("/admin/jobs/{id}/retry")).await), told(409, "job_not_failed"));
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
            assert_eq!((said(&answer), answer.body["errors"][0]["pointer"].clone()),
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
            assert_eq!(said(&admin.get(&format!("/admin/jobs?{wrong}")).await), told(422, "invalid_request"), "{wrong}");
        }
    }
}
