//! Reads the columns of a row one after another, by their place. For rows that are read by the thousand looking for each
//! column by its name is work that shows.

use sea_orm::{DbErr, QueryResult, RuntimeErr, TryGetable};
use sqlx::{Row, ValueRef};

/// What is read from the next columns of a row.
pub(crate) trait InPlaces: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When there are too few columns, or some of another type.
    fn next_in(columns: &mut Places<'_>) -> Result<Self, DbErr>;
}

/// Goes through a row. The statement and whoever reads it agree about the order.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Places<'a> {
    /// From the first column on.
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    /// When there is none, or one of another type.
    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let value = self.row.try_get_by_index(self.next)?;
        self.next += 1;
        Ok(value)
    }
    /// The next column, which may hold nothing. (Asking for an `Option` does the same, but writes down each time why there
    /// is nothing.)
    ///
    /// # Errors
    /// When there is no column, or one of another type.
    pub(crate) fn next_if_any<T: TryGetable>(&mut self) -> Result<Option<T>, DbErr> {
        if self.is_null().map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))? {
            self.next += 1;
            return Ok(None);
        }
        self.next().map(Some)
    }

    /// Leaves out so many columns.
    pub(crate) fn skip(&mut self, count: usize) {
        self.next += count;
    }

    fn is_null(&self) -> Result<bool, sqlx::Error> {
        if let Some(row) = self.row.try_as_sqlite_row() {
            return Ok(row.try_get_raw(self.next)?.is_null());
        }
        match self.row.try_as_pg_row() {
            Some(row) => Ok(row.try_get_raw(self.next)?.is_null()),
            None => Ok(false),
        }
    }
}
