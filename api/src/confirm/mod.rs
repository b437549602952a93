//! Confirming tickets: those that people confirm at the same time in one transaction.
//!
//! It locks the tickets, then takes the time, and judges each by it; the events' rows are only read. It never waits for a
//! ticket that somebody else is at work on: whoever wants that one waits for it alone, in nobody's way.

mod judge;

use std::{collections::HashMap, slice::from_ref, time::Duration};

use entity::{
    Database, Error, Millis, Topic, Transaction, Viewer, announce,
    audit::{self, Act, Actor, Step},
    event, fault_point,
    ticket::{self, Model, TicketStatus},
};
use uuid::Uuid;

use self::judge::{Held, admitted, outcome};
use crate::{
    attempt::{PATIENCE, attempt},
    group::{Group, Work, each_once},
    http::problem::{Code, Problem},
    views::Ticket,
};

/// A ticket that somebody wants to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confirmation {
    pub(crate) id: Uuid,
    pub(crate) viewer: Viewer,
    pub(crate) actor: Actor,
}

/// The confirmed ticket, or why it is not. Nothing when it was not to be had: there is none, or somebody else has it.
type Outcome = Option<Result<Ticket, Code>>;

/// The handlers' end.
pub(crate) type Confirms = Group<Confirmation, Outcome>;

/// Confirms what has gathered. Trying that twice is right: what is confirmed stays so.
#[derive(Debug)]
pub(crate) struct Confirmer(pub(crate) Database);

impl Work for Confirmer {
    type Request = Confirmation;
    type Answer = Outcome;
    type Turn = Transaction;

    const NAME: &'static str = "confirming";

    async fn turn(&self, patience: Duration) -> Result<Transaction, Error> {
        self.0.begin(patience).await
    }

    async fn run(&self, tx: Transaction, wanted: &[Confirmation], _: Duration) -> Result<Vec<Outcome>, Error> {
        let tickets = ticket::try_lock_many(&tx, &each_once(wanted.iter().map(|wanted| wanted.id))).await?;
        confirm_locked(tx, tickets, wanted).await
    }
}

/// Confirms a ticket for its owner, together with others if it is to be had at once. The inner error is a refusal.
pub(crate) async fn confirm(
    confirms: &Confirms,
    database: &Database,
    wanted: Confirmation,
) -> Result<Result<Ticket, Code>, Problem> {
    if let Some(outcome) = confirms.ask(wanted.clone()).await? {
        return Ok(outcome);
    }
    let database = database.clone();
    Ok(attempt(move || confirm_alone(database.clone(), wanted.clone())).await?)
}

/// Waits for the ticket, if there is one.
async fn confirm_alone(database: Database, wanted: Confirmation) -> Result<Result<Ticket, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let tickets = ticket::lock_many(&tx, &[wanted.id]).await?;
    let outcome = confirm_locked(tx, tickets, from_ref(&wanted)).await?.pop().flatten();
    Ok(outcome.unwrap_or(Err(Code::NotFound)))
}

/// Confirms those of the locked tickets that can be, and makes that durable.
async fn confirm_locked(tx: Transaction, tickets: Vec<Model>, wanted: &[Confirmation]) -> Result<Vec<Outcome>, Error> {
    // The rows first, then the time: what the locks' last holders did happened before this time.
    let now = tx.now().await?;
    let held = with_events(&tx, tickets).await?;
    let admitted = admitted(wanted, &held);
    let ids: Vec<Uuid> = admitted.iter().map(|(wanted, _)| wanted.id).collect();
    // What this returns is what happened, whatever was read before.
    let confirmed = ticket::confirm(&tx, &ids, now).await?;
    let confirmed: HashMap<Uuid, Model> = confirmed.into_iter().map(|ticket| (ticket.id, ticket)).collect();
    if confirmed.is_empty() {
        tx.rollback().await?;
    } else {
        let moved = admitted.into_iter().filter(|(wanted, _)| confirmed.contains_key(&wanted.id));
        record(&tx, moved, now).await?;
        announce(&tx, Topic::Changes).await?;
        fault_point!("confirm.before_commit");
        tx.commit().await?;
        fault_point!("confirm.after_commit");
    }
    let outcome = |wanted: &Confirmation| {
        let held = held.get(&wanted.id)?;
        Some(outcome(&wanted.viewer, held, confirmed.get(&wanted.id), now))
    };
    Ok(wanted.iter().map(outcome).collect())
}

/// The tickets, each with what counts of its event.
async fn with_events(tx: &Transaction, tickets: Vec<Model>) -> Result<HashMap<Uuid, Held>, Error> {
    let windows = event::windows(&**tx, &each_once(tickets.iter().map(|ticket| ticket.event_id))).await?;
    let mut held = HashMap::with_capacity(tickets.len());
    for ticket in tickets {
        let event = windows.get(&ticket.event_id).cloned();
        let event = event.ok_or(Error::Guard { what: "event::windows", expected: 1, actual: 0 })?;
        held.insert(ticket.id, Held { ticket, event });
    }
    Ok(held)
}

/// Records who confirmed what. A simulation's copy leaves no record.
async fn record<'a>(
    tx: &Transaction,
    moved: impl Iterator<Item = (&'a Confirmation, &'a Held)>,
    now: Millis,
) -> Result<(), Error> {
    let act = |(wanted, held): (&'a Confirmation, &'a Held)| Act {
        id: wanted.id,
        event_id: held.event.id,
        actor: &wanted.actor,
    };
    let acts: Vec<Act<'_>> = moved.filter(|(_, held)| !held.event.is_shadow).map(act).collect();
    let step = Step::ticket("confirm", Some(TicketStatus::Reserved), TicketStatus::Confirmed);
    audit::record_each(tx, &step, &acts, now).await
}
