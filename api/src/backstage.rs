//! Backstage: threads of their own for the tasks that write and settle. Others wait for the locks that these hold, so they
//! must not wait for a processor behind hundreds of requests.

use std::io;

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinSet,
};

/// Its tasks mostly wait for the database; more threads would only be idle.
const THREADS: usize = 2;

/// The threads. They end, without waiting for anybody, when this is dropped.
#[derive(Debug)]
pub(crate) struct Backstage(Option<Runtime>);

impl Backstage {
    /// Starts the threads.
    ///
    /// # Errors
    /// What the system answered.
    pub(crate) fn open() -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("backstage").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Nobody yet.
    pub(crate) fn crew(&self) -> Crew {
        let handle = self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone());
        Crew { handle, tasks: JoinSet::new() }
    }
}

impl Drop for Backstage {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Tasks that begin and end together.
#[derive(Debug)]
pub(crate) struct Crew {
    handle: Handle,
    tasks: JoinSet<()>,
}

impl Crew {
    /// Starts a task.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.handle);
    }

    /// Waits until all of them have ended. Those that have not when this is given up are cut off.
    pub(crate) async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
