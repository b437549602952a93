//! The writer task: one transaction for each batch.

use std::time::{Duration, Instant};

use entity::{Database, Error, Topic, account, announce, event, job::enqueue};
use tokio::sync::mpsc;

use super::{
    IntakeError, Intent, Verdict, Waiting,
    batch::{Plan, account_ids, keys_to_look_up},
};

/// Intents in one transaction at most: enough to pay for its sync, few enough to hold the lock briefly.
const BATCH_MAX: usize = 256;

/// How long an intent waits for the write lock, from its arrival on.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a batch that lost a deadlock or a connection is tried.
const TRIES_MAX: u32 = 3;

pub(super) async fn run(database: Database, mut receiver: mpsc::Receiver<Waiting>, written: impl Fn(usize)) {
    let mut batch: Vec<Waiting> = Vec::with_capacity(BATCH_MAX);
    while receiver.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let Some(deadline) = shed_late_ones(&mut batch, Instant::now()) else { continue };
        let (intents, answers): (Vec<Intent>, Vec<_>) = batch.drain(..).map(|w| (w.intent, w.answer)).unzip();
        let verdicts = write(&database, &intents, deadline).await;
        written(intents.len());
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            // A client that went away reads its registration later, or sends its key again.
            let _ = answer.send(verdict);
        }
    }
}

/// Answers those who have waited for too long behind others. Returns until when the rest may wait for the lock: as long
/// as the last of them; nothing if there is no rest.
fn shed_late_ones(batch: &mut Vec<Waiting>, now: Instant) -> Option<Instant> {
    for late in batch.extract_if(.., |waiting| waiting.since + PATIENCE <= now) {
        let _ = late.answer.send(Err(IntakeError::Busy));
    }
    batch.last().map(|last| last.since + PATIENCE)
}

/// Writes a batch. If the database refuses it for what is in it, each intent is tried alone, so that one cannot harm
/// the others.
async fn write(database: &Database, intents: &[Intent], deadline: Instant) -> Vec<Result<Verdict, IntakeError>> {
    match write_patiently(database, intents, deadline).await {
        Ok(verdicts) => verdicts.into_iter().map(Ok).collect(),
        Err(IntakeError::Fault) if intents.len() > 1 => {
            let mut verdicts = Vec::with_capacity(intents.len());
            for intent in intents {
                let alone = write_patiently(database, std::slice::from_ref(intent), deadline).await;
                verdicts.push(alone.map(|mut verdicts| verdicts.remove(0)));
            }
            verdicts
        }
        Err(error) => vec![Err(error); intents.len()],
    }
}

async fn write_patiently(
    database: &Database,
    intents: &[Intent],
    deadline: Instant,
) -> Result<Vec<Verdict>, IntakeError> {
    for _ in 0..TRIES_MAX {
        match write_once(database, intents, deadline.saturating_duration_since(Instant::now())).await {
            Ok(verdicts) => return Ok(verdicts),
            Err(Error::Busy) => return Err(IntakeError::Busy),
            // The same ids again: if the commit did go through, the next try finds them.
            Err(error) if error.is_environmental() => {
                tracing::warn!(%error, "an intake batch could not be written");
                if Instant::now() >= deadline {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(%error, intents = intents.len(), "an intake batch faulted");
                return Err(IntakeError::Fault);
            }
        }
    }
    Err(IntakeError::Busy)
}

async fn write_once(database: &Database, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
    let tx = database.begin(patience).await?;
    let now = tx.now().await?;
    let mut event_ids: Vec<_> = intents.iter().map(|intent| intent.job.event_id).collect();
    event_ids.sort_unstable();
    event_ids.dedup();
    let standings = account::standings(&*tx, &account_ids(intents)).await?;
    let plan = Plan::new(intents, &standings, &event::windows(&*tx, &event_ids).await?, now);
    let stored = enqueue::insert(&tx, &plan.jobs(intents), now).await?;
    let keys = keys_to_look_up(intents, &stored);
    let taken = enqueue::find_by_keys(&*tx, &keys).await?;
    if stored.is_empty() {
        tx.rollback().await?;
    } else {
        announce(&tx, Topic::Intents).await?;
        tx.commit().await?;
    }
    Ok(plan.verdicts(intents, &stored, &taken, now))
}
