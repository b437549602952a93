//! Keeps the log of an SQLite file short, in the api and in workers.

use std::{convert::Infallible, time::Duration};

use entity::Database;
use tokio::time::sleep;

/// After trouble (a full disk) it is tried again after this long. Until then commits do it.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// Does so for as long as it is polled.
pub async fn keep_log_short(database: &Database) -> Infallible {
    loop {
        let Err(error) = database.keep_log_short().await;
        tracing::warn!(%error, "cannot fold the database's log");
        sleep(TROUBLE_PAUSE).await;
    }
}
