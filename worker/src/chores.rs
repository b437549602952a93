//! What has to be done in a lane before its jobs are decided: holds that ran out, people in line, cancelled events.

use entity::{
    Error, Seats, Transaction,
    audit::Actor,
    job::claim::{Claim, Lane},
    seats::Served,
};

use crate::settle::Suspect;

/// Chores are done event by event. More events than this would keep others from writing for too long.
const TENDED_MAX: usize = 16;

/// A lane whose chores were done, as far as they go in one batch.
#[derive(Debug)]
pub(crate) struct Tended<'a> {
    /// What came of it.
    pub(crate) served: Served<'a>,
    /// The last job that may be decided now; 0 for none.
    pub(crate) last_seq: i64,
    /// Whether its chores faulted. They were undone; the lane goes behind the others, which must not wait for it.
    pub(crate) is_faulty: bool,
}

/// Does the chores of those lanes that have some, of each at most `limit`. While there are lapsed holds, or people in line
/// who fit, nothing new can be decided: a lane that has more chores than that has had its turn.
///
/// It takes up the transaction's time, but nobody else's turn: lanes without chores are served all the same, and those
/// behind the first that has more, or behind [`TENDED_MAX`], are left out and keep their place.
pub(crate) async fn tend<'a>(
    tx: &'a Transaction,
    claim: Claim,
    actor: &'a Actor,
    limit: u32,
    suspect: &Suspect,
) -> Result<Vec<Tended<'a>>, Error> {
    let count = claim.lanes.len();
    let mut lanes = Vec::with_capacity(claim.lanes.len());
    let mut left = TENDED_MAX;
    for (place, Lane { event, last_seq, has_chores }) in claim.lanes.into_iter().enumerate() {
        let seats = Seats::of(tx, event, actor, claim.now);
        let is_over = is_turn_over(place, count, claim.is_full);
        let mut lane = Tended { served: Served { seats, is_over }, last_seq, is_faulty: false };
        if has_chores {
            if left == 0 {
                continue;
            }
            let more;
            (lane, more) = lane.tend(tx, limit, suspect).await?;
            left = if more { 0 } else { left - 1 };
        }
        lanes.push(lane);
    }
    Ok(lanes)
}

/// Whether the turn of the lane at this place of so many is over with this batch. The last one of a full batch may have
/// got less room than it needs, which is not its fault: it keeps its place. The first had all the room there is.
fn is_turn_over(place: usize, count: usize, is_full: bool) -> bool {
    place == 0 || place + 1 < count || !is_full
}

impl Tended<'_> {
    /// Returns whether there may be more to do.
    async fn tend(mut self, tx: &Transaction, limit: u32, suspect: &Suspect) -> Result<(Self, bool), Error> {
        let event_id = self.served.seats.event().id;
        suspect.set_event_id(Some(event_id));
        let more = match tx.attempt(self.served.seats.tend(limit)).await? {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, %event_id, "the chores of an event faulted");
                self.served.seats = self.served.seats.undone();
                self.is_faulty = true;
                false
            }
        };
        suspect.set_event_id(None);
        if more || self.is_faulty {
            self.last_seq = 0;
        }
        Ok((self, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lane_of_a_full_batch_keeps_its_place_unless_it_filled_it_alone() {
        let turns = |count, is_full| (0..count).map(move |place| is_turn_over(place, count, is_full));
        assert!(turns(3, false).eq([true, true, true]));
        assert!(turns(3, true).eq([true, true, false]));
        assert!(turns(1, true).eq([true]));
    }
}
