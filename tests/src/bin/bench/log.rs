//! How long the log of an SQLite file becomes.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tests::{Kind, World};

use crate::{
    figures::{Figure, Target},
    site::file,
};

/// The log may not grow beyond this, 64 MiB: whatever is larger is cut back to it.
const MEGABYTES_MAX: f64 = 67.1;

/// Twice as long as it is when it has to begin anew.
const MEGABYTES_GOAL: f64 = 33.0;

/// It is looked at this often.
const PAUSE: Duration = Duration::from_millis(10);

/// Somebody who looks at the size of a log all the time.
pub(crate) struct Log {
    ended: Arc<AtomicBool>,
    largest: JoinHandle<u64>,
}

impl Log {
    /// Watches the log of this world, if it has one.
    pub(crate) fn watch(world: &World) -> Option<Self> {
        let path = (world.kind == Kind::Sqlite).then(|| file(world).with_extension("db-wal"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let largest = thread::spawn({
            let ended = Arc::clone(&ended);
            move || largest(&path, &ended)
        });
        Some(Self { ended, largest })
    }

    /// The largest size that was seen.
    pub(crate) fn megabytes(self) -> f64 {
        self.ended.store(true, Ordering::Relaxed);
        let largest = self.largest.join().expect("somebody who looks");
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let megabytes = largest as f64 / 1e6;
        megabytes
    }

    /// The figure for the largest size ever seen.
    pub(crate) fn figure(settings: &str, megabytes: f64) -> Figure {
        let figure = Figure::new("largest log", "MB", settings, &[megabytes]);
        Figure { target: Some(Target::at_most(MEGABYTES_MAX, MEGABYTES_GOAL)), ..figure }
    }
}

fn largest(path: &Path, ended: &AtomicBool) -> u64 {
    let mut largest = 0;
    while !ended.load(Ordering::Relaxed) {
        largest = largest.max(fs::metadata(path).map_or(0, |found| found.len()));
        thread::sleep(PAUSE);
    }
    largest
}
