//! Databases of PostgreSQL that come and go, and connections to any.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use uuid::Uuid;

use super::PATIENCE;

/// A single connection, which nobody looks after: the pool's upkeep can spin for ever when a connection comes back at the
/// wrong moment (sqlx 0.9), and nothing here lives for long.
pub(super) async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None);
    Database::connect(options).await
}

pub(super) async fn create_database(server: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("turnout_{}_{number}", Uuid::now_v7().simple());
    let since = Instant::now();
    // A server that just started listening may still be recovering.
    let db = loop {
        match connect(&format!("{server}/postgres")).await {
            Ok(db) => break db,
            Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
    db.close().await.expect("it closes");
    format!("{server}/{name}")
}

pub(super) async fn drop_database(url: &str) {
    let (server, name) = url.rsplit_once('/').expect("a name");
    let db = connect(&format!("{server}/postgres")).await.expect("the server answers");
    db.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database is dropped");
    db.close().await.expect("it closes");
}
