//! Starting: wrong settings, missing databases, several processes at once.

use std::process::Command;

use serde_json::json;
use tests::{Kind, Process, Setup, both_databases};

/// Runs a program that must refuse its settings, and returns what it says.
fn refused(program: &str, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(program).args(flags).envs(variables.iter().copied()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    told
}

#[test]
fn every_wrong_setting_is_told() {
    let programs = tests::programs!();
    let api = ["--workers=-1", "--auth=magic", "--rate-limit=some", "--listen=here", "--batch-max=0"];
    let worker = ["--durability=some", "--batch-max=x", "--attempts-max=0"];
    for (program, flags) in [(programs.api, &api[..]), (programs.worker, &worker[..])] {
        let told = refused(program, flags, &[("DATABASE_URL", "mysql://somewhere")]);
        for flag in flags.iter().chain(&["--database-url="]) {
            let name = flag.split('=').next().unwrap();
            assert!(told.contains(&format!("{name}: ")), "{name} in {told}");
        }
    }
}

#[test]
fn settings_come_from_the_environment_too() {
    let told = refused(tests::programs!().api, &[], &[("TURNOUT_WORKERS", "many"), ("TURNOUT_AUTH", "magic")]);
    assert!(told.contains("--workers: \"many\"") && told.contains("--auth: \"magic\""), "{told}");
}

#[test]
fn demos_are_switched_on_and_off_in_the_environment() {
    let told = |demo: &str| {
        let variables = [("TURNOUT_DEMO", demo), ("TURNOUT_LISTEN", "0.0.0.0:80"), ("TURNOUT_WORKERS", "many")];
        let told = refused(tests::programs!().api, &[], &variables);
        assert!(told.contains("--workers: \"many\""), "{told}");
        told
    };
    assert!(told("1").contains("--demo: is for this machine alone"));
    assert!(told("perhaps").contains("--demo: \"perhaps\""));
    for off in ["", "0"] {
        assert!(!told(off).contains("--demo"), "{off}");
    }
}

both_databases! {
    async fn a_worker_waits_for_the_schema(world: &mut World) {
        let url = format!("--database-url={}", world.url());
        let (program, log) = (world.programs().worker, world.log());
        let worker = tokio::task::spawn_blocking(move || Process::start(program, &[url], &log));
        while !world.logged().contains("waiting for a database with the current schema") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        world.workers.push(worker.await.unwrap());
        let greeting = &world.workers[0].greeting;
        let is_sqlite = world.kind == Kind::Sqlite;
        let place = if is_sqlite { world.url().trim_start_matches("sqlite://") } else { "postgres://127.0.0.1" };
        assert!(greeting.contains(place), "{greeting} names {place}");
        let event = client.event(1, json!({})).await;
        client.attendee("a@example.org").ticket(&event).await;
    }

    async fn many_embedded_workers_share_a_process(world: &mut World) {
        let client = world.start(&Setup { embedded: 20, ..Setup::default() });
        assert_eq!(client.get("/readyz").await.status, 200);
        let event = client.event(1, json!({})).await;
        client.attendee("a@example.org").ticket(&event).await;
    }

    async fn several_apis_start_at_once_on_an_empty_database(world: &mut World) {
        let starts: Vec<_> = (0..4).map(|_| {
            let flags = vec![format!("--database-url={}", world.url()), "--listen=127.0.0.1:0".to_owned(),
                "--auth=gateway".to_owned(), "--rate-limit=off".to_owned()];
            let (program, log) = (world.programs().api, world.log());
            tokio::task::spawn_blocking(move || Process::start(program, &flags, &log))
        }).collect();
        for start in starts {
            world.apis.push(start.await.unwrap());
        }
        let event = world.client(0).event(4, json!({})).await;
        for n in 0..4 {
            let client = world.client(n);
            client.attendee(&format!("p{n}@example.org")).ticket(&event).await;
        }
        assert_eq!(world.client(0).available(&event).await, 0);
    }
}
