//! What happened to an event, in numbers, on the wire.

use entity::{
    Millis,
    analytics::{Point, Span, Tally},
    job::{JobState, Outcome},
};
use poem_openapi::{Enum, Object, types::Example};
use uuid::Uuid;

use super::{Event, RefusalCode};
use crate::http::{query::QueryValue, time::Time};

/// How much time a point stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "AnalyticsInterval", rename_all = "snake_case")]
pub(crate) enum Interval {
    Minute,
    Hour,
    Day,
}

impl QueryValue for Interval {
    const RULE: &'static str = "must be minute, hour or day";
}

/// An interval that nobody chose has at most so many points.
const POINTS_WANTED: i64 = 200;

impl Interval {
    /// In milliseconds.
    pub(crate) fn length(self) -> Millis {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// The shortest that shows so much time in a fair number of points.
    pub(crate) fn fitting(span: Span) -> Self {
        let time = span.last.zip(span.first).map_or(0, |(last, first)| last - first);
        let fits = |interval: &Self| time / interval.length() < POINTS_WANTED;
        [Self::Minute, Self::Hour].into_iter().find(fits).unwrap_or(Self::Day)
    }
}

/// What happened in one stretch of time, in UTC.
#[derive(Clone, Debug, Object)]
pub(crate) struct AnalyticsPoint {
    /// When it begins.
    pub at: Time,
    /// Registrations that were accepted.
    pub registrations: i64,
    /// Tickets that were confirmed.
    pub confirmations: i64,
    /// Tickets that were cancelled.
    pub cancellations: i64,
    /// Tickets that ran out.
    pub expiries: i64,
}

impl AnalyticsPoint {
    /// A point of an interval.
    pub(crate) fn new(point: Point, interval: Interval) -> Self {
        let Point { stretch, registrations, confirmations, cancellations, expiries } = point;
        Self { at: Time(stretch * interval.length()), registrations, confirmations, cancellations, expiries }
    }
}

/// How many were refused for one reason.
#[derive(Clone, Debug, Object)]
pub(crate) struct RefusalCount {
    pub code: RefusalCode,
    /// How many.
    pub count: i64,
}

/// What became of an event's registrations.
#[derive(Clone, Debug, Default, Object)]
pub(crate) struct OutcomeCounts {
    /// They led to a ticket with seats.
    pub reserved: i64,
    /// They led to a place on the waitlist; where that led does not count here.
    pub waitlisted: i64,
    /// They are not decided yet.
    pub pending: i64,
    /// They could not be decided.
    pub failed: i64,
    /// They were refused, by reason. What never happened is left out.
    pub refused: Vec<RefusalCount>,
}

impl OutcomeCounts {
    /// Sums up.
    pub(crate) fn new(mut tallies: Vec<Tally>) -> Self {
        tallies.sort_unstable_by_key(|tally| tally.refusal);
        let mut counts = Self::default();
        for tally in tallies {
            match (tally.state, tally.outcome, tally.refusal) {
                (JobState::Failed, ..) => counts.failed += tally.jobs,
                (JobState::Settled, Some(Outcome::Reserved), _) => counts.reserved += tally.jobs,
                (JobState::Settled, Some(Outcome::Waitlisted), _) => counts.waitlisted += tally.jobs,
                (JobState::Settled, Some(Outcome::Refused), Some(refusal)) => {
                    counts.refused.push(RefusalCount { code: refusal.into(), count: tally.jobs });
                }
                _ => counts.pending += tally.jobs,
            }
        }
        counts
    }
}

/// What happened to an event, over time and in all.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Analytics {
    /// Of which event.
    pub event_id: Uuid,
    pub interval: Interval,
    /// What happened, in order. Stretches of time in which nothing happened are left out.
    pub points: Vec<AnalyticsPoint>,
    /// Whether earlier points were left out: there are the latest 1,000 at most. A longer interval shows more.
    pub has_earlier: bool,
    pub outcomes: OutcomeCounts,
    /// Of the tickets that got seats, the part that is confirmed or checked in, from 0 to 1. Absent while there are none.
    pub confirmation_ratio: Option<f64>,
    /// Seconds from when people could first register until the last free seat was taken for the first time. Absent if
    /// that has not happened.
    pub sold_out_after_seconds: Option<f64>,
}

impl Example for Analytics {
    fn example() -> Self {
        let event = Event::example();
        let at = Time(event.created_at.0 / Interval::Minute.length() * Interval::Minute.length());
        let point = AnalyticsPoint { at, registrations: 15, confirmations: 9, cancellations: 1, expiries: 2 };
        let refused = vec![RefusalCount { code: RefusalCode::AlreadyRegistered, count: 3 }];
        Self {
            event_id: event.id,
            interval: Interval::Minute,
            points: vec![point],
            has_earlier: false,
            outcomes: OutcomeCounts { reserved: 12, refused, ..OutcomeCounts::default() },
            confirmation_ratio: Some(0.75),
            sold_out_after_seconds: Some(41.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_follows_the_time_to_be_shown() {
        let fitting = |minutes: i64| Interval::fitting(Span { first: Some(5), last: Some(5 + minutes * 60_000) });
        assert_eq!(Interval::fitting(Span { first: None, last: None }), Interval::Minute);
        assert_eq!(fitting(199), Interval::Minute);
        assert_eq!(fitting(200), Interval::Hour);
        assert_eq!(fitting(60 * 200 - 1), Interval::Hour);
        assert_eq!(fitting(60 * 200), Interval::Day);
    }
}
