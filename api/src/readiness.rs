//! Whether the database answers and has the current schema, for probes. Anybody may ask, as often as they like: one look
//! a second answers all of them.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use entity::Database;
use tokio::sync::Mutex;

/// The oldest that an answer may be.
const TICK: Duration = Duration::from_secs(1);

/// What was found last, and when.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the database is ready now, or was a moment ago.
    pub(crate) async fn latest(&self, database: &Database) -> bool {
        self.known_or(look(database)).await
    }

    async fn known_or(&self, look: impl Future<Output = bool>) -> bool {
        // Held while looking, so that of many who ask at once one looks.
        let mut known = self.0.lock().await;
        if let Some((_, is_ready)) = known.filter(|(at, _)| at.elapsed() < TICK) {
            return is_ready;
        }
        let is_ready = look.await;
        *known = Some((Instant::now(), is_ready));
        is_ready
    }
}

async fn look(database: &Database) -> bool {
    migration::is_current(database.reader()).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "not ready");
        false
    })
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn what_was_found_a_moment_ago_is_not_looked_for_again() {
        let found_at = |at: Instant| Readiness(Mutex::new(Some((at, true))));
        let now = Instant::now();
        // A time to come is not old, however slow the test is.
        assert!(found_at(now + Duration::from_hours(1)).known_or(ready(false)).await);
        let old = found_at(now.checked_sub(TICK).unwrap());
        assert!(!old.known_or(ready(false)).await);
        assert!(Readiness::default().known_or(ready(true)).await);
    }
}
