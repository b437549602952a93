//! The first migration: every table with its CHECKs, keys and indexes.
//!
//! One text serves both databases, so that they get the same constraints; only the words in braces differ (see
//! `Dialect`). All CHECKs stand here because SQLite cannot add one to an existing table. Times are 64-bit Unix
//! milliseconds. `seq` is the order of arrival.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub(crate) struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &'static str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let dialect = Dialect::of(connection.get_database_backend());
        for statement in TABLES.iter().chain(INDEXES).chain(dialect.append_only_audit) {
            connection.execute_unprepared(&dialect.translate(statement)).await?;
        }
        Ok(())
    }
}

/// How the two databases spell the same thing.
struct Dialect {
    /// The order of arrival: assigned by the database, rising, primary key.
    seq: &'static str,
    uuid: &'static str,
    int: &'static str,
    bool: &'static str,
    no: &'static str,
    yes: &'static str,
    /// Makes SQLite check the types of values, as PostgreSQL always does.
    strict: &'static str,
    append_only_audit: &'static [&'static str],
}

impl Dialect {
    fn of(backend: DbBackend) -> &'static Self {
        if backend == DbBackend::Postgres { &POSTGRES } else { &SQLITE }
    }

    fn translate(&self, statement: &str) -> String {
        statement
            .replace("{seq}", self.seq)
            .replace("{uuid}", self.uuid)
            .replace("{int}", self.int)
            .replace("{bool}", self.bool)
            .replace("{no}", self.no)
            .replace("{yes}", self.yes)
            .replace("{strict}", self.strict)
    }
}

const SQLITE: Dialect = Dialect {
    seq: "INTEGER PRIMARY KEY",
    uuid: "BLOB",
    int: "INTEGER",
    bool: "INTEGER",
    no: "0",
    yes: "1",
    strict: "STRICT",
    append_only_audit: &[
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    ],
};

const POSTGRES: Dialect = Dialect {
    seq: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    uuid: "UUID",
    int: "BIGINT",
    bool: "BOOLEAN",
    no: "FALSE",
    yes: "TRUE",
    strict: "",
    append_only_audit: &[
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$",
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit \
         FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
        // The rising number behind `served_at`; SQLite takes the highest in the table plus one.
        "CREATE SEQUENCE event_turn",
    ],
};

const TABLES: &[&str] = &[
    "CREATE TABLE account (
        id {uuid} PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        password_hash TEXT,
        role TEXT NOT NULL CHECK (role IN ('attendee', 'organizer', 'admin')),
        is_active {bool} NOT NULL DEFAULT {yes},
        token_version {int} NOT NULL DEFAULT 0,
        created_at {int} NOT NULL
    ) {strict}",
    // A login: the family of refresh tokens that followed from it. Only the newest token is good.
    "CREATE TABLE session (
        id {uuid} PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES account (id),
        token_hash TEXT NOT NULL,
        created_at {int} NOT NULL,
        expires_at {int} NOT NULL
    ) {strict}",
    "CREATE TABLE event (
        id {uuid} PRIMARY KEY,
        organizer_id {uuid} NOT NULL REFERENCES account (id),
        name TEXT NOT NULL CHECK (name <> ''),
        description TEXT NOT NULL,
        location TEXT NOT NULL,
        starts_at {int} NOT NULL,
        ends_at {int} CHECK (ends_at > starts_at),
        time_zone TEXT NOT NULL,
        registration_opens_at {int},
        registration_closes_at {int},
        capacity {int} NOT NULL CHECK (capacity BETWEEN 1 AND 1000000),
        available_spots {int} NOT NULL CHECK (available_spots BETWEEN 0 AND capacity),
        hold_seconds {int} NOT NULL DEFAULT 300 CHECK (hold_seconds BETWEEN 1 AND 86400),
        offer_seconds {int} NOT NULL DEFAULT 43200 CHECK (offer_seconds BETWEEN 1 AND 2592000),
        waitlist_enabled {bool} NOT NULL DEFAULT {no},
        max_party_size {int} NOT NULL DEFAULT 1 CHECK (max_party_size >= 1),
        status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'cancelled')),
        version {int} NOT NULL DEFAULT 1,
        served_at {int} NOT NULL DEFAULT 0,
        chore_at {int},
        shadow_of {uuid} REFERENCES event (id),
        created_at {int} NOT NULL,
        updated_at {int} NOT NULL,
        published_at {int},
        sold_out_at {int},
        CHECK (registration_closes_at > registration_opens_at)
    ) {strict}",
    "CREATE TABLE job (
        seq {seq},
        id {uuid} NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('register')),
        event_id {uuid} NOT NULL REFERENCES event (id),
        account_id {uuid} REFERENCES account (id),
        email TEXT NOT NULL,
        name TEXT NOT NULL,
        party_size {int} NOT NULL CHECK (party_size >= 1),
        key_scope TEXT NOT NULL,
        idempotency_key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'settled', 'failed')),
        outcome TEXT CHECK (outcome IN ('reserved', 'waitlisted', 'refused')),
        refusal TEXT,
        may_return {bool} NOT NULL DEFAULT {no},
        attempt {int} NOT NULL DEFAULT 0 CHECK (attempt >= 0),
        run_at {int} NOT NULL,
        last_error TEXT,
        trace_context TEXT,
        request_id TEXT,
        created_at {int} NOT NULL,
        settled_at {int},
        UNIQUE (key_scope, idempotency_key),
        CHECK ((state = 'settled') = (outcome IS NOT NULL)),
        CHECK ((state = 'settled') = (settled_at IS NOT NULL)),
        CHECK ((coalesce(outcome, '') = 'refused') = (refusal IS NOT NULL))
    ) {strict}",
    "CREATE TABLE ticket (
        seq {seq},
        id {uuid} NOT NULL UNIQUE,
        event_id {uuid} NOT NULL REFERENCES event (id),
        job_id {uuid} NOT NULL UNIQUE REFERENCES job (id),
        account_id {uuid} REFERENCES account (id),
        email TEXT NOT NULL,
        name TEXT NOT NULL,
        party_size {int} NOT NULL CHECK (party_size >= 1),
        status TEXT NOT NULL CHECK (status IN
            ('waitlisted', 'reserved', 'confirmed', 'checked_in', 'cancelled', 'expired')),
        expires_at {int},
        offered_at {int},
        extensions {int} NOT NULL DEFAULT 0 CHECK (extensions >= 0),
        check_in_nonce TEXT,
        created_at {int} NOT NULL,
        confirmed_at {int},
        checked_in_at {int},
        checked_in_by TEXT,
        cancelled_at {int},
        expired_at {int},
        CHECK (status <> 'reserved' OR expires_at IS NOT NULL),
        CHECK (status <> 'confirmed' OR confirmed_at IS NOT NULL),
        CHECK (status <> 'checked_in' OR checked_in_at IS NOT NULL),
        CHECK (status <> 'cancelled' OR cancelled_at IS NOT NULL),
        CHECK (status <> 'expired' OR expired_at IS NOT NULL)
    ) {strict}",
    "CREATE TABLE audit (
        seq {seq},
        at {int} NOT NULL,
        actor_kind TEXT NOT NULL CHECK (actor_kind IN ('account', 'gateway', 'worker', 'operator')),
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        entity TEXT NOT NULL CHECK (entity IN ('account', 'event', 'ticket')),
        entity_id {uuid} NOT NULL,
        event_id {uuid},
        from_state TEXT,
        to_state TEXT,
        request_id TEXT,
        detail TEXT
    ) {strict}",
    // Workers that were seen lately.
    "CREATE TABLE worker (
        id {uuid} PRIMARY KEY,
        started_at {int} NOT NULL,
        seen_at {int} NOT NULL
    ) {strict}",
    // When the promises were verified last, and how many rows that broke one were found by all runs: one row.
    "CREATE TABLE verification (
        id {int} PRIMARY KEY CHECK (id = 1),
        begun_at {int} NOT NULL DEFAULT 0,
        failures {int} NOT NULL DEFAULT 0 CHECK (failures >= 0)
    ) {strict}",
    "INSERT INTO verification (id) VALUES (1)",
    // Rehearsals: `shadow_id` is the hidden copy of the event, for as long as it is there.
    "CREATE TABLE simulation (
        id {uuid} PRIMARY KEY,
        event_id {uuid} NOT NULL REFERENCES event (id),
        shadow_id {uuid} REFERENCES event (id),
        users {int} NOT NULL CHECK (users >= 1),
        state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'abandoned')),
        created_at {int} NOT NULL,
        touched_at {int} NOT NULL,
        finished_at {int},
        report TEXT,
        CHECK ((state = 'finished') = (report IS NOT NULL))
    ) {strict}",
];

