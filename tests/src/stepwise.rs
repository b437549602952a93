//! The service inside the test program, doing one thing after another, each when the test says so: requests go in without
//! a socket, workers make single passes, time stands still in between, and anything may crash.

use entity::{Database, Durability, Options};
use poem::{Body, Endpoint, Request, Response, endpoint::BoxEndpoint, http::Uri};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::step;

use crate::{
    Answer, SECRET, Time, World,
    fuse::{Blown, Fuse},
};

/// The service, at rest.
#[derive(Debug)]
pub struct Stepwise {
    /// What it takes for the time.
    pub time: Time,
    /// What makes it crash.
    pub fuse: Fuse,
    api: Side,
    /// A database of its own for each worker, as if each were a process.
    workers: Vec<(Uuid, Database)>,
}

/// The api of the service.
struct Side {
    app: BoxEndpoint<'static, Response>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

/// Somebody asks for something.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// GET, POST or PATCH.
    pub method: Method,
    /// Where.
    pub path: String,
    /// Their e-mail.
    pub who: &'a str,
    /// Their role.
    pub role: &'a str,
    /// Another header.
    pub header: (&'a str, &'a str),
    /// Null for none.
    pub body: Value,
}

impl Stepwise {
    /// Makes the schema in an empty world, and everything ready.
    ///
    /// # Panics
    /// When that does not work.
    pub async fn start(world: &World, workers: usize) -> Self {
        let time = Time::take_over(world).await;
        let fuse = Fuse::default();
        let database = open(world, &time, &fuse).await;
        migration::migrate(database.writer()).await.expect("the schema is made");
        let api = Side::start(database, &time).await;
        let mut all = vec![];
        for _ in 0..workers {
            all.push((Uuid::now_v7(), open(world, &time, &fuse).await));
        }
        Self { time, fuse, api, workers: all }
    }

    /// Answers a request.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn ask(&self, ask: Ask<'_>) -> Answer {
        let request = Request::builder()
            .method(ask.method)
            .uri(ask.path.parse::<Uri>().expect("a path"))
            .header("host", "localhost")
            .header("x-user", ask.who)
            .header("x-role", ask.role)
            .header(ask.header.0, ask.header.1);
        let request = match ask.body {
            Value::Null => request.finish(),
            body => request.content_type("application/json").body(Body::from(body.to_string())),
        };
        let response = self.api.app.call(request).await.expect("what fails is an answer, too");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().into_bytes().await.expect("a body");
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// A worker makes a pass, unless it dies.
    ///
    /// # Panics
    /// When the pass fails.
    pub async fn settle(&self, worker: usize, jobs: u32, chores: u32, look: bool) {
        let (id, database) = self.workers[worker].clone();
        outlived(spawn(async move { step::settle(&database, id, jobs, chores, look).await })).await;
    }

    /// A worker reaps an event, unless it dies.
    ///
    /// # Panics
    /// When that fails.
    pub async fn reap(&self, worker: usize, event: Uuid, limit: u32) {
        let (id, database) = self.workers[worker].clone();
        outlived(spawn(async move { step::reap(&database, id, event, limit).await })).await;
    }

    /// A database of the service, for who wants to use its statements past it.
    ///
    /// # Panics
    /// When there are no workers.
    pub fn database(&self) -> &Database {
        &self.workers[0].1
    }

    /// Ends everything.
    ///
    /// # Panics
    /// When something panicked that was not meant to.
    pub async fn stop(self) {
        self.api.stop().await;
        for (_, database) in self.workers {
            database.close().await.expect("it closes");
        }
    }
}

/// What goes wrong fails the test, but for the panic of a fuse: that is a worker's death.
async fn outlived(pass: JoinHandle<Result<(), entity::Error>>) {
    match pass.await {
        Ok(result) => result.expect("a pass goes through"),
        Err(panic) => {
            assert!(panic.into_panic().is::<Blown>(), "a pass panicked");
        }
    }
}

async fn open(world: &World, time: &Time, fuse: &Fuse) -> Database {
    let (url, clock) = (world.url().to_owned(), time.clock());
    let options = Options { url, durability: Durability::Normal, create: true, clock };
    let fuse = fuse.clone();
    Database::open(options).await.expect("the database opens").showing(move |_| fuse.burn())
}

impl Side {
    async fn start(database: Database, time: &Time) -> Self {
        let (clock, stop) = (time.clock(), CancellationToken::new());
        let (ready, app) = oneshot::channel();
        let stopped = stop.clone();
        let running = spawn(async move {
            let secret = format!("--secret={SECRET}");
            // Requests without a socket come from nowhere.
            let gateway = "--gateway-networks=0.0.0.0/32";
            let flags = ["--workers=0", "--rate-limit=off", "--auth=gateway", gateway, &secret];
            api::answer_inside(&flags, database, clock, ready, stopped).await.expect("it serves");
        });
        Self { app: app.await.expect("it is ready"), stop, running }
    }

    async fn stop(self) {
        let Self { app, stop, running } = self;
        drop(app);
        stop.cancel();
        running.await.expect("the api does not panic");
    }
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Side")
    }
}
