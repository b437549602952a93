//! Load: many clients that ask as fast as they are answered, or at a given rate. It ends by itself.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tests::every;
use tokio::time::{sleep, timeout};

use crate::{connection::Connection, figures::percentile};

/// Makes the `n`-th request of a client.
pub(crate) type MakeRequest = Arc<dyn Fn(usize, usize) -> Vec<u8> + Send + Sync>;

/// A client that is not answered for so long gives up.
const PATIENCE: Duration = Duration::from_secs(40);

/// What clients saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// How often each status came back.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// How long each answer took, in order of size.
    pub(crate) latencies: Vec<Duration>,
    /// How long it was measured.
    pub(crate) elapsed: Duration,
}

impl Load {
    /// Answers in a second.
    ///
    /// # Panics
    /// When more than one answer in a thousand was another than `wanted`: a rate of refusals says nothing.
    pub(crate) fn rate(&self, wanted: u16) -> f64 {
        let all: usize = self.statuses.values().sum();
        let good = self.statuses.get(&wanted).copied().unwrap_or(0);
        assert!(good > 0 && (all - good) * 1000 <= all, "answers: {:?}", self.statuses);
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let good = good as f64;
        good / self.elapsed.as_secs_f64()
    }

    /// How long an answer took, in milliseconds: so many percent took no longer.
    pub(crate) fn millis(&self, percent: f64) -> f64 {
        percentile(&self.latencies, percent).as_secs_f64() * 1e3
    }

    fn of(parts: Vec<Vec<(u16, Duration)>>, elapsed: Duration) -> Self {
        let mut load = Self { elapsed, ..Self::default() };
        for (status, latency) in parts.into_iter().flatten() {
            *load.statuses.entry(status).or_default() += 1;
            load.latencies.push(latency);
        }
        load.latencies.sort_unstable();
        load
    }
}

/// Each client asks as soon as it was answered. What happens in the first `warm_up` is not counted.
pub(crate) async fn closed(
    address: SocketAddr,
    clients: usize,
    (warm_up, measured): (Duration, Duration),
    make: &MakeRequest,
) -> Load {
    let start = Instant::now() + warm_up;
    let end = start + measured;
    let parts = every((0..clients).map(|client| ask(address, client, start, end, make.clone()))).await;
    Load::of(parts, measured)
}

async fn ask(
    address: SocketAddr,
    client: usize,
    start: Instant,
    end: Instant,
    make: MakeRequest,
) -> Vec<(u16, Duration)> {
    let mut connection = Connection::open(address).await.expect("a connection");
    let mut seen = vec![];
    for n in 0.. {
        let request = make(client, n);
        let since = Instant::now();
        if since >= end {
            break;
        }
        let answer = timeout(PATIENCE, connection.send(&request)).await.expect("an answer in time").expect("an answer");
        let now = Instant::now();
        if now >= start && now < end {
            seen.push((answer.status, now - since));
        }
    }
    seen
}

/// All clients together ask `rate` times a second, whether or not they were answered. A client that is late because its
/// last answer was counts from when it should have asked; one that merely overslept, from when it did.
pub(crate) async fn open(
    address: SocketAddr,
    clients: usize,
    rate: f64,
    (warm_up, measured): (Duration, Duration),
    make: &MakeRequest,
) -> Load {
    let begin = Instant::now();
    let window = (begin + warm_up, begin + warm_up + measured);
    #[expect(clippy::cast_precision_loss, reason = "a few clients")]
    let period = Duration::from_secs_f64(clients as f64 / rate);
    #[expect(clippy::cast_precision_loss, reason = "a few clients")]
    let first = |client: usize| begin + period.mul_f64(client as f64 / clients as f64);
    let parts =
        every((0..clients).map(|client| ask_at(address, client, first(client), period, window, make.clone()))).await;
    Load::of(parts, measured)
}

async fn ask_at(
    address: SocketAddr,
    client: usize,
    first: Instant,
    period: Duration,
    (start, end): (Instant, Instant),
    make: MakeRequest,
) -> Vec<(u16, Duration)> {
    let mut connection = Connection::open(address).await.expect("a connection");
    let mut seen = vec![];
    let mut due = first;
    for n in 0.. {
        let request = make(client, n);
        let is_late = Instant::now() > due;
        sleep(due.saturating_duration_since(Instant::now())).await;
        let since = if is_late { due } else { Instant::now() };
        if due >= end {
            break;
        }
        let answer = timeout(PATIENCE, connection.send(&request)).await.expect("an answer in time").expect("an answer");
        if due >= start {
            seen.push((answer.status, since.elapsed()));
        }
        due += period;
    }
    seen
}
