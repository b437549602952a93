//! A fresh database with the real programs running on it.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use entity::{
    Clock, Durability, Options,
    verify::{Finding, Limits, Walk},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tempfile::TempDir;
use uuid::Uuid;

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

    /// A single connection past the programs.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await.expect("the database opens")
    }

    /// The number that a query of one row and one column `n` finds.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub async fn number(&self, sql: &str) -> i64 {
        let db = self.connect().await;
        let number = number(&db, sql).await;
        db.close().await.expect("it closes");
        number
    }

    /// Executes SQL past the programs.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.expect("the statement runs");
    }

    /// Executes SQL past the programs, which the database may refuse.
    ///
    /// # Errors
    /// What the database answered.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        let db = self.connect().await;
        let result = db.execute_unprepared(sql).await;
        db.close().await.expect("it closes");
        result.map(|_| ())
    }

    /// The texts that a query of one column `row` finds.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let db = self.connect().await;
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.expect("the query runs");
        db.close().await.expect("it closes");
        rows.iter().map(|row| row.try_get("", "row").expect("a text")).collect()
    }

    /// The rows of a table that a condition is true for, whole, as text: good for comparing.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub async fn rows(&self, table: &str, condition: &str) -> Vec<String> {
        let row = match self.kind {
            Kind::Postgres => format!("cast(to_jsonb({table}) AS TEXT)"),
            Kind::Sqlite => {
                let columns = format!("SELECT 'quote(' || name || ')' AS row FROM pragma_table_info('{table}')");
                self.texts(&columns).await.join(" || '|' || ")
            }
        };
        self.texts(&format!("SELECT {row} AS row FROM {table} WHERE {condition} ORDER BY 1")).await
    }

    /// An id as it is written in SQL.
    pub fn id(&self, id: &str) -> String {
        match self.kind {
            Kind::Sqlite => format!("x'{}'", id.replace('-', "")),
            Kind::Postgres => format!("'{id}'::uuid"),
        }
    }

    /// Puts pending jobs of that many different people into an event's lane, past the api.
    ///
    /// # Panics
    /// When the database refuses them.
    pub async fn enqueue(&self, event: &str, people: u32) {
        let event = self.id(event);
        let id = match self.kind {
            Kind::Sqlite => "randomblob(16)",
            Kind::Postgres => "gen_random_uuid()",
        };
        let tag = Uuid::now_v7().simple();
        self.execute(&format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
                 run_at, created_at)
             SELECT {id}, 'register', {event}, 'p' || n || '-{tag}@example.org', 'P', 1, 'p' || n || '-{tag}@example.org',
                 'k', 'f', 0, 0
             FROM (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {people})
                   SELECT n FROM numbers) AS people ORDER BY n"
        ))
        .await;
    }

    /// Waits until a query of one row and one column `n` finds what `is_there` accepts; returns that.
    ///
    /// # Panics
    /// When that does not happen within a minute.
    pub async fn until(&self, sql: &str, is_there: impl Fn(i64) -> bool) -> i64 {
        let db = self.connect().await;
        let since = Instant::now();
        loop {
            let found = number(&db, sql).await;
            if is_there(found) {
                db.close().await.expect("it closes");
                return found;
            }
            assert!(since.elapsed() < PATIENCE, "{sql}: still {found}\n{}", self.logged());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until no job is pending.
    ///
    /// # Panics
    /// When that does not happen within a minute.
    pub async fn settled(&self) {
        self.until("SELECT count(*) AS n FROM job WHERE state = 'pending'", |pending| pending == 0).await;
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

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("the query runs").expect("a row");
    row.try_get("", "n").expect("a number")
}

/// A single connection, which nobody looks after: the pool's upkeep can spin for ever when a connection comes back at the
/// wrong moment (sqlx 0.9), and nothing here lives for long.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None);
    Database::connect(options).await
}

async fn create_database(server: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("turnout_{}_{number}", Uuid::now_v7().simple());
    let since = Instant::now();
    // A server that just started listening may still be recovering.
    let db = loop {
        match connect(&format!("{server}/postgres")).await {
            Ok(db) => break db,
            Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
    db.close().await.expect("it closes");
    format!("{server}/{name}")
}

async fn drop_database(url: &str) {
    let (server, name) = url.rsplit_once('/').expect("a name");
    let db = connect(&format!("{server}/postgres")).await.expect("the server answers");
    db.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database is dropped");
    db.close().await.expect("it closes");
}
