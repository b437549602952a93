//! Events and their seats.

use std::collections::HashMap;

use sea_orm::{DbBackend, FromQueryResult, Set, entity::prelude::*};

use crate::{
    Database, Error, Millis, Transaction,
    db::{Columns, FromColumns, one_of, sql, values},
    error::guard,
    ticket::ACTIVE,
};

pub use crate::{
    manage::{Managed, find_for_manager},
    public::{Public, WAITING_MAX, find_public},
};

/// Whether people can see an event and register for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum EventStatus {
    /// Only its organizer and administrators see it.
    #[sea_orm(string_value = "draft")]
    Draft,
    /// Everybody sees it.
    #[sea_orm(string_value = "published")]
    Published,
    /// Visible by its id; nobody can register or confirm.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// An event. Always: capacity = `available_spots` + the seats of its reserved, confirmed and checked-in tickets.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account it belongs to.
    pub organizer_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Free text; empty when there is none.
    pub description: String,
    /// Free text; empty when there is none.
    pub location: String,
    /// When it begins.
    pub starts_at: Millis,
    /// When it is over.
    pub ends_at: Option<Millis>,
    /// IANA name of the zone its times are meant in.
    pub time_zone: String,
    /// Before this nobody can register.
    pub registration_opens_at: Option<Millis>,
    /// From this on nobody can register; the start when absent.
    pub registration_closes_at: Option<Millis>,
    /// Seats, 1 to 1,000,000.
    pub capacity: i64,
    /// Seats nobody holds.
    pub available_spots: i64,
    /// How long a reserved ticket waits for its confirmation.
    pub hold_seconds: i64,
    /// How long a seat offered to a waiting person waits for its confirmation.
    pub offer_seconds: i64,
    /// Whether people are put on a waiting list when it is full.
    pub waitlist_enabled: bool,
    /// Seats that one ticket may take.
    pub max_party_size: i64,
    /// Who sees it.
    pub status: EventStatus,
    /// Raised by each edit of the organizer.
    pub version: i64,
    /// Whose turn it is: a rising number, not a time. The lowest is served next.
    pub served_at: i64,
    /// When a worker has to look at it although nobody registers: at once when it was cancelled or when seats are free
    /// that waiting people may fit in, at its start while people wait. Set whenever somebody waits.
    pub chore_at: Option<Millis>,
    /// Set on the hidden copy that a simulation runs on.
    pub shadow_of: Option<Uuid>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last edited.
    pub updated_at: Millis,
    /// When it became visible to everybody.
    pub published_at: Option<Millis>,
    /// When its last free seat was taken for the first time.
    pub sold_out_at: Option<Millis>,
}

/// No relations: the statements name their tables.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// When registration ends, whether or not the organizer chose a time.
    pub fn closes_at(&self) -> Millis {
        self.registration_closes_at.unwrap_or(self.starts_at)
    }

    /// When a hold made now ends.
    pub fn hold_ends_at(&self, now: Millis) -> Millis {
        now + self.hold_seconds * 1000
    }

    /// When an offer made now ends: an offer never outlasts the event's start.
    pub fn offer_ends_at(&self, now: Millis) -> Millis {
        (now + self.offer_seconds * 1000).min(self.starts_at)
    }
}

/// Adds an event as it is given.
///
/// # Errors
/// What the database answered.
pub async fn insert(tx: &Transaction, event: &Model) -> Result<(), Error> {
    let model: ActiveModel = event.clone().into();
    // An ActiveModel made from a Model counts as already stored; `reset_all` marks every column to be written.
    let model = ActiveModel { id: Set(event.id), ..model.reset_all() };
    Entity::insert(model).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Writes what an organizer may edit, everything but the seats: one more version.
///
/// # Errors
/// [`Error::Guard`] when somebody else edited it since it was read; otherwise what the database answered.
pub async fn update(tx: &Transaction, event: &Model, now: Millis) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE event SET name = ?, description = ?, location = ?, starts_at = ?, ends_at = ?, time_zone = ?,
         registration_opens_at = ?, registration_closes_at = ?, hold_seconds = ?, offer_seconds = ?,
         waitlist_enabled = ?, max_party_size = ?, status = ?, published_at = ?, version = version + 1, updated_at = ?
         WHERE id = ? AND version = ?",
        values![
            event.name.as_str(),
            event.description.as_str(),
            event.location.as_str(),
            event.starts_at,
            event.ends_at,
            event.time_zone.as_str(),
            event.registration_opens_at,
            event.registration_closes_at,
            event.hold_seconds,
            event.offer_seconds,
            event.waitlist_enabled,
            event.max_party_size,
            event.status.to_value(),
            event.published_at,
            now,
            event.id,
            event.version,
        ],
    );
    guard("event::update", 1, tx.execute_raw(update).await?.rows_affected())
}

/// What an event still has going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct LiveCounts {
    /// Tickets that are neither cancelled nor expired.
    pub tickets: i64,
    /// Intents that are not decided.
    pub intents: i64,
}

/// Counts what an event still has going on.
///
/// # Errors
/// What the database answered.
pub async fn live_counts(connection: &impl ConnectionTrait, id: Uuid) -> Result<LiveCounts, Error> {
    let query = sql(
        connection,
        &format!(
            "SELECT (SELECT count(*) FROM ticket WHERE event_id = ? AND {ACTIVE}) AS tickets,
             (SELECT count(*) FROM job WHERE event_id = ? AND state = 'pending') AS intents"
        ),
        values![id, id],
    );
    let counts = LiveCounts::find_by_statement(query).one(connection).await?;
    counts.ok_or(Error::Guard { what: "live_counts", expected: 1, actual: 0 })
}

