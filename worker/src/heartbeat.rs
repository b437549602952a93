//! Tells operators that this worker is there. Nothing depends on it: a worker that cannot write its heartbeat works all
//! the same, and one that died is missed by nobody but its row.

use std::time::Duration;

use entity::{Database, Error, Millis, worker};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::LOCK_PATIENCE;

/// Between two heartbeats: two may be missed before a worker no longer counts as seen.
const INTERVAL: Duration = Duration::from_secs(10);

/// After so many milliseconds without a heartbeat anybody removes a worker's row.
const FORGOTTEN_AFTER: Millis = 10 * 60 * 1000;

pub(crate) async fn run(database: &Database, id: Uuid, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        report(write(database.clone(), id, Beat::Alive).await);
        tokio::select! { () = stop.cancelled() => {}, () = sleep(INTERVAL) => {} }
    }
    report(write(database.clone(), id, Beat::Last).await);
}

/// What a worker says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    Alive,
    Last,
}

/// Writes in a task of its own, so that the end of the worker does not cut it off.
async fn write(database: Database, id: Uuid, beat: Beat) -> Result<(), Error> {
    let written = tokio::spawn(async move {
        let tx = database.begin(LOCK_PATIENCE).await?;
        let now = tx.now().await?;
        match beat {
            Beat::Alive => worker::saw(&tx, id, now).await?,
            Beat::Last => worker::forget(&tx, id).await?,
        }
        worker::prune(&tx, now - FORGOTTEN_AFTER).await?;
        tx.commit().await
    });
    // A panic is told where it happens; the next beat is tried all the same.
    written.await.unwrap_or(Ok(()))
}

fn report(written: Result<(), Error>) {
    if let Err(error) = written {
        tracing::warn!(%error, "cannot tell that this worker is there");
    }
}
