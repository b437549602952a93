//! Simulations: N invented people ask for a seat of a hidden copy of an event, through the real intake and the real
//! workers. Nothing of the real event changes.

mod report;
mod run;

pub(crate) use report::report;
pub(crate) use run::run;

use entity::{
    Database, Error, Viewer,
    event::{self, Managed},
    simulation::{self, Simulation, SimulationState},
};
use uuid::Uuid;

use crate::{attempt::PATIENCE, http::problem::Code};

/// The most people of one simulation.
pub(crate) const USERS_MAX: u32 = 20_000;

/// The most simulations at one time, in all processes together.
const RUNNING_MAX: i64 = 2;

/// The ids of a simulation and its shadow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    pub(crate) simulation: Uuid,
    pub(crate) shadow: Uuid,
}

/// Makes the copy that people will be sent to. The inner error is a refusal.
pub(crate) async fn prepare(
    database: Database,
    ids: Ids,
    event_id: Uuid,
    users: u32,
    viewer: Viewer,
) -> Result<Result<Simulation, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    simulation::lock(&tx).await?;
    let event = match event::find_for_manager(&*tx, event_id, &viewer).await? {
        Managed::Yours(event) => event,
        Managed::Others => return Ok(Err(Code::Forbidden)),
        Managed::Hidden => return Ok(Err(Code::NotFound)),
    };
    let now = tx.now().await?;
    if simulation::count_running(&tx, now).await? >= RUNNING_MAX {
        return Ok(Err(Code::TooManySimulations));
    }
    event::insert(&tx, &simulation::shadow(&event, ids.shadow, now)).await?;
    let begun = Simulation {
        id: ids.simulation,
        event_id,
        shadow_id: Some(ids.shadow),
        users: i64::from(users),
        state: SimulationState::Running,
        created_at: now,
        touched_at: now,
        finished_at: None,
        report: None,
    };
    simulation::begin(&tx, &begun).await?;
    tx.commit().await?;
    Ok(Ok(begun))
}
