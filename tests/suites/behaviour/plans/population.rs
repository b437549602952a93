//! Tables as they are after a long time of service: 100,000 settled jobs with tickets and records, 1,000 pending ones,
//! waitlists, holds that are due and that are not. Set-based, so that it takes seconds.

use tests::{Kind, World};

/// Of 10,000 events PostgreSQL would rather read all than find the busy ones in an index.
const EVENTS: u32 = 20_000;
const ACCOUNTS: u32 = 20_000;

/// Seats of all events but those below.
const CAPACITY: u32 = 1000;

// Events of which something more is known than the past of all, by number.

/// 200 events from this one on have five pending jobs each. This one has three seats left and no waitlist,
const SCARCE: u32 = 100;
/// and this one has three seats left and a waitlist.
const FILLING: u32 = SCARCE + 1;
/// 100 events from this one on have five lasting holds each.
const HOLDING: u32 = 300;
/// Three events from this one on have ten holds each that ran out.
const LAPSED: u32 = 400;
/// 300 people wait, and no seat is free.
pub(super) const FULL: u32 = 500;
/// 100 people wait, and ten holds ran out.
const MOVING: u32 = 501;
/// One seat is free, and there is a waitlist.
pub(super) const LAST_SEAT: u32 = 502;
/// Nothing happens in the events from this one on.
pub(super) const QUIET: u32 = 1000;

const WAITLISTS: &[u32] = &[FILLING, FULL, MOVING, LAST_SEAT];

/// Seats that are free.
const FREE: &[(u32, u32)] = &[(SCARCE, 3), (FILLING, 3), (FULL, 0), (MOVING, 0), (LAST_SEAT, 1)];

