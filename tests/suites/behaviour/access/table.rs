//! The table: what each operation answers to each of nine people.

/// What a request is about, made anew for every cell, so that no cell depends on what another one changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing in particular.
    Nothing,
    /// A published event of the owner's.
    Event,
    /// A draft of the owner's.
    Draft,
    /// The attendee's registration for a published event, which led to a ticket.
    Registration,
    /// The attendee's ticket for a published event: reserved.
    Reserved,
    /// The same, confirmed. CODE is what opens the door.
    Confirmed,
    /// The same, checked in.
    CheckedIn,
    /// A registration that could not be decided.
    FailedJob,
    /// A simulation that is over.
    Simulation,
    /// An account that is nobody's here. EMAIL is its address.
    Account,
    /// A login to that account. REFRESH is its refresh token.
    Login,
    /// Callers whom nothing else needs, because the request ends their logins.
    OwnLogins,
}

/// How the statuses of a row are sorted.
pub(super) const PEOPLE: [&str; 9] = [
    "anonymous",
    "attendee",
    "other attendee",
    "owner organizer",
    "other organizer",
    "admin",
    "deactivated",
    "expired token",
    "wrong algorithm",
];

/// Method, path and query, what the request is about, body, and the status for each of [`PEOPLE`].
pub(super) type Row = (&'static str, &'static str, Given, &'static str, [u16; 9]);

const NEW_EVENT: &str = r#"{"name": "E", "starts_at": "2100-01-01T00:00:00Z", "capacity": 5}"#;
const CAPACITY: &str = r#"{"capacity": 6}"#;
const GUEST: &str = r#"{"email": "guest-NEW@example.org"}"#;
const NAME: &str = r#"{"name": "Somebody"}"#;
const SCAN: &str = r#"{"code": "CODE"}"#;
const MISTAKE: &str = r#"{"reason": "the wrong door"}"#;
const SIGN_UP: &str = r#"{"email": "NEW@example.org", "name": "N", "password": "PASSWORD"}"#;
const LOG_IN: &str = r#"{"email": "EMAIL", "password": "PASSWORD"}"#;
const REFRESH: &str = r#"{"refresh_token": "REFRESH"}"#;
const PASSWORD: &str = r#"{"current_password": "PASSWORD", "new_password": "another one"}"#;
const ROLE: &str = r#"{"role": "attendee"}"#;

use Given::{
    Account, CheckedIn, Confirmed, Draft, Event, FailedJob, Login, Nothing, OwnLogins, Registration, Reserved,
    Simulation,
};

/// Every operation, some of them about several things. Ids in a path are those of what is given; NEW is different in
/// every request. Every request has an `Idempotency-Key` of its own and `If-Match: *`, which most operations ignore.
#[rustfmt::skip] // A table is read by its columns.
pub(super) const TABLE: &[Row] = &[
    //                                                                  anonymous
    //                                                                  |    attendee
    //                                                                  |    |    other attendee
    //                                                                  |    |    |    owner organizer
    //                                                                  |    |    |    |    other organizer
    //                                                                  |    |    |    |    |    admin
    //                                                                  |    |    |    |    |    |    deactivated
    //                                                                  |    |    |    |    |    |    |    expired token
    //                                                                  |    |    |    |    |    |    |    |    bad alg.
    // Events: open to all once published, managed by their organizer and by administrators.
    ("GET",   "/events",                      Nothing,      "",        [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST",  "/events",                      Nothing,      NEW_EVENT, [401, 403, 403, 201, 201, 201, 401, 401, 401]),
    ("GET",   "/events/{id}",                 Event,        "",        [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET",   "/events/{id}",                 Draft,        "",        [404, 404, 404, 200, 404, 200, 404, 404, 404]),
    ("PATCH", "/events/{id}",                 Event,        CAPACITY,  [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("PATCH", "/events/{id}",                 Draft,        CAPACITY,  [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("POST",  "/events/{id}/publish",         Event,        "",        [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("POST",  "/events/{id}/publish",         Draft,        "",        [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("POST",  "/events/{id}/cancel",          Event,        "",        [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("POST",  "/events/{id}/cancel",          Draft,        "",        [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/attendees",       Event,        "",        [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/attendees",       Draft,        "",        [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/waitlist",        Event,        "",        [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/waitlist",        Draft,        "",        [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/analytics",       Event,        "",        [401, 403, 403, 200, 403, 200, 401, 401, 401]),
    ("GET",   "/events/{id}/analytics",       Draft,        "",        [401, 403, 403, 200, 404, 200, 401, 401, 401]),
    ("GET",   "/me/events",                   Nothing,      "",        [401, 403, 403, 200, 200, 200, 401, 401, 401]),

    // Registrations: for oneself by anybody, for others by whoever manages the event.
    ("POST",  "/events/{id}/register",        Event,        "",        [401, 202, 202, 202, 202, 202, 401, 401, 401]),
    ("POST",  "/events/{id}/register",        Event,        GUEST,     [401, 403, 403, 202, 403, 202, 401, 401, 401]),
    ("GET",   "/registrations/{id}",          Registration, "",        [401, 200, 404, 200, 404, 200, 404, 401, 401]),
    ("GET",   "/registrations",               Nothing,      "",        [401, 200, 200, 200, 200, 200, 200, 401, 401]),

    // Tickets: the owner's; who manages the event reads and cancels them, no more. Reading goes by the token alone.
    ("GET",   "/tickets",                     Nothing,      "",        [401, 200, 200, 200, 200, 200, 200, 401, 401]),
    ("GET",   "/tickets/{id}",                Reserved,     "",        [401, 200, 404, 200, 404, 200, 404, 401, 401]),
    ("GET",   "/tickets/{id}/calendar",       Reserved,     "",        [401, 200, 404, 200, 404, 200, 404, 401, 401]),
    ("GET",   "/tickets/{id}/qr",             Confirmed,    "",        [401, 200, 404, 403, 404, 403, 404, 401, 401]),
    ("PATCH", "/tickets/{id}",                Reserved,     NAME,      [401, 200, 404, 403, 404, 403, 401, 401, 401]),
    ("POST",  "/tickets/{id}/confirm",        Reserved,     "",        [401, 200, 404, 403, 404, 403, 401, 401, 401]),
    ("POST",  "/tickets/{id}/extend",         Reserved,     "",        [401, 200, 404, 403, 404, 403, 401, 401, 401]),
    ("POST",  "/tickets/{id}/cancel",         Reserved,     "",        [401, 200, 404, 200, 404, 200, 401, 401, 401]),

    // The door: a stranger's scan tells nothing.
    ("POST",  "/check-ins",                   Confirmed,    SCAN,      [401, 403, 403, 201, 404, 201, 401, 401, 401]),
    ("POST",  "/check-ins/{ticket_id}/undo",  CheckedIn,    MISTAKE,   [401, 403, 403, 200, 404, 200, 401, 401, 401]),

    // Accounts: to sign up, log in and refresh nobody has to be anybody.
    ("POST",  "/auth/register",               Nothing,      SIGN_UP,   [201, 201, 201, 201, 201, 201, 201, 201, 201]),
    ("POST",  "/auth/login",                  Account,      LOG_IN,    [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST",  "/auth/refresh",                Login,        REFRESH,   [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST",  "/auth/logout",                 OwnLogins,    "",        [401, 204, 204, 204, 204, 204, 401, 401, 401]),
    ("GET",   "/me",                          Nothing,      "",        [401, 200, 200, 200, 200, 200, 401, 401, 401]),
    ("POST",  "/me/password",                 OwnLogins,    PASSWORD,  [401, 200, 200, 200, 200, 200, 401, 401, 401]),

    // For administrators.
    ("GET",   "/admin/accounts",              Nothing,      "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("GET",   "/admin/accounts/{id}",         Account,      "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("PATCH", "/admin/accounts/{id}",         Account,      ROLE,      [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("POST",  "/admin/events/{id}/simulate?users=1", Event, "",        [401, 403, 403, 403, 403, 202, 401, 401, 401]),
    ("GET",   "/admin/simulations/{id}",      Simulation,   "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("GET",   "/admin/jobs",                  Nothing,      "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("POST",  "/admin/jobs/{id}/retry",       FailedJob,    "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("POST",  "/admin/jobs/{id}/discard",     FailedJob,    "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("POST",  "/admin/jobs/retry?event_id={id}",     Event, "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("GET",   "/admin/queue",                 Nothing,      "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),
    ("GET",   "/admin/audit",                 Nothing,      "",        [401, 403, 403, 403, 403, 200, 401, 401, 401]),

    // For machines.
    ("GET",   "/livez",                       Nothing,      "",        [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET",   "/readyz",                      Nothing,      "",        [200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET",   "/metrics",                     Nothing,      "",        [200, 200, 200, 200, 200, 200, 200, 200, 200]),
];
