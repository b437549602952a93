//! What intents were judged by before. On SQLite a batch is judged by that first, and the statement that stores it stores
//! nothing if it is no longer so: the usual batch costs one statement, and no other before it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use entity::{
    Millis,
    event::{EventStatus, Window},
    job::enqueue::Premise,
};
use uuid::Uuid;

use super::{
    Intent,
    batch::{Plan, account_ids},
};
use crate::group::each_once;

/// Events that are remembered at most. Beyond that all are forgotten, and read again.
const REMEMBERED_MAX: usize = 1024;

/// The registration windows of events that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<HashMap<Uuid, Window>>);

impl Remembered {
    /// Keeps these. Only of published events: few ask for others, and a simulation's copy comes and goes without a new
    /// version.
    pub(super) fn keep(&self, windows: HashMap<Uuid, Window>) {
        let mut all = self.all();
        if all.len() + windows.len() > REMEMBERED_MAX {
            all.clear();
        }
        all.extend(
            windows.into_iter().filter(|(_, window)| window.status == EventStatus::Published && !window.is_shadow),
        );
    }

    /// What these intents are all admitted by at this time, if they are. Nothing for those of people with accounts: how
    /// these stand has to be read.
    pub(super) fn premise(&self, intents: &[Intent], now: Millis) -> Option<Premise> {
        if !account_ids(intents).is_empty() {
            return None;
        }
        let all = self.all();
        let plan = Plan::new(intents, &HashMap::new(), &all, now);
        if plan.jobs(intents).len() < intents.len() {
            return None;
        }
        let event_ids = each_once(intents.iter().map(|intent| intent.job.event_id));
        let versions = event_ids.iter().filter_map(|id| all.get(id)).map(|window| window.version).sum();
        Some(Premise { event_ids, versions })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Uuid, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::batch::tests::{EVENT, NOW, intent, window};

    fn remembered(windows: &[Window]) -> Remembered {
        let remembered = Remembered::default();
        remembered.keep(windows.iter().map(|window| (window.id, window.clone())).collect());
        remembered
    }

    #[test]
    fn a_batch_that_is_admitted_stands_on_the_versions_of_its_events() {
        let other = Window { id: Uuid::from_u128(2), version: 7, ..window() };
        let remembered = remembered(&[Window { version: 3, ..window() }, other.clone()]);
        let mut of_other = intent(3, "m", "f");
        of_other.job.event_id = other.id;
        let intents = [intent(1, "k", "f"), of_other, intent(2, "l", "f")];
        let premise = Premise { event_ids: vec![EVENT, other.id], versions: 10 };
        assert_eq!(remembered.premise(&intents, NOW), Some(premise));
    }

    #[test]
    fn whatever_is_not_plain_is_read_first() {
        let plain = [intent(1, "k", "f")];
        assert_eq!(Remembered::default().premise(&plain, NOW), None, "an event that nobody asked for");
        let known = remembered(&[window()]);
        assert!(known.premise(&plain, NOW).is_some());
        assert_eq!(known.premise(&plain, window().closes_at), None, "somebody is refused");
        assert_eq!(known.premise(&[intent(1, "k", "f"), intent(2, "k", "f")], NOW), None, "one key twice");
        let mut with_account = intent(1, "k", "f");
        with_account.caller.account_id = Some(EVENT);
        assert_eq!(known.premise(&[with_account], NOW), None, "somebody with an account");
        let mut simulated = intent(1, "k", "f");
        simulated.is_simulated = true;
        let copy = remembered(&[Window { is_shadow: true, ..window() }]);
        assert_eq!(copy.premise(&[simulated], NOW), None, "a simulation");
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let other = |id| Window { id: Uuid::from_u128(id), ..window() };
        let known = remembered(&(1..=REMEMBERED_MAX as u128).map(other).collect::<Vec<_>>());
        assert_eq!(known.all().len(), REMEMBERED_MAX);
        known.keep(HashMap::from([(Uuid::nil(), other(0))]));
        assert_eq!(known.all().len(), 1);
    }
}
