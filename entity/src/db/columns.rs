//! The columns of a row, whichever library it came through.

use rusqlite::types::FromSql;
use sea_orm::{DbErr, QueryResult, TryGetable};

/// A row.
pub(crate) trait Columns {
    /// What stands in the column of this name.
    ///
    /// # Errors
    /// When there is none, or one of another type.
    fn column<T: TryGetable + FromSql>(&self, name: &str) -> Result<T, DbErr>;
}

/// What a row holds.
pub(crate) trait FromColumns: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When columns are missing or of other types.
    fn from_columns(row: &impl Columns) -> Result<Self, DbErr>;
}

impl Columns for QueryResult {
    fn column<T: TryGetable + FromSql>(&self, name: &str) -> Result<T, DbErr> {
        self.try_get("", name)
    }
}

impl Columns for rusqlite::Row<'_> {
    fn column<T: TryGetable + FromSql>(&self, name: &str) -> Result<T, DbErr> {
        self.get(name).map_err(|error| DbErr::Type(format!("{name}: {error}")))
    }
}
