//! Clients that go on whatever happens: what is not answered they ask again, with the same key.

use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client};
use tokio::{sync::watch, time::timeout};

use super::record::Entry;

/// Where the play is.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) events: Vec<String>,
    pub(super) is_over: bool,
}

/// A request that takes longer is given up, and asked again.
const PATIENCE: Duration = Duration::from_secs(6);

/// Before asking again when no new api is announced.
const PAUSE: Duration = Duration::from_millis(300);

/// POST as this person until there is an answer: none came, or one that asks for patience, is none.
pub(super) async fn insist(
    stage: &mut watch::Receiver<Stage>,
    person: &str,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Answer {
    let role = if path == "/events" { "organizer" } else { "attendee" };
    loop {
        let client = stage.borrow_and_update().client.as_role(person, role);
        let client = key.map_or_else(|| client.clone(), |key| client.with("idempotency-key", key));
        if let Some(answer) = patiently(&client, Method::POST, path, Some(body.clone())).await {
            return answer;
        }
        let _ = timeout(PAUSE, stage.changed()).await;
    }
}

async fn patiently(client: &Client, method: Method, path: &str, body: Option<Value>) -> Option<Answer> {
    let answer = timeout(PATIENCE, client.try_send(method, path, body)).await.ok()?.ok()?;
    (answer.status != 503).then_some(answer)
}

/// Registers one new person after the other, and does something with the ticket of some, until the play is over.
pub(super) async fn play(mut stage: watch::Receiver<Stage>) -> Vec<Entry> {
    let mut entries = vec![];
    let mut rng = Rng::new();
    while !stage.borrow().is_over {
        let mut entry = Entry::new(choose(&stage.borrow().events, &mut rng), rng.u8(1..=3));
        register(&mut stage, &mut entry).await;
        match rng.u8(..20) {
            0 => register(&mut stage, &mut entry).await,
            1..=3 => follow(&mut stage, &mut entry, &mut rng).await,
            _ => {}
        }
        entries.push(entry);
    }
    entries
}

/// Most want the roomy one, which is the first.
fn choose(events: &[String], rng: &mut Rng) -> String {
    let index = if rng.u8(..10) < 7 { 0 } else { rng.usize(1..events.len()) };
    events[index].clone()
}

/// Registers, or asks again with the same key.
pub(super) async fn register(stage: &mut watch::Receiver<Stage>, entry: &mut Entry) {
    let path = format!("/events/{}/register", entry.event);
    let answer = insist(stage, &entry.person(), &path, Some(&entry.key), &entry.body()).await;
    entry.note(&answer);
}

/// Waits for the decision, and confirms the ticket, cancels it, or does one after the other.
async fn follow(stage: &mut watch::Receiver<Stage>, entry: &mut Entry, rng: &mut Rng) {
    while entry.decision.is_none() {
        look(stage, entry).await;
    }
    if entry.is_told("reserved") && rng.u8(..3) < 2 {
        entry.confirmed = Some(act(stage, entry, "confirm").await);
    }
    if entry.ticket.is_some() && rng.u8(..3) == 0 {
        entry.cancelled = Some(act(stage, entry, "cancel").await);
    }
}

async fn look(stage: &mut watch::Receiver<Stage>, entry: &mut Entry) {
    let client = stage.borrow_and_update().client.attendee(&entry.person()).waiting(2);
    let path = format!("/registrations/{}", entry.ids[0]);
    match patiently(&client, Method::GET, &path, None).await {
        Some(answer) => entry.note(&answer),
        None => _ = timeout(PAUSE, stage.changed()).await,
    }
}

async fn act(stage: &mut watch::Receiver<Stage>, entry: &Entry, what: &str) -> (u16, String) {
    let path = format!("/tickets/{}/{what}", entry.ticket.as_deref().unwrap());
    let answer = insist(stage, &entry.person(), &path, None, &json!({})).await;
    assert!([200, 409, 410].contains(&answer.status), "{what} {entry:?}: {answer:?}");
    (answer.status, answer.code())
}
