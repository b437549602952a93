//! The writer: one statement for each batch, and one sync.

use std::time::Duration;

use entity::{Database, Error, Turn, account, event, fault_point, job::enqueue};

use super::{
    Intent, Verdict,
    batch::{Plan, account_ids, keys_to_look_up},
};
use crate::group::{Work, each_once};

/// Writes intents, and calls `written` after each batch with their number and whether any of them may be new.
#[derive(Debug)]
pub(crate) struct Writer<F> {
    pub(crate) database: Database,
    pub(crate) written: F,
}

impl<F: Fn(usize, bool) + Send + Sync + 'static> Work for Writer<F> {
    type Request = Intent;
    type Answer = Verdict;
    type Turn = Option<Turn>;

    const NAME: &'static str = "intake";

    async fn turn(&self, patience: Duration) -> Result<Self::Turn, Error> {
        self.database.turn(patience).await
    }

    async fn run(&self, turn: Self::Turn, intents: &[Intent], patience: Duration) -> Result<Vec<Verdict>, Error> {
        let verdicts = write(&self.database, turn, intents, patience).await;
        let is_new = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. });
        // Also when it failed: nobody may know whether it did.
        let any_new = verdicts.as_ref().map_or(true, |verdicts| verdicts.iter().any(is_new));
        // Before the sync: what a worker makes of it is synced with it.
        (self.written)(intents.len(), any_new);
        let verdicts = verdicts?;
        if verdicts.iter().any(Verdict::is_promise) {
            self.database.durable().await.map_err(not_durable)?;
        }
        Ok(verdicts)
    }
}

/// Trying again at once would find them all stored and the disk as it is: the clients do that, later.
#[expect(clippy::needless_pass_by_value, reason = "it takes the place of the error")]
fn not_durable(error: Error) -> Error {
    tracing::warn!(%error, "intents are stored, but not known to be durable");
    Error::Busy
}

/// Judges the intents and stores the admissible ones with one statement, which is the transaction. What they are judged
/// by is read after they came in, and so is never older than what their clients were told before.
///
/// Tried again with the same ids: if it did go through unnoticed, the next try finds them.
async fn write(
    database: &Database,
    turn: Option<Turn>,
    intents: &[Intent],
    patience: Duration,
) -> Result<Vec<Verdict>, Error> {
    let event_ids = each_once(intents.iter().map(|intent| intent.job.event_id));
    let account_ids = account_ids(intents);
    let (standings, (windows, now)) =
        tokio::try_join!(account::standings_alone(database, &account_ids), event::windows_now(database, &event_ids))?;
    let plan = Plan::new(intents, &standings, &windows, now);
    fault_point!("intake.before_statement");
    let stored = enqueue::insert(database, turn, &plan.jobs(intents), now, patience).await?;
    fault_point!("intake.after_statement");
    let keys = keys_to_look_up(intents, &stored);
    let taken = enqueue::find_by_keys(database.reader(), &keys).await?;
    Ok(plan.verdicts(intents, &stored, &taken, now))
}
