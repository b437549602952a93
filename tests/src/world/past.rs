//! What tests do past the programs, in SQL: asking, changing, and waiting until something is so.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use uuid::Uuid;

use super::{Kind, PATIENCE, World, databases::connect};

impl World {
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
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("the query runs").expect("a row");
    row.try_get("", "n").expect("a number")
}
