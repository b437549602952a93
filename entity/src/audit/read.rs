//! Reading the record, newest first.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{ActorKind, Entity};
use crate::{
    Error, Millis,
    db::{sql, values},
};

/// One step of one thing.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Entry {
    /// Order of writing.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// What kind of actor.
    pub actor_kind: ActorKind,
    /// Who: the id of an account or worker, the e-mail that a gateway sent, or `command line`.
    pub actor: String,
    /// The verb.
    pub action: String,
    /// What kind of thing.
    pub entity: Entity,
    /// Which.
    pub entity_id: Uuid,
    /// The event it is, or belongs to.
    pub event_id: Option<Uuid>,
    /// The state before.
    pub from_state: Option<String>,
    /// The state after.
    pub to_state: Option<String>,
    /// The request that led to it.
    pub request_id: Option<String>,
    /// What else is worth knowing, as a JSON object.
    pub detail: Option<String>,
}

/// Which entries; all that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The kind of thing.
    pub entity: Option<Entity>,
    /// The thing.
    pub entity_id: Option<Uuid>,
    /// The event it belongs to.
    pub event_id: Option<Uuid>,
    /// Who.
    pub actor: Option<String>,
    /// The verb.
    pub action: Option<String>,
    /// At this time or later.
    pub since: Option<Millis>,
    /// Before this time.
    pub until: Option<Millis>,
}

/// A part of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Entries, newest first.
    pub entries: Vec<Entry>,
    /// Where to go on: behind this `seq`. Absent at the end of the record.
    pub next: Option<i64>,
}

/// Rows looked at for one page. The record grows for ever and most filters have no index, which would slow down every
/// change for the sake of a rare question: a page ends after so many rows, even if nothing was found in them.
const LOOKED_AT_MAX: i64 = 100_000;

/// A page of at most `limit` entries, from behind `before` on.
///
/// # Errors
/// What the database answered.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    before: Option<i64>,
    limit: u32,
) -> Result<Page, Error> {
    let before = match before {
        Some(before) => before,
        None => newest(connection).await? + 1,
    };
    // A thing's own entries have an index.
    let from = if filter.entity_id.is_some() { 0 } else { before.saturating_sub(LOOKED_AT_MAX).max(0) };
    let (conditions, mut parameters) = filter.conditions();
    // One more than asked for tells whether the page is full.
    parameters.extend(values![before, from, i64::from(limit) + 1]);
    let query = sql(
        connection,
        &format!("SELECT * FROM audit WHERE {conditions} seq < ? AND seq >= ? ORDER BY seq DESC LIMIT ?"),
        parameters,
    );
    let mut entries = Entry::find_by_statement(query).all(connection).await?;
    let is_full = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = if is_full { entries.last().map(|entry| entry.seq) } else { Some(from).filter(|from| *from > 0) };
    Ok(Page { entries, next })
}

async fn newest(connection: &impl ConnectionTrait) -> Result<i64, Error> {
    let row = connection.query_one_raw(sql(connection, "SELECT max(seq) AS seq FROM audit", vec![])).await?;
    Ok(row.map(|row| row.try_get("", "seq")).transpose()?.flatten().unwrap_or(0))
}

impl Filter {
    fn conditions(&self) -> (String, Vec<Value>) {
        let given: [(&str, Option<Value>); 7] = [
            ("entity = ?", self.entity.map(|entity| entity.to_value().into())),
            ("entity_id = ?", self.entity_id.map(Value::from)),
            ("event_id = ?", self.event_id.map(Value::from)),
            ("actor = ?", self.actor.as_deref().map(Value::from)),
            ("action = ?", self.action.as_deref().map(Value::from)),
            ("at >= ?", self.since.map(Value::from)),
            ("at < ?", self.until.map(Value::from)),
        ];
        let (texts, parameters): (Vec<_>, Vec<_>) =
            given.into_iter().filter_map(|(text, value)| Some((format!("{text} AND"), value?))).unzip();
        (texts.join(" "), parameters)
    }
}
