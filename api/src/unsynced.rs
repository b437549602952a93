//! For tests: a database of which nothing can be made durable.

use std::path::Path;

use entity::{Clock, Database, Durability, Options};

/// An empty database.
pub(crate) async fn opened(folder: &Path) -> Database {
    let url = format!("sqlite://{}", folder.join("t.db").display());
    let options = Options { url, durability: Durability::Full, create: true, clock: Clock::new(|| 0) };
    Database::open(options).await.unwrap()
}

/// One with our tables, and a log that is not where it can be synced.
pub(crate) async fn database(folder: &Path) -> Database {
    let database = opened(folder).await;
    migration::migrate(database.writer()).await.unwrap();
    std::fs::remove_file(folder.join("t.db-wal")).unwrap();
    database
}
