//! → cancelled. From here on nobody registers or confirms; workers cancel the tickets and refuse the intents that are
//! left, in batches.

use entity::{
    Database, Error, Seats, Topic, Viewer, announce,
    audit::Actor,
    event::{self, EventStatus},
};
use uuid::Uuid;

use super::{Outcome, lock, read_back, record};
use crate::{attempt::PATIENCE, http::problem::Code, views::EventEffect};

/// Cancels an event. One that is cancelled stays as it is. With `dry_run` nothing changes.
pub(crate) async fn cancel(
    database: Database,
    id: Uuid,
    viewer: Viewer,
    actor: Actor,
    dry_run: bool,
) -> Result<Outcome, Error> {
    let tx = database.begin(PATIENCE).await?;
    let event = match lock(&tx, id, &viewer).await? {
        Ok(event) => event,
        Err(problem) => return Ok(Err(problem)),
    };
    let now = tx.now().await?;
    if event.status == EventStatus::Cancelled {
        return Ok(Ok(event.into()));
    }
    if event.ends_at.unwrap_or(event.starts_at) <= now {
        return Ok(Err(Code::EventEnded.into()));
    }
    let effect = EventEffect::of_cancelling(event::live_counts(&*tx, id).await?);
    let cancelled = event::Model { status: EventStatus::Cancelled, ..event.clone() };
    event::update(&tx, &cancelled, now).await?;
    record(&tx, &event, &actor, ("cancel", EventStatus::Cancelled), None, now).await?;
    let mut seats = Seats::of(&tx, cancelled, &actor, now);
    seats.leave_to_workers();
    seats.save().await?;
    let event = read_back(&tx, id, Some(effect)).await?;
    if dry_run {
        tx.rollback().await?;
    } else {
        announce(&tx, Topic::Changes).await?;
        tx.commit().await?;
    }
    Ok(Ok(event))
}
