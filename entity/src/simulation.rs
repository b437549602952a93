//! Simulations: rehearsals of an event on a hidden copy of it, its shadow.
//!
//! The shadow is an event like any other to intake and workers, and to nobody else. It is removed when the simulation is
//! over; one that was left behind by a process that died is removed by any worker.

use sea_orm::{DbBackend, FromQueryResult, entity::prelude::*};

use crate::{
    Error, Millis, Seats, Transaction,
    audit::Actor,
    db::{sql, values},
    error::guard,
    event,
    job::prune,
};

/// How far a simulation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SimulationState {
    /// People are asking for seats.
    #[sea_orm(string_value = "running")]
    Running,
    /// There is a report.
    #[sea_orm(string_value = "finished")]
    Finished,
    /// The process that ran it is gone.
    #[sea_orm(string_value = "abandoned")]
    Abandoned,
}

/// A simulation.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Simulation {
    /// UUID v7.
    pub id: Uuid,
    /// The event that is rehearsed.
    pub event_id: Uuid,
    /// Its copy, for as long as it is there.
    pub shadow_id: Option<Uuid>,
    /// How many people ask for a seat.
    pub users: i64,
    /// How far it is.
    pub state: SimulationState,
    /// When it began.
    pub created_at: Millis,
    /// When the process that runs it last said so.
    pub touched_at: Millis,
    /// When it was over.
    pub finished_at: Option<Millis>,
    /// What it showed, as JSON.
    pub report: Option<String>,
}

/// A simulation whose process has been silent for so many milliseconds is left behind.
pub const SILENT_FOR: Millis = 60_000;

/// The rehearsal's copy of an event: the same seats and rules, all free, open to registration for a day. Holds last the
/// whole rehearsal, so that its counts do not depend on how long it takes.
pub fn shadow(event: &event::Model, id: Uuid, now: Millis) -> event::Model {
    const DAY: Millis = 24 * 60 * 60 * 1000;
    event::Model {
        id,
        shadow_of: Some(event.id),
        status: event::EventStatus::Published,
        starts_at: now + DAY,
        ends_at: None,
        registration_opens_at: None,
        registration_closes_at: None,
        available_spots: event.capacity,
        hold_seconds: 86_400,
        served_at: 0,
        chore_at: None,
        published_at: Some(now),
        sold_out_at: None,
        ..event.clone()
    }
}

/// Adds a simulation that begins now.
///
/// # Errors
/// What the database answered.
pub async fn begin(tx: &Transaction, simulation: &Simulation) -> Result<(), Error> {
    let insert = sql(
        &**tx,
        "INSERT INTO simulation (id, event_id, shadow_id, users, state, created_at, touched_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        values![
            simulation.id,
            simulation.event_id,
            simulation.shadow_id,
            simulation.users,
            simulation.state.to_value(),
            simulation.created_at,
            simulation.touched_at,
        ],
    );
    tx.execute_raw(insert).await?;
    Ok(())
}

/// Any number, the same in every process: the name of the lock on PostgreSQL ("rehearse" in ASCII).
const LOCK: i64 = 0x7265_6865_6172_7365;

/// One at a time: whoever counts the simulations and adds one. (On SQLite every transaction is alone.)
///
/// # Errors
/// What the database answered.
pub async fn lock(tx: &Transaction) -> Result<(), Error> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.query_one_raw(sql(&**tx, "SELECT pg_advisory_xact_lock(?)", values![LOCK])).await?;
    }
    Ok(())
}

/// How many simulations are running.
///
/// # Errors
/// What the database answered.
pub async fn count_running(tx: &Transaction, now: Millis) -> Result<i64, Error> {
    let query = sql(
        &**tx,
        "SELECT count(*) AS running FROM simulation WHERE state = 'running' AND touched_at > ?",
        values![now - SILENT_FOR],
    );
    let row = tx.query_one_raw(query).await?.ok_or(Error::Guard { what: "simulation", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "running")?)
}

