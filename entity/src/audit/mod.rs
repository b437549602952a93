//! The record: one row, never changed again, for each change of state of a ticket, an event or an account, written in
//! the transaction that made the change.

mod each;
mod issued;
pub mod read;

pub use each::{Act, record_each};
pub use issued::record_issued;

use sea_orm::entity::prelude::*;

use crate::{
    Email, Error, Millis, Transaction,
    db::{row, rows, sql, values},
    error::guard,
    event::{self, EventStatus},
    ticket::TicketStatus,
};

/// Who did it, and on behalf of which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The request; none when nobody asked.
    pub request_id: Option<String>,
}

/// Somebody, or something, that changes things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody with an account of ours.
    Account(Uuid),
    /// Somebody whom an authenticating gateway vouched for.
    Gateway(Email),
    /// A worker, by the id it took when it started.
    Worker(Uuid),
    /// Whoever runs the service, at the command line.
    Operator,
}

impl Actor {
    /// A worker, at nobody's request.
    pub fn worker(id: Uuid) -> Self {
        Self { who: Who::Worker(id), request_id: None }
    }

    /// Whoever runs the service, at the command line.
    pub fn operator() -> Self {
        Self { who: Who::Operator, request_id: None }
    }
}

/// What kind of somebody, or something, changes things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ActorKind {
    /// Somebody with an account of ours.
    #[sea_orm(string_value = "account")]
    Account,
    /// Somebody whom an authenticating gateway vouched for.
    #[sea_orm(string_value = "gateway")]
    Gateway,
    /// A worker.
    #[sea_orm(string_value = "worker")]
    Worker,
    /// Whoever runs the service, at the command line.
    #[sea_orm(string_value = "operator")]
    Operator,
}

impl Who {
    fn kind(&self) -> ActorKind {
        match self {
            Self::Account(_) => ActorKind::Account,
            Self::Gateway(_) => ActorKind::Gateway,
            Self::Worker(_) => ActorKind::Worker,
            Self::Operator => ActorKind::Operator,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Account(id) | Self::Worker(id) => id.to_string(),
            Self::Gateway(email) => email.to_string(),
            Self::Operator => "command line".to_owned(),
        }
    }
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Entity {
    /// An account.
    #[sea_orm(string_value = "account")]
    Account,
    /// An event.
    #[sea_orm(string_value = "event")]
    Event,
    /// A ticket.
    #[sea_orm(string_value = "ticket")]
    Ticket,
}

/// A step that things of one kind made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What kind of thing.
    pub entity: Entity,
    /// The verb: `issue`, `promote`, `confirm` …
    pub action: &'static str,
    /// The state before, if there was one.
    pub from: Option<String>,
    /// The state after; the same if only something else about it changed.
    pub to: Option<String>,
}

impl Step {
    /// A step of tickets.
    pub fn ticket(action: &'static str, from: Option<TicketStatus>, to: TicketStatus) -> Self {
        Self { entity: Entity::Ticket, action, from: from.map(|from| from.to_value()), to: Some(to.to_value()) }
    }

    /// A step of events.
    pub fn event(action: &'static str, from: Option<EventStatus>, to: EventStatus) -> Self {
        Self { entity: Entity::Event, action, from: from.map(|from| from.to_value()), to: Some(to.to_value()) }
    }

    /// A step of an account that led to no other state.
    pub fn account(action: &'static str) -> Self {
        Self { entity: Entity::Account, action, from: None, to: None }
    }
}

/// One thing that made a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its id.
    pub id: Uuid,
    /// The request that led to it, if it is another than the actor's.
    pub request_id: Option<String>,
    /// What else is worth knowing, as JSON.
    pub detail: Option<String>,
}

impl Moved {
    /// Without anything else to be known.
    pub fn plain(id: Uuid) -> Self {
        Self { id, request_id: None, detail: None }
    }
}

/// Records a step of things that belong to an event. A simulation's copy leaves no record.
///
/// # Errors
/// [`Error::Guard`] unless all were recorded; otherwise what the database answered.
pub async fn record_of(
    tx: &Transaction,
    event: &event::Model,
    actor: &Actor,
    step: &Step,
    moved: &[Moved],
    now: Millis,
) -> Result<(), Error> {
    if event.shadow_of.is_some() {
        return Ok(());
    }
    record(tx, Some(event.id), actor, step, moved, now).await
}

/// Records a step.
///
/// # Errors
/// [`Error::Guard`] unless all were recorded; otherwise what the database answered.
pub async fn record(
    tx: &Transaction,
    event_id: Option<Uuid>,
    actor: &Actor,
    step: &Step,
    moved: &[Moved],
    now: Millis,
) -> Result<(), Error> {
    if moved.is_empty() {
        return Ok(());
    }
    let lines = moved.iter().map(|moved| values_of(moved, actor)).collect();
    let (lines, mut parameters) = rows(tx.get_database_backend(), lines);
    parameters.extend(values![
        now,
        actor.who.kind().to_value(),
        actor.who.name(),
        step.action,
        step.entity.to_value(),
        step.from.clone(),
        step.to.clone(),
        event_id,
    ]);
    let insert = sql(
        &**tx,
        &format!(
            "WITH moved (id, request_id, detail) AS ({lines})
             INSERT INTO audit (at, actor_kind, actor, action, entity, from_state, to_state, event_id, entity_id,
                 request_id, detail)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, id, nullif(request_id, ''), nullif(detail, '')
             FROM moved WHERE id IS NOT NULL"
        ),
        parameters,
    );
    guard("audit::record", moved.len(), tx.execute_raw(insert).await?.rows_affected())
}

/// What is absent is written as an empty text, which means nothing else.
fn values_of(moved: &Moved, actor: &Actor) -> [Value; 3] {
    let request_id = moved.request_id.as_ref().or(actor.request_id.as_ref());
    row![moved.id, request_id.cloned().unwrap_or_default(), moved.detail.clone().unwrap_or_default()]
}
