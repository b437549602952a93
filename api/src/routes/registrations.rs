//! Asking for seats, and learning what became of it.

use std::{sync::Arc, time::Duration};

use entity::{Email, Error, Millis, Viewer, job::enqueue::NewJob, registration};
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::Tag;
use crate::{
    app::App,
    group::Unserved,
    http::{
        caller::{As, Attendee, Caller, Registrant, invalid_token},
        etag,
        fields::path_id,
        json::{Body, Direct},
        later::Later,
        outer::Trace,
        parameters::{IdempotencyKey, IfNoneMatch, Prefer},
        problem::{Code, FieldError, FieldErrorCode, Problem},
    },
    intake::{IntakeRefusal, Intent, Verdict},
    views::{NewRegistration, Registration, RegistrationStatus as Status},
};

pub(super) struct Registrations;

/// Seconds after which asking again is worth it.
const RETRY_AFTER: u32 = 1;

#[derive(ApiResponse)]
pub(crate) enum Registered {
    /// It was decided before: this key was used already. With `Prefer: wait`, it failed.
    #[oai(status = 200)]
    Decided(
        Direct<Registration>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "Preference-Applied")] Option<String>,
    ),
    /// With `Prefer: wait`: there is a ticket.
    #[oai(status = 201)]
    Granted(
        Direct<Registration>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "Preference-Applied")] Option<String>,
    ),
    /// It is durable and will be decided: ask for it at `Location`.
    #[oai(status = 202)]
    Accepted(
        Direct<Registration>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
        #[oai(header = "Idempotency-Replayed")] Option<String>,
        #[oai(header = "Preference-Applied")] Option<String>,
        #[oai(header = "Retry-After")] u32,
    ),
}

#[derive(ApiResponse)]
enum Found {
    /// Here it is.
    #[oai(status = 200)]
    Registration(
        Direct<Registration>,
        #[oai(header = "ETag")] String,
        #[oai(header = "Retry-After")] Option<u32>,
        #[oai(header = "Preference-Applied")] Option<String>,
    ),
    /// It is still as you have it.
    #[oai(status = 304)]
    Same(
        #[oai(header = "ETag")] String,
        #[oai(header = "Retry-After")] Option<u32>,
        #[oai(header = "Preference-Applied")] Option<String>,
    ),
}

#[OpenApi(tag = "Tag::Registrations")]
impl Registrations {
    /// Asks for seats
    ///
    /// The request is durable when this answers, and is decided in order of arrival. Send the same `Idempotency-Key`
    /// again after a lost answer: it leads to the same registration. With `Prefer: wait=N` the answer is the decision,
    /// if it is made within N seconds: 201, or 409 with the reason.
    #[oai(path = "/events/:id/register", method = "post", operation_id = "register")]
    #[expect(clippy::unused_async, reason = "operations are")]
    async fn register(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Registrant>,
        #[oai(name = "Idempotency-Key")] key: IdempotencyKey,
        #[oai(name = "Prefer")] prefer: Prefer,
        id: Path<String>,
        body: Body<NewRegistration>,
        trace: Data<&Trace>,
    ) -> Result<Later<Registered>, Problem> {
        let intent = intent(&caller.0, key, &id, body.0, &trace)?;
        let job = (intent.job.id, intent.job.event_id);
        Ok(Later::new(register(Arc::clone(&app), caller.0.viewer(), job, app.intake.ask(intent), prefer)))
    }

    /// Reads a registration
    ///
    /// With `Prefer: wait=N` it answers when the registration is decided or, with `If-None-Match`, as soon as it is no
    /// longer as you have it, after N seconds at the latest.
    #[oai(path = "/registrations/:id", method = "get", operation_id = "getRegistration")]
    #[expect(clippy::unused_async, reason = "operations are")]
    async fn read(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Attendee>,
        #[oai(name = "Prefer")] prefer: Prefer,
        #[oai(name = "If-None-Match")] known: IfNoneMatch,
        id: Path<String>,
    ) -> Result<Later<Found>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        Ok(Later::new(read(Arc::clone(&app), caller.0.viewer(), prefer, known, id)))
    }
}

