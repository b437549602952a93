//! Hostile clients by the thousand: each is refused or let go within 15 seconds, good ones notice nothing, and memory
//! stays flat.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tests::{Client, Raw, Setup, both_databases, every, new_key};
use tokio::{
    io::AsyncReadExt,
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    alone::alone,
    load::{percentile, print},
};

/// Connections that say nothing, if this process may have so many files.
const IDLE: u64 = 10_000;

/// Files that this process needs for anything else.
const FILES_RESERVED: u64 = 2_000;

/// Of each other kind of attack, connections at the same time.
const OF_A_KIND: usize = 150;

/// Nobody is served or waited for longer, and a moment for a busy machine to close what is to be closed.
const LET_GO: Duration = Duration::from_secs(16);

/// What a good client waits at most, but for one request of a hundred.
const P99_MAX: Duration = Duration::from_secs(1);

/// Memory that may be had more after the second wave than after the first, in bytes: no connection leaves anything.
const GROWTH_MAX: u64 = 24 << 20;

/// Between two drops of a client that drips.
const DRIP: Duration = Duration::from_millis(500);

/// What attackers send first, and what they add drop by drop.
fn attacks() -> Vec<(&'static str, Vec<u8>, &'static [u8])> {
    let post = |lines: &str| {
        format!(
            "POST /events HTTP/1.1\r\nHost: x\r\nX-User: o@x.org\r\nX-Role: organizer\r\n\
                 Content-Type: application/json\r\n{lines}\r\n\r\n"
        )
    };
    let deep = post("Content-Length: 16000\r\nConnection: close") + &"[".repeat(16_000);
    vec![
        ("half a head", b"GET /livez HTTP/1.1\r\nHost: x\r\n".to_vec(), b""),
        ("a head that drips", b"GET /livez HTTP/1.1\r\n".to_vec(), b"A: b\r\n"),
        ("a second head that drips", b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET".to_vec(), b" "),
        ("a body that never comes", post("Content-Length: 100\r\nExpect: 100-continue").into_bytes(), b""),
        ("a body that drips", post("Content-Length: 1000").into_bytes(), b"{"),
        ("chunks that drip", post("Transfer-Encoding: chunked").into_bytes(), b"1\r\n{\r\n"),
        ("deep JSON", deep.into_bytes(), b""),
        ("a giant header", format!("GET /livez HTTP/1.1\r\nA: {}", "x".repeat(1 << 17)).into_bytes(), b""),
        (
            "HTTP/2",
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), vec![0; 1 << 17]].concat(),
            b"\0\0\x01\x01\x05\0\0\0\x01\x82",
        ),
    ]
}

/// How many idle connections this process can have at the same time.
fn idle_connections() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = IDLE + FILES_RESERVED;
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < raised) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).expect("the limit can be raised");
    }
    let idle = raised.saturating_sub(FILES_RESERVED).max(100);
    if idle < IDLE {
        print(&format!("only {idle} idle connections: more files are not allowed (ulimit -Hn)"));
    }
    idle
}

/// Connects, says nothing, and waits to be let go. Returns how long that took. Nothing if it never was: a system that is
/// asked for too many connections at once forgets some that it never handed over, and tells only those who speak.
async fn idle(client: Client, connecting: Arc<Semaphore>) -> Option<Duration> {
    let permit = connecting.acquire().await.expect("it is never closed");
    let mut socket = client.connect().await.expect("a connection");
    drop(permit);
    let since = Instant::now();
    let closed = timeout(LET_GO * 2, socket.read(&mut [0; 1])).await;
    assert!(!matches!(closed, Ok(Ok(1))), "nobody asked");
    closed.is_ok().then(|| since.elapsed())
}

