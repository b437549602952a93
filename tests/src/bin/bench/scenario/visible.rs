//! From sending POST to holding the decision, for one client that waits and nobody else around.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Kind, Setup};

use crate::{
    connection::Connection,
    figures::{Figure, percentile},
    request,
    site::{Site, address},
};

const TIMES: u32 = 200;

/// Not in step with anything that polls.
const PAUSE: Duration = Duration::from_micros(7_300);

async fn times(site: &Site, kind: Kind, embedded: u32, workers: usize) -> Vec<Duration> {
    let mut world = site.world(kind).await;
    let client = world.start(&Setup { apis: 1, embedded, workers, ..Setup::default() });
    let event = client.event(1_000_000, json!({})).await;
    let mut connection = Connection::open(address(client.base())).await.expect("a connection");
    let mut times = vec![];
    for n in 0..site.scaled(TIMES).max(50) {
        tokio::time::sleep(PAUSE).await;
        let request = request::register(&event, &format!("p{n}@example.org"), "k", "Prefer: wait=10\r\n");
        let since = Instant::now();
        let answer = connection.send(&request).await.expect("an answer");
        times.push(since.elapsed());
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    }
    world.finish().await;
    times.sort_unstable();
    times
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let sides = [
        (Kind::Sqlite, 1, 0, "SQLite FULL, batch 500, embedded worker"),
        (Kind::Sqlite, 0, 1, "SQLite FULL, batch 500, worker process"),
        (Kind::Postgres, 1, 0, "PostgreSQL, batch 500, embedded worker"),
        (Kind::Postgres, 0, 1, "PostgreSQL, batch 500, worker process"),
    ];
    let mut figures = vec![];
    for (kind, embedded, workers, settings) in sides {
        let mut found = [vec![], vec![]];
        for _ in 0..site.rounds {
            let times = times(site, kind, embedded, workers).await;
            for (values, percent) in found.iter_mut().zip([50.0, 99.0]) {
                values.push(percentile(&times, percent).as_secs_f64() * 1e3);
            }
        }
        figures.push(Figure::new("idle, POST to decision seen, p50", "ms", settings, &found[0]));
        figures.push(Figure::new("idle, POST to decision seen, p99", "ms", settings, &found[1]));
    }
    figures
}
