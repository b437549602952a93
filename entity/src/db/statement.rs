//! Statements written once for both databases.

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// A statement with `?` for each value, in order; PostgreSQL gets `$1`, `$2` … The texts hold no other question marks.
pub(crate) fn sql(connection: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Statement {
    let backend = connection.get_database_backend();
    let text = if backend == DbBackend::Postgres { numbered(text) } else { text.to_owned() };
    Statement::from_sql_and_values(backend, text, values)
}

fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let mut out = String::with_capacity(text.len() + 32);
    out.push_str(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        out.push('$');
        out.push_str(&(index + 1).to_string());
        out.push_str(part);
    }
    out
}

/// `?, ?, ?`
pub(crate) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// `(?, ?), (?, ?)`: `rows` tuples of `columns` values.
pub(crate) fn tuples(rows: usize, columns: usize) -> String {
    vec![format!("({})", marks(columns)); rows].join(", ")
}

/// The values of an `IN` list.
pub(crate) fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(Into::into).collect()
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}
pub(crate) use values;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbered_for_postgres() {
        assert_eq!(numbered("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
        assert_eq!(numbered("no values"), "no values");
    }

    #[test]
    fn tuples_repeat_marks() {
        assert_eq!(tuples(2, 3), "(?, ?, ?), (?, ?, ?)");
    }
}
