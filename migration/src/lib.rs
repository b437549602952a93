//! The schema: what the database itself refuses, whatever the code above it does.
//!
//! This crate imports nothing of ours: history must not change when models do. Until the first release the
//! first migration may be edited; after it, migrations are only added.

mod m0001_initial;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// Any number, the same in every process: the name of the migration lock on PostgreSQL ("turnout" in ASCII).
const MIGRATION_LOCK: i64 = 0x0074_7572_6e6f_7574;

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_initial::Initial)]
    }
}

/// What is said of a schema with migrations that are not known here.
const NEWER: &str = "the database was made by a newer version: start one that is at least as new, or restore a backup";

/// Brings the schema up to date, under a lock: of several processes starting at once one migrates and the others
/// wait. All of it is one transaction, so a crash leaves the old schema.
///
/// # Errors
/// [`DbErr::Custom`] with a sentence when the schema is newer than this program, otherwise whatever the database answers;
/// on SQLite also "database is locked" when somebody else is writing.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    migrate_to::<Migrator>(db).await
}

/// Whether every migration has been applied. Reads only.
///
/// # Errors
/// [`DbErr::Custom`] with a sentence when the schema is newer than this program, otherwise whatever the database answers.
pub async fn is_current(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(db).await.map_err(plainly)?.is_empty())
}

async fn migrate_to<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = begin_exclusive(db).await?;
    M::up(&transaction, None).await.map_err(plainly)?;
    transaction.commit().await
}

/// The migrator's own words are for whoever writes migrations: a missing file.
fn plainly(error: DbErr) -> DbErr {
    match error {
        DbErr::Custom(_) => DbErr::Custom(NEWER.to_owned()),
        error => error,
    }
}

async fn begin_exclusive(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Exclusive),
            ..TransactionOptions::default()
        })
        .await?;
    if db.get_database_backend() == DbBackend::Postgres {
        // A migration may take longer than the statements of daily work.
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    Ok(transaction)
}

#[cfg(test)]
mod tests {
    use sea_orm::{Database, Statement};
    use sea_orm_migration::{MigrationName, SchemaManager};

    use super::*;

    /// What a later version may add.
    struct Later;

    impl MigrationName for Later {
        fn name(&self) -> &'static str {
            "m0002_later"
        }
    }

    #[async_trait::async_trait]
    impl MigrationTrait for Later {
        async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
            let connection = manager.get_connection();
            connection.execute_unprepared("ALTER TABLE account ADD COLUMN nick TEXT NOT NULL DEFAULT 'none'").await?;
            Ok(())
        }
    }

    struct Newer;

    #[async_trait::async_trait]
    impl MigratorTrait for Newer {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            let mut all = Migrator::migrations();
            all.push(Box::new(Later));
            all
        }
    }

    const ACCOUNT: &str = "INSERT INTO account (id, email, name, role, is_active, token_version, created_at)
        VALUES (x'00000000000070008000000000000000', 'a@x.org', 'A', 'attendee', 1, 0, 5)";

    async fn accounts(db: &DatabaseConnection, columns: &str) -> String {
        let query = format!("SELECT {columns} AS row FROM account");
        let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap().unwrap();
        row.try_get("", "row").unwrap()
    }

    #[tokio::test]
    async fn older_schemas_are_brought_up_with_their_data_and_newer_ones_refused() {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        let db = Database::connect(options.max_connections(1).to_owned()).await.unwrap();
        assert!(!is_current(&db).await.unwrap());
        migrate(&db).await.unwrap();
        db.execute_unprepared(ACCOUNT).await.unwrap();
        migrate(&db).await.unwrap();
        assert!(is_current(&db).await.unwrap());
        migrate_to::<Newer>(&db).await.unwrap();
        assert_eq!(accounts(&db, "email || created_at || nick").await, "a@x.org5none");
        for refused in [migrate(&db).await, is_current(&db).await.map(drop)] {
            assert_eq!(refused, Err(DbErr::Custom(NEWER.to_owned())));
        }
        assert_eq!(accounts(&db, "email || created_at || nick").await, "a@x.org5none");
    }
}
