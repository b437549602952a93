//! One storm at a time: two would only slow each other down and blur what is measured.

use tokio::sync::{Mutex, MutexGuard};

static MACHINE: Mutex<()> = Mutex::const_new(());

/// Waits until no other storm rages, and keeps others from beginning.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    MACHINE.lock().await
}
