//! Registrations: the client's view of a job and of the ticket it led to.

use std::{collections::HashMap, sync::LazyLock};

use sea_orm::{FromQueryResult, Iden, Iterable, QueryResult, entity::prelude::*};

use crate::{
    Database, Email, Error, Millis,
    db::{Places, one_of, sql, values},
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

impl FromQueryResult for Registration {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let mut columns = Places::of(row);
        Ok(Self {
            id: columns.next()?,
            seq: columns.next()?,
            event_id: columns.next()?,
            state: columns.next()?,
            outcome: columns.next()?,
            refusal: columns.next()?,
            may_return: columns.next()?,
            created_at: columns.next()?,
            settled_at: columns.next()?,
            ticket: ticket::Model::next_in(&mut columns)?,
        })
    }
}

/// What the ticket's columns are called in a joined row, where `id` is the job's.
const TICKET: &str = "ticket_";

/// What of a job its client may see, and the whole ticket, in the order in which they are read.
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let job = "job.id, job.seq, job.event_id, job.state, job.outcome, job.refusal, job.may_return, job.created_at,
        job.settled_at";
    let ticket = ticket::Column::iter().map(|column| column.to_string());
    ticket.fold(job.to_owned(), |columns, column| format!("{columns}, ticket.{column} AS {TICKET}{column}"))
});

fn select(more_columns: &str) -> String {
    format!("SELECT {}{more_columns} FROM job LEFT JOIN ticket ON ticket.job_id = job.id", *COLUMNS)
}

/// These registrations, each with who may see it: the person's own, those they submitted, those of their events.
///
/// # Errors
/// What the database answered.
pub async fn look_up(database: &Database, ids: &[Uuid]) -> Result<HashMap<Uuid, Seen<Registration>>, Error> {
    let (among, ids) = one_of(database.reader().get_database_backend(), ids.iter().copied());
    let more_columns = format!(", {}{}", Audience::columns("job", "job.key_scope"), database.clock_column());
    let text = format!("{} WHERE job.id {among}", select(&more_columns));
    seen::read(database, &text, ids).await
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
