//! How fast a backlog is settled: against hand-written SQL, against one job at a time, and in a thousand lanes against
//! one.

use std::time::Duration;

use tests::Kind;

use crate::{
    backlog::{enqueue, pace},
    baseline::{one_by_one, raw},
    figures::{Figure, Target},
    site::{Site, drained, file, large_event, start},
};

const BATCH: u32 = 500;
const JOBS: u32 = 100_000;
const LANES: u32 = 1000;

/// A backlog is given so long.
const PATIENCE: Duration = Duration::from_mins(3);

/// Jobs settled per second by one worker process.
async fn turnout(site: &Site, kind: Kind, lanes: u32, batch: u32) -> f64 {
    let mut world = site.world(kind).await;
    let client = start(&mut world, 0, &[]);
    for _ in 0..lanes {
        large_event(&client).await;
    }
    enqueue(&world, 0, site.scaled(JOBS)).await;
    world.start_worker(&[&format!("--batch-max={batch}")]);
    drained(&world, PATIENCE).await;
    let (rate, _) = pace(&world, 0).await;
    world.finish().await;
    rate
}

async fn by_hand(site: &Site, batch: u32) -> f64 {
    let mut world = site.world(Kind::Sqlite).await;
    let client = start(&mut world, 0, &[]);
    large_event(&client).await;
    enqueue(&world, 0, site.scaled(JOBS)).await;
    world.apis.clear();
    raw::settle_all(&file(&world), batch).expect("the statements run")
}

async fn one_job_at_a_time(site: &Site) -> f64 {
    let mut world = site.world(Kind::Postgres).await;
    let client = start(&mut world, 0, &[]);
    large_event(&client).await;
    enqueue(&world, 0, site.scaled(JOBS)).await;
    world.execute("ANALYZE").await;
    let connection = world.connect().await;
    let rate = one_by_one::settle(&connection, site.window.1).await.expect("the statements run");
    connection.close().await.expect("it closes");
    rate
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut sides: [Vec<f64>; 8] = Default::default();
    for _ in 0..site.rounds {
        let rates = [
            by_hand(site, BATCH).await,
            turnout(site, Kind::Sqlite, 1, BATCH).await,
            by_hand(site, 100).await,
            turnout(site, Kind::Sqlite, 1, 100).await,
            one_job_at_a_time(site).await,
            turnout(site, Kind::Postgres, 1, BATCH).await,
            turnout(site, Kind::Sqlite, site.scaled(LANES), BATCH).await,
            turnout(site, Kind::Postgres, site.scaled(LANES), BATCH).await,
        ];
        for (side, rate) in sides.iter_mut().zip(rates) {
            side.push(rate);
        }
    }
    let [raw, sqlite, raw_100, sqlite_100, single, postgres, sqlite_lanes, postgres_lanes] = &sides;
    let jobs = site.scaled(JOBS);
    let (full, small) =
        (format!("SQLite FULL, {jobs} jobs, batch 500"), format!("SQLite FULL, {jobs} jobs, batch 100"));
    let (server, lanes) = (format!("PostgreSQL, {jobs} jobs, batch 500"), site.scaled(LANES));
    vec![
        Figure::new("raw: settled by hand-written SQL", "/s", &full, raw),
        Figure::new("settled by one worker process", "/s", &full, sqlite),
        Figure::new("raw: settled by hand-written SQL", "/s", &small, raw_100),
        Figure::new("settled by one worker process", "/s", &small, sqlite_100),
        Figure::new("naive: settled one by one", "/s", &server, single),
        Figure::new("settled by one worker process", "/s", &server, postgres),
        Figure::new(&format!("settled in {lanes} lanes"), "/s", &full, sqlite_lanes),
        Figure::new(&format!("settled in {lanes} lanes"), "/s", &server, postgres_lanes),
        Figure::ratio("settled ÷ raw", &full, sqlite, raw, Target::at_least(0.6, 0.9)),
        Figure::ratio("settled ÷ raw", &small, sqlite_100, raw_100, Target::at_least(0.6, 0.9)),
        Figure::ratio("settled ÷ one by one", &server, postgres, single, Target::at_least(7.0, 15.0)),
        Figure::ratio(&format!("{lanes} lanes ÷ one"), &full, sqlite_lanes, sqlite, Target::at_least(0.5, 0.9)),
        Figure::ratio(&format!("{lanes} lanes ÷ one"), &server, postgres_lanes, postgres, Target::at_least(0.5, 0.9)),
    ]
}
