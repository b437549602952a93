//! What a batch costs with a million settled rows behind it, against a thousand and what earlier rounds left.

use std::time::Duration;

use tests::{Kind, World};

use crate::{
    backlog::{enqueue, last_settled, pace, remember},
    figures::{Figure, Target},
    site::{Site, defaults, drained, large_event, start},
};

const LONG: u32 = 1_000_000;
const SHORT: u32 = 1_000;
const JOBS: u32 = 10_000;

/// Several batches, however quick it has to be: the time between them is what is measured.
const JOBS_MIN: u32 = 2_000;

fn jobs(site: &Site) -> u32 {
    site.scaled(JOBS).max(JOBS_MIN)
}

/// The history and the new jobs belong to these in turn: one has a million seats at most, and no room for both.
const EVENTS: u32 = 2;

async fn prepared(site: &Site, kind: Kind, history: u32) -> World {
    let mut world = site.world(kind).await;
    let client = start(&mut world, 0, &[]);
    for _ in 0..EVENTS {
        large_event(&client).await;
    }
    remember(&world, history).await;
    world.start_worker(&[]);
    world
}

/// Settles some more jobs. Returns the milliseconds of a batch.
async fn settle(site: &Site, world: &World, round: usize) -> f64 {
    let (jobs, after) = (jobs(site), last_settled(world).await);
    enqueue(world, 10_000_000 + u32::try_from(round).unwrap_or(0) * jobs, jobs).await;
    drained(world, Duration::from_mins(1)).await;
    pace(world, after).await.1
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut figures = vec![];
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let long = prepared(site, kind, site.scaled(LONG)).await;
        let short = prepared(site, kind, SHORT).await;
        let (mut with_long, mut with_short) = (vec![], vec![]);
        for round in 0..site.rounds {
            with_short.push(settle(site, &short, round).await);
            with_long.push(settle(site, &long, round).await);
        }
        short.finish().await;
        long.finish().await;
        let settings = format!("{}, {EVENTS} events, {} jobs a round, which stay", defaults(kind), jobs(site));
        let name = |history: u32| format!("claim and settle a batch, {history} settled rows behind it at first");
        figures.extend([
            Figure::new(&name(SHORT), "ms", &settings, &with_short),
            Figure::new(&name(site.scaled(LONG)), "ms", &settings, &with_long),
            Figure::ratio("long history ÷ short", &settings, &with_long, &with_short, Target::at_most(1.3, 1.1)),
        ]);
    }
    figures
}
