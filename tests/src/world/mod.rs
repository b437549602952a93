//! A fresh database with the real programs running on it.

mod databases;
mod past;

use std::{path::PathBuf, time::Duration};

use databases::{create_database, drop_database};
use entity::{
    Clock, Durability, Options,
    verify::{Finding, Limits, Walk},
};
use tempfile::TempDir;

use crate::{
    Client, PASSWORD, Process, Programs,
    disk::Disk,
    postgres::{self, Server},
};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own on a server that the tests start.
    Postgres,
}

/// What runs in a world.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// Api processes.
    pub apis: usize,
    /// Workers inside each api process.
    pub embedded: u32,
    /// Worker processes.
    pub workers: usize,
    /// Further flags of the api processes.
    pub api_flags: &'a [&'a str],
    /// Further flags of the worker processes.
    pub worker_flags: &'a [&'a str],
}

impl Default for Setup<'_> {
    /// One api process with an embedded worker, as somebody who tries it has.
    fn default() -> Self {
        Self { apis: 1, embedded: 1, workers: 0, api_flags: &[], worker_flags: &[] }
    }
}

/// The secret of the tests' installations.
pub const SECRET: &str = "a secret that every test shares, long enough";

/// A fresh database with the real programs running on it.
#[derive(Debug)]
pub struct World {
    /// Which database it has.
    pub kind: Kind,
    /// The running api processes.
    pub apis: Vec<Process>,
    /// The running worker processes.
    pub workers: Vec<Process>,
    /// Whether time stands still in it, so that batches cannot be told apart by theirs.
    pub is_timeless: bool,
    /// Whether its clock was set back, so that the times of decisions do not tell their order.
    pub was_set_back: bool,
    /// Variables for the environment of processes that are started from now on.
    pub environment: Vec<(String, String)>,
    programs: Programs,
    folder: TempDir,
    url: String,
    http: reqwest::Client,
    /// On PostgreSQL, if the world has a server to itself.
    server: Option<Server>,
    /// On SQLite, if the database has a disk to itself.
    disk: Option<Disk>,
}

/// How long a world waits for something that has to happen.
const PATIENCE: Duration = Duration::from_mins(1);

