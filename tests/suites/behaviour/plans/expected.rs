//! The plan that is meant for each statement on a hot path, one row each.
//!
//! Plans are named as `tests::plan` does. A plan may take fewer of the steps than are named, never others: which of two
//! indexes that both lead to one row is taken is the planner's business.

use tests::Kind;

/// The plan that is meant for a statement.
#[derive(Debug)]
pub(super) struct Expected {
    /// A part of its text, with single spaces and `?` for each value. Of several parts in one text the longest counts.
    pub(super) text: &'static str,
    /// The steps on each database; none where it is not executed.
    sqlite: Option<&'static [&'static str]>,
    postgres: Option<&'static [&'static str]>,
    /// Why steps that are no seek in an index will do; empty if all of them are.
    pub(super) because: &'static str,
}

impl Expected {
    pub(super) fn on(&self, kind: Kind) -> Option<&'static [&'static str]> {
        match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        }
    }

    const fn because(self, because: &'static str) -> Self {
        Self { because, ..self }
    }
}

/// The same steps on both.
const fn both(text: &'static str, steps: &'static [&'static str]) -> Expected {
    each(text, steps, steps)
}

const fn each(text: &'static str, sqlite: &'static [&'static str], postgres: &'static [&'static str]) -> Expected {
    Expected { text, sqlite: Some(sqlite), postgres: Some(postgres), because: "" }
}

const fn postgres(text: &'static str, steps: &'static [&'static str]) -> Expected {
    Expected { text, sqlite: None, postgres: Some(steps), because: "" }
}

const ONE: &str = "one entry: the first";
const ALL: &str = "all of them are read: PostgreSQL may prefer to do so in another order";
const FIRST: &str = "from one event to the next: the first entry, then seeks";

pub(super) const EXPECTED: &[Expected] = &[
    // Intake.
    both("FROM account WHERE id IN (?)", &["account_pkey"]),
    both(
        "FROM event JOIN account ON account.id = event.organizer_id WHERE event.id IN (?)",
        &["event_pkey", "account_pkey"],
    ),
    // SQLite asks for each of several jobs whether there are tickets that missed it.
    each("INSERT INTO job", &["ticket_job_id_key"], &[]),
    both("SELECT id FROM job WHERE id IN (?)", &["job_id_key"]),
    both("FROM wanted JOIN job", &["job_key_scope_idempotency_key_key"]),
    // Reads.
    both(
        "FROM job LEFT JOIN ticket ON ticket.job_id = job.id WHERE job.id IN (?)",
        &["job_id_key", "ticket_job_id_key", "event_pkey", "account_pkey"],
    ),
    both(
        "FROM job LEFT JOIN ticket ON ticket.job_id = job.id WHERE job.state <> 'pending' AND job.id IN (?)",
        &["job_id_key", "ticket_job_id_key"],
    ),
    each(
        "SELECT seq FROM job WHERE event_id = ? AND state = 'pending' ORDER BY seq",
        &["job_lane"],
        &["job_lane", "sort"],
    )
    .because(ALL),
    each(
        "SELECT seq FROM ticket WHERE event_id = ? AND status = 'waitlisted' ORDER BY seq",
        &["ticket_line"],
        &["ticket_line", "sort"],
    )
    .because(ALL),
    both("FROM ticket WHERE ticket.id = ?", &["ticket_id_key", "event_pkey", "account_pkey"]),
    both("FROM ticket WHERE ticket.id IN (?)", &["ticket_id_key", "event_pkey", "account_pkey"]),
    both("SELECT * FROM ticket WHERE id IN (?)", &["ticket_id_key"]),
    both("SELECT * FROM event WHERE id = ?", &["event_pkey"]),
    both("AS waiting FROM event WHERE id = ? AND status <> 'draft'", &["event_pkey", "ticket_line"]),
    both("FROM event WHERE status = 'published' AND shadow_of IS NULL AND starts_at > ?", &["event_listed"]),
    // Looking for work.
    both(
        "SELECT event_id FROM lane WHERE event_id IS NOT NULL",
        &["job_lane", "walk job_lane", "job_backing_off", "event_chore"],
    )
    .because(FIRST),
    each(
        "turn (event_id, last_seq, job_count) AS ( SELECT id, coalesce(max(seq), 0), count(*)",
        &["job_lane", "walk job_lane", "job_backing_off", "event_chore", "event_pkey", "ticket_held", "sort"],
        &["job_lane", "walk job_lane", "job_backing_off", "event_chore", "event_pkey", "sort"],
    )
    .because("the busy events are found one after another, and sorted"),
    postgres("turn (event_id, last_seq, job_count) AS (SELECT * FROM unnest(", &["event_pkey", "ticket_held", "sort"])
        .because("the events of one transaction"),
    each(
        "SELECT min(due_at)",
        &["job_backing_off", "event_chore"],
        &["job_backing_off", "walk job_backing_off", "walk event_chore"],
    )
    .because(ONE),
    both("SELECT min(expires_at) AS expires_at FROM ticket WHERE status = 'reserved'", &["ticket_due"]),
    each(
        "SELECT event_id FROM holding WHERE (SELECT",
        &["ticket_held", "walk ticket_held"],
        &["ticket_held", "walk ticket_held", "ticket_due"],
    )
    .because(FIRST),
    // Deciding.
    each(
        "WITH lane (place, event_id, last_seq) AS",
        &["job_lane", "ticket_person"],
        &["job_lane", "ticket_person", "sort"],
    )
    .because("the jobs of one transaction"),
    both("AS held) AS seats FROM event WHERE id IN (?)", &["event_pkey", "ticket_held"]),
    each("INSERT INTO ticket", &["job_pkey"], &["job_pkey", "sort"]).because("the tickets of one transaction"),
    both("UPDATE job SET state = 'settled'", &["job_pkey"]),
    both("WITH issued (seq, id, status) AS", &["job_pkey"]),
    both("INSERT INTO audit", &[]),
    each("UPDATE event SET capacity = ?", &["event_pkey", "event_turn_order"], &["event_pkey"]),
    each(
        "UPDATE event SET available_spots = event.available_spots + turn.gain",
        &["event_pkey", "event_turn_order", "sort"],
        &["event_pkey", "sort"],
    )
    .because("the events of one transaction"),
    // Holds that ran out, and the waitlist.
    both("UPDATE ticket SET status = 'expired'", &["ticket_held", "ticket_pkey"]),
    both("WITH RECURSIVE waiting (size)", &["ticket_waiting"]),
    // By `ticket_line` PostgreSQL passes over parties of other sizes.
    each(
        "AND party_size = ? ORDER BY seq LIMIT ?) AS stretch",
        &["ticket_waiting"],
        &["ticket_waiting", "ticket_line"],
    ),
    both(
        "SELECT seq, id, party_size FROM ticket WHERE event_id = ? AND status = 'waitlisted' AND seq >= ?",
        &["ticket_line"],
    ),
    both("UPDATE ticket SET status = 'reserved'", &["ticket_pkey"]),
    // What people do with their tickets.
    both("UPDATE ticket SET status = 'confirmed'", &["ticket_id_key"]),
    both("UPDATE ticket SET status = 'cancelled'", &["ticket_id_key"]),
    // Signals and time.
    postgres("SELECT pg_notify(?, '')", &[]),
    postgres("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now", &[]),
    // Workers' chores that are not hot, but happen when one starts.
    both("FROM session WHERE expires_at <= ?", &["session_expiry"]),
    each(
        "SELECT event.id FROM event WHERE (coalesce(ends_at, starts_at) < ?",
        &["scan event", "job_event"],
        &["scan event", "walk event_pkey", "job_event"],
    )
    .because("each worker asks every ten minutes"),
    both("FROM simulation", &[]),
    both("worker", &[]),
];

#[test]
fn what_is_no_seek_in_an_index_has_a_reason() {
    for expected in EXPECTED {
        let mut steps = expected.sqlite.into_iter().chain(expected.postgres).flatten();
        let is_seek = steps.all(|step| *step != "sort" && !step.contains(' '));
        assert_eq!(is_seek, expected.because.is_empty(), "{expected:?}");
    }
}
