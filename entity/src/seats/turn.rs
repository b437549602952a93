//! The end of the turns that several events had in one transaction.

use sea_orm::{DbBackend, entity::prelude::*};

use super::{NOW, Seats};
use crate::{
    Error, Millis, Topic, Transaction, Writes, announce,
    db::{row, rows, values},
    wake::announcing,
};

/// An event that was served.
#[derive(Debug)]
pub struct Served<'a> {
    /// Its seats as they are now.
    pub seats: Seats<'a>,
    /// Whether it goes behind all others. Otherwise its turn goes on with the next batch.
    pub is_over: bool,
}

/// Stands for no time. (0 is one: at once.)
const NEVER: Millis = -1;

/// Writes what is to be written, and with it what became of the seats of these events, and whose turn is over, in this
/// order; tells everybody that there is something to see. Each event is one that the transaction has locked.
///
/// # Errors
/// [`Error::Guard`] when more seats would be free than there are, or fewer than none, of any event, or one of the other
/// writes failed; otherwise what the database answered.
pub async fn end_turns(mut writes: Writes<'_>, served: &[Served<'_>]) -> Result<(), Error> {
    let tx = writes.tx;
    add_turns(&mut writes, served);
    writes.run().await?;
    // Only workers go on with what is left.
    let goes_on = served.iter().any(|served| served.seats.chore_at == Some(NOW));
    if goes_on { announce(tx, Topic::Intents).await } else { Ok(()) }
}

fn add_turns(writes: &mut Writes<'_>, served: &[Served<'_>]) {
    if served.is_empty() {
        return;
    }
    let tx = writes.tx;
    let lines = served.iter().zip(1_i64..).map(|(served, place)| line(served, place)).collect();
    let (lines, mut parameters) = rows(tx.get_database_backend(), lines);
    parameters.extend(values![NEVER, NEVER]);
    let update = format!(
        "WITH line (place, id, capacity, gain, chore_at, sold_out_at, is_over) AS ({lines}),
             turn AS (SELECT line.*, CASE WHEN is_over THEN {next_turn} END AS turn
                      FROM line WHERE id IS NOT NULL ORDER BY place)
             UPDATE event SET available_spots = event.available_spots + turn.gain,
                 served_at = coalesce(turn.turn, event.served_at), chore_at = nullif(turn.chore_at, ?),
                 sold_out_at = coalesce(event.sold_out_at, nullif(turn.sold_out_at, ?))
             FROM turn WHERE event.id = turn.id AND event.capacity = turn.capacity
             AND event.available_spots + turn.gain BETWEEN 0 AND event.capacity {announcing}",
        next_turn = next_turn(tx),
        announcing = announcing(tx, Topic::Changes),
    );
    writes.add("seats::end_turns", served.len(), &update, parameters);
}

fn line(served: &Served<'_>, place: i64) -> [Value; 7] {
    let Seats { event, available, chore_at, now, .. } = &served.seats;
    let sold_out_at = if *available == 0 { *now } else { NEVER };
    row![
        place,
        event.id,
        event.capacity,
        *available - event.available_spots,
        chore_at.unwrap_or(NEVER),
        sold_out_at,
        served.is_over,
    ]
}

/// The expression for numbers that are higher than every `served_at`, and rise from place to place.
fn next_turn(tx: &Transaction) -> &'static str {
    match tx.get_database_backend() {
        DbBackend::Postgres => "nextval('event_turn')",
        _ => "(SELECT max(served_at) FROM event) + place",
    }
}
