//! Who manages an event: its organizer and administrators.

use sea_orm::{FromQueryResult, QueryResult, entity::prelude::*};

use crate::{
    Error, Viewer,
    db::{sql, values},
    event::{EventStatus, Model},
};

/// An event, for somebody who wants to manage it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Managed {
    /// They may.
    Yours(Model),
    /// It is somebody else's, and everybody knows of it.
    Others,
    /// There is none, or none that they may know of: somebody else's draft, a simulation's copy.
    Hidden,
}

/// An event and whose it is.
struct Owned {
    event: Model,
    organizer_email: String,
}

impl FromQueryResult for Owned {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let event = Model::from_query_result(row, prefix)?;
        Ok(Self { event, organizer_email: row.try_get(prefix, "organizer_email")? })
    }
}

/// The event, if this viewer may manage it. It is not locked: inside a transaction that changes it, lock it first.
///
/// # Errors
/// What the database answered.
pub async fn find_for_manager(connection: &impl ConnectionTrait, id: Uuid, viewer: &Viewer) -> Result<Managed, Error> {
    let query = sql(
        connection,
        "SELECT event.*, account.email AS organizer_email
         FROM event JOIN account ON account.id = event.organizer_id WHERE event.id = ?",
        values![id],
    );
    let found = Owned::find_by_statement(query).one(connection).await?;
    Ok(found.map_or(Managed::Hidden, |owned| judge(owned, viewer)))
}

/// What a viewer may know of an event and do with it.
fn judge(Owned { event, organizer_email }: Owned, viewer: &Viewer) -> Managed {
    let is_organizers = viewer.is_organizer && organizer_email == viewer.email.as_str();
    if event.shadow_of.is_some() {
        Managed::Hidden
    } else if viewer.is_admin || is_organizers {
        Managed::Yours(event)
    } else if event.status == EventStatus::Draft {
        Managed::Hidden
    } else {
        Managed::Others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Email;

    fn event(status: EventStatus) -> Model {
        Model {
            id: Uuid::nil(),
            organizer_id: Uuid::nil(),
            name: "E".to_owned(),
            description: String::new(),
            location: String::new(),
            starts_at: 1,
            ends_at: None,
            time_zone: "UTC".to_owned(),
            registration_opens_at: None,
            registration_closes_at: None,
            capacity: 1,
            available_spots: 1,
            hold_seconds: 300,
            offer_seconds: 300,
            waitlist_enabled: false,
            max_party_size: 1,
            status,
            version: 1,
            served_at: 0,
            chore_at: None,
            shadow_of: None,
            created_at: 0,
            updated_at: 0,
            published_at: None,
            sold_out_at: None,
        }
    }

    fn judged(event: &Model, email: &str, is_organizer: bool, is_admin: bool) -> Managed {
        let viewer = Viewer { email: Email::parse(email).unwrap(), is_organizer, is_admin };
        judge(Owned { event: event.clone(), organizer_email: "o@x.org".to_owned() }, &viewer)
    }

    #[test]
    fn an_event_is_its_organizers_and_administrators() {
        for status in [EventStatus::Draft, EventStatus::Published, EventStatus::Cancelled] {
            let event = event(status);
            assert_eq!(judged(&event, "o@x.org", true, false), Managed::Yours(event.clone()));
            assert_eq!(judged(&event, "root@x.org", true, true), Managed::Yours(event.clone()));
            // The organizer's address, but no organizer any more.
            let other = if status == EventStatus::Draft { Managed::Hidden } else { Managed::Others };
            assert_eq!(judged(&event, "o@x.org", false, false), other);
            assert_eq!(judged(&event, "p@x.org", true, false), other);
        }
    }

    #[test]
    fn a_copy_is_nobodys() {
        let shadow = Model { shadow_of: Some(Uuid::nil()), ..event(EventStatus::Published) };
        assert_eq!(judged(&shadow, "root@x.org", true, true), Managed::Hidden);
        assert_eq!(judged(&shadow, "o@x.org", true, false), Managed::Hidden);
    }
}
