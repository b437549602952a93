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
        let (requests, senders): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.request, w.answer)).unzip();
        let served = AssertUnwindSafe(serve(&work, &requests, deadline)).catch_unwind().await;
        // A panic is this batch's fault, and not the end of the task.
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
    for late in batch.extract_if(.., |waiting| waiting.since + PATIENCE <= now) {
        let _ = late.answer.send(Err(Unserved::Busy));
    }
    batch.last().map(|last| last.since + PATIENCE)
}

/// Serves a batch. If the database refuses it for what is in it, each request is tried alone, so that one cannot harm
/// the others.
async fn serve<W: Work>(work: &W, requests: &[W::Request], deadline: Instant) -> Vec<Result<W::Answer, Unserved>> {
    match serve_patiently(work, requests, deadline).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(Unserved::Fault) if requests.len() > 1 => {
            let mut answers = Vec::with_capacity(requests.len());
            for request in requests {
                let alone = serve_patiently(work, from_ref(request), deadline).await;
                answers.push(alone.and_then(|mut answers| answers.pop().ok_or(Unserved::Fault)));
            }
            answers
        }
        Err(error) => requests.iter().map(|_| Err(error)).collect(),
    }
}

async fn serve_patiently<W: Work>(
    work: &W,
    requests: &[W::Request],
    deadline: Instant,
) -> Result<Vec<W::Answer>, Unserved> {
    for _ in 0..TRIES_MAX {
        match work.run(requests, deadline.saturating_duration_since(Instant::now())).await {
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
    use std::sync::Mutex;

    use tokio::{sync::oneshot, task::JoinSet};

    use super::*;
    use crate::group::Group;

    /// Doubles numbers, and keeps a list of what it was asked together.
    #[derive(Default)]
    struct Doubling {
        batches: Mutex<Vec<Vec<u32>>>,
    }

    /// A batch with this number in it faults.
    const POISON: u32 = 13;

    /// With this one it panics.
    const BOMB: u32 = 99;

    impl Work for Doubling {
        type Request = u32;
        type Answer = u32;

        const NAME: &'static str = "doubling";

        async fn run(&self, numbers: &[u32], _: Duration) -> Result<Vec<u32>, Error> {
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
        let work = Doubling::default();
        assert_eq!(serve(&work, &[1, POISON, 3], soon()).await, [Ok(2), Err(Unserved::Fault), Ok(6)]);
        let batches = work.batches.into_inner().unwrap();
        assert_eq!(batches, [vec![1, POISON, 3], vec![1], vec![POISON], vec![3]]);
    }

    #[tokio::test]
    async fn the_task_outlives_a_panic_and_ends_with_the_group() {
        let mut tasks = JoinSet::new();
        let group = Group::start(Doubling::default(), &mut tasks);
        assert_eq!(group.ask(BOMB).await, Err(Unserved::Fault));
        assert_eq!(group.ask(4).await, Ok(8));
        drop(group);
        tasks.join_next().await.unwrap().unwrap();
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
