//! What a request costs the database: how many statements an operation takes, and that each of them reaches its rows
//! through the index that is meant for it, however much is stored.

mod by_key;
mod counts;
mod expected;
mod kept;
mod population;
mod shape;
mod traffic;
mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use sea_orm::{DatabaseConnection, Statement};
use tests::{Inside, Kind, Note, World, both_databases, plan};
use tokio::time::sleep;

use self::{
    expected::{EXPECTED, Expected},
    population::populate,
    shape::{is_control, shape},
    traffic::{decisions, requests},
};

/// How long a worker may take to come to everything that it does.
const PATIENCE: Duration = Duration::from_secs(20);

both_databases! {
    async fn every_hot_statement_has_the_plan_that_is_meant(world: &mut World) {
        let service = Inside::start(world).await;
        let person = service.client.sign_up("hot@example.org").await;
        populate(world).await;
        service.take();
        requests(&person).await;
        let worker = service.start_worker();
        decisions(world, &person).await;
        let notes = everything(world, &service).await;
        worker.stop().await;
        let db = world.connect().await;
        judge(world, &db, &notes).await;
        // On SQLite nobody counts in production, and PostgreSQL counts later: the planner has to do without.
        forget_statistics(world).await;
        match world.kind {
            Kind::Sqlite => judge(world, &db, &notes).await,
            Kind::Postgres => judge(world, service.connection(), &notes).await,
        }
        db.close().await.unwrap();
        service.stop().await;
    }

    async fn verifying_goes_through_indexes(world: &mut World) {
        let service = Inside::start(world).await;
        populate(world).await;
        verify::walk(world).await;
        service.stop().await;
    }

    async fn what_is_found_by_key_is_found_along_an_index_also_while_tables_are_empty(world: &mut World) {
        let service = Inside::start(world).await;
        by_key::judge(world).await;
        service.stop().await;
    }

    async fn plans_made_while_tables_are_empty_do_when_they_are_full(world: &mut World) {
        kept::judge(world, Inside::start(world).await).await;
    }

    async fn every_operation_takes_so_many_statements(world: &mut World) {
        let service = Inside::start(world).await;
        counts::compare(world, &service).await;
        service.stop().await;
    }
}

/// Nothing is known any more of what is in the tables.
async fn forget_statistics(world: &World) {
    let statements: &[&str] = match world.kind {
        Kind::Sqlite => &["DELETE FROM sqlite_stat1"],
        Kind::Postgres => &[
            "DELETE FROM pg_statistic WHERE starelid >= 16384",
            "UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE oid >= 16384",
        ],
    };
    for statement in statements {
        world.execute(statement).await;
    }
}

/// What was executed so far, once all of it that is expected was, or it takes too long.
async fn everything(world: &World, service: &Inside) -> Vec<Note> {
    let (mut notes, since) = (service.take(), Instant::now());
    while since.elapsed() < PATIENCE && !missed(world.kind, &notes).is_empty() {
        sleep(Duration::from_millis(20)).await;
        notes.extend(service.take());
    }
    notes
}

/// What is expected and was not executed.
fn missed(kind: Kind, notes: &[Note]) -> Vec<&'static str> {
    let met: Vec<&str> = notes.iter().filter_map(|note| Some(expected(&shape(&note.statement))?.text)).collect();
    let hot = EXPECTED.iter().filter(|expected| expected.on(kind).is_some());
    hot.map(|expected| expected.text).filter(|text| !met.contains(text)).collect()
}

/// What is expected of a statement of this shape.
fn expected(text: &str) -> Option<&'static Expected> {
    EXPECTED.iter().filter(|expected| text.contains(expected.text)).max_by_key(|expected| expected.text.len())
}

/// The plan of each statement is the one that is meant for it, each statement has one, and each that is meant was met.
async fn judge(world: &World, db: &DatabaseConnection, notes: &[Note]) {
    let statements: BTreeMap<&str, &Statement> =
        notes.iter().map(|note| (note.statement.sql.as_str(), &note.statement)).collect();
    let mut wrong = BTreeSet::new();
    for statement in statements.into_values().filter(|statement| !is_control(statement)) {
        let (text, steps) = (shape(statement), plan(db, statement).await);
        let expected = expected(&text).and_then(|expected| expected.on(world.kind));
        let is_meant = expected.is_some_and(|expected| {
            // New rows are looked up nowhere, unless others refer to them.
            let may_be_blind = expected.is_empty() || text.starts_with("INSERT");
            steps.iter().all(|step| expected.contains(&step.as_str())) && (may_be_blind || !steps.is_empty())
        });
        // SQLite plans a statement anew whenever it is bound to another limit. Every pass begins with this one.
        if world.kind == Kind::Sqlite && text.contains("turn (event_id") && text.contains("LIMIT ?") {
            wrong.insert(format!("{text}\n    is planned anew each time"));
        }
        if !is_meant {
            wrong.insert(format!("{text}\n    is planned as {steps:?}\n    and meant as {expected:?}"));
        }
    }
    wrong.extend(missed(world.kind, notes).into_iter().map(|text| format!("{text}\n    is not executed")));
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{:?}:\n{}", world.kind, wrong.join("\n"));
}
