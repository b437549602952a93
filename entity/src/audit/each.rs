//! A step that many things made in one transaction, each at somebody else's request.

use sea_orm::entity::prelude::*;

use super::{Actor, Step};
use crate::{
    Error, Millis, Transaction,
    db::{row, rows, sql, values},
    error::guard,
};

/// A thing that made a step, and whose doing it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// The thing's id. No two acts are of one thing.
    pub id: Uuid,
    /// The event that it belongs to.
    pub event_id: Uuid,
    /// Who did it, and on behalf of which request.
    pub actor: &'a Actor,
}

/// Records a step that each of these made.
///
/// # Errors
/// [`Error::Guard`] unless all were recorded; otherwise what the database answered.
pub async fn record_each(tx: &Transaction, step: &Step, acts: &[Act<'_>], now: Millis) -> Result<(), Error> {
    if acts.is_empty() {
        return Ok(());
    }
    let act = |act: &Act<'_>| {
        let Actor { who, request_id } = act.actor;
        row![act.id, act.event_id, who.kind().to_value(), who.name(), request_id.clone().unwrap_or_default()]
    };
    let (acts_rows, mut parameters) = rows(tx.get_database_backend(), acts.iter().map(act).collect());
    parameters.extend(values![now, step.action, step.entity.to_value(), step.from.clone(), step.to.clone()]);
    let insert = sql(
        &**tx,
        &format!(
            "WITH acts (entity_id, event_id, actor_kind, actor, request_id) AS ({acts_rows})
             INSERT INTO audit (entity_id, event_id, actor_kind, actor, request_id, at, action, entity, from_state,
                 to_state)
             SELECT entity_id, event_id, actor_kind, actor, nullif(request_id, ''), ?, ?, ?, ?, ? FROM acts
             WHERE entity_id IS NOT NULL"
        ),
        parameters,
    );
    guard("audit::record_each", acts.len(), tx.execute_raw(insert).await?.rows_affected())
}
