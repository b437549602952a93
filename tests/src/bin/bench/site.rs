//! Where scenarios run: fresh databases, the real programs, the baselines.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::{Client, Kind, Process, Programs, Setup, World};

use crate::load::MakeRequest;

/// Limits that nobody reaches: the buckets are counted all the same.
pub(crate) const LIMITS: &str = "writes=1000000000/10s,reads=1000000000/10s,staff=1000000000/10s";

/// Clients of most scenarios.
pub(crate) const CLIENTS: usize = 64;

/// Where and how long scenarios run.
pub(crate) struct Site {
    programs: Programs,
    exe: String,
    /// Rounds of each comparison.
    pub(crate) rounds: usize,
    /// How long load is let run before it is measured, and how long it is measured.
    pub(crate) window: (Duration, Duration),
    /// Everything else is made this many times smaller.
    pub(crate) shrink: u32,
}

impl Site {
    /// A site for these programs.
    pub(crate) fn new(programs: Programs, exe: String, is_quick: bool, rounds: usize) -> Self {
        let (window, shrink) = if is_quick { ((200, 800), 25) } else { ((500, 3000), 1) };
        let window = (Duration::from_millis(window.0), Duration::from_millis(window.1));
        Self { programs, exe, rounds, window, shrink }
    }

    /// So many, or fewer if it has to be quick.
    pub(crate) fn scaled(&self, number: u32) -> u32 {
        number / self.shrink
    }

    /// A fresh database.
    ///
    /// # Panics
    /// When it is not to be had.
    pub(crate) async fn world(&self, kind: Kind) -> World {
        World::open(kind, self.programs).await.unwrap_or_else(|| panic!("{kind:?} is not to be had"))
    }

    /// A baseline on the database of a world.
    pub(crate) fn baseline(&self, world: &World, which: &str, more: &[&str]) -> Process {
        let flags: Vec<String> =
            ["baseline", which, world.url()].into_iter().chain(more.iter().copied()).map(str::to_owned).collect();
        Process::start(&self.exe, &flags, &world.log())
    }
}

/// What programs run with that are told nothing else, for the settings of a figure.
pub(crate) fn defaults(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "SQLite FULL, batch 500",
        Kind::Postgres => "PostgreSQL, batch 500",
    }
}

/// The api without workers, and so many worker processes, with limits that are counted and out of reach.
pub(crate) fn start(world: &mut World, workers: usize, more: &[&str]) -> Client {
    let limits = format!("--rate-limit={LIMITS}");
    let api_flags: Vec<&str> = [limits.as_str()].into_iter().chain(more.iter().copied()).collect();
    world.start(&Setup { apis: 1, embedded: 0, workers, api_flags: &api_flags, worker_flags: more })
}

/// Where a program listens, as its first line says.
///
/// # Panics
/// When it says nothing of the kind.
pub(crate) fn address(text: &str) -> SocketAddr {
    let (_, rest) = text.split_once("http://").expect("an address");
    let end = rest.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().expect("an address")
}

/// An event with a million seats.
pub(crate) async fn large_event(client: &Client) -> String {
    client.event(1_000_000, json!({"hold_seconds": 86_400})).await
}

/// New people who register for an event, each once.
pub(crate) fn newcomers(event: &str) -> MakeRequest {
    let (event, tag) = (event.to_owned(), uuid::Uuid::now_v7().simple().to_string());
    Arc::new(move |client, n| crate::request::register(&event, &format!("p{client}-{n}-{tag}@example.org"), "k", ""))
}

/// The file of an SQLite world.
pub(crate) fn file(world: &World) -> PathBuf {
    PathBuf::from(world.url().trim_start_matches("sqlite://"))
}

/// Jobs that are not settled yet: none, or at least one.
pub(crate) async fn is_backlog_left(world: &World) -> bool {
    // In this order, so that it is found along the lanes: without one PostgreSQL may read all that was settled.
    let first = "SELECT seq FROM job WHERE state = 'pending' ORDER BY event_id, seq LIMIT 1";
    world.number(&format!("SELECT count(*) AS n FROM ({first}) AS first")).await == 1
}

/// Waits until every job is settled.
///
/// # Panics
/// When that takes longer than `patience`.
pub(crate) async fn drained(world: &World, patience: Duration) {
    let since = Instant::now();
    while is_backlog_left(world).await {
        assert!(since.elapsed() < patience, "the backlog is not drained\n{}", world.logged());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
