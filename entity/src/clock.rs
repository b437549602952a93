//! Time, as a value that is passed in.

use std::{fmt, sync::Arc};

/// A point in time: milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Where a process reads the time: the system clock in the binaries, anything in tests.
///
/// It decides on SQLite only. On PostgreSQL every decision takes the database's clock, because machines differ.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// A clock that asks `read` for the time.
    pub fn new(read: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
