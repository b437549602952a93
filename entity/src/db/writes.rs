//! Writes of a transaction that are sent together.
//!
//! Each statement is a walk to the connection's thread and back, which for a small batch takes as long as the statement
//! itself, and the write lock is held meanwhile. SQLite takes several at once.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::{Transaction, sql, transaction::joined};
use crate::{Error, error::guard};

/// What is to be written, in order. Nothing is before [`Self::run`].
#[derive(Debug)]
#[must_use = "nothing is written yet"]
pub struct Writes<'a> {
    pub(crate) tx: &'a Transaction,
    all: Vec<Write>,
}

/// A statement, and how many rows it has to move.
#[derive(Debug)]
struct Write {
    what: &'static str,
    expected: usize,
    statement: Statement,
}

impl Transaction {
    /// Nothing to be written yet.
    pub fn writes(&self) -> Writes<'_> {
        Writes { tx: self, all: vec![] }
    }
}

impl Writes<'_> {
    pub(crate) fn backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    /// One more statement, which must not move more than so many rows, and fails unless it moves them all.
    pub(crate) fn add(&mut self, what: &'static str, expected: usize, text: &str, parameters: Vec<Value>) {
        self.all.push(Write { what, expected, statement: sql(&**self.tx, text, parameters) });
    }

    /// Writes it all.
    ///
    /// # Errors
    /// [`Error::Guard`] unless each statement moved the rows it has to; otherwise what the database answered.
    pub async fn run(self) -> Result<(), Error> {
        if self.backend() == DbBackend::Postgres || self.all.len() < 2 {
            for Write { what, expected, statement } in self.all {
                guard(what, expected, self.tx.execute_raw(statement).await?.rows_affected())?;
            }
            return Ok(());
        }
        // The numbers of rows come back as one. None can be too large, so if the sum is right, so is each.
        let expected = self.all.iter().map(|write| write.expected).sum();
        let statements = self.all.into_iter().map(|write| write.statement).collect();
        guard("writes", expected, joined(self.tx, statements).await?)
    }
}
