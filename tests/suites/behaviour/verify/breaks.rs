//! One way to break each promise, past the programs, and how to mend it again.

use tests::{Kind, World};

/// A broken promise.
#[derive(Debug)]
pub(super) struct Break {
    /// The rows that are to be named: check, table, condition.
    named: &'static [(&'static str, &'static str, &'static str)],
    make: &'static str,
    mend: &'static str,
    /// The one database where it can be broken or is a promise.
    pub(super) kind: Option<Kind>,
}

const fn a(
    named: &'static [(&'static str, &'static str, &'static str)],
    make: &'static str,
    mend: &'static str,
) -> Break {
    Break { named, make, mend, kind: None }
}

impl Break {
    const fn on(self, kind: Kind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// The one for this check.
    pub(super) fn of(check: &str) -> &'static Self {
        BREAKS.iter().find(|case| case.named[0].0 == check).expect("there is one")
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = &'static str> {
        self.named.iter().map(|(check, ..)| *check)
    }

    /// Checks and ids that are to be found, in order.
    pub(super) async fn rows(&self, world: &World) -> Vec<(&'static str, String)> {
        let mut rows = vec![];
        for (check, table, condition) in self.named {
            let id = match world.kind {
                Kind::Postgres => "cast(id AS TEXT)",
                Kind::Sqlite => {
                    "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
                     || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))"
                }
            };
            let ids = world.texts(&format!("SELECT {id} AS row FROM {table} WHERE {condition}")).await;
            rows.extend(ids.into_iter().map(|id| (*check, id)));
        }
        rows.sort_unstable();
        rows
    }

    pub(super) async fn make(&self, world: &World) {
        execute(world, self.make).await;
    }

    pub(super) async fn mend(&self, world: &World) {
        execute(world, self.mend).await;
    }
}

async fn execute(world: &World, text: &str) {
    let unchecked = if world.kind == Kind::Sqlite { "PRAGMA ignore_check_constraints = 1; " } else { "" };
    world.execute(&format!("{unchecked}{text}")).await;
}

/// Takes away what in the schema refuses to be broken.
pub(super) async fn lift_guards(world: &World) {
    world.execute("DROP INDEX ticket_person").await;
    world
        .execute(match world.kind {
            Kind::Sqlite => "DROP TRIGGER audit_no_update",
            Kind::Postgres => {
                "ALTER TABLE audit DISABLE TRIGGER ALL;
                 ALTER TABLE job DROP CONSTRAINT job_key_scope_idempotency_key_key;
                 DO $$ DECLARE c record; BEGIN
                     FOR c IN SELECT conname, conrelid::regclass AS owner FROM pg_constraint
                         WHERE contype = 'c' AND conrelid IN ('event'::regclass, 'job'::regclass, 'ticket'::regclass)
                     LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.owner, c.conname); END LOOP;
                 END $$"
            }
        })
        .await;
}

