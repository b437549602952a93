//! Shows somebody every statement, for tests and diagnosis.

use std::{fmt, sync::Arc};

use sea_orm::{DatabaseConnection, DbBackend, Statement};

/// What stands between statements that are sent together, and nowhere else.
pub(super) const JOINT: &str = ";\n";

type Show = dyn Fn(&Statement) + Send + Sync;

/// Whoever is shown the statements, if anybody is.
#[derive(Clone, Default)]
pub(super) struct Tap(Option<Arc<Show>>);

impl Tap {
    pub(super) fn new(show: impl Fn(&Statement) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(show)))
    }

    /// Shows what this connection, and transactions begun on it, execute from now on. The library tells of statements
    /// only: what begins and ends transactions is shown where we do that.
    pub(super) fn install(&self, connection: &mut DatabaseConnection) {
        let tap = self.clone();
        // Statements that were sent together are shown one by one by whoever joined them.
        connection.set_metric_callback(move |executed| {
            if !executed.statement.sql.contains(JOINT) {
                tap.show(executed.statement);
            }
        });
    }

    /// Shows what the library executed without telling: what begins and ends transactions and parts of them.
    pub(super) fn show_text(&self, backend: DbBackend, text: &str) {
        self.show(&Statement::from_string(backend, text));
    }

    pub(super) fn show(&self, statement: &Statement) {
        if let Some(show) = &self.0 {
            show(statement);
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}
