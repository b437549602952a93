//! What a worker tells whoever counts what it does.

use std::{fmt::Debug, time::Duration};

use entity::job::{Outcome, Refusal};

/// Somebody who counts. It is told after the commit, and must not take long.
pub trait Observer: Debug + Send + Sync {
    /// A batch was settled.
    fn settled(&self, batch: &Settled);
}

/// What a batch led to, of however many events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was decided, each as often as it was, and for refusals the reason. Empty if there were only chores.
    pub outcomes: Vec<(Outcome, Option<Refusal>, u64)>,
    /// How long the transaction waited for the write lock or, on PostgreSQL, for a connection.
    pub waited: Duration,
    /// How long it took from then on, the commit included.
    pub took: Duration,
}

impl Settled {
    /// Jobs that were settled.
    pub fn jobs(&self) -> u64 {
        self.outcomes.iter().map(|(_, _, jobs)| jobs).sum()
    }
}

/// Nobody counts.
impl Observer for () {
    fn settled(&self, _: &Settled) {}
}
