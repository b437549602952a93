//! Time that moves when a test says so, on both databases.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use entity::{Clock, Millis};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::{Kind, World};

/// Where virtual time begins.
const BEGINNING: Millis = 1_800_000_000_000;

/// PostgreSQL decides by its own clock. A function that is found before it reads a sequence instead, which everybody sees
/// at once, whatever their transactions see.
const SHADOWED: &str = "
    CREATE SCHEMA virtual;
    CREATE SEQUENCE virtual.millis;
    CREATE FUNCTION virtual.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT to_timestamp(last_value / 1000.0) FROM virtual.millis';
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, virtual, pg_catalog', current_database());
    END $$";

/// The time, as the service sees it.
#[derive(Debug)]
pub struct Time {
    millis: Arc<AtomicI64>,
    /// On PostgreSQL.
    server: Option<DatabaseConnection>,
}

impl Time {
    /// Takes the time of a world over, before anything runs there.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn take_over(world: &World) -> Self {
        let mut server = None;
        if world.kind == Kind::Postgres {
            world.execute(SHADOWED).await;
            server = Some(world.connect().await);
        }
        let time = Self { millis: Arc::new(AtomicI64::new(BEGINNING)), server };
        time.advance(0).await;
        time
    }

    /// The clock that follows it.
    pub fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.millis);
        Clock::new(move || millis.load(Ordering::SeqCst))
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        self.millis.load(Ordering::SeqCst)
    }

    /// So many milliseconds later.
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn advance(&self, millis: Millis) {
        let now = self.millis.fetch_add(millis, Ordering::SeqCst) + millis;
        if let Some(server) = &self.server {
            let set = format!("SELECT setval('virtual.millis', {now})");
            server.execute_unprepared(&set).await.expect("time moves");
        }
    }
}
