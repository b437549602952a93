//! Who is served: the rule, without any input or output.

use sea_orm::FromQueryResult;
use uuid::Uuid;

/// Somebody in line.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Waiting {
    /// The place in line: the lower, the earlier.
    pub seq: i64,
    /// The ticket.
    pub id: Uuid,
    /// Seats wanted, at least 1.
    pub party_size: i64,
}

/// Somebody who is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Who.
    pub who: Waiting,
    /// Seats that were free when it was this one's turn: everybody before it who still waits has a larger party.
    pub free: i64,
}

/// Goes through the line once, serving everybody whose party fits into what is left. Seats only become fewer on the
/// way, so whoever was passed over does not fit at the end either.
pub fn choose(mut free: i64, line: &[Waiting]) -> Vec<Chosen> {
    let mut chosen = vec![];
    for who in line {
        if who.party_size <= free {
            chosen.push(Chosen { who: who.clone(), free });
            free -= who.party_size;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(parties: &[i64]) -> Vec<Waiting> {
        let line = parties.iter().zip(1..);
        line.map(|(party_size, seq)| Waiting { seq, id: Uuid::nil(), party_size: *party_size }).collect()
    }

    fn chosen(free: i64, parties: &[i64]) -> Vec<(i64, i64)> {
        choose(free, &line(parties)).iter().map(|chosen| (chosen.who.seq, chosen.free)).collect()
    }

    #[test]
    fn the_first_who_fit_are_served() {
        assert_eq!(chosen(2, &[1, 1, 1]), [(1, 2), (2, 1)]);
        assert_eq!(chosen(3, &[4, 2, 2, 1]), [(2, 3), (4, 1)], "too large for now: skipped, and kept");
        assert_eq!(chosen(0, &[1]), []);
        assert_eq!(chosen(5, &[]), []);
    }

    proptest! {
        /// Whoever still waits does not fit, and whoever was served before an earlier one had a smaller party.
        #[test]
        fn nobody_who_fits_is_passed_over(free in 0i64..30, parties in prop::collection::vec(1i64..6, 0..40)) {
            let line = line(&parties);
            let chosen = choose(free, &line);
            let taken: i64 = chosen.iter().map(|chosen| chosen.who.party_size).sum();
            prop_assert!(taken <= free);
            let left = line.iter().filter(|who| !chosen.iter().any(|chosen| chosen.who.seq == who.seq));
            for waiting in left {
                prop_assert!(waiting.party_size > free - taken);
                for served in chosen.iter().filter(|chosen| chosen.who.seq > waiting.seq) {
                    prop_assert!(served.free < waiting.party_size);
                }
            }
            prop_assert!(chosen.windows(2).all(|pair| pair[0].who.seq < pair[1].who.seq));
        }
    }
}
