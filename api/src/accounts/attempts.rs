//! Guessing passwords gets slow: failed logins of an account, and from an address, make the next one wait.
//!
//! Accounts are counted by the e-mail that was sent, whether there is one or not: who waits learns nothing by it. Where
//! somebody logged in from lately, their failures are counted apart: whoever guesses elsewhere does not lock them out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use entity::Email;

use super::known_places::{KnownPlaces, Place};
use crate::http::address;

/// Failures without consequences: people mistype.
const FREE_FOR_ACCOUNT: u32 = 5;
const FREE_FOR_ADDRESS: u32 = 20;

/// The wait after the first failure that has consequences; it doubles with each further one up to the longest.
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Failures are forgotten when none was added for so long.
const MEMORY: Duration = Duration::from_mins(15);

/// Keys remembered at most. While so many are active, all others share one.
const KEYS_MAX: usize = 100_000;

/// Whose failures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// From everywhere but its known places.
    Account(Email),
    /// From one of its known places.
    Place(Place),
    Address(IpAddr),
    /// Everybody who came when the map was full.
    Overflow,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Failed attempts, in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    failures: HashMap<Key, Failures>,
    places: KnownPlaces,
}

/// An attempt that has begun. It counts as a failure until it is said to be none: of many at the same time only the
/// free ones get through.
#[derive(Debug)]
#[must_use = "an attempt counts as a failure until it is said to be none"]
pub(crate) struct Attempt {
    attempts: Attempts,
    place: Place,
    began: Instant,
    /// What it is counted by, and when that had failed last before.
    counted: [(Key, Instant); 2],
}

