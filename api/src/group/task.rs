//! The task of a group: one batch after the other.

use std::{
    panic::AssertUnwindSafe,
    slice::from_ref,
    time::{Duration, Instant},
};

use entity::Error;
use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{Unserved, Waiting, Work};

/// Requests in one batch at most: enough to pay for its commit, few enough to hold locks briefly.
const BATCH_MAX: usize = 256;

/// How long a request waits, from its arrival on, until its batch has the lock it needs.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a batch that lost a deadlock or a connection is tried.
const TRIES_MAX: u32 = 3;

pub(super) async fn run<W: Work>(work: W, mut receiver: mpsc::Receiver<Waiting<W::Request, W::Answer>>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while receiver.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let Some(deadline) = shed_late_ones(&mut batch, Instant::now()) else { continue };
        // A panic is this batch's fault, and not the end of the task.
        let turn = AssertUnwindSafe(work.turn(left(deadline))).catch_unwind().await;
        if matches!(turn, Ok(Ok(_))) {
            join_late_comers(&mut batch, &mut receiver);
        }
        let deadline = batch.last().map_or(deadline, Waiting::deadline);
        let (requests, senders): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.request, w.answer)).unzip();
        let served = match turn {
            Ok(turn) => AssertUnwindSafe(serve(&work, turn, &requests, deadline)).catch_unwind().await,
            Err(panic) => Err(panic),
        };
        let answers = served.unwrap_or_else(|_| requests.iter().map(|_| Err(Unserved::Fault)).collect());
        for (sender, answer) in senders.into_iter().zip(answers) {
            // A client that went away asks again, or looks.
            let _ = sender.send(answer);
        }
    }
}

/// Answers those who have waited for too long behind others. Returns until when the rest may wait for the lock: as long
/// as the last of them; nothing if there is no rest.
fn shed_late_ones<Q, A>(batch: &mut Vec<Waiting<Q, A>>, now: Instant) -> Option<Instant> {
    for late in batch.extract_if(.., |waiting| waiting.deadline() <= now) {
        let _ = late.answer.send(Err(Unserved::Busy));
    }
    batch.last().map(Waiting::deadline)
}

impl<Q, A> Waiting<Q, A> {
    fn deadline(&self) -> Instant {
        self.since + PATIENCE
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Those who came while the turn was waited for have waited for it, too: with a batch of their own they would wait for this
/// one, and then for another turn.
fn join_late_comers<Q, A>(batch: &mut Vec<Waiting<Q, A>>, receiver: &mut mpsc::Receiver<Waiting<Q, A>>) {
    while batch.len() < BATCH_MAX
        && let Ok(waiting) = receiver.try_recv()
    {
        batch.push(waiting);
    }
}

/// Serves a batch, whose turn it is. If the database refuses it for what is in it, each request is tried alone, so that one
/// cannot harm the others.
async fn serve<W: Work>(
    work: &W,
    turn: Result<W::Turn, Error>,
    requests: &[W::Request],
    deadline: Instant,
) -> Vec<Result<W::Answer, Unserved>> {
    match serve_patiently(work, Some(turn), requests, deadline).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(Unserved::Fault) if requests.len() > 1 => {
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                let alone = serve_patiently(work, None, from_ref(request), deadline).await;
                answers.push(alone.and_then(|mut answers| answers.pop().ok_or(Unserved::Fault)));
            }
            answers
        }
        Err(error) => requests.iter().map(|_| Err(error)).collect(),
    }
}

