//! How many holds a second are confirmed, against one plain transaction for each.

use std::{sync::Arc, time::Duration};

use tests::{Kind, World};

use crate::{
    backlog::enqueue,
    figures::{Figure, Target},
    load::{MakeRequest, closed},
    request,
    site::{CLIENTS, Site, address, drained, large_event, start},
};

/// More than can be confirmed while it is measured.
const HOLDS: u32 = 120_000;

async fn prepared(site: &Site, kind: Kind) -> World {
    let mut world = site.world(kind).await;
    let client = start(&mut world, 1, &[]);
    large_event(&client).await;
    enqueue(&world, 0, HOLDS).await;
    drained(&world, Duration::from_mins(1)).await;
    world.workers.clear();
    world
}

/// Confirms one hold after another, each by its owner.
async fn confirms(world: &World) -> MakeRequest {
    let id = match world.kind {
        Kind::Sqlite => {
            "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
                             || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))"
        }
        Kind::Postgres => "cast(id AS TEXT)",
    };
    let rows = world.texts(&format!("SELECT {id} || ' ' || email AS row FROM ticket ORDER BY seq")).await;
    let requests: Vec<Vec<u8>> =
        rows.iter().filter_map(|row| row.split_once(' ')).map(|(id, email)| request::confirm(id, email)).collect();
    Arc::new(move |client, n| requests[client + n * CLIENTS].clone())
}

async fn turnout(site: &Site, kind: Kind) -> f64 {
    let world = prepared(site, kind).await;
    let requests = confirms(&world).await;
    let rate = closed(address(world.client(0).base()), CLIENTS, site.window, &requests).await.rate(200);
    world.finish().await;
    rate
}

async fn naive(site: &Site) -> f64 {
    let mut world = prepared(site, Kind::Sqlite).await;
    let requests = confirms(&world).await;
    world.apis.clear();
    let process = site.baseline(&world, "naive", &[]);
    closed(address(&process.greeting), CLIENTS, site.window, &requests).await.rate(200)
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let (mut ours, mut server, mut ordinary) = (vec![], vec![], vec![]);
    for _ in 0..site.rounds {
        ordinary.push(naive(site).await);
        ours.push(turnout(site, Kind::Sqlite).await);
        server.push(turnout(site, Kind::Postgres).await);
    }
    let settings = "SQLite FULL, 64 clients, no worker";
    vec![
        Figure::new("naive: one transaction for each confirm", "/s", settings, &ordinary),
        Figure::new("confirmed", "/s", settings, &ours),
        Figure::new("confirmed", "/s", "PostgreSQL, 64 clients, no worker", &server),
        Figure::ratio("confirmed ÷ naive", settings, &ours, &ordinary, Target::at_least(1.0, 4.0)),
    ]
}
