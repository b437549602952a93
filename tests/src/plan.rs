//! How a database reaches the rows of a statement, in words that are the same for both databases.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, sqlx::Row};
use serde_json::Value;

/// Tables that grow. The others have a handful of rows, and any way through them will do.
const TABLES: &[&str] = &["account", "audit", "event", "job", "session", "ticket"];

/// SQLite numbers the indexes of primary keys and UNIQUE; these are PostgreSQL's names for them.
const UNNAMED: &[(&str, &str)] = &[
    ("sqlite_autoindex_account_1", "account_pkey"),
    ("sqlite_autoindex_account_2", "account_email_key"),
    ("sqlite_autoindex_event_1", "event_pkey"),
    ("sqlite_autoindex_job_1", "job_id_key"),
    ("sqlite_autoindex_job_2", "job_key_scope_idempotency_key_key"),
    ("sqlite_autoindex_session_1", "session_pkey"),
    ("sqlite_autoindex_ticket_1", "ticket_id_key"),
    ("sqlite_autoindex_ticket_2", "ticket_job_id_key"),
];

/// How the database would execute the statement now, with its values: `index` where it seeks in an index, `walk index`
/// where it reads one from its end, `scan table` where it reads a whole table, and `sort`.
///
/// # Panics
/// When the database does not tell.
pub async fn plan(db: &DatabaseConnection, statement: &Statement) -> BTreeSet<String> {
    let is_postgres = statement.db_backend == DbBackend::Postgres;
    let explain = match is_postgres {
        false => "EXPLAIN QUERY PLAN",
        // Not executed, PostgreSQL hides the queries within the second half of a recursive one.
        true if statement.sql.contains("RECURSIVE") => "EXPLAIN (FORMAT JSON, ANALYZE)",
        true => "EXPLAIN (FORMAT JSON)",
    };
    let explain = Statement { sql: format!("{explain} {}", statement.sql), ..statement.clone() };
    let rows = db.query_all_raw(explain).await.expect("the statement has a plan");
    let mut steps = BTreeSet::new();
    // A query within the statement may have a table's name; then the name stands there twice.
    let mut within: Vec<String> = vec![];
    for row in rows {
        if is_postgres {
            // JSON, which our copy of the library does not read: as text.
            let text: String = row.try_as_pg_row().expect("a row").try_get_unchecked(0).expect("a plan");
            postgres(&serde_json::from_str(&text).expect("JSON"), &mut steps);
            continue;
        }
        let detail: String = row.try_get("", "detail").expect("a step");
        if let Some(name) = detail.strip_prefix("CO-ROUTINE ").or(detail.strip_prefix("MATERIALIZE ")) {
            within.push(format!("SCAN {name}"));
        } else if let Some(index) = within.iter().position(|scan| *scan == detail) {
            within.remove(index);
        } else {
            steps.extend(sqlite(&detail, &statement.sql));
        }
    }
    steps
}

/// A line such as `SEARCH job USING COVERING INDEX job_lane (event_id=? AND seq>?)`.
fn sqlite(detail: &str, text: &str) -> Option<String> {
    if detail.starts_with("USE TEMP B-TREE") {
        return Some("sort".to_owned());
    }
    let mut words = detail.split(' ');
    let verb = words.next().filter(|verb| ["SEARCH", "SCAN"].contains(verb))?;
    let name = words.next()?;
    // What is no table is a part of the statement itself: its list of values, or a query within it.
    let table = TABLES.iter().find(|table| **table == name || text.contains(&format!("{table} AS {name}")))?;
    if detail.contains("USING INTEGER PRIMARY KEY") {
        return Some(format!("{table}_pkey"));
    }
    let index = detail.split_once(" INDEX ").map(|(_, index)| index.split(' ').next().unwrap_or_default());
    let index = index.filter(|index| !index.starts_with('(') && !detail.contains("AUTOMATIC"));
    let index =
        index.map(|index| UNNAMED.iter().find(|(unnamed, _)| *unnamed == index).map_or(index, |(_, name)| name));
    Some(match (verb, index) {
        ("SEARCH", Some(index)) => index.to_owned(),
        (_, Some(index)) => format!("walk {index}"),
        (_, None) => format!("scan {table}"),
    })
}

/// A node of the tree and all below it.
fn postgres(node: &Value, steps: &mut BTreeSet<String>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| postgres(node, steps)),
        Value::Object(fields) => {
            let field = |name: &str| node[name].as_str().unwrap_or_default();
            let kind = field("Node Type");
            if kind.ends_with("Sort") {
                steps.insert("sort".to_owned());
            }
            if kind == "Seq Scan" && TABLES.contains(&field("Relation Name")) {
                steps.insert(format!("scan {}", field("Relation Name")));
            }
            let is_ours = TABLES.iter().any(|table| field("Index Name").starts_with(&format!("{table}_")));
            if is_ours {
                let verb = if node["Index Cond"].is_null() { "walk " } else { "" };
                steps.insert(format!("{verb}{}", field("Index Name")));
            }
            fields.values().for_each(|field| postgres(field, steps));
        }
        _ => {}
    }
}