/// Each further try has a turn of its own.
async fn serve_patiently<W: Work>(
    work: &W,
    mut first_turn: Option<Result<W::Turn, Error>>,
    requests: &[W::Request],
    deadline: Instant,
) -> Result<Vec<W::Answer>, Unserved> {
    for _ in 0..TRIES_MAX {
        let turn = match first_turn.take() {
            Some(turn) => turn,
            None => work.turn(left(deadline)).await,
        };
        let done = match turn {
            Ok(turn) => work.run(turn, requests, left(deadline)).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(answers) => return Ok(answers),
            Err(Error::Busy) => return Err(Unserved::Busy),
            Err(error) if error.is_environmental() => {
                tracing::warn!(%error, work = W::NAME, "a batch could not be done");
                if Instant::now() >= deadline {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(%error, work = W::NAME, requests = requests.len(), "a batch faulted");
                return Err(Unserved::Fault);
            }
        }
    }
    Err(Unserved::Busy)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::{
        sync::{Notify, Semaphore, oneshot},
        task::JoinSet,
        time::timeout,
    };

    use super::*;
    use crate::group::Group;

    /// Doubles numbers, and keeps a list of what it was asked together.
    struct Doubling {
        batches: Arc<Mutex<Vec<Vec<u32>>>>,
        /// Each batch uses one up.
        turns: Arc<Semaphore>,
        /// Notified by whoever begins to wait for one.
        waits: Arc<Notify>,
    }

    impl Doubling {
        fn with_turns(turns: usize) -> Self {
            Self { batches: Arc::default(), turns: Arc::new(Semaphore::new(turns)), waits: Arc::default() }
        }
    }

    /// A batch with this number in it faults.
    const POISON: u32 = 13;

    /// With this one it panics.
    const BOMB: u32 = 99;

    impl Work for Doubling {
        type Request = u32;
        type Answer = u32;
        type Turn = ();

        const NAME: &'static str = "doubling";

        async fn turn(&self, patience: Duration) -> Result<(), Error> {
            self.waits.notify_one();
            let turn = timeout(patience, self.turns.acquire()).await.map_err(|_| Error::Busy)?;
            turn.expect("a turn").forget();
            Ok(())
        }

        async fn run(&self, (): (), numbers: &[u32], _: Duration) -> Result<Vec<u32>, Error> {
            self.batches.lock().unwrap().push(numbers.to_vec());
            assert!(!numbers.contains(&BOMB));
            if numbers.contains(&POISON) {
                return Err(Error::Guard { what: "doubling", expected: 1, actual: 0 });
            }
            Ok(numbers.iter().map(|number| number * 2).collect())
        }
    }

    fn soon() -> Instant {
        Instant::now() + PATIENCE
    }

    #[tokio::test]
    async fn one_that_faults_harms_no_other() {
        let work = Doubling::with_turns(3);
        assert_eq!(serve(&work, Ok(()), &[1, POISON, 3], soon()).await, [Ok(2), Err(Unserved::Fault), Ok(6)]);
        assert_eq!(*work.batches.lock().unwrap(), [vec![1, POISON, 3], vec![1], vec![POISON], vec![3]]);
    }

    #[tokio::test]
    async fn the_task_outlives_a_panic_and_ends_with_the_group() {
        let mut tasks = JoinSet::new();
        let work = Doubling::with_turns(2);
        let turns = Arc::clone(&work.turns);
        let group = Group::start(work, &mut tasks);
        assert_eq!(group.ask(BOMB).await, Err(Unserved::Fault));
        assert_eq!(group.ask(4).await, Ok(8));
        turns.close();
        assert_eq!(group.ask(5).await, Err(Unserved::Fault));
        assert_eq!(group.ask(6).await, Err(Unserved::Fault), "it goes on");
        drop(group);
        tasks.join_next().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn those_who_come_while_the_turn_is_waited_for_come_along() {
        let work = Doubling::with_turns(0);
        let (batches, turns, waits) = (Arc::clone(&work.batches), Arc::clone(&work.turns), Arc::clone(&work.waits));
        let mut tasks = JoinSet::new();
        let group = Group::start(work, &mut tasks);
        let first = group.ask(1);
        waits.notified().await;
        let numbers = 1000..1000 + u32::try_from(BATCH_MAX).unwrap();
        let others: Vec<_> = numbers.clone().map(|number| group.ask(number)).collect();
        turns.add_permits(2);
        assert_eq!(first.await, Ok(2));
        for (other, number) in others.into_iter().zip(numbers) {
            assert_eq!(other.await, Ok(number * 2));
        }
        let sizes: Vec<usize> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [BATCH_MAX, 1], "as many as there is room for");
    }

    #[tokio::test]
    async fn whoever_gets_no_turn_is_told_so_and_a_lost_connection_is_tried_again() {
        let work = Doubling::with_turns(1);
        assert_eq!(serve(&work, Err(Error::Busy), &[1, 2], soon()).await, [Err(Unserved::Busy); 2]);
        assert_eq!(*work.batches.lock().unwrap(), [[0; 0]; 0], "nothing was done");
        let lost = Error::Busy.into_uncertain();
        assert_eq!(serve(&work, Err(lost), &[1, 2], soon()).await, [Ok(2), Ok(4)]);
    }

    #[test]
    fn whoever_waited_too_long_is_shed() {
        let first = Instant::now();
        let now = first + PATIENCE;
        let (mut batch, mut answers) = (vec![], vec![]);
        for since in [first, first + PATIENCE / 2, now] {
            let (answer, answered) = oneshot::channel::<Result<u32, _>>();
            batch.push(Waiting { request: 1, since, answer });
            answers.push(answered);
        }
        assert_eq!(shed_late_ones(&mut batch, now), Some(now + PATIENCE));
        assert_eq!(batch.len(), 2);
        assert_eq!(answers[0].try_recv().unwrap(), Err(Unserved::Busy));
        assert_eq!(shed_late_ones(&mut batch, now + PATIENCE), None);
    }
}
