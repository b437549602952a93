//! What an operator does with the data: copy it, bring it back, keep it from others, bring it up to date.

use std::{
    fs::{Permissions, metadata, read_dir, set_permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use tests::{Kind, Setup, World, both_databases};

/// Runs `api backup` on the world's database.
fn back_up(world: &World, file: &Path) -> Output {
    let url = format!("--database-url={}", world.url());
    Command::new(world.programs().api).args(["backup", &url]).arg(file).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

/// The files that the database consists of, and those that stand beside it.
fn files(database: &Path) -> Vec<PathBuf> {
    let name = database.file_name().unwrap().to_str().unwrap();
    let all = read_dir(database.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name)).collect()
}

/// Copies the database while people register, loses it, and goes on with the copy.
async fn lose_and_restore(world: &mut World) {
    let client = world.start(&Setup::default());
    let event = client.event(100_000, json!({"hold_seconds": 3600})).await;
    let early = client.attendee("early@example.org").ticket(&event).await;
    world.enqueue(&event, 20_000).await;
    let database = PathBuf::from(world.url().trim_start_matches("sqlite://"));
    let copy = database.with_file_name("copy.db");
    let output = back_up(world, &copy);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(mode(&copy), 0o600);
    assert!(told(&back_up(world, &copy)).contains("is there already"), "nothing is overwritten");
    assert_eq!(files(&copy), std::slice::from_ref(&copy), "nothing else is left there");
    // Later than the copy.
    client.attendee("late@example.org").ticket(&event).await;
    world.apis.clear();
    for file in files(&database) {
        std::fs::remove_file(file).unwrap();
    }
    std::fs::rename(&copy, &database).unwrap();

    let client = world.start(&Setup::default());
    world.settled().await;
    assert_eq!(client.attendee("early@example.org").get(&format!("/tickets/{early}")).await.status, 200);
    assert_eq!(client.available(&event).await, 100_000 - 20_001);
    client.attendee("late@example.org").ticket(&event).await;
}

both_databases! {
    async fn a_backup_is_one_moment_and_can_be_gone_on_with(world: &mut World) {
        if world.kind == Kind::Sqlite {
            lose_and_restore(world).await;
        } else {
            world.start(&Setup::default());
            let output = back_up(world, Path::new("/nowhere/copy.db"));
            assert_eq!(output.status.code(), Some(2));
            assert!(told(&output).contains("pg_dump"), "{}", told(&output));
        }
    }

    async fn a_newer_schema_is_refused(world: &mut World) {
        world.start(&Setup { embedded: 0, ..Setup::default() });
        world.apis.clear();
        world.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)").await;
        let url = format!("--database-url={}", world.url());
        for (program, flags) in [
            (world.programs().api, &[url.as_str(), "--auth=gateway", "--listen=127.0.0.1:0"][..]),
            (world.programs().worker, &[url.as_str()]),
        ] {
            let output = Command::new(program).args(flags).output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            assert!(told(&output).contains(": the database was made by a newer version: "), "{}", told(&output));
        }
    }
}

#[test]
fn files_are_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = (folder.path().join("t.db"), folder.path().join("log"));
    // Whatever the umask lets through.
    let start = |program: &str, more: &str| {
        let script = format!("umask 000 && exec {program} --database-url=sqlite://{} {more}", database.display());
        tests::Process::start("sh", &["-c".to_owned(), script], &log)
    };
    let logged = || std::fs::read_to_string(&log).unwrap();
    let api = "--listen=127.0.0.1:0 --log-level=warn";
    let running = start(tests::programs!().api, api);
    for suffix in ["", "-wal", "-shm", "-next", "-turn", "-fold", ".secret"] {
        let path = PathBuf::from(format!("{}{suffix}", database.display()));
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(!logged().contains("chmod"), "{}", logged());
    drop(running);
    set_permissions(&database, Permissions::from_mode(0o640)).unwrap();
    drop(start(tests::programs!().api, api));
    assert_eq!(logged().matches("chmod 600").count(), 1, "{}", logged());
    drop(start(tests::programs!().worker, ""));
    assert_eq!(logged().matches("chmod 600").count(), 2, "{}", logged());
    assert_eq!(mode(&database), 0o640, "whoever gave others the right may have meant it");
}
