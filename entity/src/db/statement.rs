//! Statements written once for both databases.
//!
//! A batch has another size each time, and a text that the database has not seen has to be parsed and planned anew. So
//! what comes in any number is passed in few different texts: PostgreSQL gets one array for each column (which takes a
//! third of the time that a parameter for each value does), SQLite gets lists that are filled up to a power of two.

use std::{array, fmt::Write};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

/// A statement with `?` for each value, in order; PostgreSQL gets `$1`, `$2` … The texts hold no other question marks.
pub(crate) fn sql(connection: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Statement {
    let backend = connection.get_database_backend();
    let text = if backend == DbBackend::Postgres { numbered(text) } else { text.to_owned() };
    Statement::from_sql_and_values(backend, text, values)
}

fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(out, "${}{part}", index + 1);
    }
    out
}

/// `?, ?, ?`
pub(crate) fn marks(count: usize) -> String {
    separated("?", count)
}

/// `(?, ?), (?, ?)`: `rows` tuples of `columns` values.
pub(crate) fn tuples(rows: usize, columns: usize) -> String {
    separated(&format!("({})", marks(columns)), rows)
}

fn separated(item: &str, count: usize) -> String {
    let mut text = format!("{item}, ").repeat(count);
    text.truncate(text.len().saturating_sub(2));
    text
}

/// The values of an `IN` list.
pub(crate) fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(Into::into).collect()
}

/// What a column has to be one of, to be written behind its name; at least one item.
pub(crate) fn one_of<T: Into<Value>>(backend: DbBackend, items: impl IntoIterator<Item = T>) -> (String, Vec<Value>) {
    let mut values = list(items);
    if backend == DbBackend::Postgres {
        return ("= ANY (?)".to_owned(), array_of(values).into_iter().collect());
    }
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    (format!("IN ({})", marks(values.len())), values)
}

/// Rows, in this order, as the inside of a CTE: `WITH name (a, b) AS ({rows})`; at least one. No value may be NULL, but
/// behind the last row there may be some that hold nothing else: a statement leaves them out.
pub(crate) fn rows<const N: usize>(backend: DbBackend, rows: Vec<[Value; N]>) -> (String, Vec<Value>) {
    if backend == DbBackend::Postgres {
        return (format!("SELECT * FROM unnest({})", marks(N)), columns(rows));
    }
    let count = rows.len().next_power_of_two();
    let filling = rows.last().map(|row| row.each_ref().map(Value::as_null));
    let mut values = Vec::with_capacity(count * N);
    let missing = count - rows.len();
    values.extend(rows.into_iter().flatten());
    values.extend(filling.into_iter().flat_map(|row| vec![row; missing]).flatten());
    (format!("VALUES {}", tuples(count, N)), values)
}

fn columns<const N: usize>(rows: Vec<[Value; N]>) -> Vec<Value> {
    let mut columns: [Vec<Value>; N] = array::from_fn(|_| Vec::with_capacity(rows.len()));
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().filter_map(array_of).collect()
}

fn array_of(items: Vec<Value>) -> Option<Value> {
    let kind = items.first()?.array_type();
    Some(Value::Array(kind, Some(Box::new(items))))
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}
pub(crate) use values;

/// The values of one of many rows, in order.
macro_rules! row {
    ($($value:expr),* $(,)?) => { [$(sea_orm::Value::from($value)),*] };
}
pub(crate) use row;

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
        assert_eq!((marks(1), marks(0)), ("?".to_owned(), String::new()));
    }

    #[test]
    fn lists_of_many_lengths_have_few_texts() {
        let texts = |backend| (1..=9).map(move |n| one_of(backend, 0i64..n).0);
        let sqlite: Vec<usize> = texts(DbBackend::Sqlite).map(|text| text.matches('?').count()).collect();
        assert_eq!(sqlite, [1, 2, 4, 4, 8, 8, 8, 8, 16]);
        assert!(texts(DbBackend::Postgres).all(|text| text == "= ANY (?)"));
        let (_, values) = one_of(DbBackend::Sqlite, [7i64, 8, 9]);
        assert_eq!(values, values![7i64, 8i64, 9i64, 9i64], "the last one again changes nothing");
    }

    #[test]
    fn rows_come_in_order_and_are_filled_up_with_null() {
        let three = || vec![row![1i64, "a"], row![2i64, "b"], row![3i64, "c"]];
        let (text, values) = rows(DbBackend::Sqlite, three());
        assert_eq!(text, "VALUES (?, ?), (?, ?), (?, ?), (?, ?)");
        let none = (Value::BigInt(None), Value::String(None));
        assert_eq!(values, [values![1i64, "a", 2i64, "b", 3i64, "c"], vec![none.0, none.1]].concat());
        let (text, values) = rows(DbBackend::Postgres, three());
        assert_eq!(text, "SELECT * FROM unnest(?, ?)");
        assert_eq!(values, values![vec![1i64, 2, 3], vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]]);
    }
}
