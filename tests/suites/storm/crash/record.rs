//! What one client knows of one registration: what it was told, and nothing else.

use serde_json::{Value, json};
use tests::{Answer, new_key};

/// A registration as its client saw it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) event: String,
    /// The key; the e-mail is made of it, so everybody comes once.
    pub(super) key: String,
    party_size: u8,
    /// Every id it was answered, each once. More than one is one too many.
    pub(super) ids: Vec<String>,
    /// The decision, once it was told.
    pub(super) decision: Option<String>,
    pub(super) ticket: Option<String>,
    /// Status and code of the answers to confirming and to cancelling it, if it did.
    pub(super) confirmed: Option<(u16, String)>,
    pub(super) cancelled: Option<(u16, String)>,
}

impl Entry {
    pub(super) fn new(event: String, party_size: u8) -> Self {
        let (ids, decision, ticket, confirmed, cancelled) = (vec![], None, None, None, None);
        Self { event, key: new_key(), party_size, ids, decision, ticket, confirmed, cancelled }
    }

    pub(super) fn person(&self) -> String {
        format!("{}@example.org", self.key)
    }

    pub(super) fn body(&self) -> Value {
        json!({"party_size": self.party_size})
    }

    /// Notes what registering, or asking again with the key, or looking, was answered.
    pub(super) fn note(&mut self, answer: &Answer) {
        assert!([200, 201, 202].contains(&answer.status), "{self:?}: {answer:?}");
        let id = answer.text("id");
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
        let status = answer.text("status");
        if status != "pending" {
            self.decision.get_or_insert(status);
        }
        let ticket = answer.text("ticket_id");
        if !ticket.is_empty() {
            self.ticket.get_or_insert(ticket);
        }
    }

    pub(super) fn is_told(&self, decision: &str) -> bool {
        self.decision.as_deref() == Some(decision)
    }
}
