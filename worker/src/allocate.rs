//! Who gets a seat: the decision, without any input or output.

use std::collections::HashSet;

use entity::job::Refusal;

/// An event as a batch of intents finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    /// Whether the event was cancelled.
    pub(crate) is_cancelled: bool,
    /// Seats nobody holds.
    pub(crate) available: i64,
    /// Seats in unconfirmed holds. May be counted only as far as the largest party of the batch.
    pub(crate) held: i64,
}

/// What one intent asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intent<'a> {
    /// Who.
    pub(crate) email: &'a str,
    /// How many seats, at least 1.
    pub(crate) party_size: i64,
}

/// What one intent gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The seats it asked for.
    Reserve,
    /// Nothing.
    Refuse {
        /// The first reason that applies, in the order of [`Refusal`].
        refusal: Refusal,
        /// Whether only unconfirmed holds are in the way; for [`Refusal::SoldOut`].
        may_return: bool,
    },
}

/// Decides intents in order of arrival: all or nothing for each, first come, first served. `registered` are the people
/// who have an active ticket already.
pub(crate) fn allocate(
    mut situation: Situation,
    registered: &HashSet<String>,
    intents: &[Intent<'_>],
) -> Vec<Decision> {
    let mut granted = HashSet::new();
    intents
        .iter()
        .map(|intent| {
            let decision = if registered.contains(intent.email) || granted.contains(intent.email) {
                decide_again(situation)
            } else {
                decide(situation, intent.party_size)
            };
            if decision == Decision::Reserve {
                granted.insert(intent.email);
                situation.available -= intent.party_size;
                situation.held += intent.party_size;
            }
            decision
        })
        .collect()
}

/// The decision for somebody who has a ticket.
fn decide_again(situation: Situation) -> Decision {
    refuse(if situation.is_cancelled { Refusal::EventCancelled } else { Refusal::AlreadyRegistered })
}

fn decide(situation: Situation, party_size: i64) -> Decision {
    if situation.is_cancelled {
        refuse(Refusal::EventCancelled)
    } else if party_size <= situation.available {
        Decision::Reserve
    } else if situation.available > 0 {
        refuse(Refusal::NotEnoughSeats)
    } else {
        Decision::Refuse { refusal: Refusal::SoldOut, may_return: party_size <= situation.held }
    }
}

fn refuse(refusal: Refusal) -> Decision {
    Decision::Refuse { refusal, may_return: false }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPEN: Situation = Situation { is_cancelled: false, available: 2, held: 0 };

    fn intents<'a>(people: &[(&'a str, i64)]) -> Vec<Intent<'a>> {
        people.iter().map(|&(email, party_size)| Intent { email, party_size }).collect()
    }

    fn sold_out(may_return: bool) -> Decision {
        Decision::Refuse { refusal: Refusal::SoldOut, may_return }
    }

    #[test]
    fn the_first_ones_get_the_seats() {
        let decisions = allocate(OPEN, &HashSet::new(), &intents(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!(decisions, [Decision::Reserve, Decision::Reserve, sold_out(true)]);
    }

    #[test]
    fn nobody_gets_two_tickets() {
        let registered = HashSet::from(["b".to_owned()]);
        let decisions = allocate(OPEN, &registered, &intents(&[("a", 1), ("a", 1), ("b", 1)]));
        let again = refuse(Refusal::AlreadyRegistered);
        assert_eq!(decisions, [Decision::Reserve, again, again]);
    }

    #[test]
    fn a_party_that_does_not_fit_leaves_its_seats_to_the_next() {
        let decisions = allocate(OPEN, &HashSet::new(), &intents(&[("a", 3), ("b", 2)]));
        assert_eq!(decisions, [refuse(Refusal::NotEnoughSeats), Decision::Reserve]);
    }

    #[test]
    fn a_cancelled_event_refuses_everybody_first_of_all() {
        let registered = HashSet::from(["a".to_owned()]);
        let decisions =
            allocate(Situation { is_cancelled: true, ..OPEN }, &registered, &intents(&[("a", 1), ("b", 9)]));
        assert_eq!(decisions, [refuse(Refusal::EventCancelled); 2]);
    }

    #[test]
    fn seats_may_return_only_if_holds_are_enough() {
        let full = Situation { available: 0, held: 1, ..OPEN };
        let decisions = allocate(full, &HashSet::new(), &intents(&[("a", 1), ("b", 2)]));
        assert_eq!(decisions, [sold_out(true), sold_out(false)]);
    }

    proptest! {
        /// Against a model that is obviously right: walk through the intents with a counter.
        #[test]
        fn allocation_conserves_seats_and_order(
            available in 0i64..20,
            held in 0i64..5,
            people in prop::collection::vec((0u8..12, 1i64..5), 0..40),
            registered in prop::collection::hash_set(0u8..12, 0..4),
        ) {
            let emails: Vec<(String, i64)> = people.iter().map(|(who, n)| (who.to_string(), *n)).collect();
            let intents: Vec<Intent<'_>> = emails.iter().map(|(e, n)| Intent { email: e, party_size: *n }).collect();
            let registered: HashSet<String> = registered.iter().map(ToString::to_string).collect();
            let situation = Situation { is_cancelled: false, available, held };
            let decisions = allocate(situation, &registered, &intents);

            let mut free = available;
            let mut have = registered.clone();
            prop_assert_eq!(decisions.len(), intents.len());
            for (intent, decision) in intents.iter().zip(decisions) {
                let fits = intent.party_size <= free;
                let is_new = !have.contains(intent.email);
                prop_assert_eq!(decision == Decision::Reserve, fits && is_new);
                if decision == Decision::Reserve {
                    free -= intent.party_size;
                    have.insert(intent.email.to_owned());
                }
                if let Decision::Refuse { refusal, may_return } = decision {
                    let expected = match (is_new, free) {
                        (false, _) => Refusal::AlreadyRegistered,
                        (true, 0) => Refusal::SoldOut,
                        (true, _) => Refusal::NotEnoughSeats,
                    };
                    prop_assert_eq!(refusal, expected);
                    let in_holds = held + available - free;
                    prop_assert_eq!(may_return, refusal == Refusal::SoldOut && intent.party_size <= in_holds);
                }
            }
            prop_assert!(free >= 0);
        }
    }
}
