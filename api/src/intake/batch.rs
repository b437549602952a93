//! What becomes of a batch of intents: the decisions of intake, without any input or output.

use std::collections::{HashMap, HashSet};

use entity::{
    Millis,
    account::{Role, Standing},
    event::{EventStatus, Window},
    job::enqueue::{NewJob, Taken},
};
use uuid::Uuid;

use super::Verdict;
use crate::http::caller::Caller;

/// A request to register: the job it asks for, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) job: NewJob,
    /// As the request says; the batch asks for the account.
    pub(crate) caller: Caller,
    /// Whether the job is for somebody else: only the event's organizer and administrators may do that.
    pub(crate) names_another: bool,
    /// Whether it is part of a simulation: only those reach a shadow, and they reach nothing else.
    pub(crate) is_simulated: bool,
}

/// Why an intent was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntakeRefusal {
    /// The account was deactivated, or its token revoked.
    Stranger,
    /// No such event, or a draft.
    NotFound,
    /// The event was cancelled.
    Cancelled,
    /// Too early.
    NotOpen,
    /// Too late.
    Closed,
    /// Only the event's organizer may name other people.
    NotYours,
    /// More seats than the event gives to one ticket.
    PartyTooLarge {
        /// How many it gives.
        max: i64,
    },
    /// The key was used for another request.
    KeyReused,
}

/// Which intents are to be stored, and why the others are not.
#[derive(Debug)]
pub(super) struct Plan {
    /// By callers and events alone; a key may turn a refusal into a replay.
    refusals: Vec<Option<IntakeRefusal>>,
}

type Key<'a> = (&'a str, &'a str);

fn key(job: &NewJob) -> Key<'_> {
    (&job.key_scope, &job.idempotency_key)
}

/// The accounts whose standing matters.
pub(super) fn account_ids(intents: &[Intent]) -> Vec<Uuid> {
    let ids: HashSet<Uuid> = intents.iter().filter_map(|intent| intent.caller.account_id).collect();
    ids.into_iter().collect()
}

/// The keys whose stored jobs matter: of the intents that were not stored as their own.
pub(super) fn keys_to_look_up<'a>(intents: &'a [Intent], stored: &HashSet<Uuid>) -> Vec<Key<'a>> {
    let others = intents.iter().filter(|intent| !stored.contains(&intent.job.id));
    let keys: HashSet<Key<'a>> = others.map(|intent| key(&intent.job)).collect();
    keys.into_iter().collect()
}

impl Plan {
    /// Judges intents by who asks and by their events.
    pub(super) fn new(
        intents: &[Intent],
        standings: &HashMap<Uuid, Standing>,
        windows: &HashMap<Uuid, Window>,
        now: Millis,
    ) -> Self {
        let judge = |intent: &Intent| match role_now(&intent.caller, standings) {
            Some(role) => judge(intent, role, windows.get(&intent.job.event_id), now),
            None => Some(IntakeRefusal::Stranger),
        };
        Self { refusals: intents.iter().map(judge).collect() }
    }

    /// The jobs to store, in order of arrival: of several with one key the first.
    pub(super) fn jobs<'a>(&self, intents: &'a [Intent]) -> Vec<&'a NewJob> {
        let mut keys = HashSet::new();
        let admissible = intents.iter().zip(&self.refusals).filter(|(_, refusal)| refusal.is_none());
        admissible.map(|(intent, _)| &intent.job).filter(|job| keys.insert(key(job))).collect()
    }

    /// The verdicts, in the order of the intents. `stored` are the jobs that this batch added, `taken` those that have
    /// the looked-up keys.
    pub(super) fn verdicts(
        &self,
        intents: &[Intent],
        stored: &HashSet<Uuid>,
        taken: &[Taken],
        now: Millis,
    ) -> Vec<Verdict> {
        let by_key: HashMap<Key<'_>, &Taken> =
            taken.iter().map(|taken| ((taken.key_scope.as_str(), taken.idempotency_key.as_str()), taken)).collect();
        // Jobs that this batch adds count against a key only for the intents that came after them.
        let mut still_to_come = stored.clone();
        let mut verdicts = Vec::with_capacity(intents.len());
        for (intent, refusal) in intents.iter().zip(&self.refusals) {
            still_to_come.remove(&intent.job.id);
            let owner = by_key.get(&key(&intent.job)).filter(|taken| !still_to_come.contains(&taken.id));
            verdicts.push(match (refusal, owner) {
                _ if stored.contains(&intent.job.id) => Verdict::Accepted { created_at: now },
                // Stored by an earlier try of this batch, whose commit went through unnoticed.
                (_, Some(taken)) if taken.id == intent.job.id => Verdict::Accepted { created_at: taken.created_at },
                (Some(IntakeRefusal::Stranger), _) => Verdict::Refused(IntakeRefusal::Stranger),
                (_, Some(taken)) if taken.fingerprint == intent.job.fingerprint => Verdict::Replayed(taken.id),
                (_, Some(_)) | (None, None) => Verdict::Refused(IntakeRefusal::KeyReused),
                (Some(refusal), None) => Verdict::Refused(*refusal),
            });
        }
        verdicts
    }
}

