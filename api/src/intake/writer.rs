//! The writer: one transaction for each batch.

use std::time::Duration;

use entity::{Database, Error, Topic, account, announce, event, job::enqueue};

use super::{
    Intent, Verdict,
    batch::{Plan, account_ids, keys_to_look_up},
};
use crate::group::{Work, each_once};

/// Writes intents, and calls `written` after each transaction with their number.
#[derive(Debug)]
pub(crate) struct Writer<F> {
    pub(crate) database: Database,
    pub(crate) written: F,
}

impl<F: Fn(usize) + Send + Sync + 'static> Work for Writer<F> {
    type Request = Intent;
    type Answer = Verdict;

    const NAME: &'static str = "intake";

    async fn run(&self, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
        let verdicts = write(&self.database, intents, patience).await;
        // Also when it failed: nobody may know whether it did.
        (self.written)(intents.len());
        verdicts
    }
}

/// Tried again with the same ids: if the commit did go through unnoticed, the next try finds them.
async fn write(database: &Database, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
    let tx = database.begin(patience).await?;
    let now = tx.now().await?;
    let event_ids = each_once(intents.iter().map(|intent| intent.job.event_id));
    let standings = account::standings(&*tx, &account_ids(intents)).await?;
    let plan = Plan::new(intents, &standings, &event::windows(&*tx, &event_ids).await?, now);
    let stored = enqueue::insert(&tx, plan.jobs(intents), now).await?;
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
