//! The codes of problems, which clients can rely on: one line for each, with its status and its sentence.

use poem::http::StatusCode;
use poem_openapi::Enum;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $text:literal, $detail:literal;)*) => {
        /// What went wrong, for programs. A code never changes its meaning or its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        #[oai(rename = "ProblemCode")]
        pub(crate) enum Code { $($(#[$doc])* #[oai(rename = $text)] $name,)* }

        impl Code {
            /// Every code there is.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as clients see it.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status it always comes with.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What to tell people when there is nothing more specific.
            pub(crate) fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail,)* }
            }
        }
    };
}

codes! {
    MalformedJson = BAD_REQUEST, "malformed_json", "The body is not JSON.";
    InvalidHeader = BAD_REQUEST, "invalid_header", "A header cannot be read.";
    IdempotencyKeyRequired = BAD_REQUEST, "idempotency_key_required",
        "Send an Idempotency-Key header, 1 to 255 visible ASCII characters, and the same one when you try again.";
    IdempotencyKeyInvalid = BAD_REQUEST, "idempotency_key_invalid",
        "An Idempotency-Key has 1 to 255 visible ASCII characters.";
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Say who you are.";
    InvalidToken = UNAUTHORIZED, "invalid_token",
        "The access token is not good, or no longer. Get another one with the refresh token, or log in.";
    WrongCredentials = UNAUTHORIZED, "wrong_credentials", "The e-mail or the password is wrong.";
    TokenRevoked = UNAUTHORIZED, "token_revoked", "The refresh token is not good, or no longer. Log in again.";
    WrongPassword = FORBIDDEN, "wrong_password", "The current password is another one.";
    Forbidden = FORBIDDEN, "forbidden", "You may not do this.";
    NotFound = NOT_FOUND, "not_found", "There is nothing here, or nothing that you may see.";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "This resource has other methods; see Allow.";
    NotAcceptable = NOT_ACCEPTABLE, "not_acceptable", "This comes as application/json or text/csv; see Accept.";
    RequestTimeout = REQUEST_TIMEOUT, "request_timeout", "The request took too long to arrive or to answer.";
    RegistrationNotOpen = CONFLICT, "registration_not_open", "Registration has not opened yet.";
    RegistrationClosed = CONFLICT, "registration_closed", "Registration is closed.";
    EventCancelled = CONFLICT, "event_cancelled", "The event was cancelled.";
    EventBegan = CONFLICT, "event_began", "The event has begun: this can no longer be done.";
    EventEnded = CONFLICT, "event_ended", "The event is over.";
    AlreadyRegistered = CONFLICT, "already_registered", "This person has a ticket for the event.";
    NotEnoughSeats = CONFLICT, "not_enough_seats", "Some seats are free, but fewer than the party needs.";
    SoldOut = CONFLICT, "sold_out", "No seat is free.";
    Discarded = CONFLICT, "discarded", "The registration could not be decided and was given up by an operator.";
    TicketCancelled = CONFLICT, "ticket_cancelled", "The ticket was cancelled.";
    TicketExpired = CONFLICT, "ticket_expired", "The hold ran out and the seats went back.";
    TicketWaitlisted = CONFLICT, "ticket_waitlisted", "The ticket is waiting for seats.";
    TicketNotConfirmed = CONFLICT, "ticket_not_confirmed", "The ticket is reserved; its owner has to confirm it first.";
    TicketConfirmed = CONFLICT, "ticket_confirmed", "The ticket is confirmed: it has no hold that could run out.";
    ExtendedTooOften = CONFLICT, "extended_too_often", "The hold was extended as often as it can be. Confirm it in time.";
    PeopleWaiting = CONFLICT, "people_waiting", "Others wait for seats, so the hold cannot last longer. Confirm it in time.";
    AlreadyCheckedIn = CONFLICT, "already_checked_in", "The ticket was used at the door.";
    NotCheckedIn = CONFLICT, "not_checked_in", "The ticket was not used at the door.";
    CapacityBelowHeld = CONFLICT, "capacity_below_held", "More seats are held than would be left.";
    EmailTaken = CONFLICT, "email_taken", "There is an account with this e-mail. Log in, or choose another e-mail.";
    LastAdmin = CONFLICT, "last_admin",
        "This is the last active administrator. Make somebody else an administrator first.";
    JobNotFailed = CONFLICT, "job_not_failed", "Only a job that failed can be retried or discarded.";
    TooManySimulations = CONFLICT, "too_many_simulations", "Two simulations are running. Try again when one is over.";
    HoldExpired = GONE, "hold_expired", "The hold ran out before it was confirmed. Register again.";
    PreconditionFailed = PRECONDITION_FAILED, "precondition_failed",
        "Somebody else edited it meanwhile. Read it again and decide anew.";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "A body may have 16 KiB.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Send application/json.";
    InvalidRequest = UNPROCESSABLE_ENTITY, "invalid_request", "Some values are missing or wrong; see errors.";
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency_key_reused",
        "The Idempotency-Key was used for another request. Use a new key for a new request.";
    PreconditionRequired = PRECONDITION_REQUIRED, "precondition_required",
        "Send If-Match with the ETag of what you read, so that you overwrite nobody's edit.";
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "Too many requests; see Retry-After.";
    TooManyAttempts = TOO_MANY_REQUESTS, "too_many_attempts",
        "Too many logins failed lately, for this e-mail or from this address. Wait for as long as Retry-After says.";
    Internal = INTERNAL_SERVER_ERROR, "internal_error", "Something is wrong here, not with your request.";
    Busy = SERVICE_UNAVAILABLE, "busy", "Too much is going on. Ask again, see Retry-After; with the same Idempotency-Key nothing happens twice.";
    NoWorker = SERVICE_UNAVAILABLE, "no_worker", "No worker was seen lately: nothing would be decided. Start one.";
    NotConfigured = SERVICE_UNAVAILABLE, "not_configured",
        "Tickets have no codes here yet: whoever runs the service has to set TURNOUT_SECRET.";
    NotReady = SERVICE_UNAVAILABLE, "not_ready", "The database does not answer or its schema is not current.";
}
