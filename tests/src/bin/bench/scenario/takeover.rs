//! kill -9 of a worker in the middle of its work: how long until the next intent is settled by the other one.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Client, Kind};

use crate::{
    backlog::enqueue,
    connection::Connection,
    figures::{Figure, percentile},
    request,
    site::{Site, address, defaults, large_event, start},
};

const TIMES: u32 = 20;

/// Work for longer than it takes to be killed in the middle of it.
const BACKLOG: u32 = 20_000;

/// An event of its own for the one who comes next.
async fn next_intent(client: &Client) -> Vec<u8> {
    let event = client.event(1, json!({})).await;
    request::register(&event, "next@example.org", "k", "Prefer: wait=20\r\n")
}

async fn once(site: &Site, kind: Kind) -> Duration {
    let mut world = site.world(kind).await;
    let client = start(&mut world, 1, &[]);
    large_event(&client).await;
    enqueue(&world, 0, BACKLOG).await;
    let next = next_intent(&client).await;
    world.until("SELECT count(*) AS n FROM job WHERE state = 'settled'", |settled| settled > 0).await;
    let mut connection = Connection::open(address(client.base())).await.expect("a connection");
    // The other one has just started when the first one dies in the middle of its work.
    world.start_worker(&[]);
    world.workers[0].kill();
    let since = Instant::now();
    let answer = connection.send(&next).await.expect("an answer");
    let took = since.elapsed();
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    world.finish().await;
    took
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut figures = vec![];
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut times = vec![];
        for _ in 0..site.scaled(TIMES).max(3) {
            times.push(once(site, kind).await);
        }
        times.sort_unstable();
        let millis = |percent: f64| [percentile(&times, percent).as_secs_f64() * 1e3];
        let settings =
            format!("{}, {} kills, two worker processes, a backlog of {BACKLOG}", defaults(kind), times.len());
        figures.push(Figure::new("kill -9 to next intent settled, p50", "ms", &settings, &millis(50.0)));
        figures.push(Figure::new("kill -9 to next intent settled, max", "ms", &settings, &millis(100.0)));
    }
    figures
}
