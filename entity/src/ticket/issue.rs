//! New tickets, and what has to be known before one is issued.

use std::collections::HashMap;

use sea_orm::{DbBackend, entity::prelude::*};

use super::TicketStatus;
use crate::{
    Error, Millis, Transaction, Writes,
    db::{one_of, row, rows, sql, values},
    job::with_jobs,
};

/// A ticket that a job leads to; whose it is, what for and how many seats it holds is the job's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The job.
    pub seq: i64,
    /// The ticket's id: UUID v7.
    pub id: Uuid,
    /// `Reserved` or `Waitlisted`.
    pub status: TicketStatus,
    /// When the hold ends; for reserved tickets.
    pub expires_at: Option<Millis>,
}

/// Stands for no time.
const NEVER: Millis = 0;

/// Issues tickets, in this order, which is that of their jobs. The caller has locked their events and takes the seats. It
/// fails unless all can be added: for a second active ticket of one person, too.
pub fn insert(writes: &mut Writes<'_>, grants: &[Grant], now: Millis) {
    if grants.is_empty() {
        return;
    }
    let backend = writes.backend();
    let (granted, mut parameters) = rows(backend, grants.iter().map(values_of).collect());
    parameters.extend(values![NEVER, now]);
    let in_order = if backend == DbBackend::Postgres { "ORDER BY job.seq" } else { "" };
    let insert = format!(
        "WITH granted (seq, id, status, expires_at) AS ({granted})
         INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at)
         SELECT granted.id, job.event_id, job.id, job.email, job.name, job.party_size, granted.status,
             nullif(granted.expires_at, ?), ?
         FROM {jobs} {in_order}",
        jobs = with_jobs(backend, "granted"),
    );
    writes.add("ticket::insert", grants.len(), &insert, parameters);
}

fn values_of(grant: &Grant) -> [Value; 4] {
    row![grant.seq, grant.id, grant.status.to_value(), grant.expires_at.unwrap_or(NEVER)]
}

/// Seats of these events in unconfirmed holds, for each counted only as far as `enough`.
///
/// # Errors
/// What the database answered.
pub async fn held_seats(tx: &Transaction, event_ids: &[Uuid], enough: i64) -> Result<HashMap<Uuid, i64>, Error> {
    if event_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (one_of_them, listed) = one_of(tx.get_database_backend(), event_ids.iter().copied());
    // Each ticket holds at least one seat, so `enough` tickets suffice.
    let query = sql(
        &**tx,
        &format!(
            "SELECT id, (SELECT cast(coalesce(sum(party_size), 0) AS BIGINT) FROM
                 (SELECT party_size FROM ticket
                  WHERE ticket.event_id = event.id AND ticket.status = 'reserved' LIMIT ?) AS held) AS seats
             FROM event WHERE id {one_of_them}"
        ),
        [values![enough], listed].concat(),
    );
    let rows = tx.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "seats")?))).collect::<Result<_, DbErr>>()?)
}
