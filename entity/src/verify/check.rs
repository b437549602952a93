//! A check: its name, its promise, and the query for rows that break it.

use sea_orm::{DbBackend, FromQueryResult, entity::prelude::*};

use super::{Finding, Thing, line, order, outcomes, record, seats};
use crate::{
    Error, Snapshot,
    db::{one_of, sql, values},
};

/// Rows that one check names of one snapshot at most. Where more are broken the first ones tell enough.
const NAMED_MAX: i64 = 100;

/// A check. Its query stands behind three CTEs: `clock (now)`, the events to be checked as `scope`, and of their jobs
/// those to be checked as `intent`. It returns `event_id`, the `id` of the row, and a `detail`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) promise: &'static str,
    pub(super) thing: Thing,
    /// Whether only SQLite promises it.
    pub(super) is_sqlites: bool,
    pub(super) query: &'static str,
}

/// Checks of whole events.
pub(super) fn events() -> impl Iterator<Item = &'static Check> {
    [seats::CHECKS, line::CHECKS, order::OF_EVENTS, record::OF_EVENTS].into_iter().flatten()
}

/// Checks of single jobs with their tickets, and of such as stand near each other in order of arrival.
pub(super) fn jobs() -> impl Iterator<Item = &'static Check> {
    [outcomes::CHECKS, order::OF_JOBS, record::OF_TICKETS].into_iter().flatten()
}

/// What is checked: events, and of their jobs those behind a `seq` up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) events: &'a [Uuid],
    pub(super) after: i64,
    pub(super) last: i64,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    event_id: Uuid,
    id: Uuid,
    detail: String,
}

impl Check {
    /// A check of the rows of this kind.
    pub(super) const fn of(thing: Thing, name: &'static str, promise: &'static str, query: &'static str) -> Self {
        Self { name, promise, thing, is_sqlites: false, query }
    }

    /// Only where one transaction writes at a time in the whole database.
    pub(super) const fn on_sqlite(self) -> Self {
        Self { is_sqlites: true, ..self }
    }

    pub(super) fn is_for(&self, is_postgres: bool) -> bool {
        !(self.is_sqlites && is_postgres)
    }

    /// What it finds. `{run}` stands for what tells the stretches in which an event's jobs are decided in order of
    /// arrival: the event on SQLite; on PostgreSQL also the time, which is one for all of a batch.
    pub(super) async fn find(&self, snapshot: &Snapshot, part: Part<'_>) -> Result<Vec<Finding>, Error> {
        let backend = snapshot.get_database_backend();
        let is_postgres = backend == DbBackend::Postgres;
        if !self.is_for(is_postgres) {
            return Ok(vec![]);
        }
        let (clock, mut parameters) = snapshot.clock();
        let (among, events) = one_of(backend, part.events.iter().copied());
        parameters.extend(events);
        parameters.extend(values![part.after, part.last, NAMED_MAX]);
        let run = if is_postgres { "intent.event_id, intent.settled_at" } else { "intent.event_id" };
        let text = format!(
            "WITH {clock}, scope AS (SELECT * FROM event WHERE id {among}),
             intent AS (SELECT job.* FROM scope JOIN job ON job.event_id = scope.id WHERE job.seq > ? AND job.seq <= ?)
             {} LIMIT ?",
            self.query.replace("{run}", run)
        );
        let rows = Row::find_by_statement(sql(&**snapshot, &text, parameters)).all(&**snapshot).await?;
        Ok(rows.into_iter().map(|row| self.finding(row)).collect())
    }

    fn finding(&self, Row { event_id, id, detail }: Row) -> Finding {
        Finding { check: self.name, promise: self.promise, event_id, thing: self.thing, id, detail }
    }
}
