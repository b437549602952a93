//! The line of an event: its waitlisted tickets by seq.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{Chosen, Waiting};
use crate::{
    Error, Millis, Transaction,
    db::{list, marks, sql, values},
    error::guard,
};

/// Party sizes looked at; larger ones have to wait until smaller ones are gone. Nobody has so many.
const SIZES_MAX: i64 = 100;

/// Those in line who may be served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// In order; everybody whom `free` seats could serve, at most `limit` of each party size.
    pub who: Vec<Waiting>,
    /// Whether anybody waits at all.
    pub waits: bool,
}

/// Reads those whom so many free seats may serve. Each party size has its own stretch of the index, and no more of a
/// size is read than the seats suffice for, so that a long line costs nothing.
///
/// # Errors
/// What the database answered.
pub async fn read(tx: &Transaction, event_id: Uuid, free: i64, limit: u32) -> Result<Line, Error> {
    let sizes = sizes(tx, event_id).await?;
    let waits = !sizes.is_empty();
    let fitting: Vec<i64> = sizes.into_iter().filter(|size| *size <= free).collect();
    if fitting.is_empty() {
        return Ok(Line { who: vec![], waits });
    }
    let stretch = "SELECT * FROM (SELECT seq, id, party_size FROM ticket
        WHERE event_id = ? AND status = 'waitlisted' AND party_size = ? ORDER BY seq LIMIT ?) AS stretch";
    let text = vec![stretch; fitting.len()].join(" UNION ALL ");
    let parameters = fitting.iter().flat_map(|size| values![event_id, *size, (free / size).min(i64::from(limit))]);
    let query = sql(&**tx, &text, parameters.collect());
    let mut who = Waiting::find_by_statement(query).all(&**tx).await?;
    who.sort_by_key(|who| who.seq);
    Ok(Line { who, waits })
}

/// The party sizes that wait, one seek each.
async fn sizes(tx: &Transaction, event_id: Uuid) -> Result<Vec<i64>, Error> {
    let query = sql(
        &**tx,
        "WITH RECURSIVE waiting (size) AS (
             SELECT * FROM (SELECT party_size FROM ticket
                 WHERE event_id = ? AND status = 'waitlisted' ORDER BY party_size LIMIT 1) AS first
             UNION ALL
             SELECT (SELECT party_size FROM ticket
                     WHERE event_id = ? AND status = 'waitlisted' AND party_size > waiting.size
                     ORDER BY party_size LIMIT 1)
             FROM waiting WHERE waiting.size IS NOT NULL)
         SELECT size FROM waiting WHERE size IS NOT NULL LIMIT ?",
        values![event_id, event_id, SIZES_MAX],
    );
    let rows = tx.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "size")).collect::<Result<_, _>>()?)
}

/// Who stands in line from the first of the chosen on, whatever their party: for the record. As many as it takes to see who
/// comes behind each of them, unless very many were passed over.
///
/// # Errors
/// What the database answered.
pub async fn behind(tx: &Transaction, event_id: Uuid, chosen: &[Chosen]) -> Result<Vec<Waiting>, Error> {
    const PASSED_OVER_MAX: i64 = 100;
    let Some(first) = chosen.first() else { return Ok(vec![]) };
    let limit = i64::try_from(chosen.len()).unwrap_or(i64::MAX).saturating_add(PASSED_OVER_MAX);
    let query = sql(
        &**tx,
        "SELECT seq, id, party_size FROM ticket
         WHERE event_id = ? AND status = 'waitlisted' AND seq >= ? ORDER BY seq LIMIT ?",
        values![event_id, first.who.seq, limit],
    );
    Ok(Waiting::find_by_statement(query).all(&**tx).await?)
}

/// waitlisted → reserved: these are offered seats until `expires_at`. The caller has locked the event and takes the
/// seats.
///
/// # Errors
/// [`Error::Guard`] unless all of them waited; otherwise what the database answered.
pub async fn promote(tx: &Transaction, chosen: &[Chosen], expires_at: Millis, now: Millis) -> Result<(), Error> {
    let mut parameters = values![expires_at, now];
    parameters.extend(list(chosen.iter().map(|chosen| chosen.who.seq)));
    // The status is not compared bare, here and below: where nobody has counted PostgreSQL would rather read everybody who
    // waits anywhere.
    let update = sql(
        &**tx,
        &format!(
            "UPDATE ticket SET status = 'reserved', expires_at = ?, offered_at = ?
             WHERE coalesce(status, '') = 'waitlisted' AND seq IN ({})",
            marks(chosen.len())
        ),
        parameters,
    );
    guard("waitlist::promote", chosen.len(), tx.execute_raw(update).await?.rows_affected())
}

/// waitlisted → expired: the event began without them. At most `limit`, first in line first. Returns their ids.
///
/// # Errors
/// What the database answered.
pub async fn expire(tx: &Transaction, event_id: Uuid, now: Millis, limit: u32) -> Result<Vec<Uuid>, Error> {
    let update = sql(
        &**tx,
        "UPDATE ticket SET status = 'expired', expired_at = ?
         WHERE coalesce(status, '') = 'waitlisted' AND seq IN (
             SELECT seq FROM ticket WHERE event_id = ? AND status = 'waitlisted' ORDER BY seq LIMIT ?)
         RETURNING id",
        values![now, event_id, i64::from(limit)],
    );
    let rows = tx.query_all_raw(update).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

/// The places of everybody in line, in order: the position of each is its index plus one.
///
/// # Errors
/// What the database answered.
pub async fn seqs(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<i64>, Error> {
    let query = sql(
        connection,
        "SELECT seq FROM ticket WHERE event_id = ? AND status = 'waitlisted' ORDER BY seq",
        values![event_id],
    );
    let rows = connection.query_all_raw(query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<_, _>>()?)
}
