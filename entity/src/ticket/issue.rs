//! New tickets, and what has to be known before one is issued.

use std::collections::HashSet;

use sea_orm::entity::prelude::*;

use super::{ACTIVE, TicketStatus};
use crate::{
    Error, Millis, Transaction,
    db::{list, marks, sql, tuples, values},
    error::guard,
};

/// A ticket to be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// UUID v7.
    pub id: Uuid,
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

/// Issues tickets of one event, in this order. The caller has locked the event and takes the seats.
///
/// # Errors
/// [`Error::Guard`] unless all were added; otherwise what the database answered, a second active ticket of one person
/// included.
pub async fn insert(tx: &Transaction, event_id: Uuid, tickets: &[NewTicket], now: Millis) -> Result<(), Error> {
    const COLUMNS: usize = 9;
    if tickets.is_empty() {
        return Ok(());
    }
    let mut parameters = Vec::with_capacity(tickets.len() * COLUMNS);
    for ticket in tickets {
        parameters.extend(values![
            ticket.id,
            event_id,
            ticket.job_id,
            ticket.email.as_str(),
            ticket.name.as_str(),
            ticket.party_size,
            ticket.status.to_value(),
            ticket.expires_at,
            now,
        ]);
    }
    let insert = sql(
        &**tx,
        &format!(
            "INSERT INTO ticket (id, event_id, job_id, email, name, party_size, status, expires_at, created_at)
             VALUES {}",
            tuples(tickets.len(), COLUMNS)
        ),
        parameters,
    );
    guard("ticket::insert", tickets.len(), tx.execute_raw(insert).await?.rows_affected())
}

/// Which of these people have an active ticket of the event.
///
/// # Errors
/// What the database answered.
pub async fn people_with_active(tx: &Transaction, event_id: Uuid, emails: &[&str]) -> Result<HashSet<String>, Error> {
    let mut parameters = values![event_id];
    parameters.extend(list(emails.iter().copied()));
    let query = sql(
        &**tx,
        &format!("SELECT email FROM ticket WHERE event_id = ? AND {ACTIVE} AND email IN ({})", marks(emails.len())),
        parameters,
    );
    let rows = tx.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "email")).collect::<Result<_, _>>()?)
}

/// Seats of the event in unconfirmed holds, counted only as far as `enough`.
///
/// # Errors
/// What the database answered.
pub async fn held_seats(tx: &Transaction, event_id: Uuid, enough: i64) -> Result<i64, Error> {
    // Each ticket holds at least one seat, so `enough` tickets suffice.
    let query = sql(
        &**tx,
        "SELECT cast(coalesce(sum(party_size), 0) AS BIGINT) AS seats FROM
         (SELECT party_size FROM ticket WHERE event_id = ? AND status = 'reserved' LIMIT ?) AS held",
        values![event_id, enough],
    );
    let row = tx.query_one_raw(query).await?.ok_or(Error::Guard { what: "held_seats", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "seats")?)
}
