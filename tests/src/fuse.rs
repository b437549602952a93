//! Crashes at a chosen instant: right after the n-th statement from now, whoever executed it.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// What a task that the fuse ended panicked with.
pub(crate) struct Blown;

/// Ends the task that executes the n-th statement, as if its process had died then: nothing that it would have done next
/// is done, and its transaction is dropped.
#[derive(Clone, Debug, Default)]
pub struct Fuse(Arc<AtomicI64>);

impl Fuse {
    /// The n-th statement from now is the last; 0 for never.
    pub fn set(&self, statements: i64) {
        self.0.store(statements, Ordering::SeqCst);
    }

    /// Whether it went off since it was set. It is not set any more.
    pub fn take(&self) -> bool {
        self.0.swap(0, Ordering::SeqCst) < 0
    }

    /// A statement was executed.
    pub(crate) fn burn(&self) {
        let burnt = |left| if left > 1 { Some(left - 1) } else { (left == 1).then_some(i64::MIN) };
        if self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, burnt) == Ok(1) {
            // Nobody has to read about a crash that was wanted.
            resume_unwind(Box::new(Blown));
        }
    }
}