impl Attempts {
    /// Begins an attempt, or tells for how long to wait.
    pub(crate) fn begin(&self, email: &Email, address: IpAddr, now: Instant) -> Result<Attempt, Duration> {
        let mut memory = self.lock();
        let Memory { failures, places } = &mut *memory;
        let place = (email.clone(), address::bucket(address));
        let is_known = places.contains(&place, now);
        let account = if is_known { Key::Place(place.clone()) } else { Key::Account(email.clone()) };
        let keys = [account, Key::Address(place.1)].map(|key| admit(failures, key, now));
        let wait = keys.iter().filter_map(|key| Some(wait(key, failures.get(key)?, now))).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(wait);
        }
        let counted = keys.map(|key| {
            let known = failures.entry(key.clone()).or_insert(Failures { count: 0, last: now });
            let before = known.last;
            let is_old = now.duration_since(before) >= MEMORY;
            *known = Failures { count: if is_old { 1 } else { known.count.saturating_add(1) }, last: now };
            (key, before)
        });
        drop(memory);
        Ok(Attempt { attempts: self.clone(), place, began: now, counted })
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The password was right: the account starts anew, and the address has not failed. (Its other failures stay, or
    /// somebody with an account of their own could go on guessing for ever.)
    pub(crate) fn succeeded(self) {
        let mut memory = self.attempts.lock();
        for (key, before) in &self.counted {
            match key {
                Key::Account(_) | Key::Place(_) => drop(memory.failures.remove(key)),
                Key::Address(_) | Key::Overflow => take_back(&mut memory.failures, key, self.began, *before),
            }
        }
        memory.places.insert(self.place, self.began);
    }

    /// It was neither right nor wrong: nobody looked.
    pub(crate) fn abandoned(self) {
        let mut memory = self.attempts.lock();
        self.counted.iter().for_each(|(key, before)| take_back(&mut memory.failures, key, self.began, *before));
    }
}

/// As if the attempt had not been: it does not prolong a wait either, unless another one began after it.
fn take_back(failures: &mut HashMap<Key, Failures>, key: &Key, began: Instant, before: Instant) {
    let Some(known) = failures.get_mut(key) else { return };
    known.count = known.count.saturating_sub(1);
    if known.last == began {
        known.last = before;
    }
    if known.count == 0 {
        failures.remove(key);
    }
}

/// Keeps the map bounded.
fn admit(failures: &mut HashMap<Key, Failures>, key: Key, now: Instant) -> Key {
    if failures.len() >= KEYS_MAX && !failures.contains_key(&key) {
        failures.retain(|_, known| now.duration_since(known.last) < MEMORY);
    }
    if failures.len() < KEYS_MAX || failures.contains_key(&key) { key } else { Key::Overflow }
}

/// How long the next attempt has to wait.
fn wait(key: &Key, known: &Failures, now: Instant) -> Duration {
    let free = match key {
        Key::Account(_) | Key::Place(_) => FREE_FOR_ACCOUNT,
        Key::Address(_) | Key::Overflow => FREE_FOR_ADDRESS,
    };
    let Some(beyond) = known.count.checked_sub(free) else { return Duration::ZERO };
    let pause = WAIT_FIRST.saturating_mul(1_u32.checked_shl(beyond.min(16)).unwrap_or(u32::MAX)).min(WAIT_MAX);
    (known.last + pause).saturating_duration_since(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Guesser {
        attempts: Attempts,
        start: Instant,
    }

    impl Guesser {
        fn new() -> Self {
            Self { attempts: Attempts::default(), start: Instant::now() }
        }

        fn begin(&self, email: &str, address: &str, second: u64) -> Result<Attempt, Duration> {
            let now = self.start + Duration::from_secs(second);
            self.attempts.begin(&Email::parse(email).unwrap(), address.parse().unwrap(), now)
        }

        /// Whether an attempt got through, to fail.
        fn fails(&self, email: &str, address: &str, second: u64) -> bool {
            self.begin(email, address, second).is_ok()
        }
    }

    #[test]
    fn the_sixth_guess_at_an_account_waits_longer_and_longer() {
        let guesser = Guesser::new();
        assert!((0..5).all(|n| guesser.fails("a@x.org", &format!("1.1.1.{n}"), 0)));
        assert_eq!(guesser.begin("a@x.org", "1.1.1.9", 0).unwrap_err(), Duration::from_secs(1));
        assert!(guesser.fails("b@x.org", "1.1.1.9", 0), "another account");
        assert!(guesser.fails("a@x.org", "1.1.1.9", 1));
        assert_eq!(guesser.begin("a@x.org", "1.1.1.9", 1).unwrap_err(), Duration::from_secs(2));
        for n in 0..20 {
            assert!(guesser.fails("a@x.org", &format!("1.1.2.{n}"), 100 * (n + 1)));
        }
        assert_eq!(guesser.begin("a@x.org", "1.1.1.9", 2000).unwrap_err(), WAIT_MAX);
        assert!((0..5).all(|_| guesser.fails("a@x.org", "1.1.1.9", 2000 + 15 * 60)), "forgotten");
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_too() {
        let guesser = Guesser::new();
        assert!((0..20).all(|n| guesser.fails(&format!("p{n}@x.org"), "2001:db8::1", 0)));
        assert!(!guesser.fails("q@x.org", "2001:db8::2", 0), "the same /64");
        assert!(guesser.fails("q@x.org", "2001:db8:0:1::1", 0));
    }

    #[test]
    fn a_right_password_is_no_failure() {
        let guesser = Guesser::new();
        for _ in 0..100 {
            guesser.begin("a@x.org", "1.1.1.1", 0).unwrap().succeeded();
            guesser.begin("b@x.org", "1.1.1.1", 0).unwrap().abandoned();
        }
        assert!(guesser.attempts.lock().failures.is_empty());
        assert!((0..4).all(|_| guesser.fails("a@x.org", "1.1.1.1", 0)));
        guesser.begin("a@x.org", "1.1.1.1", 0).unwrap().succeeded();
        assert!((0..5).all(|_| guesser.fails("a@x.org", "1.1.1.1", 0)), "the account starts anew");
    }

    #[test]
    fn an_account_of_ones_own_does_not_clear_the_address() {
        let guesser = Guesser::new();
        for n in 0..20 {
            assert!(guesser.fails(&format!("p{n}@x.org"), "1.1.1.1", 0));
            if n < 19 {
                guesser.begin("own@x.org", "1.1.1.1", 0).unwrap().succeeded();
            }
        }
        assert!(guesser.begin("own@x.org", "1.1.1.1", 0).is_err());
    }

    #[test]
    fn a_right_password_does_not_prolong_the_wait_of_its_address() {
        let guesser = Guesser::new();
        assert!((0..20).all(|n| guesser.fails(&format!("p{n}@x.org"), "1.1.1.1", 0)));
        assert_eq!(guesser.begin("own@x.org", "1.1.1.1", 0).unwrap_err(), Duration::from_secs(1));
        for _ in 0..3 {
            guesser.begin("own@x.org", "1.1.1.1", 1).unwrap().succeeded();
            guesser.begin("own@x.org", "1.1.1.1", 1).unwrap().abandoned();
        }
        assert!(guesser.fails("q@x.org", "1.1.1.1", 1));
        assert_eq!(guesser.begin("own@x.org", "1.1.1.1", 1).unwrap_err(), Duration::from_secs(2));
    }

    #[test]
    fn guesses_from_elsewhere_lock_nobody_out_where_they_logged_in_before() {
        let guesser = Guesser::new();
        guesser.begin("a@x.org", "2001:db8::1", 0).unwrap().succeeded();
        assert!((0..5).all(|n| guesser.fails("a@x.org", &format!("1.1.1.{n}"), 0)));
        assert!(!guesser.fails("a@x.org", "1.1.1.9", 0));
        guesser.begin("a@x.org", "2001:db8::2", 0).unwrap().succeeded();
        assert!(!guesser.fails("a@x.org", "1.1.1.9", 0), "a success there helps nobody elsewhere");
        assert!((0..5).all(|_| guesser.fails("a@x.org", "2001:db8::1", 0)));
        assert!(!guesser.fails("a@x.org", "2001:db8::1", 0), "the place itself is limited");
        assert!(guesser.fails("b@x.org", "2001:db8::1", 0));
        assert!((0..5).all(|_| guesser.fails("unknown@x.org", "1.1.2.1", 0)));
        assert!(!guesser.fails("unknown@x.org", "2001:db8::1", 0), "one that never logged in is not told apart");
    }

    #[test]
    fn guesses_at_the_same_time_are_counted_before_they_fail() {
        let guesser = Guesser::new();
        let under_way: Vec<_> = (0..9).map(|_| guesser.begin("a@x.org", "1.1.1.1", 0)).collect();
        assert_eq!(under_way.iter().filter(|attempt| attempt.is_ok()).count(), 5);
    }

    #[test]
    fn the_map_is_bounded() {
        let guesser = Guesser::new();
        let mut memory = guesser.attempts.lock();
        for n in 0..KEYS_MAX {
            let key = Key::Account(Email::parse(&format!("p{n}@x.org")).unwrap());
            memory.failures.insert(key, Failures { count: 1, last: guesser.start });
        }
        drop(memory);
        assert!(guesser.fails("a@x.org", "1.1.1.1", 0));
        assert_eq!(guesser.attempts.lock().failures.len(), KEYS_MAX + 1, "the overflow");
        assert!(guesser.fails("a@x.org", "1.1.1.1", 15 * 60));
        assert_eq!(guesser.attempts.lock().failures.len(), 2, "swept");
    }
}
