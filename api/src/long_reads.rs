//! Reads that may take long: searches, exports, counts. Only so many of them run at once, so that intake, polls and the
//! door always find a connection to the database.

use std::{future::Future, sync::Arc, time::Duration};

use entity::Error;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::attempt::apart;

/// Long reads of one process at once: half of the connections that read on SQLite, an eighth of the pool on PostgreSQL.
const PLACES: usize = 2;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The places for long reads. Whoever waits gets one in order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct LongReads(Arc<Semaphore>);

impl Default for LongReads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl LongReads {
    /// Runs a read that a request waits for.
    ///
    /// # Errors
    /// [`Error::Busy`] when its turn did not come soon; otherwise what the read returned.
    pub(crate) async fn soon<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let place = timeout(PATIENCE, self.place()).await.map_err(|_| Error::Busy)??;
        keep(place, read).await
    }

    /// Runs a read when its turn comes.
    ///
    /// # Errors
    /// What the read returned.
    pub(crate) async fn in_turn<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        keep(self.place().await?, read).await
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        // Nobody closes it.
        Arc::clone(&self.0).acquire_owned().await.map_err(|_| Error::Busy)
    }
}

/// When a client goes away the database goes on reading, and for that long the place is taken.
async fn keep<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    read: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    apart(async move {
        let result = read.await;
        drop(place);
        result
    })
    .await
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::pending};
    use tokio::{sync::oneshot, task::yield_now};

    use super::*;

    /// Begins a read that ends when it is told to; returns when it has begun.
    async fn begin(reads: &LongReads) -> oneshot::Sender<()> {
        let ((begun, has_begun), (end, ended)) = (oneshot::channel(), oneshot::channel());
        let reads = reads.clone();
        let asked = tokio::spawn(async move {
            let read = async move {
                begun.send(()).unwrap();
                let _ = ended.await;
                Ok(())
            };
            reads.soon(read).await
        });
        has_begun.await.unwrap();
        // The client goes away; the read goes on.
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        end
    }

    #[tokio::test]
    async fn a_read_beyond_the_places_waits_for_one_that_is_over() {
        let reads = LongReads::default();
        let (first, _second) = (begin(&reads).await, begin(&reads).await);
        let mut third = Box::pin(reads.soon(async { Ok(3) }));
        for _ in 0..10 {
            assert!(third.as_mut().now_or_never().is_none());
            yield_now().await;
        }
        first.send(()).unwrap();
        assert_eq!(third.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_so() {
        let reads = LongReads(Arc::new(Semaphore::new(0)));
        assert!(matches!(reads.soon(pending::<Result<(), Error>>()).await, Err(Error::Busy)));
    }

    #[tokio::test]
    async fn a_read_that_fails_makes_room() {
        let reads = LongReads::default();
        for _ in 0..=PLACES {
            assert!(reads.in_turn(async { Err::<(), _>(Error::Unusable(String::new())) }).await.is_err());
        }
    }
}
