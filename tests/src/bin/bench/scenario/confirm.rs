//! How many holds a second are confirmed, against one plain transaction for each.

use std::sync::Arc;

use tests::{Kind, World};

use crate::{
    backlog::{owned, settled},
    figures::{Figure, Target},
    load::{MakeRequest, closed},
    request,
    site::{CLIENTS, Site, address},
};

/// More than can be confirmed while it is measured.
const HOLDS: u32 = 120_000;

/// Confirms one hold after another, each by its owner.
async fn confirms(world: &World) -> MakeRequest {
    let rows = owned(world, "ticket").await;
    let requests: Vec<Vec<u8>> =
        rows.iter().filter_map(|row| row.split_once(' ')).map(|(id, email)| request::confirm(id, email)).collect();
    Arc::new(move |client, n| requests[client + n * CLIENTS].clone())
}

async fn turnout(site: &Site, kind: Kind) -> f64 {
    let world = settled(site, kind, HOLDS).await;
    let requests = confirms(&world).await;
    let rate = closed(address(world.client(0).base()), CLIENTS, site.window, &requests).await.rate(200);
    world.finish().await;
    rate
}

async fn naive(site: &Site) -> f64 {
    let mut world = settled(site, Kind::Sqlite, HOLDS).await;
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