pub(super) const BREAKS: &[Break] = &[
    a(
        &[("never_oversold", "event", "name = 'sale'")],
        "UPDATE event SET capacity = 3 WHERE name = 'sale'",
        "UPDATE event SET capacity = 2 WHERE name = 'sale'",
    ),
    a(
        &[("seats_within_capacity", "event", "name = 'sale'")],
        "UPDATE event SET capacity = 1, available_spots = -1 WHERE name = 'sale'",
        "UPDATE event SET capacity = 2, available_spots = 0 WHERE name = 'sale'",
    ),
    a(
        &[("one_ticket_per_person", "ticket", "email = 's2@example.org'")],
        "UPDATE job SET email = 's1@example.org' WHERE email = 's2@example.org';
         UPDATE ticket SET email = 's1@example.org' WHERE email = 's2@example.org'",
        "UPDATE job SET email = 's2@example.org' WHERE key_scope = 's2@example.org';
         UPDATE ticket SET email = 's2@example.org'
         WHERE job_id = (SELECT id FROM job WHERE key_scope = 's2@example.org')",
    ),
    a(
        &[("one_outcome", "job", "email = 's2@example.org'")],
        "UPDATE job SET refusal = 'none' WHERE email = 's2@example.org'",
        "UPDATE job SET refusal = NULL WHERE email = 's2@example.org'",
    ),
    a(
        &[("undecided_is_open", "job", "email = 's3@example.org'")],
        "UPDATE job SET state = 'failed' WHERE email = 's3@example.org'",
        "UPDATE job SET state = 'settled' WHERE email = 's3@example.org'",
    ),
    // It would be decided a second time.
    a(
        &[("undecided_is_open", "job", "email = 'o2@example.org'")],
        "UPDATE job SET state = 'pending', outcome = NULL, settled_at = NULL WHERE email = 'o2@example.org'",
        "UPDATE job SET state = 'settled', outcome = 'reserved',
             settled_at = (SELECT created_at FROM ticket WHERE ticket.job_id = job.id) WHERE email = 'o2@example.org'",
    ),
    a(
        &[("one_ticket_per_grant", "job", "email = 's3@example.org'")],
        "UPDATE job SET outcome = 'reserved', refusal = NULL WHERE email = 's3@example.org'",
        "UPDATE job SET outcome = 'refused', refusal = 'sold_out' WHERE email = 's3@example.org'",
    ),
    a(
        &[("ticket_as_asked_for", "ticket", "email = 's1@example.org'")],
        "UPDATE job SET party_size = 2 WHERE email = 's1@example.org'",
        "UPDATE job SET party_size = 1 WHERE email = 's1@example.org'",
    ),
    a(
        &[("one_job_per_key", "job", "email IN ('s1@example.org', 's2@example.org')")],
        "UPDATE job SET key_scope = 's1@example.org', idempotency_key = 's1' WHERE email = 's2@example.org'",
        "UPDATE job SET key_scope = 's2@example.org', idempotency_key = 's2' WHERE email = 's2@example.org'",
    )
    .on(Kind::Postgres),
    // The two were one batch, and changed places.
    a(
        &[("granted_in_order", "job", "email = 's2@example.org'")],
        "UPDATE job SET settled_at = (SELECT settled_at FROM job WHERE email = 's3@example.org')
         WHERE email IN ('s1@example.org', 's2@example.org');
         UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's3@example.org') WHERE email = 's2@example.org';
         UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's2@example.org') WHERE email = 's1@example.org';
         UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's1@example.org') WHERE email = 's2@example.org';
         UPDATE ticket SET email = (SELECT email FROM job WHERE job.id = job_id) WHERE email LIKE 's%'",
        "UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's3@example.org') WHERE email = 's2@example.org';
         UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's2@example.org') WHERE email = 's1@example.org';
         UPDATE ticket SET job_id = (SELECT id FROM job WHERE email = 's1@example.org') WHERE email = 's2@example.org';
         UPDATE ticket SET email = (SELECT email FROM job WHERE job.id = job_id) WHERE email LIKE 's%'",
    ),
    a(
        &[("decided_in_order", "job", "email = 's3@example.org'")],
        "UPDATE job SET settled_at = settled_at - 1000000 WHERE email = 's3@example.org'",
        "UPDATE job SET settled_at = settled_at + 1000000 WHERE email = 's3@example.org'",
    )
    .on(Kind::Sqlite),
    // Both were one batch, and the first wanted no more than the second got.
    a(
        &[("seats_in_order", "job", "email = 'o2@example.org'")],
        "UPDATE job SET party_size = 1, settled_at = (SELECT settled_at FROM job WHERE email = 'o2@example.org')
         WHERE email = 'o1@example.org'",
        "UPDATE job SET party_size = 2 WHERE email = 'o1@example.org'",
    ),
    a(
        &[("nobody_left_behind", "job", "email = 'o1@example.org'")],
        "UPDATE job SET state = 'pending', outcome = NULL, refusal = NULL, settled_at = NULL
         WHERE email = 'o1@example.org'",
        "UPDATE job SET state = 'settled', outcome = 'refused', refusal = 'not_enough_seats',
             settled_at = (SELECT settled_at FROM job WHERE email = 'o2@example.org') WHERE email = 'o1@example.org'",
    )
    .on(Kind::Sqlite),
    a(
        &[("line_comes_first", "ticket", "email = 'l5@example.org'")],
        "UPDATE ticket SET expires_at = 1 WHERE email = 'l6@example.org'",
        "UPDATE ticket SET expires_at = NULL WHERE email = 'l6@example.org'",
    ),
    a(
        &[("line_in_order", "ticket", "email = 'l3@example.org'")],
        "UPDATE audit SET entity_id = (SELECT id FROM ticket
             WHERE email IN ('l3@example.org', 'l4@example.org') AND id <> entity_id) WHERE action = 'promote'",
        "UPDATE audit SET entity_id = (SELECT id FROM ticket
             WHERE email IN ('l3@example.org', 'l4@example.org') AND id <> entity_id) WHERE action = 'promote'",
    ),
    a(
        &[("line_is_told_of", "ticket", "email = 'l5@example.org'")],
        "UPDATE event SET chore_at = NULL WHERE name = 'line'",
        "UPDATE event SET chore_at = starts_at WHERE name = 'line'",
    ),
    a(
        &[
            ("line_is_told_of", "ticket", "email = 'l5@example.org'"),
            ("line_is_served", "ticket", "email = 'l5@example.org'"),
        ],
        "UPDATE event SET capacity = 3, available_spots = 1 WHERE name = 'line'",
        "UPDATE event SET capacity = 2, available_spots = 0 WHERE name = 'line'",
    ),
    // Somebody is told to look, and does not.
    a(
        &[("line_is_served", "ticket", "email = 'l5@example.org'")],
        "UPDATE event SET capacity = 3, available_spots = 1, chore_at = 0 WHERE name = 'line'",
        "UPDATE event SET capacity = 2, available_spots = 0, chore_at = starts_at WHERE name = 'line'",
    ),
    a(
        &[("cancelled_is_told_of", "event", "name = 'order'")],
        "UPDATE event SET status = 'cancelled' WHERE name = 'order';
         UPDATE audit SET to_state = 'cancelled' WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
        "UPDATE event SET status = 'published' WHERE name = 'order';
         UPDATE audit SET to_state = 'published' WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
    ),
    a(
        &[("cancelled_is_drained", "event", "name = 'order'")],
        "UPDATE event SET status = 'cancelled', chore_at = 0, updated_at = 1 WHERE name = 'order';
         UPDATE audit SET to_state = 'cancelled' WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
        "UPDATE event SET status = 'published', chore_at = NULL WHERE name = 'order';
         UPDATE audit SET to_state = 'published' WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
    ),
    a(
        &[("event_record_ends", "event", "name = 'order'")],
        "UPDATE event SET status = 'draft' WHERE name = 'order'",
        "UPDATE event SET status = 'published' WHERE name = 'order'",
    ),
    a(
        &[("event_record_whole", "event", "name = 'order'")],
        "UPDATE audit SET from_state = 'draft' WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
        "UPDATE audit SET from_state = NULL WHERE entity_id = (SELECT id FROM event WHERE name = 'order')",
    ),
    a(
        &[("ticket_record_ends", "ticket", "email = 's2@example.org'")],
        "UPDATE audit SET to_state = 'expired'
         WHERE entity_id = (SELECT id FROM ticket WHERE email = 's2@example.org')",
        "UPDATE audit SET to_state = 'reserved'
         WHERE entity_id = (SELECT id FROM ticket WHERE email = 's2@example.org')",
    ),
    a(
        &[("ticket_record_whole", "ticket", "email = 's1@example.org'")],
        "UPDATE audit SET from_state = 'waitlisted' WHERE action = 'confirm'",
        "UPDATE audit SET from_state = 'reserved' WHERE action = 'confirm'",
    ),
    a(
        &[("holds_end", "ticket", "email = 's2@example.org'")],
        "UPDATE ticket SET expires_at = 1 WHERE email = 's2@example.org'",
        "UPDATE ticket SET expires_at = 4102444800000 WHERE email = 's2@example.org'",
    ),
];
