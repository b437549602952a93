//! Goes through all events, a snapshot at a time.
//!
//! Events are taken in order of their ids, as many at once as have few jobs together. An event with more is alone in
//! its snapshot, and its jobs are looked at in stretches with a snapshot each: none is open for long, however large an
//! event is, so that SQLite's log does not grow. Stretches overlap by what may be one batch, so that no two jobs of one
//! batch are in different stretches only.

use sea_orm::{FromQueryResult, entity::prelude::*};

use super::{
    Finding,
    check::{self, Check, Part},
    late,
};
use crate::{
    Database, Error, Snapshot,
    db::{sql, values},
};

/// How much is looked at in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events.
    pub events: u32,
    /// Jobs, of all these events.
    pub jobs: u32,
    /// Jobs of one stretch of an event that are in the next one again. Less than `jobs`.
    pub overlap: u32,
}

impl Default for Limits {
    /// Snapshots of a tenth of a second or so. No batch is larger than the overlap.
    fn default() -> Self {
        Self { events: 100, jobs: 5000, overlap: 2000 }
    }
}

/// A walk through all events.
#[derive(Debug)]
pub struct Walk {
    limits: Limits,
    after: Uuid,
    /// The large event whose jobs are being looked at, and the last `seq` that was.
    within: Option<(Uuid, i64)>,
    /// Events looked at so far.
    pub events: u64,
    /// What must not be, in order of the events.
    pub broken: Vec<Finding>,
    /// What may only be late, as of now: see [`Walk::look_again`].
    pub late: Vec<Finding>,
}

/// An event, and how many jobs it has, counted only as far as matters.
#[derive(Debug, FromQueryResult)]
struct Weight {
    id: Uuid,
    jobs: i64,
}

impl Walk {
    /// From the first event on.
    pub fn new(limits: Limits) -> Self {
        Self { limits, after: Uuid::nil(), within: None, events: 0, broken: vec![], late: vec![] }
    }

    /// Looks at what comes next, in one snapshot. Returns whether there may be more.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn step(&mut self, database: &Database) -> Result<bool, Error> {
        let snapshot = database.snapshot().await?;
        let more = self.look(&snapshot).await?;
        snapshot.end().await?;
        Ok(more)
    }

    async fn look(&mut self, snapshot: &Snapshot) -> Result<bool, Error> {
        if let Some((event_id, after)) = self.within {
            self.within = self.look_within(snapshot, event_id, after).await?;
            return Ok(true);
        }
        let next = self.next(snapshot).await?;
        let Some(last) = next.last() else { return Ok(false) };
        let events: Vec<Uuid> = next.iter().map(|event| event.id).collect();
        (self.after, self.events) = (last.id, self.events + events.len() as u64);
        let whole = Part { events: &events, after: 0, last: i64::MAX };
        self.broken.extend(find_all(snapshot, check::events(), whole).await?);
        self.late.extend(find_all(snapshot, late::CHECKS.iter(), whole).await?);
        if last.jobs > i64::from(self.limits.jobs) {
            self.within = Some((last.id, 0));
        } else {
            self.broken.extend(find_all(snapshot, check::jobs(), whole).await?);
        }
        Ok(true)
    }

    /// The next events: as many as are within the limits, or one that is not.
    async fn next(&self, snapshot: &Snapshot) -> Result<Vec<Weight>, Error> {
        let Limits { events, jobs, .. } = self.limits;
        let query = sql(
            &**snapshot,
            "SELECT id, (SELECT count(*) FROM (SELECT 1 FROM job WHERE job.event_id = event.id LIMIT ?) AS counted)
                 AS jobs
             FROM event WHERE id > ? ORDER BY id LIMIT ?",
            values![i64::from(jobs) + 1, self.after, i64::from(events)],
        );
        let mut next = Weight::find_by_statement(query).all(&**snapshot).await?;
        let mut room = i64::from(jobs);
        let fitting = next.iter().take_while(|event| {
            room -= event.jobs;
            room >= 0
        });
        let count = fitting.count().max(1);
        next.truncate(count);
        Ok(next)
    }

    /// A stretch of a large event's jobs. Returns where to go on.
    async fn look_within(
        &mut self,
        snapshot: &Snapshot,
        event_id: Uuid,
        after: i64,
    ) -> Result<Option<(Uuid, i64)>, Error> {
        let Limits { jobs, overlap, .. } = self.limits;
        let query = sql(
            &**snapshot,
            "SELECT seq FROM job WHERE event_id = ? AND seq > ? ORDER BY seq LIMIT ?",
            values![event_id, after, i64::from(jobs)],
        );
        let rows = snapshot.query_all_raw(query).await?;
        let seqs: Vec<i64> = rows.iter().map(|row| row.try_get("", "seq")).collect::<Result<_, _>>()?;
        let Some(last) = seqs.last().copied() else { return Ok(None) };
        let found = find_all(snapshot, check::jobs(), Part { events: &[event_id], after, last }).await?;
        for finding in found {
            if !self.broken.iter().any(|known| known.is_same(&finding)) {
                self.broken.push(finding);
            }
        }
        let is_last = seqs.len() < jobs as usize;
        let next = seqs.len().saturating_sub(overlap as usize + 1);
        Ok(if is_last { None } else { Some((event_id, seqs[next].max(after + 1))) })
    }

    /// Looks once more at what may only be late: what is in time now is left out. Call it a few seconds after the walk.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn look_again(&mut self, database: &Database) -> Result<(), Error> {
        let mut events: Vec<Uuid> = self.late.iter().map(|finding| finding.event_id).collect();
        events.dedup();
        let mut still = vec![];
        for events in events.chunks(self.limits.events as usize) {
            let snapshot = database.snapshot().await?;
            let whole = Part { events, after: 0, last: i64::MAX };
            still.extend(find_all(&snapshot, late::CHECKS.iter(), whole).await?);
            snapshot.end().await?;
        }
        self.late.retain(|finding| still.iter().any(|found| found.is_same(finding)));
        Ok(())
    }
}

async fn find_all(
    snapshot: &Snapshot,
    checks: impl Iterator<Item = &'static Check>,
    part: Part<'_>,
) -> Result<Vec<Finding>, Error> {
    let mut found = vec![];
    for check in checks {
        found.extend(check.find(snapshot, part).await?);
    }
    Ok(found)
}
