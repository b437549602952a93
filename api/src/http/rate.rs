//! Rate limits: a token bucket for each client.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use entity::account::Role;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use poem::http::{HeaderValue, Method};

use super::{
    address::{self, Client},
    caller::Identity,
};

/// Clients a bucket map remembers. Idle ones are forgotten; while so many are active, all share one bucket.
const CLIENTS_MAX: usize = 100_000;

/// How often idle clients are forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// So many requests at once, and again as many evenly over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) burst: NonZeroU32,
    pub(crate) window: Duration,
}

/// The limits in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Requests that change something, for each client address.
    pub(crate) writes: Allowance,
    /// All others, for each client address.
    pub(crate) reads: Allowance,
    /// Everything, for each organizer and administrator.
    pub(crate) staff: Allowance,
}

/// Whose bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Person(String),
    /// Everybody, while the map is full.
    Overflow,
}

/// In several maps, each with a lock of its own: a map that grows is built anew, and nobody else should wait for that.
type Buckets = RateLimiter<Key, DashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>;

struct Bucket {
    name: &'static str,
    allowance: Allowance,
    buckets: Buckets,
    swept_at: Mutex<Instant>,
}

/// What a request was told about its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    policy: String,
    limit: String,
    /// Seconds to wait, if there was nothing left.
    pub(crate) retry_after: Option<u64>,
}

/// Counts requests, in this process.
#[derive(Clone)]
pub(crate) struct Rate(Arc<[Bucket; 3]>);

impl Rate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new([
            Bucket::new("writes", limits.writes),
            Bucket::new("reads", limits.reads),
            Bucket::new("staff", limits.staff),
        ]))
    }

    /// Counts a request against its client's bucket. `shared` tells that many people stand behind the client's address,
    /// because the gateway did not forward theirs; then people are counted.
    pub(crate) fn check(&self, method: &Method, client: Client, identity: &Identity, shared: bool) -> Standing {
        let [writes, reads, staff] = &*self.0;
        let bucket = if method.is_safe() { reads } else { writes };
        match &identity.0 {
            Ok(caller) if caller.role >= Role::Organizer => staff.check(Key::Person(caller.email.to_string())),
            Ok(caller) if shared => bucket.check(Key::Person(caller.email.to_string())),
            _ => bucket.check(Key::Address(address::bucket(client.address))),
        }
    }
}

impl Bucket {
    fn new(name: &'static str, allowance: Allowance) -> Self {
        let period = allowance.window / allowance.burst.get();
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
            .unwrap_or(Quota::per_second(allowance.burst))
            .allow_burst(allowance.burst);
        Self {
            name,
            allowance,
            buckets: RateLimiter::dashmap(quota).with_middleware(),
            swept_at: Mutex::new(Instant::now()),
        }
    }

    fn check(&self, key: Key) -> Standing {
        let key = self.admit(key);
        let (left, retry_after) = match self.buckets.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                (0, Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
            }
        };
        let window = self.allowance.window.as_secs().max(1);
        let next = retry_after.unwrap_or_else(|| window.div_ceil(u64::from(self.allowance.burst.get())));
        Standing {
            policy: format!("\"{}\";q={};w={window}", self.name, self.allowance.burst),
            limit: format!("\"{}\";r={left};t={next}", self.name),
            retry_after,
        }
    }

    /// Keeps the map bounded: a client that has used nothing lately is forgotten, and while the map is full of active
    /// ones, all share a bucket.
    fn admit(&self, key: Key) -> Key {
        self.sweep();
        if self.buckets.len() < CLIENTS_MAX { key } else { Key::Overflow }
    }

    fn sweep(&self) {
        let Ok(mut swept_at) = self.swept_at.try_lock() else { return };
        if swept_at.elapsed() >= SWEEP_INTERVAL {
            self.buckets.retain_recent();
            *swept_at = Instant::now();
        }
    }
}

impl Standing {
    /// The headers that tell a client where it stands.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'static str, HeaderValue)> {
        let pairs = [("ratelimit-policy", &self.policy), ("ratelimit", &self.limit)];
        pairs.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?)))
    }
}

impl std::fmt::Debug for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rate")
    }
}

