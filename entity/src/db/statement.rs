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

/// The items, the last one repeated until they are 1, 2, 4, 8 … many: then lists of all lengths share few texts, which
/// connections keep prepared. Only for statements that something named twice makes no difference to.
pub(crate) fn padded<T>(items: &[T]) -> impl ExactSizeIterator<Item = &T> {
    let last = items.len().saturating_sub(1);
    let count = if items.is_empty() { 0 } else { items.len().next_power_of_two() };
    (0..count).map(move |index| &items[index.min(last)])
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
    fn lists_of_many_lengths_have_few() {
        let lengths = [0, 1, 2, 3, 5, 256, 257].map(|length| padded(&vec![(); length]).len());
        assert_eq!(lengths, [0, 1, 2, 4, 8, 256, 512]);
        assert_eq!(padded(&[7, 8, 9]).collect::<Vec<_>>(), [&7, &8, &9, &9]);
    }

    #[test]
    fn tuples_repeat_marks() {
        assert_eq!(tuples(2, 3), "(?, ?, ?), (?, ?, ?)");
    }
}
