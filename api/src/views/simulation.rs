//! Simulations on the wire.

use entity::simulation::{self, SimulationState};
use poem_openapi::{
    Enum, Object,
    types::{Example, ParseFromJSON},
};
use serde_json::Value;
use uuid::Uuid;

use crate::http::time::Time;

/// How far a simulation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "SimulationStatus", rename_all = "snake_case")]
pub(crate) enum Status {
    /// People are asking for seats.
    Running,
    /// There is a report.
    Finished,
    /// The process that ran it is gone; there is no report.
    Abandoned,
}

/// A rehearsal of a sale on a hidden copy of an event.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Simulation {
    /// Its id.
    pub id: Uuid,
    /// The event that is rehearsed; nothing of it changes.
    pub event_id: Uuid,
    pub status: Status,
    /// How many people ask for a seat.
    pub users: i64,
    /// While running: how many were accepted so far.
    pub accepted: Option<i64>,
    /// While running: how many were decided so far.
    pub decided: Option<i64>,
    /// When it began.
    pub created_at: Time,
    /// When it was over.
    pub finished_at: Option<Time>,
    pub report: Option<SimulationReport>,
}

/// What a simulation showed.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct SimulationReport {
    /// People who got a seat.
    pub reserved: i64,
    /// People who got a place on the waitlist.
    pub waitlisted: i64,
    /// People who got neither.
    pub refused: i64,
    /// Registrations that faulted.
    pub failed: i64,
    /// Registrations that were not decided in time.
    pub pending: i64,
    /// People whom intake did not take in, because too much was going on.
    pub turned_away: i64,
    /// Seats that were free at the end.
    pub final_available: i64,
    /// Milliseconds from the first request to the last decision seen.
    pub duration_ms: i64,
    /// Decisions in each second, from the first arrival to the last decision.
    pub settled_per_second: Option<f64>,
    /// Milliseconds from acceptance to decision that half of the people waited at most.
    pub p50_ms: Option<i64>,
    /// Milliseconds from acceptance to decision that 99 of 100 people waited at most.
    pub p99_ms: Option<i64>,
    /// Whether every check below held.
    pub promises_held: bool,
    /// The promises that were checked on the copy at the end.
    pub checks: Vec<PromiseCheck>,
}

/// A promise that was checked.
#[derive(Clone, Debug, Object)]
pub(crate) struct PromiseCheck {
    /// Which.
    pub promise: String,
    /// Whether it held.
    pub held: bool,
}

impl Simulation {
    /// The simulation, with how many were accepted and decided so far if it is running.
    pub(crate) fn new(simulation: simulation::Simulation, progress: Option<(i64, i64)>) -> Self {
        let report = simulation.report.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        Self {
            id: simulation.id,
            event_id: simulation.event_id,
            status: match simulation.state {
                SimulationState::Running => Status::Running,
                SimulationState::Finished => Status::Finished,
                SimulationState::Abandoned => Status::Abandoned,
            },
            users: simulation.users,
            accepted: progress.map(|(accepted, _)| accepted),
            decided: progress.map(|(_, decided)| decided),
            created_at: Time(simulation.created_at),
            finished_at: simulation.finished_at.map(Time),
            report: report.and_then(|report| SimulationReport::parse_from_json(Some(report)).ok()),
        }
    }
}

impl Example for Simulation {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c1ac_70a2_9ff2_e0ac_0aa0_1100 + last);
        let check = PromiseCheck { promise: "never_oversold".to_owned(), held: true };
        Self {
            id: id(1),
            event_id: id(2),
            status: Status::Finished,
            users: 1000,
            accepted: None,
            decided: None,
            created_at: Time(1_795_243_511_000),
            finished_at: Some(Time(1_795_243_512_000)),
            report: Some(SimulationReport {
                reserved: 10,
                waitlisted: 0,
                refused: 990,
                failed: 0,
                pending: 0,
                turned_away: 0,
                final_available: 0,
                duration_ms: 412,
                settled_per_second: Some(4100.0),
                p50_ms: Some(21),
                p99_ms: Some(48),
                promises_held: true,
                checks: vec![check],
            }),
        }
    }
}
