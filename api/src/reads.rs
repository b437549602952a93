//! Reading registrations, tickets and the standing of callers for everybody who asks at the same time: one statement for
//! all of them.
//!
//! A statement costs far more than a row that it brings. It begins after the requests that it is for came in, so nobody
//! is told anything older than what was committed before they asked.

use std::{collections::HashMap, time::Duration};

use entity::{
    Database, Error, Millis, Seen, Viewer,
    account::{self, Standing},
    registration::{self, Registration},
    ticket,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    group::{Group, Work, each_once},
    http::problem::{Code, Problem},
};

/// Something by its id, for somebody.
#[derive(Debug)]
struct Wanted {
    id: Uuid,
    viewer: Viewer,
}

/// What there is of it for them, and the time at which it was so.
type Found<T> = Option<(T, Millis)>;

/// Reads what is wanted, each with who may see it.
#[derive(Debug)]
pub(crate) struct Reads {
    registrations: Group<Wanted, Found<Registration>>,
    tickets: Group<Wanted, Found<ticket::Model>>,
    standings: Group<Uuid, Option<Standing>>,
}

impl Reads {
    /// Starts reading, in some of `tasks`.
    pub(crate) fn start(database: &Database, tasks: &mut JoinSet<()>) -> Self {
        Self {
            registrations: Group::start(Registrations(database.clone()), tasks),
            tickets: Group::start(Tickets(database.clone()), tasks),
            standings: Group::start(Standings(database.clone()), tasks),
        }
    }

    /// The registration, if this viewer may see it, and the time at which it was so.
    pub(crate) async fn registration(&self, id: Uuid, viewer: &Viewer) -> Result<(Registration, Millis), Problem> {
        let wanted = Wanted { id, viewer: viewer.clone() };
        Ok(self.registrations.ask(wanted).await?.ok_or(Code::NotFound)?)
    }

    /// The ticket, if this viewer may see it, and the time at which it was so.
    pub(crate) async fn ticket(&self, id: Uuid, viewer: &Viewer) -> Result<(ticket::Model, Millis), Problem> {
        let wanted = Wanted { id, viewer: viewer.clone() };
        Ok(self.tickets.ask(wanted).await?.ok_or(Code::NotFound)?)
    }

    /// What this account may do now, if there is one.
    pub(crate) async fn standing(&self, account_id: Uuid) -> Result<Option<Standing>, Problem> {
        Ok(self.standings.ask(account_id).await?)
    }
}

struct Registrations(Database);

impl Work for Registrations {
    type Request = Wanted;
    type Answer = Found<Registration>;
    type Turn = ();

    const NAME: &'static str = "reading registrations";

    async fn turn(&self, _: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn run(&self, (): (), wanted: &[Wanted], _: Duration) -> Result<Vec<Found<Registration>>, Error> {
        let ids = each_once(wanted.iter().map(|wanted| wanted.id));
        let found = registration::look_up(&self.0, &ids, some_organize(wanted)).await?;
        // Here for all of them: these are read most, and what somebody else promises is not looked at again (`later`).
        self.0.seen_is_durable().await?;
        Ok(hand_out(&found, wanted))
    }
}

struct Tickets(Database);

impl Work for Tickets {
    type Request = Wanted;
    type Answer = Found<ticket::Model>;
    type Turn = ();

    const NAME: &'static str = "reading tickets";

    async fn turn(&self, _: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn run(&self, (): (), wanted: &[Wanted], _: Duration) -> Result<Vec<Found<ticket::Model>>, Error> {
        let ids = each_once(wanted.iter().map(|wanted| wanted.id));
        Ok(hand_out(&ticket::look_up(&self.0, &ids, some_organize(wanted)).await?, wanted))
    }
}

fn some_organize(wanted: &[Wanted]) -> bool {
    wanted.iter().any(|wanted| wanted.viewer.is_organizer)
}

struct Standings(Database);

impl Work for Standings {
    type Request = Uuid;
    type Answer = Option<Standing>;
    type Turn = ();

    const NAME: &'static str = "reading standings";

    async fn turn(&self, _: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn run(&self, (): (), account_ids: &[Uuid], _: Duration) -> Result<Vec<Option<Standing>>, Error> {
        let standings = account::standings(self.0.by_key(), &each_once(account_ids.iter().copied())).await?;
        Ok(account_ids.iter().map(|id| standings.get(id).copied()).collect())
    }
}

/// Gives everybody what they want and may see, in the order of the requests.
fn hand_out<T: Clone>(found: &HashMap<Uuid, Seen<T>>, wanted: &[Wanted]) -> Vec<Found<T>> {
    let of = |wanted: &Wanted| {
        let seen = found.get(&wanted.id).filter(|seen| seen.audience.admits(&wanted.viewer))?;
        Some((seen.row.clone(), seen.at))
    };
    wanted.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use entity::{Audience, Email};

    use super::*;

    fn wanted(id: u128, viewer: &str) -> Wanted {
        let viewer = Viewer { email: Email::parse(viewer).unwrap(), is_organizer: false, is_admin: false };
        Wanted { id: Uuid::from_u128(id), viewer }
    }

    #[test]
    fn everybody_gets_their_own_and_nothing_else() {
        let seen = |id: u128, person: &str| {
            let audience = Audience { person: person.to_owned(), submitter: None, organizer: None };
            (Uuid::from_u128(id), Seen { row: id, at: 9, audience })
        };
        let found = HashMap::from([seen(1, "a@x.org"), seen(2, "b@x.org")]);
        let all = [wanted(2, "b@x.org"), wanted(1, "b@x.org"), wanted(3, "b@x.org"), wanted(1, "a@x.org")];
        assert_eq!(hand_out(&found, &all), [Some((2, 9)), None, None, Some((1, 9))]);
    }
}
