//! The record of new tickets.

use sea_orm::entity::prelude::*;

use super::{Actor, Entity};
use crate::{
    Millis, Writes,
    db::{row, rows, values},
    job::with_jobs,
    ticket::Grant,
};

/// Records that tickets were issued, of whatever events, each at the request that its job came with.
pub fn record_issued(writes: &mut Writes<'_>, actor: &Actor, issued: &[Grant], now: Millis) {
    if issued.is_empty() {
        return;
    }
    let values_of = |grant: &Grant| row![grant.seq, grant.id, grant.status.to_value()];
    let (rows, mut parameters) = rows(writes.backend(), issued.iter().map(values_of).collect());
    let kind = actor.who.kind().to_value();
    parameters.extend(values![now, kind, actor.who.name(), "issue", Entity::Ticket.to_value()]);
    let insert = format!(
        "WITH issued (seq, id, status) AS ({rows})
         INSERT INTO audit (at, actor_kind, actor, action, entity, to_state, event_id, entity_id, request_id)
         SELECT ?, ?, ?, ?, ?, issued.status, job.event_id, issued.id, job.request_id
         FROM {jobs}",
        jobs = with_jobs(writes.backend(), "issued"),
    );
    writes.add("audit::record_issued", issued.len(), &insert, parameters);
}
