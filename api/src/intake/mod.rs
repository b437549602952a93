//! Intake: takes intents in, many at a time, and answers each once it is durable.
//!
//! Handlers hand their intent to one writer task over a bounded channel. The writer commits whatever has gathered in
//! one transaction; while one batch is being synced the next one gathers, so there is no delay when idle and there are
//! large batches under load. A full channel is answered at once: load is shed, memory stays bounded.

mod batch;
mod writer;

pub(crate) use batch::{IntakeRefusal, Intent};

use std::time::Instant;

use entity::{Database, Millis};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use uuid::Uuid;

/// Intents that wait for the writer at most.
const WAITING_MAX: usize = 4096;

/// What became of an intent at intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Durable, to be decided.
    Accepted {
        /// When.
        created_at: Millis,
    },
    /// Its key was used for the same request before; this is the registration it led to.
    Replayed(Uuid),
    /// Not stored; the key stays free.
    Refused(IntakeRefusal),
}

/// The writer could not take or store the intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntakeError {
    /// Too much is going on.
    Busy,
    /// The database refused this intent for reasons nobody foresaw.
    Fault,
}

/// An intent on its way to the writer.
#[derive(Debug)]
struct Waiting {
    intent: Intent,
    since: Instant,
    answer: oneshot::Sender<Result<Verdict, IntakeError>>,
}

/// The handlers' end.
#[derive(Clone, Debug)]
pub(crate) struct Intake(mpsc::Sender<Waiting>);

impl Intake {
    /// Starts the writer, which calls `written` after each batch with its size. It ends, with everything written, when every `Intake` is gone.
    pub(crate) fn start(database: Database, written: impl Fn(usize) + Send + 'static) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), tokio::spawn(writer::run(database, receiver, written)))
    }

    /// Stores the intent. When this returns [`Verdict::Accepted`] the intent is durable.
    ///
    /// # Errors
    /// When it is not known to be stored. Asking again with the same key is right.
    pub(crate) async fn submit(&self, intent: Intent) -> Result<Verdict, IntakeError> {
        let (answer, verdict) = oneshot::channel();
        let waiting = Waiting { intent, since: Instant::now(), answer };
        self.0.try_send(waiting).map_err(|_| IntakeError::Busy)?;
        verdict.await.unwrap_or(Err(IntakeError::Busy))
    }
}

#[cfg(test)]
mod tests {
    use entity::{Email, account::Role, job::enqueue::NewJob};

    use super::*;
    use crate::http::caller::Caller;

    fn intent() -> Intent {
        let text = String::new;
        let job = NewJob {
            id: Uuid::nil(),
            event_id: Uuid::nil(),
            email: text(),
            name: text(),
            party_size: 1,
            key_scope: text(),
            idempotency_key: text(),
            fingerprint: text(),
            trace_context: None,
            request_id: None,
        };
        let email = Email::parse("a@x.org").unwrap();
        let caller = Caller { email, role: Role::Attendee, account_id: None, token_version: 0 };
        Intent { job, caller, names_another: false, is_simulated: false }
    }

    #[tokio::test]
    async fn a_full_channel_sheds_load_at_once() {
        let (sender, mut receiver) = mpsc::channel(1);
        let intake = Intake(sender);
        let first = tokio::spawn({
            let intake = intake.clone();
            async move { intake.submit(intent()).await }
        });
        let waiting = receiver.recv().await.unwrap();
        // One more fits; nobody takes it out.
        let second = tokio::spawn({
            let intake = intake.clone();
            async move { intake.submit(intent()).await }
        });
        while intake.0.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(intake.submit(intent()).await, Err(IntakeError::Busy));
        waiting.answer.send(Ok(Verdict::Accepted { created_at: 1 })).unwrap();
        assert_eq!(first.await.unwrap(), Ok(Verdict::Accepted { created_at: 1 }));
        drop(receiver);
        assert_eq!(second.await.unwrap(), Err(IntakeError::Busy), "the writer is gone");
    }
}
