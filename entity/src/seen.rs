//! Rows that were read for several viewers at once, each with who may see it.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use crate::{
    Database, Error, Millis,
    db::{InPlaces, Places, sql},
    viewer::Audience,
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

/// Reads what the statement finds, by id: rows, their audience and the clock's column, in this order.
pub(crate) async fn read<T: InPlaces>(
    database: &Database,
    text: &str,
    parameters: Vec<Value>,
    id_of: impl Fn(&T) -> Uuid,
) -> Result<HashMap<Uuid, Seen<T>>, Error> {
    let reader = database.by_key();
    let mut found = HashMap::new();
    for row in reader.query_all_raw(sql(reader, text, parameters)).await? {
        let mut columns = Places::of(&row);
        let (seen, audience) = (T::next_in(&mut columns)?, Audience::next_in(&mut columns)?);
        found.insert(id_of(&seen), Seen { row: seen, at: database.read_at(&row)?, audience });
    }
    Ok(found)
}