impl World {
    /// A world where nothing runs yet. `None` if the database is not to be had.
    ///
    /// # Panics
    /// When the machine refuses a folder or the server a database.
    pub async fn open(kind: Kind, programs: Programs) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("turnout.db").display()),
            Kind::Postgres => create_database(postgres::server()?).await,
        };
        let http = reqwest::Client::builder().pool_max_idle_per_host(1024).build().expect("a client");
        let (apis, workers, environment, server) = (vec![], vec![], vec![], None);
        let (is_timeless, was_set_back, disk) = (false, false, None);
        Some(Self {
            kind,
            apis,
            workers,
            is_timeless,
            was_set_back,
            environment,
            programs,
            folder,
            url,
            http,
            server,
            disk,
        })
    }

    /// Moves to a PostgreSQL server of its own, which may be crashed. Nothing runs in the world yet. Without effect on
    /// SQLite.
    ///
    /// # Panics
    /// When there is no server to be had.
    pub async fn move_to_own_server(&mut self) {
        if self.kind == Kind::Postgres {
            let server = Server::start().expect("a server");
            drop_database(&self.url).await;
            self.url = create_database(&server.url()).await;
            self.server = Some(server);
        }
    }

    /// Puts the SQLite database on a disk of its own, of this size. Returns whether that is permitted here. Nothing runs in
    /// the world yet.
    pub fn move_to_own_disk(&mut self, mebibytes: u32) -> bool {
        let folder = self.folder.path().join("disk");
        self.url = format!("sqlite://{}", folder.join("turnout.db").display());
        self.disk = Disk::mount(&folder, mebibytes);
        self.disk.is_some()
    }

    /// Gives the world's own disk another size.
    ///
    /// # Panics
    /// When it has none.
    pub fn resize_disk(&self, mebibytes: u32) {
        self.disk.as_ref().expect("a disk of its own").resize(mebibytes);
    }

    /// Ends every process of the world's own server at once; then `meanwhile`; then it recovers.
    ///
    /// # Panics
    /// When the world has none, or it does not start again.
    pub async fn crash_server(&self, meanwhile: Duration) {
        let server = self.server.as_ref().expect("a server of its own");
        server.crash();
        tokio::time::sleep(meanwhile).await;
        server.recover();
    }

    /// Starts programs, in gateway mode and without rate limits unless their flags say otherwise. Returns a client of
    /// the first api.
    ///
    /// # Panics
    /// When one does not start.
    pub fn start(&mut self, setup: &Setup<'_>) -> Client {
        for _ in 0..setup.apis {
            self.start_api(setup.embedded, setup.api_flags);
        }
        for _ in 0..setup.workers {
            self.start_worker(setup.worker_flags);
        }
        self.client(0)
    }

    /// Starts an api process.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_api(&mut self, embedded: u32, flags: &[&str]) {
        let all = self.api_flags(embedded, flags);
        self.apis.push(Process::start_in(self.programs.api, &all, &self.environment, &self.log()));
    }

    /// Starts an api process without workers by another program, such as `strace`, which gets these flags first and must not
    /// be its parent.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_api_by(&mut self, program: &str, first: &[&str]) {
        let mut all: Vec<String> = first.iter().chain([&self.programs.api]).map(ToString::to_string).collect();
        all.extend(self.api_flags(0, &[]));
        self.apis.push(Process::start_in(program, &all, &self.environment, &self.log()));
    }

    fn api_flags(&self, embedded: u32, flags: &[&str]) -> Vec<String> {
        let mut all = vec![format!("--database-url={}", self.url), format!("--workers={embedded}")];
        let defaults = [
            ("--listen", "127.0.0.1:0"),
            ("--auth", "gateway"),
            ("--rate-limit", "off"),
            ("--log-level", "warn"),
            ("--secret", SECRET),
        ];
        for (flag, value) in defaults {
            if !flags.iter().any(|given| given.starts_with(flag)) {
                all.push(format!("{flag}={value}"));
            }
        }
        all.extend(flags.iter().map(ToString::to_string));
        all
    }

    /// Starts a worker process.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_worker(&mut self, flags: &[&str]) {
        let mut all = vec![format!("--database-url={}", self.url)];
        all.extend(flags.iter().map(ToString::to_string));
        self.workers.push(Process::start_in(self.programs.worker, &all, &self.environment, &self.log()));
    }

    /// Makes an administrator at the command line, with this password, and returns a client that is logged in as one.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn admin(&self, email: &str) -> Client {
        let output = std::process::Command::new(self.programs.api)
            .args(["create-admin", &format!("--database-url={}", self.url), "--email", email])
            .env("TURNOUT_ADMIN_PASSWORD", PASSWORD)
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{output:?}");
        self.client(0).logged_in(email, PASSWORD).await
    }

    /// A client of the `index`-th api process that says nothing about who it is.
    ///
    /// # Panics
    /// When there is no such process.
    pub fn client(&self, index: usize) -> Client {
        let greeting = &self.apis[index].greeting;
        let base = greeting.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
        self.client_of(base.trim_end_matches(','))
    }

    /// A client of the api at this address that says nothing about who it is.
    pub(crate) fn client_of(&self, base: &str) -> Client {
        Client::new(self.http.clone(), base.to_owned())
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the programs log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The binaries under test.
    pub fn programs(&self) -> Programs {
        self.programs
    }

    /// What the programs logged.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// What breaks a promise, found as the product finds it, with snapshots of this size.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn broken(&self, limits: Limits) -> Vec<Finding> {
        self.walk(limits).await.broken
    }

    /// All that verifying finds, what may only be late included.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn walk(&self, limits: Limits) -> Walk {
        let clock = Clock::new(|| chrono::Local::now().timestamp_millis());
        let options = Options { url: self.url.clone(), durability: Durability::Full, create: false, clock };
        let database = entity::Database::open(options).await.expect("the database opens");
        let mut walk = Walk::new(limits);
        while walk.step(&database).await.expect("the checks run") {}
        database.close().await.expect("it closes");
        walk
    }

    /// Stops everything and checks the promises.
    ///
    /// # Panics
    /// When a promise is broken, or a program panicked.
    pub async fn finish(mut self) {
        self.apis.clear();
        self.workers.clear();
        let logged = self.logged();
        let panicked = logged.lines().any(|line| line.contains("panicked") && !is_on_purpose(line));
        assert!(!panicked, "a program panicked:\n{logged}");
        // E-mails, passwords and tokens of the tests.
        for secret in ["@example.", "@demo.", "@x.org", PASSWORD, SECRET, "eyJ"] {
            let line = logged.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "a program logged {secret}: {line:?}");
        }
        let mut broken = self.broken(Limits::default()).await;
        broken.retain(|finding| !(self.is_timeless && finding.check == "seats_in_order"));
        broken.retain(|finding| !(self.was_set_back && finding.check == "decided_in_order"));
        let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "promises are broken:\n{}\n{logged}", told.join("\n"));
        if self.kind == Kind::Postgres {
            drop_database(&self.url).await;
        }
    }
}

/// Whether a test armed what this line tells of.
fn is_on_purpose(line: &str) -> bool {
    line.contains("entity/src/fault/armed.rs") || line.contains("on purpose: ")
}
