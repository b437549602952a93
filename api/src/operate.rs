//! What administrators decide about jobs that failed: another try, or none.

use entity::{
    Database, Error, Topic, announce,
    audit::{Actor, Who},
    job::{
        JobState,
        operate::{self, Step},
    },
};
use uuid::Uuid;

use crate::{
    attempt::{PATIENCE, attempt},
    http::problem::Code,
    views::Job,
};

/// Jobs in one transaction at most: nobody else writes meanwhile on SQLite.
const BATCH_MAX: u32 = 500;

/// Makes a failed job pending again. The inner error is a refusal.
pub(crate) async fn retry(database: Database, id: Uuid, actor: Actor) -> Result<Result<Job, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    if let Some(code) = refusal(operate::lock(&tx, id).await?) {
        return Ok(Err(code));
    }
    operate::retry(&tx, id, tx.now().await?).await?;
    let job = read_back(operate::find(&*tx, id).await?)?;
    announce(&tx, Topic::Intents).await?;
    tx.commit().await?;
    tracing::info!(actor = name(&actor), request_id = actor.request_id, job_id = %id, "retried a failed job");
    Ok(Ok(job))
}

/// Gives up on a failed job: its registration is refused. The inner error is a refusal.
pub(crate) async fn discard(database: Database, id: Uuid, actor: Actor) -> Result<Result<Job, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    if let Some(code) = refusal(operate::lock(&tx, id).await?) {
        return Ok(Err(code));
    }
    operate::discard(&tx, id, tx.now().await?).await?;
    let job = read_back(operate::find(&*tx, id).await?)?;
    announce(&tx, Topic::Changes).await?;
    tx.commit().await?;
    tracing::info!(actor = name(&actor), request_id = actor.request_id, job_id = %id, "discarded a failed job");
    Ok(Ok(job))
}

/// Makes every failed job, of one event or of all, pending again, a batch at a time, and calls `after_each` when a batch
/// is durable. Returns how many.
pub(crate) async fn retry_all(
    database: &Database,
    event_id: Option<Uuid>,
    actor: &Actor,
    after_each: impl Fn(),
) -> Result<i64, Error> {
    let (mut retried, mut at) = (0, Some((Uuid::nil(), 0)));
    while let Some(after) = at {
        let database = database.clone();
        let (moved, next) = attempt(move || retry_batch(database.clone(), event_id, after)).await?;
        after_each();
        if moved > 0 {
            let event_id = event_id.map(tracing::field::display);
            tracing::info!(
                actor = name(actor),
                request_id = actor.request_id,
                event_id,
                jobs = moved,
                "retried failed jobs"
            );
        }
        retried += moved;
        at = next;
    }
    Ok(retried)
}

async fn retry_batch(database: Database, event_id: Option<Uuid>, after: Step) -> Result<(i64, Option<Step>), Error> {
    let tx = database.begin(PATIENCE).await?;
    let batch = operate::retry_many(&tx, event_id, after, BATCH_MAX, tx.now().await?).await?;
    announce(&tx, Topic::Intents).await?;
    tx.commit().await?;
    Ok(batch)
}

/// Who decided, for the log, which holds no e-mails: it is the only record of decisions about jobs.
fn name(actor: &Actor) -> String {
    match &actor.who {
        Who::Account(id) | Who::Worker(id) => id.to_string(),
        Who::Gateway(_) => "gateway".to_owned(),
        Who::Operator => "operator".to_owned(),
    }
}

/// Why nothing can be decided about it.
fn refusal(job: Option<operate::Job>) -> Option<Code> {
    match job.map(|job| job.state) {
        None => Some(Code::NotFound),
        Some(JobState::Failed) => None,
        Some(JobState::Pending | JobState::Settled) => Some(Code::JobNotFailed),
    }
}

fn read_back(job: Option<operate::Job>) -> Result<Job, Error> {
    job.map(Job::from).ok_or(Error::Guard { what: "operate::find", expected: 1, actual: 0 })
}
