//! Groups: what many ask for at the same time is done at once, for all of them together.
//!
//! Handlers hand their request to one task over a bounded channel. The task waits for its turn, takes whatever has gathered
//! until then and does it in one transaction, or reads it with one statement; meanwhile the next batch gathers. So there is
//! no delay when idle, and there are large batches under load. A full channel is answered at once: load is shed, memory
//! stays bounded.

mod task;

use std::time::{Duration, Instant};

use entity::Error;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use uuid::Uuid;

/// Requests that wait for the task at most.
const WAITING_MAX: usize = 4096;

/// Something that is done for many at once.
pub(crate) trait Work: Send + Sync + 'static {
    /// What one asks for.
    type Request: Send + Sync + 'static;
    /// What one is told.
    type Answer: Send + 'static;

    /// What has to be waited for before anything can be done.
    type Turn: Send;

    /// What it is called in the log.
    const NAME: &'static str;

    /// Waits for it, no longer than `patience`. Requests that come meanwhile come along.
    ///
    /// # Errors
    /// [`Error::Busy`] when it was not to be had in time; otherwise what the database answered.
    fn turn(&self, patience: Duration) -> impl Future<Output = Result<Self::Turn, Error>> + Send;

    /// Does it for all of these in one transaction at most, which waits for other locks no longer than `patience`. The
    /// answers are in the order of the requests.
    ///
    /// # Errors
    /// What the database answered. Then the same is asked again, all of it or each alone, even if it may have been done.
    fn run(
        &self,
        turn: Self::Turn,
        requests: &[Self::Request],
        patience: Duration,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Error>> + Send;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// Too much is going on. Whether it was done is not known; asking again is right.
    Busy,
    /// The database refused this request for reasons nobody foresaw.
    Fault,
}

/// A request on its way to the task.
#[derive(Debug)]
struct Waiting<Q, A> {
    request: Q,
    since: Instant,
    answer: oneshot::Sender<Result<A, Unserved>>,
}

/// The handlers' end: takes requests `Q` and gives answers `A`.
#[derive(Debug)]
pub(crate) struct Group<Q, A>(mpsc::Sender<Waiting<Q, A>>);

impl<Q, A> Group<Q, A> {
    /// Starts the task, as one of `tasks`. It ends, with everything done, when the group is gone.
    pub(crate) fn start(work: impl Work<Request = Q, Answer = A>, tasks: &mut JoinSet<()>) -> Self
    where
        Q: Send + Sync + 'static,
        A: Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tasks.spawn(task::run(work, receiver));
        Self(sender)
    }

    /// Asks at once; what it returns waits for the answer, and holds nothing else.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn ask(&self, request: Q) -> impl Future<Output = Result<A, Unserved>> + Send + use<Q, A>
    where
        A: Send,
    {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { request, since: Instant::now(), answer };
        let is_taken = self.0.try_send(waiting).map_err(|_| Unserved::Busy);
        async move {
            is_taken?;
            answered.await.unwrap_or(Err(Unserved::Busy))
        }
    }
}

/// The ids that a batch is about, in order: several requests may be about one thing.
pub(crate) fn each_once(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_batch_names_each_thing_once() {
        let ids = [3, 1, 3].map(Uuid::from_u128);
        assert_eq!(each_once(ids.into_iter()), [1, 3].map(Uuid::from_u128));
    }

    #[tokio::test]
    async fn a_full_channel_sheds_load_at_once() {
        let (sender, mut receiver) = mpsc::channel(1);
        let group = Arc::new(Group(sender));
        let ask = |request: u32| {
            let group = Arc::clone(&group);
            tokio::spawn(async move { group.ask(request).await })
        };
        let first = ask(1);
        let waiting = receiver.recv().await.unwrap();
        // One more fits; nobody takes it out.
        let second = ask(2);
        while group.0.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(group.ask(3).await, Err(Unserved::Busy));
        waiting.answer.send(Ok("done")).unwrap();
        assert_eq!(first.await.unwrap(), Ok("done"));
        drop(receiver);
        assert_eq!(second.await.unwrap(), Err(Unserved::Busy), "the task is gone");
    }
}
