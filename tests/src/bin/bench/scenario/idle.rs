//! What idle programs cost.

use std::time::Duration;

use tests::{Kind, Setup};

use crate::{
    figures::{Figure, Target},
    site::{Site, defaults},
};

const SECONDS: u32 = 20;

pub(super) async fn run(site: &Site) -> Vec<Figure> {
    let mut figures = vec![];
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut world = site.world(kind).await;
        world.start(&Setup { apis: 1, embedded: 0, workers: 1, ..Setup::default() });
        let period = Duration::from_secs(site.scaled(SECONDS).max(5).into());
        let used = |world: &tests::World| [world.apis[0].cpu_time(), world.workers[0].cpu_time()];
        let before = used(&world);
        tokio::time::sleep(period).await;
        let after = used(&world);
        for (place, name) in ["idle api", "idle worker process"].iter().enumerate() {
            let percent = after[place].saturating_sub(before[place]).as_secs_f64() / period.as_secs_f64() * 100.0;
            let figure = Figure::new(name, "% of a core", &format!("{}, for {period:?}", defaults(kind)), &[percent]);
            figures.push(Figure { target: Some(Target::at_most(3.0, 1.0)), ..figure });
        }
        world.finish().await;
    }
    figures
}
