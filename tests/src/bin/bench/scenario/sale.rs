//! The sale: twenty thousand people over 256 connections, five hundred seats, and a waitlist.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tests::{Kind, Process, every};

use crate::{
    connection::Connection,
    figures::{Figure, Target, percentile},
    request,
    site::{Site, address, defaults, start},
};

const PEOPLE: u32 = 20_000;
const SEATS: u32 = 500;
const CONNECTIONS: usize = 256;

/// What one person learned, and how long that took.
type Known = (String, Duration);

/// One connection: one person after the other, each waiting for the decision.
async fn serve_people(address: SocketAddr, event: String, next: Arc<AtomicU32>, people: u32) -> Vec<Known> {
    let mut connection = Connection::open(address).await.expect("a connection");
    let mut known = vec![];
    loop {
        let person = next.fetch_add(1, Ordering::Relaxed);
        if person >= people {
            return known;
        }
        let email = format!("p{person}@example.org");
        let since = Instant::now();
        let mut sent = request::register(&event, &email, "k", "Prefer: wait=20\r\n");
        let status = loop {
            let answer = connection.send(&sent).await.expect("an answer");
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            match (answer.status, body["status"].as_str().unwrap_or_default()) {
                (202, _) | (200, "pending") => {
                    let path = format!("/registrations/{}", body["id"].as_str().unwrap_or_default());
                    sent = request::get(&path, &email);
                }
                (200 | 201, status) => break status.to_owned(),
                other => panic!("{other:?}: {}", String::from_utf8_lossy(&answer.body)),
            }
        };
        known.push((status, since.elapsed()));
    }
}

/// What came of a sale.
struct Sold {
    /// Until everybody knew.
    seconds: f64,
    /// How long each waited, in order.
    times: Vec<Duration>,
    /// The most memory that the api had, and any of the workers, in bytes.
    peaks: [u64; 2],
}

async fn sell(site: &Site, kind: Kind, workers: usize) -> Sold {
    let mut world = site.world(kind).await;
    let client = start(&mut world, workers, &[]);
    let event = client.event(SEATS, json!({"waitlist_enabled": true, "hold_seconds": 3600})).await;
    let (next, people) = (Arc::new(AtomicU32::new(0)), site.scaled(PEOPLE));
    let since = Instant::now();
    let address = address(client.base());
    let connections = (0..CONNECTIONS).map(|_| serve_people(address, event.clone(), Arc::clone(&next), people));
    let known = every(connections).await.concat();
    let seconds = since.elapsed().as_secs_f64();
    let reserved = known.iter().filter(|(status, _)| status == "reserved").count();
    let waitlisted = known.iter().filter(|(status, _)| status == "waitlisted").count();
    assert_eq!((reserved, waitlisted), (SEATS as usize, (people - SEATS) as usize), "everybody, and nobody twice");
    let of_workers = world.workers.iter().map(Process::peak_memory).max().unwrap_or(0);
    let peaks = [world.apis[0].peak_memory(), of_workers];
    world.finish().await;
    let mut times: Vec<Duration> = known.into_iter().map(|(_, time)| time).collect();
    times.sort_unstable();
    Sold { seconds, times, peaks }
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let sides = [(Kind::Sqlite, 1), (Kind::Sqlite, 2), (Kind::Sqlite, 4), (Kind::Postgres, 1), (Kind::Postgres, 2)];
    let mut all = vec![Vec::new(); sides.len()];
    for _ in 0..site.rounds {
        for (values, (kind, workers)) in all.iter_mut().zip(sides) {
            let sold = sell(site, kind, workers).await;
            let millis = |percent: f64| percentile(&sold.times, percent).as_secs_f64() * 1e3;
            #[expect(clippy::cast_precision_loss, reason = "figures for people")]
            let [api, worker] = sold.peaks.map(|bytes| bytes as f64 / 1e6);
            values.push([sold.seconds, millis(50.0), millis(99.0), millis(100.0), api, worker]);
        }
    }
    let mut figures = vec![];
    for (values, (kind, workers)) in all.iter().zip(sides) {
        let settings = format!(
            "{}, {workers} worker processes, {} people, {CONNECTIONS} connections",
            defaults(kind),
            site.scaled(PEOPLE)
        );
        let column = |place: usize| values.iter().map(|row| row[place]).collect::<Vec<f64>>();
        figures.push(Figure::new("sale: until everybody knows", "s", &settings, &column(0)));
        figures.push(Figure::new("sale: one person, p50", "ms", &settings, &column(1)));
        figures.push(Figure::new("sale: one person, p99", "ms", &settings, &column(2)));
        figures.push(Figure::new("sale: one person, max", "ms", &settings, &column(3)));
        for (name, place) in [("sale: peak memory of the api", 4), ("sale: peak memory of a worker", 5)] {
            let figure = Figure::new(name, "MB", &settings, &column(place));
            figures.push(Figure { target: Some(Target::at_most(150.0, 50.0)), ..figure });
        }
    }
    figures
}