/// Reads `writes=5/10s,reads=100/10s` (and `staff=100/10s`), or `off`. What is not named keeps its default.
///
/// # Errors
/// A sentence that names the part that cannot be read.
pub(crate) fn parse(text: &str) -> Result<Option<Limits>, String> {
    if text == "off" {
        return Ok(None);
    }
    let allowance = |burst: u32| Allowance {
        burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
        window: Duration::from_secs(10),
    };
    let mut limits = Limits { writes: allowance(5), reads: allowance(100), staff: allowance(100) };
    for part in text.split(',') {
        let wrong = || format!("\"{part}\" is not like writes=5/10s, reads=100/10s or staff=100/10s");
        let (name, value) = part.trim().split_once('=').ok_or_else(wrong)?;
        let allowance = parse_allowance(value).ok_or_else(wrong)?;
        match name {
            "writes" => limits.writes = allowance,
            "reads" => limits.reads = allowance,
            "staff" => limits.staff = allowance,
            _ => return Err(wrong()),
        }
    }
    Ok(Some(limits))
}

fn parse_allowance(text: &str) -> Option<Allowance> {
    let (burst, window) = text.split_once('/')?;
    let seconds: u64 = window.strip_suffix('s')?.parse().ok()?;
    let window = (1..=86_400).contains(&seconds).then(|| Duration::from_secs(seconds))?;
    Some(Allowance { burst: burst.parse().ok()?, window })
}

#[cfg(test)]
mod tests {
    use entity::Email;

    use super::*;
    use crate::http::caller::{Caller, Stranger};

    fn rate() -> Rate {
        Rate::new(parse("writes=5/10s,reads=100/10s").unwrap().unwrap())
    }

    fn client(address: &str) -> Client {
        Client { address: address.parse().unwrap(), forwarded: false }
    }

    fn person(role: Role) -> Identity {
        Identity(Ok(Caller { email: Email::parse("a@x.org").unwrap(), role, account_id: None, token_version: 0 }))
    }

    fn stranger() -> Identity {
        Identity(Err(Stranger::InvalidToken))
    }

    #[test]
    fn the_sixth_write_waits_and_another_address_does_not() {
        let rate = rate();
        let check = |address| rate.check(&Method::POST, client(address), &stranger(), false).retry_after;
        assert_eq!((1..=5).map(|_| check("1.1.1.1")).collect::<Vec<_>>(), [None; 5]);
        assert_eq!(check("1.1.1.1"), Some(2));
        assert_eq!(check("1.1.1.2"), None);
    }

    #[test]
    fn reads_have_a_bucket_of_their_own() {
        let rate = rate();
        for _ in 0..6 {
            rate.check(&Method::POST, client("1.1.1.1"), &stranger(), false);
        }
        assert_eq!(rate.check(&Method::GET, client("1.1.1.1"), &stranger(), false).retry_after, None);
    }

    #[test]
    fn organizers_scan_faster_than_attendees_register() {
        let rate = rate();
        let check = |role| rate.check(&Method::POST, client("1.1.1.1"), &person(role), false).retry_after;
        assert!((0..100).all(|_| check(Role::Organizer).is_none()));
        assert!(check(Role::Organizer).is_some());
    }

    #[test]
    fn people_behind_a_silent_gateway_are_counted_one_by_one() {
        let rate = rate();
        let check = |shared| rate.check(&Method::POST, client("1.1.1.1"), &person(Role::Attendee), shared).retry_after;
        assert!((0..5).all(|_| check(true).is_none()));
        assert!(check(true).is_some());
        assert!(check(false).is_none(), "the address has its own bucket");
    }

    #[test]
    fn settings_are_read_or_refused() {
        assert_eq!(parse("off"), Ok(None));
        let limits = parse("writes=1/60s").unwrap().unwrap();
        assert_eq!((limits.writes.burst.get(), limits.writes.window), (1, Duration::from_mins(1)));
        assert_eq!(limits.reads.burst.get(), 100);
        for wrong in ["", "on", "writes", "writes=5", "writes=0/10s", "writes=5/10", "writes=5/0s", "other=5/10s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_standing_is_told_in_headers() {
        let standing = rate().check(&Method::POST, client("1.1.1.1"), &stranger(), false);
        let headers: Vec<_> = standing.headers().map(|(n, v)| (n, v.to_str().unwrap().to_owned())).collect();
        assert_eq!(headers[0], ("ratelimit-policy", "\"writes\";q=5;w=10".to_owned()));
        assert_eq!(headers[1], ("ratelimit", "\"writes\";r=4;t=2".to_owned()));
    }
}