const INDEXES: &[&str] = &[
    // The public list, and whose turn it is.
    "CREATE INDEX event_listed ON event (starts_at, id) WHERE status = 'published' AND shadow_of IS NULL",
    "CREATE INDEX event_turn_order ON event (served_at)",
    "CREATE INDEX event_organizer ON event (organizer_id)",
    // Events that a worker has to look at although nobody registers: see `event::Model::chore_at`.
    "CREATE INDEX event_chore ON event (chore_at) WHERE chore_at IS NOT NULL",
    // Where several indexes serve, SQLite takes the one that was made last: the general ones come first.
    // An event's history, and what may be forgotten of it some day.
    "CREATE INDEX job_event ON job (event_id, seq)",
    // The lanes: only pending jobs, so that history never slows the claim.
    "CREATE INDEX job_lane ON job (event_id, seq) WHERE state = 'pending'",
    "CREATE INDEX job_backing_off ON job (run_at) WHERE state = 'pending' AND attempt > 0",
    "CREATE INDEX job_failed ON job (event_id, seq) WHERE state = 'failed'",
    // An event's attendees.
    "CREATE INDEX ticket_event ON ticket (event_id, seq)",
    // One person, one active ticket per event. And a person's tickets, together with the index after it: two parts of one
    // index instead of one beside this, because people come in no order, so that each entry costs a page.
    "CREATE UNIQUE INDEX ticket_person ON ticket (email, event_id)
        WHERE status IN ('waitlisted', 'reserved', 'confirmed', 'checked_in')",
    "CREATE INDEX ticket_past ON ticket (email, seq) WHERE status IN ('cancelled', 'expired')",
    // What lapses next: anywhere, and in one event.
    "CREATE INDEX ticket_due ON ticket (expires_at) WHERE status = 'reserved'",
    "CREATE INDEX ticket_held ON ticket (event_id, expires_at) WHERE status = 'reserved'",
    // Who is next in line: by party size, because the first one that fits is wanted, and in all.
    "CREATE INDEX ticket_waiting ON ticket (event_id, party_size, seq) WHERE status = 'waitlisted'",
    "CREATE INDEX ticket_line ON ticket (event_id, seq) WHERE status = 'waitlisted'",
    "CREATE INDEX audit_entity ON audit (entity_id, seq)",
    "CREATE INDEX session_account ON session (account_id)",
    "CREATE INDEX session_expiry ON session (expires_at)",
    "CREATE INDEX event_shadow ON event (shadow_of) WHERE shadow_of IS NOT NULL",
];
