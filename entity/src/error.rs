//! What can go wrong below HTTP, and whom it may be blamed on.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

/// A fault: the transaction it happened in is rolled back. (A business "no" is not an error; it is a refusal and
/// commits.)
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The write lock or a connection could not be had in time. Nothing was written; asking again later is right.
    #[error("the database is busy")]
    Busy,
    /// The connection was lost while committing, or the disk failed to sync: whether the work was done, and lasts, is not
    /// known.
    #[error("not known to be committed: {0}")]
    Uncertain(DbErr),
    /// A guarded statement moved another number of rows than was decided.
    #[error("{what}: {actual} rows moved instead of {expected}")]
    Guard {
        /// The statement, noun first.
        what: &'static str,
        /// Rows that should have moved.
        expected: u64,
        /// Rows that did.
        actual: u64,
    },
    /// The database cannot be used as it is: a wrong URL, an old library.
    #[error("{0}")]
    Unusable(String),
    /// What SQLite answered where it is asked directly and not by way of a pool: to appending, to folding the log.
    #[error(transparent)]
    Direct(rusqlite::Error),
    /// Whatever else the database answered.
    #[error(transparent)]
    Database(DbErr),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            // A sentence for people, such as the migration's.
            DbErr::Custom(sentence) => Self::Unusable(sentence),
            error => Self::Database(error),
        }
    }
}

impl From<SqlxError> for Error {
    fn from(error: SqlxError) -> Self {
        Self::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
    }
}

impl Error {
    /// Whether the surroundings are at fault: a lock, a deadlock, a lost connection, a full disk. The same work may
    /// succeed later as it is, and no intent is to blame for it.
    pub fn is_environmental(&self) -> bool {
        match self {
            Self::Busy | Self::Uncertain(_) | Self::Database(DbErr::ConnectionAcquire(_)) => true,
            Self::Guard { .. } | Self::Unusable(_) => false,
            Self::Direct(error) => direct_code(error).is_some_and(|code| is_sqlite_environmental(&code)),
            Self::Database(error) => sqlx_error(error).is_some_and(is_environmental),
        }
    }

    /// The same, met after a COMMIT: others see what was done, and it may be gone after a power loss.
    #[must_use]
    pub fn into_uncertain(self) -> Self {
        Self::Uncertain(DbErr::Custom(self.to_string()))
    }

    /// Whether a lock stood in the way: waiting a moment is the cure.
    pub(crate) fn is_lock(&self) -> bool {
        match self {
            Self::Busy | Self::Database(DbErr::ConnectionAcquire(_)) => true,
            Self::Direct(error) => direct_code(error).is_some_and(|code| is_sqlite_lock(&code)),
            Self::Database(error) => sqlx_error(error).and_then(code).is_some_and(|code| is_sqlite_lock(&code)),
            _ => false,
        }
    }
}

/// Checks the row count of a guarded statement.
pub(crate) fn guard(what: &'static str, expected: usize, actual: u64) -> Result<(), Error> {
    let expected = expected as u64;
    if expected == actual { Ok(()) } else { Err(Error::Guard { what, expected, actual }) }
}

/// The error of a COMMIT. What the server said is certain: it rolled back. When it said nothing, it may have committed.
pub(crate) fn of_commit(error: DbErr) -> Error {
    let is_said = sqlx_error(&error).is_some_and(|error| matches!(error, SqlxError::Database(_)));
    if is_said { Error::Database(error) } else { Error::Uncertain(error) }
}

fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn direct_code(error: &rusqlite::Error) -> Option<String> {
    error.sqlite_error().map(|error| error.extended_code.to_string())
}

fn code(error: &SqlxError) -> Option<String> {
    error.as_database_error()?.code().map(Cow::into_owned)
}

fn is_environmental(error: &SqlxError) -> bool {
    match error {
        SqlxError::Database(_) => {
            code(error).is_some_and(|code| is_sqlite_environmental(&code) || is_postgres_environmental(&code))
        }
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => true,
        _ => false,
    }
}

/// SQLite's primary result code is the low byte of the extended one (sqlite.org/rescode.html).
fn sqlite_primary_code(code: &str) -> Option<u32> {
    // PostgreSQL's codes have five characters and may be digits too; SQLite's have at most four.
    if code.len() == 5 { None } else { code.parse::<u32>().ok().map(|code| code & 0xff) }
}

/// BUSY and LOCKED.
fn is_sqlite_lock(code: &str) -> bool {
    matches!(sqlite_primary_code(code), Some(5 | 6))
}

/// BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
fn is_sqlite_environmental(code: &str) -> bool {
    matches!(sqlite_primary_code(code), Some(5 | 6 | 7 | 9 | 10 | 13 | 14 | 15))
}

/// Connection exceptions (08), rolled back for others' sake (40), no resources (53), operator intervention (57), system
/// errors (58), a lock not available, an idle transaction ended.
fn is_postgres_environmental(code: &str) -> bool {
    code.len() == 5
        && (["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
            || ["55P03", "25P03"].contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surroundings_are_told_from_the_intent() {
        for code in ["5", "261", "517", "6", "10", "13", "3338"] {
            assert!(is_sqlite_environmental(code), "SQLite {code}");
        }
        for code in ["19", "275", "2067", "1"] {
            assert!(!is_sqlite_environmental(code), "SQLite {code}");
        }
        for code in ["40001", "40P01", "55P03", "57014", "57P01", "08006", "53300", "25P03"] {
            assert!(is_postgres_environmental(code), "PostgreSQL {code}");
        }
        for code in ["23505", "23514", "42601", "22P02"] {
            assert!(!is_postgres_environmental(code) && !is_sqlite_environmental(code), "PostgreSQL {code}");
        }
    }

    #[test]
    fn a_guard_passes_only_the_exact_count() {
        assert!(guard("ticket", 3, 3).is_ok());
        assert!(guard("ticket", 3, 2).is_err());
        assert!(guard("ticket", 3, 4).is_err());
    }
}
