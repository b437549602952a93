//! Every operation in every order, step by step, against a model that is obviously right.
//!
//! One thing happens after another: people ask, workers make single passes, the organizer edits, time goes on; some acts
//! are cut off by a crash after any of their statements, some are done at the same time as another. After each, what was
//! told and what stands in the tables is what the model says: after a crash as if all of it had been done or nothing, and
//! of two at the same time as if one had come after the other.
//!
//! `TURNOUT_STEPS` and `TURNOUT_HISTORIES` are how many, `TURNOUT_SEED` repeats those of a failure. (Of two acts at the same time the database
//! chooses which comes first: a failure that needs one of them may take some tries.)

mod draw;
mod event;
mod history;
mod real;
mod rules;

use std::collections::{BTreeSet, VecDeque};

use fastrand::Rng;
use tests::{Kind, World, both_databases};

use draw::{CRASH_EVERY, CRASH_STATEMENTS_MAX, PAIR_EVERY};
use real::{Heard, Real, lines};
use rules::{ALL, Act, Model, Told, With};

/// Steps after which other events are made, so that there are never many.
const ROUND: u64 = 120;

/// Steps between two looks at the tables while nothing should have changed there.
const LOOK_EVERY: u64 = 8;

/// What everybody does until all is decided, cancelled or expired.
const CLEAN_UP: Act = Act::Settle { worker: 0, jobs: ALL, chores: ALL, look: false };

