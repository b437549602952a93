//! A million pending intents over a thousand events: how long they take, and what they need.

use std::time::{Duration, Instant};

use tests::Kind;

use crate::{
    backlog::enqueue,
    figures::{Figure, Target},
    log::Log,
    site::{Site, defaults, drained, large_event, start},
};

const INTENTS: u32 = 1_000_000;
const EVENTS: u32 = 1000;

async fn on(site: &Site, kind: Kind) -> Vec<Figure> {
    let mut world = site.world(kind).await;
    let (intents, events) = (site.scaled(INTENTS), site.scaled(EVENTS));
    let client = start(&mut world, 0, &[]);
    for _ in 0..events {
        large_event(&client).await;
    }
    enqueue(&world, 0, intents).await;
    if kind == Kind::Sqlite {
        // What the benchmark wrote in one piece is not the programs' log.
        world.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
    let log = Log::watch(&world);
    let since = Instant::now();
    world.start_worker(&[]);
    drained(&world, Duration::from_mins(10)).await;
    let seconds = since.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let bytes = size(&world).await as f64;
    let settings = format!("{}, {intents} intents over {events} events, one worker process", defaults(kind));
    let memory = |name: &str, process: &tests::Process| {
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let figure = Figure::new(name, "MB", &settings, &[process.peak_memory() as f64 / 1e6]);
        Figure { target: Some(Target::at_most(150.0, 50.0)), ..figure }
    };
    let mut figures = vec![
        Figure::new("drained", "s", &settings, &[seconds]),
        memory("peak memory of the api", &world.apis[0]),
        memory("peak memory of the worker", &world.workers[0]),
        Figure::new("database for each registration", "bytes", &settings, &[bytes / f64::from(intents)]),
    ];
    figures.extend(log.map(|log| Log::figure(&settings, log.megabytes())));
    world.finish().await;
    figures
}

/// The size of the database in bytes.
async fn size(world: &tests::World) -> i64 {
    match world.kind {
        Kind::Sqlite => {
            world.number("SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size").await
        }
        Kind::Postgres => world.number("SELECT pg_database_size(current_database()) AS n").await,
    }
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut figures = on(site, Kind::Sqlite).await;
    figures.extend(on(site, Kind::Postgres).await);
    figures
}