/// What is waited for most: its future holds little, and is boxed where it would hold more.
async fn register(
    app: Arc<App>,
    viewer: Viewer,
    job: (Uuid, Uuid),
    verdict: impl Future<Output = Result<Verdict, Unserved>>,
    prefer: Prefer,
) -> Result<Registered, Problem> {
    let (id, event_id) = job;
    let answer = match verdict.await? {
        Verdict::Accepted { created_at } => {
            let pending = Registration::accepted(id, event_id, created_at);
            answer(&app, &viewer, pending, prefer, false).await
        }
        Verdict::Replayed(id) => Box::pin(replay(&app, &viewer, id, prefer)).await,
        Verdict::Refused(refusal) => Err(refuse(refusal)),
    };
    if !matches!(answer, Ok(Registered::Accepted(..))) {
        // It tells of a decision, or of the event; intake made durable what was asked.
        Box::pin(app.database.seen_is_durable()).await?;
    }
    answer
}

async fn replay(app: &App, viewer: &Viewer, id: Uuid, prefer: Prefer) -> Result<Registered, Problem> {
    let (stored, _, view) = find(app, id, viewer).await?;
    let known = with_position(app, &stored, view).await?;
    answer(app, viewer, known, prefer, true).await
}

async fn read(app: Arc<App>, viewer: Viewer, prefer: Prefer, known: IfNoneMatch, id: Uuid) -> Result<Found, Problem> {
    let (mut stored, now, mut view) = find(&app, id, &viewer).await?;
    let patience = prefer.duration().filter(|_| !known.is_given() || known.has(&view.etag()));
    if let Some(patience) = patience {
        let ticket = stored.ticket.as_ref().filter(|_| known.is_given());
        if view.status == Status::Pending {
            app.watch.decision(id, patience).await;
            (stored, _, view) = find(&app, id, &viewer).await?;
        } else if let Some(ticket) = ticket {
            app.ticket_change(ticket, now, patience).await;
            (stored, _, view) = find(&app, id, &viewer).await?;
        }
    }
    let view = with_place(&app, &stored, view).await?;
    let (etag, applied) = (view.etag(), prefer.applied());
    let retry_after = (view.status == Status::Pending).then_some(RETRY_AFTER);
    if known.has(&etag) {
        return Ok(Found::Same(etag, retry_after, applied));
    }
    Ok(Found::Registration(Direct(view), etag, retry_after, applied))
}

type Stored = registration::Registration;

/// The registration as it is stored, the time now, and how it reads.
async fn find(app: &App, id: Uuid, viewer: &Viewer) -> Result<(Stored, Millis, Registration), Problem> {
    let (stored, now) = app.reads.registration(id, viewer).await?;
    let view = Registration::at(&stored, now).with_code(app.codes.as_ref(), viewer);
    Ok((stored, now, view))
}

/// The registration with where it stands: in the queue, or on the waitlist.
pub(super) async fn with_place(app: &App, stored: &Stored, view: Registration) -> Result<Registration, Error> {
    if view.status != Status::Pending {
        return with_position(app, stored, view).await;
    }
    let place = app.progress.place(&app.database, stored.event_id, stored.seq).await?;
    Ok(view.with_place(place))
}

async fn with_position(app: &App, stored: &Stored, view: Registration) -> Result<Registration, Error> {
    let Some(ticket) = &stored.ticket else { return Ok(view) };
    let position = app.position(ticket).await?;
    Ok(position.into_iter().fold(view, Registration::with_position))
}

