//! draft → published.

use entity::{
    Database, Error, Viewer,
    audit::Actor,
    event::{self, EventStatus},
};
use uuid::Uuid;

use super::{Outcome, lock, read_back, record};
use crate::{attempt::PATIENCE, http::problem::Code};

/// Publishes an event. One that is published stays as it is.
pub(crate) async fn publish(database: Database, id: Uuid, viewer: Viewer, actor: Actor) -> Result<Outcome, Error> {
    let tx = database.begin(PATIENCE).await?;
    let event = match lock(&tx, id, &viewer).await? {
        Ok(event) => event,
        Err(problem) => return Ok(Err(problem)),
    };
    match event.status {
        EventStatus::Published => return Ok(Ok(event.into())),
        EventStatus::Cancelled => return Ok(Err(Code::EventCancelled.into())),
        EventStatus::Draft => {}
    }
    let now = tx.now().await?;
    let published = event::Model { status: EventStatus::Published, published_at: Some(now), ..event.clone() };
    event::update(&tx, &published, now).await?;
    record(&tx, &event, &actor, ("publish", EventStatus::Published), None, now).await?;
    let event = read_back(&tx, id, None).await?;
    tx.commit().await?;
    Ok(Ok(event))
}