/// What a caller may do now; nothing when the token is no longer good.
fn role_now(caller: &Caller, standings: &HashMap<Uuid, Standing>) -> Option<Role> {
    let Some(id) = caller.account_id else { return Some(caller.role) };
    standings.get(&id).filter(|standing| standing.admits(caller.token_version)).map(|standing| standing.role)
}

fn judge(intent: &Intent, role: Role, window: Option<&Window>, now: Millis) -> Option<IntakeRefusal> {
    if intent.names_another && role < Role::Organizer {
        return Some(IntakeRefusal::NotYours);
    }
    let is_visible = |window: &&Window| window.status != EventStatus::Draft && window.is_shadow == intent.is_simulated;
    let Some(window) = window.filter(is_visible) else {
        return Some(IntakeRefusal::NotFound);
    };
    let is_organizer = role == Role::Admin || intent.caller.email.as_str() == window.organizer_email;
    if intent.names_another && !is_organizer {
        Some(IntakeRefusal::NotYours)
    } else if intent.job.party_size > window.max_party_size {
        Some(IntakeRefusal::PartyTooLarge { max: window.max_party_size })
    } else if window.status == EventStatus::Cancelled {
        Some(IntakeRefusal::Cancelled)
    } else if window.opens_at.is_some_and(|opens_at| now < opens_at) {
        Some(IntakeRefusal::NotOpen)
    } else if now >= window.closes_at.min(window.starts_at) {
        Some(IntakeRefusal::Closed)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use entity::Email;

    use super::*;

    const EVENT: Uuid = Uuid::from_u128(1);
    const NOW: Millis = 1000;

    fn window() -> Window {
        Window {
            id: EVENT,
            status: EventStatus::Published,
            opens_at: None,
            closes_at: 2000,
            starts_at: 3000,
            max_party_size: 2,
            organizer_email: "o@x.org".to_owned(),
            is_shadow: false,
        }
    }

    fn intent(id: u128, key: &str, fingerprint: &str) -> Intent {
        let text = str::to_owned;
        let job = NewJob {
            id: Uuid::from_u128(id),
            event_id: EVENT,
            email: text("a@x.org"),
            name: text("A"),
            party_size: 1,
            key_scope: text("a@x.org"),
            idempotency_key: text(key),
            fingerprint: text(fingerprint),
            trace_context: None,
            request_id: None,
        };
        Intent { job, caller: caller("a@x.org", Role::Attendee), names_another: false, is_simulated: false }
    }

    fn caller(email: &str, role: Role) -> Caller {
        Caller { email: Email::parse(email).unwrap(), role, account_id: None, token_version: 0 }
    }

    fn taken(id: u128, key: &str, fingerprint: &str) -> Taken {
        let NewJob { id, key_scope, idempotency_key, fingerprint, .. } = intent(id, key, fingerprint).job;
        Taken { id, key_scope, idempotency_key, fingerprint, created_at: NOW - 1 }
    }

    fn plan(intents: &[Intent]) -> Plan {
        Plan::new(intents, &HashMap::new(), &HashMap::from([(EVENT, window())]), NOW)
    }

    fn stored(ids: &[u128]) -> HashSet<Uuid> {
        ids.iter().copied().map(Uuid::from_u128).collect()
    }

    fn judged(change: impl Fn(&mut Window), now: Millis) -> Option<IntakeRefusal> {
        let mut window = window();
        change(&mut window);
        judge(&intent(1, "k", "f"), Role::Attendee, Some(&window), now)
    }

    #[test]
    fn events_are_judged_by_their_window() {
        assert_eq!(judged(|_| (), NOW), None);
        assert_eq!(judged(|w| w.opens_at = Some(NOW + 1), NOW), Some(IntakeRefusal::NotOpen));
        assert_eq!(judged(|w| w.opens_at = Some(NOW), NOW), None);
        assert_eq!(judged(|_| (), 1999), None);
        assert_eq!(judged(|_| (), 2000), Some(IntakeRefusal::Closed));
        assert_eq!(judged(|w| w.closes_at = 9000, 3000), Some(IntakeRefusal::Closed));
        assert_eq!(judged(|w| w.status = EventStatus::Cancelled, NOW), Some(IntakeRefusal::Cancelled));
        assert_eq!(judged(|w| w.status = EventStatus::Draft, NOW), Some(IntakeRefusal::NotFound));
        assert_eq!(judged(|w| w.max_party_size = 0, NOW), Some(IntakeRefusal::PartyTooLarge { max: 0 }));
        assert_eq!(judge(&intent(1, "k", "f"), Role::Attendee, None, NOW), Some(IntakeRefusal::NotFound));
        assert_eq!(judged(|w| w.is_shadow = true, NOW), Some(IntakeRefusal::NotFound));
    }

    #[test]
    fn only_the_organizer_names_other_people() {
        let named = |email: &str, role: Role| {
            let intent = Intent { caller: caller(email, role), names_another: true, ..intent(1, "k", "f") };
            judge(&intent, role, Some(&window()), NOW)
        };
        assert_eq!(named("o@x.org", Role::Organizer), None);
        assert_eq!(named("root@x.org", Role::Admin), None);
        assert_eq!(named("other@x.org", Role::Organizer), Some(IntakeRefusal::NotYours));
        assert_eq!(named("o@x.org", Role::Attendee), Some(IntakeRefusal::NotYours));
    }

    #[test]
    fn an_account_counts_as_it_is_now() {
        let id = Uuid::from_u128(7);
        let verdict = |role: Role, is_active: bool, token_version: i64| {
            let caller = Caller { account_id: Some(id), token_version: 3, ..caller("o@x.org", Role::Organizer) };
            let intents = [Intent { caller, names_another: true, ..intent(2, "k", "f") }];
            let standings = HashMap::from([(id, Standing { id, role, is_active, token_version })]);
            let plan = Plan::new(&intents, &standings, &HashMap::from([(EVENT, window())]), NOW);
            plan.verdicts(&intents, &stored(&[]), &[taken(1, "k", "f")], NOW).remove(0)
        };
        assert_eq!(verdict(Role::Organizer, true, 3), Verdict::Replayed(Uuid::from_u128(1)));
        let stranger = Verdict::Refused(IntakeRefusal::Stranger);
        assert_eq!(verdict(Role::Organizer, false, 3), stranger, "not even a replay");
        assert_eq!(verdict(Role::Organizer, true, 4), stranger);
        let demoted = Standing { id, role: Role::Attendee, is_active: true, token_version: 0 };
        let caller = Caller { account_id: Some(id), ..caller("o@x.org", Role::Organizer) };
        assert_eq!(role_now(&caller, &HashMap::from([(id, demoted)])), Some(Role::Attendee));
        assert_eq!(role_now(&caller, &HashMap::new()), None, "no such account");
    }

    #[test]
    fn of_one_key_the_first_wins_within_a_batch() {
        let intents = [intent(1, "k", "f"), intent(2, "k", "f"), intent(3, "k", "other"), intent(4, "l", "f")];
        let plan = plan(&intents);
        let ids: Vec<u128> = plan.jobs(&intents).iter().map(|job| job.id.as_u128()).collect();
        assert_eq!(ids, [1, 4]);
        let stored = stored(&[1, 4]);
        assert_eq!(keys_to_look_up(&intents, &stored), [("a@x.org", "k")]);
        let accepted = Verdict::Accepted { created_at: NOW };
        let expected = [
            accepted.clone(),
            Verdict::Replayed(Uuid::from_u128(1)),
            Verdict::Refused(IntakeRefusal::KeyReused),
            accepted,
        ];
        assert_eq!(plan.verdicts(&intents, &stored, &[taken(1, "k", "f")], NOW), expected);
    }

    #[test]
    fn a_replay_comes_before_a_refusal() {
        let intents = [intent(2, "k", "f"), intent(3, "l", "f")];
        let plan = Plan::new(&intents, &HashMap::new(), &HashMap::new(), NOW);
        assert!(plan.jobs(&intents).is_empty());
        let verdicts = plan.verdicts(&intents, &stored(&[]), &[taken(1, "k", "f")], NOW);
        assert_eq!(verdicts, [Verdict::Replayed(Uuid::from_u128(1)), Verdict::Refused(IntakeRefusal::NotFound)]);
    }

    #[test]
    fn a_refused_intent_leaves_its_key_free_for_the_next() {
        let mut first = intent(1, "k", "f");
        first.job.event_id = Uuid::from_u128(9);
        let intents = [first, intent(2, "k", "g")];
        let plan = plan(&intents);
        let verdicts = plan.verdicts(&intents, &stored(&[2]), &[taken(2, "k", "g")], NOW);
        assert_eq!(verdicts, [Verdict::Refused(IntakeRefusal::NotFound), Verdict::Accepted { created_at: NOW }]);
    }

    #[test]
    fn a_key_stored_in_the_batch_counts_for_whoever_comes_later() {
        let mut second = intent(2, "k", "g");
        second.job.event_id = Uuid::from_u128(9);
        let intents = [intent(1, "k", "f"), second];
        let plan = plan(&intents);
        let verdicts = plan.verdicts(&intents, &stored(&[1]), &[taken(1, "k", "f")], NOW);
        let reused = Verdict::Refused(IntakeRefusal::KeyReused);
        assert_eq!(verdicts, [Verdict::Accepted { created_at: NOW }, reused]);
    }

    #[test]
    fn a_batch_tried_twice_finds_its_own_jobs() {
        let intents = [intent(1, "k", "f")];
        let verdicts = plan(&intents).verdicts(&intents, &stored(&[]), &[taken(1, "k", "f")], NOW);
        assert_eq!(verdicts, [Verdict::Accepted { created_at: NOW - 1 }]);
    }
}
