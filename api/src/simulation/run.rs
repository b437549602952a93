//! Runs a simulation: sends the people, waits until everybody was decided, reports, and removes the shadow.

use std::{sync::Arc, time::Duration};

use entity::{
    Database, Email, Error,
    account::Role,
    job::{JobState, enqueue::NewJob},
    rehearsal,
    simulation::{self, Simulation},
};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::report;
use crate::{
    app::App,
    attempt::{PATIENCE, attempt},
    group::Unserved,
    http::caller::Caller,
    intake::{Intake, Intent, Verdict},
};

/// People who wait for intake's answer at the same time, as connections would.
const AT_ONCE: usize = 256;

/// How often a person whom intake turns away for being busy comes back, and after how long.
const TRIES_MAX: u32 = 100;
const TRY_PAUSE: Duration = Duration::from_millis(20);

/// How often the outcome is looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// How often it says that it is not left behind.
const ALIVE_PAUSE: Duration = Duration::from_secs(5);

/// What is not decided after this long is reported as pending.
const PATIENCE_FOR_OUTCOMES: Duration = Duration::from_mins(2);

/// Jobs removed in one transaction.
const REMOVED_MAX: u32 = 500;

/// Between two batches of removal: whoever registers comes first.
const BREATH: Duration = Duration::from_millis(10);

/// Runs it to its end. What goes wrong is logged; then a worker removes what is left.
pub(crate) async fn run(app: Arc<App>, simulation: Simulation) {
    let id = simulation.id;
    let ran = tokio::select! {
        () = app.stop.cancelled() => return,
        ran = rehearse(&app, &simulation) => ran,
        error = say_alive(&app.database, id) => Err(error),
    };
    if let Err(error) = ran {
        tracing::warn!(%error, %id, "a simulation could not be finished");
    }
}

/// Says now and then that the simulation is not left behind. Returns when that cannot be said.
async fn say_alive(database: &Database, id: Uuid) -> Error {
    loop {
        sleep(ALIVE_PAUSE).await;
        let database = database.clone();
        let said = attempt(move || touch(database.clone(), id)).await;
        if let Err(error) = said {
            return error;
        }
    }
}

async fn touch(database: Database, id: Uuid) -> Result<(), Error> {
    let tx = database.begin(PATIENCE).await?;
    simulation::touch(&tx, id, tx.now().await?).await?;
    tx.commit().await
}

async fn rehearse(app: &App, simulation: &Simulation) -> Result<(), Error> {
    let Some(shadow_id) = simulation.shadow_id else { return Ok(()) };
    let begun = Instant::now();
    let turned_away = send(&app.intake, simulation, shadow_id).await;
    wait_for_outcomes(&app.database, shadow_id, simulation.users - turned_away).await?;
    let report = report(&app.database, shadow_id, turned_away, begun.elapsed()).await?;
    let text = serde_json::to_string(&report).map_err(|error| Error::Unusable(error.to_string()))?;
    let (database, id) = (app.database.clone(), simulation.id);
    attempt(move || finish(database.clone(), id, text.clone())).await?;
    remove(&app.database, simulation).await
}

async fn finish(database: Database, id: Uuid, report: String) -> Result<(), Error> {
    let tx = database.begin(PATIENCE).await?;
    simulation::finish(&tx, id, &report, tx.now().await?).await?;
    tx.commit().await
}

/// Sends everybody to intake, in order of their numbers. Returns how many could not be taken in.
async fn send(intake: &Intake, simulation: &Simulation, shadow_id: Uuid) -> i64 {
    let users = 0..simulation.users;
    let asked = stream::iter(users).map(|n| ask(intake, intent(simulation.id, shadow_id, n))).buffered(AT_ONCE);
    asked.filter(|taken| std::future::ready(!taken)).count().await.try_into().unwrap_or(i64::MAX)
}

/// Asks until intake takes it. Returns whether it did.
async fn ask(intake: &Intake, intent: Option<Intent>) -> bool {
    let Some(intent) = intent else { return false };
    for _ in 0..TRIES_MAX {
        match intake.ask(intent.clone()).await {
            Ok(Verdict::Accepted { .. } | Verdict::Replayed(_)) => return true,
            Err(Unserved::Busy) => sleep(TRY_PAUSE).await,
            Ok(Verdict::Refused(_)) | Err(Unserved::Fault) => return false,
        }
    }
    false
}

/// The intent of the n-th invented person. Nobody can have such an address (RFC 2606).
fn intent(simulation_id: Uuid, shadow_id: Uuid, n: i64) -> Option<Intent> {
    let email = Email::parse(&format!("person-{n}@{}.invalid", simulation_id.simple())).ok()?;
    let job = NewJob {
        id: Uuid::now_v7(),
        event_id: shadow_id,
        name: format!("Person {n}"),
        party_size: 1,
        key_scope: email.to_string(),
        email: email.to_string(),
        idempotency_key: "simulation".to_owned(),
        fingerprint: String::new(),
        trace_context: None,
        request_id: None,
    };
    let caller = Caller { email, role: Role::Attendee, account_id: None, token_version: 0 };
    Some(Intent { job, caller, names_another: false, is_simulated: true })
}

async fn wait_for_outcomes(database: &Database, shadow_id: Uuid, expected: i64) -> Result<(), Error> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE_FOR_OUTCOMES {
        let tally = rehearsal::tally(database.reader(), shadow_id).await?;
        let decided: i64 = tally.iter().filter(|tally| tally.state != JobState::Pending).map(|tally| tally.count).sum();
        if decided >= expected {
            break;
        }
        sleep(LOOK_PAUSE).await;
    }
    Ok(())
}

async fn remove(database: &Database, simulation: &Simulation) -> Result<(), Error> {
    loop {
        let (database, simulation) = (database.clone(), simulation.clone());
        if !attempt(move || remove_some(database.clone(), simulation.clone())).await? {
            return Ok(());
        }
        sleep(BREATH).await;
    }
}

async fn remove_some(database: Database, simulation: Simulation) -> Result<bool, Error> {
    let tx = database.begin(PATIENCE).await?;
    let more = simulation::remove_shadow(&tx, &simulation, REMOVED_MAX).await?;
    tx.commit().await?;
    Ok(more)
}
