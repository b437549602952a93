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

/// Brings the schema up to date, under a lock: of several processes starting at once one migrates and the others
/// wait. All of it is one transaction, so a crash leaves the old schema.
///
/// # Errors
/// Whatever the database answers; on SQLite also "database is locked" when somebody else is writing.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = begin_exclusive(db).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Whether every migration has been applied. Reads only.
///
/// # Errors
/// Whatever the database answers.
pub async fn is_current(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(db).await?.is_empty())
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
