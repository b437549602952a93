//! Accounts: who organizes and administers.

use sea_orm::entity::prelude::*;

use crate::{
    Email, Error, Millis, Transaction,
    audit::{self, Actor, Entity, Moved, Step},
    db::{sql, values},
};

/// What a caller may do. Roles nest: an administrator may do what an organizer may, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Registers for events.
    #[sea_orm(string_value = "attendee")]
    Attendee,
    /// Also makes events and manages them.
    #[sea_orm(string_value = "organizer")]
    Organizer,
    /// Also manages everything.
    #[sea_orm(string_value = "admin")]
    Admin,
}

/// The account of this e-mail, made now as an organizer's when there is none: an authenticating gateway vouches for
/// people whom this database has not met. Returns its id, which is `id` when it is new.
///
/// # Errors
/// What the database answered.
pub async fn ensure_organizer(
    tx: &Transaction,
    id: Uuid,
    email: &Email,
    actor: &Actor,
    now: Millis,
) -> Result<Uuid, Error> {
    let insert = sql(
        &**tx,
        "INSERT INTO account (id, email, name, role, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING",
        values![id, email.as_str(), email.local_part(), Role::Organizer.to_value(), now],
    );
    if tx.execute_raw(insert).await?.rows_affected() == 1 {
        let step = Step { entity: Entity::Account, action: "create", from: None, to: Some(Role::Organizer.to_value()) };
        audit::record(tx, None, actor, &step, &[Moved::plain(id)], now).await?;
        return Ok(id);
    }
    let select = sql(&**tx, "SELECT id FROM account WHERE email = ?", values![email.as_str()]);
    let row = tx.query_one_raw(select).await?.ok_or(Error::Guard { what: "account", expected: 1, actual: 0 })?;
    Ok(row.try_get("", "id")?)
}
