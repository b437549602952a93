//! How long the slowest hundredth of the requests take at 60 % of the rate that is accepted, against the same requests, at
//! the same rate, with nothing behind the front end. Once with a worker that settles them, once without, each at its
//! own rate: without a worker more is accepted.

use tests::Kind;

use crate::{
    figures::{Figure, Target},
    load::{Load, closed, open},
    site::{CLIENTS, Site, address, large_event, newcomers, start},
};

/// The share of the accepted rate.
const SHARE: f64 = 0.6;

async fn turnout(site: &Site, workers: usize, rate: Option<f64>) -> Load {
    let mut world = site.world(Kind::Sqlite).await;
    let client = start(&mut world, workers, &[]);
    let event = large_event(&client).await;
    let (address, requests) = (address(client.base()), newcomers(&event));
    let load = match rate {
        Some(rate) => open(address, CLIENTS, rate, site.window, &requests).await,
        None => closed(address, CLIENTS, site.window, &requests).await,
    };
    world.finish().await;
    load
}

async fn null(site: &Site, rate: f64) -> Load {
    let world = site.world(Kind::Sqlite).await;
    let process = site.baseline(&world, "null", &[]);
    open(address(&process.greeting), CLIENTS, rate, site.window, &newcomers(&uuid::Uuid::now_v7().to_string())).await
}

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut figures = side(site, 1, "one worker process, batch 500").await;
    figures.extend(side(site, 0, "no worker").await);
    figures
}

/// The figures with so many worker processes, in words `with`.
async fn side(site: &Site, workers: usize, with: &str) -> Vec<Figure> {
    let (mut rates, mut ours, mut nulls) = (vec![], [vec![], vec![]], [vec![], vec![]]);
    for _ in 0..site.rounds {
        let rate = SHARE * turnout(site, workers, None).await.rate(202);
        rates.push(rate);
        let (turnout, null) = (turnout(site, workers, Some(rate)).await, null(site, rate).await);
        for (values, percent) in ours.iter_mut().zip([50.0, 99.0]) {
            values.push(turnout.millis(percent));
        }
        for (values, percent) in nulls.iter_mut().zip([50.0, 99.0]) {
            values.push(null.millis(percent));
        }
    }
    let target = Target::at_most(5.0, 2.5);
    let (settings, null) = (format!("SQLite FULL, 64 clients, {with}"), format!("64 clients, at the rate with {with}"));
    vec![
        Figure::new("60 % of the accepted rate", "/s", &settings, &rates),
        Figure::new("POST at that rate, p50", "ms", &settings, &ours[0]),
        Figure::new("POST at that rate, p99", "ms", &settings, &ours[1]),
        Figure::new("null at that rate, p50", "ms", &null, &nulls[0]),
        Figure::new("null at that rate, p99", "ms", &null, &nulls[1]),
        Figure::ratio("p99 of POST ÷ p99 of null", &settings, &ours[1], &nulls[1], target),
    ]
}
