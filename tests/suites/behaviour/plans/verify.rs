//! What verifying costs: each check reaches the rows of its events through indexes, however much is stored.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use entity::{
    Clock, Database, Durability, Options,
    verify::{Limits, Walk, checks},
};
use sea_orm::Statement;
use tests::{World, plan};

use super::shape::is_control;

/// For 20,000 events with 100,000 tickets, of a program that is not optimised, on a machine that does other things.
const PATIENCE: Duration = Duration::from_mins(1);

/// Walks through a populated database: no statement of the first snapshot reads a table from end to end, and all of it
/// takes seconds.
pub(super) async fn walk(world: &World) {
    let statements = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&statements);
    let clock = Clock::new(|| chrono::Local::now().timestamp_millis());
    let options = Options { url: world.url().to_owned(), durability: Durability::Full, create: false, clock };
    let database = Database::open(options).await.unwrap().showing(move |statement| {
        seen.lock().unwrap().push(statement.clone());
    });
    let (since, mut walk) = (Instant::now(), Walk::new(Limits::default()));
    assert!(walk.step(&database).await.unwrap());
    let first = std::mem::take(&mut *statements.lock().unwrap());
    judge(world, first).await;
    while walk.step(&database).await.unwrap() {}
    assert_eq!((walk.events, &walk.broken), (20_000, &vec![]));
    assert!(since.elapsed() < PATIENCE, "verifying took {:?}", since.elapsed());
    database.close().await.unwrap();
}

async fn judge(world: &World, statements: Vec<Statement>) {
    let is_check = |statement: &Statement| !is_control(statement) && statement.sql.contains("scope");
    let statements: Vec<Statement> = statements.into_iter().filter(is_check).collect();
    assert_eq!(statements.len(), checks(world.kind == tests::Kind::Postgres).len());
    let db = world.connect().await;
    for statement in statements {
        let steps = plan(&db, &statement).await;
        let scans: Vec<&String> = steps.iter().filter(|step| step.starts_with("scan ")).collect();
        assert!(scans.is_empty() && !steps.is_empty(), "{steps:?}\n{}", statement.sql);
    }
    db.close().await.unwrap();
}
