//! Who gets a seat: the decision, without any input or output.

use std::collections::HashSet;

use entity::job::Refusal;

/// An event as a batch of intents finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    /// Whether the event was cancelled.
    pub(crate) is_cancelled: bool,
    /// All its seats.
    pub(crate) capacity: i64,
    /// Seats nobody holds, and nobody in line fits into.
    pub(crate) available: i64,
    /// Whether whoever gets no seats is put on the waitlist.
    pub(crate) has_waitlist: bool,
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
    /// Whether this person has an active ticket already.
    pub(crate) has_ticket: bool,
}

/// What one intent gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The seats it asked for.
    Reserve,
    /// A place in line for them.
    Wait,
    /// Nothing.
    Refuse {
        /// The first reason that applies, in the order of [`Refusal`].
        refusal: Refusal,
        /// Whether only unconfirmed holds are in the way; for [`Refusal::SoldOut`].
        may_return: bool,
    },
}

/// Decides intents in order of arrival: all or nothing for each, first come, first served.
pub(crate) fn allocate(mut situation: Situation, intents: &[Intent<'_>]) -> Vec<Decision> {
    let mut granted = HashSet::new();
    intents
        .iter()
        .map(|intent| {
            let decision = if intent.has_ticket || granted.contains(intent.email) {
                decide_again(situation)
            } else {
                decide(situation, intent.party_size)
            };
            if !matches!(decision, Decision::Refuse { .. }) {
                granted.insert(intent.email);
            }
            if decision == Decision::Reserve {
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
    } else if situation.has_waitlist && party_size <= situation.capacity {
        Decision::Wait
    } else if situation.available > 0 || party_size > situation.capacity {
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
    use entity::waitlist::{Waiting, choose};
    use proptest::prelude::*;

    use super::*;

    const OPEN: Situation = Situation { is_cancelled: false, capacity: 9, available: 2, has_waitlist: false, held: 0 };

    fn intents<'a>(people: &[(&'a str, i64)]) -> Vec<Intent<'a>> {
        people.iter().map(|&(email, party_size)| Intent { email, party_size, has_ticket: false }).collect()
    }

    fn sold_out(may_return: bool) -> Decision {
        Decision::Refuse { refusal: Refusal::SoldOut, may_return }
    }

    #[test]
    fn the_first_ones_get_the_seats() {
        let decisions = allocate(OPEN, &intents(&[("a", 1), ("b", 1), ("c", 1)]));
        assert_eq!(decisions, [Decision::Reserve, Decision::Reserve, sold_out(true)]);
    }

    #[test]
    fn nobody_gets_two_tickets() {
        let mut intents = intents(&[("a", 1), ("a", 1), ("b", 1)]);
        intents[2].has_ticket = true;
        let decisions = allocate(OPEN, &intents);
        let again = refuse(Refusal::AlreadyRegistered);
        assert_eq!(decisions, [Decision::Reserve, again, again]);
    }

    #[test]
    fn a_party_that_does_not_fit_leaves_its_seats_to_the_next() {
        let decisions = allocate(OPEN, &intents(&[("a", 3), ("b", 2)]));
        assert_eq!(decisions, [refuse(Refusal::NotEnoughSeats), Decision::Reserve]);
    }

    #[test]
    fn a_cancelled_event_refuses_everybody_first_of_all() {
        let mut intents = intents(&[("a", 1), ("b", 9)]);
        intents[0].has_ticket = true;
        let decisions = allocate(Situation { is_cancelled: true, ..OPEN }, &intents);
        assert_eq!(decisions, [refuse(Refusal::EventCancelled); 2]);
    }

    #[test]
    fn seats_may_return_only_if_holds_are_enough() {
        let full = Situation { available: 0, held: 1, ..OPEN };
        let decisions = allocate(full, &intents(&[("a", 1), ("b", 2)]));
        assert_eq!(decisions, [sold_out(true), sold_out(false)]);
    }

    #[test]
    fn whoever_gets_no_seats_waits_if_they_ever_could_be_served() {
        let with_line = Situation { has_waitlist: true, ..OPEN };
        let decisions = allocate(with_line, &intents(&[("a", 3), ("b", 2), ("b", 1), ("c", 1), ("d", 10)]));
        let again = refuse(Refusal::AlreadyRegistered);
        let too_large = refuse(Refusal::NotEnoughSeats);
        assert_eq!(decisions, [Decision::Wait, Decision::Reserve, again, Decision::Wait, too_large]);
    }

    /// What happens to a model of an event.
    #[derive(Clone, Debug)]
    enum Act {
        /// Intents of (person, seats) come in together.
        Register(Vec<(u8, i64)>),
        /// Somebody gives up.
        Leave(u8),
        /// Seats are added.
        Grow(i64),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            3 => prop::collection::vec((0u8..16, 1i64..5), 1..8).prop_map(Act::Register),
            2 => (0u8..16).prop_map(Act::Leave),
            1 => (1i64..4).prop_map(Act::Grow),
        ];
        prop::collection::vec(act, 1..40)
    }

    /// An event as simply as it can be told: who has seats, and who waits, in order.
    #[derive(Debug, Default)]
    struct Model {
        capacity: i64,
        seated: Vec<(u8, i64)>,
        line: Vec<(u8, i64)>,
    }

    impl Model {
        fn free(&self) -> i64 {
            self.capacity - self.seated.iter().map(|(_, seats)| seats).sum::<i64>()
        }

        fn knows(&self, person: u8) -> bool {
            self.seated.iter().chain(&self.line).any(|(who, _)| *who == person)
        }

        /// One at a time: the first in line who fits, until nobody does.
        fn serve_line(&mut self) {
            while let Some(at) = self.line.iter().position(|(_, seats)| *seats <= self.free()) {
                let served = self.line.remove(at);
                self.seated.push(served);
            }
        }

        fn register(&mut self, person: u8, seats: i64, has_waitlist: bool) -> Decision {
            if self.knows(person) {
                return refuse(Refusal::AlreadyRegistered);
            }
            if seats <= self.free() {
                self.seated.push((person, seats));
                return Decision::Reserve;
            }
            if has_waitlist && seats <= self.capacity {
                self.line.push((person, seats));
                return Decision::Wait;
            }
            let short = self.free() > 0 || seats > self.capacity;
            // Everything in this model is an unconfirmed hold.
            let may_return = !short && seats <= self.seated.iter().map(|(_, seats)| seats).sum();
            Decision::Refuse { refusal: if short { Refusal::NotEnoughSeats } else { Refusal::SoldOut }, may_return }
        }
    }

    /// The same event, decided by the real rules.
    #[derive(Debug, Default)]
    struct Real {
        available: i64,
        seated: Vec<(u8, i64)>,
        line: Vec<(i64, u8, i64)>,
        next_seq: i64,
    }

    impl Real {
        fn serve_line(&mut self) {
            let line: Vec<Waiting> = self
                .line
                .iter()
                .map(|(seq, _, party_size)| Waiting { seq: *seq, id: uuid::Uuid::nil(), party_size: *party_size })
                .collect();
            for chosen in choose(self.available, &line) {
                let at = self.line.iter().position(|(seq, ..)| *seq == chosen.who.seq).unwrap();
                let (_, person, seats) = self.line.remove(at);
                self.available -= seats;
                self.seated.push((person, seats));
            }
        }

        fn register(&mut self, capacity: i64, has_waitlist: bool, people: &[(u8, i64)]) -> Vec<Decision> {
            let names: Vec<String> = people.iter().map(|(person, _)| person.to_string()).collect();
            let intents: Vec<Intent<'_>> = names
                .iter()
                .zip(people)
                .map(|(email, (person, seats))| {
                    let is_seated = self.seated.iter().any(|(who, _)| who == person);
                    let has_ticket = is_seated || self.line.iter().any(|(_, who, _)| who == person);
                    Intent { email, party_size: *seats, has_ticket }
                })
                .collect();
            let held = self.seated.iter().map(|(_, seats)| seats).sum();
            let situation = Situation { is_cancelled: false, capacity, available: self.available, has_waitlist, held };
            let decisions = allocate(situation, &intents);
            for ((person, seats), decision) in people.iter().zip(&decisions) {
                match decision {
                    Decision::Reserve => {
                        self.available -= seats;
                        self.seated.push((*person, *seats));
                    }
                    Decision::Wait => {
                        self.next_seq += 1;
                        self.line.push((self.next_seq, *person, *seats));
                    }
                    Decision::Refuse { .. } => {}
                }
            }
            decisions
        }
    }

    proptest! {
        /// Both rules together against a model that is obviously right: order, fit and conservation.
        #[test]
        fn batches_and_the_line_agree_with_a_plain_model(
            capacity in 1i64..12, has_waitlist in any::<bool>(), acts in acts(),
        ) {
            let mut model = Model { capacity, ..Model::default() };
            let mut real = Real { available: capacity, ..Real::default() };
            for act in acts {
                match act {
                    Act::Register(people) => {
                        let expected: Vec<Decision> =
                            people.iter().map(|(who, seats)| model.register(*who, *seats, has_waitlist)).collect();
                        prop_assert_eq!(real.register(model.capacity, has_waitlist, &people), expected);
                    }
                    Act::Leave(person) => {
                        let seats: i64 =
                            real.seated.iter().filter(|(who, _)| *who == person).map(|(_, seats)| seats).sum();
                        real.available += seats;
                        real.seated.retain(|(who, _)| *who != person);
                        real.line.retain(|(_, who, _)| *who != person);
                        model.seated.retain(|(who, _)| *who != person);
                        model.line.retain(|(who, _)| *who != person);
                    }
                    Act::Grow(seats) => {
                        model.capacity += seats;
                        real.available += seats;
                    }
                }
                model.serve_line();
                real.serve_line();
                let line: Vec<(u8, i64)> = real.line.iter().map(|(_, who, seats)| (*who, *seats)).collect();
                prop_assert_eq!(&line, &model.line);
                let (mut ours, mut theirs) = (real.seated.clone(), model.seated.clone());
                ours.sort_unstable();
                theirs.sort_unstable();
                prop_assert_eq!(ours, theirs);
                prop_assert_eq!(real.available, model.free());
                prop_assert!(real.available >= 0);
            }
        }
    }
}
