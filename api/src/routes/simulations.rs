//! Trying out a sale on a hidden copy of an event.

use std::{sync::Arc, time::Duration};

use entity::{
    Error,
    job::JobState,
    rehearsal,
    simulation::{self as stored, SimulationState},
    worker,
};
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    http::{
        caller::{Admin, As},
        fields::path_id,
        json::Json,
        parameters::{Prefer, Users},
        problem::{Code, Problem},
    },
    simulation::{Ids, prepare, run},
    views::Simulation,
};

pub(super) struct Simulations;

/// How often a simulation that somebody waits for is looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// Seconds after which asking again is worth it.
const RETRY_AFTER: u32 = 1;

#[derive(ApiResponse)]
enum Begun {
    /// With `Prefer: wait`: it is over, and this is what it showed.
    #[oai(status = 200)]
    Over(Json<Simulation>, #[oai(header = "Location")] String, #[oai(header = "Preference-Applied")] Option<String>),
    /// It is running: ask for it at `Location`.
    #[oai(status = 202)]
    Running(
        Json<Simulation>,
        #[oai(header = "Location")] String,
        #[oai(header = "Preference-Applied")] Option<String>,
        #[oai(header = "Retry-After")] u32,
    ),
}

#[derive(ApiResponse)]
enum Found {
    /// Here it is.
    #[oai(status = 200)]
    Simulation(Json<Simulation>, #[oai(header = "Preference-Applied")] Option<String>),
}

#[OpenApi(tag = "Tag::Operations")]
impl Simulations {
    /// Simulates a sale
    ///
    /// So many invented people ask for a seat of a hidden copy of the event, through the real intake and the real workers.
    /// Nothing of the real event changes. With `Prefer: wait=N` the answer tells what it showed, if it is over within N
    /// seconds. For administrators.
    #[oai(path = "/admin/events/:id/simulate", method = "post", operation_id = "simulateEvent")]
    async fn simulate(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Admin>,
        #[oai(name = "Prefer")] prefer: Prefer,
        users: Users,
        id: Path<String>,
    ) -> Result<Begun, Problem> {
        let event_id = path_id(&id).ok_or(Code::NotFound)?;
        let database = app.database.clone();
        if worker::count_seen(database.reader(), database.now().await?).await? == 0 {
            return Err(Code::NoWorker.into());
        }
        let ids = Ids { simulation: Uuid::now_v7(), shadow: Uuid::now_v7() };
        let viewer = caller.0.viewer();
        let runner = Arc::clone(&app);
        // One task: a client that goes away must not leave a simulation that nobody runs.
        let begun = tokio::spawn(async move {
            let begun = attempt(move || prepare(database.clone(), ids, event_id, users.0, viewer.clone())).await?;
            Ok::<_, Error>(begun.map(|begun| _ = tokio::spawn(run(runner, begun))))
        });
        let begun = begun.await.map_err(|_| Code::Internal)?;
        begun??;
        let simulation = read(&app, ids.simulation, prefer.duration()).await?;
        let (location, applied) = (format!("/admin/simulations/{}", ids.simulation), prefer.applied());
        if simulation.report.is_some() {
            return Ok(Begun::Over(Json(simulation), location, applied));
        }
        Ok(Begun::Running(Json(simulation), location, applied, RETRY_AFTER))
    }

    /// Reads a simulation
    ///
    /// With `Prefer: wait=N` it answers when the simulation is over, after N seconds at the latest. For administrators.
    #[oai(path = "/admin/simulations/:id", method = "get", operation_id = "getSimulation")]
    async fn read(
        &self,
        app: Data<&Arc<App>>,
        _caller: As<Admin>,
        #[oai(name = "Prefer")] prefer: Prefer,
        id: Path<String>,
    ) -> Result<Found, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        Ok(Found::Simulation(Json(read(&app, id, prefer.duration()).await?), prefer.applied()))
    }
}

/// The simulation as it is, or as it is once it is over if that happens while there is patience.
async fn read(app: &App, id: Uuid, patience: Option<Duration>) -> Result<Simulation, Problem> {
    let until = Instant::now() + patience.unwrap_or_default();
    loop {
        let reader = app.database.reader();
        let simulation = stored::find(reader, id).await?.ok_or(Code::NotFound)?;
        let is_running = simulation.state == SimulationState::Running;
        if is_running && Instant::now() < until && !app.stop.is_cancelled() {
            sleep(LOOK_PAUSE).await;
            continue;
        }
        let shadow_id = simulation.shadow_id.filter(|_| is_running);
        let mut progress = None;
        if let Some(shadow_id) = shadow_id {
            let tally = rehearsal::tally(reader, shadow_id).await?;
            let decided = tally.iter().filter(|tally| tally.state != JobState::Pending).map(|tally| tally.count).sum();
            progress = Some((tally.iter().map(|tally| tally.count).sum(), decided));
        }
        return Ok(Simulation::new(simulation, progress));
    }
}
