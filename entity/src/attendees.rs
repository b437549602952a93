//! An event's tickets as its organizer sees them: everybody, and those who wait.

use sea_orm::{FromQueryResult, QueryResult, entity::prelude::*};

use crate::{
    Error, Millis,
    db::{sql, values},
    ticket::{Model, TicketStatus},
};

/// Which of an event's tickets are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those that read as this.
    pub status: Option<TicketStatus>,
    /// Those whose name or e-mail contains this, in capitals or not.
    pub search: Option<String>,
}

/// The event's tickets behind `after`, in order of issue. Their states are judged, and filtered, as of `now`.
///
/// # Errors
/// What the database answered.
pub async fn list(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
    filter: &Filter,
    now: Millis,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Model>, Error> {
    let mut text = "SELECT * FROM ticket WHERE event_id = ? AND seq > ?".to_owned();
    let mut parameters = values![event_id, after.unwrap_or(0)];
    let status = filter.status.map(|status| reads_as(status, now));
    for (condition, values) in status.into_iter().chain(filter.search.as_deref().map(contains)) {
        text.push_str(" AND ");
        text.push_str(&condition);
        parameters.extend(values);
    }
    text.push_str(" ORDER BY seq LIMIT ?");
    parameters.push(i64::from(limit).into());
    Ok(Model::find_by_statement(sql(connection, &text, parameters)).all(connection).await?)
}

/// True for tickets whose [`Model::status_at`] is this.
pub(crate) fn reads_as(status: TicketStatus, now: Millis) -> (String, Vec<Value>) {
    let (condition, values) = match status {
        TicketStatus::Reserved => ("status = 'reserved' AND expires_at > ?", values![now]),
        TicketStatus::Expired => ("(status = 'expired' OR (status = 'reserved' AND expires_at <= ?))", values![now]),
        other => ("status = ?", values![other.to_value()]),
    };
    (condition.to_owned(), values)
}

/// True for tickets whose name or e-mail contains a text. SQLite's `lower` knows only ASCII, so the other letters of the
/// text are folded one by one. E-mails are stored folded.
fn contains(text: &str) -> (String, Vec<Value>) {
    let text = text.to_lowercase();
    let (mut name, mut parameters) = ("lower(name)".to_owned(), vec![]);
    for (upper, lower) in beyond_ascii(&text) {
        name = format!("replace({name}, ?, ?)");
        parameters.extend(values![upper, lower]);
    }
    let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    parameters.extend(values![pattern.clone(), pattern]);
    (format!("({name} LIKE ? ESCAPE '\\' OR email LIKE ? ESCAPE '\\')"), parameters)
}

/// The letters of a lower-case text that are not ASCII, each once, after its capital.
fn beyond_ascii(text: &str) -> Vec<(String, String)> {
    let mut letters: Vec<char> = text.chars().filter(|c| !c.is_ascii() && c.is_lowercase()).collect();
    letters.sort_unstable();
    letters.dedup();
    letters.into_iter().map(|lower| (lower.to_uppercase().to_string(), lower.to_string())).collect()
}

/// Somebody in line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// 1 for the first in line.
    pub position: i64,
    /// Their ticket.
    pub ticket: Model,
}

/// A ticket, and how many in line stand before the page that it is on.
struct Row {
    before: i64,
    ticket: Model,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let ticket = Model::from_query_result(row, prefix)?;
        Ok(Self { before: row.try_get(prefix, "before_page")?, ticket })
    }
}

/// Those who wait for seats of the event, behind `after`, first in line first.
///
/// # Errors
/// What the database answered.
pub async fn line(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Waiting>, Error> {
    let after = after.unwrap_or(0);
    let query = sql(
        connection,
        "SELECT ticket.*, (SELECT count(*) FROM ticket AS ahead
             WHERE ahead.event_id = ? AND ahead.status = 'waitlisted' AND ahead.seq <= ?) AS before_page
         FROM ticket WHERE event_id = ? AND status = 'waitlisted' AND seq > ? ORDER BY seq LIMIT ?",
        values![event_id, after, event_id, after, i64::from(limit)],
    );
    let rows = Row::find_by_statement(query).all(connection).await?;
    Ok(rows.into_iter().zip(1..).map(|(row, n)| Waiting { position: row.before + n, ticket: row.ticket }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_beyond_ascii_are_folded_once_each() {
        assert_eq!(beyond_ascii("ada 1 ß"), [("SS".to_owned(), "ß".to_owned())]);
        assert_eq!(beyond_ascii("été ö"), [("É".to_owned(), "é".to_owned()), ("Ö".to_owned(), "ö".to_owned())]);
    }

    #[test]
    fn wildcards_are_letters_like_others() {
        let (_, parameters) = contains("50%_\\");
        assert_eq!(parameters, values!["%50\\%\\_\\\\%", "%50\\%\\_\\\\%"]);
    }
}
