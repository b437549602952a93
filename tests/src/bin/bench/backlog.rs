//! Backlogs and histories, written straight into the database.

use std::time::Duration;

use tests::{Kind, World};

use crate::site::{Site, drained, large_event, start};

/// Ids that rise with `n`, as ids made in order of arrival do.
fn id(kind: Kind, space: &str, n: &str) -> String {
    match kind {
        Kind::Sqlite => format!("unhex(printf('{space}%024x', {n}))"),
        Kind::Postgres => format!("('{space}' || lpad(to_hex({n}), 24, '0'))::uuid"),
    }
}

/// The e-mail of the `n`-th person. People come in no order, and neither do these: by name, neighbours lie far apart.
/// (An odd factor maps the numbers of 32 bits onto themselves.)
fn email(kind: Kind, letter: char) -> String {
    let mixed = "n * 2654435761 % 4294967296";
    match kind {
        Kind::Sqlite => format!("printf('{letter}%08x@example.org', {mixed})"),
        Kind::Postgres => format!("'{letter}' || lpad(to_hex({mixed}), 8, '0') || '@example.org'"),
    }
}

fn numbers(from: u32, count: u32) -> String {
    let last = from + count - 1;
    format!(
        "(WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
              SELECT n FROM numbers) AS people"
    )
}

/// Every event, numbered from 0.
const LANES: &str = "(SELECT id, row_number() OVER (ORDER BY created_at, id) - 1 AS lane, count(*) OVER () AS lanes FROM event) AS event";

/// Puts pending jobs of that many new people into the lanes of all events in turn. The people are numbered from `from`
/// on.
pub(crate) async fn enqueue(world: &World, from: u32, people: u32) {
    let (id, email) = (id(world.kind, "01900000", "n"), email(world.kind, 'p'));
    world
        .execute(&format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
                 run_at, created_at)
             SELECT {id}, 'register', event.id, {email}, 'P', 1, {email}, 'k', 'f', 0, 0
             FROM {} JOIN {LANES} ON lane = n % lanes ORDER BY n",
            numbers(from, people)
        ))
        .await;
}

/// A history: that many settled jobs, with their confirmed tickets and records, in the lanes of all events in turn.
pub(crate) async fn remember(world: &World, people: u32) {
    let (job, ticket) = (id(world.kind, "01800000", "n"), id(world.kind, "01810000", "n"));
    let email = email(world.kind, 'h');
    let lanes = format!("{} JOIN {LANES} ON lane = n % lanes", numbers(1, people));
    let statements = [
        format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint, state,
                 outcome, run_at, created_at, settled_at)
             SELECT {job}, 'register', event.id, {email}, 'P', 1, {email}, 'k', 'f', 'settled', 'reserved', 0, 0, 1 FROM {lanes} ORDER BY n"
        ),
        format!(
            "INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, created_at, confirmed_at)
             SELECT {ticket}, event.id, {job}, {email}, 'P', 1, 'confirmed', 0, 1
             FROM {lanes} ORDER BY n"
        ),
        "INSERT INTO audit (at, actor_kind, actor, action, entity, entity_id, event_id, to_state)
         SELECT 1, 'worker', 'bench', 'confirm', 'ticket', id, event_id, 'confirmed' FROM ticket ORDER BY seq"
            .to_owned(),
        "UPDATE event SET available_spots = capacity - (SELECT count(*) FROM ticket WHERE event_id = event.id)".to_owned(),
    ];
    for statement in statements {
        world.execute(&statement).await;
    }
    if world.kind == Kind::Postgres {
        // Its upkeep does that by itself in a while.
        world.execute("ANALYZE").await;
    }
}

/// Jobs settled in a second, by the stamps of their batches; and the milliseconds that a batch took. Of those settled
/// after `after`.
pub(crate) async fn pace(world: &World, after: i64) -> (f64, f64) {
    let of = |what: &str| format!("SELECT cast({what} AS BIGINT) AS n FROM job WHERE settled_at > {after}");
    let (first, last) = (world.number(&of("min(settled_at)")).await, world.number(&of("max(settled_at)")).await);
    let jobs = world.number(&format!("{} AND settled_at < {last}", of("count(*)"))).await;
    let batches = world.number(&of("count(DISTINCT settled_at)")).await;
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (millis, jobs, batches) = ((last - first) as f64, jobs as f64, (batches - 1) as f64);
    (jobs / millis * 1e3, millis / batches)
}

/// When the newest job was settled; 1 if none was.
pub(crate) async fn last_settled(world: &World) -> i64 {
    world.number("SELECT cast(coalesce(max(settled_at), 1) AS BIGINT) AS n FROM job").await
}

/// A world with an api, no worker, and an event where so many people hold a seat.
pub(crate) async fn settled(site: &Site, kind: Kind, people: u32) -> World {
    let mut world = site.world(kind).await;
    let client = start(&mut world, 1, &[]);
    large_event(&client).await;
    enqueue(&world, 0, people).await;
    drained(&world, Duration::from_mins(1)).await;
    world.workers.clear();
    world
}

/// The ids in a table, each with a space and the e-mail of its owner.
pub(crate) async fn owned(world: &World, table: &str) -> Vec<String> {
    let id = match world.kind {
        Kind::Sqlite => {
            "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
                 || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))"
        }
        Kind::Postgres => "cast(id AS TEXT)",
    };
    world.texts(&format!("SELECT {id} || ' ' || email AS row FROM {table} ORDER BY seq")).await
}
