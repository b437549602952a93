//! Plans that were made while tables were empty, and are kept while a sale fills them, before anybody has counted.

use serde_json::json;
use tests::{Inside, Kind, World, plan};

use super::shape::{is_control, shape};

/// People who come one by one: enough for each of some connections to have a plan to keep, which PostgreSQL makes when one
/// has executed a statement five times.
const FIRST: u32 = 100;

/// And then so many at once, twice: more than fit on the pages that one would rather read as a whole.
const PEOPLE: u32 = 5000;

/// For each decision six rows of jobs and tickets are read, and no more than so many. One statement of each batch that goes
/// through all of a table makes it twelve.
const ROWS_MAX: i64 = 10;

pub(super) async fn judge(world: &World, service: Inside) {
    let event = sale(world, &service).await;
    let worker = service.start_worker();
    for n in 1..=FIRST {
        world.enqueue(&event, 1).await;
        ring(world).await;
        sold(world, n).await;
    }
    worker.stop().await;
    let before = rows_read(world).await;
    fill(world, &service, &event, FIRST + PEOPLE).await;
    world.execute("ANALYZE").await;
    fill(world, &service, &event, FIRST + 2 * PEOPLE).await;
    service.stop().await;
    if world.kind == Kind::Postgres {
        // Each connection tells what it read when it ends.
        let open = "SELECT count(*) AS n FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'turnout'";
        world.until(open, |open| open == 0).await;
    }
    let read = rows_read(world).await - before;
    assert!(read <= i64::from(2 * PEOPLE) * ROWS_MAX, "{read} rows were read for {} decisions", 2 * PEOPLE);
}

/// Decides about more people, until so many seats are taken.
async fn fill(world: &World, service: &Inside, event: &str, seats: u32) {
    service.take();
    world.enqueue(event, PEOPLE).await;
    let worker = service.start_worker();
    sold(world, seats).await;
    worker.stop().await;
    no_table_is_scanned(world, service).await;
}

async fn sale(world: &World, service: &Inside) -> String {
    let organizer = service.client.sign_up("organizer@example.org").await;
    world.execute("UPDATE account SET role = 'organizer'").await;
    let body =
        json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": 20_000, "status": "published"});
    organizer.post("/events", body).await.text("id")
}

/// Tells the worker what the api would have told it. On SQLite it sees for itself.
async fn ring(world: &World) {
    if world.kind == Kind::Postgres {
        world.execute("NOTIFY turnout_intents").await;
    }
}

/// Waits until so many seats are taken, without reading jobs or tickets.
async fn sold(world: &World, seats: u32) {
    let taken = "SELECT capacity - available_spots AS n FROM event";
    world.until(taken, |taken| taken == i64::from(seats)).await;
}

/// Rows of jobs and tickets that PostgreSQL has read so far. SQLite does not count them.
async fn rows_read(world: &World) -> i64 {
    if world.kind == Kind::Sqlite {
        return 0;
    }
    let counted = "SELECT cast(sum(seq_tup_read + idx_tup_fetch) AS BIGINT) AS n FROM pg_stat_user_tables
                   WHERE relname IN ('job', 'ticket')";
    world.number(counted).await
}

/// Planned now, what was executed would not read all of them either.
async fn no_table_is_scanned(world: &World, service: &Inside) {
    for note in service.take().iter().filter(|note| !is_control(&note.statement)) {
        let steps = plan(service.connection(), &note.statement).await;
        let scan = steps.iter().find(|step| ["scan job", "scan ticket"].contains(&step.as_str()));
        assert_eq!(scan, None, "{:?}: {}", world.kind, shape(&note.statement));
    }
}
