//! The real api and worker inside the test program, on a database that shows each of its statements.

use std::{
    mem::take,
    sync::{Arc, Mutex},
};

use entity::{Clock, Database, Durability, Options};
use sea_orm::{DatabaseConnection, Statement};
use tokio::{
    net::TcpListener,
    task::{Id, JoinHandle, try_id},
};
use tokio_util::sync::CancellationToken;
use worker::{Doorbells, Settings};

use crate::{Client, SECRET, World};

/// The service inside the test program: an api without workers, to which workers can be added.
#[derive(Debug)]
pub struct Inside {
    /// Says nothing about who it is.
    pub client: Client,
    database: Database,
    notes: Arc<Mutex<Vec<Note>>>,
    stop: CancellationToken,
    api: JoinHandle<()>,
}

/// A statement that was executed, what begins and ends transactions included.
#[derive(Clone, Debug)]
pub struct Note {
    /// The task that asked: one that does one thing after another.
    pub task: Option<Id>,
    /// What, with its values.
    pub statement: Statement,
}

/// A worker inside the test program.
#[derive(Debug)]
pub struct InsideWorker {
    stop: CancellationToken,
    work: JoinHandle<()>,
}

impl Inside {
    /// Makes the schema and starts an api that asks for tokens and limits nobody.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(world: &World) -> Self {
        let clock = Clock::new(|| chrono::Local::now().timestamp_millis());
        let url = world.url().to_owned();
        let options = Options { url, durability: Durability::Full, create: true, clock: clock.clone() };
        let notes = Arc::new(Mutex::new(vec![]));
        let seen = Arc::clone(&notes);
        let database = Database::open(options).await.expect("the database opens").showing(move |statement| {
            let note = Note { task: try_id(), statement: statement.clone() };
            seen.lock().expect("nobody panics with it").push(note);
        });
        migration::migrate(database.writer()).await.expect("the schema is made");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = world.client_of(&format!("http://{}", listener.local_addr().expect("its address")));
        let stop = CancellationToken::new();
        let (opened, stopped) = (database.clone(), stop.clone());
        let api = tokio::spawn(async move {
            let secret = format!("--secret={SECRET}");
            let flags = ["--workers=0", "--rate-limit=off", &secret];
            api::serve_inside(&flags, opened, clock, listener, stopped).await.expect("it serves");
        });
        Self { client, database, notes, stop, api }
    }

    /// Starts a worker with the settings that it has when nobody sets any.
    pub fn start_worker(&self) -> InsideWorker {
        let settings = Settings { batch_max: 500, attempts_max: 5, retention_days: 30, verify_minutes: 0 };
        let stop = CancellationToken::new();
        let work = worker::run(self.database.clone(), settings, Doorbells::default(), Arc::new(()), stop.clone());
        InsideWorker { stop, work: tokio::spawn(work) }
    }

    /// A connection of the program's own, with all that it sets.
    pub fn connection(&self) -> &DatabaseConnection {
        self.database.writer()
    }

    /// What was executed since this was asked last, in order.
    ///
    /// # Panics
    /// Never.
    pub fn take(&self) -> Vec<Note> {
        take(&mut self.notes.lock().expect("nobody panics with it"))
    }

    /// Ends the api, and with it the database's connections.
    ///
    /// # Panics
    /// When it panicked.
    pub async fn stop(self) {
        self.stop.cancel();
        self.api.await.expect("the api does not panic");
    }
}

impl InsideWorker {
    /// Ends it, with the batch in hand done.
    ///
    /// # Panics
    /// When it panicked.
    pub async fn stop(self) {
        self.stop.cancel();
        self.work.await.expect("the worker does not panic");
    }
}
