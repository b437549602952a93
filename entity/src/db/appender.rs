//! Appends to an SQLite file, and reads what decides about that, on the thread of whoever asks.
//!
//! A connection of the pool has a thread of its own, and each statement is a walk there and back. Where many commits append
//! little each (intake) the walks took longer than what was done there, so those are done in place. What takes long is
//! left to others: locks are tried, not waited for; the log is synced by a thread (see `disk`; but for its header, when it
//! begins anew) and folded by another (see `folder`).

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{
    CachedStatement, Connection, OpenFlags, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use sea_orm::{Statement, Value};

use super::{
    FromColumns,
    sqlite::{PRAGMAS, WRITER_CACHE},
};
use crate::Error;

/// Texts whose plans it keeps: two statements, for batches of all sizes.
const TEXTS: usize = 32;

/// The connection. Clones stand for the same.
#[derive(Clone, Debug)]
pub(super) struct Appender {
    file: PathBuf,
    /// Made when it is needed: a worker appends nothing.
    connection: Arc<Mutex<Option<Connection>>>,
}

impl Appender {
    /// For the database in this file.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, connection: Arc::default() }
    }

    /// Executes a statement, which is a transaction by itself. Others see it when this returns; it is not durable yet.
    /// Returns how many rows it moved.
    ///
    /// # Errors
    /// What the database answered: among others that it is locked.
    pub(super) fn execute(&self, statement: &Statement) -> Result<u64, Error> {
        self.with(|connection| Ok(bound(connection, statement)?.raw_execute()? as u64))
    }

    /// Reads the rows that a statement finds.
    ///
    /// # Errors
    /// What the database answered: among others that it is locked, while somebody recovers the log.
    pub(super) fn query<T: FromColumns>(&self, statement: &Statement) -> Result<Vec<T>, Error> {
        let found = self.with(|connection| {
            let mut prepared = bound(connection, statement)?;
            let (mut rows, mut found) = (prepared.raw_query(), vec![]);
            while let Some(row) = rows.next()? {
                found.push(T::from_columns(row));
            }
            Ok(found)
        })?;
        Ok(found.into_iter().collect::<Result<_, _>>()?)
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let result = match &mut *connection {
            Some(connection) => work(connection),
            none => self.open().and_then(|opened| work(none.insert(opened))),
        };
        let result = result.map_err(Error::Direct);
        // Whatever else went wrong, the next one begins anew.
        if result.as_ref().is_err_and(|error| !error.is_lock()) {
            *connection = None;
        }
        result
    }

    /// Closes the connection.
    pub(super) fn close(&self) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.set_prepared_statement_cache_capacity(TEXTS);
        for (name, value) in PRAGMAS {
            connection.pragma_update(None, name, value)?;
        }
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    }
}

/// The statement with its values.
fn bound<'a>(
    connection: &'a Connection,
    Statement { sql, values, .. }: &Statement,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(sql)?;
    for (value, place) in values.iter().flat_map(|values| &values.0).zip(1..) {
        prepared.raw_bind_parameter(place, Bound(value))?;
    }
    Ok(prepared)
}

/// A value on its way into a statement.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::BigInt(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Value::String(value) => value.as_ref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Value::Uuid(value) => value.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes())),
            other => {
                let sentence = format!("nobody appends, or looks for, a {:?}", other.array_type());
                return Err(rusqlite::Error::ToSqlConversionFailure(sentence.into()));
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, DbErr};
    use uuid::Uuid;

    use super::*;
    use crate::db::{Columns, values};

    fn stage() -> (tempfile::TempDir, Appender, Connection) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        let other = Connection::open(&file).unwrap();
        other.busy_timeout(Duration::ZERO).unwrap();
        other.pragma_update(None, "journal_mode", "WAL").unwrap();
        other.execute_batch("CREATE TABLE t (number INTEGER UNIQUE, text TEXT, id BLOB) STRICT").unwrap();
        (directory, Appender::new(file), other)
    }

    #[derive(Debug, PartialEq)]
    struct Stored((Option<i64>, String, Uuid));

    impl FromColumns for Stored {
        fn from_columns(row: &impl Columns) -> Result<Self, DbErr> {
            Ok(Self((row.column("number")?, row.column("text")?, row.column("id")?)))
        }
    }

    fn append(appender: &Appender, row: Vec<Value>) -> Result<u64, Error> {
        let text = "INSERT INTO t VALUES (?, ?, ?)";
        appender.execute(&Statement::from_sql_and_values(DbBackend::Sqlite, text, row))
    }

    #[test]
    fn values_arrive_as_they_are() {
        let (_directory, appender, other) = stage();
        let id = Uuid::from_u128(7);
        assert_eq!(append(&appender, values![5i64, "ß'", id]).unwrap(), 1);
        let none = vec![Value::BigInt(None), Value::String(None), Value::Uuid(None)];
        assert_eq!(append(&appender, none).unwrap(), 1);
        let count = |text: &str| other.query_row(text, [], |row| row.get::<_, i64>(0)).unwrap();
        let id = id.simple();
        assert_eq!(count(&format!("SELECT count(*) FROM t WHERE number = 5 AND text = 'ß''' AND id = x'{id}'")), 1);
        assert_eq!(count("SELECT count(*) FROM t WHERE number IS NULL AND text IS NULL AND id IS NULL"), 1);
        assert!(
            !append(&appender, values![1i64, "", 1.5f64]).unwrap_err().is_environmental(),
            "nobody appends fractions"
        );
    }

    #[test]
    fn rows_are_read_as_they_are() {
        let (_directory, appender, _other) = stage();
        let id = Uuid::from_u128(7);
        append(&appender, values![5i64, "ß'", id]).unwrap();
        append(&appender, vec![Value::BigInt(None), Value::from(""), Value::from(id)]).unwrap();
        let read = |text: &str| appender.query::<Stored>(&Statement::from_string(DbBackend::Sqlite, text));
        let found = read("SELECT id, text, number FROM t ORDER BY number DESC").unwrap();
        assert_eq!(found, [(Some(5), "ß'".to_owned(), id), (None, String::new(), id)].map(Stored));
        assert!(!read("SELECT id, text FROM t").unwrap_err().is_environmental(), "a column is missing");
        let error = read("SELECT id, text, text AS number FROM t").unwrap_err();
        assert!(error.to_string().contains("number"), "{error}");
    }

    #[test]
    fn a_lock_is_told_at_once_and_what_faults_is_not_blamed_on_the_surroundings() {
        let (_directory, appender, other) = stage();
        append(&appender, values![1i64, "", Uuid::nil()]).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(append(&appender, values![2i64, "", Uuid::nil()]).unwrap_err().is_lock());
        other.execute_batch("COMMIT").unwrap();
        let error = append(&appender, values![1i64, "", Uuid::nil()]).unwrap_err();
        assert!(!error.is_lock() && !error.is_environmental(), "{error}");
        assert_eq!(append(&appender, values![2i64, "", Uuid::nil()]).unwrap(), 1, "it goes on");
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.db");
        let appender = Appender::new(file.clone());
        assert!(append(&appender, values![]).unwrap_err().is_environmental());
        assert!(!file.exists());
    }
}
