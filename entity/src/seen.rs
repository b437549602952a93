//! Rows that were read for several viewers at once, each with who may see it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use crate::{
    Database, Error, Millis,
    db::sql,
    viewer::{AUDIENCE, Audience},
};

/// A row, when it was read, and who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// The row.
    pub row: T,
    /// The time at which it was so.
    pub at: Millis,
    /// Who may see it.
    pub audience: Audience,
}

/// Reads what the statement finds: rows with an `id`, the columns of an audience and those of the clock.
pub(crate) async fn read<T: FromQueryResult>(
    database: &Database,
    text: &str,
    parameters: Vec<Value>,
) -> Result<HashMap<Uuid, Seen<T>>, Error> {
    let reader = database.reader();
    let mut found = HashMap::new();
    for row in reader.query_all_raw(sql(reader, text, parameters)).await? {
        let seen = Seen {
            row: T::from_query_result(&row, "")?,
            at: database.read_at(&row)?,
            audience: Audience::from_query_result(&row, AUDIENCE)?,
        };
        found.insert(row.try_get("", "id")?, seen);
    }
    Ok(found)
}
