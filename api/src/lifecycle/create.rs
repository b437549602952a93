//! A new event.

use entity::{
    Database, Error, account,
    audit::{self, Actor, Moved, Step},
    event,
};
use uuid::Uuid;

use crate::{
    attempt::PATIENCE,
    http::caller::Caller,
    views::{Event, NewEvent},
};

/// The ids of an event and, if they have none, of their organizer's account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    pub(crate) event: Uuid,
    pub(crate) account: Uuid,
}

/// Makes an event of the caller's.
pub(crate) async fn create(
    database: Database,
    ids: Ids,
    caller: Caller,
    actor: Actor,
    new: NewEvent,
) -> Result<Event, Error> {
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let organizer_id = account::ensure_organizer(&tx, ids.account, &caller.email, &actor, now).await?;
    let event = new.into_model(ids.event, organizer_id, now);
    event::insert(&tx, &event).await?;
    let step = Step::event("create", None, event.status);
    audit::record_of(&tx, &event, &actor, &step, &[Moved::plain(event.id)], now).await?;
    tx.commit().await?;
    Ok(event.into())
}
