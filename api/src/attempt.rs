//! Runs work for a request that goes on when the request does not: write transactions, and reads that hold a place.

use std::{future::Future, panic::resume_unwind, time::Duration};

use entity::Error;
use tokio::time::sleep;

/// How long a request waits for the write lock.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How often a transaction that lost a deadlock or its connection is tried.
const TRIES_MAX: u32 = 5;

/// Runs `work`, which is one transaction, in a task of its own: a client that goes away must not cut it off half-way.
/// When it loses a deadlock or its connection it is tried again, but not when it may have been committed: doing it twice may
/// mean something else.
///
/// # Errors
/// What `work` returned last; [`Error::Busy`] when no try went through.
pub(crate) async fn attempt<T, F, W>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Fn() -> W + Send + 'static,
    W: Future<Output = Result<T, Error>> + Send,
{
    apart(async move {
        for tried in 1..=TRIES_MAX {
            match work().await {
                Err(error) if error.is_environmental() && !matches!(error, Error::Busy | Error::Uncertain(_)) => {
                    tracing::warn!(%error, tried, "a transaction is tried again");
                    sleep(Duration::from_millis(u64::from(tried) * 5)).await;
                }
                result => return result,
            }
        }
        Err(Error::Busy)
    })
    .await
}

/// Runs work in a task of its own.
///
/// # Errors
/// What the work returned.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
        Err(_) => Err(Error::Busy),
    }
}
