//! An event's attendees as CSV (RFC 4180), written while it is read: some hundred rows are in memory, however many there
//! are, and a client that goes away ends it.

use std::io;

use entity::{
    Database, Error, Millis,
    attendees::{self, Filter},
    ticket::Model,
};
use futures_util::{
    Stream, StreamExt,
    stream::{iter, try_unfold},
};
use poem_openapi::types::ToJSON;
use uuid::Uuid;

use crate::{
    http::time::Time,
    long_reads::LongReads,
    views::{Attendee, TicketStatus},
};

/// Rows read, and sent, at once.
const CHUNK: u32 = 500;

const COLUMNS: [&str; 11] = [
    "ticket_id",
    "registration_id",
    "status",
    "name",
    "email",
    "party_size",
    "created_at",
    "confirmed_at",
    "checked_in_at",
    "cancelled_at",
    "expired_at",
];

/// What is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) database: Database,
    pub(crate) long_reads: LongReads,
    pub(crate) event_id: Uuid,
    pub(crate) filter: Filter,
    /// States are told as of this time, from the first row to the last.
    pub(crate) now: Millis,
}

impl Export {
    /// The text, piece by piece. The first rows are read before this returns, so that whoever comes when the service is
    /// busy is told so. When something goes wrong later the text breaks off, and the client sees that it is not whole.
    pub(crate) async fn stream(self) -> Result<impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static, Error> {
        let first = self.long_reads.soon(self.clone().read(None)).await?;
        let beginning = write(true, &first, self.now);
        let rest = try_unfold((self, behind(&first)), |(export, after)| async move {
            let Some(after) = after else { return Ok(None) };
            // What has begun is worth waiting for.
            let tickets = export.long_reads.in_turn(export.clone().read(Some(after))).await.map_err(broke_off)?;
            let piece = write(false, &tickets, export.now)?;
            Ok(Some((piece, (export, behind(&tickets)))))
        });
        Ok(iter([beginning]).chain(rest))
    }

    async fn read(self, after: Option<i64>) -> Result<Vec<Model>, Error> {
        let list = attendees::list(self.database.reader(), self.event_id, &self.filter, self.now, after, CHUNK).await?;
        // Only the beginning is told by the answer itself, which waits for that.
        self.database.seen_is_durable().await?;
        Ok(list)
    }
}

/// Where to go on, if there may be more.
fn behind(tickets: &[Model]) -> Option<i64> {
    tickets.last().filter(|_| tickets.len() == CHUNK as usize).map(|ticket| ticket.seq)
}

fn broke_off(error: Error) -> io::Error {
    tracing::warn!(%error, "an export broke off");
    io::Error::other(error)
}

fn write(with_header: bool, tickets: &[Model], now: Millis) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    if with_header {
        writer.write_record(COLUMNS)?;
    }
    for ticket in tickets {
        writer.write_record(cells(&Attendee::at(ticket, now)))?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// The cells of a row, one for each of [`COLUMNS`].
fn cells(attendee: &Attendee) -> [String; 11] {
    let time = |time: Option<Time>| time.map(Time::to_rfc3339).unwrap_or_default();
    [
        attendee.ticket_id.to_string(),
        attendee.registration_id.to_string(),
        word(attendee.status),
        harmless(&attendee.name),
        harmless(&attendee.email),
        attendee.party_size.to_string(),
        attendee.created_at.to_rfc3339(),
        time(attendee.confirmed_at),
        time(attendee.checked_in_at),
        time(attendee.cancelled_at),
        time(attendee.expired_at),
    ]
}

/// The state as JSON has it.
fn word(status: TicketStatus) -> String {
    status.to_json().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Spreadsheets run a cell that begins like a formula; after an apostrophe they show it. Full-width signs count in some
/// of them. Some split lines at semicolons or tabs, by the country they are used in, so that a cell of theirs may begin
/// within a text, quotes and all.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            shown.push('\'');
        }
        begins = matches!(c, ';' | '\t' | '\r' | '\n') || (begins && c == '"');
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unsynced;

    #[tokio::test]
    async fn nothing_is_written_that_is_not_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = unsynced::database(directory.path()).await;
        let (long_reads, event_id) = (LongReads::default(), Uuid::nil());
        let export = Export { database, long_reads, event_id, filter: Filter::default(), now: 0 };
        assert!(export.stream().await.is_err());
    }

    #[test]
    fn formulas_are_shown_and_not_run() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
            for before in [";", "x;", "\t", "x\t", "x\r\n", "x;\"", "\""] {
                assert_eq!(harmless(&format!("{before}{formula}")), format!("{before}'{formula}"));
            }
        }
        for text in ["Ada", "a=b", "'=1", "", " =1", "a;b=c", "Ada \"-\" L"] {
            assert_eq!(harmless(text), text);
        }
    }
}
