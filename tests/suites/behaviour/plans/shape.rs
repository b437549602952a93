//! What is the same about statements that differ in their values and in how many they have.

use sea_orm::Statement;

/// The most columns that a list of rows has.
const COLUMNS_MAX: usize = 20;

/// Whether it begins or ends a transaction or a part of one.
pub(super) fn is_control(statement: &Statement) -> bool {
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"].iter().any(|word| statement.sql.starts_with(word))
}

/// The text with single spaces, `?` for each value, and lists of values and of rows, and arrays, cut to one value.
pub(super) fn shape(statement: &Statement) -> String {
    let words: Vec<&str> = statement.sql.split_whitespace().collect();
    let mut parts = words.join(" ").split('$').map(str::to_owned).collect::<Vec<_>>().into_iter();
    let first = parts.next().unwrap_or_default();
    let text = parts.fold(first, |text, part| text + "?" + part.trim_start_matches(|c: char| c.is_ascii_digit()));
    let rows = (1..=COLUMNS_MAX).map(|columns| format!("({})", vec!["?"; columns].join(", ")));
    let text = rows.fold(text, |text, row| cut(text, &format!("{row}, {row}"), &row));
    cut(text, "IN (?, ?", "IN (?").replace("= ANY (?)", "IN (?)")
}

fn cut(mut text: String, long: &str, short: &str) -> String {
    while text.contains(long) {
        text = text.replace(long, short);
    }
    text
}