/// The event.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, Error> {
    let query = sql(connection, "SELECT * FROM event WHERE id = ?", values![id]);
    Ok(Model::find_by_statement(query).one(connection).await?)
}

/// Published events that have not started, by (`starts_at`, `id`), from behind `after` on.
///
/// # Errors
/// What the database answered.
pub async fn list_upcoming(
    connection: &impl ConnectionTrait,
    now: Millis,
    after: Option<(Millis, Uuid)>,
    limit: u32,
) -> Result<Vec<Model>, Error> {
    let (starts_at, id) = after.unwrap_or((now, Uuid::max()));
    let query = sql(
        connection,
        "SELECT * FROM event WHERE status = 'published' AND shadow_of IS NULL
         AND starts_at > ? AND (starts_at, id) > (?, ?) ORDER BY starts_at, id LIMIT ?",
        values![now, starts_at, id, i64::from(limit)],
    );
    Ok(Model::find_by_statement(query).all(connection).await?)
}

/// What intake judges an intent by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The event.
    pub id: Uuid,
    /// Who sees it.
    pub status: EventStatus,
    /// Before this nobody can register.
    pub opens_at: Option<Millis>,
    /// From this on nobody can register.
    pub closes_at: Millis,
    /// From this on nobody can register either.
    pub starts_at: Millis,
    /// Seats that one ticket may take.
    pub max_party_size: i64,
    /// Who may name other people.
    pub organizer_email: String,
    /// Whether it is a simulation's copy.
    pub is_shadow: bool,
}

impl FromColumns for Window {
    fn from_columns(row: &impl Columns) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.column("id")?,
            status: EventStatus::try_from_value(&row.column("status")?)?,
            opens_at: row.column("opens_at")?,
            closes_at: row.column("closes_at")?,
            starts_at: row.column("starts_at")?,
            max_party_size: row.column("max_party_size")?,
            organizer_email: row.column("organizer_email")?,
            is_shadow: row.column("is_shadow")?,
        })
    }
}

/// The registration windows of these events; an unknown id has none.
///
/// # Errors
/// What the database answered.
pub async fn windows(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Window>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (text, ids) = select_windows(connection.get_database_backend(), ids, "");
    let found = connection.query_all_raw(sql(connection, &text, ids)).await?;
    let windows = found.iter().map(|row| Ok(Window::from_columns(row)?));
    windows.map(|window: Result<_, Error>| window.map(|window| (window.id, window))).collect()
}

/// The same, and the time at which they were so; 0 when all ids are unknown.
///
/// # Errors
/// What the database answered.
pub async fn windows_now(database: &Database, ids: &[Uuid]) -> Result<(HashMap<Uuid, Window>, Millis), Error> {
    if ids.is_empty() {
        return Ok((HashMap::new(), 0));
    }
    let reader = database.by_key();
    let (text, ids) = select_windows(reader.get_database_backend(), ids, &database.clock_column());
    let found: Vec<(Window, Millis)> = database.query_alone(sql(reader, &text, ids)).await?;
    let now = found.first().map_or(0, |(_, now)| *now);
    Ok((found.into_iter().map(|(window, _)| (window.id, window)).collect(), now))
}

fn select_windows(backend: DbBackend, ids: &[Uuid], more_columns: &str) -> (String, Vec<Value>) {
    let (among, ids) = one_of(backend, ids.iter().copied());
    let text = format!(
        "SELECT event.id, event.status, registration_opens_at AS opens_at,
         coalesce(registration_closes_at, starts_at) AS closes_at, starts_at, max_party_size,
         account.email AS organizer_email, (shadow_of IS NOT NULL) AS is_shadow{more_columns}
         FROM event JOIN account ON account.id = event.organizer_id WHERE event.id {among}"
    );
    (text, ids)
}

/// The event, locked until the end of the transaction: the first step of whoever creates, cancels, expires or promotes
/// one of its tickets.
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction, id: Uuid) -> Result<Option<Model>, Error> {
    let text = format!("SELECT * FROM event WHERE id = ? {}", tx.lock_clause("event"));
    Ok(Model::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// The event, locked, unless somebody else has it: then nothing, at once.
///
/// # Errors
/// What the database answered.
pub async fn try_lock(tx: &Transaction, id: Uuid) -> Result<Option<Model>, Error> {
    let text = format!("SELECT * FROM event WHERE id = ? {}", tx.try_lock_clause("event"));
    Ok(Model::find_by_statement(sql(&**tx, &text, values![id])).one(&**tx).await?)
}

/// Puts an event behind all others: it had its turn.
///
/// # Errors
/// [`Error::Guard`] when there is no such event; otherwise what the database answered.
pub async fn put_behind(tx: &Transaction, id: Uuid) -> Result<(), Error> {
    let turn = next_turn(tx);
    let update = sql(&**tx, &format!("UPDATE event SET served_at = {turn} WHERE id = ?"), values![id]);
    guard("event::put_behind", 1, tx.execute_raw(update).await?.rows_affected())
}

/// The expression for a number that is higher than every `served_at`.
pub(crate) fn next_turn(tx: &Transaction) -> &'static str {
    match tx.get_database_backend() {
        DbBackend::Postgres => "nextval('event_turn')",
        _ => "(SELECT max(served_at) + 1 FROM event)",
    }
}
