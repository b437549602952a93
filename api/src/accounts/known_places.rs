//! Where people logged in from lately, so that nobody elsewhere can keep them from logging in again.

use std::{
    collections::HashSet,
    mem,
    net::IpAddr,
    time::{Duration, Instant},
};

use entity::Email;

/// An e-mail, and the bucket of addresses that it logged in from.
pub(super) type Place = (Email, IpAddr);

/// A generation grows for so long, and to so many places; then the next one begins. Two are remembered.
const GENERATION: Duration = Duration::from_hours(15 * 24);
const GENERATION_MAX: usize = 50_000;

/// Places with a successful login in the last 15 to 30 days, unless too many others came after it.
#[derive(Debug, Default)]
pub(super) struct KnownPlaces {
    current: HashSet<Place>,
    previous: HashSet<Place>,
    /// When the current generation began.
    since: Option<Instant>,
}

impl KnownPlaces {
    /// Remembers a place, or remembers it for longer.
    pub(super) fn insert(&mut self, place: Place, now: Instant) {
        self.turn(now);
        if self.current.len() >= GENERATION_MAX && !self.current.contains(&place) {
            self.begin(now);
        }
        self.current.insert(place);
    }

    pub(super) fn contains(&mut self, place: &Place, now: Instant) -> bool {
        self.turn(now);
        self.current.contains(place) || self.previous.contains(place)
    }

    /// Begins the generations that are due.
    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(*self.since.get_or_insert(now));
        if age >= 2 * GENERATION {
            self.current.clear();
        }
        if age >= GENERATION {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        self.previous = mem::take(&mut self.current);
        self.since = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn place(n: usize) -> Place {
        (Email::parse(&format!("p{n}@x.org")).unwrap(), "1.1.1.1".parse().unwrap())
    }

    #[test]
    fn a_place_is_forgotten_unless_it_is_seen_again() {
        let (mut places, start) = (KnownPlaces::default(), Instant::now());
        places.insert(place(1), start);
        places.insert(place(2), start);
        assert!(places.contains(&place(1), start) && !places.contains(&place(3), start));
        places.insert(place(2), start + 15 * DAY);
        assert!(places.contains(&place(1), start + 29 * DAY));
        assert!(!places.contains(&place(1), start + 30 * DAY));
        assert!(places.contains(&place(2), start + 30 * DAY));
        places.insert(place(2), start + 30 * DAY);
        assert!(!places.contains(&place(2), start + 60 * DAY), "nobody came for long");
    }

    #[test]
    fn places_are_bounded_and_the_latest_stay() {
        let (mut places, start) = (KnownPlaces::default(), Instant::now());
        for n in 0..=2 * GENERATION_MAX {
            places.insert(place(n), start);
        }
        assert!(places.current.len() + places.previous.len() <= 2 * GENERATION_MAX);
        assert!(!places.contains(&place(0), start));
        assert!(places.contains(&place(2 * GENERATION_MAX), start));
        assert!(places.contains(&place(GENERATION_MAX + 1), start));
    }
}
