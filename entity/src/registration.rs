//! Registrations: the client's view of a job and of the ticket it led to.

use std::collections::HashMap;

use sea_orm::{FromQueryResult, QueryResult, entity::prelude::*};

use crate::{
    Database, Email, Error, Millis,
    db::{InPlaces, Places, one_of, sql, values},
    job::{JobState, Outcome, Refusal},
    seen::{self, Seen},
    ticket,
    viewer::Audience,
};

/// A job as its client may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The job's id.
    pub id: Uuid,
    /// Order of arrival.
    pub seq: i64,
    /// What for.
    pub event_id: Uuid,
    /// Where the job stands.
    pub state: JobState,
    /// The decision, once there is one.
    pub outcome: Option<Outcome>,
    /// Why not, if refused.
    pub refusal: Option<Refusal>,
    /// Refused only because of unconfirmed holds.
    pub may_return: bool,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it was decided.
    pub settled_at: Option<Millis>,
    /// The ticket, if it led to one.
    pub ticket: Option<ticket::Model>,
}

impl InPlaces for Registration {
    fn next_in(columns: &mut Places<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            id: columns.next()?,
            seq: columns.next()?,
            event_id: columns.next()?,
            state: columns.next()?,
            outcome: columns.next_if_any()?,
            refusal: columns.next_if_any()?,
            may_return: columns.next()?,
            created_at: columns.next()?,
            settled_at: columns.next_if_any()?,
            ticket: InPlaces::next_in(columns)?,
        })
    }
}

impl FromQueryResult for Registration {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Self::next_in(&mut Places::of(row))
    }
}

/// What of a job its client may see, in the order in which it is read.
const JOB: &str = "job.id, job.seq, job.event_id, job.state, job.outcome, job.refusal, job.may_return, job.created_at,
    job.settled_at";

fn select(more_columns: &str) -> String {
    format!("SELECT {JOB}, {}{more_columns} FROM job LEFT JOIN ticket ON ticket.job_id = job.id", *ticket::COLUMNS)
}

/// These registrations, each with who may see it: the person's own, those they submitted, and if `some_organize` those of
/// their events.
///
/// # Errors
/// What the database answered.
pub async fn look_up(
    database: &Database,
    ids: &[Uuid],
    some_organize: bool,
) -> Result<HashMap<Uuid, Seen<Registration>>, Error> {
    let (among, ids) = one_of(database.reader().get_database_backend(), ids.iter().copied());
    let audience = Audience::columns("job", "job.key_scope", some_organize);
    let more_columns = format!(", {audience}{}", database.clock_column());
    let text = format!("{} WHERE job.id {among}", select(&more_columns));
    seen::read(database, &text, ids, |registration: &Registration| registration.id).await
}

/// Those of these registrations that are no longer pending, for somebody who has already been allowed to see them.
///
/// # Errors
/// What the database answered.
pub async fn find_decided(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Registration>, Error> {
    let (among, ids) = one_of(connection.get_database_backend(), ids.iter().copied());
    let text = format!("{} WHERE job.state <> 'pending' AND job.id {among}", select(""));
    Ok(Registration::find_by_statement(sql(connection, &text, ids)).all(connection).await?)
}

/// The registrations that somebody submitted before `before`, the newest first.
///
/// # Errors
/// What the database answered.
pub async fn list_submitted(
    connection: &impl ConnectionTrait,
    email: &Email,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Registration>, Error> {
    let text = format!("{} WHERE job.key_scope = ? AND job.seq < ? ORDER BY job.seq DESC LIMIT ?", select(""));
    let parameters = values![email.as_str(), before.unwrap_or(i64::MAX), i64::from(limit)];
    Ok(Registration::find_by_statement(sql(connection, &text, parameters)).all(connection).await?)
}
