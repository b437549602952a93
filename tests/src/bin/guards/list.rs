//! The guards: what is taken out of the code, and which test then has to fail.

/// A test, as cargo is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// Package and target.
    pub(crate) of: &'static [&'static str],
    /// Its name, or the beginning of the names of several.
    pub(crate) name: &'static str,
}

/// Something that keeps a promise, written down as the edit that takes it away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    /// Must occur exactly once.
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
    pub(crate) test: Test,
}

const BEHAVIOUR: &[&str] = &["-p", "tests", "--test", "behaviour"];

/// Guarded statements by themselves.
const GUARDED: Test = Test { of: BEHAVIOUR, name: "guarded::sqlite" };

/// Every order of acts against the model.
const MODEL: Test = Test { of: BEHAVIOUR, name: "model::sqlite::every_order" };

/// The same where rows are locked one by one.
const LOCKS: Test = Test { of: BEHAVIOUR, name: "model::postgres::every_order" };

/// Who waits for whom: for rows, and for the file.
const ROWS: Test = Test { of: BEHAVIOUR, name: "guarded::locks::postgres" };
const FILE: Test = Test { of: BEHAVIOUR, name: "guarded::locks::sqlite" };

/// Calls of the system that fail.
const DISK: Test = Test { of: BEHAVIOUR, name: "disk::calls_that_fail" };
const TOLD: Test = Test { of: BEHAVIOUR, name: "disk::nobody_is_told" };

/// What a ticket is at a time.
const TICKET: Test = Test { of: &["-p", "entity", "--lib"], name: "ticket::" };

/// What becomes of the log of an SQLite file.
const LOG: Test = Test { of: &["-p", "entity", "--lib"], name: "db::" };

const API: Test = Test { of: &["-p", "api", "--lib"], name: "intake::batch" };

/// Who comes along in a batch.
const GROUP: Test = Test { of: &["-p", "api", "--lib"], name: "group::" };

macro_rules! guards {
    ($($name:literal $file:literal $test:ident $find:literal => $replace:literal)*) => {
        /// All of them, those of one file together: what one changes does not have to be compiled again for the next.
        pub(crate) const GUARDS: &[Guard] = &[$(Guard {
            name: $name, file: $file, find: $find, replace: $replace, test: $test,
        }),*];
    };
}

