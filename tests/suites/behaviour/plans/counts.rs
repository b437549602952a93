//! How many statements an operation takes, with `BEGIN` and `COMMIT`.

use std::collections::BTreeMap;

use serde_json::json;
use tests::{Client, Inside, Kind, Note, World, new_key};

use super::shape::shape;

/// An operation and how many statements it takes on SQLite and on PostgreSQL, which is also asked for the time and told
/// to signal.
const COUNTS: &[(&str, usize, usize)] = &[
    ("register", 3, 3),
    ("register again", 6, 6),
    ("read a pending registration", 2, 2),
    ("settle 100 jobs", 9, 10),
    ("read a decided registration", 1, 1),
    ("read a ticket", 1, 1),
    ("confirm", 7, 9),
    ("cancel", 11, 13),
    ("read an event", 1, 1),
    ("list events", 1, 2),
];

/// Whoever tells operations apart.
struct Counter<'a> {
    service: &'a Inside,
    counted: BTreeMap<&'static str, Vec<Note>>,
}

impl Counter<'_> {
    /// What was executed since the last count belongs to this operation.
    fn count(&mut self, operation: &'static str) {
        self.counted.insert(operation, self.service.take());
    }
}

/// Does each operation once and compares.
pub(super) async fn compare(world: &World, service: &Inside) {
    let person = service.client.sign_up("hot@example.org").await;
    let (sale, other) = (event(world, &person).await, event(world, &person).await);
    let mut counter = Counter { service, counted: BTreeMap::new() };
    counter.service.take();
    let registration = ask(&person, &sale, &mut counter).await;
    decide(world, &other, &mut counter).await;
    let ticket = read(&person, &registration, &sale, &mut counter).await;
    let path = format!("/tickets/{ticket}");
    for operation in ["confirm", "cancel"] {
        assert_eq!(person.post_empty(&format!("{path}/{operation}")).await.status, 200);
        counter.count(operation);
    }
    let wrong: Vec<String> = COUNTS.iter().filter_map(|row| wrong(world.kind, row, &counter.counted)).collect();
    assert!(wrong.is_empty(), "{:?}:\n{}", world.kind, wrong.join("\n"));
    assert_eq!(counter.counted.len(), COUNTS.len());
}

/// What is wrong with the count of an operation, if anything is.
fn wrong(kind: Kind, row: &(&str, usize, usize), counted: &BTreeMap<&'static str, Vec<Note>>) -> Option<String> {
    let (operation, sqlite, postgres) = row;
    let expected = if kind == Kind::Sqlite { sqlite } else { postgres };
    let texts: Vec<String> = counted[operation].iter().map(|note| shape(&note.statement)).collect();
    (texts.len() != *expected)
        .then(|| format!("{operation}: {} instead of {expected}:\n    {}", texts.len(), texts.join("\n    ")))
}

/// A published event with a hundred seats and more; the person may make one for that moment.
async fn event(world: &World, person: &Client) -> String {
    world.execute("UPDATE account SET role = 'organizer'").await;
    let body = json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": 200, "status": "published"});
    let event = person.post("/events", body).await.text("id");
    world.execute("UPDATE account SET role = 'attendee'").await;
    event
}

/// Returns the registration.
async fn ask(person: &Client, event: &str, counter: &mut Counter<'_>) -> String {
    let key = new_key();
    let registration = person.register(event, &key).await.text("id");
    counter.count("register");
    assert_eq!(person.register(event, &key).await.header("idempotency-replayed"), "true");
    counter.count("register again");
    assert_eq!(person.get(&format!("/registrations/{registration}")).await.text("status"), "pending");
    counter.count("read a pending registration");
    registration
}

/// Settles what was asked, and then a hundred jobs of another event.
async fn decide(world: &World, event: &str, counter: &mut Counter<'_>) {
    settle(world, counter.service).await;
    world.enqueue(event, 100).await;
    let notes = settle(world, counter.service).await;
    let is_decision = |note: &Note| shape(&note.statement).starts_with("UPDATE job SET state = 'settled'");
    let mut passes = transactions(notes).into_iter().filter(|notes| notes.iter().any(is_decision));
    counter.counted.insert("settle 100 jobs", passes.next().unwrap());
    assert!(passes.next().is_none(), "one pass is enough");
}

/// Returns what it took, with everything else that a worker does.
async fn settle(world: &World, service: &Inside) -> Vec<Note> {
    service.take();
    let worker = service.start_worker();
    world.settled().await;
    worker.stop().await;
    service.take()
}

/// What each task did up to the end of each of its transactions.
fn transactions(notes: Vec<Note>) -> Vec<Vec<Note>> {
    let mut open: BTreeMap<String, Vec<Note>> = BTreeMap::new();
    let mut ended = vec![];
    for note in notes {
        let is_end = ["COMMIT", "ROLLBACK"].contains(&note.statement.sql.as_str());
        let task = format!("{:?}", note.task);
        open.entry(task.clone()).or_default().push(note);
        if is_end {
            ended.extend(open.remove(&task));
        }
    }
    ended
}

/// Returns the ticket.
async fn read(person: &Client, registration: &str, event: &str, counter: &mut Counter<'_>) -> String {
    let ticket = person.get(&format!("/registrations/{registration}")).await.text("ticket_id");
    counter.count("read a decided registration");
    assert_eq!(person.get(&format!("/tickets/{ticket}")).await.text("status"), "reserved");
    counter.count("read a ticket");
    assert_eq!(person.get(&format!("/events/{event}")).await.status, 200);
    counter.count("read an event");
    assert_eq!(person.get("/events").await.status, 200);
    counter.count("list events");
    ticket
}
