//! Many at once, and whether there is an order of what they did in which all that they were told makes sense.
//!
//! A few clients and workers each do one thing after another on one event, all at the same time, time going on meanwhile.
//! Each act is noted with when it began and when it was answered. Then an order is looked for that keeps to those times
//! and in which the model tells everybody what they heard and ends as the tables do: the history is linearizable.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use fastrand::Rng;
use futures_util::future::join_all;

use super::{
    CLEAN_UP, Run, draw,
    real::{Heard, Real, lines},
    rules::{Act, Model, With},
};

const CLIENTS: usize = 4;
const ACTS_EACH: usize = 3;

/// People who have asked before.
const GUESTS: usize = 4;

/// The event begins when all is over: what was judged before it began may count after that.
const FAR: i64 = 3_600_000;

/// An act, when it began and when it was over, counted in beginnings and ends.
#[derive(Debug)]
struct Done {
    act: Act,
    heard: Heard,
    from: usize,
    to: usize,
}

impl Run {
    /// One history of one event.
    pub(super) async fn history(&mut self, number: u64) {
        let mut rng = Rng::with_seed(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.end_round().await;
        let mut events = draw::events(&mut rng, number, self.model.now);
        events.truncate(1);
        events[0].starts_at += FAR;
        self.real.make(number, &events).await;
        self.model = Model::new(self.model.now, events);
        for person in 0..GUESTS {
            self.one(Act::Register { event: 0, person, key: 0, party: rng.i64(1..=2) }, 0).await;
        }
        self.one(CLEAN_UP, 0).await;

        let (count, before) = (AtomicUsize::new(0), self.model.clone());
        // Where rows are locked one by one, an act may have its time and then wait for a row that somebody with a later
        // time is done with first. The model's own steps see to time there.
        let time_goes_on = !self.is_postgres && rng.bool();
        let clients = (0..CLIENTS).map(|_| acts(&mut rng, &before, time_goes_on)).collect::<Vec<_>>();
        let clients = clients.into_iter().map(|acts| client(&self.real, &before, acts, &count));
        let done: Vec<Done> = join_all(clients).await.into_iter().flatten().collect();
        let found = self.real.look().await;
        let mut search = Search { run: self, done: &done, found: &found, seen: HashSet::new() };
        let Some(end) = search.explain(&before, 0) else {
            let done = done.iter().map(|done| format!("{done:?}")).collect::<Vec<_>>().join("\n  ");
            let (before, found) = (lines(&before).join("\n  "), found.join("\n  "));
            self.fail(&format!("no order explains\n  {done}\nfrom\n  {before}\nto\n  {found}"));
        };
        self.model = end;
    }
}

/// What one of them does. Where time goes on nobody looks: whoever looks after a hold ran out, but before a confirmation
/// that was in time is stored, sees an expired ticket.
fn acts(rng: &mut Rng, model: &Model, time_goes_on: bool) -> Vec<Act> {
    let is_at_once = |act: &Act| match act {
        // Whether an event was cancelled is judged twice, at intake and at settlement.
        Act::Cancel { .. } => false,
        Act::Advance(_) => time_goes_on,
        Act::Ticket { what: With::Look, .. } => !time_goes_on,
        Act::Ticket { what, .. } => ![With::CheckIn, With::Undo].contains(what),
        _ => true,
    };
    let drawn = std::iter::repeat_with(|| draw::whole(draw::act(rng, model)));
    drawn.filter(is_at_once).take(ACTS_EACH).collect()
}

async fn client(real: &Real, model: &Model, acts: Vec<Act>, count: &AtomicUsize) -> Vec<Done> {
    let mut done = vec![];
    for act in acts {
        let from = count.fetch_add(1, Ordering::SeqCst);
        let heard = real.act(&act, model).await;
        done.push(Done { act, heard, from, to: count.fetch_add(1, Ordering::SeqCst) });
    }
    done
}

/// A search for an order.
struct Search<'a> {
    run: &'a Run,
    done: &'a [Done],
    found: &'a [String],
    /// What was come to before: which acts were put in order already, and what that led to.
    seen: HashSet<(u32, i64, Vec<String>)>,
}

impl Search<'_> {
    /// Puts the acts that are not `placed` behind the others. Returns what they all lead to, if there is an order.
    fn explain(&mut self, model: &Model, placed: u32) -> Option<Model> {
        let left: Vec<usize> = (0..self.done.len()).filter(|at| placed & (1 << at) == 0).collect();
        if left.is_empty() {
            return (lines(model) == self.found).then(|| model.clone());
        }
        if !self.seen.insert((placed, model.now, lines(model))) {
            return None;
        }
        // Whoever began after another was over comes after it.
        let end = left.iter().map(|at| self.done[*at].to).min()?;
        for at in left {
            let Done { act, heard, from, .. } = &self.done[at];
            if *from > end {
                continue;
            }
            for act in self.readings(act, model) {
                let mut next = model.clone();
                let told = act.map_or((0, "", None), |act| next.act(&act));
                if self.run.agrees_in(&next, heard, told)
                    && let Some(end) = self.explain(&next, placed | 1 << at)
                {
                    return Some(end);
                }
            }
        }
        None
    }

    /// What an act may amount to. Where rows are locked one by one, a worker leaves an event alone that somebody else is at
    /// work on, and decides the jobs that were there when it locked the event: the first of those that are there when it
    /// is done.
    fn readings(&self, act: &Act, model: &Model) -> Vec<Option<Act>> {
        let mut readings = vec![Some(act.clone())];
        if let (true, &Act::Settle { worker, chores, look, .. }) = (self.run.is_postgres, act) {
            let fewer = (1..model.events[0].pending()).rev();
            readings.extend(fewer.map(|jobs| Some(Act::Settle { worker, jobs, chores, look })));
        }
        if self.run.is_postgres && matches!(act, Act::Settle { .. } | Act::Reap { .. }) {
            readings.push(None);
        }
        readings
    }
}
