//! Reads the columns of a row one after another, by their place. For rows that are read by the thousand looking for each
//! column by its name is work that shows.

use sea_orm::{DbErr, QueryResult, TryGetable};

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
}
