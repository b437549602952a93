//! How many intents a second are accepted, and settled, against the same requests with nothing behind the front end and
//! against the ordinary way.

use tests::{Kind, World};

use crate::{
    figures::{Figure, Target},
    load::closed,
    log::Log,
    site::{CLIENTS, Site, address, large_event, newcomers, start},
};

/// A side of the comparison: what serves, and how durable it is.
struct Side {
    kind: Kind,
    workers: usize,
    flags: &'static [&'static str],
}

const SQLITE: Side = Side { kind: Kind::Sqlite, workers: 0, flags: &[] };
const NORMAL: &[&str] = &["--durability=normal"];

/// What became of a load.
struct Run {
    rate: f64,
    /// The largest size of the log in megabytes; 0 where there is none.
    log: f64,
}

/// What Turnout accepts in a second. With workers the lesser of the two counts: a backlog
/// that grows is a rate that does not last.
async fn turnout(site: &Site, Side { kind, workers, flags }: Side) -> Run {
    let mut world = site.world(kind).await;
    let client = start(&mut world, workers, flags);
    let event = large_event(&client).await;
    let log = Log::watch(&world);
    let load = closed(address(client.base()), CLIENTS, site.window, &newcomers(&event)).await;
    let accepted = load.rate(202);
    let rate = if workers == 0 { accepted } else { accepted.min(settled_rate(&world, site).await) };
    let log = log.map_or(0.0, Log::megabytes);
    world.apis.clear();
    world.workers.clear();
    world.finish().await;
    Run { rate, log }
}

/// Jobs settled per second, from the first second of the load to its end.
async fn settled_rate(world: &World, site: &Site) -> f64 {
    let settled = world.number("SELECT count(*) AS n FROM job WHERE state = 'settled'").await;
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let settled = settled as f64;
    settled / (site.window.0 + site.window.1).as_secs_f64()
}

/// Answers per second of a baseline.
async fn baseline(site: &Site, which: &str, flags: &[&str]) -> f64 {
    let mut world = site.world(Kind::Sqlite).await;
    let client = start(&mut world, 0, &[]);
    let event = large_event(&client).await;
    world.apis.clear();
    let process = site.baseline(&world, which, flags);
    closed(address(&process.greeting), CLIENTS, site.window, &newcomers(&event)).await.rate(202)
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut sides: [Vec<f64>; 8] = Default::default();
    let mut largest_log = 0.0_f64;
    for _ in 0..site.rounds {
        let null = baseline(site, "null", &[]).await;
        let accepted = turnout(site, SQLITE).await;
        let settled = turnout(site, Side { workers: 1, ..SQLITE }).await;
        largest_log = largest_log.max(accepted.log).max(settled.log);
        let rates = [
            null,
            accepted.rate,
            settled.rate,
            baseline(site, "naive", &[]).await,
            turnout(site, Side { flags: NORMAL, ..SQLITE }).await.rate,
            turnout(site, Side { workers: 1, flags: NORMAL, ..SQLITE }).await.rate,
            baseline(site, "naive", &["--normal"]).await,
            turnout(site, Side { kind: Kind::Postgres, workers: 1, flags: &[] }).await.rate,
        ];
        for (side, rate) in sides.iter_mut().zip(rates) {
            side.push(rate);
        }
    }
    let [null, accepted, settled, naive, accepted_normal, settled_normal, naive_normal, postgres] = &sides;
    let (full, normal) = ("SQLite FULL, 64 clients, batch 500", "SQLite NORMAL, 64 clients, batch 500");
    vec![
        Figure::new("null: POST with nothing behind it", "/s", "64 clients", null),
        Figure::new("accepted, no worker", "/s", full, accepted),
        Figure::new("accepted and settled, one worker process", "/s", full, settled),
        Figure::new("naive: one transaction for each request", "/s", full, naive),
        Figure::new("accepted, no worker", "/s", normal, accepted_normal),
        Figure::new("accepted and settled, one worker process", "/s", normal, settled_normal),
        Figure::new("naive: one transaction for each request", "/s", normal, naive_normal),
        Figure::new("accepted and settled, one worker process", "/s", "PostgreSQL, 64 clients, batch 500", postgres),
        Log::figure("SQLite FULL, 64 clients, batch 500, without and with a worker process", largest_log),
        Figure::ratio("accepted ÷ null, no worker", full, accepted, null, Target::at_least(0.38, 0.60)),
        Figure::ratio("accepted and settled ÷ null", full, settled, null, Target::at_least(0.25, 0.42)),
        Figure::ratio("accepted and settled ÷ naive", full, settled, naive, Target::at_least(4.5, 10.0)),
    ]
}
