//! Cancelling everything that a cancelled event still has, a batch at a time.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{ACTIVE, TicketStatus};
use crate::{
    Error, Millis, Transaction,
    db::{list, marks, sql, values},
    error::guard,
};

/// A ticket that is neither cancelled nor expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Live {
    /// Order of issue.
    pub seq: i64,
    /// The ticket.
    pub id: Uuid,
    /// Where it stands.
    pub status: TicketStatus,
    /// Its seats.
    pub party_size: i64,
}

/// Live tickets of an event, at most `limit`, locked until the end of the transaction: confirming and checking in take
/// no lock on the event.
///
/// # Errors
/// What the database answered.
pub async fn live(tx: &Transaction, event_id: Uuid, limit: u32) -> Result<Vec<Live>, Error> {
    let lock = tx.lock_clause("ticket");
    let text = format!("SELECT seq, id, status, party_size FROM ticket WHERE event_id = ? AND {ACTIVE} LIMIT ? {lock}");
    Ok(Live::find_by_statement(sql(&**tx, &text, values![event_id, i64::from(limit)])).all(&**tx).await?)
}

/// → cancelled. The caller has locked the event and these tickets, and returns the seats of those that held some.
///
/// # Errors
/// [`Error::Guard`] unless all of them were live; otherwise what the database answered.
pub async fn cancel_all(tx: &Transaction, tickets: &[Live], now: Millis) -> Result<(), Error> {
    if tickets.is_empty() {
        return Ok(());
    }
    let mut parameters = values![now];
    parameters.extend(list(tickets.iter().map(|ticket| ticket.seq)));
    let update = sql(
        &**tx,
        &format!(
            "UPDATE ticket SET status = 'cancelled', cancelled_at = ? WHERE {ACTIVE} AND seq IN ({})",
            marks(tickets.len())
        ),
        parameters,
    );
    guard("ticket::cancel_all", tickets.len(), tx.execute_raw(update).await?.rows_affected())
}