guards! {
    "seats-in-memory" "entity/src/seats/mod.rs" GUARDED
        "let is_sound = (0..=self.capacity).contains(&self.available);" => "let is_sound = self.capacity > 0;"
    "seats-enough" "entity/src/seats/mod.rs" GUARDED
        "AND capacity = ? AND available_spots + ? BETWEEN 0 AND ?\"" => "AND capacity = ? AND ? + ? IS NOT NULL\""
    "seats-same-capacity" "entity/src/seats/mod.rs" GUARDED
        "WHERE id = ? AND capacity = ? AND available_spots" => "WHERE id = ? AND 0 < ? AND available_spots"
    "line-before-newcomers" "entity/src/seats/mod.rs" MODEL
        "            Some(_) => self.promote(limit).await,\n" => "            Some(_) => Ok(false),\n"
    "seats-enough-for-workers" "entity/src/seats/turn.rs" GUARDED
        "AND event.available_spots + turn.gain BETWEEN 0 AND event.capacity" => ""
    "seats-same-capacity-for-workers" "entity/src/seats/turn.rs" GUARDED
        "AND event.capacity = turn.capacity" => ""
    "count-checks" "entity/src/error.rs" GUARDED
        "if expected == actual { Ok(()) }" => "if expected == actual || !what.is_empty() { Ok(()) }"
    "status-when-promoted" "entity/src/waitlist/line.rs" GUARDED
        "WHERE coalesce(status, '') = 'waitlisted' AND seq IN ({})\"" => "WHERE seq IN ({})\""
    "status-when-settled" "entity/src/job/complete.rs" GUARDED
        "WHERE coalesce(state, '') = 'pending' AND seq {one_of_them}" => "WHERE seq {one_of_them}"
    "back-off" "entity/src/job/lane.rs" GUARDED
        "job.run_at - {now} NOT BETWEEN 1 AND {BACK_OFF_MAX}" => "job.run_at - {now} IS NOT NULL"
    "back-off-after-a-clock-change" "entity/src/job/lane.rs" GUARDED
        "job.run_at - {now} NOT BETWEEN 1 AND {BACK_OFF_MAX}" => "job.run_at - {now} <= 0"
    "attempt-when-blamed" "entity/src/job/complete.rs" GUARDED
        "WHERE seq = ? AND coalesce(state, '') = 'pending' AND attempt = ?\"" => "WHERE seq = ? AND ? IS NOT NULL\""
    "status-when-cancelled" "entity/src/ticket/transition.rs" GUARDED
        "WHERE id = ? AND status = ? AND status IN" => "WHERE id = ? AND ? <> '' AND status IN"
    "expiry-when-cancelled" "entity/src/ticket/transition.rs" GUARDED
        "AND (status <> 'reserved' OR expires_at > ?)" => "AND (status <> 'reserved' OR ? > 0)"
    "expiry-when-confirmed" "entity/src/ticket/transition.rs" MODEL
        "CASE WHEN status = 'reserved' THEN expires_at ELSE 0 END >" =>
        "CASE WHEN status = 'reserved' THEN 9000000000000 ELSE 0 END >"
    "status-when-confirmed" "entity/src/ticket/transition.rs" GUARDED
        "CASE WHEN status = 'reserved' THEN expires_at ELSE 0 END >" => "coalesce(expires_at, 9000000000000) >"
    "owner-when-renamed" "entity/src/ticket/transition.rs" GUARDED
        "WHERE id = ? AND email = ? AND {ACTIVE}" => "WHERE id = ? AND ? <> '' AND {ACTIVE}"
    "owner-when-extended" "entity/src/ticket/transition.rs" GUARDED
        "WHERE id = ? AND email = ? AND {HOLDS_AFTER}" => "WHERE id = ? AND ? <> '' AND {HOLDS_AFTER}"
    "extensions" "entity/src/ticket/transition.rs" MODEL
        "AND extensions < ?" => "AND extensions - 100 < ?"
    "nobody-waits-when-extended" "entity/src/ticket/transition.rs" GUARDED
        "AND other.status = 'waitlisted')" => "AND other.status = 'nobody')"
    "status-at-the-door" "entity/src/ticket/check_in.rs" MODEL
        "WHERE id = ? AND status = 'confirmed'\"" => "WHERE id = ?\""
    "status-when-let-out" "entity/src/ticket/check_in.rs" MODEL
        "WHERE id = ? AND status = 'checked_in'\"" => "WHERE id = ?\""
    "status-when-drained" "entity/src/ticket/drain.rs" GUARDED
        "WHERE {ACTIVE} AND seq IN ({})" => "WHERE seq IN ({})"
    "expiry-when-expired" "entity/src/ticket/expire.rs" GUARDED
        "AND expires_at + 0 <= ? AND seq IN (\n             SELECT seq FROM ticket WHERE event_id = ? AND status = 'reserved' AND expires_at <= ?" =>
        "AND expires_at + 0 <> ? AND seq IN (\n             SELECT seq FROM ticket WHERE event_id = ? AND status = 'reserved' AND expires_at <> ?"
    "expiry-when-read" "entity/src/ticket/mod.rs" TICKET
        "self.expires_at.is_some_and(|at| at <= now)" => "self.expires_at.is_some_and(|at| at < now)"
    "version-when-edited" "entity/src/event.rs" GUARDED
        "WHERE id = ? AND version = ?\"" => "WHERE id = ? AND ? >= 0\""
    "lane-lock" "entity/src/db/transaction.rs" LOCKS
        "FOR NO KEY UPDATE OF {table} SKIP LOCKED\")" => "/* {table} */\")"
    "event-and-ticket-locks" "entity/src/db/transaction.rs" ROWS
        "format!(\"FOR NO KEY UPDATE OF {table}\")" => "format!(\"/* {table} */\")"
    "intake-beside-workers" "entity/src/db/transaction.rs" ROWS
        "FOR NO KEY UPDATE OF {table}\")" => "FOR UPDATE OF {table}\")"
    "write-lock-from-the-start" "entity/src/db/transaction.rs" FILE
        "Some(SqliteTransactionMode::Immediate)" => "Some(SqliteTransactionMode::Deferred)"
    "key-once" "entity/src/job/enqueue.rs" MODEL
        "ON CONFLICT (key_scope, idempotency_key) DO NOTHING\"" => "ON CONFLICT (id) DO NOTHING\""
    "key-unique" "migration/src/m0001_initial.rs" GUARDED
        "        UNIQUE (key_scope, idempotency_key),\n" => ""
    "one-ticket-for-each-person" "migration/src/m0001_initial.rs" GUARDED
        "CREATE UNIQUE INDEX ticket_person" => "CREATE INDEX ticket_person"
    "durable-when-acknowledged" "api/src/intake/writer.rs" DISK
        "            self.database.durable().await.map_err(not_durable)?;\n" => ""
    "durable-when-told" "api/src/http/outer.rs" TOLD
        "if is_about_data && " => "if !is_about_data && "
    "durable-registrations" "api/src/reads.rs" TOLD
        "        self.0.seen_is_durable().await?;\n" => ""
    "durable-refusals" "api/src/routes/registrations.rs" TOLD
        "        Box::pin(app.database.seen_is_durable()).await?;\n" => ""
    "behind-a-mark" "entity/src/db/folder.rs" LOG
        "if is_left && (self" => "if (is_left || log.pages > 0) && (self"
    "durable-when-folded" "entity/src/db/folder.rs" LOG
        "(self.log_is_durable)() {" => "((self.log_is_durable)() || log.pages > 0) {"
    "nothing-folded-when-closed" "entity/src/db/folder.rs" LOG
        "NO_CKPT_ON_CLOSE, true)" => "NO_CKPT_ON_CLOSE, false)"
    "log-anew-after-a-failed-sync" "entity/src/db/log.rs" LOG
        "Anew::Now => \"PRAGMA wal_checkpoint(TRUNCATE)\"" => "Anew::Now => \"PRAGMA wal_checkpoint(RESTART)\""
    "failed-syncs-count" "entity/src/db/disk.rs" LOG
        "failures.fetch_add(u64::from(synced.is_err())" => "failures.fetch_add(u64::from(synced.is_err()) * 0"
    "commits-of-others" "entity/src/db/durable.rs" LOG
        "        if number == Some(self.known" => "        if number != Some(self.known"
    "one-folder" "entity/src/db/turn.rs" LOG
        "(!is_taken(&self.files.fold)).then(" => "self.files.fold.metadata().is_ok().then("
    "whoever-is-next" "entity/src/db/turn.rs" LOG
        "if is_taken(&self.next) || is_taken(&self.turn) {" => "if is_taken(&self.turn) {"
    "late-comers" "api/src/group/task.rs" GROUP
        "if matches!(turn, Ok(Ok(_))) {" => "if matches!(turn, Ok(Err(_))) {"
    "faults-alone" "api/src/group/task.rs" GROUP
        "Err(Unserved::Fault) if requests.len() > 1 =>" => "Err(Unserved::Fault) if requests.len() > 999 =>"
    "same-key-same-request" "api/src/intake/batch.rs" API
        "(_, Some(taken)) if taken.fingerprint == intent.job.fingerprint =>" => "(_, Some(taken)) if !taken.fingerprint.is_empty() =>"
    "role-as-it-is-now" "api/src/intake/batch.rs" API
        ".filter(|standing| standing.admits(caller.token_version))" => ".filter(|_| caller.token_version >= 0)"
    "event-cancelled-when-confirmed" "api/src/confirm/judge.rs" MODEL
        "} else if event.status == EventStatus::Cancelled {" => "} else if event.status == EventStatus::Draft {"
    "held-seats-when-made-smaller" "entity/src/seats/mod.rs" MODEL
        "if capacity < held {" => "if capacity < 1 {"
    "who-has-a-ticket" "worker/src/plan.rs" MODEL
        "has_ticket: *has_ticket }" => "has_ticket: *has_ticket && false }"
    "cancelled-when-settled" "worker/src/plan.rs" MODEL
        "is_cancelled: event.status == EventStatus::Cancelled," => "is_cancelled: event.status == EventStatus::Draft,"
    "seats-counted-when-settled" "worker/src/plan.rs" MODEL
        "seats.take(job.party_size)?;" => "seats.take(1)?;"
}
