//! Who may confirm what, and what they are told: the decisions, without any input or output.

use std::collections::{HashMap, HashSet};

use entity::{
    Audience, Millis, Viewer,
    event::{EventStatus, Window},
    ticket::{Model, TicketStatus},
};
use uuid::Uuid;

use super::Confirmation;
use crate::{http::problem::Code, views::Ticket};

/// A locked ticket, and what counts of its event.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) ticket: Model,
    pub(super) event: Window,
}

/// The requests that may confirm their tickets, if those can be confirmed: of several for one ticket the first.
pub(super) fn admitted<'a>(
    wanted: &'a [Confirmation],
    held: &'a HashMap<Uuid, Held>,
) -> Vec<(&'a Confirmation, &'a Held)> {
    let mut ids = HashSet::new();
    let found = wanted.iter().filter_map(|wanted| Some((wanted, held.get(&wanted.id)?)));
    found.filter(|(wanted, held)| refusal(&wanted.viewer, held).is_none() && ids.insert(wanted.id)).collect()
}

/// Why this person may not confirm the ticket, however it stands.
fn refusal(viewer: &Viewer, Held { ticket, event }: &Held) -> Option<Code> {
    let organizer = Some(event.organizer_email.clone()).filter(|_| !event.is_shadow);
    let audience = Audience { person: ticket.email.clone(), submitter: None, organizer };
    if !audience.admits(viewer) {
        Some(Code::NotFound)
    } else if ticket.email != viewer.email.as_str() {
        Some(Code::Forbidden)
    } else if event.status == EventStatus::Cancelled {
        Some(Code::EventCancelled)
    } else {
        None
    }
}

/// What somebody is told about the ticket, which is as it was locked or, now, `confirmed`.
pub(super) fn outcome(viewer: &Viewer, held: &Held, confirmed: Option<&Model>, now: Millis) -> Result<Ticket, Code> {
    if let Some(code) = refusal(viewer, held) {
        return Err(code);
    }
    let ticket = confirmed.unwrap_or(&held.ticket);
    match ticket.status_at(now) {
        TicketStatus::Confirmed | TicketStatus::CheckedIn => Ok(Ticket::at(ticket, now)),
        TicketStatus::Expired | TicketStatus::Reserved => Err(Code::HoldExpired),
        TicketStatus::Cancelled => Err(Code::TicketCancelled),
        TicketStatus::Waitlisted => Err(Code::TicketWaitlisted),
    }
}

#[cfg(test)]
mod tests {
    use entity::{
        Email,
        audit::{Actor, Who},
    };

    use super::*;

    const NOW: Millis = 1000;

    fn viewer(email: &str, is_organizer: bool) -> Viewer {
        Viewer { email: Email::parse(email).unwrap(), is_organizer, is_admin: false }
    }

    fn wanted(id: u128, email: &str, request_id: &str) -> Confirmation {
        let actor = Actor { who: Who::Operator, request_id: Some(request_id.to_owned()) };
        Confirmation { id: Uuid::from_u128(id), viewer: viewer(email, false), actor }
    }

    /// Person `a`'s ticket of an event that `o` organizes.
    fn held(id: u128, status: TicketStatus) -> Held {
        let event_id = Uuid::from_u128(99);
        let ticket = Model {
            seq: 1,
            id: Uuid::from_u128(id),
            event_id,
            job_id: Uuid::nil(),
            account_id: None,
            email: "a@x.org".to_owned(),
            name: "A".to_owned(),
            party_size: 1,
            status,
            expires_at: Some(NOW + 1),
            offered_at: None,
            extensions: 0,
            check_in_nonce: None,
            created_at: 1,
            confirmed_at: None,
            checked_in_at: None,
            checked_in_by: None,
            cancelled_at: None,
            expired_at: None,
        };
        let event = Window {
            id: event_id,
            status: EventStatus::Published,
            opens_at: None,
            closes_at: 1,
            starts_at: 1,
            max_party_size: 1,
            organizer_email: "o@x.org".to_owned(),
            is_shadow: false,
        };
        Held { ticket, event }
    }

    #[test]
    fn of_several_who_confirm_one_ticket_the_first_who_may_does() {
        let wanted = [
            wanted(1, "b@x.org", "another person's"),
            wanted(1, "a@x.org", "first"),
            wanted(2, "a@x.org", "unknown"),
            wanted(1, "a@x.org", "second"),
        ];
        let held = HashMap::from([(Uuid::from_u128(1), held(1, TicketStatus::Reserved))]);
        let admitted = admitted(&wanted, &held);
        let requests: Vec<_> = admitted.iter().filter_map(|(wanted, _)| wanted.actor.request_id.as_deref()).collect();
        assert_eq!(requests, ["first"]);
    }

    #[test]
    fn only_the_owner_confirms_and_strangers_learn_nothing() {
        let held = held(1, TicketStatus::Confirmed);
        let told = |viewer: &Viewer| outcome(viewer, &held, None, NOW).map(|ticket| ticket.id);
        assert_eq!(told(&viewer("a@x.org", false)), Ok(held.ticket.id));
        assert_eq!(told(&viewer("b@x.org", false)), Err(Code::NotFound));
        assert_eq!(told(&viewer("b@x.org", true)), Err(Code::NotFound));
        assert_eq!(told(&viewer("o@x.org", false)), Err(Code::NotFound));
        assert_eq!(told(&viewer("o@x.org", true)), Err(Code::Forbidden));
        let mut copy = held.clone();
        copy.event.is_shadow = true;
        let outcome = outcome(&viewer("o@x.org", true), &copy, None, NOW);
        assert_eq!(outcome.err(), Some(Code::NotFound), "nobody manages a simulation's copy");
    }

    #[test]
    fn the_state_tells_why_not() {
        let told = |status, now| outcome(&viewer("a@x.org", false), &held(1, status), None, now).err();
        assert_eq!(told(TicketStatus::Reserved, NOW), Some(Code::HoldExpired), "the statement did not confirm it");
        assert_eq!(told(TicketStatus::Reserved, NOW + 1), Some(Code::HoldExpired));
        assert_eq!(told(TicketStatus::Cancelled, NOW), Some(Code::TicketCancelled));
        assert_eq!(told(TicketStatus::Waitlisted, NOW), Some(Code::TicketWaitlisted));
        assert_eq!(told(TicketStatus::CheckedIn, NOW), None);
        let mut cancelled = held(1, TicketStatus::Confirmed);
        cancelled.event.status = EventStatus::Cancelled;
        let outcome = outcome(&viewer("a@x.org", false), &cancelled, None, NOW);
        assert_eq!(outcome.err(), Some(Code::EventCancelled), "whatever became of the ticket");
    }
}
