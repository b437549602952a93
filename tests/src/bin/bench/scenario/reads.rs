//! How many status reads a second, of ten thousand different registrations, against a constant.

use std::sync::Arc;

use tests::{Kind, World};

use crate::{
    backlog::{owned, settled},
    figures::{Figure, Target},
    load::{MakeRequest, closed},
    request,
    site::{CLIENTS, Site, address},
};

const REGISTRATIONS: u32 = 10_000;

/// Reads of every registration in turn, each by its owner.
async fn status_reads(world: &World) -> MakeRequest {
    let rows = owned(world, "job").await;
    let requests: Vec<Vec<u8>> = rows
        .iter()
        .filter_map(|row| row.split_once(' '))
        .map(|(id, email)| request::get(&format!("/registrations/{id}"), email))
        .collect();
    Arc::new(move |client, n| requests[(client * 157 + n * CLIENTS) % requests.len()].clone())
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let worlds = [
        settled(site, Kind::Sqlite, site.scaled(REGISTRATIONS)).await,
        settled(site, Kind::Postgres, site.scaled(REGISTRATIONS)).await,
    ];
    let baseline = site.baseline(&worlds[0], "null", &[]);
    let constants: MakeRequest = Arc::new(|_, _| request::get("/constant", "ada@example.org"));
    let (mut constant, mut status) = (vec![], [vec![], vec![]]);
    for _ in 0..site.rounds {
        let address_of_constant = address(&baseline.greeting);
        constant.push(closed(address_of_constant, CLIENTS, site.window, &constants).await.rate(200));
        for (world, values) in worlds.iter().zip(&mut status) {
            let requests = status_reads(world).await;
            values.push(closed(address(world.client(0).base()), CLIENTS, site.window, &requests).await.rate(200));
        }
    }
    let registrations = site.scaled(REGISTRATIONS);
    let settings = |kind: &str| format!("{kind}, 64 clients, {registrations} registrations, no worker");
    let target = Target::at_least(0.4, 0.8);
    vec![
        Figure::new("constant: GET of a fixed body", "/s", "64 clients", &constant),
        Figure::new("status reads", "/s", &settings("SQLite FULL"), &status[0]),
        Figure::new("status reads", "/s", &settings("PostgreSQL"), &status[1]),
        Figure::ratio("status reads ÷ constant", &settings("SQLite FULL"), &status[0], &constant, target),
        Figure::ratio("status reads ÷ constant", &settings("PostgreSQL"), &status[1], &constant, target),
    ]
}