both_databases! {
    async fn every_order_of_acts_agrees_with_a_plain_model(world: &mut World) {
        // A step on PostgreSQL takes several times as long.
        let steps = if world.kind == Kind::Sqlite { 100_000 } else { 10_000 };
        let seed = setting("TURNOUT_SEED").unwrap_or_else(|| fastrand::u64(..));
        Run::new(world, seed).await.through(setting("TURNOUT_STEPS").unwrap_or(steps)).await;
    }

    async fn every_history_has_an_order_that_explains_it(world: &mut World) {
        let seed = setting("TURNOUT_SEED").unwrap_or_else(|| fastrand::u64(..));
        let histories = if world.kind == Kind::Sqlite { 1000 } else { 300 };
        world.is_timeless = true;
        let mut run = Run::new(world, seed).await;
        for number in 0..setting("TURNOUT_HISTORIES").unwrap_or(histories) {
            run.step = number;
            run.history(number).await;
        }
        run.end_round().await;
        run.real.stop().await;
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

struct Run {
    is_postgres: bool,
    seed: u64,
    step: u64,
    model: Model,
    real: Real,
    /// The last acts, for whoever has to find out what went wrong.
    past: VecDeque<String>,
    /// What people were told.
    heard: BTreeSet<(u16, &'static str)>,
    crashes: u64,
}

/// Steps after which everything that people can be told was told. (In 10,000 one of the rare answers may not come up.)
const MANY: u64 = 50_000;

/// Steps after which there were crashes.
const SOME: u64 = 1000;

/// What people can be told: a run that leaves something out tests less than it seems to.
const TOLD: &[(u16, &str)] = &[
    (200, "cancelled"),
    (200, "checked_in"),
    (200, "confirmed"),
    (200, "expired"),
    (200, "published"),
    (200, "refused"),
    (200, "reserved"),
    (200, "waitlisted"),
    (201, "checked_in"),
    (202, "pending"),
    (409, "already_checked_in"),
    (409, "capacity_below_held"),
    (409, "event_began"),
    (409, "event_cancelled"),
    (409, "event_ended"),
    (409, "extended_too_often"),
    (409, "not_checked_in"),
    (409, "people_waiting"),
    (409, "registration_closed"),
    (409, "ticket_cancelled"),
    (409, "ticket_confirmed"),
    (409, "ticket_expired"),
    (409, "ticket_waitlisted"),
    (410, "hold_expired"),
    (422, "idempotency_key_reused"),
    (422, "invalid_request"),
];

impl Run {
    async fn new(world: &World, seed: u64) -> Self {
        let real = Real::start(world).await;
        let model = Model::new(real.service.time.now(), vec![]);
        Self {
            is_postgres: world.kind == Kind::Postgres,
            seed,
            step: 0,
            model,
            real,
            past: VecDeque::new(),
            heard: BTreeSet::new(),
            crashes: 0,
        }
    }

    async fn through(mut self, steps: u64) {
        while self.step < steps {
            // What a step draws depends on nothing that was drawn before.
            let mut rng = Rng::with_seed(self.seed ^ self.step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            if self.step.is_multiple_of(ROUND) {
                self.begin_round(&mut rng).await;
            }
            self.tick(1).await;
            let act = draw::act(&mut rng, &self.model);
            if rng.u32(..PAIR_EVERY) == 0 {
                let other = draw::act(&mut rng, &self.model);
                self.both(draw::whole(act), draw::whole(other)).await;
            } else {
                let crash = if rng.u32(..CRASH_EVERY) == 0 { rng.i64(1..=CRASH_STATEMENTS_MAX) } else { 0 };
                self.one(act, crash).await;
            }
            self.step += 1;
        }
        self.end_round().await;
        if steps >= MANY {
            assert!(TOLD.iter().all(|told| self.heard.contains(told)), "only heard {:?}", self.heard);
        }
        assert!(steps < SOME || self.crashes > steps / 100, "{} crashes", self.crashes);
        self.real.stop().await;
    }

    async fn begin_round(&mut self, rng: &mut Rng) {
        self.end_round().await;
        let round = self.step / ROUND;
        let events = draw::events(rng, round, self.model.now);
        self.real.make(round, &events).await;
        self.model = Model::new(self.model.now, events);
    }

    /// Nothing is left over that would be in the way of the next round.
    async fn end_round(&mut self) {
        if self.model.events.is_empty() {
            return;
        }
        self.tick(1_000_000).await;
        for event in 0..self.model.events.len() {
            self.one(Act::Reap { worker: 0, event, limit: ALL }, 0).await;
        }
        self.one(CLEAN_UP, 0).await;
    }

    async fn tick(&mut self, millis: i64) {
        self.model.act(&Act::Advance(millis));
        self.real.service.time.advance(millis).await;
    }

    /// Whether it can be asked for: at the door only with a code, which a ticket has once it was confirmed.
    async fn is_possible(&mut self, act: &Act) -> bool {
        let Act::Ticket { event, job, what: With::CheckIn } = *act else { return true };
        let job = &self.model.events[event].jobs[job];
        self.real.learn_code((event, job.person, job.key)).await
    }

    /// One act, which is cut off after so many statements if it has so many.
    async fn one(&mut self, act: Act, crash: i64) {
        if !self.is_possible(&act).await {
            return;
        }
        self.note(&format!("{act:?}{}", if crash > 0 { format!(", a crash at {crash}") } else { String::new() }));
        self.real.service.fuse.set(crash);
        let heard = self.real.act(&act, &self.model).await;
        let has_crashed = self.real.service.fuse.take();
        if has_crashed {
            self.real.be_let_go().await;
        }
        let mut done = self.model.clone();
        let told = done.act(&act);
        self.crashes += u64::from(has_crashed);
        let (before, after) = (lines(&self.model), lines(&done));
        // What changes nothing is looked at only now and then.
        if has_crashed || before != after || self.step.is_multiple_of(LOOK_EVERY) {
            let found = self.real.look().await;
            if has_crashed && found == before && found != after {
                return;
            }
            self.compare(&found, &[&done]);
        }
        if has_crashed && before == after {
            // Nobody sees whether it was done, but the next pass may have other turns.
            let turns = self.real.turns().await;
            self.model.take_turns(turns);
            return;
        }
        self.model = done;
        if !has_crashed && !self.agrees(&heard, told) {
            self.fail(&format!("heard {heard:?}\n  not {told:?}"));
        }
        self.heard.insert((told.0, told.1));
    }

    /// Two acts at the same time, then a pass for what they left to each other.
    async fn both(&mut self, first: Act, second: Act) {
        if !self.is_possible(&first).await || !self.is_possible(&second).await {
            return;
        }
        if matches!(first, Act::Advance(_)) || matches!(second, Act::Advance(_)) {
            return;
        }
        self.note(&format!("{first:?} at the same time as {second:?}"));
        let (one, other) = tokio::join!(self.real.act(&first, &self.model), self.real.act(&second, &self.model));
        let (mut forth, mut back) = (self.model.clone(), self.model.clone());
        let told_forth = (forth.act(&first), forth.act(&second));
        let told_back = (back.act(&second), back.act(&first));
        // At the same time, too: what a pass left to whoever had the event is done as if it had done it.
        self.real.act(&CLEAN_UP, &self.model).await;
        for model in [&mut forth, &mut back] {
            model.act(&CLEAN_UP);
        }
        let found = self.real.look().await;
        self.compare(&found, &[&forth, &back]);
        let was = std::mem::replace(&mut self.model, forth);
        let is_forth =
            found == lines(&self.model) && self.agrees(&one, told_forth.0) && self.agrees(&other, told_forth.1);
        if !is_forth {
            self.model = back;
            let is_back =
                found == lines(&self.model) && self.agrees(&one, told_back.1) && self.agrees(&other, told_back.0);
            if !is_back {
                let before = lines(&was).join("\n  ");
                self.fail(&format!("heard {one:?}, {other:?}\n  not {told_forth:?}\n  nor {told_back:?}\n  {before}"));
            }
        }
        let turns = self.real.turns().await;
        self.model.take_turns(turns);
    }

    /// Whether somebody was told what the model says.
    fn agrees(&self, heard: &Heard, expected: Told) -> bool {
        self.agrees_in(&self.model, heard, expected)
    }

    fn agrees_in(&self, model: &Model, (status, told, registration): &Heard, expected: Told) -> bool {
        let named = expected.2.map(|(event, at)| {
            let job = &model.events[event].jobs[at];
            self.real.registration((event, job.person, job.key))
        });
        (*status, told.as_str(), registration.as_deref()) == (expected.0, expected.1, named)
    }

    fn compare(&self, found: &[String], models: &[&Model]) {
        if models.iter().any(|model| lines(model) == found) {
            return;
        }
        let differences = models.iter().map(|model| {
            let lines = lines(model);
            let missing: Vec<_> = lines.iter().filter(|line| !found.contains(line)).collect();
            let more: Vec<_> = found.iter().filter(|line| !lines.contains(line)).collect();
            format!("  the model says {missing:#?}\n  the tables say {more:#?}\n")
        });
        self.fail(&differences.collect::<String>());
    }

    fn note(&mut self, act: &str) {
        self.past.push_back(format!("{}: {act}", self.step));
        if self.past.len() > 12 {
            self.past.pop_front();
        }
    }

    fn fail(&self, what: &str) -> ! {
        let past = self.past.iter().cloned().collect::<Vec<_>>().join("\n  ");
        panic!("step {} of TURNOUT_SEED={} disagrees:\n{what}\nafter\n  {past}", self.step, self.seed);
    }
}
