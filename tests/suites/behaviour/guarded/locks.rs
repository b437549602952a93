//! Whoever decides has locked what the decision is about: rows on PostgreSQL, the whole file on SQLite. Whoever decides about
//! the same comes after, and sees what the first one did; who only asks for seats, or reads, waits for nobody.

use std::time::Duration;

use entity::{Database, Transaction, Viewer, account, event, job::operate, ticket};
use sea_orm::ConnectionTrait;
use tests::{Kind, World, both_databases};
use uuid::Uuid;

use super::{owner, stage::Stage};

/// What is read in order to decide about it.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Account(Uuid),
    Event(Uuid),
    Job(Uuid),
    Ticket(Uuid),
    Tickets(Uuid),
    TicketAtTheDoor(Uuid),
}

use Subject::{Account, Event, Job, Ticket, TicketAtTheDoor, Tickets};

impl Subject {
    /// Its name, for whoever is going to write.
    async fn lock(self, tx: &Transaction) -> String {
        let viewer = Viewer { email: owner("root@x.org"), is_organizer: true, is_admin: true };
        match self {
            Account(id) => account::lock(tx, id).await.unwrap().unwrap().name,
            Event(id) => event::lock(tx, id).await.unwrap().unwrap().name,
            Job(id) => operate::lock(tx, id).await.unwrap().unwrap().name,
            Ticket(id) => ticket::lock(tx, id, &viewer).await.unwrap().unwrap().name,
            Tickets(id) => ticket::lock_many(tx, &[id]).await.unwrap().remove(0).name,
            TicketAtTheDoor(id) => ticket::lock_for_door(tx, id).await.unwrap().unwrap().name,
        }
    }

    fn renamed(self, world: &World, name: &str) -> String {
        let (table, id) = match self {
            Account(id) => ("account", id),
            Event(id) => ("event", id),
            Job(id) => ("job", id),
            Ticket(id) | Tickets(id) | TicketAtTheDoor(id) => ("ticket", id),
        };
        format!("UPDATE {table} SET name = '{name}' WHERE id = {}", world.id(&id.to_string()))
    }
}

async fn second(database: Database, subject: Subject) -> String {
    let tx = database.begin(Duration::from_secs(2)).await.unwrap();
    let name = subject.lock(&tx).await;
    tx.rollback().await.unwrap();
    name
}

/// Somebody in this database waits for a lock.
const WAITING: &str = "SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// The second one waits, although the first has written nothing yet, and then sees what it wrote.
async fn the_second_sees_what_the_first_did(world: &World, stage: &Stage, subject: Subject) {
    let first = stage.begin().await;
    subject.lock(&first).await;
    let mut second = tokio::spawn(second(stage.service.database().clone(), subject));
    tokio::select! {
        read = &mut second => panic!("{subject:?} was not waited for: {read:?}"),
        _ = world.until(WAITING, |waiting| waiting == 1) => {}
    }
    let name = format!("{subject:?}");
    first.execute_unprepared(&subject.renamed(world, &name)).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), name);
}

/// Workers leave a lane alone that somebody else has, and it takes intents all the same.
async fn a_lane_that_is_taken_takes_intents(world: &World, stage: &Stage) {
    let pending = "SELECT count(*) AS n FROM job WHERE state = 'pending'";
    let (first, second) = (stage.begin().await, stage.begin().await);
    event::lock(&first, stage.event_id).await.unwrap();
    let id = stage.tickets[0].id;
    ticket::lock_many(&first, &[id]).await.unwrap();
    assert_eq!(stage.register("p4@x.org", "k").await.status, 202);
    assert_eq!(event::try_lock(&second, stage.event_id).await.unwrap(), None);
    assert_eq!(ticket::try_lock_many(&second, &[id]).await.unwrap(), []);
    second.rollback().await.unwrap();
    stage.service.settle(0, 500, 500, true).await;
    assert_eq!(world.number(pending).await, 1, "somebody else has the lane");
    first.rollback().await.unwrap();
    stage.service.settle(0, 500, 500, true).await;
    assert_eq!(world.number(pending).await, 0);
}

/// A transaction excludes others from when it begins, before it ran any statement: what it reads first is still so when it
/// writes. The other one here knows nothing of turns, with which ours queue.
async fn nobody_writes_once_another_began(world: &World, stage: &Stage) {
    let other = world.connect().await;
    other.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
    let write = "UPDATE event SET name = name";
    let tx = stage.begin().await;
    let refused = other.execute_unprepared(write).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("locked")), "it wrote");
    assert_eq!(world.number("SELECT count(*) AS n FROM event").await, 1, "whoever reads does not wait");
    tx.rollback().await.unwrap();
    other.execute_unprepared(write).await.unwrap();
    other.close().await.unwrap();
}

both_databases! {
    async fn who_decides_comes_after_who_decided_about_the_same(world: &mut World) {
        let stage = Stage::set(world).await;
        match world.kind {
            Kind::Sqlite => nobody_writes_once_another_began(world, &stage).await,
            Kind::Postgres => {
                let tx = stage.begin().await;
                let event = stage.event(&tx).await;
                tx.rollback().await.unwrap();
                let ticket = &stage.tickets[0];
                let (id, job) = (ticket.id, ticket.job_id);
                for subject in
                    [Account(event.organizer_id), Event(event.id), Job(job), Ticket(id), Tickets(id), TicketAtTheDoor(id)]
                {
                    the_second_sees_what_the_first_did(world, &stage, subject).await;
                }
                a_lane_that_is_taken_takes_intents(world, &stage).await;
            }
        }
        stage.service.stop().await;
    }
}
