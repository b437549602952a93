//! What a simulation showed.

use std::time::Duration;

use entity::{
    Database, Error, Millis, event,
    job::{JobState, Outcome},
    rehearsal::{self, Tally, Times},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Reads the shadow and sums it up, in the shape of the view of the same name.
pub(crate) async fn report(
    database: &Database,
    shadow_id: Uuid,
    turned_away: i64,
    took: Duration,
) -> Result<Value, Error> {
    let reader = database.reader();
    let tally = rehearsal::tally(reader, shadow_id).await?;
    let times = rehearsal::times(reader, shadow_id).await?;
    let shadow = event::find(reader, shadow_id).await?;
    let checks = rehearsal::check(reader, shadow_id).await?;
    let mut waits: Vec<Millis> = times.iter().map(|times| times.settled_at - times.created_at).collect();
    waits.sort_unstable();
    let mut report = json!({
        "reserved": count(&tally, |t| t.outcome == Some(Outcome::Reserved)),
        "waitlisted": count(&tally, |t| t.outcome == Some(Outcome::Waitlisted)),
        "refused": count(&tally, |t| t.outcome == Some(Outcome::Refused)),
        "failed": count(&tally, |t| t.state == JobState::Failed),
        "pending": count(&tally, |t| t.state == JobState::Pending),
        "turned_away": turned_away,
        "final_available": shadow.map_or(0, |shadow| shadow.available_spots),
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "promises_held": checks.iter().all(|(_, held)| *held),
        "checks": checks.iter().map(|(name, held)| json!({"promise": name, "held": held})).collect::<Vec<_>>(),
    });
    let measured = [
        ("settled_per_second", per_second(&times).map(|rate| json!(rate))),
        ("p50_ms", percentile(&waits, 50).map(|wait| json!(wait))),
        ("p99_ms", percentile(&waits, 99).map(|wait| json!(wait))),
    ];
    for (name, value) in measured {
        if let Some(value) = value {
            report[name] = value;
        }
    }
    Ok(report)
}

fn count(tally: &[Tally], is_counted: impl Fn(&&Tally) -> bool) -> i64 {
    tally.iter().filter(is_counted).map(|tally| tally.count).sum()
}

/// Decisions in each second from the first arrival to the last decision; unknown when that was no time at all.
fn per_second(times: &[Times]) -> Option<f64> {
    let first = times.iter().map(|times| times.created_at).min()?;
    let last = times.iter().map(|times| times.settled_at).max()?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = times.len() as f64 * 1000.0 / (last - first) as f64;
    rate.is_finite().then(|| rate.round())
}

/// The smallest value that so many percent do not exceed (nearest rank).
fn percentile(sorted: &[Millis], percent: usize) -> Option<Millis> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<Millis> = (1..=200).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (Some(100), Some(198)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 99), percentile(&[], 50)), (Some(7), Some(7), None));
    }

    #[test]
    fn rates_need_time() {
        let times = |created_at, settled_at| Times { created_at, settled_at };
        assert_eq!(per_second(&[times(0, 100), times(50, 500)]), Some(4.0));
        assert_eq!(per_second(&[times(5, 5)]), None);
        assert_eq!(per_second(&[]), None);
    }
}
