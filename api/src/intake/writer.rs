//! The writer: one statement that writes for each batch.

use std::time::Duration;

use entity::{
    Database, Error, account, event, fault_point,
    job::enqueue::{self, NewJob},
};

use super::{
    Intent, Verdict,
    batch::{Plan, account_ids, keys_to_look_up},
    premise::Remembered,
};
use crate::group::{Work, each_once};

/// Writes intents, and calls `written` after each batch with their number and whether any of them may be new.
#[derive(Debug)]
pub(crate) struct Writer<F> {
    database: Database,
    written: F,
    remembered: Remembered,
}

impl<F> Writer<F> {
    pub(crate) fn new(database: Database, written: F) -> Self {
        Self { database, written, remembered: Remembered::default() }
    }

    async fn write(&self, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
        if let Some(verdicts) = self.write_as_remembered(intents, patience).await? {
            return Ok(verdicts);
        }
        self.write_as_it_is(intents, patience).await
    }

    /// Stores all of them, if all are admitted by what is remembered of their events, and if that is still so. Otherwise
    /// it is not known what should become of them, and whether some are stored.
    async fn write_as_remembered(&self, intents: &[Intent], patience: Duration) -> Result<Option<Vec<Verdict>>, Error> {
        if self.database.is_postgres() {
            // The clock has to be asked first, and the events are with it.
            return Ok(None);
        }
        let now = self.database.now().await?;
        let Some(premise) = self.remembered.premise(intents, now) else { return Ok(None) };
        let jobs: Vec<&NewJob> = intents.iter().map(|intent| &intent.job).collect();
        fault_point!("intake.before_statement");
        let all_added = enqueue::insert_on(&premise, &self.database, &jobs, now, patience).await?;
        fault_point!("intake.after_statement");
        Ok(all_added.then(|| vec![Verdict::Accepted { created_at: now }; intents.len()]))
    }

    /// Judges the intents and stores the admissible ones with one statement, which is the transaction. What they are
    /// judged by is read after they came in, and so is never older than what their clients were told before.
    ///
    /// Tried again with the same ids: if it did go through unnoticed, the next try finds them.
    async fn write_as_it_is(&self, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
        let database = &self.database;
        let event_ids = each_once(intents.iter().map(|intent| intent.job.event_id));
        let account_ids = account_ids(intents);
        let (standings, (windows, now)) = tokio::try_join!(
            account::standings(database.reader(), &account_ids),
            event::windows_now(database, &event_ids)
        )?;
        let plan = Plan::new(intents, &standings, &windows, now);
        self.remembered.keep(windows);
        fault_point!("intake.before_statement");
        let stored = enqueue::insert(database, &plan.jobs(intents), now, patience).await?;
        fault_point!("intake.after_statement");
        let keys = keys_to_look_up(intents, &stored);
        let taken = enqueue::find_by_keys(database.reader(), &keys).await?;
        Ok(plan.verdicts(intents, &stored, &taken, now))
    }
}

impl<F: Fn(usize, bool) + Send + Sync + 'static> Work for Writer<F> {
    type Request = Intent;
    type Answer = Verdict;

    const NAME: &'static str = "intake";

    async fn run(&self, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
        let verdicts = self.write(intents, patience).await;
        let is_new = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. });
        // Also when it failed: nobody may know whether it did.
        let any_new = verdicts.as_ref().map_or(true, |verdicts| verdicts.iter().any(is_new));
        (self.written)(intents.len(), any_new);
        verdicts
    }
}
