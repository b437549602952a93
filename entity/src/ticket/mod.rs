//! Tickets: who holds which seats, and until when.
//!
//! A ticket moves only along the edges of its state graph (README), each one guarded UPDATE that names the state it
//! comes from; seats move only by what such an UPDATE returned. Whoever makes, cancels or expires a ticket has locked
//! the event's row before; confirming and checking in touch the ticket's row alone.

mod check_in;
mod drain;
mod expire;
mod issue;
mod read;
mod transition;

pub use check_in::{check_in, find_by_seq, lock_for_door, undo_check_in};
pub use drain::{Live, cancel_all, live};
pub use expire::{Expired, events_with_due, expire_due, next_expiry};
pub use issue::{Grant, held_seats, insert};
pub use read::{find, find_many, lock, lock_many, look_up, try_lock_many};
pub use transition::{cancel, cap_offers, confirm, extend, rename};

use std::sync::LazyLock;

use sea_orm::{Iden, Iterable, entity::prelude::*};

use crate::{
    Millis,
    db::{InPlaces, Places},
};

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum TicketStatus {
    /// In line, without seats.
    #[sea_orm(string_value = "waitlisted")]
    Waitlisted,
    /// Holds seats until `expires_at`.
    #[sea_orm(string_value = "reserved")]
    Reserved,
    /// Holds seats.
    #[sea_orm(string_value = "confirmed")]
    Confirmed,
    /// Used at the door.
    #[sea_orm(string_value = "checked_in")]
    CheckedIn,
    /// Given up; its seats went back.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    /// Not confirmed in time; its seats went back.
    #[sea_orm(string_value = "expired")]
    Expired,
}

/// The states of a ticket that counts as a person's one ticket for an event. Word for word the condition of the partial
/// unique index, or SQLite does not use it.
pub(crate) const ACTIVE: &str = "status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in')";

/// All other states: word for word the condition of the other index by person.
pub(crate) const PAST: &str = "status IN ('cancelled', 'expired')";

/// A ticket.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    /// Order of issue.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// UUID v7.
    pub id: Uuid,
    /// What for.
    pub event_id: Uuid,
    /// The registration it came from.
    pub job_id: Uuid,
    /// The person's account, if there is one.
    pub account_id: Option<Uuid>,
    /// The person; the ticket belongs to this address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Seats it holds (or wants, while waitlisted).
    pub party_size: i64,
    /// Where it stands. A reserved ticket past `expires_at` is expired, whatever stands here.
    pub status: TicketStatus,
    /// When the hold ends or ended.
    pub expires_at: Option<Millis>,
    /// When the seats were offered to a waiting person.
    pub offered_at: Option<Millis>,
    /// How often the hold was extended.
    pub extensions: i64,
    /// What the door's device sent with the scan.
    pub check_in_nonce: Option<String>,
    /// When it was issued.
    pub created_at: Millis,
    /// When it was confirmed.
    pub confirmed_at: Option<Millis>,
    /// When it was used.
    pub checked_in_at: Option<Millis>,
    /// The e-mail of whoever let it in.
    pub checked_in_by: Option<String>,
    /// When it was given up.
    pub cancelled_at: Option<Millis>,
    /// When it was found lapsed.
    pub expired_at: Option<Millis>,
}

/// No relations: the statements name their tables.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The status at a time: a hold is valid until `expires_at` and not a moment longer, reaped or not.
    pub fn status_at(&self, now: Millis) -> TicketStatus {
        let lapsed = self.status == TicketStatus::Reserved && self.expires_at.is_some_and(|at| at <= now);
        if lapsed { TicketStatus::Expired } else { self.status }
    }

    fn with(seq: i64, columns: &mut Places<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            seq,
            id: columns.next()?,
            event_id: columns.next()?,
            job_id: columns.next()?,
            account_id: columns.next_if_any()?,
            email: columns.next()?,
            name: columns.next()?,
            party_size: columns.next()?,
            status: columns.next()?,
            expires_at: columns.next_if_any()?,
            offered_at: columns.next_if_any()?,
            extensions: columns.next()?,
            check_in_nonce: columns.next_if_any()?,
            created_at: columns.next()?,
            confirmed_at: columns.next_if_any()?,
            checked_in_at: columns.next_if_any()?,
            checked_in_by: columns.next_if_any()?,
            cancelled_at: columns.next_if_any()?,
            expired_at: columns.next_if_any()?,
        })
    }
}

/// All of [`Column`], in their order.
impl InPlaces for Model {
    fn next_in(columns: &mut Places<'_>) -> Result<Self, DbErr> {
        let seq = columns.next()?;
        Self::with(seq, columns)
    }
}

/// The same, where an outer join may have found none.
impl InPlaces for Option<Model> {
    fn next_in(columns: &mut Places<'_>) -> Result<Self, DbErr> {
        let Some(seq) = columns.next_if_any()? else {
            columns.skip(Column::iter().count() - 1);
            return Ok(None);
        };
        Model::with(seq, columns).map(Some)
    }
}

/// The columns that a ticket is read from by their places.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<String> = Column::iter().map(|column| format!("ticket.{}", column.to_string())).collect();
    columns.join(", ")
});

#[cfg(test)]
mod tests {
    use sea_orm::{Database, DbBackend, FromQueryResult, QueryResult, Statement};

    use super::*;

    /// A value for a column that no other column has.
    fn value(place: usize, column: &str) -> String {
        match column {
            "id" | "event_id" | "job_id" | "account_id" => format!("x'{place:032x}'"),
            "email" | "name" | "check_in_nonce" | "checked_in_by" => format!("'{column}'"),
            "status" => "'reserved'".to_owned(),
            _ => place.to_string(),
        }
    }

    /// A row with these values for the columns, and one more.
    async fn row(value: impl Fn(usize, &str) -> String) -> QueryResult {
        let columns = Column::iter().enumerate().map(|(place, column)| {
            let name = column.to_string();
            format!("{} AS {name}", value(place, &name))
        });
        let text = format!("SELECT {}, 'next'", columns.collect::<Vec<_>>().join(", "));
        let connection = Database::connect("sqlite::memory:").await.unwrap();
        let query = Statement::from_string(DbBackend::Sqlite, text);
        connection.query_one_raw(query).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_ticket_reads_by_place_as_it_does_by_name() {
        let full = row(value).await;
        let by_name = Model::from_query_result(&full, "").unwrap();
        assert_eq!(Model::next_in(&mut Places::of(&full)).unwrap(), by_name);

        let empty = row(|_, _| "NULL".to_owned()).await;
        let mut places = Places::of(&empty);
        assert_eq!(Option::<Model>::next_in(&mut places).unwrap(), None);
        assert_eq!(places.next::<String>().unwrap(), "next", "what comes behind the ticket");
    }

    #[tokio::test]
    async fn a_hold_is_valid_until_it_ends_and_not_a_moment_longer() {
        let full = row(value).await;
        let held = Model { expires_at: Some(1000), ..Model::from_query_result(&full, "").unwrap() };
        let seen = [999, 1000, 1001].map(|now| held.status_at(now));
        assert_eq!(seen, [TicketStatus::Reserved, TicketStatus::Expired, TicketStatus::Expired]);
        let confirmed = Model { status: TicketStatus::Confirmed, ..held };
        assert_eq!(confirmed.status_at(1001), TicketStatus::Confirmed);
    }
}