/// The simulation.
///
/// # Errors
/// What the database answered.
pub async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Simulation>, Error> {
    let query = sql(connection, "SELECT * FROM simulation WHERE id = ?", values![id]);
    Ok(Simulation::find_by_statement(query).one(connection).await?)
}

/// Its process is still there.
///
/// # Errors
/// What the database answered.
pub async fn touch(tx: &Transaction, id: Uuid, now: Millis) -> Result<(), Error> {
    let update =
        sql(&**tx, "UPDATE simulation SET touched_at = ? WHERE id = ? AND state <> 'abandoned'", values![now, id]);
    guard("simulation::touch", 1, tx.execute_raw(update).await?.rows_affected())
}

/// running → finished.
///
/// # Errors
/// [`Error::Guard`] when it was not running; otherwise what the database answered.
pub async fn finish(tx: &Transaction, id: Uuid, report: &str, now: Millis) -> Result<(), Error> {
    let update = sql(
        &**tx,
        "UPDATE simulation SET state = 'finished', report = ?, finished_at = ?, touched_at = ?
         WHERE id = ? AND state = 'running'",
        values![report, now, now, id],
    );
    guard("simulation::finish", 1, tx.execute_raw(update).await?.rows_affected())
}

/// A simulation whose shadow was left behind.
///
/// # Errors
/// What the database answered.
pub async fn left_behind(connection: &impl ConnectionTrait, now: Millis) -> Result<Option<Simulation>, Error> {
    let query = sql(
        connection,
        "SELECT * FROM simulation WHERE shadow_id IS NOT NULL AND touched_at <= ? LIMIT 1",
        values![now - SILENT_FOR],
    );
    Ok(Simulation::find_by_statement(query).one(connection).await?)
}

/// A simulation that was left behind is abandoned, unless its process has said something since. Whoever runs it cannot
/// finish it from here on. Returns whether it is nobody's.
///
/// # Errors
/// What the database answered.
pub async fn abandon(tx: &Transaction, id: Uuid, now: Millis) -> Result<bool, Error> {
    let update = sql(
        &**tx,
        "UPDATE simulation SET state = CASE state WHEN 'running' THEN 'abandoned' ELSE state END
         WHERE id = ? AND touched_at <= ?",
        values![id, now - SILENT_FOR],
    );
    Ok(tx.execute_raw(update).await?.rows_affected() == 1)
}

/// Removes a part of the shadow of a simulation that does not run any more: at most `limit` of its jobs with their tickets,
/// and when none are left the shadow itself. Returns whether there is more.
///
/// # Errors
/// What the database answered.
pub async fn remove_shadow(tx: &Transaction, simulation: &Simulation, limit: u32) -> Result<bool, Error> {
    let Some(shadow_id) = simulation.shadow_id else { return Ok(false) };
    // Nothing of a shadow is recorded, so it does not matter who does this.
    let nobody = Actor::worker(simulation.id);
    if let Some(shadow) = close(tx, shadow_id).await? {
        let pruned = prune::remove_all(tx, shadow_id, limit).await?;
        let mut seats = Seats::of(tx, shadow, &nobody, tx.now().await?);
        seats.give_back(pruned.seats)?;
        seats.save().await?;
        if pruned.jobs > 0 {
            return Ok(true);
        }
    }
    let forget = sql(&**tx, "UPDATE simulation SET shadow_id = NULL WHERE id = ?", values![simulation.id]);
    tx.execute_raw(forget).await?;
    tx.execute_raw(sql(&**tx, "DELETE FROM event WHERE id = ? AND shadow_of IS NOT NULL", values![shadow_id])).await?;
    Ok(false)
}

/// Locks a shadow and ends it: nobody is offered the seats that come free while it is removed.
async fn close(tx: &Transaction, shadow_id: Uuid) -> Result<Option<event::Model>, Error> {
    let update = sql(
        &**tx,
        "UPDATE event SET status = 'cancelled', chore_at = NULL WHERE id = ? AND shadow_of IS NOT NULL RETURNING *",
        values![shadow_id],
    );
    Ok(event::Model::find_by_statement(update).one(&**tx).await?)
}
