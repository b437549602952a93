//! An event as everybody may see it, with how many wait for a seat.

use sea_orm::{FromQueryResult, QueryResult, entity::prelude::*};

use crate::{
    Error,
    db::{sql, values},
    event::Model,
};

/// So many waiting parties are counted at most, so that a look costs little however long the line is.
pub const WAITING_MAX: i64 = 1000;

/// An event that the public may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// The event.
    pub event: Model,
    /// Parties on its waitlist, [`WAITING_MAX`] for that many or more; nothing where nobody waits, or without a waitlist.
    pub waiting: Option<i64>,
}

impl FromQueryResult for Public {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = Model::from_query_result(row, prefix)?;
        Ok(Self { event, waiting: row.try_get(prefix, "waiting")? })
    }
}

/// The event, if the public may see it: published or cancelled, and no simulation's copy.
///
/// # Errors
/// What the database answered.
pub async fn find_public(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Public>, Error> {
    // Whoever waits has left a chore behind, so nothing is counted for an event that has none: most have free seats.
    // The id stands there twice because SQLite, comparing with the outer row, reads every ticket of the event instead.
    let query = sql(
        connection,
        "SELECT event.*, CASE WHEN waitlist_enabled AND chore_at IS NOT NULL THEN (
             SELECT nullif(count(*), 0) FROM (
                 SELECT seq FROM ticket WHERE event_id = ? AND ticket.status = 'waitlisted' ORDER BY seq LIMIT ?)
             AS line) END AS waiting
         FROM event WHERE id = ? AND status <> 'draft' AND shadow_of IS NULL",
        values![id, WAITING_MAX, id],
    );
    Ok(Public::find_by_statement(query).one(connection).await?)
}
