//! The scene: an event that people hold seats of and wait for, and transactions about it.

use std::time::Duration;

use entity::{
    Transaction,
    audit::{Actor, Who},
    event,
    ticket::{self, Model},
};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Ask, Stepwise, World};
use uuid::Uuid;

/// An event with three seats, which people 0 to 2 hold and person 3 waits for.
pub(super) struct Stage {
    pub(super) service: Stepwise,
    pub(super) event_id: Uuid,
    /// In the order of arrival.
    pub(super) tickets: Vec<Model>,
}

pub(super) const ACTOR: Actor = Actor { who: Who::Operator, request_id: None };

impl Stage {
    pub(super) async fn set(world: &World) -> Self {
        let service = Stepwise::start(world, 1).await;
        let body = json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": 3, "status": "published",
            "waitlist_enabled": true});
        let organizer = Ask {
            method: Method::POST,
            path: "/events".to_owned(),
            who: "organizer@example.org",
            role: "organizer",
            header: ("accept", "*/*"),
            body,
        };
        let event = service.ask(organizer).await.text("id");
        let event_id = Uuid::parse_str(&event).unwrap();
        let mut stage = Self { service, event_id, tickets: vec![] };
        for (who, key) in
            [("p0@x.org", "k"), ("p1@x.org", "k"), ("p2@x.org", "k"), ("p3@x.org", "k"), ("p3@x.org", "l")]
        {
            assert_eq!(stage.register(who, key).await.status, 202);
        }
        stage.service.settle(0, 500, 500, false).await;
        let tx = stage.begin().await;
        let live = ticket::live(&tx, event_id, 9).await.unwrap();
        let ids: Vec<Uuid> = live.iter().map(|ticket| ticket.id).collect();
        stage.tickets = ticket::find_many(&*tx, &ids).await.unwrap();
        stage.tickets.sort_by_key(|ticket| ticket.seq);
        assert_eq!(stage.tickets.len(), 4);
        stage
    }

    /// Somebody asks for a seat.
    pub(super) async fn register(&self, who: &str, key: &str) -> Answer {
        let path = format!("/events/{}/register", self.event_id);
        let header = ("idempotency-key", key);
        self.service.ask(Ask { method: Method::POST, path, who, role: "attendee", header, body: Value::Null }).await
    }

    pub(super) async fn begin(&self) -> Transaction {
        self.service.database().begin(Duration::from_secs(2)).await.unwrap()
    }

    pub(super) fn now(&self) -> i64 {
        self.service.time.now()
    }

    pub(super) async fn event(&self, tx: &Transaction) -> event::Model {
        event::find(&**tx, self.event_id).await.unwrap().unwrap()
    }

    /// The same people hold and wait for seats, however the statements of a transaction ended.
    pub(super) async fn end(self) {
        let tx = self.begin().await;
        let ids: Vec<Uuid> = self.tickets.iter().map(|ticket| ticket.id).collect();
        let mut tickets = ticket::find_many(&*tx, &ids).await.unwrap();
        tickets.sort_by_key(|ticket| ticket.seq);
        assert_eq!(tickets, self.tickets);
        tx.rollback().await.unwrap();
        self.service.stop().await;
    }
}
