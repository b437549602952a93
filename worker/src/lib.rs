//! The worker: decides what happens to intents.
//!
//! - `allocate` is the decision, a pure function;
//! - `settle` claims lanes, does what comes first there (`chores`), decides and applies the rest (`plan`), all in one
//!   transaction, and `settler` does so for as long as there is work; `fault` says what to do when that goes wrong;
//! - `reaper` expires holds that ran out; `pruner` forgets what is long over or ran out; `sweeper` removes what
//!   simulations left behind.
//! - `verifier` checks the promises now and then, with [`verify()`];
//! - [`keep_log_short`] keeps commits from having to fold the log of an SQLite file;
//! - `heartbeat` tells operators that the worker is there, an [`Observer`] what it does.
//!
//! Any number of workers, in one process or many, share a database safely: what one is working on is locked by the
//! database and nowhere else, so a worker that dies delays nobody.

mod allocate;
mod chores;
mod cli;
mod fault;
mod folder;
mod heartbeat;
mod observer;
mod plan;
mod process;
mod pruner;
mod reaper;
mod settings;
mod settle;
mod settler;
#[doc(hidden)]
pub mod step;
mod stop;
mod sweeper;
mod verifier;
mod verify;

pub use cli::main;
pub use folder::keep_log_short;
pub use observer::{Observer, Settled};
pub use process::{arm_faults, process_clock};
pub use settings::{Mistakes, Settings, SettingsArgs};
pub use stop::stop_on_signal;
pub use verifier::verify_at_start;
pub use verify::{Pace, Report, verify};

use std::{sync::Arc, time::Duration};

use entity::Database;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a transaction waits for the write lock before its task lets go and starts over.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// How tasks of one process wake each other without going through the database. Both are hints; everything also
/// works without them, a little later.
#[derive(Clone, Debug, Default)]
pub struct Doorbells {
    /// Rung when intents were written: the settler looks at once.
    pub intents: Arc<Notify>,
    /// Rung when something was decided or expired: those who wait for answers look at once.
    pub changes: Arc<Notify>,
}

/// Works until `stop`, then finishes the batch in hand. Database trouble is logged and waited out.
pub async fn run(
    database: Database,
    settings: Settings,
    doorbells: Doorbells,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) {
    let agenda = Arc::new(reaper::Agenda::default());
    let id = Uuid::now_v7();
    tokio::join!(
        settler::run(&database, id, settings, &doorbells, &agenda, &*observer, &stop),
        reaper::run(&database, id, settings, &doorbells, &agenda, &stop),
        pruner::run(&database, id, settings, &stop),
        sweeper::run(&database, settings, &stop),
        verifier::run(&database, settings, &stop),
        heartbeat::run(&database, id, &stop),
    );
}
