//! The door: letting tickets in.

use std::sync::Arc;

use entity::ticket;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    attempt::attempt,
    check_in::{Mistake, Scan, check_in, undo},
    code::Claim,
    http::{
        caller::{As, Organizer},
        fields::path_id,
        json::{Body, Json},
        outer::Trace,
        problem::{Code, Problem},
    },
    views::{CheckIn, CheckInUndo, NewCheckIn, Ticket},
};

pub(super) struct CheckIns;

#[derive(ApiResponse)]
enum Admitted {
    /// Let them in. With a `nonce` also when this scan was answered before.
    #[oai(status = 201)]
    CheckIn(Json<CheckIn>),
}

#[OpenApi(tag = "Tag::CheckIns")]
impl CheckIns {
    /// Lets a ticket in
    ///
    /// For the event's organizer and administrators. Of any number of scans of one ticket exactly one is answered with
    /// 201; the others with 409 `already_checked_in`, and who let it in and when. A scan whose answer was lost can be
    /// sent again with its `nonce`.
    #[oai(path = "/check-ins", method = "post", operation_id = "checkIn")]
    async fn check_in(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        body: Body<NewCheckIn>,
        trace: Data<&Trace>,
    ) -> Result<Admitted, Problem> {
        let NewCheckIn { code, nonce } = body.0;
        let scan = Scan {
            ticket_id: ticket_of(&app, &code).await?,
            // Drawn once: a transaction that is tried again after a lost commit must know its own check-in.
            nonce: nonce.unwrap_or_else(|| Uuid::now_v7().to_string()),
            viewer: caller.0.viewer(),
            actor: caller.0.actor(&trace),
        };
        let database = app.database.clone();
        let outcome = attempt(move || check_in(database.clone(), scan.clone())).await?;
        outcome.map(|admitted| Admitted::CheckIn(Json(admitted)))
    }

    /// Takes a check-in back
    ///
    /// For the event's organizer and administrators. The ticket is confirmed again and its code opens the door once
    /// more. The reason goes into the record.
    #[oai(path = "/check-ins/:ticket_id/undo", method = "post", operation_id = "undoCheckIn")]
    async fn undo(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Organizer>,
        ticket_id: Path<String>,
        body: Body<CheckInUndo>,
        trace: Data<&Trace>,
    ) -> Result<Json<Ticket>, Problem> {
        let mistake = Mistake {
            ticket_id: path_id(&ticket_id).ok_or(Code::NotFound)?,
            reason: body.0.reason,
            viewer: caller.0.viewer(),
            actor: caller.0.actor(&trace),
        };
        let database = app.database.clone();
        let outcome = attempt(move || undo(database.clone(), mistake.clone())).await?;
        outcome.map(Json).map_err(Problem::from)
    }
}

/// The ticket that a code is the true code of. Looked up before anything is locked: guessing keeps nobody waiting.
async fn ticket_of(app: &App, code: &str) -> Result<Uuid, Problem> {
    let codes = app.codes.as_ref().ok_or(Code::NotConfigured)?;
    let claim = Claim::read(code).ok_or(Code::NotFound)?;
    let ticket = ticket::find_by_seq(app.database.reader(), claim.seq).await?.ok_or(Code::NotFound)?;
    if codes.prove(&claim, ticket.seq, ticket.id) { Ok(ticket.id) } else { Err(Code::NotFound.into()) }
}
