//! New tickets, and what has to be known before one is issued.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;

use super::TicketStatus;
use crate::{
    Error, Millis, Transaction,
    db::{one_of, row, rows, sql, values},
    error::guard,
};

/// A ticket to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// UUID v7.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The registration it comes from.
    pub job_id: Uuid,
    /// The person.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats.
    pub party_size: i64,
    /// `Reserved` or `Waitlisted`.
    pub status: TicketStatus,
    /// When the hold ends; for reserved tickets.
    pub expires_at: Option<Millis>,
}

/// Stands for no time.
const NEVER: Millis = 0;

/// Issues tickets, in this order. The caller has locked their events and takes the seats.
///
/// # Errors
/// [`Error::Guard`] unless all were added; otherwise what the database answered, a second active ticket of one person
/// included.
pub async fn insert(tx: &Transaction, tickets: Vec<NewTicket>, now: Millis) -> Result<(), Error> {
    if tickets.is_empty() {
        return Ok(());
    }
    let count = tickets.len();
    let (tickets, mut parameters) = rows(tx.get_database_backend(), tickets.into_iter().map(values_of).collect());
    parameters.extend(values![NEVER, now]);
    let insert = sql(
        &**tx,
        &format!(
            "WITH issued (id, event_id, job_id, email, name, party_size, status, expires_at) AS ({tickets})
             INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at)
             SELECT id, event_id, job_id, email, name, party_size, status, nullif(expires_at, ?), ?
             FROM issued WHERE id IS NOT NULL"
        ),
        parameters,
    );
    guard("ticket::insert", count, tx.execute_raw(insert).await?.rows_affected())
}

fn values_of(ticket: NewTicket) -> [Value; 8] {
    row![
        ticket.id,
        ticket.event_id,
        ticket.job_id,
        ticket.email,
        ticket.name,
        ticket.party_size,
        ticket.status.to_value(),
        ticket.expires_at.unwrap_or(NEVER),
    ]
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