/// Jobs that are alike, and what they led to.
struct Stock {
    jobs: u32,
    /// Of so many events from this one on.
    events: (u32, u32),
    tag: &'static str,
    /// None for pending jobs: the outcome; the status of the tickets, in SQL; when those expire.
    led_to: Option<(&'static str, &'static str, &'static str)>,
}

const LATE: &str = "4102444800000";

const PAST: &str = "CASE WHEN seq / 7 % 20 < 12 THEN 'confirmed' WHEN seq / 7 % 20 < 15 THEN 'cancelled'
    WHEN seq / 7 % 20 < 17 THEN 'expired' ELSE 'checked_in' END";

const STOCK: &[Stock] = &[
    Stock { jobs: 100_000, events: (1, EVENTS), tag: "past", led_to: Some(("reserved", PAST, "1")) },
    Stock { jobs: 500, events: (HOLDING, 100), tag: "holding", led_to: Some(("reserved", "'reserved'", LATE)) },
    Stock { jobs: 30, events: (LAPSED, 3), tag: "lapsed", led_to: Some(("reserved", "'reserved'", "1")) },
    Stock { jobs: 10, events: (MOVING, 1), tag: "moving", led_to: Some(("reserved", "'reserved'", "1")) },
    Stock { jobs: 100, events: (MOVING, 1), tag: "hoping", led_to: Some(("waitlisted", "'waitlisted'", "NULL")) },
    Stock { jobs: 300, events: (FULL, 1), tag: "waiting", led_to: Some(("waitlisted", "'waitlisted'", "NULL")) },
    Stock { jobs: 1000, events: (SCARCE, 200), tag: "pending", led_to: None },
];

/// The id of an event by its number.
pub(super) fn event(number: u32) -> String {
    let hex = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// An expression for the id with this number.
fn id(kind: Kind, number: &str) -> String {
    match kind {
        Kind::Sqlite => format!("unhex(printf('%032x', {number}))"),
        Kind::Postgres => format!("lpad(to_hex(cast({number} AS BIGINT)), 32, '0')::uuid"),
    }
}

/// The numbers from 1, as a table.
fn numbers(count: u32) -> String {
    format!(
        "(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
          SELECT n FROM numbers) AS numbers"
    )
}

/// Fills the tables, and lets the database count what is in them.
pub(super) async fn populate(world: &World) {
    accounts_and_events(world).await;
    for (stock, index) in STOCK.iter().zip(1..) {
        jobs(world, stock, index).await;
        tickets(world, stock).await;
    }
    world
        .execute(
            "INSERT INTO audit (at, actor_kind, actor, action, entity, entity_id, event_id, to_state)
             SELECT 1, 'worker', 'w', 'issue', 'ticket', id, event_id, status FROM ticket ORDER BY seq",
        )
        .await;
    world
        .execute(
            "INSERT INTO audit (at, actor_kind, actor, action, entity, entity_id, event_id, to_state)
             SELECT 0, 'operator', 'o', 'create', 'event', id, id, status FROM event ORDER BY id",
        )
        .await;
    seats(world).await;
    count(world).await;
}

/// Lets the database count what is in the tables. PostgreSQL takes samples, and takes them again when it likes: here it
/// counts everything and once, so that the plans are the same in every run.
async fn count(world: &World) {
    if world.kind == Kind::Postgres {
        for table in ["account", "audit", "event", "job", "session", "ticket"] {
            world.execute(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await;
        }
        world.execute("SET default_statistics_target = 1000; ANALYZE").await;
    } else {
        world.execute("ANALYZE").await;
    }
}

async fn accounts_and_events(world: &World) {
    let person = id(world.kind, "n");
    let (people, events) = (numbers(ACCOUNTS), numbers(EVENTS));
    let waits = WAITLISTS.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    for insert in [
        format!(
            "INSERT INTO account (id, email, name, role, created_at)
             SELECT {person}, 'person' || n || '@example.org', 'P', 'organizer', 0 FROM {people}"
        ),
        format!(
            "INSERT INTO session (id, account_id, token_hash, created_at, expires_at)
             SELECT {person}, {person}, 'x', 0, {LATE} FROM {people}"
        ),
        format!(
            "INSERT INTO event (id, organizer_id, name, description, location, starts_at, time_zone, capacity,
                 available_spots, waitlist_enabled, max_party_size, status, created_at, updated_at, published_at,
                 chore_at)
             SELECT {person}, {person}, 'E', '', '', {LATE} + n, 'UTC', {CAPACITY}, {CAPACITY}, n IN ({waits}), 3,
                 'published', 0, 0, 0, CASE WHEN n IN ({FULL}, {MOVING}) THEN {LATE} + n END
             FROM {events}"
        ),
    ] {
        world.execute(&insert).await;
    }
}

/// Jobs of one person each.
async fn jobs(world: &World, stock: &Stock, index: u32) {
    let (tag, (first, events), numbers) = (stock.tag, stock.events, numbers(stock.jobs));
    let event = id(world.kind, &format!("{first} + n % {events}"));
    let job = id(world.kind, &format!("{index} * 1000000 + n"));
    let (state, outcome, settled_at) = match stock.led_to {
        // In order of arrival.
        Some((outcome, ..)) => ("settled", format!("'{outcome}'"), format!("{index} * 1000000 + n")),
        None => ("pending", "NULL".to_owned(), "NULL".to_owned()),
    };
    world
        .execute(&format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
                 state, outcome, run_at, created_at, settled_at)
             SELECT {job}, 'register', {event}, '{tag}' || n || '@example.org', '{tag}', 1 + n % 3,
                 '{tag}' || n || '@example.org', 'k', 'f', '{state}', {outcome}, 0, 0, {settled_at}
             FROM {numbers} ORDER BY n"
        ))
        .await;
}

async fn tickets(world: &World, stock: &Stock) {
    let Some((_, status, expires_at)) = stock.led_to else { return };
    world
        .execute(&format!(
            "INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at,
                 confirmed_at, checked_in_at, cancelled_at, expired_at)
             SELECT id, event_id, id, email, name, party_size, {status}, {expires_at}, 0, 0, 0, 0, 0
             FROM job WHERE name = '{}' ORDER BY seq",
            stock.tag
        ))
        .await;
}

/// Capacity is what is held and what is free.
async fn seats(world: &World) {
    world
        .execute(
            "UPDATE event SET available_spots = capacity - (SELECT coalesce(sum(party_size), 0) FROM ticket
                 WHERE ticket.event_id = event.id AND ticket.status IN ('reserved', 'confirmed', 'checked_in'))",
        )
        .await;
    for (event, free) in FREE {
        let id = id(world.kind, &event.to_string());
        world
            .execute(&format!(
                "UPDATE event SET capacity = capacity - available_spots + {free}, available_spots = {free}
                 WHERE id = {id}"
            ))
            .await;
    }
}
