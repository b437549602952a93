//! Many clients at once, for a while. Run it on release binaries for the figures:
//! `cargo test --release -p tests --test storm load`

use std::{
    io::Write,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::{Client, Setup, World, both_databases, count, every};

use crate::alone::alone;

const CLIENTS: usize = 64;
const SECONDS: u64 = 20;

/// What one client saw: the status of each answer and how long it took.
type Seen = Vec<(u16, Duration)>;

/// Registers one new person after another until `end`.
async fn register(client: Client, event: String, name: String, end: Instant) -> Seen {
    let mut seen = vec![];
    for n in 0.. {
        let person = client.attendee(&format!("{name}-{n}@example.org"));
        let since = Instant::now();
        if since >= end {
            break;
        }
        let answer = person.register(&event, "k").await;
        seen.push((answer.status, since.elapsed()));
    }
    seen
}

pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn milliseconds(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!(
        "p50 {:.1} ms, p99 {:.1} ms",
        percentile(&times, 50).as_secs_f64() * 1e3,
        percentile(&times, 99).as_secs_f64() * 1e3
    )
}

/// Prints past the test runner, which swallows what passing tests print.
pub(crate) fn print(line: &str) {
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

fn report(world: &World, clients: &Seen, waiting: &Seen, settled_at_the_end: i64) {
    let statuses = count(clients.iter().chain(waiting).map(|(status, _)| *status));
    let accepted = clients.iter().filter(|(status, _)| *status == 202).count();
    let rate = |n: f64| n / Duration::from_secs(SECONDS).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (accepted_rate, settled_rate) = (rate(accepted as f64), rate(settled_at_the_end as f64));
    let times = |seen: &Seen| milliseconds(seen.iter().map(|(_, time)| *time).collect());
    print(&format!(
        "load on {:?}: {CLIENTS} clients, {SECONDS} s, 3 workers, one event, FULL: statuses {statuses:?}, \
         accepted {accepted_rate:.0}/s, settled {settled_rate:.0}/s, POST {}, POST to settled {} ({} waits)",
        world.kind,
        times(clients),
        times(waiting),
        waiting.len(),
    ));
}

both_databases! {
    async fn load_is_accepted_or_shed(world: &mut World) {
        let _alone = alone().await;
        let client = world.start(&Setup { embedded: 0, workers: 3, ..Setup::default() });
        let event = client.event(1_000_000, json!({"hold_seconds": 3600})).await;
        let end = Instant::now() + Duration::from_secs(SECONDS);
        // One client among them waits for its decisions: it measures how long those take.
        let waiting = tokio::spawn(register(client.waiting(25), event.clone(), "w".to_owned(), end));
        let clients = every((0..CLIENTS).map(|n| register(client.clone(), event.clone(), format!("p{n}"), end))).await;
        let settled = world.number("SELECT count(*) AS n FROM job WHERE state = 'settled'").await;
        let (clients, waiting) = (clients.concat(), waiting.await.unwrap());
        report(world, &clients, &waiting, settled);

        let shed = clients.iter().filter(|(status, _)| *status == 503).count();
        assert!(clients.iter().all(|(status, _)| [202, 503].contains(status)));
        assert!(waiting.iter().all(|(status, _)| [201, 202, 503].contains(status)));
        assert!(shed * 100 < clients.len(), "{shed} of {} were shed", clients.len());
        world.settled().await;
        let tickets = world.number("SELECT count(*) AS n FROM ticket").await;
        assert_eq!(tickets, world.number("SELECT count(*) AS n FROM job").await);
        assert_eq!(client.available(&event).await, 1_000_000 - tickets);
    }
}
