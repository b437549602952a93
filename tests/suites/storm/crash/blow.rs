//! What befalls the processes and the database, and how they are helped up again.

use std::time::Duration;

use fastrand::Rng;
use tests::{Kind, Process, Signal, World};
use tokio::time::sleep;

/// A blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blow {
    /// kill -9 of a worker; another is started.
    KillWorker,
    /// kill -9 of the api; another is started.
    KillApi,
    /// kill -9 of everything.
    KillAll,
    /// SIGSTOP for up to some seconds, then SIGCONT.
    Stop,
    /// `pg_terminate_backend` of some connections.
    Cut,
    /// `pg_ctl stop -m immediate`; the server recovers.
    CrashServer,
}

impl Blow {
    /// Stops are rare, because they last.
    pub(super) fn choose(kind: Kind, rng: &mut Rng) -> Self {
        match (rng.u8(..100), kind) {
            (0, _) => Self::Stop,
            (1..40, Kind::Sqlite) | (1..25, Kind::Postgres) => Self::KillWorker,
            (40..75, Kind::Sqlite) | (25..45, Kind::Postgres) => Self::KillApi,
            (_, Kind::Sqlite) | (45..55, Kind::Postgres) => Self::KillAll,
            (55..80, Kind::Postgres) => Self::Cut,
            (_, Kind::Postgres) => Self::CrashServer,
        }
    }
}

/// Deals the blow, and starts again what it ended.
pub(super) async fn strike(world: &mut World, blow: Blow, rng: &mut Rng) {
    match blow {
        Blow::KillWorker => world.workers.remove(rng.usize(..world.workers.len())).kill(),
        Blow::KillApi => world.apis.clear(),
        Blow::KillAll => {
            // All of them, before the first is waited for.
            world.apis.iter().chain(&world.workers).for_each(|process| process.signal(Signal::KILL));
            world.apis.clear();
            world.workers.clear();
        }
        Blow::Stop => stop(world, rng).await,
        Blow::Cut => cut(world).await,
        Blow::CrashServer => world.crash_server(Duration::from_millis(rng.u64(..200))).await,
    }
    if world.apis.is_empty() {
        world.start_api(0, &[]);
    }
    while world.workers.len() < super::WORKERS {
        world.start_worker(&[]);
    }
}

async fn stop(world: &World, rng: &mut Rng) {
    let processes: Vec<&Process> = world.apis.iter().chain(&world.workers).collect();
    let stopped = processes[rng.usize(..processes.len())];
    stopped.signal(Signal::STOP);
    sleep(Duration::from_millis(rng.u64(500..3000))).await;
    stopped.signal(Signal::CONT);
}

/// About every second connection.
async fn cut(world: &World) {
    let cut = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'turnout' AND random() < 0.5";
    world.number(cut).await;
}
