//! The record on the wire.

use std::collections::BTreeMap;

use entity::audit::{self, read::Entry};
use poem_openapi::{
    Enum, Object,
    types::{Any, Example},
};
use serde_json::Value;
use uuid::Uuid;

use crate::http::{query::QueryValue, time::Time};

/// What kind of somebody, or something, changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "ActorKind", rename_all = "snake_case")]
pub(crate) enum ActorKind {
    /// Somebody with an account; `actor` is its id.
    Account,
    /// Somebody whom the gateway vouched for; `actor` is the e-mail.
    Gateway,
    /// A worker; `actor` is the id that it took when it started.
    Worker,
    /// Whoever runs the service, at the command line.
    Operator,
}

impl From<audit::ActorKind> for ActorKind {
    fn from(kind: audit::ActorKind) -> Self {
        match kind {
            audit::ActorKind::Account => Self::Account,
            audit::ActorKind::Gateway => Self::Gateway,
            audit::ActorKind::Worker => Self::Worker,
            audit::ActorKind::Operator => Self::Operator,
        }
    }
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "AuditEntity", rename_all = "snake_case")]
pub(crate) enum AuditEntity {
    /// An account.
    Account,
    /// An event.
    Event,
    /// A ticket.
    Ticket,
}

impl QueryValue for AuditEntity {
    const RULE: &'static str = "must be account, event or ticket";
}

impl From<audit::Entity> for AuditEntity {
    fn from(entity: audit::Entity) -> Self {
        match entity {
            audit::Entity::Account => Self::Account,
            audit::Entity::Event => Self::Event,
            audit::Entity::Ticket => Self::Ticket,
        }
    }
}

impl From<AuditEntity> for audit::Entity {
    fn from(entity: AuditEntity) -> Self {
        match entity {
            AuditEntity::Account => Self::Account,
            AuditEntity::Event => Self::Event,
            AuditEntity::Ticket => Self::Ticket,
        }
    }
}

/// One change of one thing.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct AuditEntry {
    /// Order of writing.
    pub seq: i64,
    /// When.
    pub at: Time,
    pub actor_kind: ActorKind,
    /// Who.
    pub actor: String,
    /// The verb: `issue`, `promote`, `confirm` and so on.
    pub action: String,
    pub entity: AuditEntity,
    /// Which.
    pub entity_id: Uuid,
    /// The event that it is, or belongs to.
    pub event_id: Option<Uuid>,
    /// The state before, if there was one.
    pub from: Option<String>,
    /// The state after.
    pub to: Option<String>,
    /// The request that led to it.
    pub request_id: Option<String>,
    /// What else is worth knowing; its fields depend on the action.
    pub detail: Option<BTreeMap<String, Any<Value>>>,
}

/// The record, newest first.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct AuditPage {
    pub data: Vec<AuditEntry>,
    /// Where the next page begins; absent on the last one. A page that a filter leaves short, or even empty, may still
    /// have a next one.
    pub next_cursor: Option<String>,
}

impl Example for AuditEntry {
    fn example() -> Self {
        let id = |last: u128| Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d00 + last);
        Self {
            seq: 4711,
            at: Time(1_795_243_511_000),
            actor_kind: ActorKind::Gateway,
            actor: "ada@example.org".to_owned(),
            action: "confirm".to_owned(),
            entity: AuditEntity::Ticket,
            entity_id: id(1),
            event_id: Some(id(2)),
            from: Some("reserved".to_owned()),
            to: Some("confirmed".to_owned()),
            request_id: Some("01a1fcc7c0b77243851597235745ee91".to_owned()),
            detail: None,
        }
    }
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            seq: entry.seq,
            at: Time(entry.at),
            actor_kind: entry.actor_kind.into(),
            actor: entry.actor,
            action: entry.action,
            entity: entry.entity.into(),
            entity_id: entry.entity_id,
            event_id: entry.event_id,
            from: entry.from_state,
            to: entry.to_state,
            request_id: entry.request_id,
            detail: entry.detail.as_deref().and_then(fields),
        }
    }
}

/// The fields of a JSON object.
fn fields(detail: &str) -> Option<BTreeMap<String, Any<Value>>> {
    let Ok(Value::Object(fields)) = serde_json::from_str(detail) else { return None };
    Some(fields.into_iter().map(|(name, value)| (name, Any(value))).collect())
}
