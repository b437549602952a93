//! The crash loop: an api and three workers under load, one blow after the other, and at the end the clients' own record
//! against the database. P2 and P5: what was acknowledged is there, once, and every key still leads to it.
//!
//! It lasts two minutes on SQLite and one on PostgreSQL in CI, a few seconds elsewhere, `TURNOUT_CRASH_SECONDS` if that is
//! set, or `TURNOUT_CRASH_CYCLES` blows. `TURNOUT_CRASH_SEED` repeats a sequence of blows (but not what meets them):
//!
//! `TURNOUT_CRASH_CYCLES=400 cargo test -p tests --test storm -- crash::sqlite`

mod blow;
mod compare;
mod player;
mod record;

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, Instant},
};

use fastrand::Rng;
use serde_json::json;
use tests::{Kind, Setup, World, both_databases, every};
use tokio::{sync::watch, time::sleep};

use self::{
    blow::{Blow, strike},
    compare::{Verdict, compare},
    player::{Stage, insist, play},
    record::Entry,
};
use crate::alone::alone;

const PLAYERS: usize = 64;
const WORKERS: usize = 3;

/// After so many blows people turn to new events, so that no line grows without end.
const BLOWS_FOR_EVENTS: u32 = 40;

/// How long the storm lasts.
struct Budget {
    cycles: u32,
    seconds: u64,
}

impl Budget {
    fn of(kind: Kind) -> Self {
        let set = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let seconds = match (std::env::var_os("CI"), kind) {
            (None, _) => 10,
            (_, Kind::Sqlite) => 120,
            (_, Kind::Postgres) => 60,
        };
        match set("TURNOUT_CRASH_CYCLES") {
            Some(cycles) => Self { cycles: u32::try_from(cycles).unwrap(), seconds: u64::MAX },
            None => Self { cycles: u32::MAX, seconds: set("TURNOUT_CRASH_SECONDS").unwrap_or(seconds) },
        }
    }
}

/// Blow after blow, at random instants. Returns how often each was dealt.
async fn rage(world: &mut World, stage: &watch::Sender<Stage>, rng: &mut Rng) -> BTreeMap<Blow, u32> {
    let budget = Budget::of(world.kind);
    let mut blows = BTreeMap::new();
    let since = Instant::now();
    for cycle in 0..budget.cycles {
        if since.elapsed().as_secs() >= budget.seconds {
            break;
        }
        // The instant is the dice's: nothing that happens is waited for.
        sleep(Duration::from_micros(rng.u64(20_000..500_000))).await;
        let blow = Blow::choose(world.kind, rng);
        *blows.entry(blow).or_default() += 1;
        strike(world, blow, rng).await;
        stage.send_modify(|stage| stage.client = world.client(0));
        if cycle % BLOWS_FOR_EVENTS == BLOWS_FOR_EVENTS - 1 {
            let events = events(stage).await;
            stage.send_modify(|stage| stage.events = events);
        }
    }
    blows
}

/// A roomy event, one that sells out, and two with a waitlist that moves.
async fn events(stage: &watch::Sender<Stage>) -> Vec<String> {
    let line = json!({"hold_seconds": 1, "offer_seconds": 1, "waitlist_enabled": true, "max_party_size": 3});
    let kinds = [
        (100_000, json!({"hold_seconds": 3600, "max_party_size": 3})),
        (50, json!({"hold_seconds": 1, "max_party_size": 3})),
        (10, line.clone()),
        (20, line),
    ];
    let mut events = vec![];
    for (capacity, more) in kinds {
        let mut body = json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": capacity,
            "status": "published"});
        more.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        let answer = insist(&mut stage.subscribe(), "organizer@example.org", "/events", None, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        events.push(answer.text("id"));
    }
    events
}

fn report(kind: Kind, seed: u64, blows: &BTreeMap<Blow, u32>, verdict: &Verdict, took: Duration) {
    let line = format!(
        "crash loop on {kind:?}: seed {seed}, {} s, {} cycles {blows:?}; {verdict}\n",
        took.as_secs(),
        blows.values().sum::<u32>(),
    );
    // Past the test runner, which swallows what passing tests print.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

both_databases! {
    async fn what_is_acknowledged_survives_every_crash(world: &mut World) {
        let _alone = alone().await;
        let seed = std::env::var("TURNOUT_CRASH_SEED").ok().and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        let mut rng = Rng::with_seed(seed);
        world.move_to_own_server().await;
        let client = world.start(&Setup { embedded: 0, workers: WORKERS, ..Setup::default() });
        let (stage, watched) = watch::channel(Stage { client, events: vec![], is_over: false });
        let since = Instant::now();
        let first = events(&stage).await;
        stage.send_modify(|stage| stage.events = first);
        let players = tokio::spawn(every((0..PLAYERS).map(move |_| play(watched.clone()))));
        let blows = rage(world, &stage, &mut rng).await;
        stage.send_modify(|stage| stage.is_over = true);
        let entries: Vec<Entry> = players.await.unwrap().concat();
        strike(world, Blow::KillAll, &mut rng).await;
        world.settled().await;
        let verdict = compare(world, entries).await;
        report(world.kind, seed, &blows, &verdict, since.elapsed());
        assert!(verdict.is_sound(), "seed {seed}: {verdict:#?}\n{}", world.logged());
        assert!(verdict.acknowledged > 50, "{verdict:?}");
    }
}