/// Everything at once. Returns the kinds of attacks, with the longest that each was put up with.
async fn wave(client: &Client, idle_connections: u64) -> Vec<(&'static str, Duration)> {
    let connecting = Arc::new(Semaphore::new(64));
    let idlers = tokio::spawn(every((0..idle_connections).map({
        let client = client.clone();
        move |_| idle(client.clone(), Arc::clone(&connecting))
    })));
    let mut kinds: Vec<(&str, JoinHandle<Vec<Raw>>)> = vec![];
    for (name, bytes, drop) in attacks() {
        let bytes: Arc<[u8]> = bytes.into();
        let one = {
            let client = client.clone();
            move || {
                let (client, bytes) = (client.clone(), Arc::clone(&bytes));
                async move { client.converse(&bytes, drop, DRIP).await }
            }
        };
        kinds.push((name, tokio::spawn(every((0..OF_A_KIND).map(move |_| one())))));
    }
    let let_go: Vec<Duration> = idlers.await.unwrap().into_iter().flatten().collect();
    assert!(let_go.len() as u64 * 100 >= idle_connections * 99, "only {} are let go", let_go.len());
    let mut longest = vec![("nothing", let_go.into_iter().max().unwrap_or_default())];
    for (name, raws) in kinds {
        let raws = raws.await.unwrap();
        assert!(raws.iter().all(|raw| ![200, 201, 500].contains(&last_status(raw)) || name.starts_with("a second")));
        longest.push((name, raws.iter().map(|raw| raw.took).max().unwrap_or_default()));
    }
    longest
}

/// The status of the last answer; 0 if there was none.
fn last_status(raw: &Raw) -> u16 {
    let last = raw.text.rsplit("HTTP/1.1 ").next().filter(|_| raw.answers() > 0);
    last.and_then(|text| text.get(..3)).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// Good clients, until told to stop: each looks at the event and registers, and must be served. Returns what each request
/// took.
fn good_clients(client: &Client, event: &str, stop: &Arc<Semaphore>) -> JoinHandle<Vec<Vec<Duration>>> {
    let work = (0..8).map(|_| {
        let (client, event, stop) = (client.clone(), event.to_owned(), Arc::clone(stop));
        async move {
            let mut times = vec![];
            while !stop.is_closed() {
                let person = client.attendee(&format!("{}@example.org", new_key()));
                times.push(served(person.get(&format!("/events/{event}")), 200).await);
                times.push(served(person.register(&event, "k"), 202).await);
                sleep(Duration::from_millis(20)).await;
            }
            times
        }
    });
    let work: Vec<_> = work.collect();
    tokio::spawn(every(work))
}

async fn served(answer: impl Future<Output = tests::Answer>, status: u16) -> Duration {
    let since = Instant::now();
    let answer = answer.await;
    assert_eq!(answer.status, status, "{answer:?}");
    since.elapsed()
}

both_databases! {
    async fn hostile_clients_are_let_go_and_cost_nobody_else_anything(world: &mut World) {
        let _alone = alone().await;
        let idle_connections = idle_connections();
        let client = world.start(&Setup::default());
        let event = client.event(1_000_000, json!({"hold_seconds": 3600})).await;
        let stop = Arc::new(Semaphore::new(1));
        let good = good_clients(&client, &event, &stop);
        let mut peaks = vec![];
        for _ in 0..2 {
            for (name, longest) in wave(&client, idle_connections).await {
                assert!(longest < LET_GO, "{name} was put up with for {longest:?}");
            }
            peaks.push(world.apis[0].peak_memory());
        }
        stop.close();
        let mut times = good.await.unwrap().concat();
        times.sort_unstable();
        let p99 = percentile(&times, 99);
        print(&format!(
            "abuse on {:?}: {idle_connections} idle, {} other hostile connections, twice; good clients: {} requests, \
             p99 {p99:?}, longest {:?}; peak memory {} and then {} MB",
            world.kind, attacks().len() * OF_A_KIND, times.len(), percentile(&times, 100), peaks[0] >> 20, peaks[1] >> 20
        ));
        assert!(p99 < P99_MAX, "good clients wait {p99:?}");
        assert!(peaks[1] <= peaks[0] + GROWTH_MAX, "memory grows: {peaks:?}");
        world.settled().await;
    }
}
