//! Removes what simulations left behind when the process that ran them died.

use std::time::Duration;

use entity::{Database, Error, simulation};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{LOCK_PATIENCE, Settings};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(15);

/// Between two batches: whoever registers comes first.
const BREATH: Duration = Duration::from_millis(20);

pub(crate) async fn run(database: &Database, settings: Settings, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match sweep(database, settings.batch_max).await {
            Ok(true) => BREATH,
            Ok(false) => INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "cannot remove what a simulation left behind");
                INTERVAL
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = sleep(pause) => {} }
    }
}

/// Removes a batch, in a task of its own so that the end of the worker does not cut it off. Returns whether there may be
/// more.
async fn sweep(database: &Database, limit: u32) -> Result<bool, Error> {
    let Some(left) = simulation::left_behind(database.reader(), database.now().await?).await? else { return Ok(false) };
    let database = database.clone();
    let swept = tokio::spawn(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        if simulation::abandon(&tx, left.id, tx.now().await?).await? {
            simulation::remove_shadow(&tx, &left, limit).await?;
        }
        tx.commit().await
    });
    match swept.await {
        Ok(result) => result.map(|()| true),
        Err(panic) => {
            tracing::error!(%panic, "sweeping panicked");
            Ok(false)
        }
    }
}
