//! A person's own tickets.

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Email, Error, Millis,
    attendees::reads_as,
    db::{sql, values},
    ticket::{ACTIVE, Model, PAST, TicketStatus},
};

/// The person's tickets before `before`, the newest first; only those that read as `status` at `now`, if it is given.
///
/// # Errors
/// What the database answered.
pub async fn tickets(
    connection: &impl ConnectionTrait,
    email: &Email,
    status: Option<TicketStatus>,
    now: Millis,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Model>, Error> {
    // One part of each index: of all tickets there is none.
    let of = |which: &str| format!("SELECT * FROM ticket WHERE email = ? AND {which}");
    let mut text = format!("SELECT * FROM ({} UNION ALL {}) AS ticket WHERE seq < ?", of(ACTIVE), of(PAST));
    let mut parameters = values![email.as_str(), email.as_str(), before.unwrap_or(i64::MAX)];
    if let Some((condition, values)) = status.map(|status| reads_as(status, now)) {
        text.push_str(" AND ");
        text.push_str(&condition);
        parameters.extend(values);
    }
    text.push_str(" ORDER BY seq DESC LIMIT ?");
    parameters.push(i64::from(limit).into());
    Ok(Model::find_by_statement(sql(connection, &text, parameters)).all(connection).await?)
}