/// The answer to a request for seats, given what is known of the registration: README, "Register, by state".
pub(crate) async fn answer(
    app: &App,
    viewer: &Viewer,
    known: Registration,
    prefer: Prefer,
    is_replay: bool,
) -> Result<Registered, Problem> {
    let view = match prefer.duration().filter(|_| known.status == Status::Pending) {
        Some(patience) => Box::pin(decided(app, viewer, known, patience)).await?,
        None => known,
    };
    let (location, etag) = (format!("/registrations/{}", view.id), view.etag());
    let (replayed, applied) = (is_replay.then(|| "true".to_owned()), prefer.applied());
    let waits = prefer.wait.is_some();
    match view.status {
        Status::Pending => Ok(Registered::Accepted(Direct(view), location, etag, replayed, applied, RETRY_AFTER)),
        Status::Reserved | Status::Waitlisted if waits => {
            Ok(Registered::Granted(Direct(view), location, etag, replayed, applied))
        }
        Status::Refused if waits => Err(refused(&view, location, replayed, applied)),
        _ => Ok(Registered::Decided(Direct(view), location, etag, replayed, applied)),
    }
}

/// The registration once it is decided, or as it was if that takes too long.
async fn decided(app: &App, viewer: &Viewer, known: Registration, patience: Duration) -> Result<Registration, Error> {
    let Some((decided, now)) = app.watch.decision(known.id, patience).await else { return Ok(known) };
    // Whoever waited for it twice may have confirmed the ticket already.
    let view = Registration::at(&decided, now).with_code(app.codes.as_ref(), viewer);
    with_position(app, &decided, view).await
}

/// The refusal of a registration as an answer to somebody who waited for it.
fn refused(view: &Registration, location: String, replayed: Option<String>, applied: Option<String>) -> Problem {
    let code = view.refusal.as_ref().map_or(Code::Internal, |refusal| refusal.code.into());
    let mut problem = Problem::from(code).registration(view.id).header("Location", location);
    for (name, value) in [("Idempotency-Replayed", replayed), ("Preference-Applied", applied)] {
        if let Some(value) = value {
            problem = problem.header(name, value);
        }
    }
    problem
}

/// The intent that a request expresses, every default filled in.
pub(crate) fn intent(
    caller: &Caller,
    key: IdempotencyKey,
    event_id: &str,
    new: NewRegistration,
    trace: &Trace,
) -> Result<Intent, Problem> {
    // An id that does not parse names no event. Nil is no v7, so no event has it, and the key stays free.
    let event_id = path_id(event_id).unwrap_or(Uuid::nil());
    let email = match new.email {
        Some(email) => Email::parse(&email).map_err(|_| Code::Internal)?,
        None => caller.email.clone(),
    };
    let name = new.name.unwrap_or_else(|| email.local_part().to_owned());
    let party_size = new.party_size.unwrap_or(1);
    // Values of any length, told apart by their place in an array.
    let fingerprint = serde_json::json!([event_id, name, email.as_str(), party_size]).to_string();
    let job = NewJob {
        id: Uuid::now_v7(),
        event_id,
        email: email.to_string(),
        name,
        party_size,
        key_scope: caller.email.to_string(),
        idempotency_key: key.0,
        fingerprint: etag::digest(fingerprint.as_bytes()),
        trace_context: Some(trace.parent.clone()),
        request_id: Some(trace.request_id.clone()),
    };
    Ok(Intent { job, names_another: email != caller.email, caller: caller.clone(), is_simulated: false })
}

fn refuse(refusal: IntakeRefusal) -> Problem {
    match refusal {
        IntakeRefusal::Stranger => invalid_token(),
        IntakeRefusal::NotFound => Code::NotFound.into(),
        IntakeRefusal::Cancelled => Code::EventCancelled.into(),
        IntakeRefusal::NotOpen => Code::RegistrationNotOpen.into(),
        IntakeRefusal::Closed => Code::RegistrationClosed.into(),
        IntakeRefusal::NotYours => {
            Problem::from(Code::Forbidden).detail("Only the event's organizer may name another person.")
        }
        IntakeRefusal::PartyTooLarge { max } => Problem::invalid(vec![FieldError {
            pointer: "/party_size".to_owned(),
            code: FieldErrorCode::OutOfRange,
            detail: format!("must be from 1 to {max} for this event"),
        }]),
        IntakeRefusal::KeyReused => Code::IdempotencyKeyReused.into(),
    }
}
