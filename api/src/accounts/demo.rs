//! Things to play with: people and events in an empty database, on this machine alone.
//!
//! The passwords follow from the installation's secret: they can be printed at every start, and nobody else can know
//! them, should the same data be served to others later.

use data_encoding::HEXLOWER;
use entity::{
    Database, Email, Error, Millis, Transaction,
    account::{self, Model, Role},
    audit::{self, Actor, Entity, Moved, Step},
    event::{self, EventStatus},
};
use uuid::Uuid;

use super::passwords;
use crate::{
    attempt::PATIENCE,
    http::time::Time,
    secret::{Secret, mac},
    views::{NewEvent, NewEventStatus},
};

/// Who plays: the organizer first.
const PEOPLE: [(&str, &str, Role); 4] = [
    ("olive@demo.example", "Olive Organizer", Role::Organizer),
    ("ada@demo.example", "Ada Lovelace", Role::Attendee),
    ("grace@demo.example", "Grace Hopper", Role::Attendee),
    ("rita@demo.example", "Rita Root", Role::Admin),
];

/// What they can go to: a name, seats, and whether everybody sees it.
const EVENTS: [(&str, i64, EventStatus); 3] = [
    ("A workshop with ten seats", 10, EventStatus::Published),
    ("A dinner with five seats", 5, EventStatus::Published),
    ("An idea that nobody sees yet", 20, EventStatus::Draft),
];

/// When the events begin: in 30 days.
const LEAD: Millis = 30 * 24 * 60 * 60 * 1000;

/// Somebody to log in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) email: &'static str,
    pub(crate) role: &'static str,
    pub(crate) password: String,
}

/// Fills an empty database. One that an earlier demo filled stays as it is.
///
/// # Errors
/// [`Error::Unusable`] when the database has other accounts; otherwise what it answered.
pub(crate) async fn demo(database: &Database, secret: &Secret) -> Result<Vec<Login>, Error> {
    let logins = PEOPLE.map(|(email, _, role)| Login { email, role: role.as_str(), password: password(secret, email) });
    if !account::any(database.reader()).await? {
        fill(database, &logins).await?;
    }
    let organizer = Email::parse(PEOPLE[0].0).map_err(|error| Error::Unusable(error.to_string()))?;
    if account::find_by_email(database.reader(), &organizer).await?.is_none() {
        let place = database.location();
        return Err(Error::Unusable(format!("--demo is for an empty database, and {place} has accounts")));
    }
    Ok(logins.into())
}

/// Sixteen characters, the same at every start.
fn password(secret: &Secret, email: &str) -> String {
    HEXLOWER.encode(&mac(&secret.key("demo"), email.as_bytes())[..8])
}

/// Makes the people and the events, unless another process did so first.
async fn fill(database: &Database, logins: &[Login]) -> Result<(), Error> {
    let hashes: Vec<_> = logins.iter().map(|login| passwords::hash(&login.password)).collect();
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let mut ids = vec![];
    for ((email, name, role), password_hash) in PEOPLE.into_iter().zip(hashes) {
        let (email, name) = (email.to_owned(), name.to_owned());
        let id = Uuid::now_v7();
        let account =
            Model { id, email, name, password_hash, role, is_active: true, token_version: 0, created_at: now };
        if !account::insert(&tx, &account).await? {
            return Ok(());
        }
        record(&tx, (Entity::Account, id, None), role.as_str(), now).await?;
        ids.push(id);
    }
    for (name, capacity, status) in EVENTS {
        let event = demo_event(name, capacity, status, ids[0], now);
        event::insert(&tx, &event).await?;
        let state = if status == EventStatus::Draft { "draft" } else { "published" };
        record(&tx, (Entity::Event, event.id, Some(event.id)), state, now).await?;
    }
    tx.commit().await
}

fn demo_event(name: &str, capacity: i64, status: EventStatus, organizer_id: Uuid, now: Millis) -> event::Model {
    let new = NewEvent {
        name: name.to_owned(),
        description: Some("Made by --demo.".to_owned()),
        location: None,
        starts_at: Time(now + LEAD),
        ends_at: None,
        time_zone: None,
        registration_opens_at: None,
        registration_closes_at: None,
        capacity,
        hold_seconds: None,
        offer_seconds: None,
        waitlist_enabled: Some(true),
        max_party_size: None,
        status: (status == EventStatus::Published).then_some(NewEventStatus::Published),
    };
    new.into_model(Uuid::now_v7(), organizer_id, now)
}

async fn record(
    tx: &Transaction,
    (entity, id, event_id): (Entity, Uuid, Option<Uuid>),
    state: &str,
    now: Millis,
) -> Result<(), Error> {
    let step = Step { entity, action: "create", from: None, to: Some(state.to_owned()) };
    audit::record(tx, event_id, &Actor::operator(), &step, &[Moved::plain(id)], now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_follow_from_the_secret() {
        let secret = |text: &str| Secret::parse(&text.repeat(32)).unwrap();
        assert_eq!(password(&secret("s"), "a@x.org"), password(&secret("s"), "a@x.org"));
        assert_ne!(password(&secret("s"), "a@x.org"), password(&secret("t"), "a@x.org"));
        assert_ne!(password(&secret("s"), "a@x.org"), password(&secret("s"), "b@x.org"));
        assert!(crate::views::is_fit_password(&password(&secret("s"), "a@x.org")));
    }
}
